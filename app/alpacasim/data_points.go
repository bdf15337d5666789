package alpacasim

import (
	"encoding/json"
	"iter"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/prices"
)

// number returns an amount of market data, which are JSON numbers at Alpaca.
func number(d decimal.Decimal) json.Number { return json.Number(d.String()) }
func dollars(cents int64) json.Number      { return number(decimal.New(cents, -2)) }

// size returns a number of shares, or of coins.
func size(n int64, crypto bool) json.Number {
	if crypto {
		return number(decimal.New(n, -6))
	}
	return json.Number(strconv.FormatInt(n, 10))
}

func barJSON(b prices.Bar, crypto bool) map[string]any {
	return map[string]any{
		"t": b.At.UTC(), "o": dollars(b.Open), "h": dollars(b.High), "l": dollars(b.Low), "c": dollars(b.Close),
		"v": size(b.Volume, crypto), "n": b.Trades, "vw": number(b.Average()),
	}
}

func barPoints(bars iter.Seq[prices.Bar], crypto bool) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		for b := range bars {
			if !yield(b.At, barJSON(b, crypto)) {
				return
			}
		}
	}
}

func tradePoints(trades iter.Seq[prices.Trade], write func(prices.Trade) map[string]any) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		for t := range trades {
			if !yield(t.At, write(t)) {
				return
			}
		}
	}
}

// snapshot returns the newest data of a symbol, in the form of its class.
func snapshot(t prices.Series, quote, trade func(prices.Trade) map[string]any) map[string]any {
	last := t.LatestTrade()
	text := map[string]any{"latestTrade": trade(last), "latestQuote": quote(last)}
	if b, ok := t.LatestBar(prices.Minute, t.Now.Add(-time.Minute)); ok {
		text["minuteBar"] = barJSON(b, t.Tape.Crypto)
	}
	if today, ok := t.LatestBar(prices.Day, t.Now); ok {
		text["dailyBar"] = barJSON(today, t.Tape.Crypto)
		if before, ok := t.LatestBar(prices.Day, today.At.Add(-time.Second)); ok {
			text["prevDailyBar"] = barJSON(before, t.Tape.Crypto)
		}
	}
	return text
}

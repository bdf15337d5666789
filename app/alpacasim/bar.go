package alpacasim

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// bar summarises the trades of a period.
type bar struct {
	at                     time.Time
	open, high, low, close int64 // cents
	volume, trades         int64
	worthHigh, worthLow    uint64 // the sum of cents times size, of 128 bits
}

func (b *bar) add(t tick) {
	if b.trades == 0 {
		b.open, b.high, b.low = t.cents, t.cents, t.cents
	}
	b.high, b.low, b.close = max(b.high, t.cents), min(b.low, t.cents), t.cents
	b.volume += t.size
	b.trades++
	high, low := bits.Mul64(uint64(t.cents), uint64(t.size))
	var carry uint64
	b.worthLow, carry = bits.Add64(b.worthLow, low, 0)
	b.worthHigh += high + carry
}

func (b *bar) json(crypto bool) map[string]any {
	return map[string]any{
		"t": b.at.UTC(), "o": dollars(b.open), "h": dollars(b.high), "l": dollars(b.low), "c": dollars(b.close),
		"v": size(b.volume, crypto), "n": b.trades, "vw": number(b.average()),
	}
}

// average returns the average price of the volume, to a hundredth of a cent. A
// bar has at least one trade.
func (b *bar) average() decimal.Decimal {
	cents, rest := bits.Div64(b.worthHigh, b.worthLow, uint64(b.volume))
	high, low := bits.Mul64(rest, 100)
	hundredths, _ := bits.Div64(high, low, uint64(b.volume))
	return decimal.New(int64(cents*100+hundredths), -4)
}

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

// timeframe is the length of a bar.
type timeframe struct {
	count int
	unit  string // Min, Hour, Day, Week or Month
}

var timeframes = regexp.MustCompile(`^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$`)

// parseTimeframe parses what Alpaca's documentation of bars allows.
func parseTimeframe(text string) (timeframe, error) {
	found := timeframes.FindStringSubmatch(text)
	if found == nil {
		return timeframe{}, fmt.Errorf("invalid timeframe: %s", text)
	}
	count, _ := strconv.Atoi(found[1]) // the pattern allows digits only
	f := timeframe{count: count, unit: map[string]string{"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}[found[2]]}
	if f.unit == "" {
		f.unit = found[2]
	}
	most := map[string]int{"Min": 59, "Hour": 23, "Day": 1, "Week": 1, "Month": 12}[f.unit]
	if count < 1 || count > most || f.unit == "Month" && 12%count != 0 {
		return timeframe{}, fmt.Errorf("invalid timeframe: %s", text)
	}
	return f, nil
}

// start returns the beginning of the bar that contains a time. Minutes and
// hours are counted from midnight, weeks begin on Monday.
func (f timeframe) start(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	switch f.unit {
	case "Month":
		month := (int(t.Month()) - 1) / f.count * f.count
		return time.Date(t.Year(), time.Month(month+1), 1, 0, 0, 0, 0, zone)
	case "Week":
		return midnight.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case "Day":
		return midnight
	}
	wide := time.Duration(f.count) * map[string]time.Duration{"Min": time.Minute, "Hour": time.Hour}[f.unit]
	return midnight.Add(t.Sub(midnight).Truncate(wide))
}

// next returns the beginning of the bar after the one that begins at a time.
func (f timeframe) next(start time.Time, zone *time.Location) time.Time {
	start = start.In(zone)
	switch f.unit {
	case "Month":
		return start.AddDate(0, f.count, 0)
	case "Week":
		return start.AddDate(0, 0, 7)
	case "Day":
		return start.AddDate(0, 0, 1)
	}
	wide := time.Duration(f.count) * map[string]time.Duration{"Min": time.Minute, "Hour": time.Hour}[f.unit]
	midnight := time.Date(start.Year(), start.Month(), start.Day()+1, 0, 0, 0, 0, zone)
	return earlier(start.Add(wide), midnight) // each day starts counting at midnight
}

// previous returns the beginning of the bar before it.
func (f timeframe) previous(start time.Time, zone *time.Location) time.Time {
	return f.start(start.Add(-time.Nanosecond), zone)
}

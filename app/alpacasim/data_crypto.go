package alpacasim

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/prices"
)

// isPublic reports whether a request needs no keys and has none: Alpaca serves
// crypto data to everyone.
func isPublic(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v1beta3/crypto/") && r.Header.Get("APCA-API-KEY-ID") == ""
}

// coin returns a pair's prices.
func (s *Sim) coin(symbol string) (prices.Series, bool) {
	for _, a := range s.assets {
		if a.symbol == symbol && a.class == "crypto" {
			return s.series(a), true
		}
	}
	return prices.Series{}, false
}

// cryptoSymbols returns the query's pairs.
func cryptoSymbols(r *http.Request) ([]string, error) {
	switch r.PathValue("loc") {
	case "us", "us-1", "us-2", "eu-1", "bs-1":
	default:
		return nil, fmt.Errorf("invalid location: %s", r.PathValue("loc"))
	}
	symbols := listed(strings.ToUpper(r.URL.Query().Get("symbols")))
	if len(symbols) == 0 {
		return nil, errors.New("symbols is required")
	}
	for _, symbol := range symbols {
		if base, quote, pair := strings.Cut(symbol, "/"); !pair || base == "" || quote == "" {
			return nil, fmt.Errorf("invalid symbol: %s does not match ^[A-Z]+/[A-Z]+$", symbol)
		}
	}
	return symbols, nil
}

func (s *Sim) cryptoHistory(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, part, frame, err := s.historyQuery(r, name, cryptoSymbols)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		pages(w, r, name, symbols, false, part, func(symbol string, part window) iter.Seq2[time.Time, any] {
			t, ok := s.coin(symbol)
			switch {
			case !ok:
				return func(func(time.Time, any) bool) {}
			case name == "bars":
				return barPoints(t.Bars(frame, part.Span), true)
			case name == "quotes":
				return tradePoints(t.Trades(part.Span), cryptoQuote)
			}
			return tradePoints(t.Trades(part.Span), cryptoTrade)
		})
	}
}

func cryptoTrade(t prices.Trade) map[string]any {
	taker := "S"
	if t.Buy {
		taker = "B"
	}
	return map[string]any{"t": t.At.UTC(), "i": t.ID, "p": dollars(t.Cents), "s": size(t.Size, true), "tks": taker}
}

func cryptoQuote(t prices.Trade) map[string]any {
	return map[string]any{"t": t.At.UTC(), "ap": dollars(t.Cents + 1), "as": size(t.Size, true), "bp": dollars(max(t.Cents-1, 1)), "bs": size(t.Size, true)}
}

// orderbook returns the order book around a trade.
func orderbook(t prices.Series, last prices.Trade) map[string]any {
	side := func(levels []prices.Level) (all []map[string]any) {
		for _, l := range levels {
			all = append(all, map[string]any{"p": dollars(l.Cents), "s": size(l.Size, true)})
		}
		return all
	}
	bids, asks := t.Tape.Levels(last)
	return map[string]any{"t": last.At.UTC(), "b": side(bids), "a": side(asks)}
}

func (s *Sim) latestOfCrypto(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, err := cryptoSymbols(r)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		all := map[string]any{}
		for _, symbol := range symbols {
			t, ok := s.coin(symbol)
			if !ok {
				continue
			}
			last := t.LatestTrade()
			switch name {
			case "bars":
				if b, ok := t.LatestBar(prices.Minute, t.Now.Add(-time.Minute)); ok {
					all[symbol] = barJSON(b, true)
				}
			case "quotes":
				all[symbol] = cryptoQuote(last)
			case "trades":
				all[symbol] = cryptoTrade(last)
			case "orderbooks":
				all[symbol] = orderbook(t, last)
			case "snapshots":
				all[symbol] = snapshot(t, cryptoQuote, cryptoTrade)
			}
		}
		answer(w, 200, map[string]any{name: all})
	}
}

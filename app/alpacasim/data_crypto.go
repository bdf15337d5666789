package alpacasim

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"
)

// isPublic reports whether a request needs no keys and has none: Alpaca serves
// crypto data to everyone.
func isPublic(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v1beta3/crypto/") && r.Header.Get("APCA-API-KEY-ID") == ""
}

// coin returns a pair's tape.
func (s *Sim) coin(symbol string) (tape, bool) {
	for _, a := range s.assets {
		if a.symbol == symbol && a.class == "crypto" {
			return newTape(a, s.config.Seed, s.base(symbol)), true
		}
	}
	return tape{}, false
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
				return barPoints(s.bars(t, frame, part), true)
			case name == "quotes":
				return tickPoints(s.ticksIn(t, part), cryptoQuote)
			}
			return tickPoints(s.ticksIn(t, part), cryptoTrade)
		})
	}
}

func cryptoTrade(t tick) map[string]any {
	taker := "S"
	if t.buy {
		taker = "B"
	}
	return map[string]any{"t": t.at.UTC(), "i": t.id, "p": dollars(t.cents), "s": size(t.size, true), "tks": taker}
}

func cryptoQuote(t tick) map[string]any {
	return map[string]any{"t": t.at.UTC(), "ap": dollars(t.cents + 1), "as": size(t.size, true), "bp": dollars(max(t.cents-1, 1)), "bs": size(t.size, true)}
}

// orderbook has the quote on top, and ten steps of a hundredth of a per cent
// below it.
func (s *Sim) orderbook(t tape, last tick) map[string]any {
	var bids, asks []map[string]any
	step := max(last.cents/10_000, 1)
	for i := range int64(10) {
		amount := size(last.size+int64(mix(t.key^uint64(last.at.UnixMicro())+uint64(i))%1_000_000), true)
		bids = append(bids, map[string]any{"p": dollars(max(last.cents-1-i*step, 1)), "s": amount})
		asks = append(asks, map[string]any{"p": dollars(last.cents + 1 + i*step), "s": amount})
	}
	return map[string]any{"t": last.at.UTC(), "b": bids, "a": asks}
}

func (s *Sim) latestOfCrypto(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, err := cryptoSymbols(r)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		now, _ := s.present()
		all := map[string]any{}
		for _, symbol := range symbols {
			t, ok := s.coin(symbol)
			if !ok {
				continue
			}
			last := s.latestTick(t, s.live(symbol))
			switch name {
			case "bars":
				if b, ok := s.latestBar(t, timeframe{1, "Min"}, now.Add(-time.Minute)); ok {
					all[symbol] = b.json(true)
				}
			case "quotes":
				all[symbol] = cryptoQuote(last)
			case "trades":
				all[symbol] = cryptoTrade(last)
			case "orderbooks":
				all[symbol] = s.orderbook(t, last)
			case "snapshots":
				all[symbol] = s.snapshot(t, last.cents, cryptoQuote, cryptoTrade)
			}
		}
		answer(w, 200, map[string]any{name: all})
	}
}

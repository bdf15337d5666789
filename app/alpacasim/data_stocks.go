package alpacasim

import (
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/prices"
)

// stock returns a share's prices.
func (s *Sim) stock(symbol string) (prices.Series, bool) {
	for _, a := range s.assets {
		if a.symbol == symbol && a.class == "us_equity" {
			return s.series(a), true
		}
	}
	return prices.Series{}, false
}

// stockSymbols returns the symbols of the path or the query, in capitals.
func stockSymbols(r *http.Request) (symbols []string, single bool, err error) {
	if symbol := r.PathValue("symbol"); symbol != "" {
		return []string{strings.ToUpper(symbol)}, true, nil
	}
	symbols = listed(strings.ToUpper(r.URL.Query().Get("symbols")))
	if len(symbols) == 0 {
		return nil, false, fmt.Errorf("symbols is required")
	}
	for _, symbol := range symbols {
		if strings.Trim(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") != "" {
			return nil, false, fmt.Errorf("invalid symbol: %s", symbol)
		}
	}
	return symbols, false, nil
}

func (s *Sim) stockHistory(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, single, err := stockSymbols(r)
		var part window
		var frame prices.Timeframe
		if err == nil {
			part, err = s.window(r.URL.Query(), 1000, 10_000)
		}
		if err == nil {
			err = oneOf(r, "feed", "iex", "otc", "sip", "boats")
		}
		if err == nil {
			err = oneOf(r, "currency", "USD")
		}
		if err == nil && name == "bars" {
			if err = oneOf(r, "adjustment", "raw", "split", "dividend", "spin-off", "all"); err == nil {
				frame, err = prices.ParseTimeframe(r.URL.Query().Get("timeframe"))
			}
		}
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		pages(w, r, name, symbols, single, part, func(symbol string, part window) iter.Seq2[time.Time, any] {
			t, ok := s.stock(symbol)
			if !ok {
				return func(func(time.Time, any) bool) {}
			}
			switch name {
			case "bars":
				return barPoints(t.Bars(frame, part.Span), false)
			case "auctions":
				return auctions(t, part.Span)
			case "quotes":
				return tradePoints(t.Trades(part.Span), stockQuote)
			}
			return tradePoints(t.Trades(part.Span), stockTrade)
		})
	}
}

func stockTrade(t prices.Trade) map[string]any {
	return map[string]any{"t": t.At.UTC(), "i": t.ID, "x": "V", "p": dollars(t.Cents), "s": t.Size, "c": []string{"@"}, "z": "C"}
}

// stockQuote returns the quote at a trade: a cent to either side.
func stockQuote(t prices.Trade) map[string]any {
	return map[string]any{
		"t": t.At.UTC(), "ax": "V", "ap": dollars(t.Cents + 1), "as": t.Size, "bx": "V", "bp": dollars(max(t.Cents-1, 1)), "bs": t.Size,
		"c": []string{"R"}, "z": "C",
	}
}

// auctions returns each session's first and last trades.
func auctions(t prices.Series, span prices.Span) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		for day := range t.Hours.Periods(span.From, span.To, span.Desc) {
			hours, ok := calendar.DayAt(day.From)
			if !ok || hours.Open.Before(span.From) || hours.Close.After(span.To) {
				continue
			}
			cross := func(at time.Time, condition string) []map[string]any {
				return []map[string]any{{"t": at.UTC(), "x": "Q", "p": dollars(t.Tape.At(at)), "s": 100_000, "c": condition}}
			}
			if !yield(hours.Open, map[string]any{"d": hours.Open.In(calendar.NewYork).Format(time.DateOnly), "o": cross(hours.Open, "O"), "c": cross(hours.Close, "6")}) {
				return
			}
		}
	}
}

// latestStock returns the newest bar, quote or trade of a share.
func (s *Sim) latestStock(name, symbol string) (map[string]any, bool) {
	t, ok := s.stock(symbol)
	if !ok {
		return nil, false
	}
	switch name {
	case "bars":
		b, ok := t.LatestBar(prices.Minute, t.Now.Add(-time.Minute))
		return barJSON(b, false), ok
	case "quotes":
		return stockQuote(t.LatestTrade()), true
	}
	return stockTrade(t.LatestTrade()), true
}

func (s *Sim) latestOfStock(name string) accountHandler {
	one := strings.TrimSuffix(name, "s")
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, _, _ := stockSymbols(r) // the path always has one
		if err := checkLatest(r); err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		found, ok := s.latestStock(name, symbols[0])
		if !ok {
			wrong(w, http.StatusNotFound, fmt.Errorf("no %s found for %s", one, symbols[0]))
			return
		}
		answer(w, 200, map[string]any{"symbol": symbols[0], one: found})
	}
}

func (s *Sim) latestOfStocks(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, err := latestSymbols(r)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		all := map[string]any{}
		for _, symbol := range symbols {
			if found, ok := s.latestStock(name, symbol); ok {
				all[symbol] = found
			}
		}
		answer(w, 200, map[string]any{name: all})
	}
}

// latestSymbols returns the symbols of which the newest data are asked for.
func latestSymbols(r *http.Request) ([]string, error) {
	symbols, _, err := stockSymbols(r)
	if err != nil {
		return nil, err
	}
	return symbols, checkLatest(r)
}

func checkLatest(r *http.Request) error {
	if err := oneOf(r, "feed", "delayed_sip", "iex", "otc", "sip", "boats", "overnight"); err != nil {
		return err
	}
	return oneOf(r, "currency", "USD")
}

func (s *Sim) stockSnapshots(w http.ResponseWriter, r *http.Request, _ *account) {
	symbols, err := latestSymbols(r)
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	all := map[string]any{}
	for _, symbol := range symbols {
		if t, ok := s.stock(symbol); ok {
			all[symbol] = snapshot(t, stockQuote, stockTrade)
		}
	}
	answer(w, 200, all)
}

func (s *Sim) stockSnapshot(w http.ResponseWriter, r *http.Request, _ *account) {
	symbols, _, _ := stockSymbols(r) // the path always has one
	t, ok := s.stock(symbols[0])
	if err := checkLatest(r); err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	if !ok {
		wrong(w, http.StatusNotFound, fmt.Errorf("no snapshot found for %s", symbols[0]))
		return
	}
	text := snapshot(t, stockQuote, stockTrade)
	text["symbol"] = symbols[0]
	answer(w, 200, text)
}

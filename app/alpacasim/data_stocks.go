package alpacasim

import (
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// base returns the base of a symbol's tape, and live its price now, in cents.
func (s *Sim) base(symbol string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.state.Prices[symbol]; p != nil {
		return p.Base
	}
	return 0
}

func (s *Sim) live(symbol string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.state.Prices[symbol]; p != nil {
		return p.Cents
	}
	return 0
}

// stock returns a share's tape.
func (s *Sim) stock(symbol string) (tape, bool) {
	for _, a := range s.assets {
		if a.symbol == symbol && a.class == "us_equity" {
			return newTape(a, s.config.Seed, s.base(symbol)), true
		}
	}
	return tape{}, false
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
		var frame timeframe
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
				frame, err = parseTimeframe(r.URL.Query().Get("timeframe"))
			}
		}
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		pages(w, r, name, symbols, single, part, func(symbol string, part window) iter.Seq2[time.Time, any] {
			t, _ := s.stock(symbol)
			if t.base == 0 {
				return func(func(time.Time, any) bool) {}
			}
			switch name {
			case "bars":
				return barPoints(s.bars(t, frame, part), false)
			case "auctions":
				return s.auctions(t, part)
			case "quotes":
				return tickPoints(s.ticksIn(t, part), stockQuote)
			}
			return tickPoints(s.ticksIn(t, part), stockTrade)
		})
	}
}

func barPoints(bars iter.Seq[bar], crypto bool) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		for b := range bars {
			if !yield(b.at, b.json(crypto)) {
				return
			}
		}
	}
}

func tickPoints(ticks iter.Seq[tick], write func(tick) map[string]any) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		for t := range ticks {
			if !yield(t.at, write(t)) {
				return
			}
		}
	}
}

func stockTrade(t tick) map[string]any {
	return map[string]any{"t": t.at.UTC(), "i": t.id, "x": "V", "p": dollars(t.cents), "s": t.size, "c": []string{"@"}, "z": "C"}
}

// stockQuote returns the quote at a trade: a cent to either side.
func stockQuote(t tick) map[string]any {
	return map[string]any{
		"t": t.at.UTC(), "ax": "V", "ap": dollars(t.cents + 1), "as": t.size, "bx": "V", "bp": dollars(max(t.cents-1, 1)), "bs": t.size,
		"c": []string{"R"}, "z": "C",
	}
}

// auctions returns each session's first and last trades.
func (s *Sim) auctions(t tape, w window) iter.Seq2[time.Time, any] {
	return func(yield func(time.Time, any) bool) {
		core := t
		core.contract = nil
		for day := range s.hoursOf(t).Periods(w.from, w.to, w.desc) {
			hours, ok := calendar.DayAt(day.From)
			if !ok || hours.Open.Before(w.from) || hours.Close.After(w.to) {
				continue
			}
			cross := func(at time.Time, condition string) []map[string]any {
				return []map[string]any{{"t": at.UTC(), "x": "Q", "p": dollars(core.at(at)), "s": 100_000, "c": condition}}
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
	now, _ := s.present()
	switch name {
	case "bars":
		b, ok := s.latestBar(t, timeframe{1, "Min"}, now.Add(-time.Minute))
		return b.json(false), ok
	case "quotes":
		return stockQuote(s.latestTick(t, s.live(symbol))), true
	}
	return stockTrade(s.latestTick(t, s.live(symbol))), true
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

// snapshot returns the newest data of a symbol, in the form of its class.
func (s *Sim) snapshot(t tape, live int64, quote, trade func(tick) map[string]any) map[string]any {
	now, _ := s.present()
	last := s.latestTick(t, live)
	text := map[string]any{"latestTrade": trade(last), "latestQuote": quote(last)}
	if b, ok := s.latestBar(t, timeframe{1, "Min"}, now.Add(-time.Minute)); ok {
		text["minuteBar"] = b.json(t.crypto)
	}
	if today, ok := s.latestBar(t, timeframe{1, "Day"}, now); ok {
		text["dailyBar"] = today.json(t.crypto)
		if before, ok := s.latestBar(t, timeframe{1, "Day"}, today.at.Add(-time.Second)); ok {
			text["prevDailyBar"] = before.json(t.crypto)
		}
	}
	return text
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
			all[symbol] = s.snapshot(t, s.live(symbol), stockQuote, stockTrade)
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
	text := s.snapshot(t, s.live(symbols[0]), stockQuote, stockTrade)
	text["symbol"] = symbols[0]
	answer(w, 200, text)
}

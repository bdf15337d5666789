package alpacasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/options"
)

// option returns a contract's tape, which depends on its underlying's, and its
// live price.
func (s *Sim) option(c options.Contract) (tape, int64) {
	underlying, _ := s.findAsset(c.Root)
	t := newTape(underlying, s.config.Seed, s.base(c.Root)).forContract(c)
	now, _ := s.present()
	return t, c.Cents(s.live(c.Root), now)
}

// optionSymbols returns the query's contracts.
func optionSymbols(r *http.Request) ([]string, error) {
	symbols := listed(strings.ToUpper(r.URL.Query().Get("symbols")))
	if len(symbols) == 0 {
		return nil, errors.New("symbols is required")
	}
	if len(symbols) > 100 {
		return nil, errors.New("too many symbols: at most 100 are allowed")
	}
	for _, symbol := range symbols {
		if _, ok := options.Root(symbol); !ok {
			return nil, fmt.Errorf("invalid symbol: %s", symbol)
		}
	}
	return symbols, oneOf(r, "feed", "opra", "indicative")
}

func (s *Sim) optionHistory(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, part, frame, err := s.historyQuery(r, name, optionSymbols)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		pages(w, r, name, symbols, false, part, func(symbol string, part window) iter.Seq2[time.Time, any] {
			c, ok := s.findContract(symbol)
			if !ok {
				return func(func(time.Time, any) bool) {}
			}
			part.to = earlier(part.to, c.Expires)
			t, _ := s.option(c)
			if name == "bars" {
				return barPoints(s.bars(t, frame, part), false)
			}
			return tickPoints(s.ticksIn(t, part), optionTrade)
		})
	}
}

func optionTrade(t tick) map[string]any {
	return map[string]any{"t": t.at.UTC(), "x": "C", "p": dollars(t.cents), "s": t.size, "c": "I"}
}

func optionQuote(t tick) map[string]any {
	return map[string]any{"t": t.at.UTC(), "ax": "C", "ap": dollars(t.cents + 1), "as": t.size, "bx": "C", "bp": dollars(max(t.cents-1, 0)), "bs": t.size, "c": "A"}
}

func (s *Sim) latestOfOptions(name string) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *account) {
		symbols, err := optionSymbols(r)
		if err != nil {
			wrong(w, http.StatusBadRequest, err)
			return
		}
		all := map[string]any{}
		for _, symbol := range symbols {
			c, ok := s.findContract(symbol)
			if !ok {
				continue
			}
			if last := s.latestTick(s.option(c)); name == "quotes" {
				all[symbol] = optionQuote(last)
			} else {
				all[symbol] = optionTrade(last)
			}
		}
		answer(w, 200, map[string]any{name: all})
	}
}

// optionSnapshot returns the newest data of a contract, and the model's
// figures.
func (s *Sim) optionSnapshot(c options.Contract) map[string]any {
	t, live := s.option(c)
	text := s.snapshot(t, live, optionQuote, optionTrade)
	now, _ := s.present()
	v := c.Value(s.live(c.Root), now)
	text["impliedVolatility"] = estimate(options.Volatility)
	text["greeks"] = map[string]any{"delta": estimate(v.Delta), "gamma": estimate(v.Gamma), "theta": estimate(v.Theta), "vega": estimate(v.Vega), "rho": estimate(v.Rho)}
	return text
}

func estimate(x float64) json.Number {
	return json.Number(strconv.FormatFloat(math.Round(x*1e4)/1e4, 'f', -1, 64))
}

// snapshotsOf responds with contracts in pages, sorted by symbol.
func (s *Sim) snapshotsOf(w http.ResponseWriter, r *http.Request, contracts []options.Contract) {
	q := r.URL.Query()
	limit, err := 100, oneOf(r, "feed", "opra", "indicative")
	if text := q.Get("limit"); err == nil && text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 1000 {
			err = errors.New("invalid limit: it must be between 1 and 1000")
		}
	}
	var from cursor
	if text := q.Get("page_token"); err == nil && text != "" {
		from, err = parseToken(text)
	}
	if text := q.Get("updated_since"); err == nil && text != "" {
		if _, err = parseTime(text); err != nil {
			err = fmt.Errorf("invalid updated_since: %s", text)
		}
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	found := map[string]any{}
	var next *string
	for _, c := range contracts {
		symbol := c.Symbol
		if symbol < from.symbol {
			continue
		}
		if len(found) == limit {
			token := cursor{symbol: symbol, at: c.Expires}.token()
			next = &token
			break
		}
		found[symbol] = s.optionSnapshot(c)
	}
	answer(w, 200, map[string]any{"snapshots": found, "next_page_token": next})
}

func (s *Sim) optionSnapshots(w http.ResponseWriter, r *http.Request, _ *account) {
	symbols, err := optionSymbols(r)
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	var found []options.Contract
	for _, c := range s.contracts(nil) {
		if containsFold(symbols, c.Symbol) {
			found = append(found, c)
		}
	}
	s.snapshotsOf(w, r, found)
}

func (s *Sim) optionChain(w http.ResponseWriter, r *http.Request, _ *account) {
	f, err := parseContractFilter(r.URL.Query().Get)
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	now, _ := s.present()
	var found []options.Contract
	for _, c := range s.contracts([]string{r.PathValue("symbol")}) {
		if !c.Expired(now) && f.takes(c) {
			found = append(found, c)
		}
	}
	s.snapshotsOf(w, r, found)
}

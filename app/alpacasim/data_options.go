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

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
	"paddock/app/alpacasim/internal/prices"
)

// underlying returns the prices of a contract's underlying, on which its own
// depend.
func (s *Sim) underlying(c options.Contract) prices.Series {
	a, _ := s.findAsset(c.Root)
	return s.series(a)
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
			part.To = calendar.Earlier(part.To, c.Expires)
			t := s.underlying(c).ForContract(c)
			if name == "bars" {
				return barPoints(t.Bars(frame, part.Span), false)
			}
			return tradePoints(t.Trades(part.Span), optionTrade)
		})
	}
}

func optionTrade(t prices.Trade) map[string]any {
	return map[string]any{"t": t.At.UTC(), "x": "C", "p": dollars(t.Cents), "s": t.Size, "c": "I"}
}

func optionQuote(t prices.Trade) map[string]any {
	return map[string]any{"t": t.At.UTC(), "ax": "C", "ap": dollars(t.Cents + 1), "as": t.Size, "bx": "C", "bp": dollars(max(t.Cents-1, 0)), "bs": t.Size, "c": "A"}
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
			if last := s.underlying(c).ForContract(c).LatestTrade(); name == "quotes" {
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
	underlying := s.underlying(c)
	text := snapshot(underlying.ForContract(c), optionQuote, optionTrade)
	v := c.Value(underlying.Live, underlying.Now)
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
	f, err := options.ParseFilter(r.URL.Query().Get)
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	now, _ := s.present()
	var found []options.Contract
	for _, c := range s.contracts([]string{r.PathValue("symbol")}) {
		if !c.Expired(now) && f.Takes(c) {
			found = append(found, c)
		}
	}
	s.snapshotsOf(w, r, found)
}

package alpacasim

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/prices"
)

// top parses how many entries are asked for.
func top(r *http.Request, most int) (int, error) {
	text := r.URL.Query().Get("top")
	if text == "" {
		return 10, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, errors.New("invalid top: it must be between 1 and " + strconv.Itoa(most))
	}
	return n, nil
}

// mostActives ranks shares by the volume or the trades of their newest day.
func (s *Sim) mostActives(w http.ResponseWriter, r *http.Request, _ *account) {
	n, err := top(r, 100)
	if err == nil {
		err = oneOf(r, "by", "volume", "trades")
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	type active struct {
		Symbol string `json:"symbol"`
		Volume int64  `json:"volume"`
		Trades int64  `json:"trade_count"`
	}
	now, _ := s.present()
	all := []active{}
	for _, a := range s.assets {
		t, ok := s.stock(a.symbol)
		if !ok || a.inactive {
			continue
		}
		if b, ok := t.LatestBar(prices.Day, now); ok {
			all = append(all, active{a.symbol, b.Volume, b.Trades})
		}
	}
	slices.SortStableFunc(all, func(a, b active) int {
		if r.URL.Query().Get("by") == "trades" {
			return cmp.Compare(b.Trades, a.Trades)
		}
		return cmp.Compare(b.Volume, a.Volume)
	})
	answer(w, 200, map[string]any{"most_actives": all[:min(n, len(all))], "last_updated": now})
}

// movers ranks a market by the change since the close before the last.
func (s *Sim) movers(w http.ResponseWriter, r *http.Request, _ *account) {
	n, err := top(r, 50)
	market := r.PathValue("market")
	find := s.stock
	switch market {
	case "stocks":
	case "crypto":
		find = s.coin
	default:
		err = errors.New("invalid market type: " + market)
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	type mover struct {
		symbol        string
		change, share decimal.Decimal
		price         int64
	}
	now, _ := s.present()
	var all []mover
	for _, a := range s.assets {
		t, ok := find(a.symbol)
		if !ok || a.inactive {
			continue
		}
		today, ok := t.LatestBar(prices.Day, now)
		if !ok {
			continue
		}
		before, ok := t.LatestBar(prices.Day, today.At.Add(-1))
		if !ok {
			continue
		}
		change := decimal.NewFromInt(t.Live - before.Close)
		all = append(all, mover{a.symbol, change.Shift(-2), change.Shift(2).Div(decimal.NewFromInt(before.Close)).Round(2), t.Live})
	}
	slices.SortStableFunc(all, func(a, b mover) int { return b.share.Cmp(a.share) })
	gainers, losers := []map[string]any{}, []map[string]any{}
	for i, m := range all {
		text := func(m mover) map[string]any {
			return map[string]any{"symbol": m.symbol, "change": number(m.change), "percent_change": number(m.share), "price": dollars(m.price)}
		}
		if m.change.IsPositive() && len(gainers) < n {
			gainers = append(gainers, text(m))
		}
		if last := all[len(all)-1-i]; last.change.IsNegative() && len(losers) < n {
			losers = append(losers, text(last))
		}
	}
	answer(w, 200, map[string]any{"gainers": gainers, "losers": losers, "market_type": market, "last_updated": now})
}

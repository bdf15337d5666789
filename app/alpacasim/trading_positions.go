package alpacasim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/shopspring/decimal"
)

// positionJSON returns a position in Alpaca's JSON.
func (s *Sim) positionJSON(a *account, p *position) map[string]any {
	traded, _ := s.findTraded(p.Symbol)
	now, units := s.nbboOf(p.Symbol).mid, lot(traded.class)
	side, available := "long", s.available(a, p.Symbol)
	if p.Qty.IsNegative() {
		side, available = "short", available.Neg()
	}
	value, basis, day := p.Qty.Mul(now).Mul(units), p.Qty.Mul(p.Avg).Mul(units), p.Qty.Mul(p.DayAvg).Mul(units)
	last, known := s.state.Closes[p.Symbol]
	if !known {
		last = p.DayAvg
	}
	exchange := traded.exchange
	if traded.class == "crypto" {
		exchange = "" // no exchange of Alpaca's list
	}
	return map[string]any{
		"asset_id": assetID(p.Symbol), "symbol": positionSymbol(p.Symbol), "exchange": exchange, "asset_class": traded.class, "asset_marginable": onMargin(traded.class),
		"qty": p.Qty, "qty_available": available, "avg_entry_price": p.Avg, "side": side, "market_value": value, "cost_basis": basis,
		"unrealized_pl": value.Sub(basis), "unrealized_plpc": ratio(value.Sub(basis), basis),
		"unrealized_intraday_pl": value.Sub(day), "unrealized_intraday_plpc": ratio(value.Sub(day), day),
		"current_price": now, "lastday_price": last, "change_today": ratio(now.Sub(last), last),
	}
}

// positionSymbol returns Alpaca's symbol of a position: a pair of coins has no
// slash there, unlike in orders.
func positionSymbol(symbol string) string { return strings.ReplaceAll(symbol, "/", "") }

// ratio returns part / whole, and 0 where whole is 0.
func ratio(part, whole decimal.Decimal) decimal.Decimal {
	if whole.IsZero() {
		return decimal.Zero
	}
	return part.Div(whole.Abs()).Round(8)
}

func (s *Sim) listPositions(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		list := []map[string]any{}
		for _, symbol := range a.symbols() {
			list = append(list, s.positionJSON(a, a.Positions[symbol]))
		}
		return list, nil
	})
}

// position finds a position by its symbol or the id of its asset.
func (s *Sim) position(a *account, symbolOrID string) (*position, *refusal) {
	known, _ := s.findTraded(symbolOrID)
	if p := a.Positions[known.symbol]; p != nil {
		return p, nil
	}
	for symbol, p := range a.Positions {
		if assetID(symbol) == symbolOrID {
			return p, nil
		}
	}
	return nil, refuse(404, 40410000, "position does not exist")
}

func (s *Sim) getPosition(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		p, bad := s.position(a, r.PathValue("symbol"))
		if bad != nil {
			return nil, bad
		}
		return s.positionJSON(a, p), nil
	})
}

func (s *Sim) closePosition(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(func(any) *refusal) (int, any, *refusal) {
		p, bad := s.position(a, r.PathValue("symbol"))
		if bad != nil {
			return 0, nil, bad
		}
		qty, bad := toClose(p, r.URL.Query())
		if bad != nil {
			return 0, nil, bad
		}
		o, bad := s.closeOut(a, p, qty)
		if bad != nil {
			return 0, nil, bad
		}
		return 200, o.answer(), nil
	})
}

// toClose returns how much of a position a query asks to close: all of it
// unless it has a quantity or a percentage. Only what is fractional already is
// divided.
func toClose(p *position, q url.Values) (decimal.Decimal, *refusal) {
	whole := p.Qty.Abs()
	switch {
	case q.Has("qty") && q.Has("percentage"):
		return whole, refuse(422, 40010001, "qty and percentage cannot be used together")
	case q.Has("qty"):
		qty, err := decimal.NewFromString(q.Get("qty"))
		if err != nil || !sensible(qty) || !qty.IsPositive() {
			return whole, refuse(422, 40010001, "invalid qty")
		}
		return qty, nil
	case q.Has("percentage"):
		percentage, err := decimal.NewFromString(q.Get("percentage"))
		if err != nil || !sensible(percentage) || !percentage.IsPositive() || percentage.GreaterThan(decimal.NewFromInt(100)) {
			return whole, refuse(422, 40010001, "percentage must be between 0 and 100")
		}
		part := whole.Mul(percentage).Shift(-2).Truncate(9)
		if whole.IsInteger() {
			part = part.Truncate(0)
		}
		if part.IsZero() {
			return whole, refuse(422, 40010001, "qty must be greater than 0")
		}
		return part, nil
	}
	return whole, nil
}

// closeOut places the order that closes a quantity of a position.
func (s *Sim) closeOut(a *account, p *position, qty decimal.Decimal) (*order, *refusal) {
	traded, _ := s.findTraded(p.Symbol)
	request := orderRequest{Symbol: p.Symbol, Qty: &qty, Side: "sell", Type: "market", TimeInForce: "day"}
	if p.Qty.IsNegative() {
		request.Side = "buy"
	}
	if traded.class == "crypto" {
		request.TimeInForce = "gtc"
	}
	return s.place(a, request)
}

// closing is a position's entry in the response of DELETE /v2/positions.
type closing struct {
	Symbol string `json:"symbol"`
	Status int    `json:"status"`
	Body   any    `json:"body"`
}

func (s *Sim) closeAllPositions(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(func(any) *refusal) (int, any, *refusal) {
		if r.URL.Query().Get("cancel_orders") == "true" {
			for _, o := range a.openOrders() {
				if o.cancelable() {
					s.cancel(a, o)
				}
			}
		}
		results := []closing{}
		for _, symbol := range a.symbols() {
			p := a.Positions[symbol]
			o, bad := s.closeOut(a, p, p.Qty.Abs())
			if bad != nil {
				results = append(results, closing{positionSymbol(symbol), bad.status, bad.body()})
				continue
			}
			results = append(results, closing{positionSymbol(symbol), 200, o.answer()})
		}
		return http.StatusMultiStatus, results, nil
	})
}

func (s *Sim) exerciseOption(w http.ResponseWriter, r *http.Request, a *account) {
	s.instruct(w, func() *refusal { return s.exercise(a, r.PathValue("symbol")) })
}

func (s *Sim) doNotExercise(w http.ResponseWriter, r *http.Request, a *account) {
	s.instruct(w, func() *refusal { return s.refuseExercise(a, r.PathValue("symbol")) })
}

// instruct responds with 200 and no body to an instruction that is carried out.
func (s *Sim) instruct(w http.ResponseWriter, follow func() *refusal) {
	s.mu.Lock()
	bad := follow()
	s.save()
	s.mu.Unlock()
	if bad != nil {
		answerRefusal(w, bad)
	}
}

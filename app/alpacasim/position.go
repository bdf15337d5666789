package alpacasim

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// position is what an account holds of a symbol: a negative quantity is short.
type position struct {
	Symbol string          `json:"symbol"`
	Qty    decimal.Decimal `json:"qty"`
	Avg    decimal.Decimal `json:"avg"`
	DayAvg decimal.Decimal `json:"day_avg"`        // the same, counted from the last close's price
	Keep   bool            `json:"keep,omitempty"` // a contract that must not be exercised
}

// symbols of what the account holds, in order.
func (a *account) symbols() []string { return slices.Sorted(maps.Keys(a.Positions)) }

func (a *account) held(symbol string) decimal.Decimal {
	if p := a.Positions[symbol]; p != nil {
		return p.Qty
	}
	return decimal.Zero
}

// trade books qty (negative when sold) at a price: cash, quantity and average.
// It answers what is held then.
func (a *account) trade(symbol string, qty, price, lot decimal.Decimal) decimal.Decimal {
	p := a.Positions[symbol]
	if p == nil {
		p = &position{Symbol: symbol}
		a.Positions[symbol] = p
	}
	a.Cash = a.Cash.Sub(qty.Mul(price).Mul(lot))
	after := p.Qty.Add(qty)
	switch {
	case after.IsZero():
		delete(a.Positions, symbol)
	case p.Qty.Sign()*qty.Sign() >= 0: // opens or adds
		p.Avg = p.Qty.Mul(p.Avg).Add(qty.Mul(price)).Div(after).Round(6)
		p.DayAvg = p.Qty.Mul(p.DayAvg).Add(qty.Mul(price)).Div(after).Round(6)
	case after.Sign() != p.Qty.Sign(): // turns around
		p.Avg, p.DayAvg = price, price
	}
	p.Qty = after
	return after
}

// untrade takes an execution back as if it had never been. It answers what is
// held then.
func (a *account) untrade(symbol string, qty, price, lot decimal.Decimal) decimal.Decimal {
	p := a.Positions[symbol]
	if p == nil || p.Qty.Sign() != qty.Sign() || !p.Qty.Abs().GreaterThan(qty.Abs()) {
		return a.trade(symbol, qty.Neg(), price, lot) // it closes, opens or turns a position
	}
	a.Cash = a.Cash.Add(qty.Mul(price).Mul(lot))
	after := p.Qty.Sub(qty)
	p.Avg = p.Qty.Mul(p.Avg).Sub(qty.Mul(price)).Div(after).Round(6)
	p.DayAvg = p.Qty.Mul(p.DayAvg).Sub(qty.Mul(price)).Div(after).Round(6)
	p.Qty = after
	return after
}

// available is how much of a position no open order and no covered call has
// claimed, whichever way it is held.
func (s *Sim) available(a *account, symbol string, except ...*order) decimal.Decimal {
	left, _ := s.unclaimed(a, symbol, except...)
	return left
}

// unclaimed says which orders have claimed the rest, too.
func (s *Sim) unclaimed(a *account, symbol string, except ...*order) (decimal.Decimal, []string) {
	held := a.held(symbol)
	left := held.Abs()
	related := []string{}
	for _, o := range a.openOrders() {
		if o.Symbol == symbol && o.Status != "held" && !o.opens() && o.signed(held).IsNegative() && !slices.Contains(except, o) {
			left = left.Sub(o.rest(s.nbboOf(symbol).at(o.Side)))
			related = append(related, o.ID)
		}
	}
	if written := a.uncoveredCalls(symbol); held.IsPositive() && written.IsPositive() {
		left = left.Sub(written.Mul(lot("us_option")))
	}
	return decimal.Max(left, decimal.Zero), related
}

// uncoveredCalls is how many contracts on a symbol were sold that no bought
// ones stand behind: its shares do.
func (a *account) uncoveredCalls(symbol string) decimal.Decimal {
	written := decimal.Zero
	for _, p := range a.Positions {
		if c, ok := parseContract(p.Symbol); ok && c.root == symbol && c.kind == "call" {
			written = written.Sub(p.Qty)
		}
	}
	return written
}

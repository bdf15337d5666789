package alpacasim

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/options"
)

// position is what an account holds of a symbol; a short position is negative.
type position struct {
	Symbol string          `json:"symbol"`
	Qty    decimal.Decimal `json:"qty"`
	Avg    decimal.Decimal `json:"avg"`
	DayAvg decimal.Decimal `json:"day_avg"`        // the average, counted from the last close's price
	Keep   bool            `json:"keep,omitempty"` // a contract that must not be exercised
}

// symbols returns the symbols that the account holds, sorted.
func (a *account) symbols() []string { return slices.Sorted(maps.Keys(a.Positions)) }

func (a *account) held(symbol string) decimal.Decimal {
	if p := a.Positions[symbol]; p != nil {
		return p.Qty
	}
	return decimal.Zero
}

// trade books qty (negative for a sale) at a price: cash, quantity and average.
// It returns the position afterwards.
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
	case after.Sign() != p.Qty.Sign(): // changes its side
		p.Avg, p.DayAvg = price, price
	}
	p.Qty = after
	return after
}

// untrade undoes an execution. It returns the position afterwards.
func (a *account) untrade(symbol string, qty, price, lot decimal.Decimal) decimal.Decimal {
	p := a.Positions[symbol]
	if p == nil || p.Qty.Sign() != qty.Sign() || !p.Qty.Abs().GreaterThan(qty.Abs()) {
		return a.trade(symbol, qty.Neg(), price, lot) // it closes or opens a position, or changes its side
	}
	a.Cash = a.Cash.Add(qty.Mul(price).Mul(lot))
	after := p.Qty.Sub(qty)
	p.Avg = p.Qty.Mul(p.Avg).Sub(qty.Mul(price)).Div(after).Round(6)
	p.DayAvg = p.Qty.Mul(p.DayAvg).Sub(qty.Mul(price)).Div(after).Round(6)
	p.Qty = after
	return after
}

// available returns how much of a long or short position no open order and no
// covered call has reserved.
func (s *Sim) available(a *account, symbol string, except ...*order) decimal.Decimal {
	left, _ := s.unclaimed(a, symbol, except...)
	return left
}

// unclaimed is available, and also returns the orders that reserved the rest.
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

// uncoveredCalls returns how many sold calls on a symbol are covered by its
// shares, and not by bought contracts.
func (a *account) uncoveredCalls(symbol string) decimal.Decimal {
	written := decimal.Zero
	for _, p := range a.Positions {
		if c, ok := options.Parse(p.Symbol); ok && c.Root == symbol && c.Kind == "call" {
			written = written.Sub(p.Qty)
		}
	}
	return written
}

package alpacasim

import (
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// exercise turns a long position into shares at the strike.
func (s *Sim) exercise(a *account, symbol string) *refusal {
	c, held, bad := s.heldContract(a, symbol, "cannot exercise short position")
	switch {
	case bad != nil:
		return bad
	case s.state.Hours && calendar.SameDay(s.now(), calendar.LastClose(s.now())):
		return refuse(422, 42210000, "contracts cannot be exercised between market close and midnight")
	}
	s.settle(a, c, held, "OPEXC")
	return nil
}

// refuseExercise keeps a long position from being exercised at expiry.
func (s *Sim) refuseExercise(a *account, symbol string) *refusal {
	c, _, bad := s.heldContract(a, symbol, "cannot submit DNE for short position")
	if bad != nil {
		return bad
	}
	a.Positions[c.Symbol].Keep = true
	s.touch(a)
	return nil
}

func (s *Sim) heldContract(a *account, symbol, whenShort string) (options.Contract, decimal.Decimal, *refusal) {
	traded, _ := s.findTraded(symbol)
	for held := range a.Positions {
		if assetID(held) == symbol {
			traded.symbol = held
		}
	}
	c, ok := options.Parse(traded.symbol)
	if !ok {
		return c, decimal.Zero, refuse(422, 42210000, "invalid symbol")
	}
	p := a.Positions[c.Symbol]
	switch {
	case p == nil:
		return c, decimal.Zero, refuse(403, 40310000, "no available position for the specified contract")
	case p.Qty.IsNegative():
		return c, decimal.Zero, refuse(403, 40310001, "%s", whenShort)
	}
	available := s.available(a, c.Symbol)
	if !available.IsPositive() {
		return c, decimal.Zero, refuse(403, 40310000, "no available position for the specified contract")
	}
	return c, available, nil
}

// settle closes qty contracts (negative when short). Exercised or assigned, the
// shares are traded at the strike; expired, nothing is traded.
func (s *Sim) settle(a *account, c options.Contract, qty decimal.Decimal, how string) {
	a.trade(c.Symbol, qty.Neg(), decimal.Zero, lot("us_option"))
	group := s.newID()
	gone := qty.Neg()
	s.record(a, activity{ActivityType: how, Symbol: c.Symbol, Qty: &gone, GroupID: group})
	if how != "OPEXP" {
		shares := qty.Mul(lot("us_option"))
		if c.Kind == "put" {
			shares = shares.Neg()
		}
		a.trade(c.Root, shares, c.Strike, lot("us_equity"))
		s.record(a, activity{ActivityType: "OPTRD", Symbol: c.Root, Qty: &shares, Price: &c.Strike, NetAmount: shares.Mul(c.Strike).Neg(), GroupID: group})
	}
}

// expireContracts settles expired contracts: in the money they are exercised or
// assigned, unless the holder refused.
func (s *Sim) expireContracts(a *account) {
	for _, symbol := range a.symbols() {
		p := a.Positions[symbol]
		c, ok := options.Parse(symbol)
		if !ok || !c.Expired(s.now()) {
			continue
		}
		how := "OPEXP"
		if c.Intrinsic(s.nbboOf(c.Root).mid).IsPositive() {
			how = "OPEXC"
			if p.Qty.IsNegative() {
				how = "OPASN"
			} else if p.Keep {
				how = "OPEXP"
			}
		}
		s.settle(a, c, p.Qty, how)
	}
}

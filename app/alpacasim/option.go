package alpacasim

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// contract is an option, by its OCC symbol: root, expiry, kind and strike, as
// in AAPL250620C00100000.
type contract struct {
	symbol, root string
	kind         string // call or put
	strike       decimal.Decimal
	expires      time.Time // the close of its last day
}

var occSymbol = regexp.MustCompile(`^([A-Z.]{1,6})(\d{6})([CP])(\d{8})$`)

// parseContract parses the symbol of a contract on any underlying.
func parseContract(symbol string) (contract, bool) {
	parts := occSymbol.FindStringSubmatch(symbol)
	if parts == nil {
		return contract{}, false
	}
	day, err := time.ParseInLocation("060102", parts[2], calendar.NewYork)
	if err != nil {
		return contract{}, false
	}
	strike, err := decimal.NewFromString(strings.TrimLeft(parts[4], "0"))
	if err != nil {
		return contract{}, false
	}
	hours, _ := calendar.DayAt(day)
	kind := "call"
	if parts[3] == "P" {
		kind = "put"
	}
	return contract{symbol: symbol, root: parts[1], kind: kind, strike: strike.Shift(-3), expires: hours.Close}, true
}

// expired reports whether it has expired, at the close of its last day.
func (c contract) expired(now time.Time) bool { return !now.Before(c.expires) }

// intrinsic returns what exercising it would earn now, for each share.
func (c contract) intrinsic(underlying decimal.Decimal) decimal.Decimal {
	gain := underlying.Sub(c.strike)
	if c.kind == "put" {
		gain = gain.Neg()
	}
	return decimal.Max(gain, decimal.Zero)
}

// name returns a contract in words.
func (c contract) name() string {
	return fmt.Sprintf("%s %s %s %s", c.root, c.expires.In(calendar.NewYork).Format("Jan 02 2006"), c.strike, strings.ToUpper(c.kind[:1])+c.kind[1:])
}

// worth returns a contract's price for a price of its underlying.
func (c contract) worth(underlying decimal.Decimal, now time.Time) decimal.Decimal {
	return decimal.New(c.cents(underlying.Shift(2).IntPart(), now), -2)
}

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
	a.Positions[c.symbol].Keep = true
	s.touch(a)
	return nil
}

func (s *Sim) heldContract(a *account, symbol, whenShort string) (contract, decimal.Decimal, *refusal) {
	traded, _ := s.findTraded(symbol)
	for held := range a.Positions {
		if assetID(held) == symbol {
			traded.symbol = held
		}
	}
	c, ok := parseContract(traded.symbol)
	if !ok {
		return c, decimal.Zero, refuse(422, 42210000, "invalid symbol")
	}
	p := a.Positions[c.symbol]
	switch {
	case p == nil:
		return c, decimal.Zero, refuse(403, 40310000, "no available position for the specified contract")
	case p.Qty.IsNegative():
		return c, decimal.Zero, refuse(403, 40310001, "%s", whenShort)
	}
	available := s.available(a, c.symbol)
	if !available.IsPositive() {
		return c, decimal.Zero, refuse(403, 40310000, "no available position for the specified contract")
	}
	return c, available, nil
}

// settle closes qty contracts (negative when short). Exercised or assigned, the
// shares are traded at the strike; expired, nothing is traded.
func (s *Sim) settle(a *account, c contract, qty decimal.Decimal, how string) {
	a.trade(c.symbol, qty.Neg(), decimal.Zero, lot("us_option"))
	group := s.newID()
	gone := qty.Neg()
	s.record(a, activity{ActivityType: how, Symbol: c.symbol, Qty: &gone, GroupID: group})
	if how != "OPEXP" {
		shares := qty.Mul(lot("us_option"))
		if c.kind == "put" {
			shares = shares.Neg()
		}
		a.trade(c.root, shares, c.strike, lot("us_equity"))
		s.record(a, activity{ActivityType: "OPTRD", Symbol: c.root, Qty: &shares, Price: &c.strike, NetAmount: shares.Mul(c.strike).Neg(), GroupID: group})
	}
}

// expireContracts settles expired contracts: in the money they are exercised or
// assigned, unless the holder refused.
func (s *Sim) expireContracts(a *account) {
	for _, symbol := range a.symbols() {
		p := a.Positions[symbol]
		c, ok := parseContract(symbol)
		if !ok || !c.expired(s.now()) {
			continue
		}
		how := "OPEXP"
		if c.intrinsic(s.nbboOf(c.root).mid).IsPositive() {
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

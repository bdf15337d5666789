package alpacasim

import (
	"math/rand/v2"

	"github.com/shopspring/decimal"
)

// price is a random walk close to its symbol's tape.
type price struct {
	Cents int64  `json:"cents"`
	Base  int64  `json:"base"` // the tape's base
	Steps uint64 `json:"steps"`
	Seed  uint64 `json:"seed"`
}

func (s *Sim) newPrice(a asset) *price {
	t := newTape(a, s.config.Seed, a.cents)
	p := &price{Cents: t.at(s.now()), Base: a.cents, Seed: named(a.symbol) ^ uint64(s.config.Seed)}
	if to, told := s.config.Prices[a.symbol]; told {
		p.Cents = max(to.Shift(2).IntPart(), 1)
		p.Base = t.baseFor(p.Cents, s.now())
	}
	return p
}

// move takes one step of up to 0.02 % either way, drawn a little to the tape,
// so that recent live prices agree with the history.
func (p *price) move(tape int64) {
	r := rand.New(rand.NewPCG(p.Seed, p.Steps))
	p.Steps++
	width := max(p.Base/5000, 1)
	p.Cents += r.Int64N(2*width+1) - width + (tape-p.Cents)/2000
	p.Cents = max(p.Cents, 1)
}

// mid returns the price. The market's bid is a cent below it, and its ask a
// cent above.
func (p *price) mid() decimal.Decimal { return decimal.New(p.Cents, -2) }
func (p *price) bid() decimal.Decimal { return decimal.New(max(p.Cents-1, 1), -2) }
func (p *price) ask() decimal.Decimal { return decimal.New(p.Cents+1, -2) }

// SetPrice sets a symbol's price, and moves its walk and its past with it. It
// reports whether there is such a symbol.
func (s *Sim) SetPrice(symbol string, to decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.state.Prices[symbol]
	if ok {
		a, _ := s.findAsset(symbol)
		p.Cents = max(to.Shift(2).IntPart(), 1)
		p.Base = newTape(a, s.config.Seed, 0).baseFor(p.Cents, s.now())
		s.moved = true
	}
	return ok
}

package alpacasim

import (
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/prices"
)

// tape returns an asset's past, which moves around a base.
func (s *Sim) tape(a asset, base int64) prices.Tape {
	return prices.NewTape(a.symbol, a.class == "crypto", s.config.Seed, base)
}

func (s *Sim) newPrice(a asset) *prices.Walk {
	t := s.tape(a, a.cents)
	p := prices.NewWalk(a.symbol, s.config.Seed, t, s.now())
	if to, told := s.config.Prices[a.symbol]; told {
		p.Set(to, t, s.now())
	}
	return p
}

// SetPrice sets a symbol's price, and moves its walk and its past with it. It
// reports whether there is such a symbol.
func (s *Sim) SetPrice(symbol string, to decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.state.Prices[symbol]
	if ok {
		a, _ := s.findAsset(symbol)
		p.Set(to, s.tape(a, p.Base), s.now())
		s.moved = true
	}
	return ok
}

// series returns an asset's prices as they are now.
func (s *Sim) series(a asset) prices.Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := prices.Series{Tape: s.tape(a, 0), Now: s.now()}
	if p := s.state.Prices[a.symbol]; p != nil {
		known.Tape, known.Live = s.tape(a, p.Base), p.Cents
	}
	if s.state.Hours && a.class != "crypto" {
		known.Hours = calendar.ExtendedHours
	}
	return known
}

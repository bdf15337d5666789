package alpacasim

import (
	"time"

	"github.com/shopspring/decimal"
)

// Happening is one event of an account as the broker itself sees it. The list
// of them is in the true order, while the times of updates are by a clock that
// can be moved, and some legs close without an update.
type Happening struct {
	At time.Time // by the machine's clock, which SetClock does not move
	// Event is "placed" for an order that was accepted, "ended" for one that is
	// closed, the name of an update (fill, replaced, trade_bust and so on), or
	// the type of an activity (SPLIT, CFEE, OPEXC and so on).
	Event     string
	Order     *Order     // its state then; nil for an activity
	Parent    string     // for a leg, the id of its parent order
	Execution *Execution // the execution, or the correction of one
	Previous  string     // the execution that was busted or corrected
	// Held is everything that the account holds afterwards.
	Held map[string]decimal.Decimal
}

// History returns the events of the account with this key since the simulator
// was started, if Config.History is set.
func (s *Sim) History(keyID string) []Happening {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[keyID]; a != nil {
		return append([]Happening(nil), a.history...)
	}
	return nil
}

// happened records an event of an account, if Config.History is set.
func (s *Sim) happened(a *account, event string, o *order, x *Execution, previous string) {
	if !s.config.History {
		return
	}
	h := Happening{At: s.config.Clock(), Event: event, Previous: previous, Held: make(map[string]decimal.Decimal, len(a.Positions))}
	for symbol, p := range a.Positions {
		h.Held[symbol] = p.Qty
	}
	if o != nil {
		as := o.Order
		h.Order, h.Parent = &as, o.Parent
	}
	if x != nil {
		as := *x
		h.Execution = &as
	}
	a.history = append(a.history, h)
}

package alpacasim

import (
	"time"

	"github.com/shopspring/decimal"
)

// Happening is one thing that happened to an account, as the broker itself saw
// it. The list of them is in the order in which it happened, whatever clock was
// told: updates are told by a clock that can be moved, and some ends of legs are
// told by nobody.
type Happening struct {
	At time.Time // by the machine's clock, which SetClock does not move
	// Event is "placed" for an order that was taken into the book, "ended" for
	// one that is over, the name of an update (fill, replaced, trade_bust and so
	// on), or the type of an activity (SPLIT, CFEE, OPEXC and so on).
	Event     string
	Order     *Order     // how it stood then; nil of an activity
	Parent    string     // the id of the order whose leg it is
	Execution *Execution // what was executed, or counts instead of another now
	Previous  string     // the execution that was taken back or corrected
	// Held is all that the account holds after it.
	Held map[string]decimal.Decimal
}

// History answers what happened to an account since the simulator was started,
// by its key, where Config.History has it written down.
func (s *Sim) History(keyID string) []Happening {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[keyID]; a != nil {
		return append([]Happening(nil), a.history...)
	}
	return nil
}

// happened writes something down that happened to an account, if that is wanted.
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

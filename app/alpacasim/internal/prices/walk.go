package prices

import (
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/draw"
)

// Walk is a live price: a random walk close to its symbol's tape.
type Walk struct {
	Cents int64  `json:"cents"`
	Base  int64  `json:"base"` // the tape's base
	Steps uint64 `json:"steps"`
	Seed  uint64 `json:"seed"`
}

// NewWalk returns the live price of a symbol that is on its tape now.
func NewWalk(symbol string, seed int64, t Tape, now time.Time) *Walk {
	return &Walk{Cents: t.At(now), Base: t.base, Seed: draw.Named(symbol) ^ uint64(seed)}
}

// Set sets the price, and moves the base of its tape with it.
func (w *Walk) Set(to decimal.Decimal, t Tape, now time.Time) {
	w.Cents = max(to.Shift(2).IntPart(), 1)
	w.Base = t.BaseFor(w.Cents, now)
}

// Move takes one step of up to 0.02 % either way, drawn a little to the tape's
// price, so that recent live prices agree with the history.
func (w *Walk) Move(tape int64) {
	r := rand.New(rand.NewPCG(w.Seed, w.Steps))
	w.Steps++
	width := max(w.Base/5000, 1)
	w.Cents += r.Int64N(2*width+1) - width + (tape-w.Cents)/2000
	w.Cents = max(w.Cents, 1)
}

// Mid returns the price. The market's bid is a cent below it, and its ask a
// cent above.
func (w *Walk) Mid() decimal.Decimal { return decimal.New(w.Cents, -2) }

// Bid returns the best price at which someone buys.
func (w *Walk) Bid() decimal.Decimal { return decimal.New(max(w.Cents-1, 1), -2) }

// Ask returns the best price at which someone sells.
func (w *Walk) Ask() decimal.Decimal { return decimal.New(w.Cents+1, -2) }

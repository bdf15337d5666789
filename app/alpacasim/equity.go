package alpacasim

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// equityPoint is what an account was worth at a time.
type equityPoint struct {
	At     time.Time       `json:"at"`
	Equity decimal.Decimal `json:"equity"`
}

// equityBook is an account's worth in the past: by days, each of which is
// written to the state file when the next begins, and by minutes of the last
// day, which are not saved.
type equityBook struct {
	Days    []equityPoint `json:"days"`
	minutes []equityPoint
}

// How many points are kept: five years of days, and a day of minutes.
const (
	daysKept    = 5 * 366
	minutesKept = 24 * 60
)

// recordEquity records every account's worth, once a minute. s.mu is held.
func (s *Sim) recordEquity() {
	now := s.now()
	for _, a := range s.inOrder {
		minutes := a.Equity.minutes
		if n := len(minutes); n > 0 && !now.Truncate(time.Minute).After(minutes[n-1].At.Truncate(time.Minute)) {
			continue
		}
		if a.Equity.note(equityPoint{At: now, Equity: s.reckon(a).equity}) {
			a.unsaved.days = true
			s.touch(a)
		}
	}
}

// note adds a point, and reports whether it is a day's first.
func (b *equityBook) note(p equityPoint) bool {
	b.minutes = append(b.minutes, p)
	if n := len(b.minutes); n > 2*minutesKept { // not at every point, because it copies them
		b.minutes = slices.Clone(b.minutes[n-minutesKept:])
	}
	if n := len(b.Days); n > 0 && calendar.Midnight(b.Days[n-1].At).Equal(calendar.Midnight(p.At)) {
		b.Days[n-1] = p
		return false
	}
	b.Days = append(b.Days, p)
	if n := len(b.Days); n > daysKept {
		b.Days = b.Days[n-daysKept:]
	}
	return true
}

// at returns the last worth recorded by then, or the opening one.
func (b *equityBook) at(t time.Time, opening decimal.Decimal) decimal.Decimal {
	best := equityPoint{Equity: opening}
	for _, points := range [][]equityPoint{b.Days, b.minutes} {
		i, found := slices.BinarySearchFunc(points, t, func(p equityPoint, t time.Time) int { return p.At.Compare(t) })
		if found {
			i++
		}
		if i > 0 && !points[i-1].At.Before(best.At) {
			best = points[i-1]
		}
	}
	return best.Equity
}

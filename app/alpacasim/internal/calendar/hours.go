package calendar

import (
	"iter"
	"time"
)

// Hours says when something trades.
type Hours int

// The hours of what is traded.
const (
	AllHours      Hours = iota // at any time: coins, and everything in a market that never closes
	ExtendedHours              // from the pre-market to the end of the post-market: shares
	RegularHours               // the regular session: options
)

// Period is a stretch of time without a break in trading.
type Period struct{ From, To time.Time }

// Periods returns when trading takes place between two times, a period for each
// day, forwards or backwards. Periods are whole: the first may begin before
// from, and the last end after to.
func (h Hours) Periods(from, to time.Time, backwards bool) iter.Seq[Period] {
	return func(yield func(Period) bool) {
		first, last := Midnight(from), Midnight(to)
		days := int(last.Sub(first).Hours()/24 + 0.5)
		for i := range days + 1 {
			midnight := first.AddDate(0, 0, i)
			if backwards {
				midnight = last.AddDate(0, 0, -i)
			}
			p, trades := h.on(midnight)
			if !trades || p.From.After(to) || !p.To.After(from) {
				continue
			}
			if !yield(p) {
				return
			}
		}
	}
}

// on returns the period of a day, and whether there is one.
func (h Hours) on(midnight time.Time) (Period, bool) {
	if h == AllHours {
		return Period{midnight, midnight.AddDate(0, 0, 1)}, true
	}
	day, trades := DayAt(midnight)
	if h == RegularHours {
		return Period{day.Open, day.Close}, trades
	}
	return Period{day.PreMarket, day.End}, trades
}

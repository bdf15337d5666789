package alpacasim

import (
	"iter"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// hours returns when something trades that in New York has these hours: at any
// time in a market that never closes.
func (s *Sim) hours(usual calendar.Hours) calendar.Hours {
	if _, keeps := s.present(); !keeps {
		return calendar.AllHours
	}
	return usual
}

// hoursOf returns when a symbol trades.
func (s *Sim) hoursOf(t tape) calendar.Hours {
	switch {
	case t.crypto:
		return calendar.AllHours
	case t.contract != nil:
		return s.hours(calendar.RegularHours)
	}
	return s.hours(calendar.ExtendedHours)
}

// ticksIn returns the trades of a window.
func (s *Sim) ticksIn(t tape, w window) iter.Seq[tick] {
	return t.ticks(s.hoursOf(t).Periods(w.from, w.to, w.desc), w.from, w.to, w.desc)
}

// bars returns the bars that begin within a window and have trades. The last
// one may still grow.
func (s *Sim) bars(t tape, f timeframe, w window) iter.Seq[bar] {
	zone := calendar.NewYork
	if t.crypto {
		zone = time.UTC
	}
	now, _ := s.present()
	return func(yield func(bar) bool) {
		start := f.start(w.from, zone)
		if start.Before(w.from) {
			start = f.next(start, zone)
		}
		if w.desc {
			start = f.start(w.to, zone)
		}
		for !start.After(w.to) && !start.Before(w.from) {
			b := bar{at: start}
			for t := range s.ticksIn(t, window{from: start, to: earlier(f.next(start, zone).Add(-time.Nanosecond), now)}) {
				b.add(t)
			}
			if b.trades > 0 && !yield(b) {
				return
			}
			if w.desc {
				start = f.previous(start, zone)
			} else {
				start = f.next(start, zone)
			}
		}
	}
}

// latestTick returns the live price as a trade: now, or when the market closed.
func (s *Sim) latestTick(t tape, live int64) tick {
	now, _ := s.present()
	at := now
	for part := range s.hoursOf(t).Periods(now.AddDate(0, 0, -14), now, true) {
		at = earlier(now, part.To.Add(-time.Microsecond))
		break
	}
	return tick{at: at, id: at.Unix()/60*10 + 9, cents: live, size: 100, buy: true}
}

// latestBar returns the newest bar that begins by then, at most two weeks
// before.
func (s *Sim) latestBar(t tape, f timeframe, until time.Time) (bar, bool) {
	for b := range s.bars(t, f, window{from: until.AddDate(0, 0, -14), to: until, desc: true}) {
		return b, true
	}
	return bar{}, false
}

package alpacasim

import (
	"iter"
	"time"
)

// trading returns when a market trades, from a time to another, by days: a coin
// always, a share in its sessions, the extended ones too, an option in the core
// session.
func (s *Sim) trading(t tape, from, to time.Time, desc bool) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		_, hours := s.present()
		first, last := midnight(from, newYork), midnight(to, newYork)
		days := int(last.Sub(first).Hours()/24 + 0.5)
		for i := range days + 1 {
			day := first.AddDate(0, 0, i)
			if desc {
				day = last.AddDate(0, 0, -i)
			}
			open := stretch{day, day.AddDate(0, 0, 1)}
			if !t.crypto && hours {
				its, trades := dayAt(day)
				if !trades {
					continue
				}
				open = stretch{its.pre, its.end}
				if t.contract != nil {
					open = stretch{its.open, its.close}
				}
			}
			if open.from.After(to) || !open.to.After(from) {
				continue
			}
			if !yield(open) {
				return
			}
		}
	}
}

// ticksIn returns the trades of a window.
func (s *Sim) ticksIn(t tape, w window) iter.Seq[tick] {
	return t.ticks(s.trading(t, w.from, w.to, w.desc), w.from, w.to, w.desc)
}

// bars returns the bars that begin within a window and have trades. The last
// one may still grow.
func (s *Sim) bars(t tape, f timeframe, w window) iter.Seq[bar] {
	zone := newYork
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
	for part := range s.trading(t, now.AddDate(0, 0, -14), now, true) {
		at = earlier(now, part.to.Add(-time.Microsecond))
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

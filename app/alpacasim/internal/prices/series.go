package prices

import (
	"iter"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// Series is the prices of a symbol as they are at a time: its past, in the hours in
// which it trades, and its live price.
type Series struct {
	Tape  Tape
	Hours calendar.Hours
	Now   time.Time
	Live  int64 // in cents
}

// ForContract returns the prices of an option on this symbol. It trades in the
// regular session, or always where its underlying does.
func (s Series) ForContract(c options.Contract) Series {
	if s.Hours != calendar.AllHours {
		s.Hours = calendar.RegularHours
	}
	s.Tape, s.Live = s.Tape.ForContract(c), c.Cents(s.Live, s.Now)
	return s
}

// Trades returns the trades of a span.
func (s Series) Trades(span Span) iter.Seq[Trade] { return s.Tape.trades(s.Hours, span) }

// Bars returns the bars that begin within a span and have trades. The last one
// may still grow.
func (s Series) Bars(f Timeframe, span Span) iter.Seq[Bar] {
	zone := calendar.NewYork
	if s.Tape.Crypto {
		zone = time.UTC
	}
	return func(yield func(Bar) bool) {
		start := f.start(span.From, zone)
		if start.Before(span.From) {
			start = f.next(start, zone)
		}
		if span.Desc {
			start = f.start(span.To, zone)
		}
		for !start.After(span.To) && !start.Before(span.From) {
			b := Bar{At: start}
			for t := range s.Trades(Span{From: start, To: calendar.Earlier(f.next(start, zone).Add(-time.Nanosecond), s.Now)}) {
				b.add(t)
			}
			if b.Trades > 0 && !yield(b) {
				return
			}
			if span.Desc {
				start = f.previous(start, zone)
			} else {
				start = f.next(start, zone)
			}
		}
	}
}

// LatestTrade returns the live price as a trade: now, or when the market closed.
func (s Series) LatestTrade() Trade {
	at := s.Now
	for part := range s.Hours.Periods(s.Now.AddDate(0, 0, -14), s.Now, true) {
		at = calendar.Earlier(s.Now, part.To.Add(-time.Microsecond))
		break
	}
	return Trade{At: at, ID: at.Unix()/60*10 + 9, Cents: s.Live, Size: 100, Buy: true}
}

// LatestBar returns the newest bar that begins by then, at most two weeks
// before.
func (s Series) LatestBar(f Timeframe, until time.Time) (Bar, bool) {
	for b := range s.Bars(f, Span{From: until.AddDate(0, 0, -14), To: until, Desc: true}) {
		return b, true
	}
	return Bar{}, false
}

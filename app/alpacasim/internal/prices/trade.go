package prices

import (
	"iter"
	"math/bits"
	"slices"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/draw"
)

// Trade is a past trade. The quote at its time is a cent to either side.
type Trade struct {
	At    time.Time
	ID    int64
	Cents int64
	Size  int64 // shares, or millionths of a coin
	Buy   bool  // the taker bought
}

// minute returns the trades of a minute, oldest first: three to seven of them.
func (p Tape) minute(start time.Time) []Trade {
	number := start.Unix() / 60
	h := draw.Mix(p.key ^ draw.Mix(1<<48^uint64(number)))
	n := 3 + int64(h%5)
	before, after := p.turn(number), p.turn(number+1)
	trades := make([]Trade, n)
	for i := range trades {
		h = draw.Mix(h + uint64(i))
		span := (time.Minute / time.Duration(n)).Truncate(time.Microsecond) // a page's cursor has microseconds
		at := start.Add(time.Duration(i)*span + time.Duration(h%uint64(span/time.Microsecond))*time.Microsecond)
		size := int64(1+bits.LeadingZeros64(h<<8)*100+int(h>>20%100)) / 2
		if p.Crypto {
			size = int64(1_000 + h>>20%2_000_000)
		}
		trades[i] = Trade{At: at, ID: number*10 + int64(i), Cents: p.swung(between(before, after, at), at), Size: size, Buy: h>>62&1 == 1}
	}
	return trades
}

// Span is a part of a symbol's past. Both ends are included.
type Span struct {
	From, To time.Time
	Desc     bool // newest first
}

// trades returns the trades of a span in the hours of a market.
func (p Tape) trades(hours calendar.Hours, span Span) iter.Seq[Trade] {
	return func(yield func(Trade) bool) {
		for part := range hours.Periods(span.From, span.To, span.Desc) {
			first, last := calendar.Later(part.From, span.From).Truncate(time.Minute), calendar.Earlier(part.To.Add(-time.Minute), span.To).Truncate(time.Minute)
			for i := range int(last.Sub(first)/time.Minute) + 1 {
				start := first.Add(time.Duration(i) * time.Minute)
				if span.Desc {
					start = last.Add(-time.Duration(i) * time.Minute)
				}
				found := p.minute(start)
				if span.Desc {
					slices.Reverse(found)
				}
				for _, t := range found {
					if !t.At.Before(span.From) && !t.At.After(span.To) && !yield(t) {
						return
					}
				}
			}
		}
	}
}

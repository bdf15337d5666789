package alpacasim

import (
	"hash/fnv"
	"iter"
	"math/bits"
	"slices"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// historyBegins is where Alpaca's own history of shares begins.
var historyBegins = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)

// tape is the past of one symbol. It depends on the seed, the symbol and the
// time alone, so that any part of it can be computed again. It moves around its
// base by at most some four per cent, and the live price is drawn towards it.
type tape struct {
	key      uint64 // decides its trades
	swings   uint64 // decides its price
	base     int64  // the price around which it moves, in cents
	crypto   bool   // sizes are millionths of a coin
	contract *options.Contract
}

func newTape(a asset, seed, base int64) tape {
	key := mix(mix(uint64(seed)) ^ named(a.symbol))
	return tape{key: key, swings: key, base: base, crypto: a.class == "crypto"}
}

// forContract returns the tape of an option on this tape's symbol.
func (p tape) forContract(c options.Contract) tape {
	p.key, p.contract = mix(p.key^named(c.Symbol)), &c
	return p
}

// named returns a number for a text.
func named(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// swings are the waves of a price: how many minutes each takes to reach a new
// height, and the largest height, in millionths.
var swings = []struct{ minutes, height int64 }{
	{1, 150}, {10, 400}, {60, 1_000}, {360, 2_500}, {2_160, 5_000}, {14_400, 9_000}, {120_000, 12_000}, {540_000, 14_000},
}

// at returns the price at a time, in cents.
func (p tape) at(t time.Time) int64 {
	return p.swung(p.swing(t), t)
}

func (p tape) swung(millionths int64, t time.Time) int64 {
	cents := around(p.base, 1_000_000+millionths, 1_000_000)
	if p.contract != nil {
		return p.contract.Cents(cents, t)
	}
	return cents
}

// baseFor returns the base with which the price is this many cents at a time.
func (p tape) baseFor(cents int64, t time.Time) int64 {
	return around(cents, 1_000_000, 1_000_000+p.swing(t))
}

// around returns cents × times / over, at least a cent. A coin's cents in
// millionths can exceed 64 bits.
func around(cents, times, over int64) int64 {
	high, low := bits.Mul64(uint64(cents), uint64(times))
	quotient, _ := bits.Div64(high, low, uint64(over))
	return max(int64(quotient), 1)
}

// swing returns how far the price is from its base at a time, in millionths.
// Waves turn at whole minutes and are straight in between.
func (p tape) swing(t time.Time) int64 {
	number := t.Unix() / 60
	return between(p.turn(number), p.turn(number+1), t)
}

func between(before, after int64, t time.Time) int64 {
	return before + (after-before)*(t.UnixMilli()%60_000)/60_000
}

// turn returns the swing at the beginning of a minute.
func (p tape) turn(minute int64) int64 {
	var millionths int64
	for i, s := range swings {
		knot, past := minute/s.minutes, minute%s.minutes
		before := p.height(i, knot, s.height)
		millionths += before
		if past > 0 {
			millionths += (p.height(i, knot+1, s.height) - before) * past / s.minutes
		}
	}
	return millionths
}

func (p tape) height(swing int, knot, height int64) int64 {
	return int64(mix(p.swings^mix(uint64(swing)<<56^uint64(knot)))%uint64(2*height+1)) - height
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// tick is a past trade, with the quote at its time.
type tick struct {
	at    time.Time
	id    int64
	cents int64
	size  int64 // shares, or millionths of a coin
	buy   bool  // the taker bought
}

// minute returns the trades of a minute, oldest first: three to seven of them.
func (p tape) minute(start time.Time) []tick {
	number := start.Unix() / 60
	h := mix(p.key ^ mix(1<<48^uint64(number)))
	n := 3 + int64(h%5)
	before, after := p.turn(number), p.turn(number+1)
	ticks := make([]tick, n)
	for i := range ticks {
		h = mix(h + uint64(i))
		span := (time.Minute / time.Duration(n)).Truncate(time.Microsecond) // a page's cursor has microseconds
		at := start.Add(time.Duration(i)*span + time.Duration(h%uint64(span/time.Microsecond))*time.Microsecond)
		size := int64(1+bits.LeadingZeros64(h<<8)*100+int(h>>20%100)) / 2
		if p.crypto {
			size = int64(1_000 + h>>20%2_000_000)
		}
		ticks[i] = tick{at: at, id: number*10 + int64(i), cents: p.swung(between(before, after, at), at), size: size, buy: h>>62&1 == 1}
	}
	return ticks
}

// ticks returns the trades from a time to another, both included, oldest or
// newest first.
func (p tape) ticks(trading iter.Seq[calendar.Period], from, to time.Time, desc bool) iter.Seq[tick] {
	return func(yield func(tick) bool) {
		for part := range trading {
			first, last := later(part.From, from).Truncate(time.Minute), earlier(part.To.Add(-time.Minute), to).Truncate(time.Minute)
			for i := range int(last.Sub(first)/time.Minute) + 1 {
				start := first.Add(time.Duration(i) * time.Minute)
				if desc {
					start = last.Add(-time.Duration(i) * time.Minute)
				}
				found := p.minute(start)
				if desc {
					slices.Reverse(found)
				}
				for _, t := range found {
					if !t.at.Before(from) && !t.at.After(to) && !yield(t) {
						return
					}
				}
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

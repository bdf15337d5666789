package prices

import (
	"math/bits"
	"time"

	"paddock/app/alpacasim/internal/draw"
	"paddock/app/alpacasim/internal/options"
)

// Tape is the past of one symbol. It depends on the seed, the symbol and the
// time alone, so that any part of it can be computed again. It moves around its
// base by at most some four per cent, and the live price is drawn towards it.
type Tape struct {
	Crypto   bool   // sizes are millionths of a coin
	key      uint64 // decides its trades
	swings   uint64 // decides its price
	base     int64  // the price around which it moves, in cents
	contract *options.Contract
}

// NewTape returns the tape of a share or a coin that moves around a base, in
// cents.
func NewTape(symbol string, crypto bool, seed, base int64) Tape {
	key := draw.Mix(draw.Mix(uint64(seed)) ^ draw.Named(symbol))
	return Tape{key: key, swings: key, base: base, Crypto: crypto}
}

// ForContract returns the tape of an option on this tape's symbol.
func (p Tape) ForContract(c options.Contract) Tape {
	p.key, p.contract = draw.Mix(p.key^draw.Named(c.Symbol)), &c
	return p
}

// swings are the waves of a price: how many minutes each takes to reach a new
// height, and the largest height, in millionths.
var swings = []struct{ minutes, height int64 }{
	{1, 150}, {10, 400}, {60, 1_000}, {360, 2_500}, {2_160, 5_000}, {14_400, 9_000}, {120_000, 12_000}, {540_000, 14_000},
}

// At returns the price at a time, in cents.
func (p Tape) At(t time.Time) int64 {
	return p.swung(p.swing(t), t)
}

func (p Tape) swung(millionths int64, t time.Time) int64 {
	cents := around(p.base, 1_000_000+millionths, 1_000_000)
	if p.contract != nil {
		return p.contract.Cents(cents, t)
	}
	return cents
}

// BaseFor returns the base with which the price is this many cents at a time.
func (p Tape) BaseFor(cents int64, t time.Time) int64 {
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
func (p Tape) swing(t time.Time) int64 {
	number := t.Unix() / 60
	return between(p.turn(number), p.turn(number+1), t)
}

func between(before, after int64, t time.Time) int64 {
	return before + (after-before)*(t.UnixMilli()%60_000)/60_000
}

// turn returns the swing at the beginning of a minute.
func (p Tape) turn(minute int64) int64 {
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

func (p Tape) height(swing int, knot, height int64) int64 {
	return int64(draw.Mix(p.swings^draw.Mix(uint64(swing)<<56^uint64(knot)))%uint64(2*height+1)) - height
}

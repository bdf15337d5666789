package prices

import "paddock/app/alpacasim/internal/draw"

// Level is a price of an order book, with the size that waits there.
type Level struct{ Cents, Size int64 }

// Levels returns an order book: the quote at a trade on top, and ten steps of a
// hundredth of a per cent below it.
func (p Tape) Levels(last Trade) (bids, asks []Level) {
	step := max(last.Cents/10_000, 1)
	for i := range int64(10) {
		size := last.Size + int64(draw.Mix(p.key^uint64(last.At.UnixMicro())+uint64(i))%1_000_000)
		bids = append(bids, Level{max(last.Cents-1-i*step, 1), size})
		asks = append(asks, Level{last.Cents + 1 + i*step, size})
	}
	return bids, asks
}

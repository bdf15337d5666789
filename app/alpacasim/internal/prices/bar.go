package prices

import (
	"math/bits"
	"time"

	"github.com/shopspring/decimal"
)

// Bar summarises the trades of a period.
type Bar struct {
	At                     time.Time
	Open, High, Low, Close int64 // cents
	Volume, Trades         int64
	worthHigh, worthLow    uint64 // the sum of cents times size, of 128 bits
}

func (b *Bar) add(t Trade) {
	if b.Trades == 0 {
		b.Open, b.High, b.Low = t.Cents, t.Cents, t.Cents
	}
	b.High, b.Low, b.Close = max(b.High, t.Cents), min(b.Low, t.Cents), t.Cents
	b.Volume += t.Size
	b.Trades++
	high, low := bits.Mul64(uint64(t.Cents), uint64(t.Size))
	var carry uint64
	b.worthLow, carry = bits.Add64(b.worthLow, low, 0)
	b.worthHigh += high + carry
}

// Average returns the average price of the volume in dollars, to a hundredth of
// a cent. A bar has at least one trade.
func (b *Bar) Average() decimal.Decimal {
	cents, rest := bits.Div64(b.worthHigh, b.worthLow, uint64(b.Volume))
	high, low := bits.Mul64(rest, 100)
	hundredths, _ := bits.Div64(high, low, uint64(b.Volume))
	return decimal.New(int64(cents*100+hundredths), -4)
}

package broker

import (
	"context"
	"sync"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// How long answers are kept that are the same for all accounts of an environment. An
// asset may become one that cannot be traded at any moment, which the broker
// itself checks when an order comes; the hours of a trading day are known long before.
// Prices are never kept: market data is licensed to each account.
const (
	assetsKept = 5 * time.Minute
	daysKept   = 24 * time.Hour
)

// mostKept bounds how many answers of a kind are kept. Alpaca has some 12,000 assets.
const mostKept = 20_000

// kept has answers of the broker, each for a time.
type kept[T any] struct {
	lasts time.Duration
	mu    sync.Mutex
	by    map[string]keptAnswer[T]
}

type keptAnswer[T any] struct {
	answer T
	until  time.Time
}

func newKept[T any](lasts time.Duration) *kept[T] {
	return &kept[T]{lasts: lasts, by: map[string]keptAnswer[T]{}}
}

// ask returns the answer that is kept under a key, or else what do returns, and keeps
// that unless it is an error. Of two who ask at once both may call do.
func (k *kept[T]) ask(key string, do func() (T, error)) (T, error) {
	k.mu.Lock()
	last, is := k.by[key]
	k.mu.Unlock()
	if is && time.Now().Before(last.until) {
		return last.answer, nil
	}
	answer, err := do()
	if err != nil {
		return answer, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.by) >= mostKept {
		clear(k.by)
	}
	k.by[key] = keptAnswer[T]{answer, time.Now().Add(k.lasts)}
	return answer, nil
}

// KeptAsset is Asset, as some account of the same environment was told it within
// the last five minutes. Its answer is shared and must not be changed.
func (c *Client) KeptAsset(ctx context.Context, symbol string) (AssetAnswer, error) {
	return c.broker.assets.ask(string(c.env)+" "+symbol, func() (AssetAnswer, error) { return c.Asset(ctx, symbol) })
}

// KeptCalendarDay is CalendarDay, as some account of the same environment was told
// it within the last day. Its answer is shared and must not be changed.
func (c *Client) KeptCalendarDay(ctx context.Context, day time.Time) (Answer[[]alpaca.CalendarDay], error) {
	return c.broker.days.ask(string(c.env)+" "+day.Format(time.DateOnly), func() (Answer[[]alpaca.CalendarDay], error) { return c.CalendarDay(ctx, day) })
}

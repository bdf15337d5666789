package mirror_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/trading"
)

// refuseLists makes the broker refuse lists of orders, so that every
// reconciliation fails. It returns a function that counts the attempts.
func (w *world) refuseLists() (tried func() int64) {
	var n atomic.Int64
	w.front.list.Store(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		rw.WriteHeader(http.StatusForbidden)
	}))
	return n.Load
}

func (w *world) allowLists() { w.front.list.Store(http.HandlerFunc(w.front.sim.ServeHTTP)) }

// A reconciliation that fails is tried again after growing pauses, so that an
// hour of failures does not use up the requests that orders need.
func TestFailingReconciliationsBackOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.front.streams.Store(http.StatusNotFound) // each failed connection asks for a reconciliation
	tried := w.refuseLists()
	const pause = 200 * time.Millisecond
	w.run(func(c *mirror.Config) { c.RetryPause = pause })
	w.eventually("the first attempt", func() bool { return tried() > 0 })
	began := time.Now()
	w.eventually("six more", func() bool { return tried() > 6 })
	// The pauses before these attempts are 1, 2, 4, … 32 times RetryPause, and
	// jitter shortens each to a quarter at most.
	if took := time.Since(began); took < 63*pause/4 {
		t.Errorf("six more attempts took %s", took)
	}
	w.allowLists()
	w.eventually("the agreement", func() bool { return w.agreed() != nil })
}

// The next attempt does not wait for the end of the pause if somebody needs it:
// POST /api/sync, an order whose guards need the mirror, or a stream that
// connects, which shows that the broker is back.
func TestFailingReconciliationIsHurried(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*world) error{
		"by a sync": func(w *world) error {
			_, err := w.trading().Sync(w.t.Context(), w.account)
			return err
		},
		"by an order": func(w *world) error {
			if _, err := w.trading().SetGuards(w.t.Context(), w.account, trading.Limits{MaxPositionQty: &trading.Amount{Decimal: decimal.NewFromInt(10)}}); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
			defer cancel()
			_, err := w.trading().Place(ctx, w.account, "", orderRequest("a"))
			for problem.Is(err, problem.AccountNotSynced) && ctx.Err() == nil { // each call waits three seconds and then says that it is to be tried again
				_, err = w.trading().Place(ctx, w.account, "", orderRequest("a"))
			}
			return err
		},
		"by the stream": func(w *world) error {
			w.front.streams.Store(0)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unlimited)
			w.front.streams.Store(http.StatusServiceUnavailable)
			tried := w.refuseLists()
			w.run(func(c *mirror.Config) { c.RetryPause = time.Hour })
			w.eventually("the failure", func() bool { return w.health().SyncError != nil })
			w.allowLists()
			if err := ask(w); err != nil {
				t.Errorf("requested %s: %v", name, err)
			}
			w.eventually("the agreement", func() bool { return w.agreed() != nil })
			if n := tried(); n != 1 {
				t.Errorf("%d reconciliations were tried while they could only fail", n)
			}
		})
	}
}

package underway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// waited returns how long an update of the order waits.
func waited(ctx context.Context, o *Orders, account uuid.UUID, id string) time.Duration {
	began := time.Now()
	o.Wait(ctx, account, id)
	return time.Since(began)
}

// An update waits for the answer of its own order alone, and goes on as soon as that was
// recorded.
func TestUpdatesLetTheirAnswerGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, account := New(), uuid.New()
		recorded := o.Send(account, "a")
		if d := waited(t.Context(), o, account, "b"); d != 0 {
			t.Errorf("an update of another order waited for %s", d)
		}
		if d := waited(t.Context(), o, uuid.New(), "a"); d != 0 {
			t.Errorf("an update of another account waited for %s", d)
		}
		time.AfterFunc(3*time.Millisecond, recorded)
		if d := waited(t.Context(), o, account, "a"); d != 3*time.Millisecond {
			t.Errorf("its own update waited for %s", d)
		}
		if d := waited(t.Context(), o, account, "a"); d != 0 {
			t.Errorf("once the answer was recorded an update waited for %s", d)
		}
		if len(o.orders) != 0 {
			t.Errorf("it keeps %v", o.orders)
		}
	})
}

// A slow answer delays one update of its account in a second, by no more than 20 ms, and
// none of another account.
func TestASlowAnswerDelaysLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, slow, other := New(), uuid.New(), uuid.New()
		for _, id := range []string{"a", "b"} {
			defer o.Send(slow, id)()
		}
		if d := waited(t.Context(), o, slow, "a"); d != o.Most {
			t.Errorf("the first update waited for %s", d)
		}
		for _, id := range []string{"a", "b"} {
			if d := waited(t.Context(), o, slow, id); d != 0 {
				t.Errorf("after it an update of order %s waited for %s", id, d)
			}
		}
		defer o.Send(other, "a")()
		if d := waited(t.Context(), o, other, "a"); d != o.Most {
			t.Errorf("an update of another account waited for %s", d)
		}
		time.Sleep(2 * pause)
		if d := waited(t.Context(), o, slow, "b"); d != o.Most {
			t.Errorf("two seconds later an update waited for %s", d)
		}
		if len(o.late) != 1 {
			t.Errorf("it remembers %d accounts", len(o.late))
		}
		ended, end := context.WithCancel(t.Context())
		end()
		time.Sleep(2 * pause)
		if d := waited(ended, o, slow, "b"); d != 0 {
			t.Errorf("a stream that ends waited for %s", d)
		}
	})
}

// The retry of an order is sent under its id while the first sending is not over: what
// ends the first does not end the second.
func TestALaterSendingIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, account := New(), uuid.New()
		first, second := o.Send(account, "a"), o.Send(account, "a")
		first()
		if d := waited(t.Context(), o, account, "a"); d != o.Most {
			t.Errorf("the update waited for %s", d)
		}
		second()
		if len(o.orders) != 0 {
			t.Errorf("it keeps %v", o.orders)
		}
	})
}

// Without Orders, nobody waits.
func TestNilOrders(t *testing.T) {
	var o *Orders
	o.Send(uuid.New(), "a")()
	o.Wait(t.Context(), uuid.New(), "a")
}

// Package underway knows the orders that this process has sent to the broker, and whose
// answer it has not recorded yet.
package underway

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// pause is for how long nothing of an account waits once an answer took too long.
const pause = time.Second

// Orders are the orders under way. The broker tells of an order over the account's stream
// at the time at which it answers the request. Both are recorded under the lock of the
// account's log, and somebody waits for the answer: so whoever records an update lets the
// answer go first. Nothing but the order of the two depends on it: either may come first.
//
// Nil Orders are none: nobody waits.
type Orders struct {
	// Most is how long one update waits at most; 20 ms.
	Most time.Duration

	mu     sync.Mutex
	orders map[order]chan struct{} // closed once the answer was recorded, or was lost
	late   map[uuid.UUID]time.Time // accounts of which an answer took too long, and when
}

// order is an order as the broker's updates name it.
type order struct {
	account       uuid.UUID
	clientOrderID string
}

// New returns an Orders without any.
func New() *Orders {
	return &Orders{Most: 20 * time.Millisecond, orders: map[order]chan struct{}{}, late: map[uuid.UUID]time.Time{}}
}

// Send notes that an order is about to be sent. Call what it returns once the answer was
// recorded, or will not be.
func (o *Orders) Send(account uuid.UUID, clientOrderID string) (recorded func()) {
	if o == nil {
		return func() {}
	}
	sent, done := order{account, clientOrderID}, make(chan struct{})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.orders[sent] = done
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.orders[sent] == done { // and no later sending of the same order has taken its place
			delete(o.orders, sent)
		}
		close(done)
	}
}

// Wait waits until the answer to an order was recorded, for Most at most. An order that
// is not under way is not waited for, nor any of an account for a second after an answer
// took longer: a slow broker delays an account's updates by Most in a second.
func (o *Orders) Wait(ctx context.Context, account uuid.UUID, clientOrderID string) {
	if o == nil {
		return
	}
	o.mu.Lock()
	recorded, sent := o.orders[order{account, clientOrderID}]
	sent = sent && time.Since(o.late[account]) > pause
	o.mu.Unlock()
	if !sent {
		return
	}
	timer := time.NewTimer(o.Most)
	defer timer.Stop()
	select {
	case <-recorded:
	case <-ctx.Done():
	case <-timer.C:
		o.noteLate(account)
	}
}

// noteLate notes that an answer of the account takes long, and forgets those that no
// longer matter.
func (o *Orders) noteLate(account uuid.UUID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for other, at := range o.late {
		if time.Since(at) > pause {
			delete(o.late, other)
		}
	}
	o.late[account] = time.Now()
}

package mirror

import (
	"sync/atomic"
	"time"

	"paddock/app/broker"
)

// Observer is told what the mirror does. Each of its functions may be nil.
type Observer struct {
	// Update is told of each update of a stream: how long after the broker sent
	// it it was in the database, by both clocks and what is known of their
	// difference, and whether it could be applied.
	Update func(lag time.Duration, applied bool)
	// Reconciled is told how each reconciliation ended, and how long it took.
	Reconciled func(took time.Duration, err error)
	// Parked is told of each order that stays unclear.
	Parked func()
}

// State is what this instance does.
type State struct {
	Held      int64            // accounts that it looks after
	Wanted    int64            // streams that it means to have: see Manager.Streams
	Without   int64            // accounts without a stream because it may have no more
	Connected map[string]int64 // streams that are connected, by their transport
}

// counts are what State tells.
type counts struct{ held, streams, without, sse, socket atomic.Int64 }

func (c *counts) connected(kind string) *atomic.Int64 {
	if kind == transportSocket {
		return &c.socket
	}
	return &c.sse
}

// State returns the state.
func (m *Manager) State() State {
	wanted, without := m.Streams()
	return State{Held: m.counts.held.Load(), Wanted: wanted, Without: without, Connected: map[string]int64{
		transportSSE: m.counts.sse.Load(), transportSocket: m.counts.socket.Load(),
	}}
}

// countHeld counts the accounts whose streams were not told to end.
func (m *Manager) countHeld() {
	held := int64(0)
	for _, r := range m.running {
		if !r.ended {
			held++
		}
	}
	m.counts.held.Store(held)
}

// observeUpdate tells the observer of an update that is in the database now.
func (a *account) observeUpdate(msg broker.Message, applied bool) {
	if a.m.Observer.Update == nil {
		return
	}
	sent := broker.UpdateTime(msg.Update)
	if sent.IsZero() {
		return
	}
	ahead, _ := a.m.Broker.ClockSkew(broker.Environment(a.lease.Environment))
	a.m.Observer.Update(time.Since(sent)+ahead, applied)
}

// observeReconciliation tells the observer of a reconciliation that began at
// this time.
func (a *account) observeReconciliation(began time.Time, err error) {
	if a.m.Observer.Reconciled != nil {
		a.m.Observer.Reconciled(time.Since(began), err)
	}
}

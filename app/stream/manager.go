// Package stream brings the broker's truth into Postgres: one reader of trade
// updates an account, held by a lease, with reconciliation by REST after every
// connect and gap, and the look-up of orders whose answer was lost.
package stream

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/tenant"
)

// Config is what a Manager is made of. Zero durations take the defaults.
type Config struct {
	Worker *tenant.Worker
	Keys   *accounts.Keyring
	Broker *broker.Broker
	Logger *slog.Logger

	Every     time.Duration // between two looks at the leases; 2 s
	Rest      time.Duration // the least time between two looks; 500 ms
	LeaseTTL  time.Duration // how long a lease outlives its holder; 10 s
	Reconcile time.Duration // between two reconciliations of a quiet stream; 3 min
	// MirrorMaxAge is how old an agreement may be for guards where no stream has
	// told everything since; 1 min.
	MirrorMaxAge time.Duration
	// RetryPause is the pause after a reconciliation that failed; it doubles with
	// each in a row, up to half a minute. 2 s.
	RetryPause time.Duration
	Silence    time.Duration // after which an open order that nothing is heard of is looked at; 30 s
	// LookupWindow is how long an order that the broker does not know is
	// looked up before it is parked as unknown; 60 s, and never less than a
	// call to the broker may take.
	LookupWindow time.Duration
	// WindDownPause is the least pause after a round of a wind-down in which the
	// broker refused something; it doubles with each. 1 s.
	WindDownPause time.Duration
	MaxAccounts   int // 2,000
	MaxAtOnce     int // streams that are being connected, and reconciliations, at a time; 32 of each
}

// Manager shares out accounts over instances and runs a stream for each that
// this one holds.
type Manager struct {
	Config
	holder      uuid.UUID
	wake        chan struct{}
	connecting  chan struct{} // a place for each stream that is being connected
	reconciling chan struct{} // and for each reconciliation

	running map[uuid.UUID]*running // Run's own
	renewed time.Time              // when the leases were, the last time; Run's own
	giving  atomic.Bool            // surplus accounts are being given back
	givers  sync.WaitGroup
}

// running is a stream that was started. One that is ended stays where it is
// until it is over, so that the next of its account begins after it.
type running struct {
	lease  tenant.Lease
	cancel context.CancelFunc
	ended  bool
	done   chan struct{} // it is over, and all before it

	account *account
}

func (r *running) end() {
	r.ended = true
	r.cancel()
}

func (r *running) isOver() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// New makes a Manager; Run starts it.
func New(c Config) *Manager {
	c.Every = orDefault(c.Every, 2*time.Second)
	c.Rest = orDefault(c.Rest, 500*time.Millisecond)
	c.LeaseTTL = orDefault(c.LeaseTTL, 10*time.Second)
	c.Reconcile = orDefault(c.Reconcile, 3*time.Minute)
	c.MirrorMaxAge = orDefault(c.MirrorMaxAge, time.Minute)
	c.RetryPause = orDefault(c.RetryPause, 2*time.Second)
	c.Silence = orDefault(c.Silence, 30*time.Second)
	c.LookupWindow = orDefault(c.LookupWindow, time.Minute)
	c.WindDownPause = orDefault(c.WindDownPause, time.Second)
	if c.MaxAccounts == 0 {
		c.MaxAccounts = 2000
	}
	if c.MaxAtOnce == 0 {
		c.MaxAtOnce = 32
	}
	return &Manager{
		Config: c, holder: uuid.New(), wake: make(chan struct{}, 1), running: map[uuid.UUID]*running{},
		connecting: make(chan struct{}, c.MaxAtOnce), reconciling: make(chan struct{}, c.MaxAtOnce),
	}
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// Wake makes the Manager look at the leases now: credentials may be new.
func (m *Manager) Wake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run holds leases and streams until ctx ends, then gives everything back.
func (m *Manager) Run(ctx context.Context) error {
	tick := time.NewTicker(m.Every)
	defer tick.Stop()
	for {
		m.look(ctx)
		looked := time.Now()
		select {
		case <-ctx.Done():
			m.stopAll(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		case <-m.wake:
			// Every event of every account wakes it: twice a second is enough.
			if !sleep(ctx, m.Rest-time.Since(looked)) {
				continue
			}
		}
	}
}

// look renews and takes leases, and starts and stops streams accordingly; it
// waits for none of them. A stream that cannot be sure of its lease goes on:
// the database refuses what it writes once the lease is another's.
func (m *Manager) look(ctx context.Context) {
	claim, cancel := context.WithTimeout(ctx, m.LeaseTTL/2)
	leases, err := m.Worker.Claim(claim, m.holder, m.LeaseTTL, m.MaxAccounts)
	cancel()
	if err != nil {
		if ctx.Err() == nil {
			m.Logger.Warn("leases could not be renewed", "err", err)
		}
		if time.Since(m.renewed) > 3*m.LeaseTTL {
			// The accounts are another's by now, whom a WebSocket of ours
			// would shut out.
			for _, r := range m.running {
				r.end()
			}
		}
		return
	}
	m.renewed = time.Now()
	winding, err := m.Worker.RunningWindDowns(ctx, m.holder)
	if err != nil && ctx.Err() == nil {
		m.Logger.Warn("wind-downs could not be looked for; the next look finds them", "err", err)
	}
	giving := m.giving.Load()
	var surplus []*running
	held := make(map[uuid.UUID]bool, len(leases))
	for _, l := range leases {
		held[l.Account] = true
		r := m.running[l.Account]
		switch {
		case l.Surplus && r != nil:
			surplus = append(surplus, r)
			continue
		case r != nil && r.ended && giving && r.lease.Fence == l.Fence:
			continue // it is being given back
		case r == nil:
			r = m.start(ctx, l, nil)
		case r.ended || r.lease.Fence != l.Fence || r.lease.Generation != l.Generation || r.lease.StreamMode != l.StreamMode:
			r.end()
			r = m.start(ctx, l, r)
		}
		r.account.told(l)
		if winding[l.Account] {
			signal(r.account.winding)
		}
	}
	for id, r := range m.running {
		if held[id] {
			continue
		}
		r.end()
		if r.isOver() {
			delete(m.running, id)
		}
	}
	m.giveBack(ctx, surplus)
}

// maxFarewell is how long streams may take to end before their leases are
// given back without those that still run.
const maxFarewell = 2 * time.Second

// giveBack ends streams and gives their leases back: in this order, since a
// WebSocket that still stands would shut the next holder's out.
func (m *Manager) giveBack(ctx context.Context, surplus []*running) {
	if len(surplus) == 0 || !m.giving.CompareAndSwap(false, true) {
		return
	}
	for _, r := range surplus {
		r.end()
	}
	m.givers.Go(func() {
		defer m.giving.Store(false)
		patience := time.After(maxFarewell)
		var over []uuid.UUID
		for late := false; len(surplus) > 0; surplus = surplus[1:] {
			r := surplus[0]
			if !late {
				select {
				case <-r.done:
				case <-patience:
					late = true
				case <-ctx.Done():
					return // all is given back
				}
			}
			if r.isOver() {
				over = append(over, r.lease.Account)
			}
		}
		if len(over) == 0 {
			return // the next look tries it again
		}
		m.Logger.Info("accounts are given back, for other instances to stream", "accounts", len(over))
		if err := m.Worker.Release(ctx, m.holder, over); err != nil && ctx.Err() == nil {
			m.Logger.Warn("accounts could not be given back; it is tried again", "err", err)
		}
	})
}

// stopAll ends all streams, and gives their leases back when they have ended
// or had the time for it: what still runs then can write nothing.
func (m *Manager) stopAll(ctx context.Context) {
	over := make(chan struct{})
	for _, r := range m.running {
		r.end()
	}
	m.givers.Wait()
	go func() {
		defer close(over)
		for _, r := range m.running {
			<-r.done
		}
	}()
	select {
	case <-over:
	case <-time.After(maxFarewell):
	}
	last, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := m.Worker.Release(last, m.holder, nil); err != nil {
		m.Logger.Warn("leases could not be given back; they run out by themselves", "err", err)
	}
	<-over
	clear(m.running)
}

// take waits for one of a bounded number of places, and says whether there was
// one before the context ended. Whoever has it calls leave.
func take(ctx context.Context, places chan struct{}) (leave func(), ok bool) {
	select {
	case places <- struct{}{}:
		return sync.OnceFunc(func() { <-places }), true
	case <-ctx.Done():
		return nil, false
	}
}

// backoff waits between two attempts: it grows to half a minute, with jitter,
// so that a broker that restarts is not stormed.
func backoff(ctx context.Context, attempt int) bool {
	d := min(500*time.Millisecond<<min(attempt, 6), 30*time.Second)
	return sleep(ctx, d/4+rand.N(d))
}

// backoffReaped waits between two attempts at a stream of which the account
// may have one: Alpaca takes up to 90 seconds to notice that one is gone.
func backoffReaped(ctx context.Context, attempt int) bool {
	d := min(time.Second<<min(attempt, 6), time.Minute)
	return sleep(ctx, d/2+rand.N(d))
}

// sleep waits, and says whether the context still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

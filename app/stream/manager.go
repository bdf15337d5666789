// Package stream brings the broker's truth into Postgres: one reader of trade
// updates an account, held by a lease, with reconciliation by REST after every
// connect and gap, and the look-up of orders whose answer was lost.
package stream

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
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
	Rest      time.Duration // the least time between two looks; 1 s
	LeaseTTL  time.Duration // how long a lease outlives its holder; 10 s
	Reconcile time.Duration // between two reconciliations of a quiet stream; 3 min
	Silence   time.Duration // after which an open order that nothing is heard of is looked at; 30 s
	// LookupWindow is how long an order that the broker does not know is
	// looked up before it is parked as unknown; 60 s, and never less than a
	// call to the broker may take.
	LookupWindow time.Duration
	MaxAccounts  int // 2,000
}

// Manager shares out accounts over instances and runs a stream for each that
// this one holds.
type Manager struct {
	Config
	holder uuid.UUID
	wake   chan struct{}

	mu      sync.Mutex
	running map[uuid.UUID]*running
}

// running is a stream that was started.
type running struct {
	lease  tenant.Lease
	cancel context.CancelFunc
	done   chan struct{}

	account *account
}

// New makes a Manager; Run starts it.
func New(c Config) *Manager {
	c.Every = orDefault(c.Every, 2*time.Second)
	c.Rest = orDefault(c.Rest, time.Second)
	c.LeaseTTL = orDefault(c.LeaseTTL, 10*time.Second)
	c.Reconcile = orDefault(c.Reconcile, 3*time.Minute)
	c.Silence = orDefault(c.Silence, 30*time.Second)
	c.LookupWindow = orDefault(c.LookupWindow, time.Minute)
	if c.MaxAccounts == 0 {
		c.MaxAccounts = 2000
	}
	return &Manager{Config: c, holder: uuid.New(), wake: make(chan struct{}, 1), running: map[uuid.UUID]*running{}}
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
			m.stopAll()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := m.Worker.Release(last, m.holder); err != nil {
				m.Logger.Warn("leases could not be given back; they run out by themselves", "err", err)
			}
			return nil
		case <-tick.C:
		case <-m.wake:
			// Every event of every account wakes it: once a second is enough.
			if !sleep(ctx, m.Rest-time.Since(looked)) {
				continue
			}
		}
	}
}

// look renews and takes leases, and starts and stops streams accordingly. A
// stream that cannot be sure of its lease goes on: the database refuses what
// it writes once the lease is another's.
func (m *Manager) look(ctx context.Context) {
	claim, cancel := context.WithTimeout(ctx, m.LeaseTTL/2)
	leases, err := m.Worker.Claim(claim, m.holder, m.LeaseTTL, m.MaxAccounts)
	cancel()
	if err != nil {
		if ctx.Err() == nil {
			m.Logger.Warn("leases could not be renewed", "err", err)
		}
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	held := make(map[uuid.UUID]bool, len(leases))
	for _, l := range leases {
		held[l.Account] = true
		old := m.running[l.Account]
		if old != nil && (old.lease.Fence != l.Fence || old.lease.Generation != l.Generation || old.lease.StreamMode != l.StreamMode) {
			old.cancel()
			<-old.done
			old = nil
		}
		if old == nil {
			m.start(ctx, l)
		}
		m.running[l.Account].account.told(l)
	}
	for id, r := range m.running {
		if !held[id] {
			r.cancel()
			<-r.done
			delete(m.running, id)
		}
	}
}

func (m *Manager) stopAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.running {
		r.cancel()
	}
	for id, r := range m.running {
		<-r.done
		delete(m.running, id)
	}
}

// backoff waits between two attempts: it grows to half a minute, with jitter,
// so that a broker that restarts is not stormed.
func backoff(ctx context.Context, attempt int) bool {
	d := min(250*time.Millisecond<<min(attempt, 7), 30*time.Second)
	return sleep(ctx, d/2+rand.N(d))
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

// Package mirror keeps the mirror: it copies each account's orders, fills and
// positions from the broker into Postgres. Its input is the broker's stream of
// trade updates, read by one instance for each account under a lease, and the
// broker's REST API, by which it reconciles after every connection and gap. It
// also looks up orders whose answer was lost, carries out wind-downs, and imports
// the history of an account that has traded elsewhere.
//
// Mirror, lease, reconciliation, lost and odd are explained in
// docs/glossary.md.
package mirror

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/app/underway"
	"paddock/app/wait"
)

// Config is what a Manager needs. Zero durations take the defaults.
type Config struct {
	Worker   *tenant.Worker
	Keys     *credentials.Keyring
	Broker   *broker.Broker
	Logger   *slog.Logger
	Observer Observer
	// UnderWay, unless it is nil, has the orders of this process whose answer is not
	// recorded yet: their updates let it go first.
	UnderWay *underway.Orders

	RenewEvery time.Duration // between two renewals of the leases; 2 s
	RenewPause time.Duration // least time between two renewals; 500 ms
	// ClaimEvery is the time between two looks at all accounts where nothing
	// asks for one; 5 times RenewEvery.
	ClaimEvery time.Duration
	LeaseTTL   time.Duration // how long a lease lasts without renewal; 10 s
	Reconcile  time.Duration // between two reconciliations where nothing asks for one; 3 min
	// ReconcileAtRest is the same for an account at rest; 8 min, and always so
	// that a reconciliation is over before guards trust the last one no more.
	ReconcileAtRest time.Duration
	// MirrorMaxAge is how long after a reconciliation guards rely on the mirror
	// where no unbroken stream has kept it since; 1 min.
	MirrorMaxAge time.Duration
	// RetryPause is the pause after a reconciliation that failed; it doubles
	// with each failure in a row, up to half a minute. 2 s.
	RetryPause time.Duration
	Silence    time.Duration // after which an open order without updates is read; 30 s
	// LookupWindow is how long an order that the broker does not know is looked
	// up before it is marked unknown; 60 s, and never less than a call to the
	// broker may take.
	LookupWindow time.Duration
	// WindDownPause is the least pause after a round of a wind-down in which
	// the broker refused something; it doubles with each such round. 1 s.
	WindDownPause time.Duration
	// FirstPages is how many pages of 500 orders a first reconciliation reads; an
	// import of the history reads the rest. 1.
	FirstPages int
	MaxStreams int // of this instance; it reconciles further accounts without one; 2,000
	MaxAtOnce  int // connections being made, and reconciliations, at a time; 32 of each
}

// Manager holds leases on accounts and runs a stream for each.
type Manager struct {
	Config
	holder         uuid.UUID
	wake           chan struct{}
	connectSlots   chan struct{} // one entry for each connection being made
	reconcileSlots chan struct{} // one entry for each reconciliation
	historySlots   chan struct{} // one entry for each page of a history that is being read and recorded

	running   map[uuid.UUID]*running // used by Run alone
	renewed   time.Time              // when leases were last renewed; used by Run alone
	last      lastClaim              // used by Run alone
	lost      atomic.Bool            // a stream has found that its lease is lost, or the leases could not be renewed
	releasing atomic.Bool            // surplus accounts are being released
	releases  sync.WaitGroup
	counts    counts
}

// running is a stream that was started. One that was told to end stays in the
// map until it is over, so that the next stream of its account begins after it.
type running struct {
	lease  tenant.Lease
	cancel context.CancelFunc
	ended  bool
	done   chan struct{} // closed when it is over, and all before it
	// silentAt is when its quietest open order will have been silent for too
	// long, unless there is news of it; zero where no order is open.
	silentAt time.Time

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

// New makes a Manager. It works while Run runs.
func New(c Config) *Manager {
	c.RenewEvery = orDefault(c.RenewEvery, 2*time.Second)
	c.RenewPause = orDefault(c.RenewPause, 500*time.Millisecond)
	c.ClaimEvery = orDefault(c.ClaimEvery, 5*c.RenewEvery)
	c.LeaseTTL = orDefault(c.LeaseTTL, 10*time.Second)
	c.Reconcile = orDefault(c.Reconcile, 3*time.Minute)
	c.ReconcileAtRest = orDefault(c.ReconcileAtRest, c.Reconcile*8/3)
	c.MirrorMaxAge = orDefault(c.MirrorMaxAge, time.Minute)
	c.RetryPause = orDefault(c.RetryPause, 2*time.Second)
	c.Silence = orDefault(c.Silence, 30*time.Second)
	c.LookupWindow = orDefault(c.LookupWindow, time.Minute)
	c.WindDownPause = orDefault(c.WindDownPause, time.Second)
	if c.FirstPages == 0 {
		c.FirstPages = 1
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 2000
	}
	if c.MaxAtOnce == 0 {
		c.MaxAtOnce = 32
	}
	return &Manager{
		Config: c, holder: uuid.New(), wake: make(chan struct{}, 1), running: map[uuid.UUID]*running{},
		connectSlots: make(chan struct{}, c.MaxAtOnce), reconcileSlots: make(chan struct{}, c.MaxAtOnce), historySlots: make(chan struct{}, historyPagesAtOnce),
	}
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// Wake makes the Manager look at the leases now, because credentials may be
// new.
func (m *Manager) Wake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run holds leases and runs streams until ctx ends, and then releases them.
func (m *Manager) Run(ctx context.Context) error {
	tick := time.NewTicker(m.RenewEvery)
	defer tick.Stop()
	for {
		m.renewLeases(ctx)
		m.countHeld()
		looked := time.Now()
		select {
		case <-ctx.Done():
			m.stopAll(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		case <-m.wake:
			// Every event of every account wakes the Manager: twice a second is
			// enough.
			if !wait.For(ctx, m.RenewPause-time.Since(looked)) {
				continue
			}
		}
	}
}

// lastClaim is what is known of the last look at all accounts.
type lastClaim struct {
	mark    string        // what News.Mark was before it
	ended   time.Time     // zero before the first
	took    time.Duration // how long it took
	changed bool          // it found something to do: the next one may find more
}

// claimShare bounds how much of the time is spent in looks at all accounts,
// however often something asks for one: a twentieth.
const claimShare = 20

// isClaimDue reports whether to look at all accounts now.
func (m *Manager) isClaimDue(mark string) bool {
	idle := time.Since(m.last.ended)
	switch {
	case m.last.ended.IsZero(), idle >= m.ClaimEvery:
		return true
	case !m.last.changed && m.last.mark == mark && !m.lost.Load():
		return false
	}
	if early := claimShare*m.last.took - idle; early > 0 {
		time.AfterFunc(early, m.Wake)
		return false
	}
	return true
}

// renewLeases renews the leases, looks at all accounts where there is reason to,
// and tells accounts what they must know. Where the renewal fails, streams go on:
// the database refuses their writes once the lease is somebody else's.
func (m *Manager) renewLeases(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, m.LeaseTTL/2)
	defer cancel()
	news, err := m.Worker.Renew(limited, m.holder, m.LeaseTTL, m.MaxStreams)
	if err == nil && m.isClaimDue(news.Mark) {
		if err = m.claim(ctx, limited, news.Mark); err == nil {
			news, err = m.Worker.Renew(limited, m.holder, m.LeaseTTL, m.MaxStreams)
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			m.Logger.Warn("leases could not be renewed", "err", err)
		}
		m.lost.Store(true) // the database may come back older than it was: all accounts are looked at then
		if time.Since(m.renewed) > 3*m.LeaseTTL {
			// Other instances hold the accounts by now, and an open WebSocket
			// of ours would keep them from connecting.
			for _, r := range m.running {
				r.end()
			}
		}
		return
	}
	m.renewed = time.Now()
	for _, id := range news.Unresolved {
		if r := m.running[id]; r != nil {
			signal(r.account.lookUpNow)
		}
	}
	for id, n := range news.Syncs {
		if r := m.running[id]; r != nil {
			r.account.ask(n)
		}
	}
	for _, id := range news.WindingDown {
		if r := m.running[id]; r != nil {
			signal(r.account.windDownNow)
		}
	}
	for _, id := range news.Importing {
		if r := m.running[id]; r != nil {
			signal(r.account.importNow)
		}
	}
	for _, r := range m.running {
		if !r.silentAt.IsZero() && !time.Now().Before(r.silentAt) {
			signal(r.account.silent)
		}
	}
}

// claim looks at all accounts: it claims leases, and starts and stops streams
// accordingly, without waiting for any. mark is the mark of the news before it.
func (m *Manager) claim(ctx, limited context.Context, mark string) error {
	m.lost.Store(false)
	applied := m.appliedUpdates()
	began := time.Now()
	leases, err := m.Worker.Claim(limited, m.holder, m.LeaseTTL, m.MaxStreams)
	if err != nil {
		return err
	}
	// What has changed the mark may not have been committed yet, so that it takes
	// another look.
	changed := mark != m.last.mark
	giving := m.releasing.Load()
	var surplus []*running
	held := make(map[uuid.UUID]bool, len(leases))
	m.shareStreams(leases)
	for _, l := range leases {
		held[l.Account] = true
		r := m.running[l.Account]
		switch {
		case l.Surplus && r != nil:
			surplus = append(surplus, r)
			continue
		case r != nil && r.ended && giving && r.lease.Fence == l.Fence:
			continue // its lease is being released
		case r == nil:
			r = m.start(ctx, l, nil)
			changed = true
		case l.LastEventID < applied[l.Account]:
			m.Logger.Warn("the database came back older than it was: the account's stream begins again where the database is", "account", l.Account)
			r.end()
			r = m.start(ctx, l, r)
		case r.ended || r.lease.Fence != l.Fence || r.lease.Generation != l.Generation || r.lease.StreamMode != l.StreamMode || r.lease.Streamless != l.Streamless:
			r.end()
			r = m.start(ctx, l, r)
			changed = true
		}
		r.silentAt = time.Time{}
		if l.Silent != nil {
			r.silentAt = time.Now().Add(m.Silence - *l.Silent)
		}
	}
	for id, r := range m.running {
		if held[id] {
			continue
		}
		changed = true
		r.end()
		if r.isOver() {
			delete(m.running, id)
		}
	}
	m.releaseSurplus(ctx, surplus)
	m.last = lastClaim{mark: mark, ended: time.Now(), took: time.Since(began), changed: changed || len(surplus) > 0}
	return nil
}

// leaseLost asks for a look at all accounts, because a stream has found that its
// lease is lost.
func (m *Manager) leaseLost() {
	m.lost.Store(true)
	m.Wake()
}

// appliedUpdates returns the event id of the newest update that each running
// stream has applied. The database has these, unless it comes back older than it
// was.
func (m *Manager) appliedUpdates() map[uuid.UUID]string {
	ids := make(map[uuid.UUID]string, len(m.running))
	for account, r := range m.running {
		if !r.ended {
			ids[account] = r.account.lastID.Load().(string)
		}
	}
	return ids
}

// shareStreams decides which of the accounts have a stream, where there are more
// than MaxStreams: those that have one already, and then the others in the order
// of the leases. It marks the rest, and logs how many they are when that changes.
func (m *Manager) shareStreams(leases []tenant.Lease) {
	left := m.MaxStreams
	var others []int
	for i, l := range leases {
		switch r := m.running[l.Account]; {
		case l.StreamMode == "off":
		case left > 0 && r != nil && !r.ended && r.lease.Streams():
			left--
		default:
			others = append(others, i)
		}
	}
	for n, i := range others {
		leases[i].Streamless = n >= left
	}
	without := int64(max(0, len(others)-left))
	m.counts.streams.Store(int64(m.MaxStreams-left+len(others)) - without)
	if before := m.counts.without.Swap(without); before != without {
		m.Logger.Warn("accounts are reconciled every few minutes without a stream, since the instances have as many as they may: start another one, or raise PADDOCK_MAX_STREAMS",
			"accounts", without, "before", before, "streams", m.MaxStreams)
	}
}

// Streams returns how many accounts this instance streams, and how many it
// reconciles without a stream because it may have no more.
func (m *Manager) Streams() (streams, without int64) {
	return m.counts.streams.Load(), m.counts.without.Load()
}

// stopTimeout is how long streams may take to end before their leases are
// released without those that still run.
const stopTimeout = 2 * time.Second

// releaseSurplus ends streams and then releases their leases, in this order,
// because an open WebSocket keeps the next holder from connecting.
func (m *Manager) releaseSurplus(ctx context.Context, surplus []*running) {
	if len(surplus) == 0 || !m.releasing.CompareAndSwap(false, true) {
		return
	}
	for _, r := range surplus {
		r.end()
	}
	m.releases.Go(func() {
		defer m.releasing.Store(false)
		timeout := time.After(stopTimeout)
		var over []uuid.UUID
		for late := false; len(surplus) > 0; surplus = surplus[1:] {
			r := surplus[0]
			if !late {
				select {
				case <-r.done:
				case <-timeout:
					late = true
				case <-ctx.Done():
					return // stopAll releases all leases
				}
			}
			if r.isOver() {
				over = append(over, r.lease.Account)
			}
		}
		if len(over) == 0 {
			return // the next renewal tries again
		}
		m.Logger.Info("accounts are given back, for other instances to stream", "accounts", len(over))
		if err := m.Worker.Release(ctx, m.holder, over); err != nil && ctx.Err() == nil {
			m.Logger.Warn("accounts could not be given back; it is tried again", "err", err)
		}
	})
}

// stopAll ends all streams and releases their leases once they have ended, or
// after stopTimeout: a stream that still runs can write nothing then.
func (m *Manager) stopAll(ctx context.Context) {
	over := make(chan struct{})
	for _, r := range m.running {
		r.end()
	}
	m.releases.Wait()
	go func() {
		defer close(over)
		for _, r := range m.running {
			<-r.done
		}
	}()
	select {
	case <-over:
	case <-time.After(stopTimeout):
	}
	last, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := m.Worker.Release(last, m.holder, nil); err != nil {
		m.Logger.Warn("leases could not be given back; they run out by themselves", "err", err)
	}
	<-over
	clear(m.running)
	m.countHeld()
}

// acquireSlot waits for one of a limited number of slots, and reports whether
// there was one before ctx ended. The caller frees it by leave.
func acquireSlot(ctx context.Context, slots chan struct{}) (leave func(), ok bool) {
	select {
	case slots <- struct{}{}:
		return sync.OnceFunc(func() { <-slots }), true
	case <-ctx.Done():
		return nil, false
	}
}

// longestBackoff is the attempt from which on the pause grows no more.
const longestBackoff = 6

// backoff waits between two attempts, up to half a minute, with jitter, so that
// a broker that restarts does not get all connections at once. It reports
// whether ctx is still alive.
func backoff(ctx context.Context, attempt int) bool {
	d := min(500*time.Millisecond<<min(attempt, longestBackoff), 30*time.Second)
	return wait.For(ctx, d/4+rand.N(d)) // #nosec G404 -- it only spreads the times out
}

// backoffSocket waits between two attempts at a WebSocket, of which an account
// may have one: Alpaca takes up to 90 seconds to notice that the last one is
// gone.
func backoffSocket(ctx context.Context, attempt int) bool {
	d := min(time.Second<<min(attempt, longestBackoff), time.Minute)
	return wait.For(ctx, d/2+rand.N(d)) // #nosec G404 -- it only spreads the times out
}

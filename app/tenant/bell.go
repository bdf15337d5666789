package tenant

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Doorbell sends NOTIFY in transactions of its own. One that also carried data
// would hold NOTIFY's database-wide lock while it is flushed, and would fail
// when the server's queue is full. The first ring is sent at once; those that
// come while it is under way are sent together as one.
type Doorbell struct {
	pool    *pgxpool.Pool
	wakeups chan struct{}
	log     *slog.Logger
	// Near, unless it is nil, is rung at once, without a notification: it is who
	// waits for events in this process. Set it before the first ring.
	Near NearBell

	rung, failed, withheld atomic.Int64
	backend                atomic.Uint32 // the server's process that notifies; 0 before the first ring

	mu      sync.Mutex
	pending map[uuid.UUID]struct{} // accounts with news
	all     bool                   // every account is to be looked at
}

// NearBell is rung in the process. Neither method may wait.
type NearBell interface {
	Bell
	RingAll()
}

// NewDoorbell makes a Doorbell over a pool of one connection that logs in as
// paddock_worker with synchronous_commit off. It rings while Run runs.
func NewDoorbell(pool *pgxpool.Pool, log *slog.Logger) *Doorbell {
	return &Doorbell{pool: pool, wakeups: make(chan struct{}, 1), log: log, pending: map[uuid.UUID]struct{}{}}
}

// Ring asks for a ring that names this account. It does not wait for it.
func (d *Doorbell) Ring(account uuid.UUID) {
	if d.Near != nil {
		d.Near.Ring(account)
	}
	d.mu.Lock()
	d.pending[account] = struct{}{}
	d.mu.Unlock()
	d.wake()
}

// RingAll asks for a ring that names no account, so that every reader looks at
// all of its accounts: somebody's session has ended. It does not wait for it.
func (d *Doorbell) RingAll() {
	if d.Near != nil {
		d.Near.RingAll()
	}
	d.mu.Lock()
	d.all = true
	d.mu.Unlock()
	d.wake()
}

func (d *Doorbell) wake() {
	select {
	case d.wakeups <- struct{}{}:
	default: // the next ring, which is not sent yet, covers this one
	}
}

// Run sends rings until ctx ends. A ring that fails, or that the database does
// not send because its queue is filling up, is only logged: readers also poll.
func (d *Doorbell) Run(ctx context.Context) error {
	rings := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.wakeups:
			once, cancel := context.WithTimeout(ctx, 2*time.Second)
			var b Batch
			did := rings
			b.Queue("select private.notify_events($1), pg_backend_pid()", d.take()).QueryRow(func(row pgx.Row) error {
				var backend uint32
				err := row.Scan(&did, &backend)
				d.backend.Store(backend)
				return err
			})
			err := run(once, d.pool, &b)
			cancel()
			d.count(did, err)
			switch {
			case ctx.Err() != nil:
			case err != nil:
				d.log.Warn("the doorbell did not ring", "err", err)
			case rings && !did:
				d.log.Warn("the doorbell is silent, since Postgres' NOTIFY queue is half full: a session listens in a transaction that it leaves open")
			case did && !rings:
				d.log.Info("the doorbell rings again")
			}
			rings = did
		}
	}
}

// HasRungNear reports whether a notification of this process of the server's says
// nothing that Near has not been told already.
func (d *Doorbell) HasRungNear(backend uint32) bool {
	return d.Near != nil && backend == d.backend.Load()
}

// Rings is how many rings an instance has sent since its start.
type Rings struct {
	Rung     int64
	Failed   int64 // the database could not be reached
	Withheld int64 // the database did not send it, because its queue is filling up
}

// Rings returns the counts.
func (d *Doorbell) Rings() Rings {
	return Rings{Rung: d.rung.Load(), Failed: d.failed.Load(), Withheld: d.withheld.Load()}
}

func (d *Doorbell) count(did bool, err error) {
	switch {
	case err != nil:
		d.failed.Add(1)
	case did:
		d.rung.Add(1)
	default:
		d.withheld.Add(1)
	}
}

// take returns and clears the accounts to ring for: none where every account is
// to be looked at.
func (d *Doorbell) take() []pgtype.UUID {
	d.mu.Lock()
	defer d.mu.Unlock()
	var accounts []pgtype.UUID
	for account := range d.pending {
		accounts = append(accounts, asBytes(account))
	}
	clear(d.pending)
	if d.all {
		accounts, d.all = nil, false
	}
	return accounts
}

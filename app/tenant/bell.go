package tenant

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Doorbell rings by NOTIFY, in transactions of its own: one that carried data
// would hold NOTIFY's database-wide lock through its flush, and would fail with
// it when the server's queue is full. The first ring goes at once, and those
// that come while it is under way are sent as one.
type Doorbell struct {
	pool *pgxpool.Pool
	rang chan struct{}
	log  *slog.Logger

	mu   sync.Mutex
	news map[uuid.UUID]struct{} // the accounts to ring for
	all  bool                   // everybody is to be looked at
}

// NewDoorbell makes a Doorbell over a pool of one connection that logs in as
// paddock_worker with synchronous_commit off. Run makes it ring.
func NewDoorbell(pool *pgxpool.Pool, log *slog.Logger) *Doorbell {
	return &Doorbell{pool: pool, rang: make(chan struct{}, 1), log: log, news: map[uuid.UUID]struct{}{}}
}

// Ring asks for a ring because of this account and does not wait for it.
func (d *Doorbell) Ring(account uuid.UUID) {
	d.mu.Lock()
	d.news[account] = struct{}{}
	d.mu.Unlock()
	d.wake()
}

// RingAll asks for a ring that has everybody looked at: somebody's session has
// ended. It does not wait for it.
func (d *Doorbell) RingAll() {
	d.mu.Lock()
	d.all = true
	d.mu.Unlock()
	d.wake()
}

func (d *Doorbell) wake() {
	select {
	case d.rang <- struct{}{}:
	default: // one is waiting to be sent already, and will cover this
	}
}

// Run sends rings until ctx ends. A ring that fails, or that the database does
// not send because its queue is filling up, is only logged: readers look by
// themselves now and then.
func (d *Doorbell) Run(ctx context.Context) error {
	rings := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.rang:
			once, cancel := context.WithTimeout(ctx, 2*time.Second)
			var b Batch
			did := rings
			b.Queue("select private.notify_events($1)", d.take()).QueryRow(func(row pgx.Row) error { return row.Scan(&did) })
			err := run(once, d.pool, &b)
			cancel()
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

// take answers the accounts that are to be rung for, none where everybody is
// to be looked at, and forgets them.
func (d *Doorbell) take() []uuid.UUID {
	d.mu.Lock()
	defer d.mu.Unlock()
	accounts := slices.Collect(maps.Keys(d.news))
	clear(d.news)
	if d.all {
		accounts, d.all = nil, false
	}
	return accounts
}

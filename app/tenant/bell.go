package tenant

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Doorbell rings by NOTIFY, in transactions of its own: one that carried data
// would hold NOTIFY's database-wide lock through its flush. The first ring
// goes at once, and those that come while it is under way are sent as one.
type Doorbell struct {
	pool *pgxpool.Pool
	rang chan struct{}
	log  *slog.Logger

	mu   sync.Mutex
	news map[uuid.UUID]struct{} // the accounts to ring for
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
	select {
	case d.rang <- struct{}{}:
	default: // one is waiting to be sent already, and will cover this
	}
}

// Run sends rings until ctx ends. A ring that fails is only logged: readers
// look at the log by themselves now and then.
func (d *Doorbell) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.rang:
			once, cancel := context.WithTimeout(ctx, 2*time.Second)
			var b Batch
			b.Queue("select private.ring($1)", d.take())
			err := run(once, d.pool, &b)
			cancel()
			if err != nil && ctx.Err() == nil {
				d.log.Warn("the doorbell did not ring", "err", err)
			}
		}
	}
}

// take answers the accounts that are to be rung for, and forgets them.
func (d *Doorbell) take() []uuid.UUID {
	d.mu.Lock()
	defer d.mu.Unlock()
	accounts := slices.Collect(maps.Keys(d.news))
	clear(d.news)
	return accounts
}

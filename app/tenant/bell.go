package tenant

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Doorbell rings by NOTIFY, in transactions of its own: one that carried data
// would hold NOTIFY's database-wide lock through its flush. The first ring
// goes at once, and those that come while it is under way are sent as one.
type Doorbell struct {
	pool *pgxpool.Pool
	rang chan struct{}
	log  *slog.Logger
}

// NewDoorbell makes a Doorbell over a pool of one connection that logs in as
// paddock_worker with synchronous_commit off. Run makes it ring.
func NewDoorbell(pool *pgxpool.Pool, log *slog.Logger) *Doorbell {
	return &Doorbell{pool: pool, rang: make(chan struct{}, 1), log: log}
}

// Ring asks for a ring and does not wait for it.
func (d *Doorbell) Ring() {
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
			b.Queue("select private.ring()")
			err := run(once, d.pool, &b)
			cancel()
			if err != nil && ctx.Err() == nil {
				d.log.Warn("the doorbell did not ring", "err", err)
			}
		}
	}
}

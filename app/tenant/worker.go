package tenant

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Worker runs transactions on tenant data for background work: on one account
// at a time, by the lease that this instance holds on it.
type Worker struct {
	pool *pgxpool.Pool
	bell Bell
}

// NewWorker makes a Worker over a pool that logs in as paddock_worker.
func NewWorker(pool *pgxpool.Pool, bell Bell) *Worker { return &Worker{pool: pool, bell: bell} }

// Lease is an instance's right to an account's stream, with what the stream
// needs to begin.
type Lease struct {
	Account     uuid.UUID
	Environment string // paper or live
	Holder      uuid.UUID
	Fence       int64  // grows with every change of hands
	Generation  int64  // of the credentials; grows when they are replaced
	LastEventID string // the newest broker event applied; "" before the first
	StreamMode  string // auto, sse, ws or off
	// Silent is how long ago the quietest open order last had an update, by
	// Postgres' clock; nil where no order is open.
	Silent  *time.Duration
	Surplus bool // beyond the holder's share: the stream should end and the lease be released
	// Streamless is set by the holder where it may have no more streams.
	Streamless bool
}

// Streams reports whether the account is to have a stream.
func (l Lease) Streams() bool { return l.StreamMode != "off" && !l.Streamless }

// Tx admits the worker to the lease's account and runs what queue adds, in one
// transaction and one round trip to Postgres. It ends with account_forbidden
// where the lease was lost.
func (w *Worker) Tx(ctx context.Context, l Lease, queue func(*Batch)) error {
	var b Batch
	b.Queue(admitWorkerSQL, l.Account, l.Holder, l.Fence)
	queue(&b)
	return run(ctx, w.pool, &b)
}

// TxNotify is Tx for statements that change the account: it takes the lock of
// the account's log first, and rings the doorbell after the commit where the log
// has a new event. Most reconciliations find nothing new, and a ring would have
// every instance look.
func (w *Worker) TxNotify(ctx context.Context, l Lease, queue func(*Batch)) error {
	var before, after *int64 // the log's newest event
	var b Batch
	b.Queue(admitWorkerSQL, l.Account, l.Holder, l.Fence)
	b.Queue(lockLogSQL, false, w.bell != nil).QueryRow(func(row pgx.Row) error { return row.Scan(&before) })
	queue(&b)
	b.Queue(lockLogSQL, false, false).QueryRow(func(row pgx.Row) error { return row.Scan(&after) })
	if err := run(ctx, w.pool, &b); err != nil {
		return err
	}
	if w.bell != nil && after != nil && (before == nil || *before != *after) {
		w.bell.Ring(l.Account)
	}
	return nil
}

// News is what a holder must know soon of the accounts that it holds.
type News struct {
	Mark        string              // changes when Claim may find something new
	Unresolved  []uuid.UUID         // accounts with an order to which the broker's answer is missing
	Syncs       map[uuid.UUID]int64 // the number of a reconciliation that somebody waits for, by account
	WindingDown []uuid.UUID         // accounts with a wind-down that is running
	Importing   []uuid.UUID         // accounts whose history is to be imported
}

// Renew says that the holder lives, which renews all its leases for ttl from
// now, and returns what it must know soon. most is as in Claim.
func (w *Worker) Renew(ctx context.Context, holder uuid.UUID, ttl time.Duration, most int) (n News, err error) {
	var syncing []uuid.UUID
	var syncs []int64
	err = w.pool.QueryRow(ctx, "select mark, unresolved, syncing, syncs, winding_down, importing from private.renew_leases($1, $2, $3)", holder, ttl, most).
		Scan(&n.Mark, &n.Unresolved, &syncing, &syncs, &n.WindingDown, &n.Importing)
	n.Syncs = make(map[uuid.UUID]int64, len(syncing))
	for i, account := range syncing {
		n.Syncs[account] = syncs[i]
	}
	return n, toProblem(ctx, err)
}

// Claim does what Renew does, takes free leases up to the holder's share of all
// accounts, and returns all that it then holds. It looks at all accounts. The
// share is greater than most, which is how many it can stream, only where no
// instance can stream the rest.
func (w *Worker) Claim(ctx context.Context, holder uuid.UUID, ttl time.Duration, most int) ([]Lease, error) {
	rows, err := w.pool.Query(ctx, `select account_id, environment, fence, generation, coalesce(last_event_id, ''), stream_mode,
			clock_timestamp() - silent_since, surplus
		from private.claim_leases($1, $2, $3)`, holder, ttl, most)
	if err != nil {
		return nil, toProblem(ctx, err)
	}
	leases, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lease, error) {
		l := Lease{Holder: holder}
		err := row.Scan(&l.Account, &l.Environment, &l.Fence, &l.Generation, &l.LastEventID, &l.StreamMode, &l.Silent, &l.Surplus)
		return l, err
	})
	return leases, toProblem(ctx, err)
}

// Release releases the holder's leases on these accounts, and rings so that
// others take them now. Where accounts is nil it releases all of them, and the
// holder no longer counts as a live instance.
func (w *Worker) Release(ctx context.Context, holder uuid.UUID, accounts []uuid.UUID) error {
	if _, err := w.pool.Exec(ctx, "select private.release_leases($1, $2)", holder, accounts); err != nil {
		return toProblem(ctx, err)
	}
	// This does not use the bell, which has ended already at a shutdown.
	_, err := w.pool.Exec(ctx, "select private.notify_events()")
	return toProblem(ctx, err)
}

// Channel returns the name of the channel on which the doorbell rings, which is
// a secret of the database.
func (w *Worker) Channel(ctx context.Context) (string, error) {
	var name string
	var b Batch
	b.Queue("select private.doorbell_channel()").QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
	err := run(ctx, w.pool, &b)
	return name, err
}

// NotePrimary gives the run of this primary an id, if it has none yet: standbys are
// known by it (see Replica).
func (w *Worker) NotePrimary(ctx context.Context) error {
	return w.exec(ctx, "select private.note_primary()")
}

// QueueUsage returns how full the server's queue of notifications is, from 0 to
// 1.
func (w *Worker) QueueUsage(ctx context.Context) (usage float64, err error) {
	var b Batch
	b.Queue("select pg_notification_queue_usage()").QueryRow(func(row pgx.Row) error { return row.Scan(&usage) })
	err = run(ctx, w.pool, &b)
	return usage, err
}

// DeploymentState is counts by which an operator sees whether the deployment
// works.
type DeploymentState struct {
	Instances int64 // that live
	Accounts  int64 // with working keys
	Leased    int64 // of these, held by an instance
	Behind    int64 // of these, which have not agreed with the broker for the age that was asked for
	// OldestAgreement is the longest ago of the accounts' last agreements, nil
	// where none ever agreed, and SealKeyMade when the seal's key was made, nil
	// where there is none.
	OldestAgreement, SealKeyMade *time.Time
}

// DeploymentState returns the counts. An account is behind that has not agreed
// with the broker for age.
func (w *Worker) DeploymentState(ctx context.Context, age time.Duration) (state DeploymentState, err error) {
	var b Batch
	b.Queue("select instances, accounts, leased, behind, oldest_agreement, seal_key_made from private.deployment_state($1)", age).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&state.Instances, &state.Accounts, &state.Leased, &state.Behind, &state.OldestAgreement, &state.SealKeyMade)
		})
	err = run(ctx, w.pool, &b)
	return state, err
}

// SchemaVersion returns the version that the database was migrated to.
func (w *Worker) SchemaVersion(ctx context.Context) (version int32, err error) {
	var b Batch
	b.Queue("select private.schema_version()").QueryRow(func(row pgx.Row) error { return row.Scan(&version) })
	err = run(ctx, w.pool, &b)
	return version, err
}

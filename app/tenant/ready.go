package tenant

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/problem"
)

// Readiness finds out whether the database does what requests need. It has connections of
// its own: a server whose others are all busy is slow, and ready.
type Readiness struct {
	app, worker *pgxpool.Pool
	newest      int32

	mu  sync.Mutex
	at  time.Time // of the last look
	err error     // what it found
}

// NewReadiness makes a Readiness, with pools of the two logins that nothing else uses.
// newest is the version of the schema that this binary needs at least.
func NewReadiness(app, worker *pgxpool.Pool, newest int32) *Readiness {
	return &Readiness{app: app, worker: worker, newest: newest}
}

const (
	readyFor     = time.Second     // how long an answer holds: those who ask may be many, and unknown
	readyTimeout = 2 * time.Second // of a look
)

// Check returns not_ready, with a sentence that says why, where the database does
// not answer, takes no changes (a standby, read-only, a full disk), or has an
// older schema than this binary.
func (r *Readiness) Check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < readyFor {
		return r.err
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout) // the answer is also for those who wait
	defer cancel()
	r.err = r.look(limited)
	r.at = time.Now()
	return r.err
}

// What is asked of the database. A commit with a transaction's id has to reach the
// disk of the log, and a list that exceeds work_mem that of the database: neither
// leaves anything behind. resetSQL takes the settings back.
const (
	readOnlySQL = "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean"
	writeLogSQL = "select case when not (pg_is_in_recovery() or current_setting('transaction_read_only')::boolean) then pg_current_xact_id()::text end"
	spillSQL    = "select count(*) from generate_series(1, 20000)"
)

func (r *Readiness) look(ctx context.Context) error {
	if err := r.app.Ping(ctx); err != nil {
		return notReady(err)
	}
	var b Batch
	var readOnly bool
	var version int32
	b.Queue("select private.schema_version()").QueryRow(func(row pgx.Row) error { return row.Scan(&version) })
	b.Queue(readOnlySQL).QueryRow(func(row pgx.Row) error { return row.Scan(&readOnly) })
	b.Queue(writeLogSQL)
	b.Queue("set work_mem = '64kB'")
	b.Queue("set temp_tablespaces = ''") // the database's own
	b.Queue(spillSQL)
	err := run(ctx, r.worker, &b)
	switch {
	case err != nil:
		return notReady(err)
	case readOnly:
		return problem.New(problem.NotReady, "The database takes no changes: it is a standby, or read-only.")
	case version < r.newest:
		return problem.New(problem.NotReady, "The database's schema is at version %d, and this server needs version %d: run paddock migrate.", version, r.newest)
	}
	return nil
}

func notReady(err error) error {
	says := "The database does not answer."
	switch state := SQLState(err); {
	case state == "":
	case state == "53100":
		says = "The database's disk is full."
	case strings.HasPrefix(state, "3F"), strings.HasPrefix(state, "42"):
		says = "The database has no schema of Paddock's, or closes it to this server: run paddock migrate."
	default:
		says = "The database answers with the error " + state + "."
	}
	return problem.New(problem.NotReady, "%s", says).Because(err)
}

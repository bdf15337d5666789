package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Batch collects the statements of one transaction. They are sent together,
// behind the admission, and run as one: the pipeline's single Sync ends the
// transaction, so begin and commit cost no statement of their own. A statement
// that fails undoes all of them. An error that a callback returns does not:
// the server has committed by then.
type Batch struct {
	batch pgx.Batch
}

// Queue adds a statement; values are always bound. Give the answer a callback
// with Query, QueryRow or Exec of what it returns.
func (b *Batch) Queue(sql string, args ...any) *pgx.QueuedQuery {
	return b.batch.Queue(sql, args...)
}

// AppendEvent adds an event to the admitted account's log, in a Write.
func (b *Batch) AppendEvent(kind string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write the event as JSON: %w", err)
	}
	b.Queue("select private.append_event($1, $2, null)", kind, text)
	return nil
}

// resetSQL ends every transaction: whatever a query may have set for the whole
// session (row_security, a timeout, the client's encoding) goes back to what
// the connection was opened with, and commits with the rest. In one that fails
// such settings are undone anyway, so the next tenant finds a clean session.
// It stands last because pgx prepares new statements, and Postgres takes
// default_transaction_read_only, before a first statement could run.
const (
	admitSQL       = "select private.admit($1, $2)"
	admitWorkerSQL = "select private.admit_worker($1, $2, $3)"
	lockLogSQL     = "select private.lock_log($1)"
	resetSQL       = "reset all"
)

// LockLog takes the lock of the account's log, for a Do that changes the
// account and has nothing to tell of it. It comes before every other statement.
func (b *Batch) LockLog() { b.Queue(lockLogSQL, false) }

// Bell rings the doorbell after a commit.
type Bell interface{ Ring(account uuid.UUID) }

// DB is the web process's way to tenant data.
type DB struct {
	pool *pgxpool.Pool
	bell Bell
}

// NewDB makes a DB over a pool that logs in as paddock_app.
func NewDB(pool *pgxpool.Pool, bell Bell) *DB { return &DB{pool: pool, bell: bell} }

// Admission is who asks and, for all but a user's own list, for which account.
type Admission struct {
	Token   string    // of the session, its signature checked already
	Account uuid.UUID // the zero value admits the user alone
}

// Do admits the request and runs what queue adds, in one transaction and one
// round trip. It ends with unauthenticated, account_forbidden (unknown and
// foreign accounts alike), not_permitted, database_unavailable, or the
// Postgres error of a statement.
func (db *DB) Do(ctx context.Context, a Admission, queue func(*Batch)) error {
	var b Batch
	b.admit(a)
	queue(&b)
	return run(ctx, db.pool, &b)
}

// Write is Do for what changes the admitted account. It takes the lock of the
// account's log first, so that writers wait for each other in one order, and
// rings the doorbell after the commit.
func (db *DB) Write(ctx context.Context, a Admission, queue func(*Batch)) error {
	return db.write(ctx, a, false, queue)
}

// Remove is Write for what deletes the account itself: it waits for the
// account's stream as well.
func (db *DB) Remove(ctx context.Context, a Admission, queue func(*Batch)) error {
	return db.write(ctx, a, true, queue)
}

func (db *DB) write(ctx context.Context, a Admission, leases bool, queue func(*Batch)) error {
	var b Batch
	b.admit(a)
	b.Queue(lockLogSQL, leases)
	queue(&b)
	return runAndRing(ctx, db.pool, &b, db.bell, a.Account)
}

func (b *Batch) admit(a Admission) {
	var account *uuid.UUID
	if a.Account != uuid.Nil {
		account = &a.Account
	}
	b.Queue(admitSQL, a.Token, account)
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return explain(ctx, db.pool.Ping(ctx)) }

// patience is how long a transaction may take before its caller is told that
// the database is away: longer than the statement_timeout of the logins, which
// ends a slow statement, and for a server that does not answer at all.
const patience = 20 * time.Second

func run(ctx context.Context, pool *pgxpool.Pool, b *Batch) error {
	b.Queue(resetSQL)
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pool.Acquire(limited)
	if err != nil {
		return explain(ctx, err)
	}
	// Given back even where a callback panics; the pool then drops it, since
	// it is in the middle of an answer.
	defer conn.Release()
	return explain(ctx, conn.SendBatch(limited, &b.batch).Close())
}

// runAndRing is run for what may have told the account's log something.
func runAndRing(ctx context.Context, pool *pgxpool.Pool, b *Batch, bell Bell, account uuid.UUID) error {
	err := run(ctx, pool, b)
	if err == nil && bell != nil {
		bell.Ring(account)
	}
	return err
}

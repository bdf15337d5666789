package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/origin"
)

// Batch collects the statements of one transaction. They are sent together,
// after the admission, and ended by one Sync of the pipeline, so that begin and
// commit cost no statement of their own. A statement that fails undoes all of
// them. An error that a callback returns does not: the server has committed by
// then.
type Batch struct {
	batch pgx.Batch
}

// Queue adds a statement; values are always bound. To read its result, set a
// callback with Query, QueryRow or Exec of what Queue returns.
func (b *Batch) Queue(sql string, args ...any) *pgx.QueuedQuery {
	return b.batch.Queue(sql, args...)
}

// AppendEvent adds an event to the admitted account's log. Use it in TxNotify.
func (b *Batch) AppendEvent(kind string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write the event as JSON: %w", err)
	}
	b.Queue("select private.append_event($1, $2, null)", kind, text)
	return nil
}

// resetSQL is the last statement of every transaction. It sets back whatever a
// query may have changed for the whole session (row_security, a timeout, the
// client's encoding), so that the next tenant finds a clean one. A transaction
// that fails undoes such changes anyway. It comes last and not first because
// two things happen before a first statement runs: pgx prepares new statements,
// and Postgres applies default_transaction_read_only.
const (
	admitSQL       = "select private.admit($1, $2, $3)"
	admitWorkerSQL = "select private.admit_worker($1, $2, $3)"
	admitJobSQL    = "select private.admit_job($1, $2)"
	lockLogSQL     = "select private.lock_event_log($1, $2)"
	resetSQL       = "reset all"
)

// LockLog takes the lock of the account's log, for a Tx that changes the
// account without an event. It must be the first statement.
func (b *Batch) LockLog() { b.Queue(lockLogSQL, false, false) }

// Bell notifies those who wait for events, after a commit. Where there is one the
// database is told so, and does not ring by itself (private.ring_for_others).
type Bell interface{ Ring(account uuid.UUID) }

// DB runs transactions on tenant data for the web process.
type DB struct {
	pool *pgxpool.Pool
	bell Bell
	// OnAdmission, unless it is nil, is told whose a session is, with each
	// admission. Set it before the first.
	OnAdmission func(session, user string)
	// Replica, unless it is nil, runs what Read is given. Set it before the first.
	Replica *Replica
}

// NewDB makes a DB over a pool that logs in as paddock_app.
func NewDB(pool *pgxpool.Pool, bell Bell) *DB { return &DB{pool: pool, bell: bell} }

// Admission is who makes a request and for which account, or who asked for the
// job that is carried out.
type Admission struct {
	Token   string    // of the session; its signature was checked before
	Account uuid.UUID // zero where the request concerns the user and no account
	Ticket  []byte    // of a job, in place of the token: see Worker.BeginJob
}

// IsOfUser reports whether the request concerns the user and no account.
func (a Admission) IsOfUser() bool { return a.Account == uuid.Nil }

// Tx admits the request and runs what queue adds, in one transaction and one
// round trip to Postgres. It ends with unauthenticated,
// account_forbidden (unknown and foreign accounts alike), not_permitted,
// database_unavailable, or the Postgres error of a statement.
func (db *DB) Tx(ctx context.Context, a Admission, queue func(*Batch)) error {
	var b Batch
	db.admit(ctx, &b, a)
	queue(&b)
	return run(ctx, db.pool, &b)
}

// Read is Tx for statements that change nothing. Where there is a standby they may run
// there, and where that did not go well again on the primary: so queue may be called
// twice, and each time must begin anew with what its callbacks write to.
func (db *DB) Read(ctx context.Context, a Admission, queue func(*Batch)) error {
	if db.Replica != nil && db.Replica.read(ctx, func(b *Batch) {
		db.admit(ctx, b, a)
		queue(b)
	}) {
		return nil
	}
	return db.Tx(ctx, a, queue)
}

// TxNotify is Tx for statements that change the admitted account. It takes the
// lock of the account's log first, so that writers wait for each other in one
// order, and rings the doorbell after the commit.
func (db *DB) TxNotify(ctx context.Context, a Admission, queue func(*Batch)) error {
	return db.txNotify(ctx, a, false, queue)
}

// TxDelete is TxNotify for statements that delete the account itself: it also
// waits for the account's stream.
func (db *DB) TxDelete(ctx context.Context, a Admission, queue func(*Batch)) error {
	return db.txNotify(ctx, a, true, queue)
}

func (db *DB) txNotify(ctx context.Context, a Admission, leases bool, queue func(*Batch)) error {
	var b Batch
	db.admit(ctx, &b, a)
	b.Queue(lockLogSQL, leases, db.bell != nil)
	queue(&b)
	return runAndNotify(ctx, db.pool, &b, db.bell, a.Account)
}

func (db *DB) admit(ctx context.Context, b *Batch, a Admission) {
	if a.Ticket != nil {
		b.Queue(admitJobSQL, a.Account, a.Ticket)
		return
	}
	var account *uuid.UUID
	if !a.IsOfUser() {
		account = &a.Account
	}
	b.Queue(admitSQL, a.Token, account, origin.Text(ctx)).QueryRow(func(row pgx.Row) error {
		var user string
		if err := row.Scan(&user); err != nil {
			return err
		}
		if account != nil {
			origin.Admitted(ctx, *account)
		}
		if db.OnAdmission != nil {
			db.OnAdmission(a.Token, user)
		}
		return nil
	})
}

// ReplicaState returns how the standby does, nil where there is none.
func (db *DB) ReplicaState() *ReplicaState {
	if db.Replica == nil {
		return nil
	}
	state := db.Replica.State()
	return &state
}

// txTimeout is how long a transaction may take before the database counts as
// unreachable. It is longer than the statement_timeout of the logins, which
// ends a slow statement, and serves for a server that does not answer at all.
const txTimeout = 20 * time.Second

func run(ctx context.Context, pool *pgxpool.Pool, b *Batch) error {
	b.Queue(resetSQL)
	limited, cancel := context.WithTimeout(ctx, txTimeout)
	defer cancel()
	conn, err := pool.Acquire(limited)
	if err != nil {
		return toProblem(ctx, err)
	}
	// The connection is given back even where a callback panics; the pool then
	// closes it, because it still has results to read.
	defer conn.Release()
	return toProblem(ctx, conn.SendBatch(limited, &b.batch).Close())
}

// runAndNotify runs a batch that may append events, and rings the doorbell
// afterwards.
func runAndNotify(ctx context.Context, pool *pgxpool.Pool, b *Batch, bell Bell, account uuid.UUID) error {
	err := run(ctx, pool, b)
	if err == nil && bell != nil {
		bell.Ring(account)
	}
	return err
}

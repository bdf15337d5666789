package tenant

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Subscription is one connection's wish for the events of an account after a
// cursor, made with a session's token.
type Subscription struct {
	Token   string
	Account uuid.UUID
	Cursor  Cursor
}

// Access is whether a session may read an account now.
type Access string

// What the database returns for a Subscription.
const (
	AccessOK  Access = "ok"
	NoSession Access = "unauthenticated"
	NoAccess  Access = "forbidden"
	// CursorExpired: events after the cursor were dropped already.
	CursorExpired Access = "cursor_expired"
	// CursorAhead: the log has no such event, or another one of this number, since
	// the database came back older than it was.
	CursorAhead Access = "cursor_ahead"
)

// Event is one row of an account's log, and the subscriptions that are due it.
// Where their access has ended there is no row, and Access says why.
type Event struct {
	For    []int // indexes of these subscriptions
	Access Access
	Seq    int64  // 0 without a row
	Kind   string // "" without a row
	At     time.Time
	Data   json.RawMessage
}

// Cursor returns the cursor after the event.
func (e Event) Cursor() Cursor { return CursorAt(e.Seq, &e.At) }

// ReadEvents returns what each subscription is due now. The database decides
// for each by itself whether its session may read. A subscription gets at most
// most events and about bytes of their data, but at least one event if there is
// any.
func (w *Worker) ReadEvents(ctx context.Context, subscriptions []Subscription, most, bytes int) ([]Event, error) {
	tokens, accounts, cursors, marks := columns(subscriptions)
	rows, err := w.pool.Query(ctx, `select idx, access, coalesce(seq, 0), coalesce(kind, ''), at, data
		from private.read_events($1, $2, $3, $4, $5, $6)`, tokens, accounts, cursors, marks, most, bytes)
	if err != nil {
		return nil, toProblem(ctx, err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		var at *time.Time
		var data []byte
		if err := row.Scan(&e.For, &e.Access, &e.Seq, &e.Kind, &at, &data); err != nil {
			return e, err
		}
		for i := range e.For {
			e.For[i]-- // Postgres counts from 1
		}
		if at != nil {
			e.At = at.UTC()
		}
		e.Data = data
		return e, nil
	})
	return events, toProblem(ctx, err)
}

// asBytes returns an id in the form in which pgx sends it as it is, and NULL for
// the zero one. A uuid.UUID is a driver.Valuer, which pgx would send by way of its
// text: that takes twenty times as long.
func asBytes(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

// Change is what a look at a subscription has found: where Access is AccessOK, that
// its account has news, else that it may not be read any more.
type Change struct {
	Index  int // of the subscription
	Access Access
}

// ChangedPlaces returns which of these subscriptions have something to read, or
// may no longer be read, and nothing for the others. A zero account asks about the
// session alone.
func (w *Worker) ChangedPlaces(ctx context.Context, subscriptions []Subscription) ([]Change, error) {
	tokens, accounts, cursors, marks := columns(subscriptions)
	rows, err := w.pool.Query(ctx, "select idx, access from private.changed_places($1, $2, $3, $4)", tokens, accounts, cursors, marks)
	if err != nil {
		return nil, toProblem(ctx, err)
	}
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Change, err error) {
		err = row.Scan(&c.Index, &c.Access)
		c.Index-- // Postgres counts from 1
		return c, err
	})
	return changes, toProblem(ctx, err)
}

// columns returns the subscriptions as Postgres is sent them. A zero account is NULL.
func columns(subscriptions []Subscription) (tokens []string, accounts []pgtype.UUID, cursors []int64, marks []*time.Time) {
	n := len(subscriptions)
	tokens, accounts, cursors, marks = make([]string, n), make([]pgtype.UUID, n), make([]int64, n), make([]*time.Time, n)
	for i, in := range subscriptions {
		tokens[i], accounts[i], cursors[i], marks[i] = in.Token, asBytes(in.Account), in.Cursor.Seq, in.Cursor.At()
	}
	return tokens, accounts, cursors, marks
}

// AccessState is what a session may do now, by itself or with an account.
type AccessState struct {
	Access Access
	User   string // "" without a session
	// Place says whether the log can be gone on with after the cursor that was
	// asked about: AccessOK, CursorExpired or CursorAhead; "" where the session may
	// not read it.
	Place Access
	// Cursor is the one that was asked about with its mark, or the newest event's.
	Cursor Cursor
}

// AccessQuestion is a session's token, and what is asked about it: with an account
// whether it may read that, and with a cursor whether it can be gone on from.
type AccessQuestion struct {
	Token   string
	Account uuid.UUID // zero to ask about the session alone
	Cursor  *Cursor   // nil to ask for the newest event's
}

// CheckAccess answers each of these questions.
func (w *Worker) CheckAccess(ctx context.Context, questions []AccessQuestion) ([]AccessState, error) {
	tokens := make([]string, len(questions))
	accounts := make([]pgtype.UUID, len(questions))
	cursors := make([]*int64, len(questions))
	marks := make([]*time.Time, len(questions))
	for i, in := range questions {
		tokens[i] = in.Token
		accounts[i] = asBytes(in.Account)
		if in.Cursor != nil {
			cursors[i], marks[i] = &in.Cursor.Seq, in.Cursor.At()
		}
	}
	rows, err := w.pool.Query(ctx, `select access, coalesce(user_id, ''), coalesce(place, ''), coalesce(head, 0), mark
		from private.check_access($1, $2, $3, $4) order by idx`, tokens, accounts, cursors, marks)
	if err != nil {
		return nil, toProblem(ctx, err)
	}
	n := 0
	states, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s AccessState, err error) {
		var head int64
		var mark *time.Time
		err = row.Scan(&s.Access, &s.User, &s.Place, &head, &mark)
		if asked := questions[n].Cursor; asked != nil {
			head = asked.Seq
		}
		s.Cursor = CursorAt(head, mark)
		n++
		return s, err
	})
	return states, toProblem(ctx, err)
}

// MaintainEventLog makes the log's partitions for the months to come, marks
// events older than the retention as expired, and drops partitions of expired
// events. It returns how many partitions were made and dropped. A session that
// holds a lock on the log delays dropping, with database_unavailable.
func (w *Worker) MaintainEventLog(ctx context.Context) (made, dropped int, err error) {
	var b Batch
	b.Queue("select private.mark_expired_events()")
	if err := run(ctx, w.pool, &b); err != nil {
		return 0, 0, err
	}
	b = Batch{}
	b.Queue("select made, dropped from private.maintain_event_partitions()").QueryRow(func(row pgx.Row) error { return row.Scan(&made, &dropped) })
	err = run(ctx, w.pool, &b)
	return made, dropped, err
}

// MaintainAudit makes the audit's partitions for the months to come, and drops
// those of which all rows are older than the retention. It returns how many were
// made and dropped.
func (w *Worker) MaintainAudit(ctx context.Context) (made, dropped int, err error) {
	var b Batch
	b.Queue("select made, dropped from private.maintain_audit_partitions()").QueryRow(func(row pgx.Row) error { return row.Scan(&made, &dropped) })
	err = run(ctx, w.pool, &b)
	return made, dropped, err
}

// MaintainAgentLogs makes the partitions of agents' logs that are missing, and drops
// those of which all lines are older than the retention. It returns how many were
// made and dropped.
func (w *Worker) MaintainAgentLogs(ctx context.Context) (made, dropped int, err error) {
	var b Batch
	b.Queue("select made, dropped from private.maintain_agent_log_partitions()").QueryRow(func(row pgx.Row) error { return row.Scan(&made, &dropped) })
	err = run(ctx, w.pool, &b)
	return made, dropped, err
}

// PurgeExpired deletes sessions and tokens of sign-in that ended more than a day
// ago, and counts of limits that are over: most of each kind, at most. It returns
// how many, and reports whether there may be more.
func (w *Worker) PurgeExpired(ctx context.Context, most int) (deleted int, more bool, err error) {
	var b Batch
	b.Queue("select coalesce(sum(deleted), 0), coalesce(max(deleted) = $1, false) from private.purge_expired($1)", most).
		QueryRow(func(row pgx.Row) error { return row.Scan(&deleted, &more) })
	err = run(ctx, w.pool, &b)
	return deleted, more, err
}

package tenant

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Interest is one socket's subscription: which session asks for the events of
// which account after which cursor.
type Interest struct {
	Token   string
	Account uuid.UUID
	Cursor  int64
}

// Verdict is whether an Interest's session may read its account now.
type Verdict string

// What the database says of an Interest.
const (
	OK        Verdict = "ok"
	NoSession Verdict = "unauthenticated"
	NoAccess  Verdict = "forbidden"
	// Expired: the events after the cursor are no longer kept.
	Expired Verdict = "cursor_expired"
)

// Event is one row of an account's log, for the Interests that stand before it.
type Event struct {
	For     []int // the places of these Interests, from 0
	Verdict Verdict
	Seq     int64  // 0 when these Interests may not read
	Kind    string // "" likewise
	At      time.Time
	Data    json.RawMessage
}

// ReadEvents asks for all interests together and answers only what the
// session of each may read now; the database decides for each by itself. For
// an interest come at most most events and about bytes of their data, but at
// least one if there is any.
func (w *Worker) ReadEvents(ctx context.Context, interests []Interest, most, bytes int) ([]Event, error) {
	tokens := make([]string, len(interests))
	accounts := make([]uuid.UUID, len(interests))
	cursors := make([]int64, len(interests))
	for i, in := range interests {
		tokens[i], accounts[i], cursors[i] = in.Token, in.Account, in.Cursor
	}
	rows, err := w.pool.Query(ctx, `select idx, standing, coalesce(seq, 0), coalesce(kind, ''), at, data
		from private.read_events($1, $2, $3, $4, $5)`, tokens, accounts, cursors, most, bytes)
	if err != nil {
		return nil, explain(ctx, err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		var at *time.Time
		var data []byte
		if err := row.Scan(&e.For, &e.Verdict, &e.Seq, &e.Kind, &at, &data); err != nil {
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
	return events, explain(ctx, err)
}

// Standing is how a session stands, by itself or with an account.
type Standing struct {
	Verdict Verdict
	User    string // "" without a session
	Head    int64  // the account's newest event
	Dropped int64  // its newest event that is no longer kept
}

// Stand asks how sessions stand; an Interest without an account asks for the
// session alone. The Cursors do not matter.
func (w *Worker) Stand(ctx context.Context, interests []Interest) ([]Standing, error) {
	tokens := make([]string, len(interests))
	accounts := make([]*uuid.UUID, len(interests))
	for i, in := range interests {
		tokens[i] = in.Token
		if in.Account != uuid.Nil {
			accounts[i] = &in.Account
		}
	}
	rows, err := w.pool.Query(ctx, `select standing, coalesce(user_id, ''), coalesce(head, 0), coalesce(dropped, 0)
		from private.stand($1, $2)`, tokens, accounts)
	if err != nil {
		return nil, explain(ctx, err)
	}
	standings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Standing, err error) {
		return s, row.Scan(&s.Verdict, &s.User, &s.Head, &s.Dropped)
	})
	return standings, explain(ctx, err)
}

// KeepEventLog makes the log's partitions of the months to come, tells readers
// which events are older than the retention, and drops what they have been
// told of. It answers how many partitions were made and dropped. A session
// that holds on to the log puts the dropping off, with database_unavailable.
func (w *Worker) KeepEventLog(ctx context.Context) (made, dropped int, err error) {
	var b Batch
	b.Queue("select private.forget_events()")
	if err := run(ctx, w.pool, &b); err != nil {
		return 0, 0, err
	}
	b = Batch{}
	b.Queue("select made, dropped from private.keep_event_partitions()").QueryRow(func(row pgx.Row) error { return row.Scan(&made, &dropped) })
	err = run(ctx, w.pool, &b)
	return made, dropped, err
}

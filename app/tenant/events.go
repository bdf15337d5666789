package tenant

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Interest is one socket's subscription: which session asks for the events of
// which account after which cursor. A Cursor of -1 asks for the newest one's
// number alone.
type Interest struct {
	Token   string
	Account uuid.UUID
	Cursor  int64
}

// Standing is whether an Interest's session may read its account now.
type Standing string

// What the database says of an Interest.
const (
	StandingOK              Standing = "ok"
	StandingUnauthenticated Standing = "unauthenticated"
	StandingForbidden       Standing = "forbidden"
)

// Event is one row of an account's log, for one Interest.
type Event struct {
	Index    int // of the Interest, from 0
	Standing Standing
	Seq      int64  // 0 when the Interest may not read
	Kind     string // "" when only the standing or the head is told
	At       time.Time
	Data     json.RawMessage
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
		if err := row.Scan(&e.Index, &e.Standing, &e.Seq, &e.Kind, &at, &data); err != nil {
			return e, err
		}
		e.Index--
		if at != nil {
			e.At = at.UTC()
		}
		e.Data = data
		return e, nil
	})
	return events, explain(ctx, err)
}

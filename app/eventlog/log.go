// Package eventlog reads an account's event log: given an account and a cursor
// it returns the events after it, or the snapshot with which a reader begins.
package eventlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Log reads accounts' events.
type Log struct{ db *tenant.DB }

// New makes a Log.
func New(db *tenant.DB) *Log { return &Log{db: db} }

// The number of events on a page when a client does not ask for one, the
// largest number, and the bytes after which a page ends early, because a page
// is held in memory until its client has read it.
const (
	defaultPage = 100
	maxPage     = 1000
	pageBytes   = 1 << 20
)

// ParsePage reads a client's since and limit. An empty since is 0, and an empty
// limit the default. It ends with invalid_since or invalid_limit.
func ParsePage(since, limit string) (after int64, most int, err error) {
	if since != "" {
		if after, err = strconv.ParseInt(since, 10, 64); err != nil || after < 0 {
			return 0, 0, problem.New(problem.InvalidSince, `Set "since" to the cursor of the last event that you have, a whole number from 0.`)
		}
	}
	most = defaultPage
	if limit != "" {
		if most, err = strconv.Atoi(limit); err != nil || most < 1 || most > maxPage {
			return 0, 0, problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, maxPage)
		}
	}
	return after, most, nil
}

const (
	headSQL = `select last_seq, dropped_seq from app.event_heads where account_id = $1`
	pageSQL = `select seq as cursor, kind, at, data from app.account_events
		where account_id = $1 and seq > $2 order by seq limit $3`
)

// Page returns {"events":[…],"cursor":…,"head":…}: at most most events after a
// cursor, the cursor from which to go on, and the newest event's. Where events
// after the cursor were dropped, or the cursor is after the newest event, it
// ends with cursor_expired or cursor_ahead, with a snapshot in the details.
func (l *Log) Page(ctx context.Context, a tenant.Admission, after int64, most int) ([]byte, error) {
	var head, dropped int64
	first, last := after+1, after
	body := []byte(`{"events":`)
	err := l.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(headSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&head, &dropped) })
		b.Queue(pageSQL, a.Account, after, most).Query(func(rows pgx.Rows) (err error) {
			n := 0
			body, err = paging.AppendRows(body, rows, func(values [][]byte, length int) bool {
				last = int64(binary.BigEndian.Uint64(values[0]))
				if n++; n == 1 {
					first = last
				}
				return length < pageBytes
			})
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case after > head && last == after:
		return nil, l.startAgain(ctx, a, problem.CursorAhead, "The log ends before this cursor: the database was restored from a backup.")
	case after < dropped || first != after+1: // dropped between the two statements
		return nil, l.startAgain(ctx, a, problem.CursorExpired, "The events after this cursor are no longer kept.")
	}
	return fmt.Appendf(body, `,"cursor":%d,"head":%d}`, last, max(head, last)), nil
}

func (l *Log) startAgain(ctx context.Context, a tenant.Admission, code problem.Code, reason string) error {
	s, err := l.Snapshot(ctx, a)
	if err != nil {
		return err
	}
	p := problem.New(code, "%s Start again from details.snapshot, and go on from its cursor.", reason)
	p.Details = map[string]any{"snapshot": s}
	return p
}

// Snapshot is an account's state and the cursor that it is as of.
type Snapshot struct {
	Cursor int64           `json:"cursor"`
	At     time.Time       `json:"at"`
	Data   json.RawMessage `json:"data"` // account, positions and open orders
}

// Snapshot reads the account's state and the cursor that it is as of.
func (l *Log) Snapshot(ctx context.Context, a tenant.Admission) (s Snapshot, err error) {
	err = l.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(`select (s->>'cursor')::bigint, (s->>'at')::timestamptz, s - 'cursor' - 'at' from app.account_snapshot($1) s`, a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&s.Cursor, &s.At, &s.Data) })
	})
	s.At, s.Data = s.At.UTC(), bytes.Clone(s.Data)
	return s, err
}

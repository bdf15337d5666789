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
func ParsePage(since, limit string) (after tenant.Cursor, most int, err error) {
	if since != "" {
		var ok bool
		if after, ok = tenant.ParseCursor(since); !ok || after.Seq < 0 {
			return tenant.Cursor{}, 0, problem.New(problem.InvalidSince, `Set "since" to the "resume" of the last event that you have, or to its cursor, a whole number from 0.`)
		}
	}
	most = defaultPage
	if limit != "" {
		if most, err = strconv.Atoi(limit); err != nil || most < 1 || most > maxPage {
			return tenant.Cursor{}, 0, problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, maxPage)
		}
	}
	return after, most, nil
}

const (
	// headSQL also says when the event of the cursor was written.
	headSQL = `select last_seq, dropped_seq,
			case $2::bigint when last_seq then last_at when dropped_seq then dropped_at
				else (select e.at from app.account_events e where e.account_id = h.account_id and e.seq >= $2 order by e.seq limit 1) end
		from app.event_heads h where account_id = $1`
	pageSQL = `select seq as cursor, app.resume_cursor(seq, at) as resume, kind, at, data from app.account_events
		where account_id = $1 and seq > $2 order by seq limit $3`
)

// Page returns {"events":[…],"cursor":…,"resume":…,"head":…}: at most most events
// after a cursor, the cursor from which to go on, by itself and with its mark, and
// the newest event's. Where events after the cursor were dropped, or the log has no
// such event or another one of its number, it ends with cursor_expired or
// cursor_ahead, with a snapshot in the details.
func (l *Log) Page(ctx context.Context, a tenant.Admission, after tenant.Cursor, most int) ([]byte, error) {
	var head, dropped int64
	var mark *time.Time
	var first, last int64
	var resume string
	var body []byte
	err := l.db.Read(ctx, a, func(b *tenant.Batch) {
		first, last, resume, body = after.Seq+1, after.Seq, "", append(body[:0], `{"events":`...)
		b.Queue(headSQL, a.Account, after.Seq).QueryRow(func(row pgx.Row) error { return row.Scan(&head, &dropped, &mark) })
		b.Queue(pageSQL, a.Account, after.Seq, most).Query(func(rows pgx.Rows) (err error) {
			n := 0
			body, err = paging.AppendRows(body, rows, func(values [][]byte, length int) bool {
				last, resume = int64(binary.BigEndian.Uint64(values[0])), string(values[1])
				if n++; n == 1 {
					first = last
				}
				return length < pageBytes
			})
			return err
		})
	})
	there := tenant.CursorAt(after.Seq, mark)
	if resume == "" {
		resume = there.String()
	}
	switch {
	case err != nil:
		return nil, err
	case after.Seq < dropped || first != after.Seq+1: // dropped between the two statements
		return nil, l.startAgain(ctx, a, problem.CursorExpired, "The events after this cursor are no longer kept.")
	case after.Seq > head && last == after.Seq, after.Mark != 0 && after != there:
		return nil, l.startAgain(ctx, a, problem.CursorAhead, "The log does not have the event of this cursor: the database came back older than it was, as from a backup.")
	}
	return fmt.Appendf(body, `,"cursor":%d,"resume":%q,"head":%d}`, last, resume, max(head, last)), nil
}

func (l *Log) startAgain(ctx context.Context, a tenant.Admission, code problem.Code, reason string) error {
	s, err := l.Snapshot(ctx, a)
	if err != nil {
		return err
	}
	p := problem.New(code, "%s Start again from details.snapshot, and go on from its resume.", reason)
	p.Details = map[string]any{"snapshot": s}
	return p
}

// Snapshot is an account's state and the cursor that it is as of.
type Snapshot struct {
	Cursor int64           `json:"cursor"`
	Resume string          `json:"resume"` // the cursor with its mark, as tenant.Cursor writes it
	At     time.Time       `json:"at"`
	Data   json.RawMessage `json:"data"` // account, positions and open orders
}

// Snapshot reads the account's state and the cursor that it is as of.
func (l *Log) Snapshot(ctx context.Context, a tenant.Admission) (s Snapshot, err error) {
	err = l.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(`select (s->>'cursor')::bigint, s->>'resume', (s->>'at')::timestamptz, s - 'cursor' - 'resume' - 'at' from app.account_snapshot($1) s`, a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&s.Cursor, &s.Resume, &s.At, &s.Data) })
	})
	s.At, s.Data = s.At.UTC(), bytes.Clone(s.Data)
	return s, err
}

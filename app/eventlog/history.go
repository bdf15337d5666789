package eventlog

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Past is a page of what happened on an account, the newest first.
type Past struct {
	Topics []string // of which it tells
	Before int64    // only events before this one
	Limit  int
}

// The number of events on a page of the past when a client does not ask for one, and the
// largest number. A page looks through lookedThrough events at most, so that a topic of
// which there is little in a long log costs many short requests and no long one.
const (
	defaultPast   = 50
	maxPast       = 500
	lookedThrough = 2000
)

// ParsePast reads a client's topics, which stand between commas and of which known are
// those that there are, its limit, and before, the next_cursor of the page before. It
// ends with invalid_query, invalid_limit or invalid_cursor.
func ParsePast(topics, limit, before string, known []string) (Past, error) {
	p := Past{Topics: strings.Split(topics, ","), Before: 1<<63 - 1, Limit: defaultPast}
	for i, topic := range p.Topics {
		if !slices.Contains(known, topic) || slices.Contains(p.Topics[:i], topic) {
			return p, problem.New(problem.InvalidQuery, `Set "topics" to some of %s, each once, between commas.`, strings.Join(known, ", "))
		}
	}
	var err error
	if limit != "" {
		if p.Limit, err = strconv.Atoi(limit); err != nil || p.Limit < 1 || p.Limit > maxPast {
			return p, problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, maxPast)
		}
	}
	if before != "" {
		if p.Before, err = strconv.ParseInt(before, 10, 64); err != nil || p.Before < 1 {
			return p, problem.New(problem.InvalidCursor, `Give "before" as next_cursor came, or leave it out.`)
		}
	}
	return p, nil
}

const (
	pastSQL = `select e.seq as cursor, app.resume_cursor(e.seq, e.at) as resume, e.kind, app.event_topic(e.kind, e.data) as topic, e.at, e.data
		from app.event_heads h join app.account_events e on e.account_id = h.account_id and e.seq < $2 and e.seq >= least($2, h.last_seq + 1) - $5
		where h.account_id = $1 and app.event_topic(e.kind, e.data) = any ($3) order by e.seq desc limit $4`
	// pastEndSQL comes after it: the log may have grown meanwhile, and then some events are
	// looked through twice, and none is left out.
	pastEndSQL = `select h.last_seq, h.dropped_seq, (select m.seq from app.read_marks m where m.account_id = h.account_id)
		from app.event_heads h where h.account_id = $1`
)

// Past returns {"events":[…],"next_cursor":…,"head":…,"read_cursor":…}: a page of the
// account's events of some topics; the before of the next page, null where nothing older is
// kept; the newest event's cursor, and that up to which the user has read, null where they
// have never said so.
func (l *Log) Past(ctx context.Context, a tenant.Admission, p Past) ([]byte, error) {
	var head, dropped, last int64
	var read *int64
	var found int
	var long bool
	var body []byte
	err := l.db.Read(ctx, a, func(b *tenant.Batch) {
		found, long, body = 0, false, append(body[:0], `{"events":`...)
		b.Queue(pastSQL, a.Account, p.Before, p.Topics, p.Limit, lookedThrough).Query(func(rows pgx.Rows) (err error) {
			body, err = paging.AppendRows(body, rows, func(values [][]byte, length int) bool {
				last = int64(binary.BigEndian.Uint64(values[0]))
				found++
				long = length >= pageBytes
				return !long
			})
			return err
		})
		b.Queue(pastEndSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&head, &dropped, &read) })
	})
	if err != nil {
		return nil, err
	}
	next := max(min(p.Before, head+1)-lookedThrough, 1)
	if found == p.Limit || long {
		next = last
	}
	cursor := "null"
	if next > dropped+1 {
		cursor = strconv.Quote(strconv.FormatInt(next, 10))
	}
	mark, err := json.Marshal(read)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(body, `,"next_cursor":%s,"head":%d,"read_cursor":%s}`, cursor, head, mark), nil
}

// Read is up to where a user has read what happened on an account.
type Read struct {
	Cursor int64 `json:"cursor"`
}

// MarkRead records up to where the user has read, and returns {"read_cursor":…}: where they
// have read further already, that. It ends with invalid_cursor, or not_permitted for an API
// token.
func (l *Log) MarkRead(ctx context.Context, a tenant.Admission, r Read) (json.RawMessage, error) {
	if r.Cursor < 0 {
		return nil, problem.New(problem.InvalidCursor, `Set "cursor" to that of the newest event that was read.`)
	}
	var seq int64
	err := l.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.mark_read($1)", r.Cursor).QueryRow(func(row pgx.Row) error { return row.Scan(&seq) })
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]int64{"read_cursor": seq})
}

package paging

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// The number of rows on a page when a client does not ask for one, the largest
// number, and the bytes after which a page ends early, because a page is held
// in memory until its client has read it.
const (
	defaultLimit = 50
	maxLimit     = 500
	maxBytes     = 1 << 20
)

// Page is a page of a list ordered by time and id, newest first: the rows
// before At and ID.
type Page struct {
	At    time.Time
	ID    uuid.UUID
	Limit int
	// State is what the client has, and is filled with what there is. Where both are
	// the same the list is left out.
	State State
}

// Parse reads a client's limit and cursor. An empty limit is the default,
// and an empty cursor the newest page. It ends with invalid_limit or
// invalid_cursor.
func Parse(limit, before string) (Page, error) {
	p := Page{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.Max, Limit: defaultLimit}
	if limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 || n > maxLimit {
			return p, problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, maxLimit)
		}
		p.Limit = n
	}
	if before == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(before)
	if err == nil && len(raw) == 24 {
		micros := int64(binary.BigEndian.Uint64(raw))
		const year9999 = 252455615999999999
		if micros >= 0 && micros <= year9999 {
			p.At, p.ID = time.UnixMicro(micros+postgresEpoch).UTC(), uuid.UUID(raw[8:])
			return p, nil
		}
	}
	return p, problem.New(problem.InvalidCursor, `Give "before" as next_cursor came, or leave it out.`)
}

// Cursor returns where the page begins: the time in Postgres' binary form, and
// the id.
func (p Page) Cursor() (cursor [24]byte) {
	binary.BigEndian.PutUint64(cursor[:8], uint64(p.At.UnixMicro()-postgresEpoch))
	copy(cursor[8:], p.ID[:])
	return cursor
}

// StartAfter makes the page begin after the row with this time and id, both in
// Postgres' binary form.
func (p *Page) StartAfter(at, id []byte) {
	p.At = time.UnixMicro(int64(binary.BigEndian.Uint64(at)) + postgresEpoch).UTC()
	copy(p.ID[:], id)
}

// AppendRows is AppendRowsBy with the column created_at.
func (p Page) AppendRows(dst []byte, rows pgx.Rows) (body []byte, next string, err error) {
	return p.AppendRowsBy("created_at", dst, rows)
}

// AppendRowsBy appends at most Limit rows, and no more once they have
// maxBytes, as a JSON array. It returns the next page's cursor as JSON, null
// on the last page. The query must ask for Limit+1 rows, ordered by the given
// column and by id: the extra row shows that there is another page.
func (p Page) AppendRowsBy(column string, dst []byte, rows pgx.Rows) (body []byte, next string, err error) {
	if err := rows.Err(); err != nil {
		return dst, "null", err
	}
	id, at := -1, -1
	for i, f := range rows.FieldDescriptions() {
		switch f.Name {
		case "id":
			id = i
		case column:
			at = i
		}
	}
	var last [24]byte // time in Postgres' binary form, and id
	n, full, start := 0, false, len(dst)
	dst, err = AppendRows(dst, rows, func(values [][]byte, length int) bool {
		n++
		if full = n == p.Limit || length-start >= maxBytes; full {
			copy(last[:8], values[at])
			copy(last[8:], values[id])
		}
		return !full
	})
	another := full && rows.Next()
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	if err != nil || !another {
		return dst, "null", err
	}
	return dst, `"` + base64.RawURLEncoding.EncodeToString(last[:]) + `"`, nil
}

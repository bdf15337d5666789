package tenant

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// The size of a page when a client does not say, the largest, and the bytes
// after which a page ends early: it is held in memory until its client has
// read it.
const (
	DefaultPage = 50
	MaxPage     = 500
	pageBytes   = 1 << 20
)

// Page is one page of rows that are ordered by a time and id, newest first: the
// rows before At and ID.
type Page struct {
	At    time.Time
	ID    uuid.UUID
	Limit int
}

// ParsePage reads a client's limit and cursor; "" is the default size, and the
// newest page. It ends with invalid_limit or invalid_cursor.
func ParsePage(limit, before string) (Page, error) {
	p := Page{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.Max, Limit: DefaultPage}
	if limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 || n > MaxPage {
			return p, problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, MaxPage)
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

// Place is where the page begins, as a cursor has it: the time as Postgres sends
// it, and the id.
func (p Page) Place() (place [24]byte) {
	binary.BigEndian.PutUint64(place[:8], uint64(p.At.UnixMicro()-postgresEpoch))
	copy(place[8:], p.ID[:])
	return place
}

// Move makes the page begin behind a row, of whose time and id it takes the
// values as they came.
func (p *Page) Move(at, id []byte) {
	p.At = time.UnixMicro(int64(binary.BigEndian.Uint64(at)) + postgresEpoch).UTC()
	copy(p.ID[:], id)
}

// AppendRows is AppendRowsBy the column created_at.
func (p Page) AppendRows(dst []byte, rows pgx.Rows) (body []byte, next string, err error) {
	return p.AppendRowsBy("created_at", dst, rows)
}

// AppendRowsBy appends at most Limit rows, and no more after pageBytes of them,
// as a JSON array, and answers the next page's cursor as JSON: null on the last
// page. The query must ask for Limit+1 rows, ordered by the column given and
// by id: a row too many says that there is another page.
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
	var last [24]byte // the time as Postgres sends it, and the id
	n, full, start := 0, false, len(dst)
	dst, err = AppendRows(dst, rows, func(values [][]byte, length int) bool {
		n++
		if full = n == p.Limit || length-start >= pageBytes; full {
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

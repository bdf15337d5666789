package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Row is a row of the audit, as an export has it.
type Row struct {
	ID        uuid.UUID       `json:"id"`
	At        time.Time       `json:"at"`
	Kind      string          `json:"kind"` // user, worker, operator, reporting_login or nobody
	Actor     *string         `json:"actor"`
	SessionID *string         `json:"session_id"`
	RequestID *string         `json:"request_id"`
	Address   *string         `json:"address"`
	Request   *string         `json:"request"`
	Action    string          `json:"action"`
	Detail    json.RawMessage `json:"detail"`
}

// Format is what an export is written as.
type Format string

// The formats.
const (
	JSONLines Format = "jsonl"
	CSV       Format = "csv"
)

// ParseFormat returns the format of this name; "" is JSON Lines. It ends with
// invalid_query.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "":
		return JSONLines, nil
	case JSONLines, CSV:
		return f, nil
	}
	return "", problem.New(problem.InvalidQuery, `Set "format" to jsonl or csv.`)
}

// ContentType returns the format's media type.
func (f Format) ContentType() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/jsonl"
}

// Export returns a function that writes all rows that the filter selects, newest
// first. The export itself is in the audit before Export returns, and is not in
// what is written. Each page is a transaction of its own, so that none is open
// while the client reads. It ends with invalid_query or not_permitted.
func (l *Audit) Export(ctx context.Context, a tenant.Admission, f Filter, format Format) (func(io.Writer) error, error) {
	page, err := paging.Parse("500", "")
	if err != nil {
		return nil, err
	}
	s, page, err := f.check(page)
	if err != nil {
		return nil, err
	}
	first, err := l.page(ctx, a, s, page, format)
	if err != nil {
		return nil, err
	}
	return func(out io.Writer) error {
		write := writers[format](out)
		for rows := first; ; {
			more := len(rows) > page.Limit
			for _, row := range rows[:min(len(rows), page.Limit)] {
				if err := write(row); err != nil {
					return err
				}
				page.At, page.ID = row.At, row.ID
			}
			if !more {
				return write(nil)
			}
			var err error
			if rows, err = l.page(ctx, a, s, page, ""); err != nil {
				return err
			}
		}
	}, nil
}

// page reads a page of rows, and one more where there is another page. With a
// format it first writes into the audit that an export begins.
func (l *Audit) page(ctx context.Context, a tenant.Admission, s selection, page paging.Page, begins Format) (rows []*Row, err error) {
	err = l.db.Tx(ctx, a, func(b *tenant.Batch) {
		s.queue(b, a, page, func(found pgx.Rows) error {
			rows, err = pgx.CollectRows(found, pgx.RowToAddrOfStructByPos[Row])
			return err
		})
		if begins != "" {
			b.Queue("select private.audit_call('audit.export', jsonb_build_object('format', $1::text)) where private.has_scope('manage')", string(begins))
		}
	})
	return rows, err
}

// writers return, for each format, a function that writes a row. It is called
// with nil at the end.
var writers = map[Format]func(io.Writer) func(*Row) error{
	JSONLines: func(out io.Writer) func(*Row) error {
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		return func(row *Row) error {
			if row == nil {
				return nil
			}
			row.At = row.At.UTC()
			return lines.Encode(row)
		}
	},
	CSV: func(out io.Writer) func(*Row) error {
		table := csv.NewWriter(out)
		headed := false
		return func(row *Row) error {
			if !headed {
				headed = true
				if err := table.Write([]string{"id", "at", "kind", "actor", "session_id", "request_id", "address", "request", "action", "detail"}); err != nil {
					return fmt.Errorf("write the head of the table: %w", err)
				}
			}
			if row == nil {
				table.Flush()
				return table.Error()
			}
			text := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			return table.Write([]string{row.ID.String(), row.At.UTC().Format(time.RFC3339Nano), row.Kind, text(row.Actor), text(row.SessionID),
				text(row.RequestID), text(row.Address), text(row.Request), row.Action, string(row.Detail)})
		}
	},
}

package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/export"
	"paddock/app/paging"
	"paddock/app/tenant"
)

// ExportRoundTrips returns the table of all round trips that the filter selects, in the
// order of RoundTrips. It ends with what that ends with.
func (j *Journal) ExportRoundTrips(ctx context.Context, a tenant.Admission, f Filter) (*export.Table, error) {
	file := export.File{What: "round-trips"}
	if !f.Period.From.IsZero() {
		file.From = &f.Period.From
	}
	if !f.Period.To.IsZero() {
		file.To = &f.Period.To
	}
	return j.export(ctx, a, file, func(page *paging.Page) (string, []any, string, error) { return f.roundTrips(a, page) })
}

// ExportFills returns the table of all executions that the filter selects, in the order
// of Fills.
func (j *Journal) ExportFills(ctx context.Context, a tenant.Admission, symbol string, order uuid.UUID) (*export.Table, error) {
	return j.export(ctx, a, export.File{What: "fills"}, func(page *paging.Page) (string, []any, string, error) {
		query, args := fillsQuery(a, symbol, order, page)
		return query, args, "at", nil
	})
}

// export returns the table of a list, each page of which is a transaction of its own.
func (j *Journal) export(ctx context.Context, a tenant.Admission, file export.File, list func(*paging.Page) (query string, args []any, column string, err error)) (*export.Table, error) {
	page, err := paging.Parse("500", "")
	if err != nil {
		return nil, err
	}
	table, err := export.Begin(ctx, func(ctx context.Context) (p export.Page, err error) {
		query, args, column, err := list(&page)
		if err != nil {
			return p, err
		}
		args = append(args, page.Limit+1)
		query += fmt.Sprintf(" order by %s desc, id desc limit $%d", column, len(args))
		at := page // where a standby could not answer, the primary begins there again
		err = j.db.Read(ctx, a, func(b *tenant.Batch) {
			b.Queue(export.AccountNameSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&file.Account) })
			b.Queue(query, args...).Query(func(rows pgx.Rows) error {
				page = at
				p, err = export.ReadPage(rows, column, &page)
				return err
			})
		})
		return p, err
	})
	if err != nil {
		return nil, err
	}
	table.Name = file.Name(time.Now())
	return table, nil
}

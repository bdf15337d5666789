package trading

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/export"
	"paddock/app/paging"
	"paddock/app/tenant"
)

// ExportParameters are the query parameters of a table of orders: the filters of a
// list, which has no pages, and legs in rows of their own.
var ExportParameters = slices.DeleteFunc(slices.Clone(ListParameters), func(name string) bool {
	return name == "limit" || name == "before" || name == "nested"
})

// ExportOrders returns the table of all orders in the mirror that the query selects, in
// the order of Orders. Each page of it is a transaction of its own. It ends with
// what ParseOrderList ends with, or order_not_found.
func (s *Service) ExportOrders(ctx context.Context, a tenant.Admission, q url.Values) (*export.Table, error) {
	l, err := ParseOrderList(q)
	if err != nil {
		return nil, err
	}
	pages, err := paging.Parse("500", "")
	if err != nil {
		return nil, err
	}
	l.Page.Limit = pages.Limit
	file := export.File{What: "orders", From: l.After, To: l.Until}
	table, err := export.Begin(ctx, func(ctx context.Context) (p export.Page, err error) {
		sql, args := l.inMirror(a.Account)
		at := l.Page // where a standby could not answer, the primary begins there again
		err = s.db.Read(ctx, a, func(b *tenant.Batch) {
			l.anchor = nil
			b.Queue(export.AccountNameSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&file.Account) })
			l.queueAnchor(b, a.Account)
			b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
				l.Page = at
				p, err = export.ReadPage(rows, "created_at", &l.Page)
				return err
			})
		})
		switch {
		case err != nil:
			return p, unstorableFilter(err)
		case l.anchorID() != uuid.Nil && l.anchor == nil:
			return p, orderNotFound()
		}
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	table.Name = file.Name(time.Now())
	return table, nil
}

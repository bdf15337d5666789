package trading

import (
	"context"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

const closedStatuses = `('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown')`

// One statement a filter, since each has its own index.
var listOrders = map[string]string{
	"all": `select ` + orderColumns + ` from app.alpaca_orders
		where account_id = $1 and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4`,
	"open": `select ` + orderColumns + ` from app.alpaca_orders
		where account_id = $1 and (created_at, id) < ($2, $3) and status not in ` + closedStatuses + ` order by created_at desc, id desc limit $4`,
	"closed": `select ` + orderColumns + ` from app.alpaca_orders
		where account_id = $1 and (created_at, id) < ($2, $3) and status in ` + closedStatuses + ` order by created_at desc, id desc limit $4`,
}

// Orders answers {"orders":[…],"next_cursor":…} from the mirror, newest first,
// in one round trip. status is open, closed or all; next_cursor is null on the
// last page. It ends with invalid_status.
func (s *Service) Orders(ctx context.Context, a tenant.Admission, status string, page tenant.Page) ([]byte, error) {
	query, ok := listOrders[status]
	if !ok {
		return nil, problem.New(problem.Invalid, "invalid_status", `Set "status" to open, closed or all.`)
	}
	body := append(make([]byte, 0, 640*page.Limit+64), `{"orders":`...)
	next := "null"
	err := s.db.Do(ctx, a, func(b *tenant.Batch) {
		b.Queue(query, a.Account, page.At, page.ID, page.Limit+1).Query(func(rows pgx.Rows) (err error) {
			body, next, err = page.AppendRows(body, rows)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	body = append(body, `,"next_cursor":`...)
	body = append(body, next...)
	return append(body, '}'), nil
}

package trading

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

const dismissSQL = `with dismissed as (
	update app.alpaca_orders set intent_state = 'dismissed', status = 'rejected', updated_at = clock_timestamp(),
		status_message = 'Alpaca''s answer to this order was lost, and somebody has seen that it was never placed.'
	where account_id = $1 and id = $2 and intent_state = 'unknown' and private.has_scope('trade') returning *)
	select private.append_event('order', app.order_event('dismissed', row(dismissed.*)::app.alpaca_orders), null) from dismissed`

// Dismiss records that a person says that an order whose answer was lost was
// never placed; it does not count any more. If the broker has it after all, it
// is recorded as it is there. It ends with order_not_found, or
// order_not_unknown.
func (s *Service) Dismiss(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	var f found
	var may, done bool
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('trade')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue(dismissSQL, a.Account, id).Query(func(rows pgx.Rows) error { done = rows.Next(); rows.Close(); return rows.Err() })
		queueFind(b, &f, orderByIDSQL, a.Account, id)
	})
	switch {
	case err != nil:
		return nil, err
	case !may:
		return nil, tenant.NotPermitted("trade")
	case !done && f.State != "dismissed":
		return nil, problem.New(problem.OrderNotUnknown, "Only an order whose answer stays unclear can be dismissed: this one's state is %q.", f.State)
	}
	return f.order, nil
}

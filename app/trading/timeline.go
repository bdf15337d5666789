package trading

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/tenant"
)

// timelineSQL returns what is known of an order, by our id or the broker's, as one row: what it
// is and who asked for it, the market that it met, what it cost beyond the middle of that
// (as report.slippage says), its executions, the orders that belong to it, and, for who may
// read the audit, the requests that made it and had it canceled. Those are found by time: a
// row of the audit is written in the transaction that does what it tells.
const timelineSQL = `select app.order_json(o) as "order", private.order_names($1, o.id) as names,
		(select jsonb_build_object('bid', q.bid::text, 'ask', q.ask::text, 'asked_at', app.rfc3339(q.asked_at)) from app.arrival_quotes q where q.account_id = $1 and q.order_id = o.id) as quote,
		(select jsonb_build_object('mid', trim_scale(m.mid)::text, 'per_unit', trim_scale(m.worse)::text,
				'total', trim_scale(m.worse * o.filled_qty * case when o.symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then 100 else 1 end)::text,
				'bps', trim_scale(round(m.worse / m.mid * 10000, 4))::text)
			from app.arrival_quotes q cross join lateral (select (q.bid + q.ask) / 2 as mid,
				case o.side when 'sell' then -1 else 1 end * (o.filled_avg_price - (q.bid + q.ask) / 2) as worse) m
			where q.account_id = $1 and q.order_id = o.id and o.filled_qty > 0 and o.filled_avg_price is not null and q.bid > 0 and q.ask >= q.bid) as slippage,
		(select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'qty', trim_scale(f.qty)::text, 'price', trim_scale(f.price)::text, 'at', app.rfc3339(f.at),
				'state', f.state, 'previous_execution_id', f.previous_execution_id) order by f.at, f.execution_id), '[]')
			from (select * from app.fills f where f.account_id = $1 and f.order_id = o.id and f.qty is not null order by f.at, f.execution_id limit 500) f) as executions,
		coalesce(app.order_legs_json($1, o.alpaca_order_id), '[]') as legs,
		(select app.order_json(p) from app.alpaca_orders p where p.account_id = $1 and p.alpaca_order_id = o.parent_alpaca_order_id) as parent,
		(select app.order_json(r) from app.alpaca_orders r where r.account_id = $1 and r.alpaca_order_id = o.replaces) as replaces,
		(select app.order_json(r) from app.alpaca_orders r where r.account_id = $1 and r.alpaca_order_id = o.replaced_by) as replaced_by,
		(select coalesce(jsonb_agg(jsonb_build_object('at', app.rfc3339(a.at), 'action', a.action, 'kind', a.kind, 'actor', a.actor, 'request_id', a.request_id) order by a.at, a.id), '[]')
			from (select distinct a.* from (values (o.created_at, interval '1 second', interval '10 seconds'),
					(o.canceled_at, interval '2 minutes', interval '10 seconds')) t (at, before, later)
				join app.audit_log a on a.account_id = $1 and a.at between t.at - t.before and t.at + t.later
				where split_part(a.action, '.', 1) = 'order' and a.detail->>'order_id' = o.id::text) a) as requests
	from app.alpaca_orders o
	where o.account_id = $1 and (o.id = $2 or o.alpaca_order_id = $2)`

// Timeline returns what became of an order, from when it was asked for, or order_not_found.
func (s *Service) Timeline(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	var body []byte
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(timelineSQL, a.Account, id).Query(func(rows pgx.Rows) error {
			list, err := paging.AppendRows(nil, rows, nil)
			if err != nil {
				return err
			}
			if body = list[1 : len(list)-1]; len(body) == 0 {
				return orderNotFound()
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return body, nil
}

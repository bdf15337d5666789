package trading

import (
	"context"
	"time"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Place sends an order to the broker, once. A retry with the same
// client_order_id or idempotency key, and the same body, returns the result of
// the first request and sends nothing, unless the first never reached the
// broker. With another body it ends with client_order_id_taken or
// idempotency_key_reused. When the broker's answer is lost, Place returns the
// order with Known false: it is looked up at the broker until its outcome is
// known, and never sent again. An order that needs a person's word is not sent: Place
// returns the job that sends it once it is approved. key is "" for none.
//
// It ends with invalid_order, invalid_idempotency_key, client_order_id_taken,
// idempotency_key_reused, order_unknown or order_dismissed (at a retry),
// guard_refused, approval_refused, too_many_approvals, account_not_synced, price_unknown, order_rejected (with the
// broker's words), needs_credentials, broker_rate_limited or broker_unavailable
// (surely not placed), or a problem of the admission.
func (s *Service) Place(ctx context.Context, a tenant.Admission, key string, r OrderRequest) (Placed, error) {
	began := tenant.Age(time.Now())
	if err := r.Check(); err != nil {
		return Placed{}, err
	}
	p, err := prepare(key, r.ClientOrderID, &r, began)
	if err != nil {
		return Placed{}, err
	}
	return s.submit(ctx, a, p, &r)
}

// The intent is committed before the broker is called. It is made only for an
// account with keys, and not where the client_order_id or key is taken: then
// the second statement finds the first order. An intent that never reached the
// broker is sent again by its retry.
const insertIntentSQL = `with made as (
		insert into app.alpaca_orders as o (account_id, client_order_id, idempotency_key, id, request_hash, request, submitted_by,
			orchestrator_agent_id, tag, reason, sleeve_id, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price,
			stop_price, trail_price, trail_percent, extended_hours, reference_prices, reduce_only, requested_at)
		select $1, app.client_order_id_for_key($1, $3, $2), nullif($3, ''), $4, $5, $6, private.user_id(), nullif($7, ''), nullif($8, ''), nullif($26, ''), nullif($25, '')::uuid, app.order_symbol(nullif($9, '')),
			nullif($10, ''), $11, $12, $13, nullif($14, ''), $15, $16, $17, $18, $19, $20, $21, $22, $23, now() - $24::interval
		where private.has_working_keys()` + resendUnsentSQL

func (r *OrderRequest) intentSQL(prices []byte, began tenant.Age) (sql string, parameters []any) {
	return insertIntentSQL, []any{r.OrchestratorAgentID, r.Tag, r.Symbol, r.Side, r.Type, r.TimeInForce, r.OrderClass, r.PositionIntent,
		r.Qty, r.Notional, r.LimitPrice, r.StopPrice, r.TrailPrice, r.TrailPercent, r.ExtendedHours, prices, r.reduceOnly, began, r.SleeveID, r.Reason}
}

func (r *OrderRequest) symbol() string {
	if len(r.Legs) > 0 {
		return ""
	}
	return r.Symbol
}

func (r *OrderRequest) send(ctx context.Context, c *broker.Client, clientOrderID string) (sent, error) {
	if r.reduceOnly {
		c = c.Urgent()
	}
	order := r.forBroker()
	order.ClientOrderID = clientOrderID
	answer, err := c.WithFields(r.Instructions.fields()).PlaceOrder(ctx, order)
	return sent{order: answer}, err
}

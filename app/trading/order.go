package trading

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// orderColumnsSQL are the columns of an order as the API shows it, and as
// app.order_json does: amounts are cast to text, so that they stay exact.
const orderColumnsSQL = `id, alpaca_order_id, client_order_id, symbol, side, type, type as order_type, time_in_force, order_class, position_intent,
	qty::text, notional::text, limit_price::text, stop_price::text, trail_price::text, trail_percent::text, hwm::text, extended_hours,
	filled_qty::text, filled_avg_price::text, status, intent_state, status_message, action, parent_alpaca_order_id, replaces, replaced_by,
	submitted_by, token_id, orchestrator_agent_id, tag, reason, sleeve_id, broker_request_id, created_at, submitted_at, filled_at, canceled_at, expired_at,
	failed_at, replaced_at, updated_at, others as "*"`

const (
	orderByIDSQL       = `select ` + orderColumnsSQL + ` from app.alpaca_orders where account_id = $1 and (id = $2 or alpaca_order_id = $2)`
	orderWithLegsSQL   = `select ` + orderColumnsSQL + `, app.order_legs_json($1, alpaca_order_id) as legs from app.alpaca_orders where account_id = $1 and (id = $2 or alpaca_order_id = $2)`
	orderByClientIDSQL = `select ` + orderColumnsSQL + ` from app.alpaca_orders where account_id = $1 and client_order_id = $2`
)

// found is an order that was read.
type found struct {
	ID       uuid.UUID  `json:"id"`
	AlpacaID *uuid.UUID `json:"alpaca_order_id"`
	State    string     `json:"intent_state"`
	Symbol   string     `json:"symbol"`
	order    json.RawMessage
}

// queueFind reads one order by a statement that returns orderColumnsSQL. It
// ends with order_not_found.
func queueFind(b *tenant.Batch, into *found, query string, account uuid.UUID, id any) {
	b.Queue(query, account, id).Query(func(rows pgx.Rows) error {
		list, err := paging.AppendRows(nil, rows, nil)
		if err != nil {
			return err
		}
		if into.order = list[1 : len(list)-1]; len(into.order) == 0 {
			return orderNotFound()
		}
		return json.Unmarshal(into.order, into)
	})
}

// Order returns one order, by our id or the broker's, or order_not_found.
// nested adds its legs.
func (s *Service) Order(ctx context.Context, a tenant.Admission, id uuid.UUID, nested bool) (json.RawMessage, error) {
	if nested {
		return s.find(ctx, a, orderWithLegsSQL, id)
	}
	return s.find(ctx, a, orderByIDSQL, id)
}

// OrderByClientOrderID returns one order by the id that its sender gave it, or
// order_not_found.
func (s *Service) OrderByClientOrderID(ctx context.Context, a tenant.Admission, id string) (json.RawMessage, error) {
	return s.find(ctx, a, orderByClientIDSQL, id)
}

func (s *Service) find(ctx context.Context, a tenant.Admission, query string, id any) (json.RawMessage, error) {
	var f found
	err := s.db.Read(ctx, a, func(b *tenant.Batch) { queueFind(b, &f, query, a.Account, id) })
	if tenant.Unstorable(err) {
		return nil, orderNotFound()
	}
	return f.order, err
}

func orderNotFound() error {
	return problem.New(problem.OrderNotFound, "This account has no order of this id. See GET /api/orders.")
}

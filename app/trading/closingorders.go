package trading

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// notOver returns err, or orders_not_canceled where the time of ctx has run out and that of
// outer has not: whether it did between two looks, in a call to the broker or in a
// transaction, the orders may be open still.
func notOver(outer, ctx context.Context, err error, so string) error {
	if err == nil || outer.Err() != nil || ctx.Err() == nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p := problem.New(problem.OrdersNotCanceled, "Some open orders are not over yet, so %s. See GET /api/orders?status=open, and try again.", so).Because(err)
	p.RetryAfter = 5 * time.Second
	return p
}

// cancelAndWait cancels the open orders of a symbol, or with "" all of them,
// and waits until they are over, because until then they hold what is to be
// sold. It ends with orders_not_canceled.
func (s *Service) cancelAndWait(ctx context.Context, a tenant.Admission, access credentials.Access, symbol string) (err error) {
	outer := ctx
	ctx, cancel := context.WithTimeout(outer, s.cancelTimeout)
	defer cancel()
	defer func() { err = notOver(outer, ctx, err, "nothing was closed") }()
	asked := map[string]bool{}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		open, err := access.Client.Orders(ctx, alpaca.GetOrdersRequest{Status: "open", Limit: 500})
		if err != nil {
			return access.Explain(ctx, err)
		}
		left := slices.DeleteFunc(open.Value, func(order alpaca.Order) bool { return symbol != "" && !trades(order, symbol) })
		if len(left) == 0 {
			return s.recordCurrent(ctx, a, access, slices.Collect(maps.Keys(asked)))
		}
		if len(asked) == 0 {
			if err := s.auditCancellation(ctx, a, symbol); err != nil {
				return err
			}
		}
		if symbol == "" && len(asked) == 0 {
			if err := access.Client.CancelAllOrders(ctx); err != nil {
				return access.Explain(ctx, err)
			}
			for _, order := range left {
				asked[order.ID] = true
			}
		}
		for _, order := range left {
			if asked[order.ID] {
				continue
			}
			asked[order.ID] = true
			// An order that is over by now needs no cancellation.
			if err := access.Client.CancelOrder(ctx, order.ID); err != nil && !broker.IsKind(err, broker.Invalid, broker.NotFound) {
				return access.Explain(ctx, err)
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// auditCancellation writes into the audit that the open orders of a symbol, or
// with "" all of them, are about to be canceled.
func (s *Service) auditCancellation(ctx context.Context, a tenant.Admission, symbol string) error {
	return s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.audit_call('order.cancel_all', jsonb_strip_nulls(jsonb_build_object('symbol', nullif($1, ''))))", symbol)
	})
}

// trades reports whether an order trades a symbol, by a leg too.
func trades(order alpaca.Order, symbol string) bool {
	return sameSymbol(order.Symbol, symbol) || slices.ContainsFunc(order.Legs, func(leg alpaca.Order) bool { return sameSymbol(leg.Symbol, symbol) })
}

// recordKnownSQL records the state of the orders that are known here, without their
// legs.
const recordKnownSQL = "select private.record_known_orders($1, $2, $3)"

// recordCurrent records the broker's state of orders without waiting for the
// stream: until the mirror knows that they are over, they hold what is to be
// sold for the guards too. An order that is not known here holds nothing. The
// stream's holder records it, because it was placed elsewhere, or is a leg of
// an order whose answer was lost.
func (s *Service) recordCurrent(ctx context.Context, a tenant.Admission, access credentials.Access, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	newest, err := access.Client.Orders(ctx, alpaca.GetOrdersRequest{Status: "all", Limit: 500, Direction: "desc"})
	if err != nil {
		return access.Explain(ctx, err)
	}
	said := map[string]json.RawMessage{}
	for i, order := range newest.Value {
		said[order.ID] = newest.Items[i]
	}
	for _, id := range ids {
		if said[id] != nil {
			continue
		}
		answer, err := access.Client.Order(ctx, id)
		if err != nil {
			return access.Explain(ctx, err)
		}
		said[id] = answer.Raw
	}
	answers := make([]json.RawMessage, len(ids))
	for i, id := range ids {
		answers[i] = said[id]
	}
	text, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	versions, keys := s.keys.Proof(a.Account)
	return s.db.TxNotify(ctx, a, func(b *tenant.Batch) { b.Queue(recordKnownSQL, versions, keys, text) })
}

// refreshClosers records the broker's state of the orders that are open here
// and already close this position.
func (s *Service) refreshClosers(ctx context.Context, a tenant.Admission, access credentials.Access, p alpaca.Position) error {
	opens := "buy"
	if p.Qty.IsNegative() {
		opens = "sell"
	}
	var ids []string
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select alpaca_order_id::text from app.opposing_orders($1, $2, $3)", a.Account, p.Symbol, opens).Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	if err != nil {
		return err
	}
	return s.recordCurrent(ctx, a, access, ids)
}

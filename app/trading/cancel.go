package trading

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Cancel asks the broker to cancel an order and returns the order afterwards.
// It ends with order_not_found, or order_not_cancelable with the reason.
func (s *Service) Cancel(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	var f found
	var may bool
	access, err := s.keys.Open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('cancel')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue("select private.audit_call('order.cancel', jsonb_build_object('order_id', $1::uuid)) where private.has_scope('cancel')", id)
		queueFind(b, &f, orderByIDSQL, a.Account, id)
	})
	switch {
	case err != nil:
		return nil, err
	case !may:
		return nil, tenant.NotPermitted("cancel")
	case f.AlpacaID == nil:
		return nil, problem.New(problem.OrderNotCancelable, "This order is not at the broker: its state is %q.", f.State)
	}
	if err := access.Client.CancelOrder(ctx, f.AlpacaID.String()); err != nil {
		return nil, notCancelable(access.Explain(ctx, err))
	}
	answer, err := access.Client.Order(ctx, f.AlpacaID.String())
	if err != nil {
		// The cancellation was accepted; the stream will say how it ended.
		s.log.WarnContext(ctx, "a canceled order could not be read back", "order", id, "err", err)
		return f.order, nil
	}
	placed, err := s.recordPlaced(ctx, a, Placed{Order: f.order}, answer, nil)
	return placed.Order, err
}

// notCancelable returns an error with which a cancellation ended as
// order_not_cancelable, where it is about the order.
func notCancelable(err error) error {
	p := problem.Of(err)
	var b *broker.Error
	if errors.As(err, &b) && (b.Kind == broker.Invalid || b.Kind == broker.NotFound) {
		p.Code, p.Message = problem.OrderNotCancelable, sentence("Alpaca refused to cancel this order", b.Message)
	}
	return p
}

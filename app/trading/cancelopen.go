package trading

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// openOrder is an order that the account has at the broker, or may have.
type openOrder struct {
	ID         uuid.UUID
	AlpacaID   *uuid.UUID
	Unresolved bool // the broker's answer is missing
}

const listOpenOrdersSQL = `select id, alpaca_order_id, intent_state in ('submitting', 'unknown') from app.alpaca_orders
	where account_id = $1 and (intent_state in ('submitting', 'unknown') or is_open and intent_state <> 'unsent') order by created_at`

// CancelOpen cancels the account's open orders and waits until they are over,
// before the account or its keys are deleted. Orders that were placed elsewhere
// and are not known here stay. It cancels nothing for somebody who may not
// manage the account, and nothing where the broker's answer to an order is
// missing, because that order could not be canceled; package accounts then
// returns the problem. It ends with orders_not_canceled.
func (s *Service) CancelOpen(ctx context.Context, a tenant.Admission) (err error) {
	outer := ctx
	ctx, cancel := context.WithTimeout(outer, s.cancelTimeout)
	defer cancel()
	defer func() { err = notOver(outer, ctx, err, "nothing was forgotten") }()
	asked := map[uuid.UUID]bool{}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var manages bool
		var open []openOrder
		err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
			b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error { return row.Scan(&manages) })
			b.Queue(listOpenOrdersSQL, a.Account).Query(func(rows pgx.Rows) (err error) {
				open, err = pgx.CollectRows(rows, pgx.RowToStructByPos[openOrder])
				return err
			})
		})
		switch {
		case err != nil:
			return err
		case !manages:
			return problem.New(problem.NotPermitted, "Only the owner of an account may do this.")
		case len(open) == 0:
			return nil
		}
		for _, o := range open {
			if o.Unresolved || o.AlpacaID == nil {
				return nil // package accounts returns the list
			}
		}
		for _, o := range open {
			if err := s.cancelAndRefresh(ctx, a, o, asked); err != nil {
				return err
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cancelAndRefresh asks for an order's cancellation the first time, and reads
// its state after that.
func (s *Service) cancelAndRefresh(ctx context.Context, a tenant.Admission, o openOrder, asked map[uuid.UUID]bool) error {
	if !asked[o.ID] {
		asked[o.ID] = true
		_, err := s.Cancel(ctx, a, o.ID)
		var p *problem.Problem
		if errors.As(err, &p) && p.Code == problem.OrderNotCancelable {
			return nil // it may be over: the next call reads its state
		}
		return err
	}
	access, err := s.keys.Open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return err
	}
	answer, err := access.Client.Order(ctx, o.AlpacaID.String())
	if err != nil {
		return access.Explain(ctx, err)
	}
	_, err = s.recordPlaced(ctx, a, Placed{}, answer, nil)
	return err
}

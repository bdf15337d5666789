package trading

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// Closed is the result for one position.
type Closed struct {
	Symbol string          `json:"symbol"`
	Status int             `json:"status"` // HTTP status
	Body   json.RawMessage `json:"body"`   // the order, or the problem
	Err    error           `json:"-"`
}

// CloseAll closes every position as Close does, some at a time. With
// CancelOrders it first cancels all open orders. It returns the result for each
// position. A retry with the same key sends and cancels nothing: it returns
// kept, the response to the first request once KeepAnswer has stored it, and
// until then the orders that the first has made.
//
// It ends with orders_not_canceled, request_under_way, idempotency_key_reused,
// or a problem of the admission; then nothing is stored, and the retry tries
// again.
func (s *Service) CloseAll(ctx context.Context, a tenant.Admission, key string, c Closing) (closed []Closed, kept json.RawMessage, err error) {
	if err := CheckKey(key); err != nil {
		return nil, nil, err
	}
	if err := validate.StructExcept(&c, "Symbol"); err != nil {
		return nil, nil, explainField(err)
	}
	_, hash := requestText(&c)
	access, _, err := s.openForClosing(ctx, a, "")
	if key != "" && (err == nil || problem.Is(err, problem.GuardRefused)) { // a retry gets its answer, whatever the switch is by now
		var kept json.RawMessage
		if kept, err = s.firstAnswer(ctx, a, key, hash, err); err != nil || kept != nil {
			return nil, kept, err
		}
		c.CloseAll = key
		defer func() {
			if err != nil {
				s.forgetAnswer(ctx, a, key)
			}
		}()
	}
	if err != nil {
		return nil, nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if c.CancelOrders {
		if err := s.cancelAndWait(ctx, a, access, ""); err != nil {
			return nil, nil, err
		}
	}
	positions, err := s.readPositions(ctx, a, access.Client)
	if err != nil {
		return nil, nil, access.Explain(ctx, err)
	}
	closed = make([]Closed, len(positions.Value))
	var group errgroup.Group
	group.SetLimit(4)
	for i, held := range positions.Value {
		group.Go(func() error {
			one := c
			one.Symbol = held.Symbol
			p, err := prepare("", "", &one, tenant.Age(time.Now()))
			var placed Placed
			if err == nil {
				placed, err = s.closeHeld(ctx, a, p, one, access, held, held.Qty.Abs())
			}
			closed[i] = Closed{Symbol: held.Symbol, Status: 200, Body: placed.Order, Err: err}
			if err == nil && !placed.Known {
				closed[i].Status = 202
			}
			return nil
		})
	}
	return closed, nil, group.Wait()
}

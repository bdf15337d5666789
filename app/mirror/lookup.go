package mirror

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// lostIntent is an intent whose answer from the broker is missing.
type lostIntent struct {
	ID            uuid.UUID
	ClientOrderID string
	Since         time.Time // when it was last sent
}

// lookUpState is since when the broker has answered, at every look-up, that it
// has no such order, and when it last did. A look-up that failed starts it
// again, so that an order is marked unknown for what the broker says and not
// for an outage. It is kept in memory, so that no two machines' clocks are
// compared; the next holder of the lease starts it again.
type lookUpState struct{ first, last time.Time }

// lookUpLost asks the broker for every lost order, by the id that it was sent
// with, and records those that it finds. A single "not found" proves nothing,
// since an order may appear late. An order that stays unknown to the broker for
// the whole window is marked unknown, for a person to look at. Nothing is ever
// sent again.
func (a *account) lookUpLost(ctx context.Context) error {
	intents, err := a.lostIntents(ctx, 3*time.Second)
	if err != nil {
		return err
	}
	maps.DeleteFunc(a.missing, func(in lostIntent, _ lookUpState) bool { return !slices.Contains(intents, in) })
	for _, in := range intents {
		answer, err := a.client.OrderByClientOrderID(ctx, in.ClientOrderID)
		var e *broker.Error
		errors.As(err, &e)
		switch {
		case e == nil, e.Kind == broker.NotFound, e.Kind == broker.Canceled:
		case e.Kind == broker.Invalid, e.Kind == broker.Forbidden:
			delete(a.missing, in)
		case e.Odd != nil:
			delete(a.missing, in) // it exists and cannot be read
		case e.HTTPStatus == 0 && e.Kind == broker.RateLimited: // our own limit: the broker was not asked
		default:
			clear(a.missing) // the broker is away, for all orders
		}
		switch {
		case err == nil:
			var another bool // the order found is not the one that was sent
			err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
				queueOrderEvent(b, a.lease, answer.Raw, "reconciled", answer.RequestID)
				b.Queue("select intent_state = 'submitting' and alpaca_order_id is null from app.alpaca_orders where account_id = $1 and id = $2", a.lease.Account, in.ID).
					QueryRow(func(row pgx.Row) error { return row.Scan(&another) })
			})
			if err == nil && another {
				err = a.markUnknown(ctx, in, anotherMessage)
			}
			signal(a.gap) // a look-up does not return its legs
		case broker.IsKind(err, broker.NotFound):
			err = a.notFound(ctx, in)
		}
		if e != nil && (e.Kind == broker.Invalid || e.Kind == broker.Forbidden || e.Odd != nil) || unrecordable(err) {
			a.log.Error("a lost order cannot be looked up and stays unclear", "order", in.ID, "err", err)
			continue // the next ones may work
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lostIntents returns the intents whose answer has been missing for at least
// age, oldest first.
func (a *account) lostIntents(ctx context.Context, age time.Duration) (intents []lostIntent, err error) {
	err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select id, client_order_id, updated_at from app.alpaca_orders
			where account_id = $1 and intent_state = 'submitting' and updated_at < now() - $2::interval
			order by created_at limit 100`, a.lease.Account, age).Query(func(rows pgx.Rows) (err error) {
			intents, err = pgx.CollectRows(rows, pgx.RowToStructByPos[lostIntent])
			return err
		})
	})
	return intents, err
}

// The status messages of an order whose outcome stays unknown.
const (
	notKnownMessage = "The broker's answer to this order was lost, and the broker does not know its client_order_id. " +
		"It was most likely never placed: check the orders at Alpaca before you send it again under a new client_order_id."
	anotherMessage = "The broker's answer to this order was lost, and the order that the broker has under its client_order_id is another one, " +
		"of other terms: it was most likely never placed, unless its shares were split meanwhile. " +
		"Check the orders at Alpaca before you send it again under a new client_order_id."
	noKeysMessage = "The broker's answer to this order was lost, and this account has no working API keys to ask with. " +
		"It may have been placed: check the orders at Alpaca before you send it again under a new client_order_id."
)

// notFound records that the broker does not know the order. It marks the order
// unknown once that has been so for the whole window; a pause as long as the
// window, in which nobody asked, starts it again.
func (a *account) notFound(ctx context.Context, in lostIntent) error {
	m, known := a.missing[in]
	begun := known && time.Since(m.last) < a.m.LookupWindow
	if begun && time.Since(m.first) >= a.m.LookupWindow {
		return a.markUnknown(ctx, in, notKnownMessage)
	}
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`update app.alpaca_orders set lookups = lookups + 1,
				looked_up_at = case when $3 then coalesce(looked_up_at, clock_timestamp()) else clock_timestamp() end
			where account_id = $1 and id = $2 and intent_state = 'submitting'`, a.lease.Account, in.ID, begun)
	})
	if err != nil {
		return err
	}
	m.last = time.Now()
	if !begun {
		m.first = m.last
	}
	a.missing[in] = m
	return nil
}

// markAllUnknown marks the orders that have been lost for the whole window,
// where there are no keys to ask the broker with.
func (a *account) markAllUnknown(ctx context.Context) {
	intents, err := a.lostIntents(ctx, a.m.LookupWindow)
	for _, in := range intents {
		if err == nil {
			err = a.markUnknown(ctx, in, noKeysMessage)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("orders that stay unclear could not be parked; it is tried again", "err", err)
	}
}

// markUnknown gives an order up as unknown, for a person to look at.
func (a *account) markUnknown(ctx context.Context, in lostIntent, message string) error {
	a.log.Error("an order stays unclear and is parked", "order", in.ID)
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`with marked as (
			update app.alpaca_orders set intent_state = 'unknown', status = 'unknown', status_message = $3, updated_at = clock_timestamp()
			where account_id = $1 and id = $2 and intent_state = 'submitting' returning *)
			select private.append_event('order', app.order_event('unknown', row(marked.*)::app.alpaca_orders), null) from marked`, a.lease.Account, in.ID, message)
	})
	if err == nil && a.m.Observer.Parked != nil {
		a.m.Observer.Parked()
	}
	return err
}

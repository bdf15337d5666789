package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// settleRounds bounds how often one reconciliation reads positions while their
// orders are being filled.
const settleRounds = 4

// mirrorState is the state of an account's mirror when a reconciliation begins.
type mirrorState struct {
	agreed  *time.Time // when it last agreed; nil before the first time
	newest  *time.Time // when the newest order listed by then was submitted, by the broker's clock
	doubts  int64
	settled bool // no doubt is open
}

func (s *mirrorState) queue(b *tenant.Batch, account uuid.UUID) {
	b.Queue(`select c.agreed_at, c.newest_order_at, coalesce(c.doubts, 0), coalesce(c.doubts = c.doubts_settled, false)
		from (values (1)) one left join app.stream_cursors c on c.account_id = $1`, account).
		QueryRow(func(row pgx.Row) error { return row.Scan(&s.agreed, &s.newest, &s.doubts, &s.settled) })
}

// orderStates is the state of orders at one moment, by the broker's ids.
type orderStates map[string]orderState

type orderState struct {
	filled string // quantity; "" where it is unknown
	open   bool   // it may still be filled
}

// filledQuantities is the argument p_before or p_after of app.reconcile_positions.
func (t orderStates) filledQuantities() []byte {
	quantities := make(map[string]*string, len(t))
	for id, o := range t {
		quantities[id] = nil
		if o.filled != "" {
			quantities[id] = &o.filled
		}
	}
	text, err := json.Marshal(quantities)
	if err != nil {
		panic(err) // cannot happen: strings always marshal
	}
	return text
}

// orderStatesOf reads the state of each order.
func orderStatesOf(orders []brokerOrder) orderStates {
	all := make(orderStates, len(orders))
	for _, o := range orders {
		var said struct {
			FilledQty *decimal.Decimal `json:"filled_qty"`
			Status    string           `json:"status"`
		}
		if err := json.Unmarshal(o.raw, &said); err != nil {
			all[o.id] = orderState{open: true} // unreadable: it may still be filled
			continue
		}
		t := orderState{filled: "0", open: !broker.IsOver(said.Status)}
		if said.FilledQty != nil {
			t.filled = said.FilledQty.String()
		}
		all[o.id] = t
	}
	return all
}

// errMoving means that orders were filled faster than positions could be read.
var errMoving = errors.New("orders are being filled while the account's positions are read")

// positionList is a list of positions, when it was asked for by Postgres'
// clock, and how many doubts there were on the mirror by then.
type positionList struct {
	broker.PositionsAnswer
	at     time.Time
	doubts int64
}

// settlePositions makes the mirror's positions agree with the broker's list and
// with the recorded orders, which had the states before, the newest of them
// submitted at newest. Which fills a list of positions includes is certain only
// where orders have the same state before and after it was read; no clock
// tells. Where the mirror agreed with the broker before and nothing has cast
// doubt since, a list that equals what is counted needs no second reading of
// orders.
func (a *account) settlePositions(ctx context.Context, s mirrorState, before orderStates, newest *time.Time, what string, d *differences) (l positionList, err error) {
	for round := range settleRounds {
		var moves []byte
		err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
			s.queue(b, a.lease.Account)
			b.Queue("select clock_timestamp(), app.position_moves($1)", a.lease.Account).
				QueryRow(func(row pgx.Row) error { return row.Scan(&l.at, &moves) })
		})
		if err != nil {
			return l, err
		}
		l.doubts = s.doubts
		if l.PositionsAnswer, err = a.client.Positions(ctx); err != nil {
			return l, err
		}
		a.odd = append(a.odd, l.Odd...)
		sure := s.agreed != nil && s.settled
		if round == 0 && sure {
			unsettled, err := a.recordPositions(ctx, l, moves, before, nil)
			if err != nil || len(unsettled) == 0 {
				return l, err
			}
		}
		after, err := a.readChangedOrders(ctx, before, newest, what, d)
		if err != nil {
			return l, err
		}
		unsettled, err := a.recordPositions(ctx, l, moves, before, after)
		if err != nil || len(unsettled) == 0 {
			return l, err
		}
		if sure && round == settleRounds-1 {
			signal(a.gap) // the mirror is right where it is certain; the rest is read again
			return l, nil
		}
		before = after
	}
	return l, errMoving
}

// recordPositions compares the mirror with a list of positions, corrects it,
// and returns the symbols of which it is uncertain which fills the list
// includes.
func (a *account) recordPositions(ctx context.Context, l positionList, moves []byte, before, after orderStates) (unsettled []string, err error) {
	var then []byte
	if after != nil {
		then = after.filledQuantities()
	}
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`with s as (select * from app.reconcile_positions($1, $2, $3, $4, $5, $6)), said as (
				select private.append_event('position', jsonb_build_object('positions', $2::jsonb), null) from s where s.changed)
			select s.unsettled, (select count(*) from said) from s`, a.lease.Account, []byte(l.Raw), l.at, moves, before.filledQuantities(), then).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled, nil) })
	})
	return unsettled, err
}

// readChangedOrders reads and records the orders that may have been filled
// since before, and returns their states: the open ones, one by one where no
// list has them, and all that were submitted since.
func (a *account) readChangedOrders(ctx context.Context, before orderStates, newest *time.Time, what string, d *differences) (orderStates, error) {
	var begin time.Time // zero: since the account's first order
	if newest != nil {
		begin = newest.Add(-listOverlap)
	}
	orders, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return nil, err
	}
	recent, err := a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, begin, allPages)
	if err != nil {
		return nil, err
	}
	orders = append(orders, recent...)
	after := orderStatesOf(orders)
	asked := 0
	for id, o := range before {
		if _, listed := after[id]; listed || !o.open {
			continue
		}
		after[id] = orderState{open: true} // until it is read: unknown
		if asked++; asked > maxLookUps {
			continue
		}
		answer, err := a.client.Order(ctx, id)
		if broker.IsKind(err, broker.NotFound) {
			after[id] = orderState{filled: o.filled} // an order unknown to the broker cannot be filled
			continue
		}
		if a.noteIfOdd(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("ask for an order again: %w", err)
		}
		a.odd = append(a.odd, answer.Odd...)
		one := brokerOrder{id: id, raw: answer.Raw, serverTime: answer.ServerTime, requestedAt: answer.RequestedAt}
		orders = append(orders, one)
		after[id] = orderStatesOf([]brokerOrder{one})[id]
	}
	var again differences
	if err := a.recordAll(ctx, orders, what, &again); err != nil {
		return nil, err
	}
	d.merge(again)
	return after, nil
}

// recordAgreement records odd items and that the mirror agreed with the broker,
// as of when the positions were asked for, and returns the positions of the
// mirror, and what there is to do for the journal.
func (a *account) recordAgreement(ctx context.Context, l positionList, orders []brokerOrder, newest *time.Time) (held map[string]holding, s journalState, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		a.queueOdd(b, "order", idsOf(orders), true)
		a.queueOdd(b, "position", nil, true)
		queueHoldings(b, a.lease.Account, &held)
		b.Queue(`insert into app.stream_cursors as c (account_id, agreed_at, doubts_settled, max_age, newest_order_at) values ($1, $2, $3, $4, $5)
			on conflict (account_id) do update set agreed_at = excluded.agreed_at, doubts_settled = excluded.doubts_settled, max_age = excluded.max_age,
				newest_order_at = greatest(c.newest_order_at, excluded.newest_order_at), sync_error = null, sync_error_at = null, updated_at = now()`,
			a.lease.Account, l.at, l.doubts, a.m.MirrorMaxAge, newest)
		s.queue(b, a.lease.Account)
	})
	return held, s, err
}

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

// mirrorState is the state of an account's mirror at one moment of a reconciliation.
type mirrorState struct {
	agreed  *time.Time // when it last agreed; nil before the first time
	newest  *time.Time // when the newest order listed by then was submitted, by the broker's clock
	doubts  int64
	settled bool      // no doubt is open
	at      time.Time // the moment, by Postgres' clock
	moves   []byte    // how often each position has changed, for app.reconcile_positions
}

func (s *mirrorState) queue(b *tenant.Batch, account uuid.UUID) {
	b.Queue(`select c.agreed_at, c.newest_order_at, coalesce(c.doubts, 0), coalesce(c.doubts = c.doubts_settled, false),
			clock_timestamp(), app.position_moves($1)
		from (values (1)) one left join app.stream_cursors c on c.account_id = $1`, account).
		QueryRow(func(row pgx.Row) error { return row.Scan(&s.agreed, &s.newest, &s.doubts, &s.settled, &s.at, &s.moves) })
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
//
// s is what the mirror was before the orders were read, which will do for the first list
// where they changed nothing: whatever has moved since counts as moving. Where positions
// agree, that is recorded with what was odd among the orders.
func (a *account) settlePositions(ctx context.Context, s mirrorState, orders []brokerOrder, newest *time.Time, what string, d *differences) (l positionList, g agreement, err error) {
	before := orderStatesOf(orders)
	for round := range settleRounds {
		if round > 0 || d.Orders.Differed > 0 {
			if err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { s.queue(b, a.lease.Account) }); err != nil {
				return l, g, err
			}
		}
		l.at, l.doubts = s.at, s.doubts
		if l.PositionsAnswer, err = a.client.Positions(ctx); err != nil {
			return l, g, err
		}
		a.odd = append(a.odd, l.Odd...)
		sure := s.agreed != nil && s.settled
		if round == 0 && sure {
			var unsettled []string
			if unsettled, g, err = a.settleAtOnce(ctx, l, s.moves, before, orders, newest); err != nil || len(unsettled) == 0 {
				return l, g, err
			}
		}
		after, err := a.readChangedOrders(ctx, before, newest, what, d)
		if err != nil {
			return l, g, err
		}
		unsettled, err := a.recordPositions(ctx, l, s.moves, before, after)
		if err != nil {
			return l, g, err
		}
		last := sure && round == settleRounds-1
		if last && len(unsettled) > 0 {
			signal(a.gap) // the mirror is right where it is certain; the rest is read again
		}
		if last || len(unsettled) == 0 {
			g, err = a.recordAgreement(ctx, l, orders, newest)
			return l, g, err
		}
		before = after
	}
	return l, g, errMoving
}

// settleAtOnce compares the mirror with a list of positions, and records that they agree
// where they do, in one transaction. It returns the symbols that are uncertain, as
// recordPositions does without orders that were read afterwards.
func (a *account) settleAtOnce(ctx context.Context, l positionList, moves []byte, before orderStates, orders []brokerOrder, newest *time.Time) (unsettled []string, g agreement, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.settle_positions($1, $2, $3, $4, $5, $6, $7, $8)",
			a.lease.Account, []byte(l.Raw), l.at, moves, before.filledQuantities(), l.doubts, a.m.MirrorMaxAge, newest).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled) })
		a.queueAgreement(b, orders, &g)
	})
	return unsettled, g, err
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
	orders, _, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return nil, err
	}
	recent, _, err := a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, begin, allPages)
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

// agreement is what the mirror has once it agrees with the broker.
type agreement struct {
	held    map[string]holding // the positions
	journal journalState       // what there is to do for the journal
}

// recordAgreement records odd items and that the mirror agreed with the broker,
// as of when the positions were asked for.
func (a *account) recordAgreement(ctx context.Context, l positionList, orders []brokerOrder, newest *time.Time) (g agreement, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.record_agreement($1, $2, $3, $4, $5)", a.lease.Account, l.at, l.doubts, a.m.MirrorMaxAge, newest)
		a.queueAgreement(b, orders, &g)
	})
	return g, err
}

// queueAgreement records odd items and reads the agreement.
func (a *account) queueAgreement(b *tenant.Batch, orders []brokerOrder, into *agreement) {
	a.queueOdd(b, "order", idsOf(orders), true)
	a.queueOdd(b, "position", nil, true)
	queueHoldings(b, a.lease.Account, &into.held)
	into.journal.queue(b, a.lease.Account)
}

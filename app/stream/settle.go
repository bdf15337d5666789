package stream

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

// settleRounds bounds how often positions are asked for in one reconciliation
// while orders of them are being filled.
const settleRounds = 4

// standing is where an account's mirror stands when a reconciliation begins.
type standing struct {
	agreed  *time.Time // the last time; nil before the first
	newest  *time.Time // order that was listed by then, by the broker's clock
	doubts  int64
	settled bool // nothing is in doubt
}

func (s *standing) queue(b *tenant.Batch, account uuid.UUID) {
	b.Queue(`select c.agreed_at, c.newest_order_at, coalesce(c.doubts, 0), coalesce(c.doubts = c.doubts_settled, false)
		from (values (1)) one left join app.stream_cursors c on c.account_id = $1`, account).
		QueryRow(func(row pgx.Row) error { return row.Scan(&s.agreed, &s.newest, &s.doubts, &s.settled) })
}

// told is what the broker says of orders at one moment, by their ids.
type told map[string]toldOrder

type toldOrder struct {
	filled string // the quantity; "" where it is not known
	open   bool   // it may be filled yet
}

// filled is p_before and p_after of app.reconcile_positions.
func (t told) filled() []byte {
	quantities := make(map[string]*string, len(t))
	for id, o := range t {
		quantities[id] = nil
		if o.filled != "" {
			quantities[id] = &o.filled
		}
	}
	text, err := json.Marshal(quantities)
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

// read returns what orders say.
func read(orders []brokerOrder) told {
	all := make(told, len(orders))
	for _, o := range orders {
		var said struct {
			FilledQty *decimal.Decimal `json:"filled_qty"`
			Status    string           `json:"status"`
		}
		if err := json.Unmarshal(o.raw, &said); err != nil {
			all[o.id] = toldOrder{open: true} // what cannot be read may be anything
			continue
		}
		t := toldOrder{filled: "0", open: !broker.IsOver(said.Status)}
		if said.FilledQty != nil {
			t.filled = said.FilledQty.String()
		}
		all[o.id] = t
	}
	return all
}

// errMoving says that orders were filled faster than positions could be read.
var errMoving = errors.New("orders are being filled while the account's positions are read")

// looked is a list of positions, when it was asked for by Postgres' clock, and how
// many doubts had been cast on the mirror by then.
type looked struct {
	broker.PositionsAnswer
	at     time.Time
	doubts int64
}

// settle brings positions into agreement with the orders that are recorded by
// now, as before tells them, newest at the latest. What a list of positions
// holds is known where orders say the same before and after it; no clock tells.
// Where the list is what is counted anyway, and nothing speaks against it, there
// is no need for a second look at the orders.
func (a *account) settle(ctx context.Context, s standing, before told, newest *time.Time, what string, d *differences) (l looked, err error) {
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
		after, err := a.lookAgain(ctx, before, newest, what, d)
		if err != nil {
			return l, err
		}
		unsettled, err := a.recordPositions(ctx, l, moves, before, after)
		if err != nil || len(unsettled) == 0 {
			return l, err
		}
		if sure && round == settleRounds-1 {
			signal(a.gap) // what is counted is right, and the rest is looked at again
			return l, nil
		}
		before = after
	}
	return l, errMoving
}

// recordPositions holds the mirror against a list of positions and returns the
// symbols of which it is not known what the list holds.
func (a *account) recordPositions(ctx context.Context, l looked, moves []byte, before, after told) (unsettled []string, err error) {
	var then []byte
	if after != nil {
		then = after.filled()
	}
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`with s as (select * from app.reconcile_positions($1, $2, $3, $4, $5, $6)), said as (
				select private.append_event('position', jsonb_build_object('positions', $2::jsonb), null) from s where s.changed)
			select s.unsettled, (select count(*) from said) from s`, a.lease.Account, []byte(l.Raw), l.at, moves, before.filled(), then).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled, nil) })
	})
	return unsettled, err
}

// lookAgain records the orders that may have been filled since they were told,
// and returns what they say: those that were open, one by one where no list has
// them, and all that came since.
func (a *account) lookAgain(ctx context.Context, before told, newest *time.Time, what string, d *differences) (told, error) {
	var begin time.Time // of the account's first order
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
	after := read(orders)
	asked := 0
	for id, o := range before {
		if _, listed := after[id]; listed || !o.open {
			continue
		}
		after[id] = toldOrder{open: true} // nobody knows
		if asked++; asked > maxLookUps {
			continue
		}
		answer, err := a.client.Order(ctx, id)
		if isKind(err, broker.NotFound) {
			after[id] = toldOrder{filled: o.filled} // what the broker does not know is not filled
			continue
		}
		if a.isOdd(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("ask for an order again: %w", err)
		}
		a.odd = append(a.odd, answer.Odd...)
		one := brokerOrder{id: id, raw: answer.Raw, told: answer.Told, asked: answer.Asked}
		orders = append(orders, one)
		after[id] = read([]brokerOrder{one})[id]
	}
	var again differences
	if err := a.recordAll(ctx, orders, what, &again); err != nil {
		return nil, err
	}
	d.also(again)
	return after, nil
}

// agree notes what was odd, and that the mirror agreed, as of when the positions
// were asked for, and returns what is held.
func (a *account) agree(ctx context.Context, l looked, orders []brokerOrder, newest *time.Time) (held map[string]holding, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		a.queueOdd(b, "order", idsOf(orders), true)
		a.queueOdd(b, "position", nil, true)
		queueHoldings(b, a.lease.Account, &held)
		b.Queue(`insert into app.stream_cursors as c (account_id, agreed_at, doubts_settled, max_age, newest_order_at) values ($1, $2, $3, $4, $5)
			on conflict (account_id) do update set agreed_at = excluded.agreed_at, doubts_settled = excluded.doubts_settled, max_age = excluded.max_age,
				newest_order_at = greatest(c.newest_order_at, excluded.newest_order_at), sync_error = null, sync_error_at = null, updated_at = now()`,
			a.lease.Account, l.at, l.doubts, a.m.MirrorMaxAge, newest)
	})
	return held, err
}

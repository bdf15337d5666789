package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Bounds of one reconciliation.
const (
	historyPages = 10  // of 500 orders: what a first connection, or one after a long time, brings in
	openPages    = 40  // of 500 open orders
	maxLookUps   = 50  // of orders that we believe open and the broker does not list; the rest waits for the next run
	chunk        = 200 // orders recorded in one transaction, so that none holds the account for long
)

// reconcile makes the mirror agree with the broker's REST answers: its open
// orders, all that came since the last agreement, those that we believe open
// and it no longer lists, and its positions. The first one of an account
// imports its history. Whoever waits for one is answered what differed.
func (a *account) reconcile(ctx context.Context) error {
	leave, ok := take(ctx, a.m.reconciling)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	asked := a.asked.Load()
	looked := time.Now()
	a.looked = looked
	clear(a.askedAlone)
	var s standing
	var believed []uuid.UUID // open here
	var held map[string]holding
	err := a.m.Worker.Do(ctx, a.lease, func(b *tenant.Batch) {
		s.queue(b, a.lease.Account)
		queueBelieved(b, a.lease.Account, &believed)
		queueHoldings(b, a.lease.Account, &held)
	})
	if err != nil {
		return err
	}

	orders, err := a.brokerOrders(ctx, s)
	if err != nil {
		return err
	}
	ended, err := a.ended(ctx, believed, orders)
	if err != nil {
		return err
	}
	orders = append(orders, ended...)

	what := "reconciled"
	if s.agreed == nil {
		what = "imported"
	}
	var d differences
	if err := a.recordAll(ctx, orders, what, &d); err != nil {
		return err
	}
	before, newest := read(orders)
	if s.listedUntil != nil && s.listedUntil.After(newest) {
		newest = *s.listedUntil
	}
	positions, asOf, err := a.settle(ctx, s, before, newest, what, &d)
	if err != nil {
		return err
	}
	now, err := a.agree(ctx, asOf, s.doubts, newest)
	if err != nil {
		return err
	}
	if err := a.journal(ctx); err != nil {
		return err
	}
	d.AsOf = asOf.UTC()
	d.Positions.Checked = len(positions.Value)
	d.holdings(held, now)
	a.deaf(d, looked)
	return a.answer(ctx, asked, d)
}

// lookAtOpen asks the broker for its open orders, with one call for all of
// them, when one has been silent: a fill of which no stream told is found in
// the time that an order may be silent. The rest waits for a reconciliation.
func (a *account) lookAtOpen(ctx context.Context) error {
	if time.Since(a.looked) < a.m.Silence {
		return nil
	}
	leave, ok := take(ctx, a.m.reconciling)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	asOf := time.Now()
	a.looked = asOf
	var believed []uuid.UUID
	err := a.m.Worker.Do(ctx, a.lease, func(b *tenant.Batch) { queueBelieved(b, a.lease.Account, &believed) })
	if err != nil || len(believed) == 0 {
		return err
	}
	orders, err := a.pages(ctx, alpaca.GetOrdersRequest{Status: "open"}, openPages)
	if err != nil {
		return err
	}
	ended, err := a.ended(ctx, believed, orders)
	if err != nil {
		return err
	}
	var d differences
	if err := a.recordAll(ctx, append(orders, ended...), "reconciled", &d); err != nil {
		return err
	}
	if d.Orders.Differed > 0 {
		a.deaf(d, asOf)
		signal(a.gap) // positions may have moved too
	}
	return nil
}

// deaf begins a stream anew that was up for longer than an update may take to
// come, and did not tell of a change.
func (a *account) deaf(d differences, asOf time.Time) {
	for _, at := range d.changedAt {
		if a.up.missed(at, asOf.Add(-a.m.Silence/3)) {
			a.log.Warn("the stream is connected and did not tell of a change: it is begun anew", "changed_at", at)
			return
		}
	}
}

// queueBelieved reads the broker's ids of the orders that are open here.
func queueBelieved(b *tenant.Batch, account uuid.UUID, into *[]uuid.UUID) {
	b.Queue(`select alpaca_order_id from app.alpaca_orders where account_id = $1 and is_open and alpaca_order_id is not null
		order by updated_at`, account).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			return err
		})
}

// recordAll writes orders, in transactions of a bounded size.
func (a *account) recordAll(ctx context.Context, orders []brokerOrder, what string, d *differences) error {
	seen := make(map[string]bool, len(orders))
	for _, o := range orders {
		seen[o.id] = true
	}
	d.Orders.Checked = len(seen)
	for part := range slices.Chunk(orders, chunk) {
		if err := a.record(ctx, part, what, d); err != nil {
			return err
		}
	}
	return nil
}

// record writes orders in one transaction. Where Postgres refuses one for what
// it holds, halves are tried until that one alone is left out: it must not keep
// the mirror from all others.
func (a *account) record(ctx context.Context, orders []brokerOrder, what string, d *differences) error {
	changes := make([]orderChange, len(orders))
	err := a.m.Worker.Write(ctx, a.lease, func(b *tenant.Batch) {
		for i, o := range orders {
			b.Queue("select before, after from app.reconcile_order($1, $2, $3)", a.lease.Account, []byte(o.raw), what).
				QueryRow(func(row pgx.Row) error { return row.Scan(&changes[i].before, &changes[i].after) })
		}
	})
	if err == nil {
		for i, c := range changes {
			if err := d.order(c, orders[i].updatedAt); err != nil {
				return err
			}
		}
		return nil
	}
	if !unrecordable(err) {
		return err
	}
	if len(orders) == 1 {
		a.log.Error("an order of the broker's cannot be recorded and is left out", "alpaca_order_id", orders[0].id, "err", err)
		return nil
	}
	half := len(orders) / 2
	if err := a.record(ctx, orders[:half], what, d); err != nil {
		return err
	}
	return a.record(ctx, orders[half:], what, d)
}

// unrecordable tells whether Postgres refused what an order holds.
func unrecordable(err error) bool {
	return tenant.Unstorable(err) || strings.HasPrefix(tenant.State(err), "23")
}

// ended asks for the orders that we believe open and the broker no longer
// lists as open: they ended unseen. One that did not, since the broker's list
// leaves it out for another reason, is not asked for again before the next
// reconciliation.
func (a *account) ended(ctx context.Context, believed []uuid.UUID, open []brokerOrder) ([]brokerOrder, error) {
	listed := make(map[string]bool, len(open))
	for _, o := range open {
		listed[o.id] = true
	}
	var all []brokerOrder
	asked := 0
	for _, id := range believed {
		if listed[id.String()] || a.askedAlone[id] {
			continue
		}
		if asked++; asked > maxLookUps {
			signal(a.gap)
			break
		}
		answer, err := a.client.Order(ctx, id.String())
		if err == nil || isKind(err, broker.NotFound) {
			a.askedAlone[id] = true
		}
		if isKind(err, broker.NotFound) {
			a.log.Warn("the broker does not know an order that it had accepted", "alpaca_order_id", id)
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, brokerOrder{id: id.String(), raw: answer.Raw, updatedAt: answer.Value.UpdatedAt})
	}
	return all, nil
}

// brokerOrder is an order as the broker wrote it.
type brokerOrder struct {
	id        string
	raw       json.RawMessage
	updatedAt time.Time
}

// brokerOrders answers the open orders and all that were submitted since the
// last agreement; before the first, the whole history. Lists of all orders are nested: a flat
// one does not tell which order a leg belongs to.
func (a *account) brokerOrders(ctx context.Context, s standing) ([]brokerOrder, error) {
	if s.agreed == nil {
		return a.pages(ctx, since(time.Time{}), historyPages)
	}
	open, err := a.pages(ctx, alpaca.GetOrdersRequest{Status: "open"}, openPages)
	if err != nil {
		return nil, err
	}
	// One that came and was over between two looks is in no list of open ones.
	// The time is the broker's own, of an order that was listed then.
	var newest time.Time
	if s.listedUntil != nil {
		newest = *s.listedUntil
	}
	recent, err := a.pages(ctx, since(newest), historyPages)
	return append(open, recent...), err
}

// pages reads a list of orders, newest first, the legs of each before it.
func (a *account) pages(ctx context.Context, request alpaca.GetOrdersRequest, most int) ([]brokerOrder, error) {
	request.Limit, request.Direction = 500, "desc"
	var all []brokerOrder
	for range most {
		answer, err := a.client.Orders(ctx, request)
		if err != nil {
			return nil, err
		}
		var list []listedOrder
		if err := json.Unmarshal(answer.Raw, &list); err != nil || len(list) != len(answer.Value) {
			return nil, fmt.Errorf("read the broker's list of orders: %w", err)
		}
		for _, o := range list {
			for _, leg := range o.legs {
				all = append(all, leg.brokerOrder)
			}
			all = append(all, o.brokerOrder)
		}
		if len(list) < request.Limit {
			break
		}
		// The SDK sends whole seconds: rounded up, a page overlaps the one
		// before it, and recording an order twice changes nothing.
		request.Until = answer.Value[len(list)-1].SubmittedAt.Truncate(time.Second).Add(time.Second)
	}
	return all, nil
}

// listedOrder is an order of a list, with those of its legs that are orders of
// their own. A leg is recorded by itself too, so that its changes are told.
type listedOrder struct {
	brokerOrder
	legs     []listedOrder
	nameless bool // of a multi-leg order, and no order of its own
}

// UnmarshalJSON keeps the order as the broker wrote it.
func (o *listedOrder) UnmarshalJSON(text []byte) error {
	var head struct {
		ID            string          `json:"id"`
		ClientOrderID string          `json:"client_order_id"`
		UpdatedAt     time.Time       `json:"updated_at"`
		Legs          json.RawMessage `json:"legs"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	o.brokerOrder = brokerOrder{id: head.ID, raw: bytes.Clone(text), updatedAt: head.UpdatedAt}
	o.nameless = head.ClientOrderID == ""
	if len(head.Legs) == 0 {
		return nil
	}
	var legs []listedOrder
	if err := json.Unmarshal(head.Legs, &legs); err != nil {
		return err
	}
	o.legs = slices.DeleteFunc(legs, func(leg listedOrder) bool { return leg.nameless })
	return nil
}

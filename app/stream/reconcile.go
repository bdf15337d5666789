package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Bounds of one reconciliation.
const (
	historyPages = 10  // of 500 orders: what a first connection brings in
	allPages     = 400 // of 500 orders: whatever is open, and whatever came since the last agreement
	maxLookUps   = 50  // of orders that we believe open and the broker does not list; the rest waits for the next run
	chunk        = 200 // orders recorded in one transaction, so that none holds the account for long
)

// listOverlap is how much of what was listed the last time is listed again: an
// order may appear later than one that was submitted after it, and the broker's
// own clock may be set back.
const listOverlap = 10 * time.Minute

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
	a.looked = time.Now()
	a.odd = nil
	a.leftOver = false
	clear(a.askedAlone)
	var d differences
	whole := false
	number := a.up.look()
	defer func() { a.up.looked(number, whole, d.moved, a.m.Silence/3) }()
	var s standing
	var believed []uuid.UUID // open here
	var held map[string]holding
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		s.queue(b, a.lease.Account)
		queueBelieved(b, a.lease.Account, &believed)
		queueHoldings(b, a.lease.Account, &held)
	})
	if err != nil {
		return err
	}

	orders, err := a.brokerOrders(ctx, s.agreed, s.newest)
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
	if err := a.recordAll(ctx, orders, what, &d); err != nil {
		return err
	}
	before, newest := read(orders), newestOf(orders)
	if newest == nil {
		newest = s.newest
	}
	positions, err := a.settle(ctx, s, before, newest, what, &d)
	if err != nil {
		return err
	}
	now, err := a.agree(ctx, positions, orders, newest)
	if err != nil {
		return err
	}
	if err := a.journal(ctx); err != nil {
		return err
	}
	d.AsOf = positions.at.UTC()
	d.Positions.Checked = len(positions.Value)
	d.holdings(held, now)
	whole = !a.leftOver
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
	a.looked = time.Now()
	a.odd = nil
	var d differences
	number := a.up.look()
	defer func() { a.up.looked(number, false, d.moved, a.m.Silence/3) }()
	var believed []uuid.UUID
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { queueBelieved(b, a.lease.Account, &believed) })
	if err != nil || len(believed) == 0 {
		return err
	}
	orders, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return err
	}
	ended, err := a.ended(ctx, believed, orders)
	if err != nil {
		return err
	}
	orders = append(orders, ended...)
	if err := a.recordAll(ctx, orders, "reconciled", &d); err != nil {
		return err
	}
	if err := a.noteOdd(ctx, "order", idsOf(orders)); err != nil {
		return err
	}
	if d.Orders.Differed > 0 {
		signal(a.gap) // positions may have moved too
	}
	return nil
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

// record writes orders in one transaction. One that Postgres refuses for what it
// holds is tried again with nothing but the fields that are recorded, and kept
// as it came where that is refused too: it must not keep the mirror from all
// others.
func (a *account) record(ctx context.Context, orders []brokerOrder, what string, d *differences) error {
	// First without what lets one be refused alone: that costs a subtransaction
	// for each.
	_, err := a.take(ctx, "select before, after, null from app.reconcile_order($1, $2::text::jsonb, $3, $4, $5)", orders, what, d)
	if !unrecordable(err) {
		return err
	}
	refused, err := a.take(ctx, takeOrder, orders, what, d)
	if err != nil || len(refused) == 0 {
		return err
	}
	plain := make([]brokerOrder, len(refused))
	for i, r := range refused {
		plain[i] = r.brokerOrder
		plain[i].raw = broker.KnownFields(r.raw)
	}
	if refused, err = a.take(ctx, takeOrder, plain, what, d); err != nil {
		return err
	}
	for _, r := range refused {
		var head struct{ Status string }
		_ = json.Unmarshal(r.raw, &head) // it was read before
		a.odd = append(a.odd, broker.Odd{What: "order", ID: r.id, Why: "it cannot be recorded: " + r.why, Text: string(r.raw),
			Unread: true, Uncounted: !broker.IsOver(head.Status)})
	}
	return nil
}

// refusedOrder is one that Postgres refused for what it holds.
type refusedOrder struct {
	brokerOrder
	why string
}

const takeOrder = "select before, after, refused from app.try_reconcile_order($1, $2, $3, $4, $5)"

// take writes orders in one transaction, and answers those that were refused.
func (a *account) take(ctx context.Context, sql string, orders []brokerOrder, what string, d *differences) (refused []refusedOrder, err error) {
	changes := make([]orderChange, len(orders))
	reasons := make([]*string, len(orders))
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		for i, o := range orders {
			b.Queue(sql, a.lease.Account, string(o.raw), what, o.toldAt(), time.Since(o.asked)).
				QueryRow(func(row pgx.Row) error { return row.Scan(&changes[i].before, &changes[i].after, &reasons[i]) })
		}
	})
	if err != nil {
		return nil, err
	}
	for i, c := range changes {
		if reasons[i] != nil {
			refused = append(refused, refusedOrder{orders[i], *reasons[i]})
			continue
		}
		if err := d.order(c, orders[i].id); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// unrecordable tells whether Postgres refused what an order holds.
func unrecordable(err error) bool {
	return tenant.Unstorable(err) || strings.HasPrefix(tenant.SQLState(err), "23")
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
			a.leftOver = true
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
		if a.isOdd(err) {
			a.leftOver = true
			a.askedAlone[id] = true
			continue
		}
		if err != nil {
			return nil, err
		}
		a.odd = append(a.odd, answer.Odd...)
		all = append(all, brokerOrder{id: id.String(), raw: answer.Raw, told: answer.Told, asked: answer.Asked})
	}
	return all, nil
}

// brokerOrder is an order as the broker wrote it.
type brokerOrder struct {
	id          string
	raw         json.RawMessage
	submittedAt time.Time
	told, asked time.Time // when, as broker.Answer has it
}

// toldAt is when the broker told of the order; nil where it did not say.
func (o brokerOrder) toldAt() *time.Time {
	if o.told.IsZero() || o.asked.IsZero() {
		return nil
	}
	return &o.told
}

// newestOf is when the newest of orders was submitted, by the broker's clock;
// nil for none.
func newestOf(orders []brokerOrder) *time.Time {
	var newest *time.Time
	for i := range orders {
		if at := &orders[i].submittedAt; !at.IsZero() && (newest == nil || at.After(*newest)) {
			newest = at
		}
	}
	return newest
}

// brokerOrders answers the open orders and all that were submitted since the
// newest that was listed at the last agreement; before there was one, the whole
// history. Lists of all orders are nested: a flat one does not tell which order
// a leg belongs to.
func (a *account) brokerOrders(ctx context.Context, agreed, newest *time.Time) ([]brokerOrder, error) {
	if agreed == nil {
		return a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, time.Time{}, historyPages)
	}
	open, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return nil, err
	}
	// One that came and was over between two looks is in no list of open ones.
	// Only the broker's own times are compared: its clock may be far from ours.
	if newest == nil {
		all, err := a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, time.Time{}, historyPages)
		return append(open, all...), err
	}
	recent, err := a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, newest.Add(-listOverlap), allPages)
	return append(open, recent...), err
}

// pages reads a list of orders, newest first, the legs of each before it: those
// that were submitted after a time (the zero time is all), and at most so many
// pages. Each page begins at the last order of the one before it, so that any
// number may have been submitted at one time.
func (a *account) pages(ctx context.Context, q url.Values, after time.Time, most int) ([]brokerOrder, error) {
	var all []brokerOrder
	err := a.client.AllOrders(ctx, q, after, most, func(page broker.OrdersAnswer) error {
		a.odd = append(a.odd, page.Odd...)
		var list []listedOrder
		if err := json.Unmarshal(page.Raw, &list); err != nil {
			return fmt.Errorf("read the broker's list of orders: %w", err)
		}
		for _, o := range list {
			o.told, o.asked = page.Told, page.Asked
			for _, leg := range o.legs {
				leg.told, leg.asked = page.Told, page.Asked
				all = append(all, leg.brokerOrder)
			}
			all = append(all, o.brokerOrder)
		}
		return nil
	})
	return all, err
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
		SubmittedAt   time.Time       `json:"submitted_at"`
		Legs          json.RawMessage `json:"legs"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	o.brokerOrder = brokerOrder{id: head.ID, raw: bytes.Clone(text), submittedAt: head.SubmittedAt}
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

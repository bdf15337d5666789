package mirror

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
	allPages   = 400 // of 500 orders: those open, and those submitted since the last agreement
	maxLookUps = 50  // of orders that are open here and that the broker does not list; the next run looks up the rest
	chunk      = 200 // orders in one transaction, so that none locks the account for long
)

// listOverlap is how far before the last reading a list of orders begins: an
// order may appear after one that was submitted later, and the broker's clock
// may be set back.
const listOverlap = 10 * time.Minute

// reconcile makes the mirror agree with the broker's REST API: open orders, all
// that were submitted since the last agreement, those that are open here and no
// longer listed, and positions. An account's first reconciliation reads the
// newest part of its history. Those who wait for a reconciliation get its differences.
func (a *account) reconcile(ctx context.Context) error {
	leave, ok := acquireSlot(ctx, a.m.reconcileSlots)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	asked := a.syncAsked.Load()
	a.lastRead = time.Now()
	a.odd = nil
	a.moreToRead, a.atRest = false, false
	clear(a.askedSingly)
	var d differences
	whole := false
	number := a.monitor.beginRead()
	defer func() { a.monitor.endRead(number, whole, d.moved, a.m.Silence/3) }()
	var s mirrorState
	var openHere []uuid.UUID // open in the mirror
	var held map[string]holding
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		s.queue(b, a.lease.Account)
		queueOpenOrders(b, a.lease.Account, &openHere)
		queueHoldings(b, a.lease.Account, &held)
	})
	if err != nil {
		return err
	}

	orders, isWhole, err := a.brokerOrders(ctx, s.agreed, s.newest)
	if err != nil {
		return err
	}
	ended, err := a.readEnded(ctx, openHere, orders)
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
	newest := newestOf(orders)
	if newest == nil {
		newest = s.newest
	}
	if s.agreed == nil {
		// Before the agreement, so that no server can die between the two.
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) { queueFirstImport(b, a.lease.Account, isWhole, len(orders), newest) })
		if err != nil {
			return err
		}
	}
	positions, agreed, err := a.settlePositions(ctx, s, orders, newest, what, &d)
	if err != nil {
		return err
	}
	if err := a.completeJournal(ctx, agreed.journal); err != nil {
		return err
	}
	d.AsOf = positions.at.UTC()
	d.Positions.Checked = len(positions.Value)
	d.addPositions(held, agreed.held)
	whole = !a.moreToRead
	a.atRest = whole && agreed.journal.isComplete() && len(agreed.journal.gaps) == 0 && s.agreed != nil && d.differed() == 0 && a.monitor.isUnbroken(number) && !anyOpen(orders) && len(a.gap) == 0
	return a.answerSync(ctx, asked, d)
}

// anyOpen reports whether one of the orders may still be filled.
func anyOpen(orders []brokerOrder) bool {
	for _, o := range orderStatesOf(orders) {
		if o.open {
			return true
		}
	}
	return false
}

// checkOpenOrders reads the broker's open orders in one call when one has had
// no update for long, so that a fill which the stream did not send is found
// within Silence. A reconciliation does the rest.
func (a *account) checkOpenOrders(ctx context.Context) error {
	if time.Since(a.lastRead) < a.m.Silence {
		return nil
	}
	leave, ok := acquireSlot(ctx, a.m.reconcileSlots)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	a.odd = nil
	var d differences
	number := a.monitor.beginRead()
	defer func() { a.monitor.endRead(number, false, d.moved, a.m.Silence/3) }()
	var openHere []uuid.UUID
	silent := false // what the look at the leases found may have been heard of since
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select alpaca_order_id, updated_at <= clock_timestamp() - $2::interval from app.alpaca_orders
			where account_id = $1 and is_open and alpaca_order_id is not null order by updated_at`, a.lease.Account, a.m.Silence).
			Query(func(rows pgx.Rows) error {
				var id uuid.UUID
				var isSilent bool
				_, err := pgx.ForEachRow(rows, []any{&id, &isSilent}, func() error {
					openHere, silent = append(openHere, id), silent || isSilent
					return nil
				})
				return err
			})
	})
	if err != nil || !silent {
		return err
	}
	a.lastRead = time.Now()
	orders, _, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return err
	}
	ended, err := a.readEnded(ctx, openHere, orders)
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
		signal(a.gap) // positions may have changed too
	}
	return nil
}

// queueOpenOrders reads the broker's ids of the orders that are open in the
// mirror.
func queueOpenOrders(b *tenant.Batch, account uuid.UUID, into *[]uuid.UUID) {
	b.Queue(`select alpaca_order_id from app.alpaca_orders where account_id = $1 and is_open and alpaca_order_id is not null
		order by updated_at`, account).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			return err
		})
}

// recordAll records orders, in transactions of a limited size.
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

// record records orders in one transaction. An order that Postgres refuses for
// its values is tried again with only the fields that are recorded, and kept as
// an odd item where that is refused too. It does not keep the others from being
// recorded.
func (a *account) record(ctx context.Context, orders []brokerOrder, what string, d *differences) error {
	// The first attempt does not isolate orders from each other, because that
	// takes a subtransaction for each.
	_, err := a.recordBatch(ctx, "select before, after, null from app.reconcile_order($1, $2::text::jsonb, $3, $4, $5)", orders, what, d)
	if !unrecordable(err) {
		return err
	}
	refused, err := a.recordBatch(ctx, takeOrderSQL, orders, what, d)
	if err != nil || len(refused) == 0 {
		return err
	}
	plain := make([]brokerOrder, len(refused))
	for i, r := range refused {
		plain[i] = r.brokerOrder
		plain[i].raw = broker.KnownFields(r.raw)
	}
	if refused, err = a.recordBatch(ctx, takeOrderSQL, plain, what, d); err != nil {
		return err
	}
	for _, r := range refused {
		var head struct{ Status string }
		_ = json.Unmarshal(r.raw, &head) // it was parsed before
		a.odd = append(a.odd, broker.Odd{What: "order", ID: r.id, Why: "it cannot be recorded: " + r.why, Text: string(r.raw),
			Unread: true, Uncounted: !broker.IsOver(head.Status)})
	}
	return nil
}

// refusedOrder is an order whose values Postgres refused, and why.
type refusedOrder struct {
	brokerOrder
	why string
}

const takeOrderSQL = "select before, after, refused from app.try_reconcile_order($1, $2, $3, $4, $5)"

// recordBatch records orders in one transaction and returns those that were
// refused.
func (a *account) recordBatch(ctx context.Context, sql string, orders []brokerOrder, what string, d *differences) (refused []refusedOrder, err error) {
	changes := make([]orderChange, len(orders))
	reasons := make([]*string, len(orders))
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		for i, o := range orders {
			b.Queue(sql, a.lease.Account, string(o.raw), what, o.knownServerTime(), tenant.Age(o.requestedAt)).
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
		if err := d.addOrder(c, orders[i].id); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// unrecordable reports whether Postgres refused a value.
func unrecordable(err error) bool {
	return tenant.Unstorable(err) || strings.HasPrefix(tenant.SQLState(err), "23")
}

// readEnded reads the orders that are open here and that the broker no longer
// lists as open: they ended unseen. An order that did not end, because the
// broker's list leaves it out for another reason, is not read again before the
// next reconciliation.
func (a *account) readEnded(ctx context.Context, openHere []uuid.UUID, open []brokerOrder) ([]brokerOrder, error) {
	listed := make(map[string]bool, len(open))
	for _, o := range open {
		listed[o.id] = true
	}
	var all []brokerOrder
	asked := 0
	for _, id := range openHere {
		if listed[id.String()] || a.askedSingly[id] {
			continue
		}
		if asked++; asked > maxLookUps {
			a.moreToRead = true
			signal(a.gap)
			break
		}
		answer, err := a.client.Order(ctx, id.String())
		if err == nil || broker.IsKind(err, broker.NotFound) {
			a.askedSingly[id] = true
		}
		if broker.IsKind(err, broker.NotFound) {
			a.log.Warn("the broker does not know an order that it had accepted", "alpaca_order_id", id)
			continue
		}
		if a.noteIfOdd(err) {
			a.moreToRead = true
			a.askedSingly[id] = true
			continue
		}
		if err != nil {
			return nil, err
		}
		a.odd = append(a.odd, answer.Odd...)
		all = append(all, brokerOrder{id: id.String(), raw: answer.Raw, serverTime: answer.ServerTime, requestedAt: answer.RequestedAt})
	}
	return all, nil
}

// brokerOrder is an order in the broker's JSON.
type brokerOrder struct {
	id                      string
	raw                     json.RawMessage
	submittedAt             time.Time
	serverTime, requestedAt time.Time // as in broker.Answer
}

// knownServerTime returns the broker's time of the answer; nil where it is unknown.
func (o brokerOrder) knownServerTime() *time.Time {
	if o.serverTime.IsZero() || o.requestedAt.IsZero() {
		return nil
	}
	return &o.serverTime
}

// newestOf returns when the newest of the orders was submitted, by the broker's
// clock; nil for none.
func newestOf(orders []brokerOrder) *time.Time {
	var newest *time.Time
	for i := range orders {
		if at := &orders[i].submittedAt; !at.IsZero() && (newest == nil || at.After(*newest)) {
			newest = at
		}
	}
	return newest
}

// brokerOrders reads the open orders and all that were submitted since the
// newest order of the last agreement; before the first agreement, the newest
// pages of the history. isWhole reports whether these are all orders that there
// are. Lists of all orders are nested, because a flat list does not say to which
// order a leg belongs.
func (a *account) brokerOrders(ctx context.Context, agreed, newest *time.Time) (orders []brokerOrder, isWhole bool, err error) {
	all := url.Values{"status": {"all"}, "nested": {"true"}}
	if agreed == nil {
		if orders, isWhole, err = a.pages(ctx, all, time.Time{}, a.m.FirstPages); err != nil || isWhole {
			return orders, isWhole, err
		}
		// An order that is older than these may be open still.
		open, _, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
		return append(orders, open...), false, err
	}
	open, _, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return nil, false, err
	}
	// An order that was submitted and ended between two readings is in no list
	// of open orders. Only the broker's own times are compared, since its clock
	// may be far from ours.
	after, most := time.Time{}, a.m.FirstPages
	if newest != nil {
		after, most = newest.Add(-listOverlap), allPages
	}
	recent, _, err := a.pages(ctx, all, after, most)
	return append(open, recent...), false, err
}

// pages reads a list of orders, newest first, each order's legs before it. It
// lists orders submitted after a time (the zero time for all), on at most most
// pages. whole reports whether that is the whole list.
func (a *account) pages(ctx context.Context, q url.Values, after time.Time, most int) (all []brokerOrder, whole bool, err error) {
	pages := a.client.OrderPages(q, after, broker.OrderPlace{})
	for range most {
		page, err := pages.Next(ctx)
		if err != nil {
			return nil, false, err
		}
		a.odd = append(a.odd, page.Odd...)
		orders, err := ordersOf(page)
		if err != nil {
			return nil, false, err
		}
		all = append(all, orders...)
		if !pages.More() {
			return all, true, nil
		}
	}
	return all, false, nil
}

// ordersOf returns the orders of a page, each order's legs before it.
func ordersOf(page broker.OrdersAnswer) (all []brokerOrder, err error) {
	var list []listedOrder
	if err := json.Unmarshal(page.Raw, &list); err != nil {
		return nil, fmt.Errorf("read the broker's list of orders: %w", err)
	}
	for _, o := range list {
		o.serverTime, o.requestedAt = page.ServerTime, page.RequestedAt
		for _, leg := range o.legs {
			leg.serverTime, leg.requestedAt = page.ServerTime, page.RequestedAt
			all = append(all, leg.brokerOrder)
		}
		all = append(all, o.brokerOrder)
	}
	return all, nil
}

// listedOrder is an order of a list, with those of its legs that are orders
// themselves. A leg is recorded by itself too, so that its changes become
// events.
type listedOrder struct {
	brokerOrder
	legs     []listedOrder
	nameless bool // a leg of a multi-leg order, and no order itself
}

// UnmarshalJSON keeps the order's JSON.
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

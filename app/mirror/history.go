package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/wait"
)

// Bounds of an import of an account's history.
const (
	// historyShare is the part of the account's requests to the broker that an
	// import takes at most. Where others need them it takes fewer, as everything of
	// low priority.
	historyShare = 0.3
	// historyPagesAtOnce is how many pages an instance reads and records at a time,
	// of all its accounts: it bounds the memory that imports take.
	historyPagesAtOnce = 4
	roundTripsAtOnce   = 2000 // executions in one transaction, so that none locks the account for long
	awaitedAtOnce      = 500  // orders in one transaction
)

// storagePause is the longest pause before an import tries again that has to wait
// because its user had as much stored in a day as one may.
const storagePause = 10 * time.Minute

// The states of an import, in their order.
const (
	importsOrders     = "orders"
	importsExecutions = "executions"
	importsRoundTrips = "round_trips"
	importIsDone      = "done"
)

// historyImport is how far the import of an account's history is.
type historyImport struct {
	Asked, Begun int64
	State        string
	NewestAt     *time.Time // when the newest order of the last agreement was submitted; nil where there is none
	UntilAt      *time.Time // orders submitted from then on are the mirror's
	OrderID      *uuid.UUID
	ActivityID   *string
	ReachedAt    *time.Time
	Agreed       bool // the mirror has agreed with the broker
}

// isDue reports whether there is anything to do.
func (h *historyImport) isDue() bool { return h.State != importIsDone || h.Asked > h.Begun }

// awaitFillsSQL has orders that were submitted before a time await their executions,
// where none is known.
const awaitFillsSQL = `with part as (
		select o.id from app.alpaca_orders o
		where o.account_id = $1 and o.fills_differ and o.symbol is not null and o.side is not null and o.alpaca_order_id is not null
			and app.is_ended(o.status) and o.submitted_at < $2 and not exists (select from app.fills f where f.account_id = $1 and f.order_id = o.id)
		limit $3)
	update app.alpaca_orders o set fills_awaited = true from part where o.account_id = $1 and o.id = part.id`

// queueFirstImport has an account's history imported, once, where the n orders of
// its first reconciliation were not the whole of it. The import brings the
// executions of these too.
func queueFirstImport(b *tenant.Batch, account uuid.UUID, isWhole bool, n int, newest *time.Time) {
	if isWhole {
		b.Queue(`insert into app.history_imports (account_id, begun, began_at, finished_at, orders_read)
			values ($1, 1, clock_timestamp(), clock_timestamp(), $2) on conflict (account_id) do nothing`, account, n)
		return
	}
	b.Queue("insert into app.history_imports (account_id) values ($1) on conflict (account_id) do nothing", account)
	if newest != nil {
		b.Queue(awaitFillsSQL, account, newest.Add(-listOverlap), n)
	}
}

// historyLoop imports the account's history when that is due. What fails is tried
// again, ever more rarely.
func (a *account) historyLoop(ctx context.Context) {
	for attempt := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-a.importNow:
		}
		err := a.importHistory(ctx)
		switch {
		case err == nil:
			attempt = 0
			continue
		case ctx.Err() != nil || a.handleRefusedKeys(ctx, err):
			return
		case problem.Is(err, problem.AccountForbidden):
			continue // another instance has the lease, and goes on
		}
		a.noteImportProblem(ctx, err)
		p := problem.Of(problem.FromBroker(err))
		if p.RetryAfter > 0 && !wait.For(ctx, min(p.RetryAfter, storagePause)) {
			return
		}
		if !backoff(ctx, attempt) {
			return
		}
		attempt++
		signal(a.importNow)
	}
}

// noteImportProblem records why an import does not go on.
func (a *account) noteImportProblem(ctx context.Context, err error) {
	why := problem.Of(problem.FromBroker(err)).Message
	if problem.Is(err, problem.TooMuchStored) {
		why = "Imports have stored as much for this account's owner as they may in a day. It goes on when the day is over."
	}
	a.log.Warn("the import of the account's history does not go on; it is tried again", "err", err)
	a.note(ctx, func(b *tenant.Batch) {
		b.Queue("update app.history_imports set problem = left($2, 500), problem_at = clock_timestamp(), updated_at = clock_timestamp() where account_id = $1",
			a.lease.Account, why)
	})
}

// importHistory goes on with an import where it is, to its end: all orders, all
// executions and other activities, and the round trips that follow from them.
// Each page is one transaction with how far it is.
func (a *account) importHistory(ctx context.Context) error {
	h, err := a.readImport(ctx)
	if err != nil || !h.isDue() || !h.Agreed {
		return err
	}
	if h.State == importIsDone {
		if h, err = a.beginImport(ctx, h); err != nil {
			return err
		}
	}
	if h.State == importsOrders {
		if err := a.importOrders(ctx, h); err != nil {
			return err
		}
		h.State = importsExecutions
	}
	if h.State == importsExecutions {
		if err := a.importActivities(ctx, h); err != nil {
			return err
		}
	}
	return a.finishImport(ctx)
}

// readImport returns how far the import is.
func (a *account) readImport(ctx context.Context) (h historyImport, err error) {
	err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { queueReadImport(b, a.lease.Account, &h) })
	return h, err
}

func queueReadImport(b *tenant.Batch, account uuid.UUID, into *historyImport) {
	b.Queue(`select h.asked, h.begun, h.state, c.newest_order_at, h.until_at, h.order_id, h.activity_id, h.reached_at, coalesce(c.agreed_at is not null, false)
		from app.history_imports h left join app.stream_cursors c on c.account_id = h.account_id where h.account_id = $1`, account).
		QueryRow(func(row pgx.Row) error {
			into.State = importIsDone // where there is no row
			err := row.Scan(&into.Asked, &into.Begun, &into.State, &into.NewestAt, &into.UntilAt, &into.OrderID, &into.ActivityID, &into.ReachedAt, &into.Agreed)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
}

// beginImport begins the import that was asked for. It reads the orders that were
// submitted before the newest of the last agreement, less the overlap of lists:
// the mirror has all since then. Those before that are not here were over when it
// first agreed, and its positions had what they filled.
func (a *account) beginImport(ctx context.Context, h historyImport) (begun historyImport, err error) {
	first, until := importsExecutions, (*time.Time)(nil) // without an order there is no older one
	if h.NewestAt != nil {
		first, until = importsOrders, new(h.NewestAt.Add(-listOverlap))
	}
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`update app.history_imports set begun = $2, state = $3, until_at = $4, began_at = clock_timestamp(), finished_at = null, order_id = null,
				activity_id = null, reached_at = null, orders_read = 0, orders_added = 0, executions_added = 0, problem = null, problem_at = null,
				updated_at = clock_timestamp()
			where account_id = $1`, a.lease.Account, h.Asked, first, until)
		queueReadImport(b, a.lease.Account, &begun)
	})
	return begun, err
}

// importOrders reads the list of orders to its end.
func (a *account) importOrders(ctx context.Context, h historyImport) error {
	from := broker.OrderPlace{At: *h.UntilAt}
	if h.OrderID != nil {
		from.ID = h.OrderID.String()
		from.At = *h.ReachedAt
	}
	pages := a.client.OrderPages(url.Values{"status": {"all"}, "nested": {"true"}}, time.Time{}, from)
	for pages.More() {
		if err := a.inTurn(ctx, func() error {
			page, err := pages.Next(ctx)
			if err != nil {
				return err
			}
			return a.importOrderPage(ctx, page, pages.Place(), pages.More())
		}); err != nil {
			return err
		}
	}
	return nil
}

// inTurn does the work of one page: in a slot of this instance's, and at the pace
// of imports.
func (a *account) inTurn(ctx context.Context, do func() error) error {
	leave, ok := acquireSlot(ctx, a.m.historySlots)
	if !ok {
		return ctx.Err()
	}
	err := do()
	leave()
	if err == nil && !wait.For(ctx, a.client.Pace(historyShare)) {
		err = ctx.Err()
	}
	return err
}

// importOrderPage records a page of orders, and then how far the import is.
func (a *account) importOrderPage(ctx context.Context, page broker.OrdersAnswer, place broker.OrderPlace, more bool) error {
	added, odd := 0, page.Odd
	if len(page.Items) > 0 {
		n, refused, err := a.importOrderList(ctx, page, page.Items)
		if err != nil {
			return err
		}
		added, odd = n, append(odd, refused...)
	}
	next := importsOrders
	if !more {
		next = importsExecutions
	}
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		if len(odd) > 0 {
			queueOddItems(b, a.lease.Account, "order", odd, nil, false, a.tellOdd("order"))
		}
		b.Queue(`update app.history_imports set state = $2, order_id = $3, reached_at = coalesce($4, reached_at), orders_read = orders_read + $5,
				orders_added = orders_added + $6, problem = null, problem_at = null, updated_at = clock_timestamp()
			where account_id = $1`, a.lease.Account, next, idOrNil(place.ID), timeOrNil(place.At), page.Listed, added)
	})
}

// idOrNil returns nil for "".
func idOrNil(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

// timeOrNil returns nil for the zero time.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// importOrderList records orders in one transaction. Where Postgres refuses the
// values of one, it tries halves until that order is alone, then with only the
// fields that are recorded, and returns it as odd where that is refused too.
func (a *account) importOrderList(ctx context.Context, page broker.OrdersAnswer, orders []json.RawMessage) (added int, odd []broker.Odd, err error) {
	var isOpen bool
	var ours []string
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select added, is_open, ours from app.import_history_orders($1, $2::text::jsonb)", a.lease.Account, string(list(orders))).
			QueryRow(func(row pgx.Row) error { return row.Scan(&added, &isOpen, &ours) })
	})
	switch {
	case unrecordable(err) && len(orders) > 1:
		half := len(orders) / 2
		for _, part := range [][]json.RawMessage{orders[:half], orders[half:]} {
			n, refused, err := a.importOrderList(ctx, page, part)
			if err != nil {
				return added, odd, err
			}
			added, odd = added+n, append(odd, refused...)
		}
		return added, odd, nil
	case unrecordable(err):
		return a.importOddOrder(ctx, page, orders[0], err)
	case err != nil:
		return 0, nil, err
	}
	if isOpen {
		signal(a.gap) // a reconciliation records it
	}
	if len(ours) > 0 {
		return added, nil, a.recordOurs(ctx, page, orders, ours)
	}
	return added, nil, nil
}

// importOddOrder records an order that Postgres has refused with only the fields
// that are recorded, and returns it as odd where it refuses these too.
func (a *account) importOddOrder(ctx context.Context, page broker.OrdersAnswer, order json.RawMessage, refusal error) (added int, odd []broker.Odd, err error) {
	var head struct{ ID, Status string }
	_ = json.Unmarshal(order, &head) // it was parsed before
	if known := broker.KnownFields(order); len(known) < len(order) {
		added, odd, err = a.importOrderList(ctx, page, []json.RawMessage{known})
		for i := range odd {
			odd[i].Text = string(order)
		}
		return added, odd, err
	}
	return 0, []broker.Odd{{What: "order", ID: head.ID, Why: "it cannot be recorded: " + tenant.SQLState(refusal), Text: string(order),
		Unread: true, Uncounted: !broker.IsOver(head.Status)}}, nil
}

// recordOurs records orders that may be intents whose answers were lost, as any
// answer of the broker's is recorded.
func (a *account) recordOurs(ctx context.Context, page broker.OrdersAnswer, orders []json.RawMessage, ours []string) error {
	page.Raw = list(orders)
	all, err := ordersOf(page)
	if err != nil {
		return err
	}
	isOurs := make(map[string]bool, len(ours))
	for _, id := range ours {
		isOurs[id] = true
	}
	for _, o := range all {
		if !isOurs[o.id] {
			continue
		}
		var d differences // not reported
		if _, err := a.recordBatch(ctx, takeOrderSQL, []brokerOrder{o}, "imported", &d); err != nil {
			return err
		}
	}
	return nil
}

// importActivities reads the list of activities to its end: the executions of the
// orders that await theirs, and the splits, fees and ends of options that the
// journal counts.
func (a *account) importActivities(ctx context.Context, h historyImport) error {
	if h.ActivityID == nil {
		if err := a.awaitFills(ctx, h.UntilAt); err != nil {
			return err
		}
	}
	token := ""
	if h.ActivityID != nil {
		token = *h.ActivityID
	}
	types := append([]string{"FILL"}, adjustmentTypes...)
	for more := true; more; {
		if err := a.inTurn(ctx, func() error {
			page, err := a.client.Activities(ctx, types, time.Time{}, token)
			if broker.IsKind(err, broker.NotFound, broker.Forbidden, broker.Invalid) {
				a.log.Warn("the broker does not tell its activities: the journal has what the stream told", "err", err)
				more = false
				return nil
			}
			if err != nil {
				return err
			}
			more = page.Listed == broker.ActivityPage
			before := token
			if len(page.Value) > 0 {
				token = page.Value[len(page.Value)-1].ID
			}
			if more && token == before {
				return errStuckActivities
			}
			return a.importActivityPage(ctx, page, token)
		}); err != nil {
			return err
		}
	}
	return a.endAwaitingFills(ctx)
}

// errStuckActivities: a list of activities cannot be read to its end.
var errStuckActivities = errors.New("the broker's pages of activities do not go on")

// importActivityPage records a page of activities together with how far the
// import is. An activity that Postgres refuses is kept as an odd item.
func (a *account) importActivityPage(ctx context.Context, page broker.ActivitiesAnswer, token string) error {
	added, odd := 0, page.Odd
	if len(page.Items) > 0 {
		n, refused, err := a.importActivityList(ctx, page.Items)
		if err != nil {
			return err
		}
		added, odd = n, append(odd, refused...)
	}
	var reached *time.Time
	if n := len(page.Value); n > 0 {
		reached = timeOrNil(page.Value[n-1].TransactionTime)
	}
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		if len(odd) > 0 {
			queueOddItems(b, a.lease.Account, "activity", odd, nil, false, a.tellOdd("activity"))
		}
		b.Queue(`update app.history_imports set activity_id = nullif($2, ''), reached_at = coalesce($3, reached_at), executions_added = executions_added + $4,
				problem = null, problem_at = null, updated_at = clock_timestamp()
			where account_id = $1`, a.lease.Account, token, reached, added)
	})
}

// importActivityList records activities in one transaction. Where Postgres refuses
// the values of one, it tries halves until that one is alone, and returns it as
// odd.
func (a *account) importActivityList(ctx context.Context, items []json.RawMessage) (added int, odd []broker.Odd, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.import_history_activities($1, $2::text::jsonb)", a.lease.Account, string(list(items))).
			QueryRow(func(row pgx.Row) error { return row.Scan(&added) })
	})
	if !unrecordable(err) {
		return added, nil, err
	}
	if len(items) == 1 {
		one := broker.Unreadable("activity", items[0])
		var head struct{ ID string }
		_ = json.Unmarshal(items[0], &head) // it was parsed before
		one.ID, one.Why = head.ID, "it cannot be recorded: "+tenant.SQLState(err)
		return 0, []broker.Odd{one}, nil
	}
	half := len(items) / 2
	for _, part := range [][]json.RawMessage{items[:half], items[half:]} {
		n, refused, err := a.importActivityList(ctx, part)
		if err != nil {
			return added, odd, err
		}
		added, odd = added+n, append(odd, refused...)
	}
	return added, odd, nil
}

// awaitFills has orders that were here before the import await their executions
// too where none is known.
func (a *account) awaitFills(ctx context.Context, until *time.Time) error {
	return a.repeat(ctx, awaitFillsSQL, a.lease.Account, until, awaitedAtOnce)
}

// endAwaitingFills has orders await no executions any more. Those whose executions
// the broker does not list are asked for once a day from now on.
func (a *account) endAwaitingFills(ctx context.Context) error {
	err := a.repeat(ctx, `with part as (select o.id from app.alpaca_orders o where o.account_id = $1 and o.fills_awaited order by o.id limit $2)
		update app.alpaca_orders o set fills_awaited = false, fills_asked = 8, fills_asked_at = clock_timestamp()
		from part where o.account_id = $1 and o.id = part.id`, a.lease.Account, awaitedAtOnce)
	if err != nil {
		return err
	}
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("update app.history_imports set state = $2, problem = null, problem_at = null, updated_at = clock_timestamp() where account_id = $1",
			a.lease.Account, importsRoundTrips)
	})
}

// repeat runs an update of some rows at a time until it changes none.
func (a *account) repeat(ctx context.Context, sql string, args ...any) error {
	for changed := int64(1); changed > 0; {
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue(sql, args...).Exec(func(tag pgconn.CommandTag) error {
				changed = tag.RowsAffected()
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finishImport computes the round trips that are due, and tells those who follow
// the account that its history is there.
func (a *account) finishImport(ctx context.Context) error {
	for more := true; more; {
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue("select app.continue_round_trips($1, $2)", a.lease.Account, roundTripsAtOnce).
				QueryRow(func(row pgx.Row) error { return row.Scan(&more) })
		})
		if err != nil {
			return err
		}
	}
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.record_journal_gaps($1)", a.lease.Account)
		b.Queue(`with finished as (
			update app.history_imports set state = 'done', finished_at = clock_timestamp(), problem = null, problem_at = null, updated_at = clock_timestamp()
			where account_id = $1 and state <> 'done' returning *)
			select private.append_event('history', jsonb_build_object('event', 'imported', 'orders_read', f.orders_read, 'orders_added', f.orders_added,
				'executions_added', f.executions_added)) from finished f`, a.lease.Account)
	})
	if err == nil {
		a.log.Info("the account's history is imported")
	}
	return err
}

package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Bounds of one reading of the broker's activities.
const (
	fillPages        = 100  // of broker.ActivityPage executions: what a first connection imports
	adjustmentPages  = 20   // of broker.ActivityPage other activities
	incompleteAtOnce = 5000 // orders whose executions are asked for together
	mismatchesAtOnce = 20   // orders behind positions that differ from the journal
	mismatchedFills  = 1000 // of a symbol, the newest: their orders may be behind that
)

// lateActivities is how long after the newest known activity an older one may
// still be posted: a day's fees are posted the day after.
const lateActivities = 3 * 24 * time.Hour

// adjustmentTypes are the activities, besides executions, that change the
// journal.
var adjustmentTypes = []string{"SPLIT", "FEE", "CFEE", "OPEXP", "OPEXC", "OPASN", "OPTRD"}

// incompleteOrder is an order whose recorded fills do not add up to what the
// broker says was filled, or at which average price.
type incompleteOrder struct {
	ID        uuid.UUID
	AlpacaID  uuid.UUID
	FilledQty decimal.Decimal
	Since     time.Time // when it was placed, by the broker's clock; an hour before we made it, where that is unknown
}

// completeJournal records what the stream did not send: the executions of
// orders whose fills do not add up (they were missed, or are older than the
// connection), splits, fees, and what became of options. A broker that offers
// no activities does not keep the rest of the mirror from being reconciled.
func (a *account) completeJournal(ctx context.Context, s journalState) error {
	a.odd = nil
	err := a.completeFills(ctx, s.incomplete)
	adjusted := false
	if err == nil {
		adjusted, err = a.readAdjustments(ctx, s.newestAdjustment)
	}
	complete := s.isComplete() && !adjusted
	if err == nil && (adjusted || len(s.incomplete) > 0) {
		err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { s.queueMismatched(b, a.lease.Account) })
	}
	if err == nil {
		err = a.recheckMismatches(ctx, s.mismatched)
	}
	for _, what := range []string{"order", "activity"} {
		if err == nil {
			err = a.noteOdd(ctx, what, nil)
		}
	}
	if broker.IsKind(err, broker.NotFound, broker.Forbidden, broker.Invalid) {
		a.log.Warn("the broker does not tell its activities: the journal has what the stream told", "err", err)
		err = nil
	}
	if err != nil || complete && len(s.gaps) == 0 {
		return err
	}
	// Differences that remain are recorded as gaps, and no profit is shown for
	// them.
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.record_journal_gaps($1)", a.lease.Account)
	})
}

// journalState is what there is to do for an account's journal.
type journalState struct {
	incomplete       []incompleteOrder
	newestAdjustment *time.Time
	mismatched       []uuid.UUID // see queueMismatched
	gaps             []string    // the symbols of gaps to be recorded, or recorded
}

// isComplete reports whether nothing of the broker's is missing.
func (s *journalState) isComplete() bool { return len(s.incomplete)+len(s.mismatched) == 0 }

func (s *journalState) queue(b *tenant.Batch, account uuid.UUID) {
	b.Queue(`select id, alpaca_order_id, filled_qty::text, coalesce(submitted_at, created_at - interval '1 hour') from app.alpaca_orders o
		where account_id = $1 and fills_differ and symbol is not null and alpaca_order_id is not null
			and (fills_asked_at < updated_at or `+notAskedLatelySQL+`)
		order by created_at desc limit $2`, account, incompleteAtOnce).
		Query(func(rows pgx.Rows) (err error) {
			s.incomplete, err = pgx.CollectRows(rows, pgx.RowToStructByPos[incompleteOrder])
			return err
		})
	b.Queue("select at from app.journal_adjustments where account_id = $1 order by at desc limit 1", account).
		QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&s.newestAdjustment); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
	s.queueMismatched(b, account)
	b.Queue(`select symbol from app.find_journal_gaps($1)
		union all select symbol from app.journal_gaps where account_id = $1
		union all select symbol from app.alpaca_positions where account_id = $1 and uncounted <> 0`, account).
		Query(func(rows pgx.Rows) (err error) {
			s.gaps, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
}

// queueMismatched reads which orders are behind a position that differs between
// the journal and the mirror.
func (s *journalState) queueMismatched(b *tenant.Batch, account uuid.UUID) {
	b.Queue(`with journal as (
			select distinct on (symbol) symbol, (entry_qty - exit_qty) * case direction when 'long' then 1 else -1 end as qty
			from app.trading_positions where account_id = $1 and scope = 'account' order by symbol, last_at desc, last_id desc, opened_at desc
		), wrong as (
			select j.symbol from journal j
			left join app.alpaca_positions p on p.account_id = $1 and replace(p.symbol, '/', '') = replace(j.symbol, '/', '')
			where j.qty <> coalesce(p.qty, 0)
		)
		select o.alpaca_order_id from wrong
		cross join lateral (select f.order_id, f.at from app.fills f where f.account_id = $1 and f.symbol = wrong.symbol order by f.at desc limit $3) f
		join app.alpaca_orders o on o.account_id = $1 and o.id = f.order_id
		where `+notAskedLatelySQL+`
		group by o.alpaca_order_id, o.fills_asked order by o.fills_asked, max(f.at) desc limit $2`, account, mismatchesAtOnce, mismatchedFills).
		Query(func(rows pgx.Rows) (err error) {
			s.mismatched, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			return err
		})
}

// notAskedLatelySQL is the condition that the executions of an order were not
// asked for lately. Where that was in vain, they are asked for ever more rarely,
// up to once a day: they may be older than what the broker still lists.
const notAskedLatelySQL = `(o.fills_asked_at is null
	or o.fills_asked_at < now() - least(interval '1 day', interval '10 seconds' * 6 ^ least(o.fills_asked, 8)))`

// completeFills asks for the executions of incomplete orders: at once where one
// has changed, otherwise if they were not asked for lately.
func (a *account) completeFills(ctx context.Context, orders []incompleteOrder) error {
	if len(orders) == 0 {
		return nil
	}
	executions, err := a.executions(ctx, orders)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(orders, chunk) {
		err := a.bisectOnRefusal(ctx, len(part), func(b *tenant.Batch, i int) {
			b.Queue("select app.replace_fills($1, $2, $3)", a.lease.Account, part[i].ID, list(executions[part[i].AlpacaID.String()]))
		}, func(i int, err error) {
			a.log.Error("an order's executions cannot be recorded and are left out of the journal", "order", part[i].ID, "err", err)
		})
		if err != nil {
			return err
		}
	}
	return a.rereadDiffering(ctx, orders)
}

// rereadDiffering reads orders again whose known executions add up to something
// else than the order says. A bust of an order that ended long ago is in no
// list of recent orders.
func (a *account) rereadDiffering(ctx context.Context, orders []incompleteOrder) error {
	ids := make([]uuid.UUID, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	var differ []uuid.UUID
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select o.alpaca_order_id from app.alpaca_orders o
			where o.account_id = $1 and o.id = any ($2) and o.fills_differ
				and exists (select from app.fills f where f.account_id = $1 and f.order_id = o.id)
			order by o.created_at desc limit $3`, a.lease.Account, ids, mismatchesAtOnce).
			Query(func(rows pgx.Rows) (err error) {
				differ, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
				return err
			})
	})
	if err != nil {
		return err
	}
	return a.rereadOrders(ctx, differ)
}

// rereadOrders reads and records orders one by one.
func (a *account) rereadOrders(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	var orders []brokerOrder
	for _, id := range ids {
		answer, err := a.client.Order(ctx, id.String())
		if broker.IsKind(err, broker.NotFound) || a.noteIfOdd(err) {
			continue
		}
		if err != nil {
			return err
		}
		a.odd = append(a.odd, answer.Odd...)
		orders = append(orders, brokerOrder{id: id.String(), raw: answer.Raw, serverTime: answer.ServerTime, requestedAt: answer.RequestedAt})
	}
	var d differences // not reported
	return a.record(ctx, orders, "reconciled", &d)
}

// executions returns the executions of orders, by the broker's ids, newest
// first. It reads no further back than needed.
func (a *account) executions(ctx context.Context, orders []incompleteOrder) (map[string][]json.RawMessage, error) {
	missing := make(map[string]decimal.Decimal, len(orders))
	since := orders[0].Since
	for _, o := range orders {
		if o.FilledQty.IsPositive() {
			missing[o.AlpacaID.String()] = o.FilledQty
		}
		if o.Since.Before(since) {
			since = o.Since
		}
	}
	found := make(map[string][]json.RawMessage, len(orders))
	err := a.activities(ctx, []string{"FILL"}, since.Add(-listOverlap), fillPages, func(x activity, raw json.RawMessage) (more bool) {
		left, wanted := missing[x.OrderID]
		if !wanted {
			return len(missing) > 0
		}
		found[x.OrderID] = append(found[x.OrderID], raw)
		if missing[x.OrderID] = left.Sub(x.Qty); !missing[x.OrderID].IsPositive() {
			delete(missing, x.OrderID)
		}
		return len(missing) > 0
	})
	return found, err
}

// recheckMismatches rereads the orders behind a position that differs between
// the journal and the mirror: one that ended long ago may have been busted or
// corrected while no stream was connected. It may belong to any round trip, since
// a position that was closed is open without it. Those that were reread least
// come first, and of them the newest. Each is reread ever more rarely.
func (a *account) recheckMismatches(ctx context.Context, doubtful []uuid.UUID) error {
	if len(doubtful) == 0 {
		return nil
	}
	if err := a.rereadOrders(ctx, doubtful); err != nil {
		return err
	}
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`update app.alpaca_orders
			set fills_asked_at = case when fills_qty = filled_qty then clock_timestamp() end, fills_asked = case when fills_qty = filled_qty then fills_asked + 1 else 0 end
			where account_id = $1 and alpaca_order_id = any ($2)`, a.lease.Account, doubtful)
	})
	if err != nil {
		return err
	}
	var again journalState
	if err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { again.queue(b, a.lease.Account) }); err != nil {
		return err
	}
	return a.completeFills(ctx, again.incomplete)
}

// readAdjustments reads the activities, besides executions, that change the
// journal, since a while before the newest that is known, and reports whether
// there were any.
func (a *account) readAdjustments(ctx context.Context, newest *time.Time) (any bool, err error) {
	after := time.Time{}
	if newest != nil {
		after = newest.Add(-lateActivities)
	}
	var all []json.RawMessage
	err = a.activities(ctx, adjustmentTypes, after, adjustmentPages, func(_ activity, raw json.RawMessage) bool {
		all = append(all, raw)
		return true
	})
	if err != nil {
		return false, err
	}
	slices.Reverse(all) // the oldest first
	for part := range slices.Chunk(all, chunk) {
		err := a.bisectOnRefusal(ctx, len(part), func(b *tenant.Batch, i int) {
			b.Queue("select app.record_adjustments($1, $2)", a.lease.Account, list(part[i:i+1]))
		}, func(i int, err error) {
			odd := broker.Unreadable("activity", part[i])
			var head struct{ ID string }
			_ = json.Unmarshal(part[i], &head) // it was parsed before
			odd.ID, odd.Why = head.ID, "it cannot be recorded: "+tenant.SQLState(err)
			a.odd = append(a.odd, odd)
		})
		if err != nil {
			return false, err
		}
	}
	return len(all) > 0, nil
}

// activity holds the fields of an activity that paging and matching need.
type activity struct {
	ID      string
	OrderID string
	Qty     decimal.Decimal
}

// activities pages through activities, newest first, until each reports that no
// more are wanted.
func (a *account) activities(ctx context.Context, types []string, after time.Time, most int, each func(activity, json.RawMessage) (more bool)) error {
	token := ""
	seen := map[string]bool{} // pages may overlap
	for range most {
		answer, err := a.client.Activities(ctx, types, after, token)
		if err != nil {
			return err
		}
		a.odd = append(a.odd, answer.Odd...)
		before := len(seen)
		for i, x := range answer.Value {
			if seen[x.ID] {
				continue
			}
			seen[x.ID] = true
			if !each(activity{ID: x.ID, OrderID: x.OrderID, Qty: x.Qty}, answer.Items[i]) {
				return nil
			}
		}
		if answer.Listed < broker.ActivityPage {
			return nil
		}
		if len(seen) == before {
			return errors.New("the broker's pages of activities do not go on")
		}
		token = answer.Value[len(answer.Value)-1].ID
	}
	a.log.Warn("the broker has more activities than are read at once: the oldest stay out of the journal", "types", types)
	return nil
}

// bisectOnRefusal queues n items in one transaction. Where Postgres refuses the
// values of one, it tries halves until that item alone is left out.
func (a *account) bisectOnRefusal(ctx context.Context, n int, queue func(b *tenant.Batch, i int), leave func(i int, err error)) error {
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		for i := range n {
			queue(b, i)
		}
	})
	if !unrecordable(err) {
		return err
	}
	if n == 1 {
		leave(0, err)
		return nil
	}
	half := n / 2
	if err := a.bisectOnRefusal(ctx, half, queue, leave); err != nil {
		return err
	}
	return a.bisectOnRefusal(ctx, n-half, func(b *tenant.Batch, i int) { queue(b, half+i) }, func(i int, err error) { leave(half+i, err) })
}

// list writes raw values as one JSON array.
func list(raws []json.RawMessage) []byte {
	if raws == nil {
		raws = []json.RawMessage{}
	}
	text, err := json.Marshal(raws)
	if err != nil {
		panic(err) // cannot happen: they are parts of valid JSON
	}
	return text
}

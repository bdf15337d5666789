package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// noteIfOdd reports whether err means that an order could not be read at all,
// and remembers it for noteOdd.
func (a *account) noteIfOdd(err error) bool {
	var e *broker.Error
	if !errors.As(err, &e) || e.Odd == nil {
		return false
	}
	a.odd = append(a.odd, *e.Odd)
	return true
}

// idsOf returns the broker's ids of orders.
func idsOf(orders []brokerOrder) []string {
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.id
	}
	return ids
}

// noteOdd records the odd items of one kind. read are the ids of all items of
// that kind that were read, odd ones included.
func (a *account) noteOdd(ctx context.Context, what string, read []string) error {
	if !slices.ContainsFunc(a.odd, func(o broker.Odd) bool { return o.What == what }) && len(read) == 0 {
		return nil
	}
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) { a.queueOdd(b, what, read, false) })
}

// queueOdd is noteOdd within a transaction. whole means that all open orders,
// or all positions, were read.
func (a *account) queueOdd(b *tenant.Batch, what string, read []string, whole bool) {
	var items []broker.Odd
	for _, o := range a.odd {
		if o.What == what {
			items = append(items, o)
		}
	}
	inForm := slices.DeleteFunc(slices.Clone(read), func(id string) bool {
		return slices.ContainsFunc(items, func(o broker.Odd) bool { return o.ID == id })
	})
	queueOddItems(b, a.lease.Account, what, items, inForm, whole, a.tellOdd(what))
}

// queueOddItems records odd items, and calls tell for those that are new.
func queueOddItems(b *tenant.Batch, account uuid.UUID, what string, items []broker.Odd, inForm []string, whole bool, tell func(id, why string)) {
	if items == nil {
		items = []broker.Odd{}
	}
	text, err := json.Marshal(items)
	if err != nil {
		panic(err) // cannot happen: texts and flags always marshal
	}
	b.Queue("select odd_id, odd_why from app.record_odd_items($1, $2, $3, $4, $5)", account, what, text, inForm, whole).
		Query(func(rows pgx.Rows) error {
			var id, why string
			_, err := pgx.ForEachRow(rows, []any{&id, &why}, func() error { tell(id, why); return nil })
			return err
		})
}

// tellOdd logs which item is odd and why, without its content.
func (a *account) tellOdd(what string) func(id, why string) {
	return func(id, why string) {
		a.log.Warn("what the broker sent is not in its documented form, and is kept as it came", "what", what, "id", id, "why", why)
	}
}

// noteFailure records why a reconciliation failed, for the account's health.
func (a *account) noteFailure(ctx context.Context, reason error) {
	why := problem.Of(problem.FromBroker(reason)).Message
	var e *broker.Error
	switch {
	case !errors.As(reason, &e):
	case e.HTTPStatus >= 200 && e.HTTPStatus < 300:
		why = "Alpaca's answer cannot be read. Reconciliation goes on trying."
	case e.HTTPStatus != 0:
		why = fmt.Sprintf("Alpaca answers %d", e.HTTPStatus)
		if e.Message != "" {
			why += ": " + e.Message
		}
		if e.Kind == broker.Forbidden {
			why += " (The account may be blocked, or its keys may not be allowed to read it.)"
		}
	}
	if text := []rune(why); len(text) > 500 {
		why = string(text[:500])
	}
	a.note(ctx, func(b *tenant.Batch) {
		b.Queue(`insert into app.stream_cursors as c (account_id, sync_error, sync_error_at) values ($1, $2, clock_timestamp())
			on conflict (account_id) do update set sync_error = excluded.sync_error, sync_error_at = excluded.sync_error_at, updated_at = now()`,
			a.lease.Account, why)
	})
}

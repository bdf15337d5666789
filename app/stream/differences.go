package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// maxDifferences bounds how many differences of each sort are told.
const maxDifferences = 200

// differences are what a reconciliation found, as POST /api/sync answers it.
type differences struct {
	AsOf      time.Time  `json:"as_of"`
	Orders    difference `json:"orders"`
	Positions difference `json:"positions"`

	moved []string // orders that were filled or ended, by the broker's ids
}

// difference is what differed of one sort.
type difference struct {
	Checked  int       `json:"checked"`  // at the broker
	Differed int       `json:"differed"` // of them
	Changed  []mending `json:"changed"`  // field by field, at most maxDifferences
}

// mending is one field that differed. From is what was here, and null where
// the order or position was not; To is what the broker has.
type mending struct {
	ID            *uuid.UUID `json:"id,omitempty"`
	ClientOrderID string     `json:"client_order_id,omitempty"`
	Symbol        *string    `json:"symbol"`
	Field         string     `json:"field"`
	From          *string    `json:"from"`
	To            *string    `json:"to"`
}

// MarshalJSON writes no null for a list.
func (d difference) MarshalJSON() ([]byte, error) {
	type plain difference
	if d.Changed == nil {
		d.Changed = []mending{}
	}
	return json.Marshal(plain(d))
}

func (d *difference) add(m mending) {
	if len(d.Changed) < maxDifferences {
		d.Changed = append(d.Changed, m)
	}
}

// orderChange is an order before and after it was recorded, in the API's form;
// both are nil where nothing changed.
type orderChange struct{ before, after []byte }

// orderFields are those of an order that are compared.
var orderFields = []string{"status", "qty", "notional", "limit_price", "stop_price", "trail_price", "filled_qty", "filled_avg_price", "replaced_by"}

// order adds an order's change. One that is told in other words and stands as
// it stood did not differ: the stream and REST need not write orders alike.
func (d *differences) order(c orderChange, brokerID string) error {
	if c.after == nil {
		return nil
	}
	var before, after map[string]any
	if err := json.Unmarshal(c.after, &after); err != nil {
		return fmt.Errorf("read an order that was recorded: %w", err)
	}
	fields := orderFields
	if c.before == nil {
		fields = fields[:1] // it is new
	} else if err := json.Unmarshal(c.before, &before); err != nil {
		return fmt.Errorf("read an order that was recorded: %w", err)
	}
	differs := false
	for _, name := range fields {
		from, to := text(before[name]), text(after[name])
		if same(from, to) {
			continue
		}
		differs = true
		m := mending{Symbol: text(after["symbol"]), Field: name, From: from, To: to}
		m.ClientOrderID, _ = after["client_order_id"].(string)
		if id := text(after["id"]); id != nil {
			if parsed, err := uuid.Parse(*id); err == nil {
				m.ID = &parsed
			}
		}
		d.Orders.add(m)
	}
	if differs {
		d.Orders.Differed++
		if hasMoved(before, after) {
			d.moved = append(d.moved, brokerID)
		}
	}
	return nil
}

// hasMoved tells whether an order was filled or ended, of which a stream surely
// tells: of the rest, such as a trailing stop's price, it need not.
func hasMoved(before, after map[string]any) bool {
	filled := func(o map[string]any) *string { return cmp.Or(text(o["filled_qty"]), new("0")) }
	isOver := func(o map[string]any) bool {
		status, _ := o["status"].(string)
		return broker.IsOver(status)
	}
	return !same(filled(before), filled(after)) || isOver(after) && !isOver(before)
}

// also adds what a second look at orders found.
func (d *differences) also(more differences) {
	d.Orders.Differed += more.Orders.Differed
	for _, m := range more.Orders.Changed {
		d.Orders.add(m)
	}
	d.moved = append(d.moved, more.moved...)
}

// text is a JSON text; nil for null. What is compared of an order has no other
// type.
func text(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}

// same compares texts, and amounts by their value.
func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, errX := decimal.NewFromString(*a)
	y, errY := decimal.NewFromString(*b)
	if errX == nil && errY == nil {
		return x.Equal(y)
	}
	return *a == *b
}

// holding is a position as far as it is compared.
type holding struct{ Qty, AvgEntryPrice *string }

// queueHoldings reads what is held here.
func queueHoldings(b *tenant.Batch, account uuid.UUID, into *map[string]holding) {
	b.Queue("select symbol, qty::text, avg_entry_price::text from app.alpaca_positions where account_id = $1 and qty <> 0", account).
		Query(func(rows pgx.Rows) error {
			*into = map[string]holding{}
			var symbol string
			var h holding
			_, err := pgx.ForEachRow(rows, []any{&symbol, &h.Qty, &h.AvgEntryPrice}, func() error {
				(*into)[symbol] = h
				return nil
			})
			return err
		})
}

// holdings adds the changes of positions.
func (d *differences) holdings(before, after map[string]holding) {
	symbols := slices.Collect(maps.Keys(before))
	symbols = slices.AppendSeq(symbols, maps.Keys(after))
	slices.Sort(symbols)
	for _, symbol := range slices.Compact(symbols) {
		was, is := before[symbol], after[symbol]
		if same(was.Qty, is.Qty) && same(was.AvgEntryPrice, is.AvgEntryPrice) {
			continue
		}
		d.Positions.Differed++
		for _, f := range []struct {
			name     string
			from, to *string
		}{{"qty", was.Qty, is.Qty}, {"avg_entry_price", was.AvgEntryPrice, is.AvgEntryPrice}} {
			if !same(f.from, f.to) {
				d.Positions.add(mending{Symbol: &symbol, Field: f.name, From: f.from, To: f.to})
			}
		}
	}
}

// answer tells whoever waits for a reconciliation what it found.
func (a *account) answer(ctx context.Context, asked int64, found any) error {
	if asked <= a.answered.Load() {
		return nil
	}
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("write what differed as JSON: %w", err)
	}
	err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`update app.syncs set answered = $2, answered_at = clock_timestamp(), answer = $3
			where account_id = $1 and answered < $2`, a.lease.Account, asked, text)
	})
	if err == nil {
		a.answered.Store(asked)
	}
	return err
}

// answerProblem tells whoever waits for a reconciliation that it failed.
func (a *account) answerProblem(ctx context.Context, reason error) {
	p := problem.Of(accounts.FromBroker(reason))
	err := a.answer(ctx, a.asked.Load(), map[string]any{"problem": map[string]any{"code": p.Code, "message": p.Message}})
	if err != nil && ctx.Err() == nil {
		a.log.Warn("could not tell that the reconciliation failed", "err", err)
	}
}

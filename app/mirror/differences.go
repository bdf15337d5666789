package mirror

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

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// maxDifferences bounds how many differences of each kind are reported.
const maxDifferences = 200

// differences are what a reconciliation found, in the JSON form of POST
// /api/sync.
type differences struct {
	AsOf      time.Time  `json:"as_of"`
	Orders    difference `json:"orders"`
	Positions difference `json:"positions"`

	moved []string // the broker's ids of orders that were filled or ended
}

// difference is what differed of one kind: orders or positions.
type difference struct {
	Checked  int           `json:"checked"`  // how many there are at the broker
	Differed int           `json:"differed"` // how many of them differed
	Changed  []fieldChange `json:"changed"`  // field by field, at most maxDifferences
}

// fieldChange is one field that differed. From is the value here, null where
// the order or position did not exist; To is the broker's.
type fieldChange struct {
	ID            *uuid.UUID `json:"id,omitempty"`
	ClientOrderID string     `json:"client_order_id,omitempty"`
	Symbol        *string    `json:"symbol"`
	Field         string     `json:"field"`
	From          *string    `json:"from"`
	To            *string    `json:"to"`
}

// MarshalJSON writes an empty list and not null.
func (d difference) MarshalJSON() ([]byte, error) {
	type plain difference
	if d.Changed == nil {
		d.Changed = []fieldChange{}
	}
	return json.Marshal(plain(d))
}

func (d *difference) add(m fieldChange) {
	if len(d.Changed) < maxDifferences {
		d.Changed = append(d.Changed, m)
	}
}

// orderChange is an order before and after it was recorded, in the API's form.
// Both are nil where nothing changed.
type orderChange struct{ before, after []byte }

// orderFields are the fields of an order that are compared.
var orderFields = []string{"status", "qty", "notional", "limit_price", "stop_price", "trail_price", "filled_qty", "filled_avg_price", "replaced_by"}

// addOrder adds an order's change. Fields are compared by value, since the
// stream and REST need not write an order alike.
func (d *differences) addOrder(c orderChange, brokerID string) error {
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
		if equalValues(from, to) {
			continue
		}
		differs = true
		m := fieldChange{Symbol: text(after["symbol"]), Field: name, From: from, To: to}
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

// hasMoved reports whether an order was filled or ended. The stream always
// sends an update of that; of other changes, such as a trailing stop's price,
// it need not.
func hasMoved(before, after map[string]any) bool {
	filled := func(o map[string]any) *string { return cmp.Or(text(o["filled_qty"]), new("0")) }
	isOver := func(o map[string]any) bool {
		status, _ := o["status"].(string)
		return broker.IsOver(status)
	}
	return !equalValues(filled(before), filled(after)) || isOver(after) && !isOver(before)
}

// differed returns how many orders and positions differed.
func (d *differences) differed() int { return d.Orders.Differed + d.Positions.Differed }

// merge adds what a second reading of orders found.
func (d *differences) merge(more differences) {
	d.Orders.Differed += more.Orders.Differed
	for _, m := range more.Orders.Changed {
		d.Orders.add(m)
	}
	d.moved = append(d.moved, more.moved...)
}

// text returns a JSON text, nil for null. All compared fields of an order are
// texts.
func text(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}

// equalValues compares texts, and amounts by their value.
func equalValues(a, b *string) bool {
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

// holding is the compared part of a position.
type holding struct{ Qty, AvgEntryPrice *string }

// queueHoldings reads the positions of the mirror.
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

// addPositions adds the changes of positions.
func (d *differences) addPositions(before, after map[string]holding) {
	symbols := slices.Collect(maps.Keys(before))
	symbols = slices.AppendSeq(symbols, maps.Keys(after))
	slices.Sort(symbols)
	for _, symbol := range slices.Compact(symbols) {
		was, is := before[symbol], after[symbol]
		if equalValues(was.Qty, is.Qty) && equalValues(was.AvgEntryPrice, is.AvgEntryPrice) {
			continue
		}
		d.Positions.Differed++
		for _, f := range []struct {
			name     string
			from, to *string
		}{{"qty", was.Qty, is.Qty}, {"avg_entry_price", was.AvgEntryPrice, is.AvgEntryPrice}} {
			if !equalValues(f.from, f.to) {
				d.Positions.add(fieldChange{Symbol: &symbol, Field: f.name, From: f.from, To: f.to})
			}
		}
	}
}

// answerSync stores what a reconciliation found, for those who wait for it.
func (a *account) answerSync(ctx context.Context, asked int64, found any) error {
	if asked <= a.syncAnswered.Load() {
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
		a.syncAnswered.Store(asked)
	}
	return err
}

// answerSyncProblem stores that a reconciliation failed, for those who wait for
// it.
func (a *account) answerSyncProblem(ctx context.Context, reason error) {
	p := problem.Of(problem.FromBroker(reason))
	err := a.answerSync(ctx, a.syncAsked.Load(), map[string]any{"problem": map[string]any{"code": p.Code, "message": p.Message}})
	if err != nil && ctx.Err() == nil {
		a.log.Warn("could not tell that the reconciliation failed", "err", err)
	}
}

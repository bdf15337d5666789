package mirror_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/tenant"
	"paddock/tests/plainjournal"
)

// listing is a random history of orders that were filled in parts, many of the same
// quantity and price. The stream told some executions, and the list of activities
// tells all of them.
type listing struct {
	*rand.Rand
	orders []*tradedOrder
	parts  map[*tradedOrder][]*execution
	all    []*execution
	later  map[*execution]bool // what happens after the lists were read
	ownIDs bool                // the list's ids do not end in the stream's
}

// newListing makes a history. The broker's clock is set back and forth, so that the
// parts of one order may have those of others between them.
func newListing(seed uint64) *listing {
	h := &listing{Rand: rand.New(rand.NewPCG(seed, 1)), parts: map[*tradedOrder][]*execution{}, later: map[*execution]bool{}, ownIDs: seed%2 == 0}
	minute := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	for i := range 12 {
		o := &tradedOrder{id: fmt.Sprint("order-", i), symbol: "AAPL", class: "us_equity", owner: plainjournal.Owner{Agent: []string{"", "one"}[h.IntN(2)]}, side: []string{"buy", "sell"}[h.IntN(2)]}
		h.orders = append(h.orders, o)
		for range 1 + h.IntN(4) {
			x := &execution{id: uuid.NewString(), order: o, qty: decimal.NewFromInt(int64(1 + h.IntN(2))), price: decimal.NewFromInt(int64(10 + h.IntN(2)))}
			x.at = minute.Add(time.Duration(h.IntN(600))*time.Second + time.Duration(len(h.all))*time.Millisecond) // no two at once
			if h.later[x] = h.IntN(4) == 0; !h.later[x] {
				o.filled = o.filled.Add(x.qty)
			}
			h.parts[o] = append(h.parts[o], x)
			h.all = append(h.all, x)
		}
	}
	return h
}

// listed returns an order's executions as the list of activities has them. Their times
// differ from the stream's by microseconds.
func (h *listing) listed(o *tradedOrder) []byte {
	list := []map[string]any{}
	for _, x := range h.parts[o] {
		if h.later[x] {
			continue
		}
		id := x.id
		if h.ownIDs {
			id = uuid.NewSHA1(uuid.Nil, []byte(x.id)).String()
		}
		list = append(list, map[string]any{"id": x.at.Format("20060102150405000") + "::" + id, "qty": x.qty, "price": x.price, "transaction_time": x.at})
	}
	h.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	text, _ := json.Marshal(list) // decimals and times can always be encoded
	return text
}

// An execution that the list of activities brings stands at its own time, whichever
// of an order's executions of the same quantity and price the stream told: so that
// the journal is what follows from all executions in their order.
func TestListedExecutionsStandAtTheirTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for seed := range uint64(30) {
		w.forgetTrades()
		l := w.lease()
		h := newListing(seed)
		for _, o := range h.orders {
			w.exec(`insert into app.alpaca_orders (account_id, client_order_id, orchestrator_agent_id) values ($1, $2, nullif($3, ''))`, l.Account, o.id, o.owner.Agent)
		}
		n := 0
		tell := func(x *execution) {
			t.Helper()
			n++
			if err := w.tell(l, n, message{event: "partial_fill", x: x, at: x.at.Add(3 * time.Microsecond)}); err != nil {
				t.Fatal(err)
			}
		}
		agrees := func(when string) {
			t.Helper()
			var fills []plainjournal.Fill
			for _, x := range h.all {
				if x.bustedAt.IsZero() && !h.later[x] {
					f := plainjournal.Fill{ID: x.id, Owner: x.order.owner, Symbol: "AAPL", Multiplier: 1, At: x.at, Qty: x.qty, Price: x.price}
					if x.order.side == "sell" {
						f.Qty = f.Qty.Neg()
					}
					fills = append(fills, f)
				}
			}
			if d := differences(plainjournal.Timeless(w.journalOf()), plainjournal.Timeless(plainjournal.Trips(fills, nil))); d != "" {
				t.Fatalf("seed %d, %s:%s", seed, when, d)
			}
		}
		bust := func(x *execution) {
			t.Helper()
			x.bustedAt = time.Date(2026, 6, 1, 15, 0, 0, 0, time.UTC)
			x.order.filled = x.order.filled.Sub(x.qty)
			n++
			if err := w.tell(l, n, message{event: "trade_bust", x: x, at: x.bustedAt}); err != nil {
				t.Fatal(err)
			}
		}
		var told, missed, later []*execution
		h.Shuffle(len(h.all), func(i, j int) { h.all[i], h.all[j] = h.all[j], h.all[i] })
		for _, x := range h.all {
			switch {
			case h.later[x]:
				later = append(later, x)
			case h.IntN(2) == 0:
				told = append(told, x)
				tell(x)
			default:
				missed = append(missed, x)
			}
		}
		for _, o := range h.orders {
			// The order as it is at the broker, which a list of orders would have told.
			w.exec(`update app.alpaca_orders set filled_qty = $3, symbol = 'AAPL', side = $4, alpaca_order_id = $5
				where account_id = $1 and client_order_id = $2`, l.Account, o.id, o.filled, o.side, uuid.NewSHA1(uuid.Nil, []byte(o.id)))
			id := scan[uuid.UUID](w, "select id from app.alpaca_orders where account_id = $1 and client_order_id = $2", l.Account, o.id)
			if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
				b.Queue("select app.replace_fills($1, $2, $3)", l.Account, id, h.listed(o))
			}); err != nil {
				t.Fatal(err)
			}
		}
		agrees("after the lists")
		for _, x := range later {
			h.later[x] = false
			x.order.filled = x.order.filled.Add(x.qty)
			tell(x)
		}
		agrees("after what happened since")
		for _, x := range missed {
			if !h.ownIDs && h.IntN(3) == 0 { // nothing else than its id says which one is busted
				bust(x)
				agrees("after the bust of one that the stream did not tell")
			}
		}
		for _, x := range missed { // the stream is continued where it was lost
			tell(x)
		}
		agrees("after the rest of the stream")
		if len(told) > 0 {
			bust(told[0])
			agrees("after another bust")
		}
	}
}

// A correction stands where the list has it, if the stream did not tell what it corrects.
func TestAListedCorrectionStandsAtItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lease()
	at := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	bought := &tradedOrder{id: "bought", symbol: "AAPL", class: "us_equity", side: "buy", filled: decimal.NewFromInt(3)}
	sold := &tradedOrder{id: "sold", symbol: "AAPL", class: "us_equity", side: "sell", filled: decimal.NewFromInt(3)}
	missed := &execution{id: "missed", order: bought, qty: decimal.NewFromInt(2), price: decimal.NewFromInt(10)}
	for i, m := range []message{
		{event: "fill", x: &execution{id: "sale", order: sold, qty: decimal.NewFromInt(3), price: decimal.NewFromInt(11)}, at: at.Add(time.Minute)},
		{event: "trade_correct", x: &execution{id: "right", order: bought, qty: decimal.NewFromInt(2), price: decimal.NewFromInt(12), previous: missed}, at: at.Add(time.Hour)},
	} {
		if err := w.tell(l, i+1, m); err != nil {
			t.Fatal(err)
		}
	}
	id := scan[uuid.UUID](w, "select id from app.alpaca_orders where account_id = $1 and client_order_id = 'bought'", l.Account)
	if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
		b.Queue(`select app.replace_fills($1, $2, '[{"id": "1::right", "qty": "2", "price": "12", "transaction_time": "2026-06-01T14:00:00Z"},
			{"id": "2::other", "qty": "1", "price": "12", "transaction_time": "2026-06-01T14:00:30Z"}]')`, l.Account, id)
	}); err != nil {
		t.Fatal(err)
	}
	want := "account  AAPL long 2026-06-01T14:00:00Z-2026-06-01T14:01:00Z in 3/36 out 3/33 most 3 fees 0 profit -3 fills 3"
	if got := w.journalOf(); len(got) != 1 || got[0] != want {
		t.Errorf("the journal is %q, want %q", got, want)
	}
}

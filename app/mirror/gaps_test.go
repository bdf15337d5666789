package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/journal"
	"paddock/app/paging"
	"paddock/app/tenant"
)

// If the journal has another quantity than the broker, the account's health and
// an event say so, and round trips that may be wrong show no profit. Round
// trips that were closed before keep theirs. When the quantities agree again
// there is an event, and the profits are shown again.
func TestTheJournalSaysWhereItDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, n := w.lease(), 0
	begin := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	trade := func(symbol, class, side string, qty int64) {
		t.Helper()
		n++
		o := &tradedOrder{id: fmt.Sprint("order-", n), symbol: symbol, class: class, side: side, filled: decimal.NewFromInt(qty)}
		w.exec(`insert into app.alpaca_orders (account_id, client_order_id) values ($1, $2)`, l.Account, o.id)
		x := &execution{id: fmt.Sprint("x", n), order: o, qty: decimal.NewFromInt(qty), price: decimal.NewFromInt(int64(100 + n))}
		if err := w.tell(l, n, message{event: "fill", x: x, at: begin.Add(time.Duration(n) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(positions string) {
		t.Helper()
		n++
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			if positions != "" {
				b.Queue("select app.record_positions($1, $2, $3)", l.Account, []byte(positions), time.Now().Add(time.Duration(n)*time.Second))
			}
			b.Queue("select app.record_journal_gaps($1)", l.Account)
		}); err != nil {
			t.Fatal(err)
		}
	}
	told := func() string {
		return scan[string](w, `select coalesce(string_agg(concat_ws(' ', data->>'event', data->>'symbol', data->>'journal_qty', data->>'broker_qty'), ', ' order by seq), '')
			from app.account_events where kind = 'journal'`)
	}
	list := journal.New(w.db)
	shown := func() string {
		t.Helper()
		page := paging.Page{Limit: 50, At: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
		answer, err := list.RoundTrips(context.Background(), w.account, journal.Filter{}, &page)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Trips []struct {
				Symbol, Status string
				Complete       bool
				Reason         *string `json:"incomplete_reason"`
				Realized       *string `json:"realized_pl"`
				Net            *string `json:"net_pl"`
			} `json:"trading_positions"`
		}
		if err := json.Unmarshal(answer, &body); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, p := range body.Trips {
			if (p.Realized == nil) == p.Complete || (p.Net == nil) == p.Complete || (p.Reason == nil) != p.Complete {
				t.Errorf("a trip is %+v", p)
			}
			lines = append(lines, fmt.Sprint(p.Symbol, " ", p.Status, " ", p.Complete))
		}
		return strings.Join(lines, ", ")
	}
	differ := func() string {
		t.Helper()
		h, err := accounts.New(w.db, w.keys, w.broker).Health(context.Background(), w.account)
		if err != nil || h.Journal.Complete != (len(h.Journal.Differences) == 0) {
			t.Fatalf("health is %+v: %v", h, err)
		}
		var lines []string
		for _, d := range h.Journal.Differences {
			lines = append(lines, fmt.Sprint(d.Symbol, " ", d.JournalQty, " ", d.BrokerQty))
		}
		return strings.Join(lines, ", ")
	}
	want := func(what, differs, trips, events string) {
		t.Helper()
		if d, s, e := differ(), shown(), told(); d != differs || s != trips || e != events {
			t.Errorf("%s: health %q, round trips %q, events %q; want %q, %q, %q", what, d, s, e, differs, trips, events)
		}
	}
	trade("AAPL", "us_equity", "buy", 10)
	trade("AAPL", "us_equity", "sell", 10)
	trade("AAPL", "us_equity", "buy", 5)
	trade("BTC/USD", "crypto", "buy", 2)
	w.exec("update app.alpaca_orders set status = 'filled'") // no order is open any more
	compare(`[{"symbol": "AAPL", "qty": "5"}, {"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}]`)
	want("agreed", "", "BTC/USD open true, AAPL open true, AAPL closed true", "")

	compare(`[{"symbol": "AAPL", "qty": "7"}, {"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}, {"symbol": "MSFT", "qty": "1"}]`)
	const first = "differs AAPL 5 7, differs MSFT 0 1"
	want("more there", "AAPL 5 7, MSFT 0 1", "BTC/USD open true, AAPL open false, AAPL closed true", first)
	compare("")
	want("the same again", "AAPL 5 7, MSFT 0 1", "BTC/USD open true, AAPL open false, AAPL closed true", first)

	// The round trip with the gap is closed and another begins: neither shows a
	// profit.
	trade("AAPL", "us_equity", "sell", 7)
	w.exec("update app.alpaca_orders set status = 'filled'")
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}, {"symbol": "MSFT", "qty": "1"}]`)
	want("sold there", "AAPL -2 0, MSFT 0 1", "AAPL open false, BTC/USD open true, AAPL closed false, AAPL closed true", first)

	// While an order is open, a gap may be a fill that has not arrived yet.
	w.exec("update app.alpaca_orders set status = 'new' where client_order_id = (select max(client_order_id) from app.alpaca_orders where symbol = 'BTC/USD')")
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "3"}]`)
	want("on its way", "AAPL -2 0, BTC/USD 2 3", "AAPL open false, BTC/USD open false, AAPL closed false, AAPL closed true", first+", agrees MSFT")
	compare("")
	want("and still", "AAPL -2 0, BTC/USD 2 3", "AAPL open false, BTC/USD open false, AAPL closed false, AAPL closed true", first+", agrees MSFT, differs BTC/USD 2 3")

	trade("AAPL", "us_equity", "buy", 2) // the missing fill arrives
	w.exec("update app.alpaca_orders set status = 'filled'")
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}]`)
	want("agreed again", "", "AAPL closed true, BTC/USD open true, AAPL closed true, AAPL closed true", first+", agrees MSFT, differs BTC/USD 2 3, agrees AAPL, agrees BTC/USD")

	// The comparison knows a currency pair with and without its slash. A round
	// trip that begins while there is a gap shows no profit from the start.
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, alpaca_order_id, status, symbol, side, qty, type, time_in_force)
		values ($1, 'resting', 'accepted', gen_random_uuid(), 'new', 'ETH/USD', 'buy', 1, 'limit', 'gtc')`, l.Account)
	events := first + ", agrees MSFT, differs BTC/USD 2 3, agrees AAPL, agrees BTC/USD"
	const trips = "AAPL closed true, BTC/USD open true, AAPL closed true, AAPL closed true"
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}, {"symbol": "ETHUSD", "asset_class": "crypto", "qty": "1"}]`)
	want("a pair without a trip", "ETH/USD 0 1", trips, events)
	events += ", differs ETH/USD 0 1"
	compare("")
	want("and still", "ETH/USD 0 1", trips, events)
	trade("ETH/USD", "crypto", "buy", 2)
	want("a trip in it begins", "ETH/USD 0 1", "ETH/USD open false, "+trips, events)
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}, {"symbol": "ETHUSD", "asset_class": "crypto", "qty": "3"}]`)
	want("as far apart", "ETH/USD 2 3", "ETH/USD open false, "+trips, events)

	// In the journal the position is closed and another begins. Because of the
	// gap neither shows a profit.
	trade("ETH/USD", "crypto", "sell", 2)
	trade("ETH/USD", "crypto", "buy", 1)
	compare(`[{"symbol": "BTCUSD", "asset_class": "crypto", "qty": "2"}, {"symbol": "ETHUSD", "asset_class": "crypto", "qty": "2"}]`)
	want("the next trip", "ETH/USD 1 2", "ETH/USD open false, ETH/USD closed false, "+trips, events)
}

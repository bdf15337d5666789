package mirror_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/tenant"
)

// A split may come in two entries, one that removes the old quantity and one
// that adds the new one: in either order, seconds to minutes apart, with or
// without a group. The journal then has the same quantities as the broker, for
// the account, each agent and each tag. This holds whatever was traded between
// the entries, and if the first entry was read long before the second.
func TestSplitsInTwoEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	type entry struct {
		qty   string
		after time.Duration
		more  map[string]any
	}
	kind := func(kind string) map[string]any { return map[string]any{"activity_sub_type": kind} }
	group := map[string]any{"group_id": "g"}
	for name, tt := range map[string]struct {
		bought  [2]string // the quantities that agent one, with tag slow, and agent two bought; negative for a sale
		entries [2]entry
		between string // the quantity that agent one bought between the entries
		held    string // what the account, one, slow and two hold after both entries
		first   string // what they hold after the first entry, or "" if that does not matter
	}{
		"reverse, goes first":      {[2]string{"60", "40"}, [2]entry{{"-100", 0, nil}, {"10", 5 * time.Second, nil}}, "", "10 6 6 4", "100 60 60 40"},
		"reverse, comes first":     {[2]string{"60", "40"}, [2]entry{{"10", 0, kind("RSPLIT")}, {"-100", 5 * time.Second, kind("RSPLIT")}}, "", "10 6 6 4", "100 60 60 40"},
		"comes first, no kind":     {[2]string{"60", "40"}, [2]entry{{"10", 0, nil}, {"-100", 5 * time.Second, nil}}, "", "10 6 6 4", ""},
		"in one group":             {[2]string{"60", "40"}, [2]entry{{"-100", 0, group}, {"10", 5 * time.Second, group}}, "", "10 6 6 4", "100 60 60 40"},
		"in one group, days apart": {[2]string{"60", "40"}, [2]entry{{"-100", 0, group}, {"10", 50 * time.Hour, group}}, "", "10 6 6 4", "100 60 60 40"},
		"forward":                  {[2]string{"60", "40"}, [2]entry{{"-100", 0, kind("FSPLIT")}, {"300", 9 * time.Minute, kind("FSPLIT")}}, "", "300 180 180 120", "100 60 60 40"},
		"short":                    {[2]string{"-60", "-40"}, [2]entry{{"100", 0, nil}, {"-10", 5 * time.Second, nil}}, "", "-10 -6 -6 -4", "-100 -60 -60 -40"},
		"traded in between":        {[2]string{"60", "40"}, [2]entry{{"-100", 0, nil}, {"10", time.Minute, nil}}, "5", "15 11 11 4", "105 65 65 40"},
		"sold in between":          {[2]string{"60", "40"}, [2]entry{{"10", 0, kind("RSPLIT")}, {"-100", time.Minute, kind("RSPLIT")}}, "-2", "8 4 4 4", "98 58 58 40"},
		"at one moment":            {[2]string{"60", "40"}, [2]entry{{"-100", 0, nil}, {"10", 0, nil}}, "", "10 6 6 4", ""},
		"one is told as an integer": {[2]string{"60", "40"}, [2]entry{{"-100", 0, map[string]any{"qty": -100}},
			{"10", 3 * time.Second, map[string]any{"qty": 10}}}, "", "10 6 6 4", ""},
		"by days alone, midnight of one": {[2]string{"60", "40"}, [2]entry{
			{"-100", 0, map[string]any{"created_at": nil, "date": "2026-06-02"}}, {"10", 0, map[string]any{"created_at": nil, "date": "2026-06-02T00:00:00Z"}}}, "", "10 6 6 4", ""},
	} {
		for _, backwards := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, backwards %v", name, backwards), func(t *testing.T) {
				w.forgetTrades()
				l, n := w.lease(), 0
				trade := func(qty, agent, tag string, at time.Time) {
					if qty == "" {
						return
					}
					n++
					amount := decimal.RequireFromString(qty)
					o := &tradedOrder{id: fmt.Sprint("order-", n), symbol: "AAPL", class: "us_equity", side: "buy", filled: amount.Abs()}
					if amount.IsNegative() {
						o.side = "sell"
					}
					w.exec(`insert into app.alpaca_orders (account_id, client_order_id, orchestrator_agent_id, tag) values ($1, $2, nullif($3, ''), nullif($4, ''))`, l.Account, o.id, agent, tag)
					x := &execution{id: fmt.Sprint("x", n), order: o, qty: amount.Abs(), price: decimal.NewFromInt(100)}
					if err := w.tell(l, n, message{event: "fill", x: x, at: at}); err != nil {
						t.Fatal(err)
					}
				}
				held := func() string {
					return scan[string](w, `select string_agg(trim_scale((entry_qty - exit_qty) * case direction when 'long' then 1 else -1 end)::text, ' '
						order by scope = 'agent', scope, scope_value = 'two') from app.trading_positions where closed_at is null and scope <> 'tag'`) + " " +
						scan[string](w, `select coalesce(max(trim_scale((entry_qty - exit_qty) * case direction when 'long' then 1 else -1 end)::text), '')
						from app.trading_positions where closed_at is null and scope = 'tag'`)
				}
				want := func(what, held, got string) {
					t.Helper()
					var account, one, slow, two string
					if _, err := fmt.Sscan(held, &account, &one, &slow, &two); err != nil {
						t.Fatal(err)
					}
					if got != account+" "+one+" "+two+" "+slow {
						t.Errorf("%s the account, one, two and slow hold %s, want %s", what, got, held)
					}
				}
				trade(tt.bought[0], "one", "slow", begin)
				trade(tt.bought[1], "two", "", begin.Add(time.Second))
				entries := tt.entries[:]
				splitAt := begin.Add(time.Minute)
				told := func(i int) {
					a := map[string]any{"id": fmt.Sprint("activity-", i), "activity_type": "SPLIT", "symbol": "AAPL", "qty": entries[i].qty, "net_amount": "0",
						"created_at": splitAt.Add(entries[i].after), "date": splitAt.Add(entries[i].after).Format(time.DateOnly), "status": "executed"}
					for name, value := range entries[i].more {
						a[name] = value
					}
					text, err := json.Marshal([]any{a})
					if err != nil {
						t.Fatal(err)
					}
					for range 2 { // as each reconciliation reads the entry again
						if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
							b.Queue("select app.record_adjustments($1, $2)", l.Account, text)
						}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if backwards {
					told(1)
				} else {
					told(0)
				}
				trade(tt.between, "one", "slow", splitAt.Add(10*time.Second))
				if !backwards && tt.first != "" {
					want("after the first entry", tt.first, held())
				}
				if backwards {
					told(0)
				} else {
					told(1)
				}
				want("after both", tt.held, held())
				if spent := scan[string](w, `select trim_scale(held_cost)::text from app.trading_positions where scope = 'agent' and scope_value = 'two'`); spent != "4000" {
					t.Errorf("what is held cost %s, want 4000", spent)
				}
				// If the broker cancels one entry, there was no split.
				if name == "reverse, goes first" {
					if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
						b.Queue(`select app.record_adjustments($1, '[{"id": "activity-1", "activity_type": "SPLIT", "symbol": "AAPL", "qty": "10", "created_at": "2026-06-01T14:01:05Z", "status": "canceled"}]')`, l.Account)
					}); err != nil {
						t.Fatal(err)
					}
					want("after a cancellation", "100 60 60 40", held())
				}
			})
		}
	}
}

// A fee that has a day but no time comes after the trades of that day in New
// York, whenever the day ends in UTC. A fee with a time has that time.
func TestFeesOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for told, want := range map[string]string{
		`{"date": "2026-06-01"}`:                                       "2026-06-02T03:59:59.999999Z",
		`{"date": "2026-11-01"}`:                                       "2026-11-02T04:59:59.999999Z", // a day of 25 hours
		`{"date": "2026-03-08"}`:                                       "2026-03-09T03:59:59.999999Z", // and of 23
		`{"date": "2026-06-01T00:00:00Z"}`:                             "2026-06-02T03:59:59.999999Z",
		`{"date": "2026-06-01T00:00:00.000-04:00"}`:                    "2026-06-02T03:59:59.999999Z",
		`{"date": "2026-06-01T14:30:00Z"}`:                             "2026-06-01T14:30:00Z",
		`{"date": "2026-06-01", "created_at": ""}`:                     "2026-06-02T03:59:59.999999Z",
		`{"date": "2026-06-01", "created_at": "2026-06-01T10:00:00Z"}`: "2026-06-01T10:00:00Z",
	} {
		if got := scan[time.Time](w, `select app.activity_time($1::jsonb || '{"activity_type": "CFEE"}')`, told); got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s has the time %s, want %s", told, got.UTC().Format(time.RFC3339Nano), want)
		}
	}
	// Coins are bought in the evening, a fee is charged for the day, and the
	// rest is sold the next morning. The journal has one closed round trip and
	// nothing open.
	l := w.lease()
	bought := time.Date(2026, 6, 2, 1, 0, 0, 0, time.UTC) // the first of June in New York
	for i, x := range []struct {
		side, qty string
		at        time.Time
	}{{"buy", "0.1", bought}, {"sell", "0.09975", bought.Add(12 * time.Hour)}} {
		amount := decimal.RequireFromString(x.qty)
		o := &tradedOrder{id: x.side, symbol: "BTC/USD", class: "crypto", side: x.side, filled: amount}
		if err := w.tell(l, i+1, message{event: "fill", x: &execution{id: x.side, order: o, qty: amount, price: decimal.NewFromInt(60000)}, at: x.at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
		b.Queue(`select app.record_adjustments($1, '[{"id": "fee", "activity_type": "CFEE", "symbol": "BTCUSD", "qty": "-0.00025", "price": "60000", "net_amount": "0", "date": "2026-06-01", "status": "executed"}]')`, l.Account)
	}); err != nil {
		t.Fatal(err)
	}
	if got := scan[string](w, `select string_agg((closed_at is not null) || ' ' || trim_scale(entry_qty) || ' ' || trim_scale(exit_qty) || ' ' || trim_scale(fees), ', ') from app.trading_positions`); got != "true 0.1 0.1 15" {
		t.Errorf("the journal has %s", got)
	}
}

// forgetTrades deletes the account's orders and its journal.
func (w *world) forgetTrades() {
	w.t.Helper()
	for _, table := range []string{"trading_positions", "fills", "journal_adjustments", "alpaca_orders", "account_events"} {
		w.exec("delete from app." + table)
	}
}

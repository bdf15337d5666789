package mirror_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/audit"
	"paddock/app/eventlog"
	"paddock/app/journal"
	"paddock/app/paging"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
)

// poolOf is a pool of one connection as a runtime login, as the server opens its own.
func (w *world) poolOf(login string) *pgxpool.Pool {
	w.t.Helper()
	pool, err := tenant.OpenPool(w.t.Context(), tenant.PoolConfig{URL: w.pg.URL(login), MaxConns: 1, Name: "history"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	return pool
}

// addHistory gives the account orders that are over, with an execution, a closed round
// trip, an event and a line of the audit for each.
func (w *world) addHistory(from, to int) {
	w.t.Helper()
	for _, sql := range []string{
		`insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty, limit_price, alpaca_order_id,
				status, filled_qty, filled_avg_price, fills_qty, fills_avg_price, broker_updated_at, created_at, submitted_at, filled_at, orchestrator_agent_id, tag, request_hash)
			select $1, 'old-' || i, 'accepted', 'u1', 'AAPL', case i % 2 when 0 then 'buy' else 'sell' end, 'limit', 'day', 1, 190, gen_random_uuid(),
				'filled', 1, 190, 1, 190, t.at, t.at, t.at, t.at, 'one', 'slow', '\x00'
			from generate_series($2::int, $3::int) i cross join lateral (select now() - interval '40 days' + i * interval '1 minute' as at) t`,
		`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source, orchestrator_agent_id, tag)
			select account_id, client_order_id, id, alpaca_order_id, symbol, 'us_equity', 1, side, 1, 190, filled_at, 'stream', orchestrator_agent_id, tag
			from app.alpaca_orders o where account_id = $1 and client_order_id in (select 'old-' || i from generate_series($2::int, $3::int) i)`,
		`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id,
				closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
			select account_id, gen_random_uuid(), s.scope, s.value, 'AAPL', 'us_equity', 1, 'long', at, execution_id, 1, at, execution_id, at, 1, 190, 1, 190, 0, 1, 0, 2
			from app.fills cross join (values ('account', ''), ('agent', 'one'), ('tag', 'slow')) s (scope, value)
			where account_id = $1 and execution_id in (select 'old-' || i from generate_series($2::int, $3::int) i)`,
		`insert into app.account_events (account_id, seq, kind, at, data) select $1, h.last_seq + 1 + i - $2::int, 'order', now(), '{}'
			from generate_series($2::int, $3::int) i, app.event_heads h where h.account_id = $1`,
		`insert into app.audit_log (account_id, at, kind, actor, action) select $1, now(), 'user', 'u1', 'order.place' from generate_series($2::int, $3::int) i`,
		`insert into app.journal_adjustments (account_id, activity_id, kind, symbol, at, day) select $1, 'fee-' || i, 'FEE', 'AAPL', now() - interval '41 days', current_date - 41
			from generate_series($2::int, $3::int) i`,
	} {
		w.exec(sql, w.account.Account, from, to)
	}
	w.exec("update app.event_heads set last_seq = last_seq + $2, last_at = now() where account_id = $1", w.account.Account, to-from+1)
	w.exec("analyze")
}

// Whatever is done to an account reads as many rows when it has a long history as
// when it has a short one. Statements stay short by an index; under row level security
// Postgres uses one only for conditions that cannot tell of rows, so that a coalesce
// in a condition reads the whole account.
func TestWhatIsDoneReadsNoHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *alpacasim.Config) { c.RateLimit = 100_000 })
	l := w.lease()
	app, work := w.poolOf("paddock_app"), w.poolOf("paddock_worker")
	w.db, w.worker = tenant.NewDB(app, kit.SilentBell{}), tenant.NewWorker(work, kit.SilentBell{})
	service := w.trading()
	w.exec("insert into app.stream_cursors (account_id, agreed_at) values ($1, now()) on conflict (account_id) do update set agreed_at = now()", w.account.Account)
	service.MirrorMaxAge = time.Hour

	reads := func() (rows int) {
		t.Helper()
		for _, pool := range []*pgxpool.Pool{app, work} { // sessions say what they have read now and then
			if _, err := pool.Exec(t.Context(), "select pg_stat_force_next_flush()"); err != nil {
				t.Fatal(err)
			}
		}
		return scan[int](w, "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int from pg_stat_user_tables")
	}
	w.buy("MSFT", "50", "held")
	w.sim.Step()
	n := 0
	name := func() string { n++; return fmt.Sprint("new-", n) }
	limit := func(client string) trading.OrderRequest {
		return trading.OrderRequest{ClientOrderID: client, Symbol: "AAPL", Side: "buy", Type: "limit", TimeInForce: "day", Qty: amountOf(1), LimitPrice: amountOf(1)}
	}
	place := func() uuid.UUID {
		t.Helper()
		placed, err := service.Place(t.Context(), w.account, "", limit(name()))
		if err != nil {
			t.Fatal(err)
		}
		var o struct{ ID uuid.UUID }
		if err := json.Unmarshal(placed.Order, &o); err != nil {
			t.Fatal(err)
		}
		return o.ID
	}
	told := func(event string, order map[string]any) error {
		n++
		order["symbol"] = "AAPL"
		return w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(update(fmt.Sprintf("%026d", n), event, time.Now(), order,
				map[string]any{"qty": "1", "price": "190"})))
		})
	}
	list := func(query string) error {
		values, err := url.ParseQuery(query)
		if err != nil {
			return err
		}
		l, err := trading.ParseOrderList(values)
		if err != nil {
			return err
		}
		_, err = service.Orders(t.Context(), w.account, &l)
		return err
	}
	page := paging.Page{At: time.Now().Add(time.Hour), Limit: 20}
	trips := journal.New(w.db)
	nothing := func() {}
	type deed struct {
		name    string
		prepare func()
		do      func() error
	}
	var made uuid.UUID
	deeds := []deed{
		{"place", nothing, func() error { _, err := service.Place(t.Context(), w.account, "", limit(name())); return err }},
		{"place under an idempotency key", nothing, func() error { _, err := service.Place(t.Context(), w.account, name(), limit("")); return err }},
		{"preview", nothing, func() error { _, err := service.Preview(t.Context(), w.account, limit("")); return err }},
		{"read an order", func() { made = place() }, func() error { _, err := service.Order(t.Context(), w.account, made, true); return err }},
		{"replace", func() { made = place() }, func() error {
			_, err := service.Replace(t.Context(), w.account, made, "", trading.Replacement{LimitPrice: amountOf(2)})
			return err
		}},
		{"cancel", func() { made = place() }, func() error { _, err := service.Cancel(t.Context(), w.account, made); return err }},
		{"list", nothing, func() error { return list("") }},
		{"list what is open", nothing, func() error { return list("status=open&symbols=AAPL") }},
		{"list as the broker has it", func() { service.MirrorMaxAge = time.Nanosecond }, func() error { defer func() { service.MirrorMaxAge = time.Hour }(); return list("") }},
		{"positions", nothing, func() error { _, err := service.Positions(t.Context(), w.account); return err }},
		{"close", func() {
			w.sim.Step() // the closing before it
			w.buy("MSFT", "5", name())
			w.sim.Step()
		}, func() error {
			_, err := service.Close(t.Context(), w.account, "", trading.Closing{Symbol: "MSFT", Qty: amountOf(1)})
			return err
		}},
		{"an order that was placed elsewhere", nothing, func() error { return told("new", map[string]any{"client_order_id": name()}) }},
		{"its execution", func() { must(t, told("new", map[string]any{"client_order_id": name()})) }, func() error {
			return told("fill", map[string]any{"client_order_id": fmt.Sprint("new-", n-1), "status": "filled", "filled_qty": "1", "filled_avg_price": "190"})
		}},
		{"an execution of an agent's order", func() {
			w.exec("insert into app.alpaca_orders (account_id, client_order_id, orchestrator_agent_id, tag) values ($1, $2, 'one', 'slow')", w.account.Account, name())
		}, func() error {
			return told("fill", map[string]any{"client_order_id": fmt.Sprint("new-", n), "status": "filled", "filled_qty": "1", "filled_avg_price": "190"})
		}},
		{"a replacement that was made elsewhere", nothing, func() error {
			return told("new", map[string]any{"client_order_id": name(), "replaces": uuid.NewString()})
		}},
		{"round trips", nothing, func() error {
			_, err := trips.RoundTrips(t.Context(), w.account, journal.Filter{Scope: "agent", ScopeValue: "one"}, &page)
			return err
		}},
		{"round trips that are closed", nothing, func() error {
			_, err := trips.RoundTrips(t.Context(), w.account, journal.Filter{Status: "closed"}, &page)
			return err
		}},
		{"round trips that are open", nothing, func() error {
			_, err := trips.RoundTrips(t.Context(), w.account, journal.Filter{Status: "open"}, &page)
			return err
		}},
		{"executions", nothing, func() error { _, err := trips.Fills(t.Context(), w.account, "", uuid.Nil, &page); return err }},
		{"executions of a symbol", nothing, func() error { _, err := trips.Fills(t.Context(), w.account, "AAPL", uuid.Nil, &page); return err }},
		{"executions of a symbol that was never traded", nothing, func() error { _, err := trips.Fills(t.Context(), w.account, "BTC/USD", uuid.Nil, &page); return err }},
		{"events", nothing, func() error {
			_, err := eventlog.New(w.db).Page(t.Context(), w.account, tenant.Cursor{Seq: 10}, 20)
			return err
		}},
		{"the audit since a time", nothing, func() error {
			_, err := audit.New(w.db).List(t.Context(), w.account, audit.Filter{Since: time.Now().Add(-time.Second).Format(time.RFC3339)}, page)
			return err
		}},
	}
	measure := func(d deed) int {
		t.Helper()
		// What is open costs something, and is not history.
		w.exec("update app.alpaca_orders set status = 'canceled' where not app.is_ended(status)")
		for range 2 { // the first one plans
			d.prepare()
			must(t, d.do())
		}
		least := 1 << 30
		for range 3 {
			d.prepare()
			before := reads()
			must(t, d.do())
			least = min(least, reads()-before)
		}
		return least
	}
	w.addHistory(1, 300)
	short := map[string]int{}
	for _, d := range deeds {
		short[d.name] = measure(d)
	}
	w.addHistory(301, 6000)
	for _, d := range deeds {
		// While there are few rows the planner may read all of an account's and sort them.
		long := measure(d)
		t.Logf("%s: %d rows with 300 orders, %d with 6,000", d.name, short[d.name], long)
		if long > short[d.name]+100 {
			t.Errorf("%s reads %d rows after 300 orders, and %d after 6,000", d.name, short[d.name], long)
		}
	}
}

func amountOf(n int64) *trading.Amount { return &trading.Amount{Decimal: decimal.NewFromInt(n)} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

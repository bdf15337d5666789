package catalogue

import (
	"testing"

	"paddock/sql"
	"paddock/tests/pgtest"
)

// A database in use is migrated up and down with its rows: nothing in them
// stops a migration, and what a version does not know is put into its terms.
func TestMigrationsKeepRows(t *testing.T) {
	db := pgtest.Empty(t)
	owner, admin := db.Conn(t, "owner"), db.Conn(t, "admin")
	do := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := admin.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	to := func(version int32) {
		t.Helper()
		if err := sql.MigrateTo(t.Context(), owner, version); err != nil {
			t.Fatalf("to version %d: %v", version, err)
		}
	}
	want := func(what, query string) {
		t.Helper()
		var so bool
		if err := admin.QueryRow(t.Context(), query).Scan(&so); err != nil || !so {
			t.Errorf("%s: %v, %v", what, so, err)
		}
	}
	_, newest, err := sql.Version(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	const old = 9
	to(old)
	do(`insert into auth."user" (id, name, email, "emailVerified") values ('u', 'U', 'u@example.com', false)`,
		`insert into app.user_accounts (id, user_id, name, environment) values ('00000000-0000-4000-8000-000000000001', 'u', 'one', 'paper')`,
		`insert into app.event_heads (account_id, last_seq) values ('00000000-0000-4000-8000-000000000001', 1)`,
		`insert into app.account_events (account_id, seq, kind, data) values ('00000000-0000-4000-8000-000000000001', 1, 'order', '{}')`,
		`insert into app.stream_cursors (account_id, last_event_id) values ('00000000-0000-4000-8000-000000000001', '1')`,
		`insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('00000000-0000-4000-8000-000000000001', 'BTC/USD', 1, now()), ('00000000-0000-4000-8000-000000000001', 'AAPL', 0, now())`,
		`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, side, qty, filled_qty, filled_avg_price, alpaca_order_id)
			select '00000000-0000-4000-8000-000000000001', s, case when s in ('submitting', 'unknown') then s else 'accepted' end, s, 'AAPL', 'buy', 2,
				case s when 'filled' then 2 else 0 end, case s when 'filled' then 100 end, case when s not in ('submitting', 'unknown') then gen_random_uuid() end
			from unnest(array['submitting', 'unknown', 'new', 'filled', 'held', 'replaced']) s`)
	to(newest)
	want("orders", "select count(*) = 6 and count(*) filter (where is_open) = 4 from app.alpaca_orders")
	do(`insert into app.account_guards (account_id, switch, allowed_symbols) values ('00000000-0000-4000-8000-000000000001', 'halted', '{AAPL}')`,
		`insert into app.account_events (account_id, seq, kind, data) values ('00000000-0000-4000-8000-000000000001', 2, 'guard', '{}')`,
		`update app.alpaca_orders set intent_state = 'dismissed', status = 'rejected', reference_prices = '{"AAPL": "1"}' where client_order_id = 'unknown'`,
		`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
			select account_id, 'x', id, alpaca_order_id, symbol, 'us_equity', 1, side, 2, 100, now(), 'stream' from app.alpaca_orders where status = 'filled'`)
	for v := newest - 1; v >= old; v-- {
		to(v)
	}
	want("orders", "select count(*) = 6 and count(*) filter (where intent_state = 'rejected') = 1 from app.alpaca_orders")
	want("the log has no gap", "select count(*) = 2 and max(seq) = 2 and min(seq) = 1 from app.account_events")
	to(old - 1)
	want("a closed position is none", "select count(*) = 1 from app.alpaca_positions")
	to(newest)
	want("orders", "select count(*) = 6 from app.alpaca_orders")
}

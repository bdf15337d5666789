package isolation

import "strings"

// answerAttacks forge what the broker said of an account on which one may trade: what an
// order may still cost, and what guards measure by, follow from that.
var answerAttacks = []attack{
	{
		name: "the end of an order written by a statement",
		weak: []string{
			"grant update (status, intent_state, filled_qty, alpaca_order_id, updated_at) on app.alpaca_orders to paddock_app",
			"create policy careless on app.alpaca_orders for update to paddock_app using (account_id = (select private.account_id('cancel')))",
		},
		scene: func(l *lab) { l.share("trader"); l.ordersInEachState() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN",
				"update app.alpaca_orders set status = 'canceled' where account_id = '$B'",
				"update app.alpaca_orders set status = 'rejected', intent_state = 'rejected' where account_id = '$B'",
				"update app.alpaca_orders set status = 'rejected', intent_state = 'unsent' where account_id = '$B'",
				"update app.alpaca_orders set status = 'rejected', intent_state = 'dismissed' where account_id = '$B' and intent_state not in ('unsent', 'unknown')",
				"update app.alpaca_orders set status = 'filled', filled_qty = 3 where account_id = '$B'",
				"update app.alpaca_orders set alpaca_order_id = gen_random_uuid() where account_id = '$B'",
				"update app.alpaca_orders set overshot_qty = 1, taken_back = true where account_id = '$B'",
				"update app.alpaca_orders set qty = 1 where account_id = '$B'",
				"delete from app.alpaca_orders where account_id = '$B'")
		},
	},
	{
		name:  "an order that never arrived, or is parked, said to be something else",
		weak:  []string{"alter policy app_updates on app.alpaca_orders with check (account_id = (select private.account_id('trade')))"},
		scene: func(l *lab) { l.share("trader"); l.ordersInEachState() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, state := range []string{"accepted", "rejected", "unsent", "unknown"} {
				for _, status := range []string{"new", "filled", "canceled", "rejected", "submitting"} {
					s.try("$TOKEN", "update app.alpaca_orders set intent_state = '"+state+"', status = '"+status+"' where account_id = '$B' and intent_state in ('unsent', 'unknown')")
				}
			}
			s.try("$TOKEN", "update app.alpaca_orders set intent_state = 'submitting', status = 'canceled' where account_id = '$B'",
				"update app.alpaca_orders set intent_state = 'dismissed', status = 'new' where account_id = '$B'",
				"update app.alpaca_orders set qty = 1000 where account_id = '$B' and intent_state in ('unsent', 'unknown')")
		},
	},
	{
		name:  "an order put in as if the broker had it",
		weak:  []string{"grant insert (intent_state, status, alpaca_order_id, filled_qty) on app.alpaca_orders to paddock_app"},
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN",
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, intent_state, status) values ('$B', 'over', private.user_id(), 'AAPL', 'buy', 1, 'accepted', 'canceled')",
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, intent_state, status, alpaca_order_id, filled_qty) values ('$B', 'sold', private.user_id(), 'AAPL', 'sell', 1, 'accepted', 'filled', gen_random_uuid(), 1)",
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, intent_state, status) values ('$B', 'unsent', private.user_id(), 'AAPL', 'buy', 1, 'unsent', 'rejected')")
		},
	},
	{
		name:   "an answer recorded by who cannot open the keys",
		weakFn: edit("private.require_keys(integer[],text[])", "is not null) then", "is not null) and false then"),
		scene:  func(l *lab) { l.share("trader"); l.mirrored(); l.ordersInEachState() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, keys := range []string{"null, null", "'{}', '{}'", "'{1}', '{null}'", "'{1}', '{}'", "'{1}', '{x}'", "'{1}', '{" + strings.Repeat("cd", 32) + "}'",
				"'{2}', '{" + strings.Repeat("ab", 32) + "}'", "'{2,1}', '{" + strings.Repeat("ab", 32) + "}'"} {
				s.try("$TOKEN",
					`select private.record_answer(`+keys+`, '{"id": "$B_BROKER", "client_order_id": "$B_CLIENT", "symbol": "$B_NAME", "side": "buy", "status": "canceled", "updated_at": "2100-01-01T00:00:00Z"}', 'x') is null`,
					`select private.record_known_orders(`+keys+`, '[{"id": "$B_BROKER", "client_order_id": "$B_CLIENT", "symbol": "$B_NAME", "side": "buy", "status": "filled", "filled_qty": "3", "updated_at": "2100-01-01T00:00:00Z"}]')`,
					`select private.record_not_placed(`+keys+`, (select id from app.alpaca_orders where account_id = '$B' and intent_state = 'submitting'), 'rejected', 'no', 1, 'x', null)`,
					`select private.record_position_list(`+keys+`, '[]', now(), '{}') is null`,
					`select private.record_balance(`+keys+`, 1000000, 1000000, 1000000, '0')`,
					`select private.record_exercise(`+keys+`, gen_random_uuid(), 'refused')`)
			}
		},
	},
	{
		name: "what guards measure by written by a statement",
		weak: []string{
			"grant insert, update on app.alpaca_positions, app.account_balances, app.stream_cursors to paddock_app",
			"create policy careless on app.alpaca_positions to paddock_app using (account_id = (select private.account_id('trade')))",
		},
		scene: func(l *lab) { l.share("trader"); l.mirrored() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN",
				"update app.alpaca_positions set qty = 0 where account_id = '$B'",
				"insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$B', 'PLANTED', 1000, now())",
				"update app.account_balances set equity = 1000000, cash = 1000000 where account_id = '$B'",
				"insert into app.account_balances (account_id, equity, last_equity, as_of) values ('$B', 7, 7, now()) on conflict (account_id) do update set equity = 7",
				"update app.stream_cursors set doubts = 0 where account_id = '$B'",
				"update app.stream_cursors set doubts = 100, agreed_at = '2100-01-01' where account_id = '$B'")
		},
	},
	{
		name: "the functions by which the mirror is written",
		weak: []string{"grant insert, update on app.alpaca_positions, app.stream_cursors to paddock_app",
			"create policy careless on app.stream_cursors to paddock_app using (account_id = (select private.account_id('trade')))",
			"grant execute on all functions in schema app to paddock_app"},
		scene: func(l *lab) { l.share("trader"); l.mirrored(); l.ordersInEachState() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN",
				`select app.record_order('$B', '{"id": "$B_BROKER", "client_order_id": "$B_CLIENT", "symbol": "$B_NAME", "side": "buy", "status": "canceled", "updated_at": "2100-01-01T00:00:00Z"}') is null`,
				"select app.record_refusal('$B', o.id, 'rejected', 'no', 1, 'x') from app.alpaca_orders o where o.account_id = '$B' and o.intent_state = 'submitting'",
				"select app.reconcile_positions('$B', '[]', now(), '{}', null, null) is null",
				"select app.apply_fill_to_position('$B', '$B_NAME', 'us_equity', -3, 1, now())",
				"select app.take_uncounted('$B', '$B_NAME', 1)",
				"select app.doubt_mirror('$B')",
				"select private.wind_down_late_order('$B_ORDER')",
				"select private.begin_repair('$B_NAME', 1)")
		},
	},
	{
		name: "an exercise said to be refused",
		weak: []string{"grant update on app.exercises to paddock_app", "create policy careless on app.exercises for update to paddock_app using (account_id = (select private.account_id('trade')))"},
		scene: func(l *lab) {
			l.share("trader")
			must(l.t, l.admin, "set session_replication_role = replica") // the guard of exercises is tested elsewhere
			must(l.t, l.admin, "insert into app.exercises (account_id, contract, symbol, side, qty, price, asked_by) values ($1, 'AAPL261218C00100000', 'AAPL', 'buy', 100, 1, 'x')", l.b.Account)
			must(l.t, l.admin, "set session_replication_role = origin")
		},
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "update app.exercises set state = 'refused' where account_id = '$B'", "update app.exercises set qty = 1 where account_id = '$B'",
				"delete from app.exercises where account_id = '$B'")
		},
	},
}

// ordersInEachState gives the victim's account an order in each state in which something
// about it is not settled.
func (l *lab) ordersInEachState() {
	l.t.Helper()
	must(l.t, l.admin, "set session_replication_role = replica") // guards are tested elsewhere
	for _, o := range []struct{ state, status string }{{"submitting", "submitting"}, {"unsent", "rejected"}, {"unknown", "unknown"}, {"accepted", "new"}} {
		must(l.t, l.admin, `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, request, symbol, side, qty, type, limit_price, intent_state, status, alpaca_order_id)
			values ($1, $2, $3, sha256(''), '{}', 'AAPL', 'buy', 3, 'limit', 1, $2, $4, case when $2 = 'accepted' then gen_random_uuid() end)`, l.b.Account, o.state, l.b.User, o.status)
	}
	must(l.t, l.admin, "set session_replication_role = origin")
}

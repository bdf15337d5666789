package isolation

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

var doorAttacks = []attack{
	{
		name: "admission to another's account with one's own session",
		weakFn: edits(
			edit("private.admit(text,uuid,text)", "private.scopes_for_role(g.role, u.is_active)", "'read,trade,cancel,log,manage'"),
		),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', '$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name: "unknown and foreign accounts told apart",
		weakFn: edit("private.admit(text,uuid,text)", "if p_account is not null and scopes is null then",
			"if p_account is not null and not exists (select from app.user_accounts where id = p_account) then raise exception 'no such account'; elsif p_account is not null and scopes is null then"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			answers := map[string]bool{}
			for _, account := range []string{"$B", "$NOBODY"} {
				_, err := s.ask("select private.admit('$TOKEN', '" + account + "')")
				answers[fmt.Sprint(err)] = true
			}
			if len(answers) > 1 {
				l.haul.learn("that the account exists: %v", answers)
			}
		},
	},
	{
		name: "a second admission after clearing the first",
		weakFn: edits(
			// The grant is not checked again if a user was admitted before.
			edit("private.admit(text,uuid,text)", "scopes is null then", "scopes is null and coalesce(current_setting('app.user_id', true), '') = '' then"),
			edit("private.admit(text,uuid,text)", "coalesce(scopes, '')", "coalesce(scopes, 'read')"),
		),
		run: func(l *lab) {
			// The first admission is to the attacker's own account. The second
			// asks for the victim's.
			s := l.as("paddock_app")
			for _, clear := range []string{"select 1", "select set_config('app.seal', '', true)"} {
				for _, token := range []string{"$TOKEN", "", "$B_USER"} {
					s.begin() // the first admission
					s.ask(clear)
					s.mustAsk("savepoint s")
					if _, err := s.ask("select private.admit('" + token + "', '$B')"); err != nil {
						s.mustAsk("rollback to s")
					}
					s.loot()
					s.end()
				}
			}
		},
	},
	{
		name:   "a grant that has expired",
		weakFn: edit("private.usable_grants()", "(g.expires_at > now())", "true"),
		spoils: true,
		scene: func(l *lab) {
			l.share("trader")
			must(l.t, l.admin, "update app.account_grants set expires_at = now() - interval '1 second' where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', '$B')"); err != nil {
				s.mustAsk("rollback to s; select private.admit('$TOKEN', null)")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "an old session of the victim's that has expired",
		weakFn: edit("private.session_sign_in(text)", `(s."expiresAt" > now())`, "true"),
		scene: func(l *lab) {
			must(l.t, l.admin, `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ($1, now() - interval '1 second', $1, now(), $2)`, "old-"+l.a.Marker, l.b.User)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('old-" + l.a.Marker + "', '$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "a viewer who writes",
		weakFn: edit("private.scopes_for_role(text,boolean)", "'read'", "'read,trade,cancel,log,manage'"),
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, write := range []string{
				"update app.user_accounts set name = 'mine' where id = '$B'",
				"update app.alpaca_orders set tag = 'mine' where account_id = '$B'",
				"update app.alpaca_orders set status = 'canceled' where account_id = '$B'",
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$B', 'mine', '$USER')",
				"insert into app.agent_logs (account_id, user_id, level, message) values ('$B', '$USER', 'info', 'mine')",
				"select private.append_event('order', '{}')",
				"select private.append_event('agent_log', '{}')",
				"select private.append_event('credentials', '{}')",
				"select private.store_credentials('" + strings.Repeat("ab", 32) + "', 1, '\\x" + strings.Repeat("cd", 32) + "', 'key', 'x', 'mine', '" + l.b.BrokerAcct.String() + "', 'x')",
				"select private.delete_credentials('leave')",
				"delete from app.user_accounts where id = '$B'",
				"select private.delete_account('leave')", // last: where it works, nothing is left to write to
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(write)
				s.ask("commit")
			}
		},
	},
	{
		name: "a viewer who writes the mirror",
		weak: []string{
			"create policy careless on app.alpaca_positions to paddock_app using (account_id = (select private.account_id('read')))",
			"grant insert, update on app.alpaca_positions to paddock_app",
		},
		scene: func(l *lab) {
			l.share("viewer")
			must(l.t, l.admin, "insert into app.stream_cursors (account_id, agreed_at) values ($1, now())", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, write := range []string{
				"update app.alpaca_positions set qty = 1000 where account_id = '$B'",
				"insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$B', 'PLANTED', 1, now())",
				"insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$B', '$B_NAME', 1, now()) on conflict (account_id, symbol) do update set qty = 0",
				"delete from app.alpaca_positions where account_id = '$B'",
				`select app.record_positions('$B', '[{"symbol": "PLANTED", "qty": "1"}]', now())`,
				`select app.reconcile_positions('$B', '[]', now(), '{}', '{}', '{}')`,
				"select app.apply_fill_to_position('$B', 'PLANTED', 'us_equity', 1, 1, now())",
				"select app.doubt_mirror('$B')",
				"update app.stream_cursors set doubts = 100 where account_id = '$B'",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(write)
				s.ask("commit")
			}
		},
	},
	{
		name: "a viewer who writes what the account is worth",
		weak: []string{
			"create policy careless on app.account_balances to paddock_app using (account_id = (select private.account_id('read')))",
			"grant insert, update on app.account_balances to paddock_app",
		},
		scene: func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, write := range []string{
				"update app.account_balances set equity = 1000 where account_id = '$B'",
				"insert into app.account_balances (account_id, equity, last_equity, as_of) values ('$B', 7, 7, now()) on conflict (account_id) do update set equity = 7",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(write)
				s.ask("commit")
			}
		},
	},
	{
		name:   "a viewer who takes the keys out of use",
		weakFn: edit("private.mark_credentials_rejected(bigint)", "'cancel'", "'read'"),
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, write := range []string{
				"select private.mark_credentials_rejected(1)", "select private.begin_repair('$B_NAME', 1)", "select private.wind_down_late_order('$B_ORDER')",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(write)
				s.ask("commit")
			}
		},
	},
	{
		name: "a grant written for oneself",
		weak: []string{
			"grant insert on app.account_grants to paddock_app",
			"create policy careless on app.account_grants for insert to paddock_app with check (user_id = (select private.user_id()))",
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask("insert into app.account_grants (account_id, user_id, role) values ('$B', '$USER', 'owner')")
			s.ask("commit")
		},
	},
	{
		name: "a viewer's grant raised to owner",
		weak: []string{
			"grant update (role) on app.account_grants to paddock_app",
			"create policy careless on app.account_grants for update to paddock_app using (user_id = (select private.user_id()))",
		},
		scene: func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.ask("update app.account_grants set role = 'owner' where account_id = '$B'")
			s.ask("commit")
		},
	},
	{
		name:   "doors that act on a forged account",
		weak:   []string{rawAccessor, rawUser},
		weakFn: sealUnchecked,
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, call := range []string{
				"select * from private.credentials_metadata()",
				"select convert_from(encrypted, 'UTF8') from private.read_credentials('{1}', '{" + strings.Repeat("ab", 32) + "}')",
				"select private.mark_credentials_rejected(1)",
				"select private.delete_credentials('leave')",
				"select private.append_event('order', '{}')",
				"select * from private.accounts_with_credentials()",
			} {
				s.begin()
				s.ask(forge)
				s.take(call)
				s.ask("commit")
			}
		},
	},
	{
		name: "every function with hostile arguments",
		weak: []string{
			// A function that runs as its owner and trusts the account id in its
			// argument.
			`create function private.order_note(p_account uuid) returns text stable security definer set search_path = pg_catalog, pg_temp
			language sql as $$ select min(o.symbol) from app.alpaca_orders o where o.account_id = p_account $$`,
			"grant execute on function private.order_note(uuid) to paddock_app",
		},
		run: func(l *lab) { hostile(l, l.as("paddock_app")) },
	},
	{
		name: "an order past the guards, by a statement",
		weak: []string{"drop trigger guard_new on app.alpaca_orders", "drop trigger guard_again on app.alpaca_orders"},
		scene: func(l *lab) {
			l.share("trader")
			must(l.t, l.admin, "update app.account_guards set switch = 'halted' where account_id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, statements := range [][]string{
				{"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty) values ('$B', 'past', '$USER', 'X', 'buy', 1)"},
				{"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, parent_alpaca_order_id) values ('$B', 'past', '$USER', 'X', 'buy', 1, '$NOBODY')"},
				{"update app.alpaca_orders set intent_state = 'submitting' where account_id = '$B'"},
				{"delete from app.account_guards where account_id = '$B'"},
				{"update app.account_guards set switch = 'open' where account_id = '$B'"},
				{"insert into app.account_guards (account_id) values ('$B') on conflict (account_id) do update set switch = 'open'"},
				{"set local session_replication_role = replica", "insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty) values ('$B', 'past', '$USER', 'X', 'buy', 1)"},
				{"alter table app.alpaca_orders disable trigger all"},
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				for _, statement := range statements {
					s.ask(statement)
				}
				s.ask("commit")
			}
		},
	},
	{
		name: "the count of the day's orders changed by a statement",
		weak: []string{
			"grant insert, update, delete on app.order_counts to paddock_app",
			"create policy weak on app.order_counts to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, statement := range []string{
				"update app.order_counts set sent = 0 where account_id = '$B'",
				"delete from app.order_counts where account_id = '$B'",
				"insert into app.order_counts (account_id, day, sent) values ('$B', current_date, 0)",
				"select private.count_sent_order()",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(statement)
				s.ask("commit")
			}
		},
	},
	{
		name:   "the switch opened by somebody who only trades",
		weakFn: edit("private.set_switch(text,text,boolean,boolean,boolean,text,bytea)", "and private.account_id('manage') is null", "and false"),
		scene: func(l *lab) {
			l.share("trader")
			must(l.t, l.admin, "update app.account_guards set switch = 'halted' where account_id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, call := range []string{"select private.set_switch('open', '')", "select private.set_switch('reduce_only', null)", "select private.set_guards('{}')", "select private.set_switch(null, null)", "select private.set_switch('elsewhere', null)"} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(call)
				s.ask("commit")
			}
		},
	},
	{
		name:   "limits taken away by somebody who only trades",
		weakFn: edit("private.set_guards(jsonb)", "'manage'", "'trade'"),
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.ask("select private.set_guards('{}')")
			s.ask("commit")
		},
	},
	{
		name: "ciphertext and key metadata read",
		weak: []string{
			"grant select on private.user_credentials to paddock_app",
			"create policy careless on private.user_credentials to paddock_app using (true)",
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			if values, err := s.ask("select account_id, ciphertext from private.user_credentials where account_id <> '$A'"); err == nil && len(values) > 0 {
				l.haul.learn("the ciphertext of another's keys")
			}
			s.ask("rollback")
		},
	},
	{
		name: "the doorbell's channel learnt and listened on",
		weak: []string{"grant execute on function private.doorbell_channel() to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, guess := range []string{"paddock", "paddock_events", "account_events", "events", "doorbell", "$B"} {
				s.mustAsk(`listen "` + guess + `"`)
				s.mustAsk(`notify "` + guess + `", 'false alarm'`)
			}
			// Receive the attacker's own notifications: they do not count.
			s.conn.Exec(l.t.Context(), "select 1")
			l.haul.learnt = nil
			for _, where := range []string{
				"select channel from private.doorbell", "select private.doorbell_channel()", "select pg_listening_channels()",
				"select query from pg_stat_activity where query ~* '^(listen|notify)' and pid <> pg_backend_pid()",
			} {
				values, _ := s.ask(where)
				for _, v := range values {
					if strings.HasPrefix(v, "paddock_") {
						s.mustAsk(`listen "` + v + `"`)
					}
				}
			}
			// Ring the doorbell, as the server does for an event of the victim's.
			ring := connect(l.t, l.db.URL("paddock_worker"))
			must(l.t, ring, "select private.notify_events()")
			s.mustAsk("select 1")
		},
	},
}

// hostile calls every function that the role may execute with arguments that
// could confuse it, both admitted as the attacker and without admission.
func hostile(l *lab, s *session) {
	l.t.Helper()
	pool := map[string][]string{
		"uuid":                        {"null", "'$B'", "'$NOBODY'", "'$B_ORDER'"},
		"text":                        {"null", "''", "'$B'", "'$B_USER'", "'read'", "''' or true --'", "repeat('x', 100000)"},
		"name":                        {"null", "'paddock_app'", "'postgres'"},
		"text[]":                      {"null", "'{}'", "array[null]::text[]", "array['$TOKEN', null, '$TOKEN']"},
		"uuid[]":                      {"null", "'{}'", "array[null, '$B']::uuid[]", "array['$B', '$B', '$B']::uuid[]"},
		"bigint[]":                    {"null", "'{}'", "array[-1, 0, -9223372036854775808]", "array[null, 9223372036854775807]::bigint[]"},
		"integer[]":                   {"null", "array[1, null]::integer[]"},
		"integer":                     {"null", "-1", "0", "2147483647"},
		"bigint":                      {"null", "-1", "1", "9223372036854775807"},
		"boolean":                     {"null", "true"},
		"numeric":                     {"null", "0", "-1", "'NaN'", "1e131071"},
		"numeric[]":                   {"null", "'{}'", "array[null, 'NaN', 1e131071]::numeric[]"},
		"interval":                    {"null", "interval '-1 day'", "interval '1 day'"},
		"jsonb":                       {"null", "'null'", "'[]'", `'{"client_order_id": "$B_CLIENT", "id": "$B_BROKER", "updated_at": "2100-01-01"}'`, `'{"account_id": "$B"}'`},
		"jsonb[]":                     {"null", `array[null, '{"account_id": "$B"}']::jsonb[]`},
		"timestamp with time zone":    {"null", "'infinity'", "now()"},
		"time without time zone":      {"null", "'00:00'", "'24:00'"},
		"timestamp without time zone": {"null", "'infinity'", "localtimestamp"},
		"timestamp with time zone[]":  {"null", "array[null, 'infinity', now()]::timestamptz[]"},
		"bytea":                       {"null", "'\\x'"},
		"bytea[]":                     {"null", "'{}'", "array[null, '\\x']::bytea[]"},
		"oid":                         {"null", "0"},
		"pg_lsn":                      {"null", "'0/0'", "'FFFFFFFF/FFFFFFFF'"},
		"app.alpaca_orders": {"null", `jsonb_populate_record(null::app.alpaca_orders, '{"account_id": "$B", "side": "buy", "order_class": "", "qty": 1, "symbol": "X", "limit_price": 1}')`,
			`jsonb_populate_record(null::app.alpaca_orders, '{"account_id": "$B", "order_class": "mleg", "qty": 1, "request": {"legs": [{"symbol": null}]}}')`},
		"app.account_guards":    {"null", `jsonb_populate_record(null::app.account_guards, '{"account_id": "$B", "allowed_symbols": ["AAPL"], "max_order_notional": 1}')`},
		"app.wind_downs":        {"null", `jsonb_populate_record(null::app.wind_downs, '{"account_id": "$B", "id": "$B_ORDER", "liquidate": true}')`},
		"app.trading_positions": {"null", `jsonb_populate_record(null::app.trading_positions, '{"account_id": "$B", "id": "$B_ORDER"}')`},
	}
	rows, err := l.admin.Query(l.t.Context(), `select p.oid::regproc::text, array(select format_type(a, null) from unnest(p.proargtypes) with ordinality u (a, n) order by n)
		from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname in ('app', 'private', 'report', 'auth') and p.prorettype <> 'trigger'::regtype
		and has_function_privilege($1, p.oid, 'execute') order by 1`, s.conn.Config().User)
	if err != nil {
		l.t.Fatal(err)
	}
	type function struct {
		Name string
		Args []string
	}
	functions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[function])
	if err != nil {
		l.t.Fatal(err)
	}
	if len(functions) == 0 {
		l.t.Fatal("found no function to try")
	}
	for _, f := range functions {
		if f.Name == "private.end_report_sessions" {
			continue // it would end the reporting logins of tests that run beside this one; it reads no table of tenants
		}
		// Not every combination is tried. Each value of an argument is used
		// together with several values of the other arguments.
		most := 1
		for _, arg := range f.Args {
			if pool[arg] == nil {
				l.t.Fatalf("%s takes a %s, for which there are no hostile values: add some", f.Name, arg)
			}
			most = max(most, len(pool[arg]))
		}
		for round := range most * 3 {
			args := make([]string, len(f.Args))
			for i, arg := range f.Args {
				args[i] = pool[arg][(round*(i+1)+i*(round/most))%len(pool[arg])] + "::" + arg
			}
			for _, admitted := range []bool{true, false} {
				if strings.HasSuffix(f.Name, ".admit") && admitted {
					continue
				}
				s.mustAsk("begin")
				if admitted && s.conn.Config().User == "paddock_app" {
					s.mustAsk("select private.admit('$TOKEN', '$A')")
				}
				// A result that repeats an argument tells the attacker nothing.
				values, _ := s.ask("select x.* from " + f.Name + "(" + strings.Join(args, ", ") + ") x")
				l.haul.read = append(l.haul.read, withoutArguments(l, values)...)
				s.ask("commit")
			}
		}
	}
}

// withoutArguments returns the values without the ids of the victim's that the
// attacker passed as arguments.
func withoutArguments(l *lab, values []string) []string {
	var kept []string
	for _, v := range values {
		for _, known := range []string{l.b.User, l.b.ClientOrder, l.b.Order.String(), l.b.BrokerOrder.String()} {
			v = strings.ReplaceAll(v, known, "")
		}
		kept = append(kept, v)
	}
	return kept
}

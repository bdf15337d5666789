package isolation

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

var roleAttacks = []attack{
	{
		name:   "SET ROLE and SET SESSION AUTHORIZATION",
		weakFn: func(l *lab) { l.special("inherit", "paddock_app", "paddock_gate") },
		run: func(l *lab) {
			s := l.attacker("paddock_app")
			s.begin()
			for _, role := range []string{"paddock_owner", "paddock_gate", "paddock_recorder", "paddock_watchdog", "paddock_auth", "paddock_worker", "paddock_report", "postgres", "pg_read_all_data", "pg_database_owner"} {
				for _, how := range []string{"set role ", "set local role ", "set session authorization "} {
					s.mustAsk("savepoint s")
					if _, err := s.ask(how + role); err == nil {
						s.loot()
						s.take("select id, name from app.user_accounts")
						s.take("select * from private.report_grants")
					}
					s.mustAsk("rollback to s")
				}
			}
			s.ask("rollback")
		},
	},
	{
		name: "the web process's login reading sign-in's tables",
		weak: []string{"grant usage on schema auth to paddock_app", "grant select (token) on auth.session to paddock_app",
			"create policy careless on auth.session for select to paddock_app using (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, q := range []string{"select token from auth.session", "select password from auth.account", `select email from auth."user"`, "select value from auth.verification",
				"insert into auth.session (id, \"expiresAt\", token, \"updatedAt\", \"userId\") values ('x', now() + interval '1 day', 'x', now(), '$B_USER') returning \"userId\""} {
				s.mustAsk("savepoint s")
				if s.take(q) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.ask("rollback")
		},
	},
	{
		name: "sign-in's login reading tenants",
		weak: []string{"grant usage on schema app to paddock_auth", "grant select on app.alpaca_orders to paddock_auth",
			"create policy careless on app.alpaca_orders for select to paddock_auth using (true)"},
		run: func(l *lab) {
			// Sign-in's login can read every session's token, but must not be able
			// to use one.
			s := l.as("paddock_auth")
			s.mustAsk("begin; savepoint s")
			for _, q := range []string{
				"select private.admit((select token from auth.session where \"userId\" = '$B_USER'), '$B')",
				"select set_config('app.account_id', '$B', true)", "select * from app.alpaca_orders", "select * from app.user_accounts", "select * from app.account_grants",
				"select * from private.user_credentials", "select * from private.read_events(array['x'], array['$B']::uuid[], array[0], array[null::timestamptz], 1, 1000)",
				"copy app.alpaca_orders to stdout", "select table_to_xml('app.alpaca_orders', true, true, '')",
			} {
				if s.take(q) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.ask("rollback")
		},
	},
	{
		name:   "the worker's login without a lease",
		weakFn: edit("private.admit_worker(uuid,uuid,bigint)", "l.account_id = p_account and l.holder = p_holder and l.fence = p_fence", "l.account_id = p_account"),
		scene:  func(l *lab) { l.lease(l.b.Account, uuid.New(), 7, "1 hour") },
		run: func(l *lab) {
			s := l.as("paddock_worker")
			own := uuid.NewString() // it lives, as any instance may
			s.mustAsk("select private.renew_leases('" + own + "', '1 minute', 1)")
			for _, fence := range []string{"0", "1", "6", "7", "8", "null"} {
				for _, holder := range []string{"'" + own + "'", "'" + uuid.NewString() + "'", "null", "'$NOBODY'"} {
					s.mustAsk("begin; savepoint s")
					if _, err := s.ask(fmt.Sprintf("select private.admit_worker('$B', %s, %s)", holder, fence)); err != nil {
						s.mustAsk("rollback to s")
					}
					s.loot()
					s.end()
				}
			}
		},
	},
	{
		name:   "the worker's login after its lease changed hands",
		weakFn: edit("private.admit_worker(uuid,uuid,bigint)", "and l.fence = p_fence", ""),
		run: func(l *lab) {
			// The same process had the lease, lost it and got it again: what it
			// began under the first lease may not go on under the second.
			holder := uuid.New()
			l.lease(l.b.Account, holder, 8, "1 minute")
			s := l.as("paddock_worker")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit_worker('$B', '" + holder.String() + "', 7)"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "the worker's login after its lease expired",
		weakFn: edit("private.admit_worker(uuid,uuid,bigint)", "or not private.is_live(p_holder)", ""),
		run: func(l *lab) {
			holder := uuid.New()
			l.lease(l.b.Account, holder, 8, "-1 second")
			s := l.as("paddock_worker")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit_worker('$B', '" + holder.String() + "', 8)"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name: "the worker's login with another instance's lease",
		// The holder's id is what a lease is held by. Nothing tells it to whom has it
		// not already.
		weak:  []string{"grant select on app.stream_leases to paddock_worker", "create policy careless on app.stream_leases for select to paddock_worker using (true)"},
		scene: func(l *lab) { l.lease(l.b.Account, uuid.New(), 1, "1 minute") },
		run: func(l *lab) {
			s := l.as("paddock_worker")
			own := uuid.NewString()
			guesses := []string{own, "$B", "$A", "$B_ORDER", uuid.Nil.String(), uuid.Max.String()}
			for _, q := range []string{
				"select holder from app.stream_leases where account_id = '$B'", "select holder from private.stream_instances", "select holder from private.signs_of_life",
				"select n::text from private.renew_leases('" + own + "', '1 minute', 1000) n", "select c::text from private.claim_leases('" + own + "', '1 minute', 1000) c",
				"select private.live_instances()", "update app.stream_leases set holder = '" + own + "'", "update app.stream_leases set holder = '" + own + "' where account_id = '$B'",
				"insert into app.stream_leases (account_id, holder) values ('$B', '" + own + "') on conflict (account_id) do update set holder = excluded.holder",
				"delete from app.stream_leases", "delete from private.signs_of_life", "update private.signs_of_life set given_at = '-infinity'", "select private.forget_instances()",
				"select c::text from private.claim_leases('" + own + "', '1 minute', 1000) c", // takes whatever became free
			} {
				found, _ := s.ask(q) // most are refused
				guesses = append(guesses, uuids.FindAllString(strings.Join(found, " "), -1)...)
			}
			for _, holder := range guesses {
				s.mustAsk("begin; savepoint s")
				if _, err := s.ask("select private.admit_worker('$B', '" + holder + "', 1)"); err != nil {
					s.mustAsk("rollback to s")
				}
				s.loot()
				s.end()
				s.ask("select private.release_leases('" + holder + "', array['$B']::uuid[])")
			}
		},
	},
	{
		name:   "the worker's login giving signs of life for a holder that it only guesses",
		weakFn: edit("private.admit_worker(uuid,uuid,bigint)", "l.account_id = p_account and l.holder = p_holder and l.fence = p_fence", "l.account_id = p_account"),
		scene:  func(l *lab) { l.lease(l.b.Account, uuid.New(), 1, "-1 second") }, // its holder is dead
		run: func(l *lab) {
			s := l.as("paddock_worker")
			for _, holder := range []string{uuid.NewString(), "$B", uuid.Nil.String()} {
				s.mustAsk("select private.renew_leases('" + holder + "', '1 hour', 1000)")
				s.mustAsk("begin; savepoint s")
				if _, err := s.ask("select private.admit_worker('$B', '" + holder + "', 1)"); err != nil {
					s.mustAsk("rollback to s")
				}
				s.loot()
				s.end()
			}
		},
	},
	{
		name:   "the worker's login with a sign of life from the future",
		weakFn: edit("private.is_live(uuid)", "now_at > newest.given_at - newest.lasts and ", ""),
		run: func(l *lab) {
			// The database's clock was set back by an hour since.
			holder := uuid.New()
			l.lease(l.b.Account, holder, 1, "1 hour")
			s := l.as("paddock_worker")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit_worker('$B', '" + holder.String() + "', 1)"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name: "the worker admitted to one account reaching for another",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			holder := uuid.New()
			l.lease(l.a.Account, holder, 1, "1 minute")
			s := l.as("paddock_worker")
			s.mustAsk("begin; select private.admit_worker('$A', '" + holder.String() + "', 1)")
			s.loot()
			s.ask("select set_config('app.account_id', '$B', true)")
			s.loot()
			for _, write := range []string{
				`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
					opening_qty, last_at, last_id, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
					values ('$B', gen_random_uuid(), 'account', '', 'x', 'us_equity', 1, 'long', now(), 'x', 1, now(), 'x', 1, 1, 0, 0, 1, 1, 0, 1)`,
				`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
					values ('$B', 'x', '$B_ORDER', '$B_BROKER', 'x', 'us_equity', 1, 'buy', 1, 1, now(), 'stream')`,
				"insert into app.journal_adjustments (account_id, activity_id, kind, at, day) values ('$B', 'x', 'FEE', now(), now())",
				"select app.recompute_round_trips('$B', 'x', now(), '')",
				`select app.record_adjustments('$B', '[{"id": "x", "activity_type": "FEE", "created_at": "2026-01-01T00:00:00Z"}]')`,
				"insert into app.stream_cursors (account_id, last_event_id) values ('$B', 'x')",
				"update app.alpaca_orders set status = 'filled' where account_id = '$B'",
				`select app.apply_trade_update('$B', '{"event": "fill", "event_id": "x", "order": {"id": "$B_BROKER", "client_order_id": "$B_CLIENT", "status": "filled", "updated_at": "2100-01-01"}}')`,
				"select private.append_event('order', '{}')",
				"select private.mark_credentials_rejected(1)",
				"select convert_from(encrypted, 'UTF8') from private.read_credentials('{1}', '{" + strings.Repeat("ab", 32) + "}')",
			} {
				s.mustAsk("savepoint s")
				if _, err := s.ask(write); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.ask("rollback") // append_event, which is allowed, wrote to the attacker's own account
		},
	},
	{
		name:   "push's door asked for another's events",
		weakFn: edit("private.read_events(text[],uuid[],bigint[],timestamp with time zone[],integer,integer)", "g.account_id = t.account_id and g.user_id = s.user_id", "g.account_id = t.account_id"),
		run: func(l *lab) {
			s := l.as("paddock_worker")
			for _, call := range []string{
				"array['$TOKEN'], array['$B']::uuid[], array[0], null, 100, 1000000",
				"array['$TOKEN'], array['$B']::uuid[], array[-1], null, 100, 1000000",
				"array['$TOKEN', null], array['$A', '$B']::uuid[], array[0, 0], null, null, 1000000",
				"array['$TOKEN'], array['$A', '$B']::uuid[], array[0, -9223372036854775808], null, 1000000, 1000000",
				"array[null], array['$B']::uuid[], array[0], null, 100, 1000000",
				"array['', '$B_USER', '%'], array['$B', '$B', '$B']::uuid[], array[0, 0, 0], null, 100, 1000000",
				"array[['$TOKEN', '$TOKEN']], array[['$A', '$B']]::uuid[], array[[0, 0]], null, 100, 1000000",
				"(select array_agg(token) from auth.session), array['$B']::uuid[], array[0], null, 100, 1000000",
			} {
				values, _ := s.ask("select * from private.read_events(" + call + ")")
				l.haul.read = append(l.haul.read, withoutArguments(l, values)...)
			}
		},
	},
	{
		name: "the worker's functions with hostile arguments",
		weak: []string{
			`create function private.order_note(p_account uuid) returns text stable security definer set search_path = pg_catalog, pg_temp
			language sql as $$ select min(o.symbol) from app.alpaca_orders o where o.account_id = p_account $$`,
			"grant execute on function private.order_note(uuid) to paddock_worker",
		},
		// The worker may claim leases on any account. Even so, no function may
		// return the victim's data for arguments alone.
		run: func(l *lab) { hostile(l, l.as("paddock_worker")) },
	},
	{
		name: "a reporting login and settings",
		weak: []string{`create or replace function private.report_accounts() returns uuid[] stable parallel restricted security definer set search_path = pg_catalog, pg_temp
			language sql as $$ select array[nullif(current_setting('app.account_id', true), '')::uuid] $$`},
		scene: func(l *lab) { l.report(l.a.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("begin read write")
			for _, trick := range []string{
				"select 1", forge, "select set_config('app.seal', 'x', true)", "set role paddock_report", "set local role none",
				"set session authorization paddock_report", "set local row_security = off", "set local search_path = app, private, report",
			} {
				s.mustAsk("savepoint trick")
				if _, err := s.ask(trick); err != nil {
					s.mustAsk("rollback to trick")
				}
				s.loot()
			}
			s.ask("rollback")
		},
	},
	{
		name: "a reporting login and the tables behind the views",
		weak: []string{"grant usage on schema app, private to paddock_report", "grant select on app.agent_logs to paddock_report",
			"create policy careless on app.agent_logs to paddock_report using (true)"},
		scene: func(l *lab) { l.report(l.a.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			s.loot()
			for _, q := range []string{
				"select private.report_accounts()", "select private.admit('$TOKEN', '$B')", "select private.grant_report(session_user, '$B')",
				"copy app.alpaca_orders to stdout", "select table_to_xml(oid, true, true, '') from pg_class where relname = 'agent_logs'",
				"select * from pg_stats where schemaname = 'app'", "alter view report.orders set (security_invoker = false)",
				"create temp view mine as select * from report.orders", "select lo_import('/etc/passwd')",
			} {
				s.take(q)
			}
		},
	},
	{
		name:  "views that ran as their owner",
		weak:  []string{"alter view report.orders set (security_invoker = false)", "alter table app.alpaca_orders no force row level security"},
		scene: func(l *lab) { l.report(l.a.Account) },
		run:   func(l *lab) { l.as(l.login).loot() },
	},
	{
		name:   "a reporting login made again under an old name",
		weakFn: edit("private.report_accounts()", "on r.oid = g.role_oid and r.rolname = g.role_name", "on r.rolname = g.role_name"),
		scene:  func(l *lab) { l.report(l.b.Account) },
		run: func(l *lab) {
			// The login is dropped by hand, so that its grants stay behind.
			must(l.t, l.admin, "drop role "+l.login)
			must(l.t, l.admin, fmt.Sprintf("create role %s login in role paddock_report password 'test-%s'", l.login, l.login))
			l.as(l.login).loot()
		},
	},
	{
		name:   "a reporting login whose time has ended",
		weakFn: edit("private.report_accounts()", "and (r.rolvaliduntil is null or r.rolvaliduntil > clock_timestamp())", ""),
		scene:  func(l *lab) { l.report(l.b.Account) },
		run: func(l *lab) {
			// It is signed in already, which VALID UNTIL does not end.
			s := l.as(l.login)
			must(l.t, l.admin, "alter role "+l.login+" valid until '2020-01-01'")
			s.loot()
		},
	},
	{
		name: "counts by EXPLAIN ANALYZE through the views",
		// An index that does not begin with account_id. Those that do are dropped,
		// so that the planner uses this one.
		weak: []string{"create index on app.alpaca_orders (client_order_id)", "drop index app.alpaca_orders_newest_idx",
			"alter table app.alpaca_orders drop constraint alpaca_orders_account_id_client_order_id_key, drop constraint alpaca_orders_account_id_alpaca_order_id_key, drop constraint alpaca_orders_pkey cascade"},
		scene: func(l *lab) { l.report(l.a.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("begin")
			s.mustAsk(noSeqScan)
			for _, off := range []string{"set local enable_bitmapscan = on", "set local enable_bitmapscan = off",
				"set local cpu_tuple_cost = 1000", "set local random_page_cost = 0; set local seq_page_cost = 0; set local cpu_index_tuple_cost = 0"} {
				s.mustAsk(off)
				differ(l, s, "an order", explain+"select from report.orders where client_order_id = '$X'", l.b.ClientOrder, "order-of-nobody-at-all")
				differ(l, s, "an order's account", explain+"select from report.orders where account_id = '$X'", l.b.Account.String(), uuid.NewString())
				differ(l, s, "an account's name", explain+"select from report.accounts where name = '$X'", l.b.Marker, "name-of-nothing")
				differ(l, s, "an account", explain+"select from report.accounts where account_id = '$X'", l.b.Account.String(), uuid.NewString())
			}
			s.end()
		},
	},
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// lease gives the holder a lease on the account, and lets it live for so long.
func (l *lab) lease(account, holder uuid.UUID, fence int, left string) {
	l.t.Helper()
	must(l.t, l.admin, "insert into app.stream_leases (account_id, holder, fence) values ($1, $2, $3)", account, holder, fence)
	must(l.t, l.admin, "insert into private.stream_instances (holder, most) values ($1, 1)", holder)
	must(l.t, l.admin, "insert into private.signs_of_life (holder, given_at, lasts) values ($1, clock_timestamp() - interval '1 minute' + $2::text::interval, '1 minute')", holder, left)
}

// report makes a reporting login that sees the account.
func (l *lab) report(account uuid.UUID) string {
	l.t.Helper()
	l.special("", append([]string{"paddock_report"}, l.groups...)...)
	must(l.t, l.admin, "set role paddock_owner")
	must(l.t, l.admin, "select private.grant_report($1, $2)", l.login, account)
	must(l.t, l.admin, "reset role")
	return l.login
}

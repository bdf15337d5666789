package isolation

import "fmt"

// reports makes a reporting login that sees the attacker's account, and another one
// that sees the victim's.
func (l *lab) reports() {
	l.t.Helper()
	l.colleague = l.report(l.b.Account)
	l.report(l.a.Account)
}

// reportAttacks are made with a reporting login that sees the attacker's own account.
var reportAttacks = []attack{
	{
		name:   "a reporting login whose time has ended, giving itself more",
		weakFn: edit("private.report_accounts()", "r.rolvaliduntil > clock_timestamp()", "coalesce(nullif(current_setting('app.until', true), '')::timestamptz, r.rolvaliduntil) > clock_timestamp()"),
		scene:  func(l *lab) { l.report(l.b.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			must(l.t, l.admin, "alter role "+l.login+" valid until '2020-01-01'")
			s.mustAsk("set default_transaction_read_only = off; set app.until = '2100-01-01'")
			for _, trick := range []string{"valid until 'infinity'", "valid until null", "set role = 'paddock_report'", "rename to another", "password 'mine'", "superuser", "bypassrls"} {
				s.ask("alter role " + l.login + " " + trick)
			}
			s.loot()
		},
	},
	{
		name:   "a reporting login in the role of another",
		weakFn: edit("private.report_accounts()", "r.rolname = session_user", "r.rolname = coalesce(nullif(current_setting('role'), 'none'), session_user)"),
		scene:  func(l *lab) { l.reports() },
		run: func(l *lab) {
			must(l.t, l.admin, "grant "+l.colleague+" to "+l.login)
			s := l.as(l.login)
			s.mustAsk("set role " + l.colleague)
			s.loot()
			s.ask("set session authorization " + l.colleague)
			s.loot()
		},
	},
	{
		name: "a plan that a reporting login prepared before its account was taken from it",
		weak: []string{"alter function private.report_accounts() immutable"},
		scene: func(l *lab) {
			l.report(l.b.Account)
			must(l.t, l.admin, "update private.report_grants set created_at = '2026-01-01' where role_name = $1", l.login)
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("set plan_cache_mode = force_generic_plan; prepare orders as select * from report.orders; execute orders")
			must(l.t, l.admin, "delete from private.report_grants where role_name = $1", l.login)
			s.take("execute orders")
			// As it was, so that it does not look like a change.
			must(l.t, l.admin, "insert into private.report_grants (account_id, role_oid, role_name, created_at) select $1, oid, rolname, '2026-01-01' from pg_roles where rolname = $2", l.b.Account, l.login)
		},
	},
	{
		name:   "a reporting login that was given to somebody else under another name",
		weakFn: edit("private.report_accounts()", "on r.oid = g.role_oid and r.rolname = g.role_name", "on r.oid = g.role_oid"),
		scene:  func(l *lab) { l.report(l.b.Account) },
		run: func(l *lab) {
			renamed := l.login + "_x"
			must(l.t, l.admin, fmt.Sprintf("alter role %s rename to %s", l.login, renamed))
			must(l.t, l.admin, fmt.Sprintf("alter role %s password 'test-%[1]s'", renamed))
			l.as(renamed).loot()
			must(l.t, l.admin, fmt.Sprintf("alter role %s rename to %s", renamed, l.login))
		},
	},
	{
		name:  "another's audit through the views",
		weak:  []string{"alter policy report_reads on app.audit_log using (true)"},
		scene: func(l *lab) { l.report(l.a.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			s.take("select * from report.audit")
			s.take("select * from report.credential_access")
			s.take("select v.*, a.* from report.accounts v full join report.audit a using (account_id)")
		},
	},
	{
		name: "another's imported round trips through the views",
		weak: []string{"alter policy report_reads on app.imported_trading_positions using (true)"},
		scene: func(l *lab) {
			l.report(l.a.Account)
			must(l.t, l.admin, `insert into app.imported_trading_positions (account_id, import_id, key, symbol, data) values ($1, gen_random_uuid(), $2, $2, jsonb_build_object('was', $2::text))`,
				l.b.Account, l.b.Marker)
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.take("select * from report.imported_trading_positions")
			s.take("select data from report.imported_trading_positions where data->>'was' like '%'")
		},
	},
	{
		name: "the planner's statistics of the audit",
		weak: []string{"grant select on pg_catalog.pg_statistic to paddock_report",
			"do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = 'app.audit_log'::regclass loop execute format('alter table %s alter column detail set statistics 100', p); end loop; end $$"},
		scene: func(l *lab) {
			l.report(l.a.Account)
			must(l.t, l.admin, "set role paddock_gate")
			must(l.t, l.admin, "insert into app.audit_log (account_id, kind, action, detail) select $1, 'user', 'account.change', jsonb_build_object('name', $2::text) from generate_series(1, 200)", l.b.Account, l.b.Marker)
			must(l.t, l.admin, "reset role")
			must(l.t, l.admin, "analyze app.audit_log")
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.take("select starelid, stavalues1::text, stavalues2::text from pg_statistic")
			s.take("select attname, most_common_vals::text, histogram_bounds::text from pg_stats where schemaname = 'app'")
			s.take("explain select * from report.audit where detail = '{}'")
		},
	},
	{
		name:   "the statements of another reporting login",
		weakFn: func(l *lab) { l.groups = []string{"pg_read_all_stats"} },
		scene:  func(l *lab) { l.reports() },
		run: func(l *lab) {
			victim := l.as(l.colleague)
			victim.mustAsk("select count(*) from report.orders where symbol = '$B_NAME'")
			s := l.as(l.login)
			s.take("select query from pg_stat_activity")
			s.take("select query from pg_stat_get_activity(null)")
			s.take("select pg_stat_get_backend_activity(b) from pg_stat_get_backend_idset() b")
		},
	},
	{
		name:   "another reporting login's session ended",
		weakFn: func(l *lab) { l.groups = []string{"pg_signal_backend"} },
		scene:  func(l *lab) { l.reports() },
		run: func(l *lab) {
			victim := l.as(l.colleague)
			pid := victim.value("select pg_backend_pid()")
			s := l.as(l.login)
			for _, how := range []string{"select pg_cancel_backend(" + pid + ")", "set role paddock_report; select pg_terminate_backend(" + pid + ")", "reset role; select pg_terminate_backend(" + pid + ", 2000)"} {
				s.ask(how)
			}
			if _, err := victim.conn.Exec(l.t.Context(), "select 1"); err != nil {
				l.haul.learn("how to end another's session: %v", err)
			}
		},
	},
	{
		name: "an account granted to oneself by a reporting login",
		weak: []string{"grant usage on schema private to paddock_report", "grant execute on function private.grant_report to paddock_report"},
		scene: func(l *lab) {
			l.report(l.a.Account)
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("set default_transaction_read_only = off")
			for _, write := range []string{
				"select private.grant_report('" + l.login + "', '$B')",
				"insert into private.report_grants (account_id, role_oid, role_name) select '$B', oid, rolname from pg_roles where rolname = session_user",
				"update private.report_grants set account_id = '$B'",
				"set role paddock_report; select private.grant_report('" + l.login + "', '$B')",
			} {
				s.ask(write)
			}
			s.ask("reset role")
			s.loot()
		},
	},
	{
		name: "rows of the audit written by a reporting login",
		weak: []string{"grant usage on schema private to paddock_report", "grant execute on function private.record_report_session to paddock_report"},
		scene: func(l *lab) {
			l.report(l.b.Account)
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("set default_transaction_read_only = off")
			s.ask("select private.record_report_session((select oid from pg_roles where rolname = session_user), 'nowhere', 'nothing', now())")
			s.ask("select private.seen_report_sessions()")
			s.ask("insert into report.audit (account_id, kind, action) values ('$B', 'user', 'order.place')")
			s.ask("delete from report.audit")
		},
	},
	{
		name: "tables and functions of a reporting login's own",
		// A function in a query runs as whoever asks it, also under a view.
		weak: []string{evilSchema, "grant usage, create on schema evil to paddock_report",
			"alter view report.orders set (security_invoker = false)", "alter view report.orders set (security_barrier = false)", "alter table app.alpaca_orders no force row level security"},
		scene: func(l *lab) { l.report(l.a.Account) },
		run: func(l *lab) {
			s := l.as(l.login)
			s.mustAsk("set default_transaction_read_only = off")
			for _, schema := range []string{"evil", "report", "public", "pg_temp", "ext"} {
				s.ask("create function " + schema + ".leak(text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise notice '%', $1; return true; end $$")
				s.take("select count(*) from report.orders where " + schema + ".leak(symbol)")
				s.ask("create table " + schema + ".mine as select * from report.orders")
				s.take("select * from " + schema + ".mine")
			}
			s.take("do $$ declare r record; begin for r in select * from report.orders loop raise notice '%', r; end loop; end $$")
		},
	},
}

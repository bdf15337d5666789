package isolation

import (
	"bytes"
	"context"
	"strings"
)

// open has statements that make the policies of the orders table let every row
// pass.
var open = []string{
	"alter policy app_reads on app.alpaca_orders using (true)",
	"alter policy app_updates on app.alpaca_orders using (true) with check (true)",
	"alter policy app_inserts on app.alpaca_orders with check (true)",
}

var statementAttacks = []attack{
	{
		name: "COPY out",
		weak: []string{noRLS},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, copy := range []string{
				"copy app.alpaca_orders to stdout", "copy app.alpaca_orders (client_order_id) to stdout with (format binary)",
				"copy (table app.alpaca_orders) to stdout", "copy app.user_accounts to stdout",
			} {
				var out bytes.Buffer
				s.mustAsk("savepoint s")
				if _, err := s.conn.PgConn().CopyTo(context.Background(), &out, copy); err != nil {
					s.mustAsk("rollback to s")
				}
				l.haul.read = append(l.haul.read, out.String())
			}
			for _, copy := range []string{"copy app.alpaca_orders to '/tmp/orders'", "copy app.alpaca_orders to program 'cat'"} {
				s.mustAsk("savepoint s")
				if s.take(copy) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "COPY in",
		weak: []string{noRLS},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			rows := l.fill("$B\tinjected\t$USER\n")
			s.conn.PgConn().CopyFrom(context.Background(), strings.NewReader(rows), "copy app.alpaca_orders (account_id, client_order_id, submitted_by) from stdin")
			s.ask("commit")
		},
	},
	{
		name: "sampling and row addresses",
		weak: []string{noRLS},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select * from app.alpaca_orders tablesample system (100)")
			s.take("select * from app.alpaca_orders tablesample bernoulli (100) repeatable (1)")
			s.take("select ctid, xmin, tableoid, * from app.alpaca_orders where ctid = any (array(select ('(' || p || ',' || i || ')')::tid from generate_series(0, 20) p, generate_series(1, 60) i))")
			s.take("select * from only app.alpaca_orders where ctid >= '(0,0)'")
			s.end()
		},
	},
	{
		name: "row locks on another's rows",
		weak: []string{noRLS},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, strength := range []string{"update", "no key update", "share", "key share"} {
				s.mustAsk("savepoint s")
				if _, err := s.ask("select 1 from app.alpaca_orders where account_id = '$B' for " + strength); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			// See whether the victim finds the rows locked.
			v := connect(l.t, l.db.URL("paddock_app"))
			must(l.t, v, "begin")
			must(l.t, v, "set local lock_timeout = '300ms'")
			must(l.t, v, "select private.admit($1, $2)", l.b.Token, l.b.Account)
			if _, err := v.Exec(l.t.Context(), "update app.alpaca_orders set status_message = status_message where account_id = $1", l.b.Account); err != nil {
				l.haul.learn("how to lock the victim's rows: %v", err)
			}
			must(l.t, v, "rollback")
			s.end()
		},
	},
	{
		name: "updates and deletes without a WHERE",
		weak: open,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, write := range []string{
				"update app.alpaca_orders set status_message = 'mine' where client_order_id = '$B_CLIENT'",
				"update app.alpaca_orders set status_message = 'mine'",
				"delete from app.alpaca_positions where symbol <> '" + l.a.Marker + "'",
				"delete from app.user_accounts where id <> '$A'",
				"update app.user_accounts set name = 'mine' where id <> '$A'",
				"delete from app.alpaca_orders", "truncate app.alpaca_orders",
			} {
				s.mustAsk("savepoint s")
				if s.take(write+" returning *") != nil {
					s.mustAsk("rollback to s")
				}
				if _, err := s.ask(write); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "MERGE and writing CTEs",
		weak: open,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, write := range []string{
				"with u as (update app.alpaca_orders set status_message = 'mine' where account_id = '$B' returning *) select * from u",
				"update app.alpaca_orders o set status_message = 'mine' from app.alpaca_orders p where p.account_id = '$B' and o.id = p.id",
				"merge into app.alpaca_orders o using (values ('$B'::uuid)) v (a) on o.account_id = v.a when matched then update set status_message = 'mine'",
				"merge into app.alpaca_orders o using (values ('$B'::uuid)) v (a) on o.account_id = v.a and o.symbol is null when not matched then insert (account_id, client_order_id, submitted_by) values (v.a, 'merged', '$USER')",
			} {
				s.mustAsk("savepoint s")
				if s.take(write) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "a row put into another's account",
		weak: []string{"alter policy app_inserts on app.alpaca_orders with check (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, insert := range []string{
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$B', 'planted', '$B_USER')",
				"insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$B', 'planted', '$USER')",
				"insert into app.agent_logs (account_id, user_id, level, message) values ('$B', '$USER', 'info', 'planted')",
				"insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$B', 'planted', 1, now())",
				"insert into app.account_events (account_id, seq, kind, data) values ('$B', 99, 'order', '{}')",
				"insert into app.audit_log (account_id, kind, action) values ('$B', 'user', 'planted.row')",
				"insert into app.user_accounts (user_id, name, environment) values ('$B_USER', 'planted', 'paper')",
				"select app.record_order('$B', '{\"client_order_id\": \"planted\", \"id\": \"$NOBODY\", \"status\": \"new\"}')",
				"select app.record_positions('$B', '[{\"symbol\": \"planted\", \"qty\": \"1\"}]', now())",
			} {
				s.mustAsk("savepoint s")
				if _, err := s.ask(insert); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "a row of one's own moved into another's account",
		weak: append([]string{"grant update (account_id) on app.alpaca_orders to paddock_app"}, "alter policy app_updates on app.alpaca_orders using (account_id = (select private.account_id('trade'))) with check (true)",
			"alter policy app_reads on app.alpaca_orders using (true)"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, move := range []string{
				"update app.alpaca_orders set account_id = '$B'", "update app.alpaca_positions set account_id = '$B'",
				"update app.agent_logs set account_id = '$B'", "update app.user_accounts set id = '$B'", "update app.user_accounts set user_id = '$B_USER'",
			} {
				s.mustAsk("savepoint s")
				if _, err := s.ask(move); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "ON CONFLICT that takes another's row over",
		weak: append([]string{"alter policy app_reads on app.alpaca_orders using (true)"}, open...),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk("savepoint s")
			if s.take("insert into app.alpaca_orders as o (account_id, client_order_id, submitted_by) values ('$B', '$B_CLIENT', '$USER') on conflict (account_id, client_order_id) do update set status_message = 'mine' returning o.id, o.symbol") != nil {
				s.mustAsk("rollback to s")
			}
			if s.take("insert into app.alpaca_positions as o (account_id, symbol, qty, as_of) values ('$B', '$B_NAME', 1, now()) on conflict (account_id, symbol) do update set qty = 0 returning o.qty") != nil {
				s.mustAsk("rollback to s")
			}
			s.end()
		},
	},
	{
		name: "built-in functions that run SQL of their own",
		weak: []string{noRLS},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, call := range []string{
				"select query_to_xml('select * from app.alpaca_orders', true, true, '')",
				"select table_to_xml('app.alpaca_orders', true, true, '')",
				"select schema_to_xml('app', true, true, '')",
				"select database_to_xml(true, true, '')",
				"select query_to_xml($q$select set_config('app.account_id', '$B', true); select * from app.alpaca_orders$q$, true, true, '')",
				"select word from ts_stat($q$select to_tsvector('simple', client_order_id) from app.alpaca_orders$q$)",
			} {
				s.mustAsk("savepoint s")
				if s.take(call) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "row_security turned off",
		// The attacker's login may bypass RLS, as the default owner of a managed
		// server may.
		weakFn: func(l *lab) { l.special("bypassrls", "paddock_app") },
		run: func(l *lab) {
			s := l.attacker("paddock_app")
			s.begin()
			s.mustAsk("set local row_security = off; savepoint s")
			for _, table := range []string{"app.alpaca_orders", "app.agent_logs", "app.account_events"} {
				if s.take("select * from "+table) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "the server's own files",
		weak: []string{
			"grant execute on function pg_read_binary_file(text) to paddock_app",
			"alter table app.alpaca_orders set (toast_tuple_target = 128)",
		},
		run: func(l *lab) {
			must(l.t, l.admin, "checkpoint")
			s := l.as("paddock_app")
			s.begin()
			for _, read := range []string{
				"select encode(pg_read_binary_file(pg_relation_filepath('app.alpaca_orders')), 'escape')",
				"select pg_read_file('pg_hba.conf')", "select * from pg_ls_dir('.')", "select lo_import('/etc/passwd')",
				"select * from pg_hba_file_rules", "select * from pg_file_settings", "select rolpassword from pg_authid",
				"copy app.agent_logs (message) from '/etc/passwd'", "load 'dblink'",
			} {
				s.mustAsk("savepoint s")
				if s.take(read) != nil {
					s.mustAsk("rollback to s")
				} else if !strings.Contains(read, "relation_filepath") {
					l.haul.learn("what %s answers", read)
				}
			}
			s.end()
		},
	},
}

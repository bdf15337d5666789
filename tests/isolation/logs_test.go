package isolation

import "github.com/google/uuid"

// appendLines is a call of the function that stores lines, with one line: its order, its key and its hash.
func appendLines(order, key string) string {
	return "select * from app.append_agent_logs(array[gen_random_uuid()], array[null::timestamptz], array['a'], array['info'], array['planted'], array[null::jsonb], array[" +
		order + "]::uuid[], '" + key + "', sha256('x'))"
}

// forEachPartition returns statements for each partition of agents' logs, in which %s is its name.
func forEachPartition(statements string) string {
	return "do $$ declare p regclass; begin for p in select relid from pg_partition_tree('app.agent_logs') where level > 0 loop execute replace('" + statements + "', '%s', p::text); end loop; end $$"
}

// logAttacks are made on the lines that agents of the victim's have sent.
var logAttacks = []attack{
	{
		name: "partitions of agents' logs read and written one by one",
		weak: []string{forEachPartition("grant select, insert, delete on %s to paddock_app"), forEachPartition("alter table %s disable row level security")},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, table := range s.mustAsk("select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname like 'agent!_logs!_%' escape '!' and c.relkind in ('r', 'p')") {
				for _, sql := range []string{
					"select * from " + table, "select message from only " + table, "copy " + table + " to stdout", "table " + table,
					"delete from " + table + " where account_id = '$B' returning *",
					"insert into " + table + " (account_id, user_id, level, message) values ('$B', '$USER', 'info', 'planted')",
				} {
					s.mustAsk("savepoint s")
					if s.take(sql) != nil {
						s.mustAsk("rollback to s")
					}
				}
			}
			s.end()
		},
	},
	{
		name: "partitions of agents' logs read by a reporting login",
		weak: []string{"grant usage on schema app to paddock_report", forEachPartition("grant select on %s to paddock_report"), forEachPartition("alter table %s disable row level security")},
		scene: func(l *lab) {
			l.report(l.a.Account)
		},
		run: func(l *lab) {
			s := l.as(l.login)
			s.take("select * from report.agent_logs")
			s.take("select * from report.agent_logs where account_id = '$B' or order_id = '$B_ORDER'")
			for _, table := range s.mustAsk("select 'app.' || c.relname from pg_class c where c.relname like 'agent!_logs%' escape '!' and c.relkind in ('r', 'p')") {
				s.take("select * from " + table)
			}
		},
	},
	{
		name: "another's logs read by filters",
		weak: []string{"alter policy app_reads on app.agent_logs using (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, filter := range []string{
				"account_id = '$B'", "order_id = '$B_ORDER'", "token_id is not null", "user_id = '$B_USER'", "level = 'info'", "level = any ('{debug,info}')", "at > now() - interval '1 day'",
				"orchestrator_agent_id is null", "id is not null",
			} {
				s.take("select * from app.agent_logs where " + filter)
			}
			s.end()
		},
	},
	{
		// With a foreign key by the order alone anybody's order could be named, and found out.
		name: "another's orders found out by a line about them",
		weak: []string{"alter table app.agent_logs drop constraint agent_logs_account_id_order_id_fkey", "create unique index on app.alpaca_orders (id)",
			"alter table app.agent_logs add foreign key (order_id) references app.alpaca_orders (id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			differ(l, s, "an order by a line about it", "insert into app.agent_logs (account_id, user_id, level, message, order_id) values ('$A', '$USER', 'info', 'x', '$X')", l.b.Order.String(), uuid.NewString())
			s.end()
		},
	},
	{
		name:   "another's orders found out by the check of lines",
		weakFn: edit("private.check_agent_logs(timestamptz[],uuid[])", "o.account_id = account and", ""),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			differ(l, s, "an order by the check", "select private.check_agent_logs('{}', array['$X']::uuid[])", l.b.Order.String(), uuid.NewString())
			differ(l, s, "an order by a request", appendLines("'$X'", ""), l.b.Order.String(), uuid.NewString())
			s.end()
		},
	},
	{
		name: "lines put into another's account",
		weak: []string{"alter policy app_inserts on app.agent_logs with check (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, sql := range []string{
				"insert into app.agent_logs (account_id, user_id, level, message) values ('$B', '$USER', 'info', 'planted')",
				"insert into app.agent_logs (account_id, user_id, level, message, order_id) values ('$B', '$USER', 'info', 'planted', '$B_ORDER')",
				"insert into app.agent_logs (account_id, user_id, level, message, at) values ('$B', '$USER', 'info', 'planted', now() - interval '90 days')",
				"insert into app.agent_logs (account_id, user_id, level, message, import_id) values ('$B', '$USER', 'info', 'planted', gen_random_uuid())",
			} {
				s.mustAsk("savepoint s")
				if _, err := s.ask(sql); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name:   "lines written by who may only read",
		weak:   []string{"alter policy app_inserts on app.agent_logs with check (account_id = (select private.account_id('read')))"},
		weakFn: edits(edit("app.append_agent_logs(uuid[],timestamptz[],text[],text[],text[],jsonb[],uuid[],text,bytea)", "private.account_id('log')", "private.account_id('read')")),
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, sql := range []string{
				"insert into app.agent_logs (account_id, user_id, level, message) values ('$B', '$USER', 'info', 'planted')", appendLines("null", ""), appendLines("null", "key"),
				"select private.append_event('agent_log', '{\"logs\": []}')",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask(sql)
				s.ask("commit")
			}
		},
	},
	{
		name: "the notes of another's keys",
		weak: []string{"alter policy app_reads on app.agent_log_requests using (true)", "alter policy app_inserts on app.agent_log_requests with check (true)"},
		run: func(l *lab) {
			must(l.t, l.admin, "insert into app.agent_log_requests (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at) values ($1, $2, sha256('x'), $3, 1, now(), now()) on conflict do nothing",
				l.b.Account, l.b.Marker, l.b.User)
			s := l.as("paddock_app")
			s.begin()
			s.take("select * from app.agent_log_requests")
			s.mustAsk("savepoint s")
			s.ask("insert into app.agent_log_requests (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at) values ('$B', 'planted', sha256('x'), '$USER', 1, now(), now())")
			s.ask("rollback to s")
			differ(l, s, "a key of another's", appendLines("null", "$X"), l.b.Marker, "nobody")
			s.end()
		},
	},
}

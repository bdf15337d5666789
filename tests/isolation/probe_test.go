package isolation

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// differ asks the same question about something of the victim's and about
// something that does not exist. If the answers differ, it asks the first question
// again. The same answer as before means that the attacker has learnt something.
// Another answer means that the planner's figures changed in between, because
// autovacuum counted a table's rows anew: then differ starts over.
func differ(l *lab, s *session, what, question, real, invented string) {
	l.t.Helper()
	ask := func(about string) string {
		l.t.Helper()
		s.mustAsk("savepoint differ")
		values, err := s.ask(strings.ReplaceAll(question, "$X", about))
		answer := strings.Join(values, "|")
		if pg := pgError(err); pg != nil {
			answer = strings.Join([]string{pg.Code, pg.Message, pg.Detail, pg.Hint, pg.ConstraintName}, "|")
		}
		s.mustAsk("rollback to differ")
		// The question's own words and times are left out: they tell nothing.
		if about != l.b.User {
			answer = strings.ReplaceAll(answer, l.b.User, "$B_USER")
		}
		return clock.ReplaceAllString(strings.ReplaceAll(answer, about, "$X"), "")
	}
	for range 20 {
		about, none := ask(real), ask(invented)
		if about == none {
			return
		}
		if again := ask(real); again == about {
			l.haul.learn("%s: %q is not %q", what, about, none)
			return
		}
	}
	l.t.Fatalf("%s: the answers to the same question keep changing", what)
}

var clock = regexp.MustCompile(`(Planning|Execution) Time: [0-9.]+ ms`)

// noSeqScan is what an attacker sets so that a small table is read by index.
const noSeqScan = "set local enable_seqscan = off"

var probeAttacks = []attack{
	{
		name: "unique keys probed",
		weak: []string{"create unique index on app.alpaca_orders (client_order_id)", "create unique index on app.alpaca_orders (alpaca_order_id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			differ(l, s, "an order by its client_order_id", "insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$A', '$X', '$USER')", l.b.ClientOrder, "order-of-nobody")
			differ(l, s, "an order by its broker's id", "update app.alpaca_orders set alpaca_order_id = '$X' where account_id = '$A'", l.b.BrokerOrder.String(), uuid.NewString())
			s.end()
		},
	},
	{
		name: "ON CONFLICT DO NOTHING as a question",
		weak: []string{"create unique index on app.alpaca_orders (client_order_id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			differ(l, s, "an order by its client_order_id", "insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$A', '$X', '$USER') on conflict do nothing returning 1", l.b.ClientOrder, "order-of-nobody")
			differ(l, s, "an order of the victim's", "insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$B', '$X', '$USER') on conflict do nothing returning 1", l.b.ClientOrder, "order-of-nobody")
			differ(l, s, "a position of the victim's", "insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$B', '$X', 1, now()) on conflict do nothing returning 1", l.b.Marker, "NOTHING")
			s.end()
		},
	},
	{
		name: "primary keys probed by choosing one's own id",
		weak: []string{"create unique index on app.alpaca_orders (id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			differ(l, s, "an order by its id", "insert into app.alpaca_orders (account_id, id, client_order_id, submitted_by) values ('$A', '$X', 'probe', '$USER')", l.b.Order.String(), uuid.NewString())
			s.end()
		},
	},
	{
		name: "foreign keys probed",
		weak: []string{"alter policy app_inserts on app.agent_logs with check (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			nobody := uuid.NewString()
			differ(l, s, "an account by a log line in it", "insert into app.agent_logs (account_id, user_id, level, message) values ('$X', '$USER', 'info', 'x')", l.b.Account.String(), nobody)
			differ(l, s, "an account by an order in it", "insert into app.alpaca_orders (account_id, client_order_id, submitted_by) values ('$X', 'x', '$USER')", l.b.Account.String(), nobody)
			differ(l, s, "an account by a position in it", "insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('$X', 'x', 1, now())", l.b.Account.String(), nobody)
			differ(l, s, "an account by its name", "select private.create_account('$X', 'paper') is null", l.b.Marker, "nobodys")
			s.end()
		},
	},
	{
		name: "a broker account probed by connecting it",
		weak: []string{"create unique index on app.user_accounts (alpaca_account_id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			account := s.value("select private.create_account('another', 'paper')")
			s.end()
			s.mustAsk("begin; select private.admit('$TOKEN', '" + account + "')")
			differ(l, s, "that a broker account is connected", "select private.store_credentials('"+strings.Repeat("ab", 32)+"', 1, '\\x"+strings.Repeat("cd", 32)+"', 'key', 'x', 'x', '$X', 'x')", l.b.BrokerAcct.String(), uuid.NewString())
			s.end()
		},
	},
	{
		name: "rows counted by EXPLAIN ANALYZE of orders",
		weak: []string{"create index on app.alpaca_orders (client_order_id)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk(noSeqScan)
			for _, off := range []string{"set local enable_bitmapscan = on", "set local enable_bitmapscan = off"} {
				s.mustAsk(off)
				differ(l, s, "an order by its client_order_id", explain+"select from app.alpaca_orders where client_order_id = '$X'", l.b.ClientOrder, "order-of-nobody-at-all")
				differ(l, s, "an order by its account", explain+"select from app.alpaca_orders where account_id = '$X'", l.b.Account.String(), uuid.NewString())
				differ(l, s, "an order by a join", explain+"select from (values ('$X'::text)) v (x) join app.alpaca_orders o on o.client_order_id = v.x", l.b.ClientOrder, "order-of-nobody-at-all")
				differ(l, s, "an order by its broker's id", explain+"select from app.alpaca_orders where alpaca_order_id = '$X'", l.b.BrokerOrder.String(), uuid.NewString())
			}
			s.end()
		},
	},
	{
		name: "rows counted by EXPLAIN ANALYZE of accounts and grants",
		weak: []string{"create index on app.user_accounts (user_id, name)",
			"alter policy app_reads on app.user_accounts using (id in (select g.account_id from app.account_grants g where g.user_id = (select private.user_id())))"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk(noSeqScan)
			for _, off := range []string{"set local enable_bitmapscan = on", "set local enable_bitmapscan = off"} {
				s.mustAsk(off)
				differ(l, s, "an account by its id", explain+"select from app.user_accounts where id = '$X'", l.b.Account.String(), uuid.NewString())
				differ(l, s, "an account by its user", explain+"select from app.user_accounts where user_id = '$X'", l.b.User, "user-of-nobody")
				differ(l, s, "an account by its user and name", explain+"select from app.user_accounts where user_id = '$B_USER' and name = '$X'", l.b.Marker, "name-of-nothing")
				differ(l, s, "an account by a change to it", explain+"update app.user_accounts set name = name where user_id = '$B_USER' and name = '$X'", l.b.Marker, "name-of-nothing")
				differ(l, s, "a grant by its account", explain+"select from app.account_grants where account_id = '$X'", l.b.Account.String(), uuid.NewString())
				differ(l, s, "a grant by its user", explain+"select from app.account_grants where user_id = '$X'", l.b.User, "user-of-nobody")
			}
			s.end()
		},
	},
	{
		name: "rows counted by the statistics functions",
		weak: []string{"create index on app.user_accounts (user_id, name)",
			"alter policy app_reads on app.user_accounts using (id in (select g.account_id from app.account_grants g where g.user_id = (select private.user_id())))"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk(noSeqScan)
			s.mustAsk("set local enable_bitmapscan = off; set local enable_indexonlyscan = off")
			const count = `select sum(pg_stat_get_xact_tuples_fetched(i.indexrelid)) from pg_index i
				where i.indrelid in (select oid from pg_class where relname in ('user_accounts', 'alpaca_orders'))`
			counted := func(query string) int {
				l.t.Helper()
				s.mustAsk("savepoint counted")
				before, errBefore := strconv.Atoi(s.value(count))
				s.mustAsk(query)
				after, errAfter := strconv.Atoi(s.value(count))
				s.mustAsk("rollback to counted")
				if errBefore != nil || errAfter != nil {
					l.t.Fatal(errBefore, errAfter)
				}
				return after - before
			}
			for _, probe := range [][3]string{
				{"select count(*) from app.user_accounts where user_id = '$X' and name = '$B_NAME'", l.b.User, "user-of-nobody"},
				{"select count(*) from app.user_accounts where id = '$X'", l.b.Account.String(), uuid.NewString()},
				{"select count(*) from app.alpaca_orders where client_order_id = '$X'", l.b.ClientOrder, "order-of-nobody"},
			} {
				var grew [2]int
				for i, about := range probe[1:] {
					grew[i] = counted(strings.ReplaceAll(probe[0], "$X", about))
				}
				if grew[0] != grew[1] {
					l.haul.learn("by the tuples fetched for %s: %v", probe[0], grew)
				}
			}
			s.end()
		},
	},
	{
		name: "row counts and values guessed by the planner",
		weak: []string{
			"alter table app.alpaca_orders alter column account_id set statistics 100, alter column tag set statistics 100",
			"alter table app.user_accounts alter column id set statistics 100",
			"analyze app.alpaca_orders, app.user_accounts",
		},
		scene: func(l *lab) { // many orders, of which the planner would make statistics
			must(l.t, l.admin, "insert into app.alpaca_orders (account_id, client_order_id, tag) select $1, 'more-' || i, $2 || i from generate_series(1, 2000) i", l.b.Account, l.b.Marker)
			must(l.t, l.admin, "insert into app.alpaca_orders (account_id, client_order_id, tag) select $1, 'more-' || i, 'mine' || i from generate_series(1, 200) i", l.a.Account)
			must(l.t, l.admin, "analyze app.alpaca_orders, app.user_accounts, app.agent_logs, app.alpaca_positions, app.account_events")
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			nobody := uuid.NewString()
			for _, table := range []string{"app.alpaca_orders", "app.agent_logs", "app.alpaca_positions", "app.account_events", "app.audit_log", "app.stream_cursors"} {
				differ(l, s, "how many rows of "+table+" an account has", "explain select from "+table+" where account_id = '$X'", l.b.Account.String(), nobody)
			}
			differ(l, s, "that a tag is in use", "explain select from app.alpaca_orders where tag >= '$X'", l.b.Marker+"1", "zzz")
			differ(l, s, "that a symbol is in use", "explain select from app.alpaca_orders where symbol = '$X'", l.b.Marker, "zzz")
			differ(l, s, "that an account's name is in use", "explain select from app.user_accounts where name = '$X'", l.b.Marker, "zzz")
			s.end()
		},
	},
	{
		name: "planner statistics read",
		weak: []string{"alter table app.alpaca_orders disable row level security",
			"alter table app.alpaca_orders alter column tag set statistics 100, alter column symbol set statistics 100"},
		scene: func(l *lab) {
			must(l.t, l.admin, "insert into app.alpaca_orders (account_id, client_order_id, symbol, tag) select $1, 'more-' || i, $2, $2 || i from generate_series(1, 500) i", l.b.Account, l.b.Marker)
			must(l.t, l.admin, "analyze app.alpaca_orders")
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.take("select attname, most_common_vals::text, histogram_bounds::text from pg_stats where schemaname in ('app', 'auth', 'private')")
			s.take("select starelid, stavalues1::text from pg_statistic")
			s.take("select * from pg_stats_ext")
		},
	},
	{
		name: "another session's SQL text",
		// A client that writes values into its statements.
		weakFn: func(l *lab) { l.simple = true },
		weak:   []string{},
		run: func(l *lab) {
			victim := connect(l.t, l.db.URL("paddock_app"))
			mode := pgx.QueryExecModeCacheStatement
			if l.simple {
				mode = pgx.QueryExecModeSimpleProtocol
			}
			must(l.t, victim, "begin")
			if _, err := victim.Exec(context.Background(), "select private.admit($1, $2)", mode, l.b.Token, l.b.Account.String()); err != nil {
				l.t.Fatal(err)
			}
			if _, err := victim.Exec(context.Background(), "select count(*) from app.alpaca_orders where client_order_id = $1", mode, l.b.ClientOrder); err != nil {
				l.t.Fatal(err)
			}
			s := l.as("paddock_app")
			s.take("select query, application_name, wait_event from pg_stat_activity")
			s.take("select * from pg_prepared_statements")
			s.take("select * from pg_cursors")
			s.take("select * from pg_locks")
			must(l.t, victim, "rollback")
		},
	},
	{
		name: "sequences",
		weak: []string{"create sequence app.order_number", "grant select, usage on sequence app.order_number to paddock_app",
			"alter table app.alpaca_orders add column number bigint default nextval('app.order_number')"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			read := func() (values []string) {
				for _, q := range []string{
					"select coalesce(sum(last_value), 0) from pg_sequences where schemaname in ('app', 'auth', 'private', 'report')",
					"select last_value from app.order_number", "select lastval()", "select nextval('app.order_number')",
				} {
					v, _ := s.ask(q)
					values = append(values, strings.Join(v, ","))
					if strings.Contains(q, "sequences") && len(v) == 0 {
						l.t.Fatal("pg_sequences cannot be read")
					}
				}
				return values
			}
			before := read()[0]
			l.tenant("charlie") // somebody else comes and places an order
			if after := read()[0]; after != before {
				l.haul.learn("how many orders others place")
			}
		},
	},
}

const explain = "explain (analyze, costs off, timing off, summary off, buffers off) "

package isolation

// unpinned weakens the admission: it has no search_path of its own and names
// things without their schema, as a careless SECURITY DEFINER function does.
func unpinned(l *lab) {
	l.t.Helper()
	edits(
		edit("private.admit(text,uuid,text)", "private.usable_grants()", "account_grants"),
		edit("private.admit(text,uuid,text)", "private.scopes_for_role", "scopes_for_role"),
		func(l *lab) {
			must(l.t, l.admin, "alter function private.admit(text, uuid, text) reset search_path")
			must(l.t, l.admin, "grant usage on schema evil to paddock_gate")
		},
	)(l)
}

// noIndex makes Postgres test the conditions on each row, the cheapest first.
const noIndex = "set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_indexonlyscan = off"

var shadowAttacks = []attack{
	{
		name: "a temporary table in the place of the grants",
		weak: []string{
			evilSchema, "select 1",
			"do $$ begin execute format('grant temporary on database %I to paddock_app', current_database()); end $$",
		},
		weakFn: unpinned,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.ask("create temp table account_grants (account_id uuid, user_id text, role text, expires_at timestamptz)")
			s.ask("insert into account_grants values ('$B', '$USER', 'owner', null)")
			s.ask("grant all on account_grants to public; do $$ begin execute format('grant usage on schema %I to public', (select nspname from pg_namespace where oid = pg_my_temp_schema())); end $$")
			s.ask("set search_path = pg_temp, private, app, auth, pg_catalog")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', '$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "a function in the place of one that a door calls",
		weak:   []string{evilSchema},
		weakFn: unpinned,
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, schema := range []string{"evil", "public", "app", "private", "report", "ext", "pg_catalog", "pg_temp"} {
				s.ask("create function " + schema + ".scopes_for_role(role text, is_active boolean) returns text language sql as $$ select 'read,trade,cancel,log,manage' $$; grant execute on function " + schema + ".scopes_for_role(text, boolean) to public")
			}
			s.ask("set search_path = evil, private, app, auth, pg_catalog, public")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', '$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "an operator in the place of the one that compares account ids",
		weak:   []string{evilSchema},
		weakFn: unpinned,
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, schema := range []string{"evil", "public", "app", "private", "pg_temp"} {
				s.ask("create function " + schema + ".yes(uuid, uuid) returns boolean language sql immutable as 'select true'; create operator " + schema +
					".= (leftarg = uuid, rightarg = uuid, function = " + schema + ".yes); grant execute on function " + schema + ".yes(uuid, uuid) to public")
			}
			s.ask("set search_path = evil, public, private, app, auth, pg_catalog")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', '$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name: "a leaky function pushed below the policy",
		// A view that filters by WHERE, as is often done instead of a policy.
		weak: []string{evilSchema, "alter table app.alpaca_orders rename to orders_of_all", "alter table app.orders_of_all disable row level security",
			"create view app.alpaca_orders as select * from app.orders_of_all where account_id = private.account_id('read')",
			"grant select on app.alpaca_orders to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, schema := range []string{"evil", "public", "app", "private", "report", "pg_temp"} {
				s.ask("create function " + schema + ".leak(text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise notice 'saw %', $1; return true; end $$")
			}
			s.begin()
			s.mustAsk(noIndex)
			for _, schema := range []string{"evil", "public", "app"} {
				s.mustAsk("savepoint s")
				if s.take("select count(*) from app.alpaca_orders where "+schema+".leak(client_order_id)") != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "errors of built-in functions that quote a value",
		weak: []string{"alter table app.alpaca_orders rename to orders_of_all", "alter table app.orders_of_all disable row level security",
			"create view app.alpaca_orders as select * from app.orders_of_all where account_id = private.account_id('read')",
			"grant select on app.alpaca_orders to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk(noIndex)
			for _, leaky := range []string{
				"client_order_id::int = 1", "tag::date is null", "to_number(tag, 'x') = 1", "tag::jsonb is null", "tag::inet is null",
				"tag::uuid is null", "tag::regclass is null", "nullif(tag, '')::xml is null",
			} {
				// The attacker's own row would be the first to fail: leave it out.
				s.mustAsk("savepoint s")
				if s.take("select count(*) from app.alpaca_orders where client_order_id not like '%"+l.a.Marker+"%' and "+leaky) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name: "a division by zero that answers a question about a row",
		weak: []string{"alter table app.alpaca_orders rename to orders_of_all", "alter table app.orders_of_all disable row level security",
			"create view app.alpaca_orders as select * from app.orders_of_all where account_id = private.account_id('read')",
			"grant select on app.alpaca_orders to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk(noIndex)
			for _, guess := range []string{"order-bravo%", "%" + l.b.Marker + "%"} {
				s.mustAsk("savepoint s")
				_, err := s.ask("select count(*) from app.alpaca_orders where 1 / (case when client_order_id like '" + guess + "' then 0 else 1 end) = 1")
				if state(err) == "22012" {
					l.haul.learn("that there is an order like %s", guess)
				}
				s.mustAsk("rollback to s")
			}
			s.end()
		},
	},
	{
		name: "the schema itself altered",
		weak: []string{"alter table app.alpaca_orders owner to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, ddl := range []string{
				"alter table app.alpaca_orders no force row level security",
				"alter table app.alpaca_orders disable row level security",
				"create policy mine on app.alpaca_orders using (true)",
				"drop policy app_reads on app.alpaca_orders",
				"create or replace function private.account_id(need text default null) returns uuid language sql as $$ select '$B'::uuid $$",
				"alter function private.account_id(text) set search_path = evil",
				"create trigger mine after insert on app.alpaca_orders execute function private.record_account_change()",
				"create rule mine as on insert to app.agent_logs do also select 1",
				"create view public.mine as select * from app.alpaca_orders",
				"create statistics app.mine on symbol, tag from app.alpaca_orders",
				"create extension dblink", "create extension postgres_fdw", "create extension file_fdw", "create language plpython3u",
				"create event trigger mine on ddl_command_end execute function private.record_account_change()",
				"create publication mine for all tables",
				"create foreign data wrapper mine",
				"create cast (text as uuid) without function",
				"grant select on app.user_accounts to public",
				"alter default privileges in schema app grant select on tables to paddock_app",
			} {
				s.mustAsk("savepoint s")
				if _, err := s.ask(ddl); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.loot()
			s.ask("rollback")
		},
	},
}

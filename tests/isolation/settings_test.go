package isolation

import "context"

const forge = "select set_config('app.account_id', '$B', true), set_config('app.user_id', '$B_USER', true)"

var settingsAttacks = []attack{
	{
		name: "forged settings after a lawful admission",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask(forge)
			s.loot()
			s.end()
		},
	},
	{
		name: "forged settings without admission",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin")
			s.ask(forge)
			s.loot()
			s.end()
		},
	},
	{
		name: "no admission at all",
		weak: []string{`alter policy app_reads on app.alpaca_orders using (account_id = coalesce((select private.account_id('read')), account_id))`},
		run:  func(l *lab) { l.as("paddock_app").loot() },
	},
	{
		name: "admitted as a user without an account",
		weak: []string{`alter policy app_reads on app.alpaca_orders using (private.account_id('read') is null or account_id = private.account_id('read'))`},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.loot()
			s.end()
		},
	},
	{
		name: "forged within the statement that reads",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("with forged as materialized (select set_config('app.account_id', '$B', true)) select o.* from forged, lateral (select * from app.alpaca_orders where set_config is not null) o")
			s.end()
		},
	},
	{
		name: "forged in a savepoint and rolled back to",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk("savepoint one")
			s.ask("select set_config('app.account_id', '$B', false)")
			s.loot()
			s.mustAsk("savepoint two; rollback to two; release two")
			s.loot()
			s.mustAsk("rollback to one; release one")
			s.loot()
			s.end()
			s.loot() // with the settings that the session kept
		},
	},
	{
		name: "a DO block that swallows the refusal",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take(`do $$ declare r record; begin
				for i in 1 .. 3 loop
					begin
						perform set_config('app.account_id', '$B', true);
						for r in select * from app.alpaca_orders loop raise notice '%', r; end loop;
					exception when others then raise notice '%', sqlerrm;
					end;
				end loop;
			end $$`)
			s.end()
		},
	},
	{
		name: "a cursor opened as oneself and fetched as another",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk("declare c cursor for select * from app.alpaca_orders")
			s.ask(forge)
			s.take("fetch all from c")
			s.end()
		},
	},
	{
		name: "a cursor WITH HOLD filled at commit and read after",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk("declare c cursor with hold for select * from app.alpaca_orders")
			s.ask(forge)
			s.ask("commit")
			s.take("fetch all from c")
			s.mustAsk("rollback")
		},
	},
	{
		name: "session settings left on a pooled connection for the next tenant",
		weak: []string{rawAccessor},
		run: func(l *lab) {
			s := l.as("paddock_app")
			// The attacker's transaction leaves settings behind.
			s.begin()
			s.ask("select set_config('app.account_id', '$B', false), set_config('app.user_id', '$B_USER', false), set_config('app.seal', 'x', false)")
			s.end()
			// A later transaction, which was never admitted, finds them.
			s.loot()
			s.conn.Exec(context.Background(), "reset all")
		},
	},
}

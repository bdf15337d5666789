package isolation

// guardAttacks are made on what guards measure an account and its API tokens by: the
// heartbeat, the high-water mark and the refusals in a row.
var guardAttacks = []attack{
	{
		name:   "a heartbeat of an account by somebody who only reads",
		weakFn: edit("private.beat()", "'trade'", "'read'"),
		scene:  func(l *lab) { l.share("viewer") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.beat()") },
	},
	{
		name: "a heartbeat of an account by somebody without a grant",
		weakFn: edits(
			edit("private.beat()", "private.require_account('a heartbeat', 'trade')", "nullif(current_setting('app.account_id', true), '')::uuid"),
			edit("private.beat()", "private.token_id()", "null")),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$A'); select set_config('app.account_id', '$B', true)")
			s.ask("select private.beat()")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "a heartbeat by a token that only reads",
		weakFn: edit("private.beat()", "'trade'", "'read'"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read,cancel,log}", "", "", everyAccount) },
		run:    func(l *lab) { l.as("paddock_app").try(theirToken, "select private.beat()") },
	},
	{
		name: "a heartbeat written by a statement",
		weak: []string{
			"grant insert, update, delete on app.heartbeats to paddock_app",
			"create policy weak on app.heartbeats to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "insert into app.heartbeats (account_id, beaten_at) values ('$B', 'infinity')",
				"update app.heartbeats set beaten_at = 'infinity' where account_id = '$B'")
		},
	},
	{
		name: "a token's heartbeat written by a statement",
		weak: []string{
			"grant select, insert, update on private.token_heartbeats to paddock_app", "grant usage on schema private to paddock_app",
			"create policy weak on private.token_heartbeats to paddock_app using (true) with check (true)",
		},
		spoils: true,
		scene:  func(l *lab) { l.token("{read,trade,cancel}", "heartbeat_seconds", "5", everyAccount) },
		run: func(l *lab) {
			l.as("paddock_app").try(theirToken, "insert into private.token_heartbeats (token_id, beaten_at) values ('"+theirTokenID+"', now() + interval '1 day')")
		},
	},
	{
		name:   "an order without the heartbeat that the account asks for",
		weakFn: edit("app.check_guards(app.alpaca_orders)", "violations := violations || app.missed_heartbeat('This account', g.heartbeat_seconds, beaten_at);", ""),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel}", "", "", everyAccount)
			must(l.t, l.admin, "update app.account_guards set heartbeat_seconds = 5 where account_id = $1", l.b.Account)
			l.mirrored()
		},
		run: func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
	{
		name:   "an order by a token whose heartbeat stays away",
		weakFn: edit("private.token_stops(uuid)", "t.heartbeat_seconds is not null", "false"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel}", "heartbeat_seconds", "5", everyAccount)
			l.mirrored()
		},
		run: func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
	{
		name:   "an order by a token that refusals have stopped",
		weakFn: edit("private.token_stops(uuid)", "t.stopped_at is not null", "false"),
		spoils: true,
		scene:  func(l *lab) { l.stopped(); l.mirrored() },
		run:    func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
	{
		name:   "a stopped token reset by itself",
		weakFn: edit("private.reset_token(uuid)", " or private.token_id() is not null", ""),
		spoils: true,
		scene:  func(l *lab) { l.stopped() },
		run:    func(l *lab) { l.as("paddock_app").try(theirToken, "select private.reset_token('"+theirTokenID+"')") },
	},
	{
		name:   "another's stopped token reset",
		weakFn: edit("private.reset_token(uuid)", "t.id = p_id and t.user_id = who", "t.id = p_id"),
		spoils: true,
		scene:  func(l *lab) { l.stopped(); l.share("trader") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.reset_token('"+theirTokenID+"')") },
	},
	{
		name: "the count of refusals in a row changed by a statement",
		weak: []string{
			"grant insert, update, delete on app.refusal_runs to paddock_app",
			"create policy weak on app.refusal_runs to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) {
			l.share("trader")
			must(l.t, l.admin, "insert into app.refusal_runs (account_id, refusals) values ($1, 4) on conflict (account_id) do update set refusals = 4", l.b.Account)
		},
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "update app.refusal_runs set refusals = 0 where account_id = '$B'",
				"delete from app.refusal_runs where account_id = '$B'", "select private.count_refusal('$B', null)", "select private.count_answer()")
		},
	},
	{
		name: "the high-water mark lowered by a statement",
		weak: []string{
			"grant insert, update, delete on app.high_water_marks to paddock_app",
			"create policy weak on app.high_water_marks to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "update app.high_water_marks set equity = 0 where account_id = '$B'",
				"delete from app.high_water_marks where account_id = '$B'", "select private.raise_high_water_mark()")
		},
	},
	{
		name:   "the high-water mark reset by somebody who only trades",
		weakFn: edit("private.reset_high_water_mark()", "'manage'", "'trade'"),
		scene:  func(l *lab) { l.share("trader") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.reset_high_water_mark()") },
	},
}

// stopped gives the victim a token that may trade and that refusals in a row have stopped.
func (l *lab) stopped() {
	l.t.Helper()
	l.token("{read,trade,cancel}", "max_refusals", "3", everyAccount)
	must(l.t, l.admin, "insert into private.token_refusal_runs (account_id, token_id, refusals, stopped_at) values ($1, '"+theirTokenID+"', 3, now())", l.b.Account)
}

// try is admitted by a token to the victim's account, where it is, for each statement.
func (s *session) try(token string, statements ...string) {
	s.l.t.Helper()
	for _, statement := range statements {
		s.mustAsk("begin; select private.admit('" + token + "', '$B')")
		s.ask(statement)
		s.ask("commit")
		s.ask("rollback")
	}
}

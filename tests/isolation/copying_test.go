package isolation

// followed has the victim follow the attacker, by a token of the victim's that may trade, with a
// copy that is to be made.
func (l *lab) followed() {
	l.t.Helper()
	l.token("{read,trade,cancel}", "", "", everyAccount)
	must(l.t, l.admin, l.fill(`insert into private.copy_offers (account_id, id, name, digest, made_by) values ('$A', '$A', 'o', sha256('code of $A'), '$USER')`))
	must(l.t, l.admin, l.fill(`insert into private.copy_follows (account_id, id, leader_id, offer_id, user_id, token_id, ratio) values ('$B', '$B', '$A', '$A', '$B_USER', '`+theirTokenID+`', 1)`))
	must(l.t, l.admin, l.fill(`insert into app.copies (account_id, id, follow_id, led_order_id, action, symbol, side, terms, closing)
		values ('$B', gen_random_uuid(), '$B', gen_random_uuid(), 'order', '$B_NAME', 'buy', '{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1"}', false)`))
	must(l.t, l.admin, l.fill(`insert into private.due_copies (account_id, copy_id, leader_id) select account_id, id, '$A' from app.copies where account_id = '$B'`))
}

// offered has the victim offer their orders, by a code that nobody knows, and the attacker have a
// token for an account of their own.
func (l *lab) offered() {
	l.t.Helper()
	must(l.t, l.admin, l.fill(`insert into private.copy_offers (account_id, id, name, digest, made_by) values ('$B', '$B', 'o', sha256('code of $B'), '$B_USER')`))
	l.ownToken("$A")
}

// ownToken gives the attacker a token that trades on an account.
func (l *lab) ownToken(account string) {
	l.t.Helper()
	must(l.t, l.admin, "delete from private.api_tokens where id = '"+ownTokenID+"'") // of the lab before
	must(l.t, l.admin, l.fill(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
		values ('`+ownTokenID+`', '$USER', '{`+ownTokenID+`}', 'x', sha256('own $A'), 'x', '{read,trade,cancel}', true, now() - interval '1 hour', now() + interval '1 hour')`))
	must(l.t, l.admin, l.fill("insert into private.token_accounts (account_id, token_id) values ('"+account+"', '"+ownTokenID+"')"))
}

const ownTokenID = "00000000-0000-4000-8000-0000000000c1"

// make has the worker make the attacker's copies.
func (s *session) makeCopies() {
	s.l.t.Helper()
	for range 2 {
		s.mustAsk("begin")
		s.take("select private.make_copy('$A')")
		s.ask("commit")
		s.ask("rollback")
	}
}

// copyAttacks are made by a leader, a follower, or with one of the server's passwords.
var copyAttacks = []attack{
	{
		name:   "an account followed without its code",
		weakFn: edit("private.follow(uuid,bytea,uuid,numeric)", "o.digest = p_digest and o.ended_at is null", "o.ended_at is null and o.account_id <> account order by o.made_at desc limit 1"),
		spoils: true,
		scene:  func(l *lab) { l.offered() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$A')")
			s.ask("select private.follow(gen_random_uuid(), sha256('a guess'), '" + ownTokenID + "', 1)")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "an offer followed that has ended",
		weakFn: edit("private.follow(uuid,bytea,uuid,numeric)", "o.digest = p_digest and o.ended_at is null", "o.digest = p_digest"),
		spoils: true,
		scene: func(l *lab) {
			l.offered()
			must(l.t, l.admin, "update private.copy_offers set ended_at = now() where account_id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$A')")
			s.ask("select private.follow(gen_random_uuid(), sha256('code of $B'), '" + ownTokenID + "', 1)")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "consent given for an account on which one only trades",
		weakFn: edit("private.follow(uuid,bytea,uuid,numeric)", "'following another account', 'manage'", "'following another account', 'trade'"),
		spoils: true,
		scene: func(l *lab) {
			l.share("trader")
			l.ownToken("$B")
			must(l.t, l.admin, l.fill(`insert into private.copy_offers (account_id, id, name, digest, made_by) values ('$A', '$A', 'o', sha256('code of $A'), '$USER')`))
		},
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.follow(gen_random_uuid(), sha256('code of $A'), '"+ownTokenID+"', 1)")
		},
	},
	{
		name: "consent given by another's token",
		weakFn: edits(edit("private.follow(uuid,bytea,uuid,numeric)", " and t.user_id = who and", " and"),
			edit("private.follow(uuid,bytea,uuid,numeric)", "when not private.sign_in_holds('token:' || p_token, who)\n      or not exists", "when not exists")),
		spoils: true,
		scene: func(l *lab) {
			l.share("owner")
			l.token("{read,trade,cancel}", "", "", everyAccount)
			must(l.t, l.admin, l.fill(`insert into private.copy_offers (account_id, id, name, digest, made_by) values ('$A', '$A', 'o', sha256('code of $A'), '$USER')`))
		},
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.follow(gen_random_uuid(), sha256('code of $A'), '"+theirTokenID+"', 1)")
		},
	},
	{
		name:   "an offer made of an account on which one only trades",
		weakFn: edit("private.make_copy_offer(uuid,text,bytea)", "'offering to be copied', 'manage'", "'offering to be copied', 'trade'"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.make_copy_offer(gen_random_uuid(), 'x', sha256('x $A'))")
		},
	},
	{
		name:   "another's copies read",
		weak:   []string{"alter table app.copies disable row level security"},
		spoils: true,
		scene:  func(l *lab) { l.followed() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select symbol from app.copies")
			s.end()
		},
	},
	{
		name: "more of the leader than what is copied read by a follower",
		weak: []string{"grant select on app.copies to paddock_app"},
		scene: func(l *lab) {
			l.offered()
			must(l.t, l.admin, l.fill(`insert into private.copy_follows (account_id, id, leader_id, offer_id, user_id, token_id, ratio) values ('$A', '$A', '$B', '$B', '$USER', '`+ownTokenID+`', 1)`))
			must(l.t, l.admin, l.fill(`insert into app.copies (account_id, id, follow_id, led_order_id, action, terms, closing) select '$A', gen_random_uuid(), '$A', o.id, 'order', '{}', false
				from app.alpaca_orders o where o.account_id = '$B' limit 1`))
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select c.led_order_id::text, c.terms::text from app.copies c")
			s.ask("rollback")
			s.begin()
			s.take("select to_jsonb(c)::text from app.copies c")
			s.end()
		},
	},
	{
		name:   "who follows, told to the leader",
		weakFn: edit("private.copying_json()", "'followers', (select count(*) from", "'followers', (select string_agg(f.user_id, ',') from"),
		scene:  func(l *lab) { l.followed() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select private.copying_json()::text")
			s.take("select l::text from private.list_led_orders('9999-01-01', gen_random_uuid(), 10) l")
			s.end()
		},
	},
	{
		name:   "a copy after the consent has ended",
		weakFn: edit("private.make_copy(uuid)", "when f.ended_at is not null then 'ended' ", ""),
		spoils: true,
		scene: func(l *lab) {
			l.followed()
			must(l.t, l.admin, "update private.copy_follows set ended_at = now(), ended_by = 'follower' where account_id = $1", l.b.Account)
		},
		run: func(l *lab) { l.as("paddock_worker").makeCopies() },
	},
	{
		name:   "a copy after its token was revoked",
		weakFn: edit("private.enter_follower(private.copy_follows,uuid)", "if not private.sign_in_holds('token:' || p_follow.token_id, p_follow.user_id) then", "if false then"),
		spoils: true,
		scene: func(l *lab) {
			l.followed()
			must(l.t, l.admin, "update private.api_tokens set revoked_at = now() where id = '"+theirTokenID+"'")
		},
		run: func(l *lab) { l.as("paddock_worker").makeCopies() },
	},
	{
		name:   "a copy by a token that may only read",
		weakFn: edit("private.enter_follower(private.copy_follows,uuid)", "private.token_scopes_for_role(g.role, u.is_active, t.scopes)", "private.scopes_for_role(g.role, u.is_active)"),
		spoils: true,
		scene: func(l *lab) {
			l.followed()
			must(l.t, l.admin, "update private.api_tokens set scopes = '{read}' where id = '"+theirTokenID+"'")
		},
		run: func(l *lab) { l.as("paddock_worker").makeCopies() },
	},
	{
		name:   "a copy on an account that its user has lost",
		weakFn: edit("private.enter_follower(private.copy_follows,uuid)", "private.usable_grants() g", "(select p_follow.account_id, p_follow.user_id, 'owner' as role) g"),
		spoils: true,
		scene: func(l *lab) {
			l.followed()
			must(l.t, l.admin, "update app.account_grants set role = 'viewer' where account_id = $1", l.b.Account)
		},
		run: func(l *lab) { l.as("paddock_worker").makeCopies() },
	},
	{
		name:   "a copy with real money",
		weakFn: edit("private.enter_follower(private.copy_follows,uuid)", " and u.environment = 'paper' and t.paper_only", ""),
		spoils: true,
		scene: func(l *lab) {
			l.followed()
			must(l.t, l.admin, "update app.user_accounts set environment = 'live' where id = $1", l.b.Account)
		},
		run: func(l *lab) { l.as("paddock_worker").makeCopies() },
	},
	{
		name:   "a copy made with the web process's password",
		weak:   []string{"grant execute on function private.make_copy to paddock_app"},
		spoils: true,
		scene:  func(l *lab) { l.followed() },
		run:    func(l *lab) { l.as("paddock_app").makeCopies() },
	},
	{
		name:   "a copy forged by a statement",
		weak:   []string{"grant insert on app.copies to paddock_app", "create policy careless on app.copies for insert to paddock_app with check (true)"},
		spoils: true,
		scene:  func(l *lab) { l.followed() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask(`insert into app.copies (account_id, id, follow_id, led_order_id, action, terms, closing) values ('$B', gen_random_uuid(), '$B', gen_random_uuid(), 'order', '{}', false)`)
			s.ask("commit")
			s.ask("rollback")
		},
	},
}

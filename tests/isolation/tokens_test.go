package isolation

import "fmt"

// theirToken is an API token of the victim's that the attacker has. It is of an id that
// is known, and what the scene makes it.
const (
	theirToken   = "pdk_of_the_victim"
	theirTokenID = "00000000-0000-4000-8000-0000000000a1"
)

// token gives the victim an API token with these columns besides the usual ones, and the
// scopes, on the accounts that SQL selects.
func (l *lab) token(scopes, more, values, accounts string) {
	l.t.Helper()
	if more != "" {
		more, values = ", "+more, ", "+values
	}
	must(l.t, l.admin, "delete from private.api_tokens where id = '"+theirTokenID+"'") // of the lab before
	must(l.t, l.admin, l.fill(fmt.Sprintf(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at%s)
		values ('%s', '$B_USER', '{%[2]s}', '$B_NAME', sha256('%s'), 'x', '%s', true, now() - interval '1 hour', now() + interval '1 hour'%s)`,
		more, theirTokenID, theirToken, scopes, values)))
	must(l.t, l.admin, l.fill("insert into private.token_accounts (account_id, token_id) select a, '"+theirTokenID+"' from ("+accounts+") x (a)"))
}

// present is admitted by a token, where it is, and reads all that there is.
func (s *session) present(token, account string) {
	s.l.t.Helper()
	s.mustAsk("begin; savepoint s")
	if _, err := s.ask("select private.admit('" + token + "', " + account + ")"); err != nil {
		s.mustAsk("rollback to s")
	}
	s.loot()
	s.end()
}

// order is admitted by a token, where it is, and makes an order on the victim's account.
func (s *session) order(token string) {
	s.l.t.Helper()
	s.mustAsk("begin; savepoint s")
	if _, err := s.ask("select private.admit('" + token + "', '$B')"); err != nil {
		s.mustAsk("rollback to s")
	}
	s.ask(`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, request_hash, request)
		values ('$B', 'by-token', private.user_id(), 'AAPL', 'buy', 1, 'limit', 1, sha256(''), '{}')`)
	s.ask("commit")
	s.ask("rollback")
}

const (
	everyAccount = "select '$B'::uuid"
	noAccount    = "select null::uuid where false"
)

// tokenAttacks are made with an API token of the victim's, which may do less than what is
// tried with it, and with raw SQL as paddock_app.
var tokenAttacks = []attack{
	{
		name:   "an account read that the token does not reach",
		weakFn: edit("private.token_sign_in(text,uuid)", "(token_sign_in.p_account = ANY (t.account_ids))", "true"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", "select '$A'::uuid") },
		run:    func(l *lab) { l.as("paddock_app").present(theirToken, "'$B'") },
	},
	{
		name:   "a live account read by a token for paper accounts alone",
		weakFn: edit("private.token_sign_in(text,uuid)", "(u.environment = 'paper'::text)", "true"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", everyAccount)
			must(l.t, l.admin, "update app.user_accounts set environment = 'live' where id = $1", l.b.Account)
		},
		run: func(l *lab) { l.as("paddock_app").present(theirToken, "'$B'") },
	},
	{
		name:   "accounts listed that the token does not reach",
		weak:   []string{"alter policy app_reads on app.account_grants using (user_id = (select private.user_id()))"},
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", noAccount) },
		run:    func(l *lab) { l.as("paddock_app").present(theirToken, "null") },
	},
	{
		name:   "the user's own audit read by a token",
		weak:   []string{"alter policy app_reads on app.user_audit_log using (user_id = (select private.user_id()))"},
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", noAccount)
			must(l.t, l.admin, "insert into app.user_audit_log (user_id, kind, action, detail) values ($1, 'user', 'session.begin', jsonb_build_object('note', $2::text))", l.b.User, l.b.Marker)
		},
		run: func(l *lab) { l.as("paddock_app").present(theirToken, "null") },
	},
	{
		name:   "a token's origin changed, so that it is none",
		weak:   []string{"create or replace function private.token_id() returns uuid stable parallel restricted security definer set search_path = pg_catalog, pg_temp language sql as $$ select case when current_setting('app.origin', true) like 'token:%' then substr(split_part(current_setting('app.origin', true), ' ', 1), 7)::uuid end $$", rawUser},
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", noAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('" + theirToken + "', null); select set_config('app.origin', 'x', true)")
			s.loot()
			s.end()
		},
	},
	{
		name:   "an order by a token that only reads",
		weak:   []string{"create or replace function private.token_scopes_for_role(role text, is_active boolean, p_scopes text[]) returns text stable parallel safe language sql return private.scopes_for_role(role, is_active)"},
		spoils: true,
		scene:  func(l *lab) { l.token("{read,cancel,log}", "", "", everyAccount) },
		run:    func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
	{
		name:   "a revoked token",
		weakFn: edit("private.token_sign_in(text,uuid)", "(t.revoked_at IS NULL)", "true"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "revoked_at", "now()", everyAccount) },
		run:    func(l *lab) { l.as("paddock_app").present(theirToken, "'$B'") },
	},
	{
		name:   "a token whose time is over",
		weakFn: edit("private.token_sign_in(text,uuid)", "(t.expires_at > now())", "true"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", everyAccount)
			must(l.t, l.admin, "update private.api_tokens set expires_at = now() - interval '1 second' where id = '"+theirTokenID+"'")
		},
		run: func(l *lab) { l.as("paddock_app").present(theirToken, "'$B'") },
	},
	{
		name:   "a token of a disabled user",
		weakFn: edit("private.token_sign_in(text,uuid)", "(NOT t.user_disabled)", "true"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", everyAccount)
			must(l.t, l.admin, "insert into auth.disabled_users (user_id) values ($1)", l.b.User)
		},
		run: func(l *lab) { l.as("paddock_app").present(theirToken, "'$B'") },
	},
	{
		name:   "a token's digest presented as the token",
		weakFn: edit("private.token_sign_in(text,uuid)", "(t.digest = sha256(convert_to(token_sign_in.p_token, 'UTF8'::name)))", "(token_sign_in.p_token IN ('pdk_' || encode(t.digest, 'hex'), '\\x' || encode(t.digest, 'hex'), encode(t.digest, 'hex')))"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, as := range []string{`'pdk_' || encode(sha256('` + theirToken + `'), 'hex')`, `sha256('` + theirToken + `')::text`} {
				s.present(s.value("select "+as), "'$B'")
			}
		},
	},
	{
		name:   "a wider token made of a token",
		weak:   []string{"create or replace function private.wider_than(p_parent private.api_tokens, p_child private.api_tokens, p_parent_accounts uuid[], p_child_accounts uuid[]) returns text immutable parallel safe language sql return null::text"},
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", noAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('" + theirToken + "', null), private.make_token(gen_random_uuid(), 'x', sha256('pdk_wider'), 'x', '{trade}', '{$B}', true, null, '1 hour', '{}', '{}')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.end()
			s.present("pdk_wider", "'$B'")
		},
	},
	{
		name: "a token made for another's account",
		weakFn: edits(
			edit("private.make_token(uuid,text,bytea,text,text[],uuid[],boolean,timestamp with time zone,interval,jsonb,uuid[])", " and g.user_id = who", ""),
			edit("private.admit(text,uuid,text)", "and g.user_id = s.user_id", "and (g.user_id = s.user_id or s.scopes is not null)")),
		spoils: true,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit('$TOKEN', null), private.make_token(gen_random_uuid(), 'x', sha256('pdk_foreign'), 'x', '{trade}', '{$B}', true, null, '1 hour', '{}', '{}')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.end()
			s.present("pdk_foreign", "'$B'")
		},
	},
	{
		name:   "another's tokens listed",
		weakFn: edit("private.list_tokens(uuid)", "t.user_id = who and ", ""),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.take("select private.list_tokens()")
			s.take("select private.list_tokens('" + theirTokenID + "')")
			s.ask("rollback")
		},
	},
	{
		name:   "what another's token reaches",
		weakFn: edit("private.current_token()", "where t.id = token)", "where true limit 1)"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.take("select private.current_token()")
			s.ask("rollback")
		},
	},
	{
		name:   "a live account named to a token for paper accounts alone",
		weakFn: edit("private.current_token()", " and (u.environment = 'paper' or not t.paper_only)", ""),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", everyAccount)
			must(l.t, l.admin, "update app.user_accounts set environment = 'live' where id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('" + theirToken + "', null)")
			s.take("select private.current_token()->'accounts'")
			s.ask("rollback")
		},
	},
	{
		name:   "another's token revoked",
		weakFn: edit("private.revoke_token(uuid)", "t.id = p_id and t.user_id = who", "t.id = p_id"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.ask("select private.revoke_token('" + theirTokenID + "')")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "a token's parent revoked by it",
		weakFn: edit("private.revoke_token(uuid)", "and (token is null or token = any (t.path))", ""),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read}", "", "", everyAccount)
			must(l.t, l.admin, l.fill(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
				select i, '$B_USER', array['`+theirTokenID+`', i], 'x', sha256('pdk_child_$B_NAME'), 'x', '{read}', true, now(), now() + interval '1 hour' from gen_random_uuid() i`))
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('pdk_child_$B_NAME', null)")
			s.ask("select private.revoke_token('" + theirTokenID + "')")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "more orders than a token may send",
		weakFn: edit("private.token_paces(uuid)", "num_nonnulls(t.orders_per_minute, t.orders_per_day) > 0", "false"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read,trade,cancel}", "orders_per_day", "0", everyAccount); l.mirrored() },
		run:    func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
	{
		name:   "a larger order than a token may send",
		weakFn: edit("private.token_limits()", "own.max_order_notional := t.max_order_notional;", ""),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel}", "max_order_notional", "0.5", everyAccount)
			l.mirrored()
		},
		run: func(l *lab) { l.as("paddock_app").order(theirToken) },
	},
}

// mirrored makes the victim's mirror current, as their stream would.
func (l *lab) mirrored() {
	l.t.Helper()
	must(l.t, l.admin, `insert into app.stream_cursors (account_id, last_event_id, agreed_at) values ($1, '1', now())
		on conflict (account_id) do update set agreed_at = now()`, l.b.Account)
}

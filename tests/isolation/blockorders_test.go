package isolation

// blockOrder gives the victim one, with a part on their account that was refused.
func (l *lab) blockOrder() {
	l.t.Helper()
	must(l.t, l.admin, l.fill(`insert into private.block_orders (id, user_id, idempotency_key, request, request_hash)
		values ('`+theirBlock+`', '$B_USER', 'k', '{"accounts":[],"order":{"tag":"$B_NAME"}}', sha256('')) on conflict do nothing`))
	must(l.t, l.admin, l.fill(`update private.block_orders set user_id = '$B_USER', request = '{"accounts":[],"order":{"tag":"$B_NAME"}}' where id = '`+theirBlock+`'`))
	must(l.t, l.admin, l.fill(`insert into private.block_order_parts (account_id, block_order_id, place, amount, in_dollars, refusal)
		values ('$B', '`+theirBlock+`', 1, 0, false, '{"message":"$B_NAME"}')`))
}

const (
	theirBlock = "00000000-0000-4000-8000-0000000000b1"
	// A block order for the attacker's account and the victim's.
	blockForBoth = `{"order":{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"2"},"allocation":{"method":"equal","fractions":false},` +
		`"accounts":[{"account_id":"$A"},{"account_id":"$B"}]}`
	blockByEquity = `{"order":{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"2"},"allocation":{"method":"net_liquidation","fractions":false},` +
		`"accounts":[{"account_id":"$B"}]}`
	makeBlock = `select private.make_block_order(gen_random_uuid()::text, sha256(''), '` + blockForBoth + `')`
)

// block is admitted by a token, for no account, and runs statements, each in a transaction
// of its own.
func (s *session) block(token string, statements ...string) {
	s.l.t.Helper()
	for _, statement := range statements {
		s.mustAsk("begin; select private.admit('" + token + "', null)")
		s.take(statement)
		s.ask("commit")
		s.ask("rollback")
	}
}

// blockAttacks are made on what lets one transaction ask for orders on several accounts.
var blockAttacks = []attack{
	{
		name:   "a stranger's account among those of a block order",
		weakFn: edit("private.enter_account(uuid)", " and g.user_id = who and", " and"),
		spoils: true,
		run:    func(l *lab) { l.as("paddock_app").block("$TOKEN", makeBlock) },
	},
	{
		name:   "an account among those of a block order that one has for reports alone, or had",
		weakFn: edit("private.enter_account(uuid)", "private.usable_grants() g", "(select a.account_id, a.user_id, 'trader' as role from app.account_grants a) g"),
		spoils: true,
		scene:  func(l *lab) { l.share("reports") },
		run:    func(l *lab) { l.as("paddock_app").block("$TOKEN", makeBlock) },
	},
	{
		name:   "an account among those of a block order that one may only read",
		weakFn: edits(edit("private.enter_account(uuid)", "if strpos(scopes, 'trade') = 0 then", "scopes := 'read,trade,cancel';\n    if false then")),
		spoils: true,
		scene:  func(l *lab) { l.share("viewer") },
		run:    func(l *lab) { l.as("paddock_app").block("$TOKEN", makeBlock) },
	},
	{
		name:   "an account among those of a block order that the token does not reach",
		weakFn: edit("private.enter_account(uuid)", "(token is null or p_account = any (private.reach()))", "true"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read,trade,cancel}", "", "", noAccount) },
		run: func(l *lab) {
			l.as("paddock_app").block(theirToken, `select private.make_block_order(gen_random_uuid()::text, sha256(''), replace('`+blockForBoth+`', '{"account_id":"$A"},', '')::jsonb)`)
		},
	},
	{
		name: "a block order by a token that may only read",
		weakFn: edit("private.enter_account(uuid)", "private.token_scopes_for_role(g.role, u.is_active, (select t.scopes from private.api_tokens t where t.id = token))",
			"private.scopes_for_role(g.role, u.is_active)"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			l.as("paddock_app").block(theirToken, `select private.make_block_order(gen_random_uuid()::text, sha256(''), replace('`+blockForBoth+`', '{"account_id":"$A"},', '')::jsonb)`)
		},
	},
	{
		name:   "what another's account is worth, by a block order that is not made",
		weakFn: edit("private.preview_block_order(jsonb)", "perform private.require_block_accounts(p_request);", ""),
		scene: func(l *lab) {
			must(l.t, l.admin, "update app.account_balances set equity = 1234.5, as_of = clock_timestamp() where account_id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			if values, err := s.ask("select private.preview_block_order('" + blockByEquity + "')::text"); err == nil {
				l.haul.learn("what it is worth: %s", values)
			}
			s.ask("rollback")
		},
	},
	{
		name: "a block order without a sign-in, or with a setting for one",
		weak: []string{rawUser},
		weakFn: edits(
			edit("private.enter_account(uuid)", "if who is null or split_part(door, '.', 2) is distinct from 'R' then", "if false then"),
			edit("private.check_seal(boolean)", "  if strict then\n", "  if false then\n")),
		spoils: true,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select set_config('app.user_id', '$B_USER', true), set_config('app.origin', 'session-of-$B_USER r - POST /', true)")
			s.ask(`select private.make_block_order('k', sha256(''), replace('` + blockForBoth + `', '{"account_id":"$A"},', '')::jsonb)`)
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "an account entered by a statement of one's own",
		weak:   []string{"grant execute on function private.enter_account to paddock_app", "alter function private.enter_account security definer"},
		weakFn: edit("private.enter_account(uuid)", " and g.user_id = who and", " and"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null); savepoint s")
			if _, err := s.ask("select private.enter_account('$B')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "an account that a block order has left open behind it",
		weakFn: edit("private.make_block_order(text,bytea,jsonb)", "  perform private.enter_account(null);\n  return", "  return"),
		spoils: true,
		// To trade there is what a trader may: but one is admitted to no account here, and a
		// statement that follows must not find one.
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.mustAsk(`select private.make_block_order('k', sha256(''), replace('` + blockForBoth + `', '"$A"', '"$A"')::jsonb)`)
			if values, err := s.ask("select count(*)::text from app.alpaca_orders"); err == nil && values[0] != "0" {
				l.haul.learn("%s orders of an account that nothing was admitted to", values[0])
			}
			s.ask("rollback")
		},
	},
	{
		name:   "another's block order read by its id",
		weakFn: edit("private.read_block_order(uuid)", " and b.user_id = who and", " and"),
		scene:  func(l *lab) { l.blockOrder() },
		run: func(l *lab) {
			l.as("paddock_app").block("$TOKEN", "select private.read_block_order('"+theirBlock+"')::text")
		},
	},
	{
		name:   "another's block orders listed",
		weakFn: edit("private.list_block_orders(timestamptz,uuid,integer)", "b.user_id = who and", ""),
		scene:  func(l *lab) { l.blockOrder() },
		run: func(l *lab) {
			l.as("paddock_app").block("$TOKEN", "select rest::text from private.list_block_orders('9999-01-01', gen_random_uuid(), 10)")
		},
	},
	{
		name:   "another's block order found by its key",
		weakFn: edit("private.find_block_order(text,bytea)", "b.user_id = who and ", ""),
		scene:  func(l *lab) { l.blockOrder() },
		run: func(l *lab) {
			l.as("paddock_app").block("$TOKEN", "select private.find_block_order('k', sha256(''))::text")
		},
	},
	{
		name: "the part of an account that one has no role on any more",
		weakFn: edit("private.block_order_json(uuid)", "join private.usable_grants() g on g.account_id = p.account_id and g.user_id = who and (reach is null or p.account_id = any (reach))",
			"cross join (select 'owner' as role) g"),
		scene: func(l *lab) {
			l.blockOrder()
			must(l.t, l.admin, l.fill(`update private.block_orders set user_id = '$USER', request = '{"accounts":[]}' where id = '`+theirBlock+`'`))
		},
		run: func(l *lab) {
			l.as("paddock_app").block("$TOKEN", "select private.read_block_order('"+theirBlock+"')::text")
		},
	},
	{
		name:   "a session's block order read by a token, and the part of an account that it does not reach",
		weakFn: edits(edit("private.read_block_order(uuid)", "(token is null or b.token_id = token)", "true"), edit("private.block_order_json(uuid)", "(reach is null or p.account_id = any (reach))", "true")),
		scene:  func(l *lab) { l.blockOrder(); l.token("{read}", "", "", noAccount) },
		run: func(l *lab) {
			l.as("paddock_app").block(theirToken, "select private.read_block_order('"+theirBlock+"')::text")
		},
	},
}

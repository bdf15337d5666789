package isolation

// portfolioAttacks are made on the one reading that is of many accounts.
var portfolioAttacks = []attack{
	{
		name:   "a stranger's account in one's portfolio",
		weakFn: edit("private.portfolio()", "where g.user_id = who and", "where"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.take("select private.portfolio()::text")
			s.end()
		},
	},
	{
		name:   "a portfolio without a sign-in, or with a setting for one",
		weak:   []string{rawUser},
		weakFn: edits(edit("private.portfolio()", "if who is null or private.job_id() is not null then", "if false then"), edit("private.portfolio()", "private.reach()", "null")),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select set_config('app.user_id', '$B_USER', true); savepoint s")
			s.take("select private.portfolio()::text")
			s.ask("rollback")
		},
	},
	{
		name:   "an account in the portfolio that the token does not reach",
		weakFn: edit("private.portfolio()", "(reach is null or u.id = any (reach))", "true"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", noAccount) },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('" + theirToken + "', null)")
			s.take("select private.portfolio()::text")
			s.end()
		},
	},
	{
		name: "an account in the portfolio of somebody who has reports alone",
		weakFn: edits(edit("private.portfolio()", "private.usable_grants() g", "app.account_grants g"),
			edit("private.portfolio()", " and private.scopes_for_role(g.role, u.is_active) is not null", "")),
		scene: func(l *lab) { l.share("reports") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.take("select private.portfolio()::text")
			s.end()
		},
	},
}

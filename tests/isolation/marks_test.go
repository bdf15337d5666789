package isolation

// marked says up to where the victim has read their account's history.
func (l *lab) marked() {
	l.t.Helper()
	must(l.t, l.admin, "insert into app.read_marks (account_id, user_id, seq) values ($1, $2, 1)", l.b.Account, l.b.User)
}

// markAttacks are for what somebody has read, or has not.
var markAttacks = []attack{
	{
		name:  "what another has read, seen by who reads the same account",
		weak:  []string{"alter policy app_reads on app.read_marks using (account_id = (select private.account_id('read')))"},
		scene: func(l *lab) { l.marked(); l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.take("select user_id from app.read_marks")
			s.end()
		},
		spoils: true,
	},
	{
		name: "another's mark moved by who reads the same account",
		weak: []string{
			"grant update on app.read_marks to paddock_app",
			"alter policy app_reads on app.read_marks using (account_id = (select private.account_id('read')))",
			"create policy w on app.read_marks for update to paddock_app using (account_id = (select private.account_id('read'))) with check (true)",
		},
		spoils: true,
		scene:  func(l *lab) { l.marked(); l.share("viewer") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "update app.read_marks set seq = 0") },
	},
	{
		name: "a mark made in another's name",
		weak: []string{
			"grant insert on app.read_marks to paddock_app",
			"create policy w on app.read_marks for insert to paddock_app with check (account_id = (select private.account_id('read')))",
		},
		spoils: true,
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "insert into app.read_marks (account_id, user_id, seq) values ('$B', '$B_USER', 1)")
		},
	},
	{
		name:   "a person's mark moved by an API token",
		weakFn: edit("private.mark_read(bigint)", "private.token_id() is not null", "false"),
		spoils: true,
		scene:  func(l *lab) { l.marked(); l.token("{read}", "", "", everyAccount) },
		run:    func(l *lab) { l.as("paddock_app").try(theirToken, "select private.mark_read(2)") },
	},
}

package isolation

const insertTheirAlert = `insert into app.alerts (account_id, id, token_id, alert_id, request, job_id) values ('$B', gen_random_uuid(), `

// alertAttacks are made on what charting services have sent.
var alertAttacks = []attack{
	{
		name:   "another's alerts read",
		weak:   []string{"alter table app.alerts disable row level security"},
		spoils: true,
		scene: func(l *lab) {
			must(l.t, l.admin, "set session_replication_role = replica")
			must(l.t, l.admin, "insert into app.alerts (account_id, id, token_id, alert_id, request, job_id) values ($1, gen_random_uuid(), gen_random_uuid(), $2, '{}', gen_random_uuid())", l.b.Account, l.b.Marker)
			must(l.t, l.admin, "reset session_replication_role")
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select alert_id from app.alerts")
			s.end()
		},
	},
	{
		name:   "an alert by a token that only reads",
		weak:   []string{"alter policy app_inserts on app.alerts with check (account_id = (select private.account_id('read')))"},
		weakFn: edit("private.count_alert()", "'trade'", "'read'"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read}", "", "", everyAccount) },
		run: func(l *lab) {
			l.as("paddock_app").try(theirToken, insertTheirAlert+"'"+theirTokenID+"', 'x', '{}', gen_random_uuid())")
		},
	},
	{
		name:   "an alert in the name of another token, or of none",
		weak:   []string{"alter policy app_inserts on app.alerts with check (account_id = (select private.account_id('trade')))"},
		spoils: true,
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", insertTheirAlert+"gen_random_uuid(), 'x', '{}', gen_random_uuid())")
		},
	},
}

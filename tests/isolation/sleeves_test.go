package isolation

// sleeveAttacks are made on what a sleeve of the victim's may spend.
var sleeveAttacks = []attack{
	{
		name: "a sleeve's cash written by a statement",
		weak: []string{
			"grant insert, update, delete on app.sleeves, app.sleeve_transfers to paddock_app",
			"create policy weak on app.sleeves to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) { l.share("trader"); l.sleeve("0") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "update app.sleeves set transferred = 1000000 where account_id = '$B'",
				"insert into app.sleeve_transfers (account_id, to_sleeve_id, amount, made_by) values ('$B', '"+theirSleeve+"', 1000000, 'x')")
		},
	},
	{
		name:   "an order of a sleeve that costs more than it has",
		weakFn: edit("app.check_sleeve(app.alpaca_orders)", "if cost > may then", "if false then"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel}", "", "", everyAccount)
			l.sleeve("0.99")
			l.mirrored()
		},
		run: func(l *lab) {
			l.as("paddock_app").try(theirToken, `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, request_hash, request, sleeve_id)
				values ('$B', 'of-a-sleeve', private.user_id(), 'AAPL', 'buy', 1, 'limit', 1, sha256(''), '{}', '`+theirSleeve+`')`)
		},
	},
	{
		name:   "cash moved out of a sleeve by a token",
		weakFn: edit("private.move_cash(uuid,uuid,uuid,numeric,text,text)", "'manage'", "'read'"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel,log}", "", "", everyAccount)
			l.sleeve("100")
		},
		run: func(l *lab) {
			l.as("paddock_app").try(theirToken, "select private.move_cash(gen_random_uuid(), '"+theirSleeve+"', null, 1, null, null)")
		},
	},
	{
		name:   "a sleeve opened again by somebody who only trades",
		weakFn: edit("private.change_sleeve(uuid,jsonb)", "'manage'", "'trade'"),
		scene:  func(l *lab) { l.share("trader"); l.sleeve("0") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.change_sleeve('"+theirSleeve+`', '{"name":"taken"}')`)
		},
	},
}

const theirSleeve = "00000000-0000-4000-8000-00000000005e"

// sleeve gives the victim's account a sleeve with cash.
func (l *lab) sleeve(cash string) {
	l.t.Helper()
	must(l.t, l.admin, "insert into app.sleeves (account_id, id, name, transferred, made_by) values ($1, '"+theirSleeve+"', 'theirs', "+cash+", 'x')", l.b.Account)
}

package isolation

const theirApproval = "00000000-0000-4000-8000-0000000000ab"

// approval gives the victim an order that waits for a person's word, as the user of this
// id proposed it, with these columns besides.
func (l *lab) approval(by, more, values string) {
	l.t.Helper()
	if more != "" {
		more, values = ", "+more, ", "+values
	}
	must(l.t, l.admin, "delete from app.approvals where id = '"+theirApproval+"'") // of the lab before
	must(l.t, l.admin, l.fill(`insert into app.approvals (account_id, id, kind, request, digest, proposed_by, above, worth, prices, needed, four_eyes, expires_at`+more+`)
		values ('$B', '`+theirApproval+`', 'order', jsonb_build_object('tag', '$B_NAME'), sha256(''), '`+by+`', 0, 1, '{"AAPL": "1"}', 1, false, now() + interval '1 hour'`+values+`)`))
	must(l.t, l.admin, "update app.approvals a set digest = private.approval_digest(a) where id = '"+theirApproval+"'")
}

// fourEyes lets the victim's account have them.
func (l *lab) fourEyes() {
	l.t.Helper()
	must(l.t, l.admin, "update app.account_guards set four_eyes = true, approval_above = 0, max_order_notional = 1 where account_id = $1", l.b.Account)
}

// say is a statement that says a word of the approval as it is.
func say(word, digest string) string {
	if digest == "" {
		digest = "(select digest from app.approvals where id = '" + theirApproval + "')"
	}
	return "select private.give_word('" + theirApproval + "', " + digest + ", '" + word + "', 1, null)"
}

const theirAAPL = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, request_hash, request, reference_prices)
	values ('$B', 'unapproved', private.user_id(), 'AAPL', 'buy', 1, 'limit', 1, sha256(''), '{}', '{"AAPL": 1}')`

// approvalAttacks are made on what waits for a person's word.
var approvalAttacks = []attack{
	{
		name:   "another's approvals read",
		weak:   []string{"alter table app.approvals disable row level security", "alter table app.approval_words disable row level security"},
		spoils: true,
		scene:  func(l *lab) { l.approval("$B_USER", "", "") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select request::text from app.approvals")
			s.take("select approval_id::text, user_id from app.approval_words")
			s.end()
		},
	},
	{
		name: "an approval written by a statement",
		weak: []string{
			"grant insert, update, delete on app.approvals, app.approval_words to paddock_app",
			"create policy weak on app.approvals to paddock_app using (true) with check (true)",
			"create policy weak on app.approval_words to paddock_app using (true) with check (true)",
		},
		scene: func(l *lab) { l.share("owner"); l.approval("$B_USER", "", "") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "update app.approvals set state = 'approved', decided_at = now() where id = '"+theirApproval+"'",
				"insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move) values ('$B', '"+theirApproval+"', '$B_USER', 'approve', sha256(''), 100)")
		},
	},
	{
		name:   "an order approved by a stranger",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "private.require_account('approving', 'approve')", "(select t.account_id from app.approvals t where t.id = p_id)"),
		spoils: true,
		scene:  func(l *lab) { l.approval("$B_USER", "token_id", "gen_random_uuid()") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			digest := "'\\x" + one[string](l.t, l.admin, "select encode(digest, 'hex') from app.approvals where id = '"+theirApproval+"'") + "'"
			s.ask(say("approve", digest))
			s.ask(say("refuse", digest))
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "an order approved by somebody who only trades",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "'approve')", "'read')"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader"); l.approval("$B_USER", "", "") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", ""), say("refuse", "")) },
	},
	{
		name: "an order approved by the API token that proposed it",
		weakFn: edits(edit("private.give_word(uuid,bytea,text,numeric,text)", "'approve')", "'read')"),
			edit("private.give_word(uuid,bytea,text,numeric,text)", "private.token_id() is not null or ", "")),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel,log}", "", "", everyAccount)
			l.approval("$B_USER", "token_id", "'"+theirTokenID+"'")
		},
		run: func(l *lab) { l.as("paddock_app").try(theirToken, say("approve", ""), say("refuse", "")) },
	},
	{
		name:   "an order approved by who proposed it",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "who = a.proposed_by", "false"),
		scene:  func(l *lab) { l.share("owner"); l.approval("$USER", "", "") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", "")) },
	},
	{
		name:   "an order of one's own token approved against four eyes",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "a.four_eyes)", "false)"),
		scene: func(l *lab) {
			l.share("owner")
			l.approval("$USER", "token_id", "gen_random_uuid()")
			must(l.t, l.admin, "update app.approvals a set four_eyes = true where id = '"+theirApproval+"'")
			must(l.t, l.admin, "update app.approvals a set digest = private.approval_digest(a) where id = '"+theirApproval+"'")
		},
		run: func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", "")) },
	},
	{
		name:   "a word for another order than was shown",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "a.digest is distinct from p_digest", "false"),
		scene:  func(l *lab) { l.share("approver"); l.approval("$B_USER", "", "") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", "sha256('')"), say("approve", "null")) },
	},
	{
		name:   "a word for what has expired",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "a.expires_at <= clock_timestamp()", "false"),
		scene: func(l *lab) {
			l.share("approver")
			l.approval("$B_USER", "", "")
			must(l.t, l.admin, "update app.approvals a set expires_at = now() - interval '1 second' where id = '"+theirApproval+"'")
			must(l.t, l.admin, "update app.approvals a set digest = private.approval_digest(a) where id = '"+theirApproval+"'")
		},
		run: func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", "")) },
	},
	{
		name:   "a refused order approved after all",
		weakFn: edit("private.give_word(uuid,bytea,text,numeric,text)", "a.state <> 'pending'", "false"),
		scene:  func(l *lab) { l.share("approver"); l.approval("$B_USER", "state, decided_at", "'refused', now()") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", say("approve", "")) },
	},
	{
		name:   "an order by a token without the word that it needs",
		weakFn: edit("private.use_approval(app.alpaca_orders,jsonb)", "raise exception 'the order needs a person''s word' using errcode = 'PD450', detail = p_need::text;", "return;"),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel}", "approval_above", "0", everyAccount)
			l.mirrored()
		},
		run: func(l *lab) {
			// Neither as it is, nor as if it had been approved or were another's.
			l.as("paddock_app").try(theirToken, theirAAPL)
		},
	},
	{
		name:   "an order by a person without the other pair of eyes",
		weakFn: edit("app.check_guards(app.alpaca_orders)", "elsif not coalesce(g.four_eyes, false) then", "else"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader"); l.fourEyes(); l.mirrored() },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", theirAAPL) },
	},
	{
		name:   "an order sent by its job before it is approved",
		weak:   []string{"alter table app.approvals drop constraint approvals_check"},
		weakFn: edit("private.use_approval(app.alpaca_orders,jsonb)", "when a.state <> 'approved' then", "when false then"),
		spoils: true,
		scene: func(l *lab) {
			l.fourEyes()
			l.mirrored()
			l.runningJob()
			// It has the words that it needs, and yet it waits.
			l.share("approver")
			must(l.t, l.admin, "update app.jobs set request_hash = sha256('') where account_id = $1", l.b.Account)
			must(l.t, l.admin, `insert into app.approvals (account_id, id, kind, request, digest, proposed_by, above, worth, prices, needed, four_eyes, expires_at)
				select account_id, id, 'order', request, sha256(''), asked_by, 0, 1, '{"AAPL": "1"}', 1, true, now() + interval '1 hour' from app.jobs where account_id = $1`, l.b.Account)
			must(l.t, l.admin, "update app.approvals a set digest = private.approval_digest(a) where account_id = $1", l.b.Account)
			must(l.t, l.admin, `insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move)
				select account_id, id, $2, 'approve', digest, 1 from app.approvals where account_id = $1`, l.b.Account, l.a.User)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit_job('$B', 'ticket')")
			s.ask(`insert into app.alpaca_orders (account_id, id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, request_hash, request, reference_prices)
				select account_id, id, 'unapproved', asked_by, 'AAPL', 'buy', 1, 'limit', 1, request_hash, request, '{"AAPL": 1}' from app.jobs`)
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "another's waiting order proposed, so that it waits",
		weakFn: edit("private.propose_order(uuid,jsonb,jsonb)", "j.asked_by = private.user_id()", "true"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader"); l.waitingJob() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", `select private.propose_order(j.id, '{"above":"0","worth":"1","needed":1,"seconds":60,"four_eyes":false}', '{}') from app.jobs j`)
		},
	},
	{
		name:   "limits widened by one owner alone",
		weakFn: edit("private.require_approval(text,jsonb)", "and g.four_eyes", "and false"),
		scene:  func(l *lab) { l.share("owner"); l.fourEyes() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.set_guards('{}')", `select private.set_guards('{"four_eyes":true,"approval_above":"0"}')`,
				`select private.set_guards('{"max_order_notional":"1","approval_above":"0"}')`)
		},
	},
	{
		name:   "a change approved for another user's hands",
		weakFn: edit("private.require_approval(text,jsonb)", "t.proposed_by = private.user_id()", "true"),
		spoils: true,
		scene:  func(l *lab) { l.share("owner"); l.fourEyes(); l.approvedChange("$B_USER", "$USER") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.set_guards('{}')") },
	},
	{
		name:   "a change approved by oneself",
		weakFn: edit("private.has_approval(app.approvals,integer,boolean)", "w.user_id <> a.proposed_by", "true"),
		spoils: true,
		scene:  func(l *lab) { l.share("owner"); l.fourEyes(); l.approvedChange("$USER", "$USER") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.set_guards('{}')") },
	},
	{
		name:   "a change approved by somebody who may not any more",
		weakFn: edit("private.has_approval(app.approvals,integer,boolean)", "private.may_approve(a.account_id, w.user_id)", "true"),
		spoils: true,
		scene:  func(l *lab) { l.share("owner"); l.fourEyes(); l.approvedChange("$USER", "somebody who left") },
		run:    func(l *lab) { l.as("paddock_app").try("$TOKEN", "select private.set_guards('{}')") },
	},
	{
		name:   "somebody let in by one owner alone",
		weakFn: edit("private.require_approval(text,jsonb)", "and g.four_eyes", "and false"),
		scene:  func(l *lab) { l.share("owner"); l.fourEyes() },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.make_grant_invitation(gen_random_uuid(), sha256('link'), null, 'approver', null, now() + interval '1 day')",
				"select private.give_grant((select 'stranger@example.com'), 'approver', null)")
		},
	},
}

// approvedChange gives the victim's account an approval of no limits at all, that one user
// proposed and another approved.
func (l *lab) approvedChange(by, who string) {
	l.t.Helper()
	must(l.t, l.admin, "delete from app.approvals where id = '"+theirApproval+"'") // of the lab before
	must(l.t, l.admin, l.fill(`insert into app.approvals (account_id, id, kind, state, decided_at, request, digest, proposed_by, needed, four_eyes, expires_at)
		values ('$B', '`+theirApproval+`', 'guards', 'approved', now(), '{}', sha256(''), '`+by+`', 1, true, now() + interval '1 hour')`))
	must(l.t, l.admin, "update app.approvals a set digest = private.approval_digest(a) where id = '"+theirApproval+"'")
	must(l.t, l.admin, l.fill(`insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move)
		select account_id, id, '`+who+`', 'approve', digest, 1 from app.approvals where id = '`+theirApproval+`'`))
}

package isolation

import "fmt"

// Pieces of the functions by which accounts are shared, and what stands in their places
// where they are weakened.
const (
	changeGrant = "private.change_grant(text,text,timestamp with time zone,boolean)"
	giveGrant   = "private.give_grant(text,text,timestamp with time zone)"
	lockSharing = "private.lock_sharing(uuid)"
	makeLink    = "private.make_grant_invitation(uuid,bytea,text,text,timestamp with time zone,timestamp with time zone)"
	ownerAlone  = "private.require_account('sharing an account', 'manage')"
	anyMember   = "private.account_id('read')"
)

// forMembers lets every member do what owners may, in a function of theirs.
func forMembers(function string) func(l *lab) {
	return edits(edit(function, ownerAlone, anyMember), edit(lockSharing, " and g.role = 'owner'", ""))
}

// shares is admitted, to the account where it is not null, and does each thing in a
// transaction of its own.
func (s *session) shares(token, account string, things ...string) {
	s.l.t.Helper()
	for _, thing := range things {
		s.mustAsk("begin; savepoint s")
		if _, err := s.ask("select private.admit('" + token + "', " + account + ")"); err != nil {
			s.mustAsk("rollback to s")
		}
		s.take(thing)
		s.ask("commit")
	}
}

// invitation is the token of a link that the victim has made, for which the attacker has
// no use. It is of an id that is known.
const (
	invitation   = "link of the victim"
	invitationID = "00000000-0000-4000-8000-0000000000b1"
)

// invites makes the victim's invitation, with these columns besides the usual ones.
func (l *lab) invites(more, values string) {
	l.t.Helper()
	if more != "" {
		more, values = ", "+more, ", "+values
	}
	must(l.t, l.admin, "delete from private.invitations where id = '"+invitationID+"'") // of the lab before
	must(l.t, l.admin, l.fill(fmt.Sprintf(`insert into private.invitations (id, user_id, digest, role, all_accounts, expires_at%s)
		values ('%s', '$B_USER', sha256('%s'), 'trader', false, now() + interval '1 day'%s)`, more, invitationID, invitation, values)))
	must(l.t, l.admin, l.fill("insert into private.invitation_accounts (account_id, invitation_id) values ('$B', '"+invitationID+"')"))
}

const takeInvitation = "select private.take_invitation(sha256('" + invitation + "'))"

// sharingAttacks are made by somebody with a lesser role on the victim's account, with
// one that is over, or with the link of an invitation that is not for them.
var sharingAttacks = []attack{
	{
		name:   "a viewer who makes themselves an owner",
		weakFn: forMembers(changeGrant),
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "'$B'", "select private.change_grant('$USER', 'owner', null, true)")
		},
	},
	{
		name:   "an approver who lets somebody else in",
		weakFn: forMembers(giveGrant),
		scene: func(l *lab) {
			l.share("approver")
			must(l.t, l.admin, l.fill(`insert into auth."user" (id, name, email, "emailVerified") values ('friend-$B', 'x', 'friend-$B@example.com', false)`))
		},
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "'$B'", "select private.give_grant('friend-$B@example.com', 'trader', null)")
		},
	},
	{
		name: "a trader who takes the owner's role",
		weakFn: edits(edit("private.end_grant(uuid,text)", "if who <> p_user then", "if false then"),
			edit("private.end_grant(uuid,text)", "if their_role = 'owner' then", "if false then")),
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.end_grant('$B', '$B_USER')")
		},
	},
	{
		name: "somebody without a role who takes those of others",
		weakFn: edits(edit("private.end_grant(uuid,text)", "and g.user_id = who", ""), edit("private.end_grant(uuid,text)", "if who <> p_user then", "if false then"),
			edit("private.end_grant(uuid,text)", "if their_role = 'owner' then", "if false then")),
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.end_grant('$B', '$B_USER')")
		},
	},
	{
		name:   "an account handed to oneself by somebody who only trades",
		weakFn: edits(edit("private.transfer_account(text)", "private.require_account('transferring an account', 'manage')", "private.account_id('read')"), edit("private.transfer_account(text)", " and g.user_id <> who", ""), edit(lockSharing, " and g.role = 'owner'", "")),
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "'$B'", "select private.transfer_account('$USER')")
		},
	},
	{
		name:   "the last owner without an end taken away",
		weakFn: edit("private.leave_ownership(uuid,text)", "g.expires_at is null and ", ""),
		scene: func(l *lab) {
			l.share("owner")
			must(l.t, l.admin, "update app.account_grants set expires_at = now() + interval '1 hour' where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
		},
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.end_grant('$B', '$B_USER')")
		},
	},
	{
		name:   "who has an account read by somebody who only trades",
		weakFn: edit("private.list_grants(text)", "private.require_account('listing who has an account', 'manage')", anyMember),
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			values, _ := s.ask("begin; select private.admit('$TOKEN', '$B'); select x->>'email' from private.list_grants() x")
			l.haul.read = append(l.haul.read, values...)
			s.ask("rollback")
		},
	},
	{
		name: "a role that is over, at the doors of push",
		weak: []string{`create or replace function private.usable_grants() returns table (account_id uuid, user_id text, role text, expires_at timestamptz, created_at timestamptz)
			stable parallel safe language sql begin atomic select g.account_id, g.user_id, g.role, g.expires_at, g.created_at from app.account_grants g where g.role <> 'reports'; end`},
		spoils: true,
		scene: func(l *lab) {
			l.share("owner")
			must(l.t, l.admin, "update app.account_grants set expires_at = now() - interval '1 second' where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
		},
		run: func(l *lab) { l.atPush() },
	},
	{
		name: "a role for reports, at the doors of push",
		weak: []string{`create or replace function private.usable_grants() returns table (account_id uuid, user_id text, role text, expires_at timestamptz, created_at timestamptz)
			stable parallel safe language sql begin atomic select g.account_id, g.user_id, g.role, g.expires_at, g.created_at from app.account_grants g where g.expires_at is null or g.expires_at > now(); end`},
		spoils: true,
		scene:  func(l *lab) { l.share("reports") },
		run:    func(l *lab) { l.atPush() },
	},
	{
		name: "a role that is over, in the list of accounts",
		weak: []string{"alter policy app_reads on app.account_grants using (user_id = (select private.user_id()))"},
		scene: func(l *lab) {
			l.share("owner")
			must(l.t, l.admin, "update app.account_grants set expires_at = now() - interval '1 second' where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', null)")
			s.loot()
			s.end()
		},
	},
	{
		name:   "a role for reports that is over, by a reporting login",
		weakFn: edit("private.report_accounts()", "and (a.expires_at is null or a.expires_at > clock_timestamp())", ""),
		scene: func(l *lab) {
			l.share("reports")
			must(l.t, l.admin, "update app.account_grants set expires_at = now() - interval '1 second' where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
			l.report(l.b.Account)
			must(l.t, l.admin, "update private.report_grants set user_id = $1 where role_name = $2", l.a.User, l.login)
		},
		run: func(l *lab) { l.as(l.login).loot() },
	},
	{
		name:   "a trader's own reporting login",
		weakFn: edit("private.report_accounts()", "and a.role in ('owner', 'reports')", ""),
		scene: func(l *lab) {
			l.share("trader")
			l.report(l.b.Account)
			must(l.t, l.admin, "update private.report_grants set user_id = $1 where role_name = $2", l.a.User, l.login)
		},
		run: func(l *lab) { l.as(l.login).loot() },
	},
	{
		name: "an invitation that was taken up",
		weakFn: edits(edit("private.open_invitation(bytea)", "and i.ended_at is null ", ""),
			edit("private.take_invitation(bytea)", " and i.ended_at is null", "")),
		spoils: true,
		scene:  func(l *lab) { l.invites("ended_at, taken_by", "now(), 'somebody'") },
		run:    func(l *lab) { l.as("paddock_app").shares("$TOKEN", "null", takeInvitation) },
	},
	{
		name:   "an invitation whose time is over",
		weakFn: edit("private.open_invitation(bytea)", "and i.expires_at > now()", ""),
		spoils: true,
		scene: func(l *lab) {
			l.invites("", "")
			must(l.t, l.admin, "update private.invitations set expires_at = now() where id = '"+invitationID+"'")
		},
		run: func(l *lab) { l.as("paddock_app").shares("$TOKEN", "null", takeInvitation) },
	},
	{
		name:   "an invitation for another address",
		weakFn: edit("private.look_at_invitation(bytea)", "if invitation.email <> ", "if false and invitation.email <> "),
		spoils: true,
		scene:  func(l *lab) { l.invites("email", "'friend@example.com'") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.look_at_invitation(sha256('"+invitation+"'))", takeInvitation)
		},
	},
	{
		name:   "an invitation of somebody who may not invite any more",
		weakFn: edit("private.open_invitation(bytea)", " and g.role = 'owner'", ""),
		spoils: true,
		scene: func(l *lab) {
			l.invites("", "")
			must(l.t, l.admin, "update app.account_grants set role = 'trader' where account_id = $1 and user_id = $2", l.b.Account, l.b.User)
		},
		run: func(l *lab) { l.as("paddock_app").shares("$TOKEN", "null", takeInvitation) },
	},
	{
		name:   "an invitation's digest presented as the token",
		weakFn: edit("private.open_invitation(bytea)", "i.digest = p_digest", "p_digest in (i.digest, sha256(i.digest))"),
		spoils: true,
		scene:  func(l *lab) { l.invites("", "") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.take_invitation(sha256(sha256('"+invitation+"')))")
		},
	},
	{
		name:   "an invitation to another's account",
		weakFn: forMembers(makeLink),
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "'$B'", "select private.make_grant_invitation(gen_random_uuid(), sha256('mine'), null, 'owner', null, now() + interval '1 day')")
		},
	},
	{
		name:   "another's invitation taken back",
		weakFn: edit("private.revoke_invitation(uuid)", "(i.user_id = who or exists", "(true or exists"),
		spoils: true,
		scene:  func(l *lab) { l.invites("", "") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.revoke_invitation('"+invitationID+"')")
		},
	},
	{
		name:   "another's invitations listed",
		weakFn: edit("private.list_invitations(uuid)", "i.all_accounts and i.user_id = who", "true"),
		spoils: true,
		scene:  func(l *lab) { l.invites("", "") },
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select x from private.list_invitations() x", "select x from private.list_invitations('"+invitationID+"') x")
		},
	},
	{
		name:   "another's role on all accounts taken",
		weakFn: edit("private.end_standing_grant(text,text)", "if who not in (p_owner, p_user) then", "if false then"),
		scene: func(l *lab) {
			must(l.t, l.admin, l.fill(`insert into auth."user" (id, name, email, "emailVerified") values ('friend-$B', 'x', 'friend-$B@example.com', false)`))
			must(l.t, l.admin, l.fill("insert into private.standing_grants (owner_id, user_id, role) values ('$B_USER', 'friend-$B', 'viewer')"))
		},
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.end_standing_grant('$B_USER', 'friend-$B')")
		},
	},
	{
		name: "a role on all of another's accounts written for oneself",
		weak: []string{
			"grant insert on private.standing_grants to paddock_app",
			"create policy careless on private.standing_grants for insert to paddock_app with check (user_id = (select private.user_id()))",
		},
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "insert into private.standing_grants (owner_id, user_id, role) values ('$B_USER', '$USER', 'trader')",
				"update private.standing_grants set role = 'trader'", "insert into private.invitations (id, user_id, digest, role, all_accounts, expires_at) values (gen_random_uuid(), '$B_USER', sha256('x'), 'trader', true, 'infinity')")
		},
	},
	{
		name: "grants given by the functions behind the doors",
		weak: []string{
			"grant execute on function private.put_grant, private.put_standing_grant, private.pass_account, private.apply_standing_grants, private.leave_ownership to paddock_app",
			"alter function private.put_grant security definer", "alter function private.put_standing_grant security definer", "alter function private.pass_account security definer",
		},
		spoils: true,
		run: func(l *lab) {
			l.as("paddock_app").shares("$TOKEN", "null", "select private.put_grant('$B', '$USER', 'owner', null, '$B_USER')", "select private.put_standing_grant('$B_USER', '$USER', 'trader', null)",
				"select private.pass_account('$B', '$USER')", "select private.leave_ownership('$B', '$B_USER')", "select private.apply_standing_grants('$B', '$USER')", "select private.lock_sharing('$B')")
		},
	},
	{
		name:   "an API token that shares its account",
		weak:   []string{"create or replace function private.token_scopes_for_role(role text, is_active boolean, p_scopes text[]) returns text stable parallel safe language sql return private.scopes_for_role(role, is_active)"},
		spoils: true,
		scene:  func(l *lab) { l.token("{read,trade,cancel,log}", "", "", everyAccount) },
		run: func(l *lab) {
			l.as("paddock_app").shares(theirToken, "'$B'", "select private.give_grant('$USER@example.com', 'trader', null)")
		},
	},
	{
		name:   "an API token that ends what its user has given",
		weakFn: edit("private.end_grant(uuid,text)", " or private.token_id() is not null", ""),
		spoils: true,
		scene: func(l *lab) {
			l.token("{read,trade,cancel,log}", "", "", everyAccount)
			l.share("viewer")
		},
		run: func(l *lab) {
			l.as("paddock_app").shares(theirToken, "null", "select private.end_grant('$B', '$USER')")
		},
	},
}

// atPush asks what the doors of push say of the victim's account to the attacker.
func (l *lab) atPush() {
	l.t.Helper()
	s := l.as("paddock_worker")
	for _, call := range []string{
		"select access from private.check_access(array['$TOKEN'], array['$B']::uuid[], array[0], null)",
		"select access from private.changed_places(array['$TOKEN'], array['$B']::uuid[], array[0], array[now()])",
		"select data from private.read_events(array['$TOKEN'], array['$B']::uuid[], array[0], null, 100, 1000000)",
	} {
		values, _ := s.ask(call)
		for _, v := range values {
			if v == "ok" {
				l.haul.learn("that the account may be read: %s", call)
			}
		}
		l.haul.read = append(l.haul.read, values...)
	}
}

package isolation

import (
	"fmt"

	"paddock/tests/kit"
)

// disable disables the attacker as an operator does, in a transaction that end
// commits.
func (l *lab) disable() (end func()) {
	l.t.Helper()
	owner := connect(l.t, l.db.OwnerURL)
	must(l.t, owner, "begin")
	must(l.t, owner, "set local role paddock_owner")
	must(l.t, owner, "select private.disable_user($1)", l.a.User)
	return func() { l.t.Helper(); must(l.t, owner, "commit") }
}

// newSession tries to make a session of the attacker's, who is disabled.
const newSession = `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('after-$USER', now() + interval '1 day', 'after-$USER', now(), '$USER')`

// hasSession notes where the attacker, who is disabled, has a session.
func (l *lab) hasSession(how string) {
	l.t.Helper()
	if n := one[int](l.t, l.admin, `select count(*) from auth.session where "userId" = $1`, l.a.User); n > 0 {
		l.haul.learn("how a disabled user gets a session: %s", how)
	}
}

// password gives the victim a password.
func (l *lab) password() {
	l.t.Helper()
	must(l.t, l.admin, `insert into auth.account (id, "accountId", "providerId", "userId", password, "updatedAt") values ($1, $1, 'credential', $1, 'x', now())`, l.b.User)
}

// link makes a link that resets the password of the victim.
const link = "select private.make_reset_token('$B_USER@example.com', 'link-to-$B_USER', now() + interval '1 hour')"

// linkWorks notes where the link that was made still resets the victim's password.
func (l *lab) linkWorks(after string) {
	l.t.Helper()
	if n := one[int](l.t, l.admin, "select count(*) from auth.verification where identifier = $1", "link-to-"+l.b.User); n > 0 {
		l.haul.learn("a link that sets another's password after %s", after)
	}
}

// signInAttacks are made with the database login of sign-in, or of the web process, on
// users, sessions, links and invitations.
var signInAttacks = []attack{
	{
		name:   "a session that begins in a snapshot from before its user was disabled",
		weakFn: edit("private.disable_user(text)", `update auth."user" u set "updatedAt" = u."updatedAt" where u.id = p_user;`, ""),
		run: func(l *lab) {
			for _, isolation := range []string{"repeatable read", "serializable"} {
				s := l.as("paddock_auth")
				s.mustAsk("begin isolation level " + isolation + "; select count(*) from auth.session")
				l.disable()()
				s.ask(newSession)
				s.ask("commit")
				l.hasSession("in a transaction that is " + isolation)
			}
		},
	},
	{
		name:   "a session that begins while its user is being disabled",
		weakFn: edit("private.refuse_disabled_user()", `perform from auth."user" u where u.id = new."userId" for key share;`, ""),
		run: func(l *lab) {
			s := l.as("paddock_auth")
			end := l.disable()
			done := make(chan error, 1)
			go func() {
				_, err := s.ask(newSession)
				done <- err
			}()
			kit.Eventually(l.t, "the sign-in to wait", func() bool {
				return one[bool](l.t, l.admin, "select exists (select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database())")
			})
			end()
			<-done
			l.hasSession("while they are being disabled")
		},
	},
	{
		name: "a session of somebody else's, given to a disabled user",
		weak: []string{"drop trigger refuse_disabled_user on auth.session", `grant update ("userId") on auth.session to paddock_auth`,
			"create trigger refuse_disabled_user before insert on auth.session for each row execute function private.refuse_disabled_user()"},
		run: func(l *lab) {
			other := l.tenant("charlie")
			l.disable()()
			s := l.as("paddock_auth")
			s.ask(`update auth.session set "userId" = '$USER' where token = '` + other.Token + "'")
			s.ask(`insert into auth.session select id || 'x', "expiresAt", token || 'x', "createdAt", "updatedAt", null, null, '$USER' from auth.session limit 1 on conflict (id) do update set "userId" = excluded."userId"`)
			l.hasSession("another's")
		},
	},
	{
		name: "a disabled user enabled by sign-in's login",
		weak: []string{"grant execute on function private.enable_user to paddock_auth"},
		run: func(l *lab) {
			l.disable()()
			s := l.as("paddock_auth")
			for _, write := range []string{"select private.enable_user('$USER')", "delete from auth.disabled_users", "truncate auth.disabled_users",
				`update auth."user" set id = 'another' where id = '$USER'`, "alter table auth.session disable trigger all", "set session_replication_role = replica", newSession} {
				s.ask(write)
			}
			l.hasSession("by enabling themselves")
		},
	},
	{
		name: "another user disabled by sign-in's login",
		weak: []string{"grant execute on function private.disable_user to paddock_auth"},
		run: func(l *lab) {
			s := l.as("paddock_auth")
			s.ask("select private.disable_user('$B_USER')")
			s.ask("insert into auth.disabled_users (user_id) values ('$B_USER')")
		},
	},
	{
		name: "a link that resets another's password, made by the web process",
		weak: []string{"grant execute on function private.make_reset_token to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, admitted := range []bool{false, true} {
				s.mustAsk("begin")
				if admitted {
					s.mustAsk("select private.admit('$TOKEN', '$A')")
				}
				s.ask(link)
				s.ask("commit")
			}
			l.linkWorks("an injection")
		},
	},
	{
		name:  "a link from before the user changed their password",
		weak:  []string{"drop trigger forget_tokens on auth.account"},
		scene: func(l *lab) { l.password() },
		run: func(l *lab) {
			s := l.as("paddock_auth")
			s.mustAsk(link)
			must(l.t, l.admin, `update auth.account set password = 'y' where "userId" = $1`, l.b.User)
			l.linkWorks("a change of the password")
			// As they were, so that they do not look like a change.
			must(l.t, l.admin, "delete from auth.verification where value = $1", l.b.User)
			must(l.t, l.admin, "delete from app.user_audit_log where user_id = $1 and action in ('password.reset_token', 'password.change')", l.b.User)
		},
	},
	{
		name: "a link to an address that is the user's no more",
		weak: []string{`drop trigger forget_tokens on auth."user"`},
		run: func(l *lab) {
			s := l.as("paddock_auth")
			s.mustAsk(link)
			must(l.t, l.admin, `update auth."user" set email = email || '.example' where id = $1`, l.b.User)
			l.linkWorks("a change of the address")
			must(l.t, l.admin, "delete from auth.verification where value = $1", l.b.User)
			must(l.t, l.admin, "delete from app.user_audit_log where user_id = $1 and action in ('password.reset_token', 'user.change')", l.b.User)
		},
	},
	{
		name: "an invitation made by the web process",
		weak: []string{"grant execute on function private.make_invitation to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.ask("select private.make_invitation('friend@example.com', 'invitation-of-$USER', now() + interval '1 day')")
			s.ask("insert into auth.verification (id, identifier, value, \"expiresAt\") values ('x', 'invitation-of-$USER', 'friend@example.com', now() + interval '1 day')")
			if n := one[int](l.t, l.admin, "select count(*) from auth.verification where identifier = $1", "invitation-of-"+l.a.User); n > 0 {
				l.haul.learn("how to invite somebody")
			}
		},
	},
	{
		name: "the list of users",
		weak: []string{"grant execute on function private.list_users to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select email, name, sessions, accounts from private.list_users()")
			s.end()
			s.take("select email from private.list_users()")
		},
	},
	{
		name: "a user deleted by sign-in's login, past the look at their orders",
		weak: []string{`grant delete on auth."user" to paddock_auth`},
		run: func(l *lab) {
			s := l.as("paddock_auth")
			s.ask(`delete from auth."user" where id = '$B_USER'`)
			s.ask(`truncate auth."user" cascade`)
		},
	},
	{
		name: "a user deleted by the operator's function",
		weak: []string{"grant execute on function private.delete_user to paddock_auth, paddock_app"},
		run: func(l *lab) {
			for _, role := range []string{"paddock_auth", "paddock_app"} {
				s := l.as(role)
				s.ask("select private.delete_user('$B_USER', 'leave')")
			}
		},
	},
	{
		name:   "a user with open orders deleted by their own stolen session",
		weakFn: edit("private.delete_signed_in_user(text,text)", "'refuse'", "'leave'"),
		run: func(l *lab) {
			s := l.as("paddock_auth")
			s.ask(fmt.Sprintf("select private.delete_signed_in_user('%s', '')", l.b.Token))
		},
	},
	{
		name: "another's orders, told to sign-in's login as a reason not to delete them",
		weak: []string{"drop function private.delete_signed_in_user",
			`create function private.delete_signed_in_user(p_token text, p_origin text) returns jsonb volatile security definer set search_path = pg_catalog, pg_temp
			language plpgsql as $$ begin return private.delete_user(private.admit(p_token, null, p_origin), 'refuse'); end $$`,
			"alter function private.delete_signed_in_user owner to paddock_gate", "grant execute on function private.delete_signed_in_user to paddock_auth"},
		run: func(l *lab) {
			s := l.as("paddock_auth")
			// It reads every session's token, as sign-in does.
			s.take("select private.delete_signed_in_user((select token from auth.session where \"userId\" = '$B_USER'), '')")
		},
	},
	{
		name:   "a user deleted by a session of theirs that has expired",
		weakFn: edits(edit("private.session_sign_in(text)", `(s."expiresAt" > now())`, "true"), edit("private.delete_signed_in_user(text,text)", "'refuse'", "'leave'")),
		scene: func(l *lab) {
			must(l.t, l.admin, `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ($1, now() - interval '1 second', $1, now(), $2)`, "gone-"+l.a.Marker, l.b.User)
		},
		run: func(l *lab) {
			s := l.as("paddock_auth")
			for _, token := range []string{"gone-" + l.a.Marker, "", l.b.User, "session-of-" + l.b.User} {
				s.take(fmt.Sprintf("select private.delete_signed_in_user('%s', '')", token))
			}
		},
	},
}

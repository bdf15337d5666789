package isolation

import "strings"

// auditOf returns the attacker's account's audit, without what making it left there.
func (l *lab) auditOf() []string {
	l.t.Helper()
	rows := one[[]string](l.t, l.admin, "select coalesce(array_agg(concat_ws(' ', kind, actor, session_id, request_id, address, request, action, detail)), '{}') from app.audit_log where account_id = $1 and action not in ('account.create', 'credentials.store', 'order.place', 'guards.change', 'guards.switch', 'grant.create')", l.a.Account)
	return rows
}

const auditFunction = "private.audit(uuid,text,jsonb,text,text,text)"

// auditAttacks are made by who does something and would have the audit say something
// else, or by who reads it.
var auditAttacks = []attack{
	{
		name:   "the origin of a request changed after its admission",
		weakFn: edit("private.seal_mac(bytea,bytea,text,text,text,text)", "account, who, origin]", "account, who]"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, change := range []string{
				"select set_config('app.origin', 'their-session their-request 192.0.2.99 GET /innocent', true)",
				"select set_config('app.origin', '', true)",
				"set local app.origin = 'their-session their-request 192.0.2.99 GET /innocent'",
			} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$A', 'my-request 203.0.113.7 DELETE /guilty')")
				s.ask(change)
				s.ask("select private.audit_call('order.cancel_all')")
				s.ask("commit")
			}
			for _, row := range l.auditOf() {
				if strings.Contains(row, "innocent") || !strings.Contains(row, "203.0.113.7") {
					l.haul.learn("how to act with another request's name: %s", row)
				}
			}
		},
	},
	{
		name:   "a user who calls themselves an operator",
		weakFn: edit(auditFunction, "when door in ('R', 'J') then", "when door in ('R', 'J') and coalesce(current_setting('app.operator', true), '') = '' then"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.mustAsk("select set_config('app.operator', 'the boss', true)")
			s.mustAsk("select private.audit_call('order.cancel_all')")
			s.mustAsk("commit")
			for _, row := range l.auditOf() {
				if !strings.HasPrefix(row, "user "+l.a.User) {
					l.haul.learn("how to act as an operator: %s", row)
				}
			}
		},
	},
	{
		name:   "actions that a request says it did",
		weakFn: edit("private.audit_call(text,jsonb)", "if account is null then", "account := coalesce(account, private.account_id('read')); if account is null then"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, action := range []string{"credentials.decrypt", "grant.create", "report.grant", "import.done", "order.place", "x.y", ""} {
				s.begin()
				s.ask("select private.audit_call('" + action + "', '{\"by\": \"invention\"}')")
				s.ask("commit")
			}
			for _, row := range l.auditOf() {
				if strings.Contains(row, "invention") {
					l.haul.learn("how to have the audit say what did not happen: %s", row)
				}
			}
		},
	},
	{
		name: "rows of one's own audit changed",
		weak: []string{"grant update, delete on app.audit_log to paddock_app", "create policy careless on app.audit_log to paddock_app using (account_id = (select private.account_id('manage')))"},
		run: func(l *lab) {
			was := one[string](l.t, l.admin, "select string_agg(x::text, ' ' order by x.at, x.id) from app.audit_log x where account_id = $1", l.a.Account)
			s := l.as("paddock_app")
			for _, write := range []string{
				"update app.audit_log set actor = 'somebody else' where account_id = '$A'", "delete from app.audit_log where account_id = '$A'", "truncate app.audit_log",
				"insert into app.audit_log (account_id, kind, action) values ('$A', 'nobody', 'order.place')",
				"merge into app.audit_log a using (values (1)) v on a.account_id = '$A' when matched then delete",
				"update app.user_audit_log set actor = null where user_id = '$USER'", "delete from app.user_audit_log where user_id = '$USER'",
			} {
				s.begin()
				s.ask(write)
				s.ask("commit")
			}
			if one[string](l.t, l.admin, "select coalesce(string_agg(x::text, ' ' order by x.at, x.id), '') from app.audit_log x where account_id = $1", l.a.Account) != was {
				l.haul.learn("how to change the audit")
			}
		},
	},
	{
		name:  "an account's audit read by somebody who only trades",
		weak:  []string{"alter policy app_reads on app.audit_log using (account_id = (select private.account_id('read')))"},
		scene: func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.take("select * from app.audit_log")
			s.take("select detail from app.audit_log where account_id = '$B'")
			s.end()
		},
	},
	{
		name:  "an export noted by somebody who only reads",
		weak:  []string{},
		scene: func(l *lab) { l.share("viewer") },
		weakFn: edit("private.audit_call(text,jsonb)", "private.require_account('changing the account', 'manage')",
			"private.require_account('changing the account', 'read')"),
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, action := range []string{"audit.export", "configuration.change", "order.cancel", "option.exercise"} {
				s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
				s.ask("select private.audit_call('" + action + "')")
				s.ask("commit")
			}
		},
	},
	{
		name: "another user's sign-ins read",
		weak: []string{"alter policy app_reads on app.user_audit_log using (true)"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.take("select * from app.user_audit_log")
			s.take("select actor from app.user_audit_log where user_id = ''")
			s.end()
			s.take("select * from app.user_audit_log")
		},
	},
	{
		name: "refused passwords that nobody gave, by the web process",
		weak: []string{"grant execute on function private.audit_refused_sign_in to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.ask("select private.audit_refused_sign_in('password.refused', '$B_USER')")
			s.ask("select private.audit_refused_sign_in('sign_in.failed', '$B_USER')")
		},
	},
	{
		name:   "any action, told by sign-in's login",
		weakFn: edit("private.audit_refused_sign_in(text,text)", "not signed_in and p_action not in ('sign_in.failed', 'two_factor.failed')", "false"),
		run: func(l *lab) {
			s := l.as("paddock_auth")
			for _, action := range []string{"password.change", "user.delete", "session.begin"} {
				s.ask("select private.audit_refused_sign_in('" + action + "', '$B_USER')")
			}
		},
	},
	{
		name: "partitions of the audit read one by one",
		weak: []string{"do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent in ('app.audit_log'::regclass, 'app.user_audit_log'::regclass) loop execute format('grant select on %s to paddock_app', p); execute format('alter table %s disable row level security', p); end loop; end $$"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, table := range s.mustAsk("select 'app.' || c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent where p.relname like '%audit_log'") {
				s.mustAsk("savepoint s")
				if s.take("select * from "+table) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
}

package isolation

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// operator connects as an import does: as the role that migrates, in the part of
// paddock_owner.
func (l *lab) operator() *session {
	l.t.Helper()
	s := &session{l: l, conn: connect(l.t, l.db.OwnerURL)}
	s.mustAsk("set role paddock_owner")
	return s
}

// begun begins an import into the attacker's account, as an operator does for them, and
// returns its id. What its source has is the attacker's to write.
func (l *lab) begun(s *session, tables string) uuid.UUID {
	l.t.Helper()
	return uuid.MustParse(s.value(fmt.Sprintf("select import_id from private.begin_import('$USER@example.com', null, '%s', 'paper', 'source-%s', '{}', '{%s}')", l.a.Marker, uuid.NewString(), tables)))
}

// moves gives rows to an import.
func (s *session) moves(account string, id uuid.UUID, table, rows string) {
	s.l.t.Helper()
	s.ask(fmt.Sprintf("select * from private.import_rows('%s', '%s', '%s', null, '%s', '[]', 'x', true)", account, id, table, rows))
}

const importFunctions = "private.begin_import, private.import_rows, private.begin_import_session, private.undo_import, private.list_imports"

// anyOperator weakens what tells an operator's session from another one.
const anyOperator = `create or replace function private.is_operator() returns boolean stable language sql as $$ select true $$`

var hash = strings.Repeat("0", 32) + ":" + strings.Repeat("0", 128)

// importAttacks are made with a runtime login that would import, or by who writes the
// source of an import that an operator runs.
var importAttacks = []attack{
	{
		name: "rows imported into another's account by the web process",
		weak: []string{"grant execute on function " + importFunctions + " to paddock_app", anyOperator},
		run: func(l *lab) {
			s := l.as("paddock_app")
			values, err := s.ask("select import_id from private.begin_import('$B_USER@example.com', null, '$B_NAME', 'paper', 'nowhere', '{}', '{agent_logs}')")
			id := uuid.New()
			if err == nil {
				id = uuid.MustParse(values[0])
			}
			s.moves("$B", id, "agent_logs", `[{"key": "1", "message": "planted", "created_at": "2026-01-01T00:00:00Z"}]`)
			s.take("select account, owner, source from private.list_imports()")
		},
	},
	{
		name: "a session of another's made as imports make them",
		weak: []string{"grant execute on function " + importFunctions + " to paddock_worker", anyOperator},
		run: func(l *lab) {
			s := l.as("paddock_worker")
			values, err := s.ask("select import_id from private.begin_import('$B_USER@example.com', null, '$B_NAME', 'paper', 'nowhere', '{}', '{agent_logs}')")
			id := uuid.New()
			if err == nil {
				id = uuid.MustParse(values[0])
			}
			token := strings.Repeat("x", 20) + l.a.Marker
			s.ask(fmt.Sprintf("select private.begin_import_session('$B', '%s', '%s')", id, token))
			app := l.as("paddock_app")
			app.mustAsk("begin; savepoint s")
			if _, err := app.ask("select private.admit('" + token + "', '$B')"); err != nil {
				app.mustAsk("rollback to s")
			}
			app.loot()
			app.end()
		},
	},
	{
		name:   "a source that sets the password of somebody who is here",
		weak:   []string{"alter policy gate_imports on auth.account with check (true)"},
		weakFn: edit("private.import_sign_in_rows(uuid,uuid,jsonb)", "not exists (select from private.import_users i where i.account_id = p_account and i.import_id = p_import and i.user_id = r.\"userId\")", "false"),
		run: func(l *lab) {
			s := l.operator()
			id := l.begun(s, "users,sign_ins")
			s.moves("$A", id, "users", `[{"key": "1", "id": "$B_USER", "name": "x", "email": "$B_USER@example.com"}, {"key": "2", "id": "$B_USER", "name": "x", "email": "other-$USER@example.com"}]`)
			s.moves("$A", id, "sign_ins", `[{"key": "1", "id": "planted-$USER", "accountId": "$B_USER", "providerId": "credential", "userId": "$B_USER", "password": "`+hash+`"}]`)
			if one[bool](l.t, l.admin, `select exists (select from auth.account where "userId" = $1)`, l.b.User) {
				l.haul.learn("how to set another's password")
			}
		},
	},
	{
		name:   "a source that changes the address of somebody who is here",
		weakFn: edit("private.import_users_rows(uuid,uuid,jsonb)", "on conflict do nothing returning id", "on conflict (id) do update set \"updatedAt\" = now(), email = excluded.email returning id"),
		weak:   []string{`grant update (email) on auth."user" to paddock_gate`},
		run: func(l *lab) {
			s := l.operator()
			id := l.begun(s, "users")
			s.moves("$A", id, "users", `[{"key": "1", "id": "$B_USER", "name": "x", "email": "mine-$USER@example.com"}]`)
			if email := one[string](l.t, l.admin, `select email from auth."user" where id = $1`, l.b.User); email != l.b.User+"@example.com" {
				l.haul.learn("how to change another's address to %s", email)
			}
		},
	},
	{
		name:   "a source whose undoing deletes somebody who was here before",
		weakFn: edit("private.import_users_rows(uuid,uuid,jsonb)", "select p_account, p_import, m.id from made m", "select p_account, p_import, j.id from judged j"),
		run: func(l *lab) {
			must(l.t, l.admin, `insert into auth."user" (id, name, email, "emailVerified") values ($1, $1, $1 || '@example.com', true)`, "idle-"+l.b.Marker)
			s := l.operator()
			id := l.begun(s, "users")
			s.moves("$A", id, "users", fmt.Sprintf(`[{"key": "1", "id": "idle-%s", "name": "x", "email": "idle-%[1]s@example.com"}]`, l.b.Marker))
			s.ask(fmt.Sprintf("select private.undo_import('$A', '%s', 1000)", id))
			if !one[bool](l.t, l.admin, `select exists (select from auth."user" where id = $1)`, "idle-"+l.b.Marker) {
				l.haul.learn("how to delete another user")
			}
		},
	},
	{
		name: "an import's id with another's account",
		weak: []string{"alter policy gate_imports on app.agent_logs with check (true)"},
		weakFn: edits(
			edit("private.lock_import(uuid,uuid,text)", "t.account_id = p_account and t.id = p_import", "t.id = p_import"),
			func(l *lab) {
				must(l.t, l.admin, "alter table private.import_tables drop constraint import_tables_account_id_import_id_fkey")
				source := one[string](l.t, l.admin, "select pg_get_functiondef('private.import_rows(uuid,uuid,text,text,jsonb,jsonb,text,boolean)'::regprocedure)")
				must(l.t, l.admin, strings.Replace(source, "n.account_id = p_account and n.import_id = p_import", "n.import_id = p_import", 1))
			}),
		run: func(l *lab) {
			s := l.operator()
			id := l.begun(s, "agent_logs")
			s.moves("$B", id, "agent_logs", `[{"key": "1", "message": "planted", "created_at": "2026-01-01T00:00:00Z"}]`)
			s.ask(fmt.Sprintf("select private.undo_import('$B', '%s', 1000)", id))
			s.ask(fmt.Sprintf("select private.begin_import_session('$B', '%s', '%s')", id, strings.Repeat("y", 32)+l.a.Marker))
		},
	},
}

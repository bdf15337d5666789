package catalogue

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// What the gate may do for imports it does for an operator alone. Were there a hole
// in one of its functions that a login may call, the login could not write a user, a
// password, a session, an order or anything else that imports write, nor read a
// password or an import.
func TestImportsAreAnOperatorsAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	requireSuperuser(t, admin)
	kit.User(t, db, "ada")
	const account, running = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	for _, statement := range []string{
		`insert into app.user_accounts (id, user_id, name, environment) values ('` + account + `', 'ada', 'One', 'paper')`,
		`insert into app.event_heads (account_id) values ('` + account + `')`,
		`insert into private.imports (account_id, id, source, mapping, made_account) values ('` + account + `', '` + running + `', 'elsewhere', '{}', false)`,
		`insert into private.import_users (account_id, import_id, user_id) values ('` + account + `', '` + running + `', 'ada')`,
		`insert into auth.account (id, "accountId", "providerId", "userId", password, "updatedAt") values ('a', 'ada', 'credential', 'ada', 'hash', now())`,
		// The hole: it runs any SQL with the gate's rights.
		`create function private.hole(statement text) returns bigint volatile security definer set search_path = pg_catalog, pg_temp language plpgsql
			as $$ declare n bigint; begin execute statement; get diagnostics n = row_count; return n; end $$`,
		`alter function private.hole owner to paddock_gate`,
		`grant execute on function private.hole to paddock_app, paddock_worker, paddock_auth, paddock_report, paddock_owner`,
		`grant usage on schema private to paddock_report`,
	} {
		run(t, admin, statement)
	}
	login := "reader_" + db.Name
	run(t, admin, "create role "+login+" login in role paddock_report password 'test-"+login+"'")
	t.Cleanup(func() {
		if _, err := db.Conn(t, "admin").Exec(context.Background(), "drop role "+login); err != nil {
			t.Error(err)
		}
	})

	attempts := []struct{ what, sql string }{
		{"a user", `insert into auth."user" (id, name, email, "emailVerified") values ('eve', 'Eve', 'eve@example.com', true)`},
		{"a password", `insert into auth.account (id, "accountId", "providerId", "userId", password, "updatedAt") values ('b', 'ada', 'credential', 'ada', 'hash', now())`},
		{"a session", `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('import-1', now() + interval '10 minutes', 'guessed', now(), 'ada')`},
		{"a password read", `select from auth.account where password is not null`},
		{"an order", `insert into app.alpaca_orders (account_id, id, import_id, client_order_id, intent_state, symbol, side, type) values ('` + account + `', gen_random_uuid(), '` + running + `', 'x', 'accepted', 'AAPL', 'buy', 'market')`},
		{"a position", `insert into app.alpaca_positions (account_id, symbol, qty, as_of, import_id) values ('` + account + `', 'AAPL', 1, now(), '` + running + `')`},
		{"a round trip", `insert into app.imported_trading_positions (account_id, import_id, key, data) values ('` + account + `', '` + running + `', '1', '{}')`},
		{"a log entry", `insert into app.agent_logs (account_id, id, import_id, level, message) values ('` + account + `', gen_random_uuid(), '` + running + `', 'info', 'x')`},
		{"an import", `insert into private.imports (account_id, source, mapping, made_account, state, ended_at) values ('` + account + `', 'nowhere', '{}', false, 'done', now())`},
		{"an import read", `select from private.imports`},
		{"an import ended", `update private.imports set moved_keys = true`},
	}
	for _, role := range []string{"paddock_app", "paddock_worker", "paddock_auth", login} {
		conn := db.Conn(t, role)
		for _, a := range attempts {
			var n int
			err := conn.QueryRow(t.Context(), "select private.hole($1)", a.sql).Scan(&n)
			var pg *pgconn.PgError
			if !(errors.As(err, &pg) && pg.Code == "42501") && !(err == nil && n == 0) {
				t.Errorf("%s through a hole: %s: %d rows, %v", role, a.what, n, err)
			}
		}
	}

	// The same statements do what they say for an operator, so that the above can fail.
	owner := db.Conn(t, "owner")
	through := func(sql string) (n int, err error) {
		return n, owner.QueryRow(t.Context(), "select private.hole($1)", sql).Scan(&n)
	}
	for _, a := range attempts {
		if n, err := through(a.sql); err != nil || n == 0 {
			t.Errorf("an operator: %s: %d rows, %v", a.what, n, err)
		}
	}
	// Rows that came with an import go when it is undone, and not before.
	taken := []string{
		`delete from app.alpaca_orders where import_id is not null`, `delete from app.alpaca_positions where import_id is not null`,
		`delete from app.imported_trading_positions`, `delete from app.agent_logs`,
	}
	for _, sql := range taken {
		if n, err := through(sql); err != nil || n != 0 {
			t.Errorf("while the import runs: %s: %d rows, %v", sql, n, err)
		}
	}
	run(t, admin, `update private.imports set state = 'undoing', ended_at = now() where id = '`+running+`'`)
	for _, a := range attempts[1:8] { // no password, no session and no row comes with an import that does not run
		if a.what == "a password read" {
			continue
		}
		if n, err := through(fmt.Sprintf("%s on conflict do nothing", a.sql)); err == nil {
			t.Errorf("an import that is being undone brought %s: %d rows", a.what, n)
		}
	}
	for _, sql := range taken {
		if n, err := through(sql); err != nil || n != 1 {
			t.Errorf("while it is undone: %s: %d rows, %v", sql, n, err)
		}
	}
}

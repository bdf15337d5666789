package catalogue

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/sql"
	"paddock/tests/pgtest"
)

var createsFunction = regexp.MustCompile(`(?m)^create or replace function (?:app|private)\.(\w+)\(`)

// A function's file lies under the migration whose up includes it and is named for
// the function. It says create or replace, so that the down of a later migration
// can include it again.
func TestFunctionFiles(t *testing.T) {
	ups := map[string]string{}
	names, err := fs.Glob(sql.FS, "[0-9]*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := sql.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "---- create above / drop below ----")
		number, _, _ := strings.Cut(name, "_")
		ups[number] = up
	}
	err = fs.WalkDir(sql.FS, "func", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := sql.FS.ReadFile(file)
		if err != nil {
			return err
		}
		number := path.Base(path.Dir(file))
		if !strings.Contains(ups[number], `{{ template "`+file+`" . }}`) {
			t.Errorf("sql/%s: the up of migration %q does not include it", file, number)
		}
		if file == "func/001/secure_database.sql" {
			return nil // it is a statement that Migrate runs again, and not a function
		}
		made := createsFunction.FindAllStringSubmatch(string(text), -1)
		if len(made) != 1 || made[0][1]+".sql" != path.Base(file) {
			t.Errorf("sql/%s: it does not say create or replace function of its own name, once: %q", file, made)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What each admission and each look of push asks becomes a part of the statement that asks:
// a function that Postgres calls is planned and begun anew each time, which costs as much as
// all else of an admission. It is no part of it where it is not what it says that it is: one
// that says immutable, and calls array_to_string, is called.
func TestFunctionsBecomeAPartOfTheirStatements(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	for _, tt := range []struct{ function, statement string }{
		{"token_scopes_for_role", "select private.token_scopes_for_role(g.role, u.is_active, t.scopes) from app.account_grants g, app.user_accounts u, private.api_tokens t"},
		{"scopes_for_role", "select private.scopes_for_role(g.role, u.is_active) from app.account_grants g, app.user_accounts u"},
		{"usable_grants", "select * from private.usable_grants()"},
		{"session_sign_in", "select * from private.session_sign_in(current_user)"},
		{"token_sign_in", "select * from private.token_sign_in(current_user, null)"},
		{"sign_in", "select * from private.sign_in(current_user, null)"},
	} {
		rows, err := conn.Query(t.Context(), "explain (verbose, costs off) "+tt.statement)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if plan := strings.Join(lines, "\n"); strings.Contains(plan, tt.function+"(") || strings.Contains(plan, "Function Scan") {
			t.Errorf("private.%s is called:\n%s", tt.function, plan)
		}
	}
}

// What a token may do on an account by its user's role is what both allow, for each role,
// also on an account that is paused.
func TestATokensScopesAreThoseOfBoth(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	rows, err := conn.Query(t.Context(), `
		with most as (
			select array_remove(array['read', case when i & 1 > 0 then 'cancel' end, case when i & 3 = 3 then 'trade' end, case when i & 4 > 0 then 'log' end], null) as scopes
			from generate_series(0, 7) i),
		roles as (select unnest(array['owner', 'trader', 'approver', 'viewer', 'reports', 'no such role', null]) as role)
		select coalesce(r.role, 'null'), active, m.scopes::text, coalesce(x.got::text, 'null'), coalesce(x.want::text, 'null')
		from roles r cross join (values (true), (false)) a (active) cross join most m cross join lateral (select
			(select array_agg(g order by g) from unnest(string_to_array(private.token_scopes_for_role(r.role, active, m.scopes), ',')) g) as got,
			(select array_agg(w order by w) from unnest(string_to_array(private.scopes_for_role(r.role, active), ',')) w where w = any (m.scopes)) as want) x
		where x.got is distinct from x.want`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var role, scopes, got, want string
		var active bool
		if err := rows.Scan(&role, &active, &scopes, &got, &want); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s, active %v, with a token of %s: %s, want %s", role, active, scopes, got, want)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
}

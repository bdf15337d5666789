// Package catalogue checks with Postgres's own catalogue that every object of the
// schema keeps the design's rules. A table that is added without its policies
// fails here, even if nobody wrote a test for it.
package catalogue

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
	"paddock/tests/program"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	runtimeRoles = []string{"paddock_app", "paddock_worker", "paddock_auth", "paddock_report"}
	owningRoles  = []string{"paddock_owner", "paddock_gate", "paddock_recorder", "paddock_watchdog"}
)

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func offenders(t *testing.T, conn *pgx.Conn, c check, runtime, owning []string) []string {
	t.Helper()
	// A check may use both lists, one or none.
	sql := "with roles as (select $1::text[], $2::text[]) select found.* from roles cross join lateral (" + c.sql + ") found order by 1"
	rows, err := conn.Query(t.Context(), sql, runtime, owning)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return found
}

// TestCatalogue guards every rule in checks.
func TestCatalogue(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	for _, c := range checks {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			for _, what := range offenders(t, conn, c, runtimeRoles, owningRoles) {
				t.Errorf("%s: not so for %s", c.name, what)
			}
		})
	}
}

// TestEachCheckFails shows that the test above can fail: breaking one rule on a
// copy makes its check fail, and no other.
func TestEachCheckFails(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	requireSuperuser(t, conn)
	for _, c := range checks {
		for i, broken := range c.broken {
			t.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(c.name, " ", "_"), i), func(t *testing.T) {
				// What is broken here, roles included, is never committed.
				run(t, conn, "begin")
				defer conn.Exec(context.Background(), "rollback")
				runtime, owning := runtimeRoles, owningRoles
				weak := "weak_" + strings.ReplaceAll(uuid.NewString(), "-", "")
				for _, statement := range broken {
					// Roles belong to the whole server. So a role of this test's own
					// breaks the rule and is put on the list, never one that other
					// tests use.
					switch attributes, isRuntime := strings.CutPrefix(statement, "RUNTIME"); {
					case isRuntime:
						makeRole(t, conn, weak, "login "+attributes)
						runtime = append(runtime[:len(runtime):len(runtime)], weak)
						continue
					case strings.HasPrefix(statement, "OWNING"):
						makeRole(t, conn, weak, strings.TrimPrefix(statement, "OWNING"))
						owning = append(owning[:len(owning):len(owning)], weak)
						continue
					}
					run(t, conn, strings.ReplaceAll(statement, "$WEAK", weak))
				}
				run(t, conn, "reset role")
				for _, other := range checks {
					found := offenders(t, conn, other, runtime, owning)
					if other.name == c.name && len(found) == 0 {
						t.Errorf("after %q the check finds nothing", broken)
					}
					if other.name != c.name && len(found) > 0 {
						t.Errorf("after %q another check fails too: %s: %v", broken, other.name, found)
					}
				}
			})
		}
		if len(c.broken) == 0 {
			t.Errorf("%s: nothing shows that it can fail", c.name)
		}
	}
}

func makeRole(t *testing.T, conn *pgx.Conn, name, attributes string) {
	t.Helper()
	run(t, conn, "create role "+name+" "+attributes)
	for _, timeout := range []string{"statement_timeout = '15s'", "lock_timeout = '5s'", "idle_in_transaction_session_timeout = '15s'"} {
		run(t, conn, "alter role "+name+" set "+timeout)
	}
}

func requireSuperuser(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	var super bool
	if err := conn.QueryRow(t.Context(), "select rolsuper from pg_roles where rolname = current_user").Scan(&super); err != nil {
		t.Fatal(err)
	}
	if !super {
		program.Missing(t, "TEST_DATABASE_URL is no superuser: the schema cannot be broken on purpose", "name one")
	}
}

package catalogue

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/sql"
	"paddock/tests/pgtest"
	"paddock/tests/schema"
)

func look(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	facts, err := schema.Facts(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s: lost %s", what, line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: new %s", what, line)
		}
	}
}

// The role that runs the migrations is no superuser and cannot bypass policies:
// managed Postgres gives no role more than that.
func TestMigratingRoleIsModest(t *testing.T) {
	conn := pgtest.Empty(t).Conn(t, "owner")
	var super, bypass, replicate, creates bool
	err := conn.QueryRow(t.Context(), "select rolsuper, rolbypassrls, rolreplication, rolcreaterole from pg_roles where rolname = current_user").Scan(&super, &bypass, &replicate, &creates)
	if err != nil || super || bypass || replicate || !creates {
		t.Errorf("superuser %v, BYPASSRLS %v, replication %v, CREATEROLE %v: %v", super, bypass, replicate, creates, err)
	}
}

// Migrating up, down to nothing, and up again makes the same schema both times and
// leaves nothing behind in between. It goes step by step, so that each down is
// seen to undo its own up.
func TestMigrationsUpAndDown(t *testing.T) {
	conn := pgtest.Empty(t).Conn(t, "owner")
	ctx := t.Context()
	if err := sql.MigrateTo(ctx, conn, 0); err != nil {
		t.Fatal(err) // version 0 has tern's own table, which stays
	}
	_, newest, err := sql.Version(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	states := [][]string{look(t, conn)}
	for v := int32(1); v <= newest; v++ {
		if err := sql.MigrateTo(ctx, conn, v); err != nil {
			t.Fatal(err)
		}
		states = append(states, look(t, conn))
	}
	for v := newest - 1; v >= 0; v-- {
		if err := sql.MigrateTo(ctx, conn, v); err != nil {
			t.Fatal(err)
		}
		same(t, "after going down", states[v], look(t, conn))
	}
	if err := sql.Migrate(ctx, conn); err != nil {
		t.Fatalf("up again: %v", err)
	}
	same(t, "after going up again", states[newest], look(t, conn))
	if current, _, err := sql.Version(ctx, conn); err != nil || current != newest {
		t.Errorf("version %d of %d: %v", current, newest, err)
	}
	if err := sql.Migrate(ctx, conn); err != nil {
		t.Errorf("migrating what is new already: %v", err)
	}
	same(t, "after migrating twice", states[newest], look(t, conn))
}

// After all migrations are undone, PUBLIC may again do what it may in any database.
func TestDownGivesPublicBack(t *testing.T) {
	conn := pgtest.Empty(t).Conn(t, "owner")
	if err := sql.Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	if err := sql.MigrateTo(t.Context(), conn, 0); err != nil {
		t.Fatal(err)
	}
	var connect, temp, usage bool
	err := conn.QueryRow(t.Context(), `select has_database_privilege('public', current_database(), 'connect'), has_database_privilege('public', current_database(), 'temp'),
		has_schema_privilege('public', 'public', 'usage')`).Scan(&connect, &temp, &usage)
	if err != nil || !connect || !temp || !usage {
		t.Errorf("connect %v, temp %v, usage of public %v: %v", connect, temp, usage, err)
	}
}

// The migrations also run up and down on a second database of a server that has
// the roles already, and leave the first database as it is.
func TestSecondDatabaseOnOneServer(t *testing.T) {
	ctx := t.Context()
	first, second := pgtest.Empty(t).Conn(t, "owner"), pgtest.Empty(t).Conn(t, "owner")
	for _, conn := range []*pgx.Conn{first, second} {
		if err := sql.Migrate(ctx, conn); err != nil {
			t.Fatal(err)
		}
	}
	if err := sql.MigrateTo(ctx, second, 0); err != nil {
		t.Fatalf("down beside another database: %v", err)
	}
	var roles int
	if err := first.QueryRow(ctx, "select count(*) from pg_roles where rolname like 'paddock\\_%' and rolname = any ($1)", slices.Concat(runtimeRoles, owningRoles)).Scan(&roles); err != nil || roles != 8 {
		t.Errorf("the first database is left with %d of its 8 roles: %v", roles, err)
	}
	if err := sql.Migrate(ctx, second); err != nil {
		t.Fatalf("up again: %v", err)
	}
	for _, c := range checks {
		if found := offenders(t, first, c, runtimeRoles, owningRoles); len(found) > 0 {
			t.Errorf("in the first database: %s: %v", c.name, found)
		}
	}
}

// Plain tern makes the same schema from the same files, and can undo it.
func TestPlainTern(t *testing.T) {
	ctx := t.Context()
	db, other := pgtest.Empty(t), pgtest.Empty(t)
	ours := other.Conn(t, "owner")
	if err := sql.Migrate(ctx, ours); err != nil {
		t.Fatal(err)
	}
	if out, err := tern(ctx, t, db, "migrate"); err != nil {
		t.Fatalf("tern migrate: %v\n%s", err, out)
	}
	conn := db.Conn(t, "owner")
	same(t, "made by tern", databaseless(look(t, ours)), databaseless(look(t, conn)))
	if current, newest, err := sql.Version(ctx, conn); err != nil || current != newest {
		t.Errorf("after tern we see version %d of %d: %v", current, newest, err)
	}
	if out, err := tern(ctx, t, db, "migrate", "--destination", "0"); err != nil {
		t.Fatalf("tern migrate down: %v\n%s", err, out)
	}
	if current, _, err := sql.Version(ctx, conn); err != nil || current != 0 {
		t.Errorf("after tern went down we see version %d: %v", current, err)
	}
}

func databaseless(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.HasPrefix(line, "database ") })
}

func tern(ctx context.Context, t *testing.T, db *pgtest.DB, arguments ...string) (string, error) {
	t.Helper()
	u, err := url.Parse(db.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	cmd := exec.CommandContext(ctx, "go", append([]string{"tool", "tern"}, append(arguments, "-c", "tern.conf", "-m", "sql")...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(), "PGPASSWORD="+password, "PGDATABASE="+db.Name)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Renewing the seal's key keeps the key before it and none older, so that a
// transaction that is under way can end.
func TestRenewSealKeyKeepsTwo(t *testing.T) {
	db := pgtest.New(t)
	owner, admin := db.Conn(t, "owner"), db.Conn(t, "admin")
	keys := func() (ids []int64) {
		rows, err := admin.Query(t.Context(), "select id from private.seal_keys order by id")
		if err == nil {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		}
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	run(t, admin, `insert into auth."user" (id, name, email, "emailVerified", "updatedAt") values ('u', 'u', 'u', true, now())`)
	run(t, admin, `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('s', now() + interval '1 day', 't', now(), 'u')`)
	app := db.Conn(t, "paddock_app")
	run(t, app, "begin")
	run(t, app, "select private.admit('t', null)")

	before := keys()
	run(t, owner, "select private.renew_seal_key()")
	after := keys()
	if len(after) != 2 || len(before) == 0 || after[0] != before[len(before)-1] || after[1] != after[0]+1 {
		t.Errorf("keys %v became %v", before, after)
	}
	var who string
	if err := app.QueryRow(t.Context(), "select private.user_id()").Scan(&who); err != nil || who != "u" {
		t.Errorf("a transaction sealed with the key before: %q, %v", who, err)
	}
	run(t, owner, "select private.renew_seal_key()")
	if got := keys(); len(got) != 2 || got[0] != after[1] {
		t.Errorf("renewed again: %v", got)
	}
	// The key of the transaction's seal is gone now: it is refused.
	if err := app.QueryRow(t.Context(), "select private.user_id()").Scan(&who); err == nil {
		t.Errorf("a transaction whose key is gone still passes as %q", who)
	}
}

// A copy of a template database has neither its grants of CONNECT nor its settings:
// SecureDatabase makes them again.
func TestCopiedDatabaseIsSecuredAgain(t *testing.T) {
	db := pgtest.Empty(t)
	conn := db.Conn(t, "owner")
	for range 2 {
		if err := sql.Migrate(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		run(t, conn, "do $$ begin execute format('grant connect, temporary on database %I to public', current_database()); "+
			"execute format('alter database %I reset jit', current_database()); end $$")
		run(t, conn, sql.SecureDatabase())
		var jit string
		if err := db.Conn(t, "admin").QueryRow(t.Context(), "show jit").Scan(&jit); err != nil || jit != "off" {
			t.Errorf("jit is %s: %v", jit, err)
		}
		var temp, connect bool
		err := conn.QueryRow(t.Context(), "select has_database_privilege('paddock_app', current_database(), 'temp'), has_database_privilege('paddock_app', current_database(), 'connect')").Scan(&temp, &connect)
		if err != nil || temp || !connect {
			t.Errorf("temp %v, connect %v: %v", temp, connect, err)
		}
	}
}

// A restored database lets PUBLIC connect again. Migrating it takes that back.
func TestMigrateClosesARestoredDatabase(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	closed := look(t, admin)
	run(t, admin, "grant connect, temporary on database "+db.Name+" to public")
	run(t, admin, "grant usage on schema public to public")
	if slices.Equal(look(t, admin), closed) {
		t.Fatal("nothing was opened: this test proves nothing")
	}
	if err := sql.Migrate(t.Context(), db.Conn(t, "owner")); err != nil {
		t.Fatal(err)
	}
	if now := look(t, admin); !slices.Equal(now, closed) {
		t.Errorf("after migrating:\n%s\nwant\n%s", strings.Join(now, "\n"), strings.Join(closed, "\n"))
	}
}

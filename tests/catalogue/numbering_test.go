package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"paddock/sql"
	"paddock/tests/pgtest"
)

// A database with the earlier numbering of migrations, at any version, is refused
// with an error that says so and left as it is: by Paddock's own migrator, up and
// down, and by plain tern.
func TestEarlierNumberingIsRefused(t *testing.T) {
	for _, version := range []int{1, 5, 12, 16} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			db := pgtest.Empty(t)
			conn := db.Conn(t, "owner")
			run(t, conn, "create table public.schema_version (version int4 not null)")
			run(t, conn, fmt.Sprintf("insert into public.schema_version values (%d)", version))
			run(t, conn, "create schema app")
			run(t, conn, "create table app.user_accounts (id uuid primary key)")
			before := look(t, conn)

			if err := sql.Migrate(t.Context(), conn); !errors.Is(err, sql.ErrEarlierNumbering) {
				t.Errorf("migrating: %v", err)
			}
			for _, to := range []int32{0, 3} {
				if err := sql.MigrateTo(t.Context(), conn, to); !errors.Is(err, sql.ErrEarlierNumbering) {
					t.Errorf("migrating to %d: %v", to, err)
				}
			}
			same(t, "after our migrator", before, look(t, conn))

			// With plain tern, migration 001 itself refuses. Only tern's own table is
			// left behind.
			for _, to := range []string{"last", "3"} {
				out, err := tern(t.Context(), t, db, "migrate", "--destination", to)
				if err == nil || !strings.Contains(out, sql.ErrEarlierNumbering.Error()) {
					t.Errorf("tern migrate to %s: %v\n%s", to, err, out)
				}
			}
			run(t, conn, "drop table "+sql.VersionTable)
			same(t, "after tern", before, look(t, conn))
			var now int
			if err := conn.QueryRow(t.Context(), "select version from public.schema_version").Scan(&now); err != nil || now != version {
				t.Errorf("its version is %d, %v", now, err)
			}
		})
	}
}

// A database whose credentials were encrypted in the earlier form, before
// master keys had check values, is refused and left as it is.
func TestEarlierCredentialsAreRefused(t *testing.T) {
	db := pgtest.New(t)
	run(t, db.Conn(t, "admin"), "drop table private.master_keys")
	conn := db.Conn(t, "owner")
	before := look(t, conn)
	if err := sql.Migrate(t.Context(), conn); !errors.Is(err, sql.ErrEarlierNumbering) {
		t.Errorf("migrating: %v", err)
	}
	if err := sql.CheckNumbering(t.Context(), db.Conn(t, "paddock_auth")); !errors.Is(err, sql.ErrEarlierNumbering) {
		t.Errorf("as a runtime login: %v", err)
	}
	same(t, "after our migrator", before, look(t, conn))
}

// Another program's table of that name is no earlier Paddock.
func TestAnotherVersionTableIsNoEarlierNumbering(t *testing.T) {
	conn := pgtest.Empty(t).Conn(t, "owner")
	run(t, conn, "create table public.schema_version (version int4 not null)")
	if err := sql.Migrate(t.Context(), conn); err != nil {
		t.Error(err)
	}
}

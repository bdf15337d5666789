package pgtest_test

import (
	"context"
	"testing"

	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Each test has a migrated database of its own, to which every login can
// connect.
func TestDatabasesAreApart(t *testing.T) {
	ctx := context.Background()
	a, b := pgtest.New(t), pgtest.New(t)
	if _, err := a.Conn(t, "admin").Exec(ctx, `insert into auth."user" (id, name, email, "emailVerified") values ('u', 'u', 'u@example.com', false)`); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		db   *pgtest.DB
		want int
	}{{a, 1}, {b, 0}} {
		var n int
		if err := tt.db.Conn(t, "paddock_auth").QueryRow(ctx, `select count(*) from auth."user"`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != tt.want {
			t.Errorf("%s has %d users, want %d", tt.db.Name, n, tt.want)
		}
	}
	for _, role := range []string{"owner", "paddock_app", "paddock_worker"} {
		if err := a.Conn(t, role).Ping(ctx); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// A server that belongs to one test still has what was committed after it was
// killed and restarted.
func TestOwnServerSurvivesKill(t *testing.T) {
	ctx := context.Background()
	own := pgtest.StartOwn(t)
	if _, err := own.Conn(t, "admin").Exec(ctx, `insert into auth."user" (id, name, email, "emailVerified") values ('u', 'u', 'u@example.com', false)`); err != nil {
		t.Fatal(err)
	}
	own.Server.Kill()
	if err := own.Server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := own.Conn(t, "paddock_auth").QueryRow(ctx, `select count(*) from auth."user"`).Scan(&n); err != nil || n != 1 {
		t.Fatalf("after the crash there are %d users (%v), want 1", n, err)
	}
}

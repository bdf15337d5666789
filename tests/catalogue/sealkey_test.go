package catalogue

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/sql"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// sealKeys returns the ids of the seal's keys, the current one last.
func sealKeys(t *testing.T, admin *pgx.Conn) []int64 {
	t.Helper()
	rows, err := admin.Query(t.Context(), "select id from private.seal_keys order by is_current, id")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// maintain calls maintain_seal_key in so many sessions at once, and returns how
// many of them renewed the key. All of them wait for the table's lock before the
// first goes on.
func maintain(t *testing.T, db *pgtest.DB, sessions int) (renewed int) {
	t.Helper()
	admin, looker := db.Conn(t, "admin"), db.Conn(t, "admin")
	run(t, admin, "begin")
	run(t, admin, "lock table private.seal_keys in exclusive mode")
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range sessions {
		conn := db.Conn(t, "paddock_worker")
		run(t, conn, "set lock_timeout = '1min'")
		run(t, conn, "set statement_timeout = '1min'")
		calls.Go(func() {
			var did bool
			err := conn.QueryRow(context.Background(), "select private.maintain_seal_key()").Scan(&did)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if did {
				renewed++
			}
		})
	}
	kit.Eventually(t, "all sessions to wait for the lock", func() bool {
		var waiting int
		err := looker.QueryRow(t.Context(), "select count(*) from pg_locks where relation = 'private.seal_keys'::regclass and not granted").Scan(&waiting)
		return err == nil && waiting == sessions
	})
	run(t, admin, "commit")
	calls.Wait()
	return renewed
}

// However many instances look after the seal's key, it is renewed once an hour:
// a transaction that was admitted just before stays admitted, and for another
// hour at least.
func TestSealKeyIsRenewedOnceAnHour(t *testing.T) {
	db := pgtest.New(t)
	admin, app := db.Conn(t, "admin"), db.Conn(t, "paddock_app")
	token := kit.User(t, db, "u")
	age := func(by string) {
		run(t, admin, "update private.seal_keys set created_at = created_at - interval '"+by+"'")
	}
	admitted := func() error {
		var who string
		return app.QueryRow(t.Context(), "select private.user_id()").Scan(&who)
	}

	age("1 day")
	if n := maintain(t, db, 1); n != 1 {
		t.Fatal("a key of yesterday was not renewed")
	}
	first := sealKeys(t, admin)
	if n := maintain(t, db, 5); n != 0 {
		t.Errorf("a new key was renewed %d times", n)
	}
	age("59 minutes")
	if n := maintain(t, db, 5); n != 0 {
		t.Errorf("a key of 59 minutes was renewed %d times", n)
	}
	run(t, app, "set idle_in_transaction_session_timeout = 0")
	run(t, app, "begin")
	run(t, app, "select private.admit('"+token+"', null)")
	age("2 minutes")
	if n := maintain(t, db, 5); n != 1 {
		t.Errorf("a key of 61 minutes was renewed %d times by 5 instances", n)
	}
	second := sealKeys(t, admin)
	if len(second) != 2 || second[0] != first[len(first)-1] || second[1] != second[0]+1 {
		t.Errorf("the keys %v became %v", first, second)
	}
	// migrate calls the same, so that it cannot take the older key away early.
	for range 3 {
		if err := sql.Migrate(t.Context(), db.Conn(t, "owner")); err != nil {
			t.Fatal(err)
		}
	}
	if err := admitted(); err != nil {
		t.Errorf("a transaction under way: %v", err)
	}
	age("59 minutes")
	if n := maintain(t, db, 5); n != 0 || admitted() != nil {
		t.Errorf("within the hour: renewed %d times, and %v", n, admitted())
	}
	// After another hour a key that was seen seals nothing any more.
	age("2 minutes")
	if n := maintain(t, db, 5); n != 1 || slices.Contains(sealKeys(t, admin), second[0]) {
		t.Errorf("an hour later: renewed %d times, the keys are %v", n, sealKeys(t, admin))
	}
	if admitted() == nil {
		t.Error("a seal of a key that is gone still passes")
	}
}

// Where there is no key, as in a restored database, the first caller makes one,
// and so does migrate.
func TestSealKeyIsMadeWhereThereIsNone(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	token := kit.User(t, db, "u")
	for what, mend := range map[string]func() error{
		"by an instance": func() error { maintain(t, db, 5); return nil },
		"by migrate":     func() error { return sql.Migrate(t.Context(), db.Conn(t, "owner")) },
	} {
		run(t, admin, "delete from private.seal_keys")
		if err := mend(); err != nil {
			t.Fatal(err)
		}
		if keys := sealKeys(t, admin); len(keys) != 1 {
			t.Errorf("%s: the keys are %v", what, keys)
		}
		if _, err := db.Conn(t, "paddock_app").Exec(t.Context(), "select private.admit($1, null)", token); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A key whose time lies ahead, since the clock was set back, is renewed; a few
// seconds ahead are none.
func TestSealKeyOfASetBackClockIsRenewed(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	for ahead, want := range map[string]int{"1 year": 1, "2 hours": 1, "5 seconds": 0} {
		run(t, admin, "update private.seal_keys set created_at = now() + interval '"+ahead+"'")
		if n := maintain(t, db, 3); n != want {
			t.Errorf("a key that is %s ahead was renewed %d times, want %d", ahead, n, want)
		}
	}
}

// A database without a name for the doorbell's channel, as a restored one is,
// names it once, whoever asks first.
func TestDoorbellIsNamedWhereItHasNoName(t *testing.T) {
	db := pgtest.New(t)
	run(t, db.Conn(t, "admin"), "delete from private.doorbell")
	names := make(chan string, 8)
	var asking sync.WaitGroup
	for range cap(names) {
		conn := db.Conn(t, "paddock_worker")
		asking.Go(func() {
			var name string
			if err := conn.QueryRow(context.Background(), "select private.doorbell_channel()").Scan(&name); err != nil {
				t.Error(err)
			}
			names <- name
		})
	}
	asking.Wait()
	close(names)
	first := <-names
	if first == "" {
		t.Error("it has no name")
	}
	for name := range names {
		if name != first {
			t.Errorf("it is named %s and %s", first, name)
		}
	}
}

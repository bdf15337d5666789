package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// standbyFixture is a primary of the test's own with a standby, and an account that
// is read on either.
type standbyFixture struct {
	t       *testing.T
	primary *pgtest.Own
	standby *pgtest.Replica
	db      *tenant.DB
	token   string
	account uuid.UUID
}

func newStandbyFixture(t *testing.T) *standbyFixture {
	t.Helper()
	if testing.Short() {
		t.Skip("starts two servers")
	}
	t.Parallel()
	f := &standbyFixture{t: t, primary: pgtest.StartOwn(t)}
	f.token = kit.User(t, f.primary.DB, "u1")
	f.standby = f.primary.Replica(t, "one")
	f.db = f.reading(f.primary.DB, f.standby.DB)
	err := f.db.Tx(t.Context(), f.user(), func(b *tenant.Batch) {
		b.Queue("select private.create_account('one', 'paper')").QueryRow(func(row pgx.Row) error { return row.Scan(&f.account) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reading returns a DB of the primary that reads on the standby, as long as the test
// runs.
func (f *standbyFixture) reading(primary, standby *pgtest.DB) *tenant.DB {
	f.t.Helper()
	db := tenant.NewDB(primary.Pool(f.t, "paddock_app"), kit.SilentBell{})
	db.Replica = tenant.NewReplica(standby.Pool(f.t, "paddock_app"), primary.Pool(f.t, "paddock_app"),
		tenant.NewWorker(primary.Pool(f.t, "paddock_worker"), nil), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = db.Replica.Run(ctx) }) // it ends with ctx, without an error
	f.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return db
}

func (f *standbyFixture) user() tenant.Admission { return tenant.Admission{Token: f.token} }
func (f *standbyFixture) owner() tenant.Admission {
	return tenant.Admission{Token: f.token, Account: f.account}
}

// rename changes the account's name on the primary.
func (f *standbyFixture) rename(name string) {
	f.t.Helper()
	err := f.db.Tx(f.t.Context(), f.owner(), func(b *tenant.Batch) {
		b.Queue("update app.user_accounts set name = $2 where id = $1", f.account, name)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// read returns the account's name, and whether a standby told it.
func (f *standbyFixture) read(db *tenant.DB) (name string, onStandby bool, err error) {
	err = db.Read(f.t.Context(), f.owner(), func(b *tenant.Batch) {
		b.Queue("select name, pg_is_in_recovery() from app.user_accounts").QueryRow(func(row pgx.Row) error { return row.Scan(&name, &onStandby) })
	})
	return name, onStandby, err
}

// used waits until reads go to the standby of db.
func (f *standbyFixture) used(db *tenant.DB) {
	f.t.Helper()
	kit.Within(f.t, 30*time.Second, "reads to go to the standby", func() error {
		if _, onStandby, err := f.read(db); err != nil || !onStandby {
			return fmt.Errorf("the primary answers (%v): %+v", err, db.Replica.State())
		}
		return nil
	})
}

// What was committed before a read is always in it, whoever wrote it, and wherever
// the read was run: while the standby follows, while it is stopped at any moment,
// and when it goes on.
func TestReadsSeeWhatWasWritten(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	const writes = 600
	quit := make(chan struct{})
	var others sync.WaitGroup
	for range 2 { // with whom the questions to the primary are shared
		others.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				if _, _, err := f.read(f.db); err != nil {
					t.Errorf("another read failed: %v", err)
					return
				}
			}
		})
	}
	var stopping sync.WaitGroup
	stopping.Go(func() { // stops and starts the standby's replay the whole time
		for n := 0; ; n++ {
			f.standby.Do(t, []string{"select pg_wal_replay_pause()", "select pg_wal_replay_resume()"}[n%2])
			select {
			case <-quit:
				f.standby.Do(t, "select pg_wal_replay_resume()")
				return
			case <-time.After(time.Duration([]int{5 + n*37%90, 300 + n*37%90}[n%2]) * time.Millisecond):
			}
		}
	})
	onStandby := 0
	for n := range writes {
		want := fmt.Sprint("name ", n)
		f.rename(want)
		got, standby, err := f.read(f.db)
		if err != nil || got != want {
			t.Errorf("after %q a read shows %q (%v), on the standby: %v", want, got, err, standby)
			break
		}
		if standby {
			onStandby++
		}
	}
	close(quit)
	stopping.Wait()
	others.Wait()
	t.Logf("%d of %d reads were run on the standby: %v", onStandby, writes, f.db.Replica.State().Reads)
	if onStandby == 0 || onStandby == writes {
		t.Errorf("%d of %d reads were run on the standby, which was stopped now and then", onStandby, writes)
	}
	f.used(f.db)
}

// Nobody reads who may not any more, however far behind the standby is: a grant that
// was taken, a session that was ended and a user who was disabled count from their
// commit on.
func TestNobodyReadsOnTheStandbyWhoMayNot(t *testing.T) {
	f := newStandbyFixture(t)
	admin := f.primary.Conn(t, "admin")
	for _, stopped := range []bool{false, true} {
		for n, revoked := range []struct {
			what, statement string
			want            problem.Code
		}{
			{"the grant", `delete from app.account_grants where user_id = $1`, problem.AccountForbidden},
			{"the grant's time", `update app.account_grants set expires_at = clock_timestamp() where user_id = $1`, problem.AccountForbidden},
			{"the session", `delete from auth.session where "userId" = $1`, problem.Unauthenticated},
			{"the session's time", `update auth.session set "expiresAt" = clock_timestamp() where "userId" = $1`, problem.Unauthenticated},
			{"the user", `delete from auth."user" where id = $1`, problem.Unauthenticated},
		} {
			user := fmt.Sprint("viewer-", n, stopped)
			viewer := tenant.Admission{Token: kit.User(t, f.primary.DB, user), Account: f.account}
			if _, err := admin.Exec(t.Context(), "insert into app.account_grants (account_id, user_id, role) values ($1, $2, 'viewer')", f.account, user); err != nil {
				t.Fatal(err)
			}
			onStandby := func() (is bool, err error) {
				err = f.db.Read(t.Context(), viewer, func(b *tenant.Batch) {
					b.Queue("select pg_is_in_recovery() from app.user_accounts").QueryRow(func(row pgx.Row) error { return row.Scan(&is) })
				})
				return is, err
			}
			kit.Within(t, 30*time.Second, "the viewer to read on the standby", func() error {
				is, err := onStandby()
				if err == nil && !is {
					err = errors.New("the primary answers")
				}
				return err
			})
			if stopped {
				f.standby.Do(t, "select pg_wal_replay_pause()")
			}
			if _, err := admin.Exec(t.Context(), revoked.statement, user); err != nil {
				t.Fatal(err)
			}
			if is, err := onStandby(); !problem.Is(err, revoked.want) {
				t.Errorf("stopped %v, without %s: %v (on the standby: %v), want %s", stopped, revoked.what, err, is, revoked.want)
			}
			if stopped {
				f.standby.Do(t, "select pg_wal_replay_resume()")
			}
		}
	}
}

// On the standby an account's rows are its own, as on the primary: another user is
// refused, and settings that somebody makes by hand are no admission.
func TestTheStandbyAdmitsAsThePrimaryDoes(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	other := kit.User(t, f.primary.DB, "u2")
	err := f.db.Read(t.Context(), tenant.Admission{Token: other, Account: f.account}, func(b *tenant.Batch) { b.Queue("select 1") })
	if !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("another user is answered %v", err)
	}
	conn := f.standby.Conn(t, "paddock_app")
	var n int
	kit.Within(t, 30*time.Second, "the standby to have the account", func() error {
		var there bool
		if err := f.standby.Conn(t, "admin").QueryRow(t.Context(), "select exists (select from auth.session where token = $1)", other).Scan(&there); err != nil || !there {
			return fmt.Errorf("there: %v (%v)", there, err)
		}
		return nil
	})
	for name, statement := range map[string]string{
		"no admission": "select count(*) from app.user_accounts",
		"by hand":      "select set_config('app.account_id', '" + f.account.String() + "', true), set_config('app.user_id', 'u1', true), set_config('app.seal', repeat('0', 64) || '1.R.read', true)",
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if name == "by hand" {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			statement = "select count(*) from app.user_accounts"
		}
		if err := tx.QueryRow(t.Context(), statement).Scan(&n); err == nil && n != 0 || err != nil && tenant.SQLState(err) != "42501" {
			t.Errorf("%s: %d accounts (%v)", name, n, err)
		}
		_ = tx.Rollback(t.Context()) // nothing was changed
	}
	_, err = conn.Exec(t.Context(), "select private.admit($1, $2)", other, f.account)
	if tenant.SQLState(err) != "PD403" {
		t.Errorf("the standby admits another user: %v", err)
	}
}

// A standby that is killed, restarted or loses its sessions fails no read.
func TestAStandbyThatFailsFailsNoRead(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	quit := make(chan struct{})
	var reading sync.WaitGroup
	var reads, onStandby atomic.Int64
	for range 4 {
		reading.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				name, standby, err := f.read(f.db)
				if reads.Add(1); err != nil || name != "one" {
					t.Errorf("a read shows %q (%v), on the standby: %v", name, err, standby)
					return
				}
				if standby {
					onStandby.Add(1)
				}
			}
		})
	}
	for range 3 {
		f.used(f.db)
		f.standby.Do(t, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'paddock_app'")
		f.used(f.db)
		f.standby.Server.Kill()
		before := reads.Load()
		kit.Within(t, 30*time.Second, "reads without the standby", func() error {
			if reads.Load() < before+100 {
				return errors.New("there are few")
			}
			return nil
		})
		if err := f.standby.Server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(quit)
	reading.Wait()
	t.Logf("%d reads, %d of them on the standby: %v", reads.Load(), onStandby.Load(), f.db.Replica.State().Reads)
}

// A standby that was promoted, and one that follows a primary which is gone, are not
// read from, although they have come farther than the primary that there is.
func TestAStandbyOfAnotherHistoryIsNotRead(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	left := f.primary.Replica(t, "two")
	left.Server.Kill()
	for range 400 { // only the first standby hears of this, which is more than the other writes when it is promoted
		f.rename("lost")
	}
	f.used(f.db)
	f.primary.Server.Kill()
	if err := left.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	left.Do(t, "select pg_promote()")
	now := f.reading(left.DB, f.standby.DB)
	kit.Within(t, 30*time.Second, "the new primary to take changes", func() error {
		return now.Tx(t.Context(), f.owner(), func(b *tenant.Batch) {
			b.Queue("update app.user_accounts set name = 'found' where id = $1", f.account)
		})
	})
	var ahead bool
	var reached string
	if err := f.standby.Conn(t, "admin").QueryRow(t.Context(), "select pg_last_wal_replay_lsn()::text").Scan(&reached); err != nil {
		t.Fatal(err)
	}
	if err := left.Conn(t, "admin").QueryRow(t.Context(), "select pg_current_wal_insert_lsn() < $1::text::pg_lsn", reached).Scan(&ahead); err != nil || !ahead {
		t.Fatalf("the standby of the old primary is ahead of the new one: %v (%v)", ahead, err)
	}
	kit.Within(t, 30*time.Second, "the new primary's run to have an id", func() (err error) {
		var named bool
		if err = left.Conn(t, "paddock_app").QueryRow(t.Context(), "select run is not null from private.read_index()").Scan(&named); err == nil && !named {
			err = errors.New("it has none")
		}
		return err
	})
	for range 20 {
		if name, onStandby, err := f.read(now); err != nil || onStandby || name != "found" {
			t.Fatalf("the account is %q (%v), on the standby: %v", name, err, onStandby)
		}
	}
	wantRefused(t, left.DB, f.standby.DB, "another_history", 0)

	f.standby.Do(t, "select pg_promote()")
	wantRefused(t, left.DB, f.standby.DB, "promoted", 0)
}

// A primary that was started again, which may be an older copy of itself, is another
// run: a standby is not read before it has heard of that.
func TestARestartedPrimaryIsAnotherRun(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	run := func() (run *uuid.UUID) {
		t.Helper()
		if err := f.primary.Conn(t, "paddock_app").QueryRow(t.Context(), "select run from private.read_index()").Scan(&run); err != nil {
			t.Fatal(err)
		}
		return run
	}
	before := run()
	f.primary.Server.Kill()
	if err := f.primary.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	kit.Within(t, 30*time.Second, "the new run to have an id", func() error {
		if now := run(); now == nil || *now == *before {
			return fmt.Errorf("it is %v, and was %v", now, before)
		}
		return nil
	})
	f.used(f.db)
}

// A standby whose clock is behind admits nobody: what has ended by the primary's
// clock could still hold by its own. Only paddock_app reads there.
func TestAStandbyWhoseClockIsBehindIsNotRead(t *testing.T) {
	f := newStandbyFixture(t)
	f.used(f.db)
	wantRefused(t, f.primary.DB, f.standby.DB, "clock", time.Hour)
	wantRefused(t, f.primary.DB, f.primary.DB, "promoted", 0) // a URL of the primary itself
	_, err := f.standby.Conn(t, "admin").Exec(t.Context(), "select private.check_replica(gen_random_uuid(), '0/0', now(), '0')")
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Message != "login" {
		t.Errorf("a superuser is answered %v", err)
	}
}

// A commit that the standby shows before the primary does, as where that waits for a
// synchronous standby which is away, is not shown by either.
func TestTheStandbyShowsNothingBeforeThePrimary(t *testing.T) {
	f := newStandbyFixture(t)
	f.rename("before")
	f.used(f.db)
	admin := f.primary.Conn(t, "admin")
	for _, statement := range []string{"alter system set synchronous_standby_names = 'nobody'", "select pg_reload_conf()"} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	// The checkpointer tells all others that commits wait, and it reads the setting in its own
	// time: so it is tried, by a commit that changes nothing.
	kit.Within(t, 30*time.Second, "commits on the primary to wait for a standby", func() error {
		probe := f.primary.Conn(t, "admin")
		over := make(chan error, 1)
		go func() {
			_, err := probe.Exec(context.Background(), "select pg_logical_emit_message(true, 'test', '')")
			over <- err
		}()
		for {
			select {
			case err := <-over:
				return fmt.Errorf("one did not wait (%v)", err)
			case <-time.After(10 * time.Millisecond):
			}
			var waits bool
			err := admin.QueryRow(t.Context(), "select coalesce(wait_event, '') = 'SyncRep' and pg_cancel_backend(pid) from pg_stat_activity where pid = $1", probe.PgConn().PID()).Scan(&waits)
			if err != nil || waits {
				return err
			}
		}
	})
	var changing sync.WaitGroup
	changing.Go(func() { f.rename("after") }) // returns when nobody is waited for any more
	shown := f.standby.Conn(t, "admin")
	kit.Within(t, 30*time.Second, "the standby to show it", func() error {
		var name string
		if err := shown.QueryRow(t.Context(), "select name from app.user_accounts where id = $1", f.account).Scan(&name); err != nil || name != "after" {
			return fmt.Errorf("it shows %q (%v)", name, err)
		}
		return nil
	})
	for range 100 {
		if name, onStandby, err := f.read(f.db); err != nil || name != "before" {
			t.Errorf("the account is %q (%v), on the standby: %v, and the primary does not show that", name, err, onStandby)
			break
		}
	}
	if n := f.db.Replica.State().Reads["unfinished"]; n == 0 {
		t.Error("no read found that the standby is ahead")
	}
	for _, statement := range []string{"alter system reset synchronous_standby_names", "select pg_reload_conf()"} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	changing.Wait()
	f.used(f.db)
	if name, _, err := f.read(f.db); err != nil || name != "after" {
		t.Errorf("the account is %q (%v) in the end", name, err)
	}
}

// wantRefused checks for which reason a standby refuses the index of a primary, whose
// clock is so far ahead.
func wantRefused(t *testing.T, primary, standby *pgtest.DB, why string, ahead time.Duration) {
	t.Helper()
	var run *uuid.UUID
	var lsn string
	var clock time.Time
	if err := primary.Conn(t, "paddock_app").QueryRow(t.Context(), "select run, lsn::text, clock from private.read_index()").Scan(&run, &lsn, &clock); err != nil || run == nil {
		t.Fatalf("the primary's run is %v (%v)", run, err)
	}
	_, err := standby.Conn(t, "paddock_app").Exec(t.Context(), "select private.check_replica($1, $2, $3, $4)", run, lsn, clock.Add(ahead), 2*time.Second)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "PD480" || pg.Message != why {
		t.Errorf("the standby answers %v, want %s", err, why)
	}
}

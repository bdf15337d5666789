package reporting_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/pgdev"
	"paddock/app/problem"
	"paddock/app/reporting"
	"paddock/tests/kit"
)

// listed returns what List says of a login.
func (w *world) listed(t *testing.T, name string) reporting.Login {
	t.Helper()
	logins, err := reporting.List(t.Context(), w.owner)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(logins, func(l reporting.Login) bool { return l.Name == name })
	if i < 0 {
		t.Fatalf("the list has no %s: %+v", name, logins)
	}
	return logins[i]
}

// A login sees nothing once its time has ended, in a session and even in a
// transaction that began before; and nobody signs in with its password any more.
func TestNothingIsSeenAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	name := newName()
	if _, err := reporting.Create(t.Context(), w.owner, name, w.accounts[:1], "", time.Now().Add(-time.Minute)); !problem.Is(err, problem.InvalidReportEnd) {
		t.Errorf("an end in the past: %v", err)
	}
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	password, err := reporting.Create(t.Context(), w.owner, name, w.accounts[:1], "", until)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.forget(t, name) })
	if l := w.listed(t, name); !l.Until.Equal(until) || !slices.Equal(l.Accounts, w.accounts[:1]) {
		t.Errorf("the list says %+v", l)
	}
	conn, inside := w.login(t, name, password), w.login(t, name, password)
	ends := func(in string) {
		var at string
		if err := w.owner.QueryRow(t.Context(), "select (clock_timestamp() + $1::text::interval)::text", in).Scan(&at); err != nil {
			t.Fatal(err)
		}
		run(t, w.owner, "alter role "+name+" valid until '"+at+"'")
	}
	ends("15 seconds")
	run(t, inside, "begin isolation level repeatable read")
	for _, c := range []*pgx.Conn{conn, inside} {
		if got := sees(t, c); len(got) != 1 {
			t.Fatalf("it sees %v before its end", got)
		}
	}
	kit.Eventually(t, "a transaction from before the end to see nothing", func() bool {
		var seen int
		if err := inside.QueryRow(t.Context(), "select count(*) from report.accounts").Scan(&seen); err != nil {
			t.Fatal(err)
		}
		return seen == 0
	})
	if got := sees(t, inside); len(got) != 0 {
		t.Errorf("a transaction from before the end sees %v", got)
	}
	if got := sees(t, conn); len(got) != 0 {
		t.Errorf("a session sees %v", got)
	}
	for _, trick := range []string{"alter role " + name + " valid until 'infinity'", "set role paddock_report"} {
		if _, err := conn.Exec(t.Context(), trick); err == nil && len(sees(t, conn)) != 0 {
			t.Errorf("after %s it sees something", trick)
		}
	}
	_, err = w.connect(t, name, password)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "28P01" {
		t.Errorf("signing in after the end: %v", err)
	}
}

// Accounts are given to a login and taken from it, from its next statement on. A
// refused change changes nothing.
func TestGrantAndRevoke(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	conn := w.login(t, name, password)
	for _, tt := range []struct {
		what   string
		change func() error
		code   problem.Code
		want   []uuid.UUID
	}{
		{"grant", func() error { return reporting.Grant(t.Context(), w.owner, name, w.accounts[1:], "") }, problem.Code{}, w.accounts},
		{"grant again", func() error { return reporting.Grant(t.Context(), w.owner, name, w.accounts[:1], "") }, problem.Code{}, w.accounts},
		{"grant none", func() error { return reporting.Grant(t.Context(), w.owner, name, nil, "") }, problem.ReportNeedsAccount, w.accounts},
		{"grant to a runtime login", func() error { return reporting.Grant(t.Context(), w.owner, "paddock_app", w.accounts, "") }, problem.UnknownReportLogin, w.accounts},
		{"revoke", func() error { return reporting.Revoke(t.Context(), w.owner, name, w.accounts[1:2]) }, problem.Code{}, []uuid.UUID{w.accounts[0], w.accounts[2]}},
		{"revoke twice", func() error {
			return reporting.Revoke(t.Context(), w.owner, name, []uuid.UUID{w.accounts[0], w.accounts[1]})
		}, problem.ReportNotGranted, []uuid.UUID{w.accounts[0], w.accounts[2]}},
		{"revoke none", func() error { return reporting.Revoke(t.Context(), w.owner, name, nil) }, problem.ReportNeedsAccount, []uuid.UUID{w.accounts[0], w.accounts[2]}},
		{"grant one that there is not", func() error {
			return reporting.Grant(t.Context(), w.owner, name, []uuid.UUID{w.accounts[1], uuid.New()}, "")
		}, problem.UnknownAccount, []uuid.UUID{w.accounts[0], w.accounts[2]}},
		{"revoke all", func() error {
			return reporting.Revoke(t.Context(), w.owner, name, []uuid.UUID{w.accounts[0], w.accounts[2]})
		}, problem.Code{}, nil},
		{"revoke of nobody", func() error { return reporting.Revoke(t.Context(), w.owner, newName(), w.accounts[:1]) }, problem.UnknownReportLogin, nil},
	} {
		err := tt.change()
		if tt.code == (problem.Code{}) && err != nil || tt.code != (problem.Code{}) && !problem.Is(err, tt.code) {
			t.Errorf("%s: %v, want %v", tt.what, err, tt.code)
		}
		want := sorted(slices.Clone(tt.want)...)
		if got := sees(t, conn); !slices.Equal(got, want) {
			t.Errorf("after %s it sees %v, want %v", tt.what, got, want)
		}
		if got := w.listed(t, name).Accounts; !slices.Equal(got, want) {
			t.Errorf("after %s the list says %v, want %v", tt.what, got, want)
		}
	}
}

// A rotated password is another one; the old one is refused, and sessions that
// were opened with it are ended. The login sees what it saw.
func TestRotate(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	old := w.login(t, name, password)
	if n := w.listed(t, name).Sessions; n != 1 {
		t.Errorf("the list says %d sessions", n)
	}
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	again, err := reporting.Rotate(t.Context(), w.owner, name, until)
	if err != nil {
		t.Fatal(err)
	}
	if again == password || len(again) < 32 {
		t.Errorf("the new password has %d characters, the old one again: %v", len(again), again == password)
	}
	kit.Eventually(t, "the old session to be ended", func() bool {
		_, err := old.Exec(t.Context(), "select 1")
		return err != nil
	})
	if _, err := w.connect(t, name, password); err == nil {
		t.Error("the old password is still good")
	}
	if got := sees(t, w.login(t, name, again)); !slices.Equal(got, w.accounts[:1]) {
		t.Errorf("it sees %v", got)
	}
	if l := w.listed(t, name); !l.Until.Equal(until) {
		t.Errorf("it ends %s", l.Until)
	}
	for _, other := range []string{"paddock_app", "paddock_report", newName()} {
		if _, err := reporting.Rotate(t.Context(), w.owner, other, until); !problem.Is(err, problem.UnknownReportLogin) {
			t.Errorf("rotate %s: %v", other, err)
		}
	}
	if _, err := reporting.Rotate(t.Context(), w.owner, name, time.Now().Add(-time.Hour)); !problem.Is(err, problem.InvalidReportEnd) {
		t.Errorf("an end in the past: %v", err)
	}
}

// Temporary files of each new login are bounded as soon as a superuser has let
// the migrating role do so, which Harden does.
func TestNewLoginsAreBoundedOnceHardened(t *testing.T) {
	w := newOwnWorld(t)
	run(t, w.db.Conn(t, "admin"), "revoke set on parameter temp_file_limit from "+pgdev.Owner) // which make run gives it
	limit := func() (limit string) {
		name, password := w.create(t, w.accounts[0])
		if err := w.login(t, name, password).QueryRow(t.Context(), "show temp_file_limit").Scan(&limit); err != nil {
			t.Fatal(err)
		}
		return limit
	}
	if got := limit(); got != "-1" {
		t.Errorf("temp_file_limit is %q before", got)
	}
	if _, err := reporting.Harden(t.Context(), w.db.Conn(t, "admin")); err != nil {
		t.Fatal(err)
	}
	if got := limit(); got != "1GB" {
		t.Errorf("temp_file_limit is %q", got)
	}
}

// stubborn has a login's sessions set its password, over and over, and one of them
// hold the login's row locked, until the test ends or they can sign in no more. It
// returns when both have begun.
func (w *world) stubborn(t *testing.T, name, password string) {
	t.Helper()
	holder := w.login(t, name, password)
	run(t, holder, "set idle_in_transaction_session_timeout = 0")
	run(t, holder, "begin read write")
	run(t, holder, "alter role "+name+" set work_mem = '1MB'")
	run(t, holder, "alter role "+name+" password 'stolen'")
	var sessions sync.WaitGroup
	t.Cleanup(sessions.Wait)
	began := make(chan struct{}, 4)
	for range cap(began) {
		conn := w.login(t, name, password)
		run(t, conn, "set default_transaction_read_only = off")
		sessions.Go(func() {
			for began <- struct{}{}; t.Context().Err() == nil; {
				if _, err := conn.Exec(t.Context(), "alter role "+name+" password 'stolen'"); err != nil && conn.IsClosed() {
					var failed error
					if conn, failed = w.connect(t, name, "stolen"); failed != nil {
						return
					}
					_, _ = conn.Exec(t.Context(), "set default_transaction_read_only = off") // it may be ended again
				}
			}
		})
	}
	for range cap(began) {
		<-began
	}
}

// Who has a login's password cannot keep it: not by setting it again while it is
// rotated, nor by holding the login's row locked.
func TestNoLoginKeepsItsPassword(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	w.stubborn(t, name, password)
	fresh, err := reporting.Rotate(t.Context(), w.owner, name, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{password, "stolen"} {
		if _, err := w.connect(t, name, old); err == nil {
			t.Errorf("after the rotation somebody signs in with %q", old)
		}
	}
	if got := sees(t, w.login(t, name, fresh)); !slices.Equal(got, w.accounts[:1]) {
		t.Errorf("with the new password it sees %v", got)
	}
}

// A login that owns something, which no reporting login needs any right for, cannot be
// dropped, but it sees nothing any more, and nobody signs in with it. Once what it
// owns is gone it is dropped.
func TestADroppedLoginIsGoodForNothing(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	conn := w.login(t, name, password)
	run(t, conn, "set default_transaction_read_only = off")
	run(t, conn, "alter default privileges grant select on tables to public")
	w.stubborn(t, name, password)
	if err := reporting.Drop(t.Context(), w.owner, name); !problem.Is(err, problem.ReportLoginOwnsObjects) {
		t.Errorf("drop: %v", err)
	}
	for _, old := range []string{password, "stolen"} {
		if _, err := w.connect(t, name, old); err == nil {
			t.Errorf("after the drop somebody signs in with %q", old)
		}
	}
	if _, err := conn.Exec(t.Context(), "select 1"); err == nil {
		t.Error("its session goes on")
	}
	var grants int
	if err := w.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from private.report_grants where role_name = $1", name).Scan(&grants); err != nil || grants != 0 {
		t.Errorf("%d grants are left (%v)", grants, err)
	}
	run(t, w.db.Conn(t, "admin"), "drop owned by "+name)
	if err := reporting.Drop(t.Context(), w.owner, name); err != nil {
		t.Errorf("drop, when it owns nothing: %v", err)
	}
}

// The role that migrates is no reporting login, though from version 16 of Postgres on
// it is a member of the group as of all that it made: it is not listed, and neither
// dropped nor given another password.
func TestTheRoleThatMigratesIsNoReportingLogin(t *testing.T) {
	w := newOwnWorld(t)
	var migrates string
	if err := w.owner.QueryRow(t.Context(), "select current_user").Scan(&migrates); err != nil {
		t.Fatal(err)
	}
	admin := w.db.Conn(t, "admin")
	for _, group := range []string{"paddock_report", "paddock_watchdog"} {
		run(t, admin, "grant "+group+" to "+pgx.Identifier{migrates}.Sanitize()+" with admin option")
	}
	logins, err := reporting.List(t.Context(), w.owner)
	if err != nil || len(logins) > 0 {
		t.Errorf("listed are %+v (%v)", logins, err)
	}
	if err := reporting.Drop(t.Context(), w.owner, migrates); !problem.Is(err, problem.UnknownReportLogin) {
		t.Errorf("dropping it: %v", err)
	}
	run(t, w.owner, "select 1") // it is still there
}

// A login that is a user's sees an account as long as the user has it for reports, or owns
// it, and from its next statement on no more.
func TestALoginOfAUser(t *testing.T) {
	w := newWorld(t)
	kit.UserBy(t, w.db.Conn(t, "paddock_auth"), "reader")
	admin, at := w.db.Conn(t, "admin"), w.accounts[:1]
	const reader = "Reader@example.com"
	if _, err := reporting.Create(t.Context(), w.owner, newName(), at, reader, time.Time{}); !problem.Is(err, problem.ReportNotForUser) {
		t.Errorf("for a user without a role: %v", err)
	}
	run(t, admin, "insert into app.account_grants (account_id, user_id, role) values ($1, 'reader', 'reports')", at[0])
	name := newName()
	password, err := reporting.Create(t.Context(), w.owner, name, at, reader, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.forget(t, name) })
	conn := w.login(t, name, password)
	if got := sees(t, conn); !slices.Equal(got, at) {
		t.Errorf("it sees %v", got)
	}
	for role, want := range map[string][]uuid.UUID{"trader": nil, "viewer": nil, "approver": nil, "owner": at, "reports": at} {
		run(t, admin, "update app.account_grants set role = $1 where user_id = 'reader'", role)
		if got := sees(t, conn); !slices.Equal(got, want) {
			t.Errorf("of a user with the role %s it sees %v", role, got)
		}
	}
	run(t, admin, "update app.account_grants set expires_at = now() where user_id = 'reader'")
	if got := sees(t, conn); len(got) > 0 {
		t.Errorf("after the end of the role it sees %v", got)
	}
	run(t, admin, "update app.account_grants set expires_at = null where user_id = 'reader'")
	if err := reporting.Grant(t.Context(), w.owner, name, at, ""); !problem.Is(err, problem.ReportNotForUser) {
		t.Errorf("for nobody, what it sees for a user: %v", err)
	}
	run(t, admin, "delete from app.account_grants where user_id = 'reader'")
	if got := sees(t, conn); len(got) > 0 {
		t.Errorf("after the role was taken it sees %v", got)
	}
}

package reporting_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/reporting"
	"paddock/sql"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// newOwnWorld is newWorld on a server of the test's own: roles and locks are the
// whole server's.
func newOwnWorld(t *testing.T) *world {
	t.Helper()
	w := &world{db: pgtest.StartOwn(t).DB}
	w.owner = w.db.Conn(t, "owner")
	w.accounts = append(w.accounts, newAccount(t, w.db, "ann"))
	return w
}

// open begins a transaction, and returns the session's process.
func open(t *testing.T, conn *pgx.Conn) (pid int32) {
	t.Helper()
	run(t, conn, "begin")
	if err := conn.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// endSessions calls the function as the watchdog does, and returns the processes
// that it ended, and those that it may not end.
func endSessions(t *testing.T, w *world, barred []uint32, longest string) (ended, refused []int32) {
	t.Helper()
	rows, err := w.db.Conn(t, "paddock_worker").Query(t.Context(), "select pid, ended from private.end_report_sessions($1, $2::text::interval)", barred, longest)
	if err != nil {
		t.Fatal(err)
	}
	var pid int32
	var done bool
	_, err = pgx.ForEachRow(rows, []any{&pid, &done}, func() error {
		if done {
			ended = append(ended, pid)
		} else {
			refused = append(refused, pid)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ended, refused
}

// Only sessions of reporting logins are ended, whatever the caller asks for:
// nobody's whose login is no member of their group, and not a superuser's, whom
// Postgres takes for a member of everything.
func TestOnlyReportingLoginsAreEnded(t *testing.T) {
	w := newOwnWorld(t)
	name, password := w.create(t, w.accounts[0])
	report := w.login(t, name, password)
	mine := open(t, report)
	others := []*pgx.Conn{w.db.Conn(t, "admin"), w.db.Conn(t, "owner"), w.db.Conn(t, "paddock_app"), w.db.Conn(t, "paddock_worker"), w.db.Conn(t, "paddock_auth")}
	for _, conn := range others {
		open(t, conn)
	}
	var everybody []uint32
	if err := w.owner.QueryRow(t.Context(), "select array_agg(oid) from pg_roles").Scan(&everybody); err != nil {
		t.Fatal(err)
	}
	if ended, refused := endSessions(t, w, nil, "1 hour"); ended != nil || refused != nil {
		t.Errorf("nothing is wrong, and %v are ended", ended)
	}
	if ended, refused := endSessions(t, w, everybody, "0"); !slices.Equal(ended, []int32{mine}) || refused != nil {
		t.Errorf("%v are ended, want %d alone; %v are refused", ended, mine, refused)
	}
	kit.Eventually(t, "the session to be ended", func() bool {
		_, err := report.Exec(t.Context(), "select 1")
		return err != nil
	})
	for i, conn := range others {
		run(t, conn, "commit")
		if conn.IsClosed() {
			t.Errorf("the session %d is ended too", i)
		}
	}
}

// A login that was made by hand is ended too, once the watchdog may; before, it
// is told of.
func TestLoginsMadeByHand(t *testing.T) {
	w := newOwnWorld(t)
	admin := w.db.Conn(t, "admin")
	run(t, admin, "create role by_hand login password 'by hand' in role paddock_report")
	run(t, admin, "revoke pg_signal_backend, pg_read_all_stats from paddock_watchdog") // which it has on Postgres 15
	mine := open(t, w.login(t, "by_hand", "by hand"))
	var login uint32
	if err := admin.QueryRow(t.Context(), "select oid from pg_roles where rolname = 'by_hand'").Scan(&login); err != nil {
		t.Fatal(err)
	}
	for _, barred := range [][]uint32{nil, {login}} { // its transaction is hidden, and it may not be ended
		if ended, refused := endSessions(t, w, barred, "0"); ended != nil || !slices.Equal(refused, []int32{mine}) {
			t.Errorf("%v are ended, and %v refused, want %d", ended, refused, mine)
		}
	}
	run(t, admin, "grant by_hand to paddock_watchdog")
	if ended, refused := endSessions(t, w, nil, "1 hour"); ended != nil || refused != nil {
		t.Errorf("nothing is wrong, and %v are ended, and %v refused", ended, refused)
	}
	if ended, _ := endSessions(t, w, nil, "0"); !slices.Equal(ended, []int32{mine}) {
		t.Errorf("%v are ended, want %d", ended, mine)
	}
}

// Harden takes from a login what others need to be protected from, which takes a
// superuser, and Paddock goes on working without.
func TestHarden(t *testing.T) {
	w := newOwnWorld(t)
	if _, err := reporting.Harden(t.Context(), w.owner); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("as the role that migrates: %v", err)
	}
	name, password := w.create(t, w.accounts[0])
	statements := []string{
		"select pg_advisory_lock(1)", "select pg_advisory_lock(1, 2)", "select pg_try_advisory_lock_shared(1)", "select pg_advisory_xact_lock(1)",
		"select pg_try_advisory_xact_lock(1)", "select lo_creat(-1)", "select lo_create(0)", "select lo_from_bytea(0, 'x')",
		"select pg_logical_emit_message(false, 'x', 'y')", "set temp_file_limit = -1",
	}
	refused := func(conn *pgx.Conn, statement string) bool {
		_, err := conn.Exec(t.Context(), statement)
		var pg *pgconn.PgError
		return errors.As(err, &pg) && pg.Code == "42501"
	}
	conn := w.login(t, name, password)
	run(t, conn, "set default_transaction_read_only = off")
	for _, statement := range statements {
		run(t, conn, "begin")
		if statement != "set temp_file_limit = -1" && refused(conn, statement) {
			t.Errorf("%s is refused before", statement)
		}
		run(t, conn, "rollback")
	}
	for range 2 { // it may be run again
		ran, err := reporting.Harden(t.Context(), w.db.Conn(t, "admin"))
		if err != nil || len(ran) < 10 {
			t.Fatalf("%d statements: %v", len(ran), err)
		}
	}
	conn = w.login(t, name, password)
	run(t, conn, "set default_transaction_read_only = off")
	for _, statement := range statements {
		if !refused(conn, statement) {
			t.Errorf("%s is not refused", statement)
		}
	}
	var limit string
	if err := conn.QueryRow(t.Context(), "show temp_file_limit").Scan(&limit); err != nil || limit != "1GB" {
		t.Errorf("temp_file_limit is %q (%v)", limit, err)
	}
	if err := sql.Migrate(t.Context(), w.owner); err != nil {
		t.Errorf("migrations need an advisory lock: %v", err)
	}
	// So does an order on an Alpaca account that two accounts share.
	newAccount(t, w.db, "bob")
	run(t, w.db.Conn(t, "admin"), "update app.user_accounts set alpaca_account_id = '00000000-0000-4000-8000-000000000001'")
	app := w.db.Conn(t, "paddock_app")
	run(t, app, "begin")
	run(t, app, "select private.admit('token-of-ann', $1)", w.accounts[0])
	run(t, app, "insert into app.alpaca_orders (account_id, client_order_id, request_hash, submitted_by, symbol, side, qty) values ($1, 'claimed', '\\x00', 'ann', 'AAPL', 'buy', 1)", w.accounts[0])
	run(t, app, "commit")
}

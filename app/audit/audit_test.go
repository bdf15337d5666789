package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// begin begins a transaction of the web process for a user.
func begin(t *testing.T, db *pgtest.DB, token string, account any) (pgx.Tx, func(sql string, args ...any) error) {
	t.Helper()
	tx, err := db.Conn(t, "paddock_app").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	}
	if err := exec("select private.admit($1, $2, 'REQUEST 192.0.2.1 GET /api/x y')", token, account); err != nil {
		t.Fatal(err)
	}
	return tx, exec
}

func state(err error) string {
	var pg *pgconn.PgError
	errors.As(err, &pg)
	if pg == nil {
		return ""
	}
	return pg.Code
}

// account makes an account of a user.
func account(t *testing.T, db *pgtest.DB, token string) (id string) {
	t.Helper()
	tx, _ := begin(t, db, token, nil)
	if err := tx.QueryRow(t.Context(), "select private.create_account('one', 'paper')").Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return id
}

// What the audit says of a request was sealed with its admission: a statement of
// the request cannot say something else, and cannot write a row past it.
func TestAnOriginCannotBeForged(t *testing.T) {
	db := pgtest.New(t)
	token := kit.User(t, db, "ann")
	id := account(t, db, token)
	for _, forged := range []string{
		"select set_config('app.origin', 'session-of-bob REQUEST 192.0.2.1 GET /api/x y', true)",
		"select set_config('app.origin', '', true)",
		"set local app.origin to default",
	} {
		_, exec := begin(t, db, token, id)
		if err := exec(forged); err != nil {
			t.Fatal(err)
		}
		if err := exec("select private.audit_call('order.cancel_all')"); state(err) != "42501" {
			t.Errorf("after %s: %v", forged, err)
		}
	}
	tx, exec := begin(t, db, token, id)
	if err := exec("select private.audit_call('order.cancel_all', '{\"a\": 1}')"); err != nil {
		t.Fatal(err)
	}
	var said string
	if err := tx.QueryRow(t.Context(), `select concat_ws('|', kind, actor, session_id, request_id, address, request, detail) from app.audit_log
		where account_id = $1 and action = 'order.cancel_all'`, id).Scan(&said); err != nil {
		t.Fatal(err)
	}
	if want := `user|ann|session-of-ann|REQUEST|192.0.2.1|GET /api/x y|{"a": 1}`; said != want {
		t.Errorf("the row says %s, want %s", said, want)
	}
	for _, attempt := range []string{
		"insert into app.audit_log (account_id, kind, action) values ('" + id + "', 'worker', 'order.place')",
		"update app.audit_log set actor = 'bob'", "delete from app.audit_log", "truncate app.audit_log",
		"select private.audit(null, 'user.delete')", "select private.audit_call('credentials.decrypt')",
		"select private.maintain_audit_partitions()", "select * from app.audit_log_2026_01",
	} {
		_, exec := begin(t, db, token, id)
		if err := exec(attempt); err == nil {
			t.Errorf("the web process may: %s", attempt)
		}
	}
}

// No runtime role can change the audit, or write it past its function.
func TestNobodyChangesTheAudit(t *testing.T) {
	db := pgtest.New(t)
	account(t, db, kit.User(t, db, "ann"))
	for _, role := range []string{"paddock_app", "paddock_worker", "paddock_auth"} {
		conn := db.Conn(t, role)
		for _, table := range []string{"audit_log", "user_audit_log"} {
			for _, attempt := range []string{"update app.$ set actor = null", "delete from app.$", "truncate app.$", "drop table app.$", "insert into app.$ (kind, action) values ('user', 'a.b')"} {
				attempt = strings.ReplaceAll(attempt, "$", table)
				if _, err := conn.Exec(t.Context(), attempt); state(err) != "42501" {
					t.Errorf("%s may: %s (%v)", role, attempt, err)
				}
			}
		}
	}
	// Of the role that writes it, row policies show nothing and change nothing.
	admin := db.Conn(t, "admin")
	for _, attempt := range []string{"update app.audit_log set actor = null", "delete from app.user_audit_log", "select from app.audit_log"} {
		if _, err := admin.Exec(t.Context(), "set role paddock_gate"); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec(t.Context(), attempt); state(err) != "42501" {
			t.Errorf("paddock_gate may: %s (%v)", attempt, err)
		}
	}
}

// Everybody sees the audit of their own sign-in alone, with any condition.
func TestAuditsOfUsersAreApart(t *testing.T) {
	db := pgtest.New(t)
	ann := kit.User(t, db, "ann")
	kit.User(t, db, "bob")
	tx, _ := begin(t, db, ann, nil)
	var own, foreign int
	err := tx.QueryRow(t.Context(), `select count(*) filter (where user_id = 'ann'), count(*) filter (where user_id <> 'ann')
		from app.user_audit_log where user_id in ('ann', 'bob', '')`).Scan(&own, &foreign)
	if err != nil || own == 0 || foreign != 0 {
		t.Errorf("she sees %d rows of hers and %d of others (%v)", own, foreign, err)
	}
}

// The audit outlives accounts and users.
func TestTheAuditOutlives(t *testing.T) {
	db := pgtest.New(t)
	id := account(t, db, kit.User(t, db, "ann"))
	admin := db.Conn(t, "admin")
	for _, statement := range []string{"delete from app.user_accounts", `delete from auth."user"`} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var ofAccount, ofUser []string
	err := admin.QueryRow(t.Context(), `select (select array_agg(action order by action) from app.audit_log where account_id = $1),
		(select array_agg(action order by action) from app.user_audit_log where user_id = 'ann')`, id).Scan(&ofAccount, &ofUser)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ofAccount, " "); got != "account.create account.delete grant.create grant.delete" {
		t.Errorf("of the account there are %s", got)
	}
	if got := strings.Join(ofUser, " "); got != "session.begin session.end user.create user.delete" {
		t.Errorf("of the user there are %s", got)
	}
}

// A month of the audit is dropped when all of it is older than the retention, and
// not before; months to come are made.
func TestTheAuditIsKeptAsLongAsItSays(t *testing.T) {
	db := pgtest.New(t)
	admin, worker := db.Conn(t, "admin"), tenant.NewWorker(db.Pool(t, "paddock_worker"), nil)
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	old := func(log, month, end string) {
		exec("create table app." + log + "_old_" + strings.ReplaceAll(month, "-", "_") + " partition of app." + log +
			" for values from ('" + month + " 00:00:00+00') to ('" + end + " 00:00:00+00')")
	}
	old("audit_log", "2020-01-01", "2020-02-01")
	old("user_audit_log", "2020-01-01", "2020-02-01")
	exec("drop table app.audit_log_" + nextMonth(t, admin))
	exec("update private.audit_retention set keep = '100 years'")
	if made, dropped, err := worker.MaintainAudit(t.Context()); err != nil || made != 1 || dropped != 0 {
		t.Errorf("with 100 years it made %d and dropped %d (%v), want 1 and 0", made, dropped, err)
	}
	exec("update private.audit_retention set keep = '400 days'")
	if made, dropped, err := worker.MaintainAudit(t.Context()); err != nil || made != 0 || dropped != 2 {
		t.Errorf("with 400 days it made %d and dropped %d (%v), want 0 and 2", made, dropped, err)
	}
	// A report that holds on to the log holds up nobody.
	old("audit_log", "2020-01-01", "2020-02-01")
	reader, err := db.Conn(t, "admin").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "select from app.audit_log"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := worker.MaintainAudit(t.Context()); err == nil {
		t.Error("it dropped a month that somebody reads")
	}
	_ = reader.Rollback(t.Context())
	if _, dropped, err := worker.MaintainAudit(t.Context()); err != nil || dropped != 1 {
		t.Errorf("afterwards it dropped %d (%v)", dropped, err)
	}
}

// nextMonth returns the name of the next month as partitions have it.
func nextMonth(t *testing.T, conn *pgx.Conn) (name string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "select to_char((now() + interval '1 month') at time zone 'UTC', 'YYYY_MM')").Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

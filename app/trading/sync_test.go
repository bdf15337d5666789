package trading_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// A reconciliation that no worker carries out is reported as pending. It is
// requested once, however often it is wanted, and again after a minute. Users
// without a grant and viewers cannot request it, and it cannot be requested for
// an account without working keys.
func TestSyncIsAskedForOnce(t *testing.T) {
	d := newDesk(t)
	d.service.SetSyncTimeout(50 * time.Millisecond)
	asked := func() (n int64) {
		t.Helper()
		rows, err := d.pg.Conn(t, "admin").Query(t.Context(), "select asked from app.syncs")
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil || len(all) > 1 {
			t.Fatalf("%v (%v)", all, err)
		}
		if len(all) == 1 {
			n = all[0]
		}
		return n
	}
	refused := func(a tenant.Admission, code problem.Code) {
		t.Helper()
		if answer, err := d.service.Sync(t.Context(), a); !problem.Is(err, code) {
			t.Errorf("%s (%v), want %s", answer, err, code)
		}
	}
	refused(d.viewer, problem.NotPermitted)
	d.exec("delete from app.account_grants where user_id = 'u2'")
	refused(d.viewer, problem.AccountForbidden)
	if n := asked(); n != 0 {
		t.Fatalf("it was requested %d times by users who may not", n)
	}
	for range 3 {
		refused(d.owner, problem.SyncPending)
	}
	if n := asked(); n != 1 {
		t.Errorf("it was requested %d times", n)
	}
	d.exec("update app.syncs set asked_at = now() - interval '2 minutes'")
	refused(d.owner, problem.SyncPending)
	if n := asked(); n != 2 {
		t.Errorf("after a minute without an answer it was requested %d times", n)
	}
	d.exec(`update app.syncs set asked_at = now() - interval '2 minutes'`)
	d.exec(`update private.user_credentials set rejected_at = now()`)
	refused(d.owner, problem.NeedsCredentials)
	if n := asked(); n != 2 {
		t.Errorf("without working keys it was requested: %d", n)
	}
}

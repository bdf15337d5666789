package tenant_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// counter is a doorbell that counts its rings.
type counter struct{ rings int }

func (c *counter) Ring(uuid.UUID) { c.rings++ }

// fixture is a user with a session and an account.
type fixture struct {
	db      *pgtest.DB
	tenant  *tenant.DB
	bell    *counter
	token   string
	account uuid.UUID
	other   string // another user's token
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{db: pgtest.New(t), bell: &counter{}}
	f.token, f.other = kit.User(t, f.db, "u1"), kit.User(t, f.db, "u2")
	_, err := f.db.Conn(t, "admin").Exec(t.Context(), `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
		values ('s3', now() - interval '1 second', 'an-expired-token', now(), 'u1')`)
	if err != nil {
		t.Fatal(err)
	}
	f.tenant = tenant.NewDB(f.db.Pool(t, "paddock_app"), f.bell)
	err = f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token}, func(b *tenant.Batch) {
		b.Queue("select private.create_account('one', 'paper')").QueryRow(func(row pgx.Row) error { return row.Scan(&f.account) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A refused admission has a code. The code is the same for an unknown account
// and for an account of somebody else, so nobody learns which accounts exist.
func TestAdmissionRefusals(t *testing.T) {
	f := newFixture(t)
	for name, tt := range map[string]struct {
		admission tenant.Admission
		code      problem.Code
	}{
		"no session":        {tenant.Admission{Token: "nonsense", Account: f.account}, problem.Unauthenticated},
		"expired session":   {tenant.Admission{Token: "an-expired-token", Account: f.account}, problem.Unauthenticated},
		"another's account": {tenant.Admission{Token: f.other, Account: f.account}, problem.AccountForbidden},
		"unknown account":   {tenant.Admission{Token: f.token, Account: uuid.New()}, problem.AccountForbidden},
	} {
		ran := false
		err := f.tenant.Tx(t.Context(), tt.admission, func(b *tenant.Batch) {
			b.Queue("select 1").QueryRow(func(pgx.Row) error { ran = true; return nil })
		})
		if !problem.Is(err, tt.code) {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
		if ran && err == nil {
			t.Errorf("%s: the statement ran", name)
		}
	}
}

// The statements of a batch are one transaction: if one fails, those before it
// are undone.
func TestBatchIsOneTransaction(t *testing.T) {
	f := newFixture(t)
	a := tenant.Admission{Token: f.token, Account: f.account}
	err := f.tenant.Tx(t.Context(), a, func(b *tenant.Batch) {
		b.Queue("update app.user_accounts set name = 'changed' where id = $1", f.account)
		b.Queue("select 1 / $1::int", 0)
	})
	if tenant.SQLState(err) != "22012" {
		t.Fatalf("want a division by zero, got %v", err)
	}
	var name string
	err = f.tenant.Tx(t.Context(), a, func(b *tenant.Batch) {
		b.Queue("select name from app.user_accounts").QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
	})
	if err != nil || name != "one" {
		t.Errorf("the name is %q (%v): the first statement was not undone", name, err)
	}
}

// A callback that panics gives its connection back to the pool.
func TestPanicGivesItsConnectionBack(t *testing.T) {
	f := newFixture(t)
	pool := f.db.Pool(t, "paddock_app")
	db := tenant.NewDB(pool, f.bell)
	for range pool.Config().MaxConns + 1 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = db.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
				b.Queue("select 1").QueryRow(func(pgx.Row) error { panic("a mistake") })
			})
		}()
	}
	for deadline := time.Now().Add(5 * time.Second); pool.Stat().AcquiredConns() != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections were not returned to the pool", pool.Stat().AcquiredConns())
		}
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("the pool cannot be used afterwards: %v", err)
	}
}

// Without an admission every table of tenants is empty.
func TestNothingWithoutAdmission(t *testing.T) {
	f := newFixture(t)
	conn := f.db.Conn(t, "paddock_app")
	for _, table := range []string{"user_accounts", "account_grants", "alpaca_orders", "alpaca_positions", "trading_positions", "fills", "journal_adjustments", "agent_logs", "account_events", "audit_log", "stream_cursors"} {
		var n int
		if err := conn.QueryRow(t.Context(), "select count(*) from app."+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", table, n, err)
		}
	}
}

// A transaction with an event rings the doorbell once, after it is committed,
// and not at all if it fails.
func TestEventsRing(t *testing.T) {
	f := newFixture(t)
	a := tenant.Admission{Token: f.token, Account: f.account}
	appendLog := func(extra string) error {
		return f.tenant.TxNotify(t.Context(), a, func(b *tenant.Batch) {
			if err := b.AppendEvent("agent_log", map[string]string{"message": "hi"}); err != nil {
				t.Fatal(err)
			}
			if extra != "" {
				b.Queue(extra)
			}
		})
	}
	if err := appendLog(""); err != nil || f.bell.rings != 1 {
		t.Errorf("rings: %d, %v", f.bell.rings, err)
	}
	if err := appendLog("select nonsense"); err == nil || f.bell.rings != 1 {
		t.Errorf("a transaction that failed rang: %d, %v", f.bell.rings, err)
	}
}

// A worker can write only under its own lease, and not after the lease has
// another holder.
func TestLeases(t *testing.T) {
	f := newFixture(t)
	admin := f.db.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), "insert into private.master_keys (key_version, check_value, stores) values (1, sha256('any'), true)"); err != nil {
		t.Fatal(err)
	}
	_, err := admin.Exec(t.Context(), `insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
		values ($1, 'key', '\xc30d0409', 'none', 1, 'LAST')`, f.account)
	if err != nil {
		t.Fatal(err)
	}
	w := tenant.NewWorker(f.db.Pool(t, "paddock_worker"), f.bell)
	first, second := uuid.New(), uuid.New()
	mine, err := w.Claim(t.Context(), first, time.Minute, 10)
	if err != nil || len(mine) != 1 || mine[0].Account != f.account {
		t.Fatalf("the first holder has %v, %v", mine, err)
	}
	if theirs, err := w.Claim(t.Context(), second, time.Minute, 10); err != nil || len(theirs) != 0 {
		t.Fatalf("a second holder has %v, %v", theirs, err)
	}
	write := func(l tenant.Lease) error {
		return w.Tx(t.Context(), l, func(b *tenant.Batch) { b.Queue("select private.append_event('order', '{}', null)") })
	}
	if err := write(mine[0]); err != nil {
		t.Error(err)
	}
	forged := mine[0]
	forged.Holder = second
	if err := write(forged); !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("another's lease: %v", err)
	}
	if err := w.Release(t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	theirs, err := w.Claim(t.Context(), second, time.Minute, 10)
	if err != nil || len(theirs) != 1 || theirs[0].Fence <= mine[0].Fence {
		t.Fatalf("after the release the second holder has %v, %v", theirs, err)
	}
	if err := write(mine[0]); !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("the old holder still writes: %v", err)
	}
	if err := write(theirs[0]); err != nil {
		t.Error(err)
	}
}

// If the database cannot be reached, the error is a problem that says when to
// retry and does not contain the password.
func TestUnavailable(t *testing.T) {
	pool, err := tenant.OpenPool(context.Background(), tenant.PoolConfig{URL: "postgres://nobody:secret@127.0.0.1:1/none", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	err = tenant.NewDB(pool, nil).Tx(t.Context(), tenant.Admission{Token: "x"}, func(*tenant.Batch) {})
	var p *problem.Problem
	if !errors.As(err, &p) || p.Code != problem.DatabaseUnavailable || p.RetryAfter == 0 || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// An instance renews an old key of the seal as soon as it starts, and stops with
// its context.
func TestSealKeysAreLookedAfter(t *testing.T) {
	f := newFixture(t)
	admin := f.db.Conn(t, "admin")
	var before int64
	if err := admin.QueryRow(t.Context(), "update private.seal_keys set created_at = now() - interval '61 minutes' where is_current returning id").Scan(&before); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w := tenant.NewWorker(f.db.Pool(t, "paddock_worker"), f.bell)
	go func() { ended <- w.MaintainSealKeys(running, slog.New(slog.DiscardHandler)) }()
	kit.Eventually(t, "a new key", func() bool {
		var now int64
		return admin.QueryRow(t.Context(), "select id from private.seal_keys where is_current").Scan(&now) == nil && now == before+1
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What Postgres cannot do for the moment, whatever the reason, ends in a problem
// that says when to retry. What is wrong with the request itself does not.
func TestStatesOfAnUnavailableDatabase(t *testing.T) {
	f := newFixture(t)
	ends := func(state string) error {
		return f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
			b.Queue("do $$ begin raise exception 'a test' using errcode = '" + state + "'; end $$")
		})
	}
	for _, state := range []string{
		"08006", "40001", "40P01", "53000", "53100", "53200", "53300", "53400", "55P03", "57014", "57P01", "57P03", "57P05", "58000", "58030", "58P01", "25006", "25P03", "25P04",
	} {
		var p *problem.Problem
		if err := ends(state); !errors.As(err, &p) || p.Code != problem.DatabaseUnavailable || p.RetryAfter == 0 {
			t.Errorf("%s: %v", state, err)
		}
	}
	for _, state := range []string{"22003", "22P02", "23505", "23514", "42601", "54000", "54001", "XX000", "XX001"} {
		err := ends(state)
		if tenant.SQLState(err) != state || problem.Is(err, problem.DatabaseUnavailable) {
			t.Errorf("%s: %v", state, err)
		}
		if unstorable := state[:2] == "22" || state[:2] == "54"; tenant.Unstorable(err) != unstorable {
			t.Errorf("%s: unstorable is %t", state, !unstorable)
		}
	}
}

// What a table's constraint finds too large is a value that cannot be stored.
func TestTooLargeIsUnstorable(t *testing.T) {
	f := newFixture(t)
	for data, want := range map[string]bool{"1e400": true, "[1e-500]": true, "1e399": false} {
		err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
			b.Queue("insert into app.agent_logs (account_id, user_id, level, message, data) values ($1, private.user_id(), 'info', 'm', $2)", f.account, []byte(data))
		})
		if tenant.Unstorable(err) != want || !want && err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
	err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
		b.Queue("insert into app.agent_logs (account_id, user_id, level, message) values ($1, private.user_id(), 'loud', 'm')", f.account)
	})
	if tenant.SQLState(err) != "23514" || tenant.Unstorable(err) {
		t.Errorf("another check is %v", err)
	}
}

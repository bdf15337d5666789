package tenant_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// counter is a bell that counts.
type counter struct{ rings int }

func (c *counter) Ring(uuid.UUID) { c.rings++ }

// fixture is a user with a session and an account.
type fixture struct {
	db      *pgtest.DB
	tenant  *tenant.DB
	bell    *counter
	token   string
	account uuid.UUID
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{db: pgtest.New(t), bell: &counter{}, token: "token-of-the-first-user"}
	admin := f.db.Conn(t, "admin")
	_, err := admin.Exec(t.Context(), `insert into auth."user" (id, name, email, "emailVerified") values ('u1', 'U', 'u1@example.com', false), ('u2', 'U', 'u2@example.com', false);
		insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('s1', now() + interval '1 day', 'token-of-the-first-user', now(), 'u1'),
			('s2', now() + interval '1 day', 'token-of-the-second-user', now(), 'u2'), ('s3', now() - interval '1 second', 'an-expired-token', now(), 'u1')`)
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

// A refused admission has a code. It is the same for an unknown account and for
// somebody else's, so that nobody learns which accounts exist.
func TestAdmissionRefusals(t *testing.T) {
	f := newFixture(t)
	for name, tt := range map[string]struct {
		admission tenant.Admission
		code      problem.Code
	}{
		"no session":        {tenant.Admission{Token: "nonsense", Account: f.account}, problem.Unauthenticated},
		"expired session":   {tenant.Admission{Token: "an-expired-token", Account: f.account}, problem.Unauthenticated},
		"another's account": {tenant.Admission{Token: "token-of-the-second-user", Account: f.account}, problem.AccountForbidden},
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

// All statements of a batch are one transaction: one that fails undoes those
// before it.
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

// A statement that Postgres refuses returns its error, also where its rows were
// to be written as JSON.
func TestRefusedRowsAreAnError(t *testing.T) {
	f := newFixture(t)
	page, err := tenant.ParsePage("", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(pgx.Rows) error{
		"rows": func(rows pgx.Rows) error { _, err := tenant.AppendRows(nil, rows, nil); return err },
		"page": func(rows pgx.Rows) error { _, _, err := page.AppendRows(nil, rows); return err },
	} {
		err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
			b.Queue("insert into app.agent_logs (account_id, user_id, level, message) values ($1, 'u2', 'info', 'in another name') returning id, created_at", f.account).Query(write)
		})
		if !problem.Is(err, problem.NotPermitted) {
			t.Errorf("%s: %v, want %s", name, err, problem.NotPermitted)
		}
	}
}

// A callback that panics does not leak a connection of the pool.
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
			t.Fatalf("%d connections were not given back", pool.Stat().AcquiredConns())
		}
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("the pool is of no use afterwards: %v", err)
	}
}

// Without admission every tenant table is empty.
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

// A transaction with an event rings the bell once, and only after it was
// committed.
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

// AppendRows writes amounts as strings, times in RFC 3339 and text escaped.
func TestAppendRows(t *testing.T) {
	f := newFixture(t)
	var got string
	err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token}, func(b *tenant.Batch) {
		b.Queue(`select '00000000-0000-4000-8000-000000000001'::uuid as id, 0.10::numeric::text as amount, null::text as none, true as flag, 7::int as small,
			-9007199254740993::bigint as big, '{"a": [1]}'::jsonb as data, '2026-01-02 03:04:05.000006+00'::timestamptz as at, E'a"\\<é\n'::text as words`).
			Query(func(rows pgx.Rows) error {
				text, err := tenant.AppendRows(nil, rows, nil)
				got = string(text)
				return err
			})
	})
	want := `[{"id":"00000000-0000-4000-8000-000000000001","amount":"0.10","none":null,"flag":true,"small":7,"big":-9007199254740993,"data":{"a": [1]},"at":"2026-01-02T03:04:05.000006Z","words":"a\"\\\u003cé\n"}]`
	if err != nil || got != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is no JSON")
	}
}

// page returns a page of the account's logs, and the next one's cursor.
func (f *fixture) page(t *testing.T, limit, cursor string) (body []byte, next string) {
	t.Helper()
	page, err := tenant.ParsePage(limit, cursor)
	if err != nil {
		t.Fatal(err)
	}
	err = f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
		b.Queue(`select id, message, created_at from app.agent_logs where account_id = $1 and (created_at, id) < ($2, $3)
			order by created_at desc, id desc limit $4`, f.account, page.At, page.ID, page.Limit+1).Query(func(rows pgx.Rows) (err error) {
			body, next, err = page.AppendRows(nil, rows)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return body, next
}

// A page of long rows ends early, and the next one goes on after it.
func TestPagesAreBoundedInBytes(t *testing.T) {
	f := newFixture(t)
	_, err := f.db.Conn(t, "admin").Exec(t.Context(), `insert into app.agent_logs (account_id, level, message)
		select $1, 'info', repeat('😀', 10000) from generate_series(1, 60)`, f.account)
	if err != nil {
		t.Fatal(err)
	}
	cursor, shown := "", 0
	for range 4 {
		body, next := f.page(t, "500", cursor)
		if len(body) > 1<<20+50_000 {
			t.Errorf("a page of %d bytes", len(body))
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(body, &rows); err != nil {
			t.Fatal(err)
		}
		shown += len(rows)
		if cursor = strings.Trim(next, `"`); next == "null" {
			break
		}
	}
	if cursor != "null" || shown != 60 {
		t.Errorf("%d of 60 rows, and then %s", shown, cursor)
	}
}

// Pages of any size show every row once, in order. Bad cursors and limits are
// refused.
func TestPages(t *testing.T) {
	f := newFixture(t)
	_, err := f.db.Conn(t, "admin").Exec(t.Context(), `insert into app.agent_logs (account_id, level, message, created_at)
		select $1, 'info', n::text, timestamptz '2026-01-01' + (n / 3) * interval '1 second' from generate_series(1, 25) n`, f.account)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"1", "4", "5", "25", "26"} {
		seen := map[string]bool{}
		cursor := ""
		for range 40 {
			body, next := f.page(t, size, cursor)
			var rows []struct{ Message string }
			if err := json.Unmarshal(body, &rows); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			for _, r := range rows {
				if seen[r.Message] {
					t.Errorf("size %s shows %s twice", size, r.Message)
				}
				seen[r.Message] = true
			}
			if next == "null" {
				break
			}
			cursor = strings.Trim(next, `"`)
		}
		if len(seen) != 25 {
			t.Errorf("size %s shows %d of 25", size, len(seen))
		}
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("A", 32), strings.Repeat("_", 32)} {
		if _, err := tenant.ParsePage("10", bad); err != nil && !problem.Is(err, problem.InvalidCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"0", "-1", "501", "x"} {
		if _, err := tenant.ParsePage(bad, ""); !problem.Is(err, problem.InvalidLimit) {
			t.Errorf("limit %q: %v", bad, err)
		}
	}
}

// A worker can write only under its own lease, and no more after the lease has
// changed hands.
func TestLeases(t *testing.T) {
	f := newFixture(t)
	_, err := f.db.Conn(t, "admin").Exec(t.Context(), `insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
		values ($1, 'key', 'x', 'none', 1, 'LAST')`, f.account)
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

// A database that cannot be reached ends in a problem that says when to retry,
// and does not name the password.
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

package paging_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is an account and its owner.
type fixture struct {
	db      *pgtest.DB
	tenant  *tenant.DB
	token   string
	account uuid.UUID
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{db: pgtest.New(t)}
	f.token = kit.User(t, f.db, "u1")
	kit.User(t, f.db, "u2")
	f.tenant = tenant.NewDB(f.db.Pool(t, "paddock_app"), kit.SilentBell{})
	err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token}, func(b *tenant.Batch) {
		b.Queue("select private.create_account('one', 'paper')").QueryRow(func(row pgx.Row) error { return row.Scan(&f.account) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A statement that Postgres refuses returns its error, also if its rows were to
// be written as JSON.
func TestRefusedRowsAreAnError(t *testing.T) {
	f := newFixture(t)
	page, err := paging.Parse("", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(pgx.Rows) error{
		"rows": func(rows pgx.Rows) error { _, err := paging.AppendRows(nil, rows, nil); return err },
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

// AppendRows writes amounts as strings, times in RFC 3339, and text with JSON's
// escapes.
func TestAppendRows(t *testing.T) {
	f := newFixture(t)
	var got string
	err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token}, func(b *tenant.Batch) {
		b.Queue(`select '00000000-0000-4000-8000-000000000001'::uuid as id, 0.10::numeric::text as amount, null::text as none, true as flag, 7::int as small,
			-9007199254740993::bigint as big, '{"a": [1]}'::jsonb as data, '2026-01-02 03:04:05.000006+00'::timestamptz as at, E'a"\\<é\n'::text as words`).
			Query(func(rows pgx.Rows) error {
				text, err := paging.AppendRows(nil, rows, nil)
				got = string(text)
				return err
			})
	})
	want := `[{"id":"00000000-0000-4000-8000-000000000001","amount":"0.10","none":null,"flag":true,"small":7,"big":-9007199254740993,"data":{"a": [1]},"at":"2026-01-02T03:04:05.000006Z","words":"a\"\\\u003cé\n"}]`
	if err != nil || got != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is not valid JSON")
	}
}

// page returns a page of the account's logs, and the cursor of the next page.
func (f *fixture) page(t *testing.T, limit, cursor string) (body []byte, next string) {
	t.Helper()
	page, err := paging.Parse(limit, cursor)
	if err != nil {
		t.Fatal(err)
	}
	err = f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
		b.Queue(`select id, message, at as created_at from app.agent_logs where account_id = $1 and (at, id) < ($2, $3)
			order by at desc, id desc limit $4`, f.account, page.At, page.ID, page.Limit+1).Query(func(rows pgx.Rows) (err error) {
			body, next, err = page.AppendRows(nil, rows)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return body, next
}

// A page of long rows ends before its limit, and the next page continues after
// it.
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

// Pages of any size contain every row once, in order. Invalid cursors and
// limits are refused.
func TestPages(t *testing.T) {
	f := newFixture(t)
	_, err := f.db.Conn(t, "admin").Exec(t.Context(), `insert into app.agent_logs (account_id, level, message, at)
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
		if _, err := paging.Parse("10", bad); err != nil && !problem.Is(err, problem.InvalidCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"0", "-1", "501", "x"} {
		if _, err := paging.Parse(bad, ""); !problem.Is(err, problem.InvalidLimit) {
			t.Errorf("limit %q: %v", bad, err)
		}
	}
}

// A list whose rows are read twice has those of the second time alone: a read that
// did not go well on a standby is run again.
func TestAListThatIsReadAgainBeginsAnew(t *testing.T) {
	f := newFixture(t)
	page, err := paging.Parse("", "")
	if err != nil {
		t.Fatal(err)
	}
	list := page.List("names", "created_at")
	for _, name := range []string{"first", "second"} {
		err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token}, func(b *tenant.Batch) {
			b.Queue("select gen_random_uuid() as id, now() as created_at, $1::text as name", name).Query(list.Read)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	body := string(list.JSON())
	if !json.Valid([]byte(body)) || strings.Contains(body, "first") || !strings.Contains(body, "second") {
		t.Errorf("the list is %s", body)
	}
}

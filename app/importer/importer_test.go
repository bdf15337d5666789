package importer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/auth"
	"paddock/app/importer"
	"paddock/tests/oldprogram"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var small = oldprogram.Size{Orders: 4321, Positions: 30, Trips: 50, Logs: 2345}

// move has the old program's database, Paddock's, and an import from one to the
// other that was not begun yet.
type move struct {
	*importer.Import
	t        *testing.T
	old, new *pgtest.DB
	oldConn  *pgx.Conn // as the role that owns the old tables
	admin    *pgx.Conn // sees all rows of Paddock's database
}

// moveFrom makes both databases. change, if given, changes the old one, and edit
// the mapping that was guessed.
func moveFrom(t *testing.T, size oldprogram.Size, change string, edit func(*importer.Mapping)) *move {
	t.Helper()
	m := &move{t: t, old: pgtest.Empty(t), new: pgtest.New(t)}
	m.oldConn, m.admin = m.old.Conn(t, "owner"), m.new.Conn(t, "admin")
	if err := oldprogram.Make(t.Context(), m.oldConn, size); err != nil {
		t.Fatal(err)
	}
	if change != "" {
		exec(t, m.oldConn, change)
	}
	m.open(false, edit)
	return m
}

// open opens the source and guesses a mapping, by way of its file.
func (m *move) open(inPlace bool, edit func(*importer.Mapping)) {
	m.t.Helper()
	source, err := importer.OpenSource(m.t.Context(), m.old.Conn(m.t, "owner"), inPlace)
	if err != nil {
		m.t.Fatal(err)
	}
	mapping, err := source.Guess(m.t.Context(), "public", oldprogram.Email, "Old", "paper")
	if err != nil {
		m.t.Fatal(err)
	}
	if edit != nil {
		edit(mapping)
	}
	file := filepath.Join(m.t.TempDir(), "mapping.json")
	if err := mapping.Write(file); err != nil {
		m.t.Fatal(err)
	}
	if mapping, err = importer.ReadMapping(file); err != nil {
		m.t.Fatal(err)
	}
	m.Import = &importer.Import{Source: source, Conn: m.new.Conn(m.t, "owner"), Mapping: mapping}
}

// run runs the whole import, and fails unless both sides agree.
func (m *move) run() map[string]importer.Comparison {
	m.t.Helper()
	ctx := m.t.Context()
	if _, err := m.Begin(ctx); err != nil {
		m.t.Fatal(err)
	}
	if err := m.Move(ctx); err != nil {
		m.t.Fatal(err)
	}
	all, err := m.Compare(ctx)
	if err != nil {
		m.t.Fatal(err)
	}
	by := map[string]importer.Comparison{}
	for _, c := range all {
		by[c.Table] = c
		if !c.Agrees() {
			m.t.Errorf("%+v: the sides differ", c)
		}
	}
	if err := m.Finish(ctx); err != nil {
		m.t.Fatal(err)
	}
	return by
}

// refusals returns the reasons of all rows that were refused, by table and key.
func (m *move) refusals() map[string]string {
	m.t.Helper()
	all := map[string]string{}
	err := m.Refused(m.t.Context(), func(r importer.Refusal) error {
		all[r.Table+" "+r.Key] = r.Reason
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return v
}

// everything returns a digest of each table of Paddock's but the audit log.
func everything(t *testing.T, admin *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := admin.Query(t.Context(), `select c.oid::regclass::text, (xpath('/row/n/text()', query_to_xml(format(
			'select count(*) || '' '' || md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) as n from %s t', c.oid::regclass), false, true, '')))[1]::text
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('auth', 'app', 'private') and c.relkind in ('r', 'p') and not c.relispartition and c.oid not in ('app.audit_log'::regclass, 'app.user_audit_log'::regclass)`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var name, digest string
	if _, err := pgx.ForEachRow(rows, []any{&name, &digest}, func() error { all[name] = digest; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// All rows are moved under the account, none of them as something that waits or as
// an event, people sign in with their old passwords, and undo gives back what was
// there before.
func TestAnImportMovesAllRowsAndUndoTakesThemBack(t *testing.T) {
	m := moveFrom(t, small, "", nil)
	before := everything(t, m.admin)
	source := one[string](t, m.oldConn, "select md5(string_agg(t::text, ',' order by t.id)) from alpaca_orders t")
	by := m.run()
	for name, want := range map[string]int{"users": 1, "sign_ins": 1, "alpaca_orders": small.Orders, "alpaca_positions": small.Positions,
		"trading_positions": small.Trips, "agent_logs": small.Logs} {
		if c := by[name]; c.Taken != int64(want) || c.Here != int64(want) || c.Refused != 0 || c.SourceChecksum == 0 {
			t.Errorf("%s: %+v, want %d rows", name, c, want)
		}
	}
	for what, sql := range map[string]string{
		"orders that wait":                 "select count(*) from app.alpaca_orders where intent_state <> 'accepted' or is_open",
		"orders whose fills are asked for": "select count(*) from app.alpaca_orders where fills_differ",
		"orders of another account":        "select count(*) from app.alpaca_orders where account_id <> '" + m.Account().String() + "'",
		"events":                           "select count(*) from app.account_events",
		"round trips in the journal":       "select count(*) from app.trading_positions",
		"sessions":                         "select count(*) from auth.session",
		"bytes counted as stored":          "select count(*) from private.stored_bytes",
	} {
		if n := one[int](t, m.admin, sql); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	if got := one[string](t, m.admin, "select concat_ws(' ', symbol, side, qty, filled_avg_price, status, orchestrator_agent_id, created_at at time zone 'UTC') from app.alpaca_orders where client_order_id = 'old-3'"); got !=
		"ETH/USD sell 4.123456789 100.03 filled agent-3 2024-01-02 14:31:50.900369" {
		t.Errorf("an order is %s", got)
	}
	if got := one[string](t, m.admin, "select concat_ws(' ', level, created_at at time zone 'UTC', data->>'score') from app.agent_logs where message like 'thought 9%' order by created_at limit 1"); got !=
		"fatal" && got != "error 2024-01-02 09:31:43.5 0.5" {
		t.Errorf("a log entry is %s", got)
	}
	if got := one[string](t, m.admin, "select sum(qty)::text from app.alpaca_positions"); got != "15" { // 2 − 1 + 4 − 3 … 30 − 29
		t.Errorf("the positions add up to %s", got)
	}
	if got := signIn(t, m.new, oldprogram.Email, oldprogram.Password); got != http.StatusOK {
		t.Errorf("signing in with the old password answers %d", got)
	}
	exec(t, m.admin, "delete from auth.session")
	if one[string](t, m.oldConn, "select md5(string_agg(t::text, ',' order by t.id)) from alpaca_orders t") != source {
		t.Error("the source was changed")
	}
	if n := one[int](t, m.admin, "select count(*) from app.audit_log where action in ('import.begin', 'import.done')"); n != 2 {
		t.Errorf("the audit log has %d rows of the import, want 2", n)
	}

	undone, err := importer.Undo(t.Context(), m.new.Conn(t, "owner"), m.ID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if undone.Removed["alpaca_orders"] != int64(small.Orders) || undone.Removed["account"] != 1 || undone.Removed["users"] != 1 || undone.Kept["users"] != 0 {
		t.Errorf("undo says %+v", undone)
	}
	after := everything(t, m.admin)
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("after undo %s is not as before", name)
		}
	}
}

// signIn returns the status of a sign-in.
func signIn(t *testing.T, db *pgtest.DB, email, password string) int {
	t.Helper()
	service, err := auth.New(auth.Config{Pool: db.Pool(t, "paddock_auth"), Secret: rand.Text() + rand.Text(), BaseURL: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/auth/sign-in/email",
		strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://localhost")
	w := httptest.NewRecorder()
	service.Handler().ServeHTTP(w, r)
	return w.Code
}

// What a plan says is what the run does, and a plan changes nothing.
func TestAPlanSaysWhatTheRunDoes(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 300, Logs: 50}, `
		update alpaca_orders set status = 'resting' where client_order_id in ('old-7', 'old-8');
		update agent_logs set message = '' where id = 9`, nil)
	before := everything(t, m.admin)
	plans, wholly, err := m.Plan(t.Context())
	if err != nil || !wholly {
		t.Fatal(wholly, err)
	}
	if !maps.Equal(before, everything(t, m.admin)) {
		t.Error("the plan left something behind")
	}
	by := m.run()
	for _, p := range plans {
		var refused int64
		for _, r := range p.Refused {
			refused += r.Rows
		}
		if c := by[p.Table]; p.Taken != c.Taken || refused != c.Refused || p.Rows != c.Rows {
			t.Errorf("%s: the plan said %d taken and %d refused; the run did %+v", p.Table, p.Taken, refused, c)
		}
		if p.Table == "alpaca_orders" {
			if !slices.Equal(p.Left, []string{"reasoning"}) {
				t.Errorf("left behind: %q, want reasoning", p.Left)
			}
			if len(p.Refused) != 1 || p.Refused[0].Rows != 2 || !strings.Contains(p.Refused[0].Reason, `"resting"`) {
				t.Errorf("refused: %+v", p.Refused)
			}
		}
	}
	// Where the account is there, a plan tries each batch by itself, and still
	// changes nothing.
	before = everything(t, m.admin)
	exec(t, m.oldConn, "update alpaca_orders set id = gen_random_uuid(), alpaca_order_id = gen_random_uuid(), client_order_id = 'new-' || client_order_id")
	m.open(false, func(m *importer.Mapping) { m.Tables["alpaca_orders"].Where = "true" })
	plans, wholly, err = m.Plan(t.Context())
	if err != nil || wholly {
		t.Fatal(wholly, err)
	}
	for _, p := range plans {
		if p.Table == "alpaca_orders" && p.Taken != 298 || p.Table == "users" && p.Taken != 0 {
			t.Errorf("%s: %d would be taken", p.Table, p.Taken)
		}
	}
	if !maps.Equal(before, everything(t, m.admin)) {
		t.Error("the second plan left something behind")
	}
}

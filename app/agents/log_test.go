package agents_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/agents"
	"paddock/app/paging"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is an account, its owner, and the logs.
type fixture struct {
	t       *testing.T
	db      *pgtest.DB
	admin   *pgx.Conn
	tenant  *tenant.DB
	worker  *tenant.Worker
	logs    *agents.Logs
	owner   tenant.Admission
	account uuid.UUID
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, db: pgtest.New(t)}
	f.admin = f.db.Conn(t, "admin")
	f.owner.Token = kit.User(t, f.db, "u1")
	f.tenant = tenant.NewDB(f.db.Pool(t, "paddock_app"), kit.SilentBell{})
	f.worker = tenant.NewWorker(f.db.Pool(t, "paddock_worker"), nil)
	f.logs = agents.NewLogs(f.tenant)
	err := f.tenant.Tx(t.Context(), f.owner, func(b *tenant.Batch) {
		b.Queue("select private.create_account('one', 'paper')").QueryRow(func(row pgx.Row) error { return row.Scan(&f.owner.Account) })
	})
	if err != nil {
		t.Fatal(err)
	}
	f.account = f.owner.Account
	return f
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.admin.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

func one[T any](f *fixture, sql string, args ...any) (value T) {
	f.t.Helper()
	if err := f.admin.QueryRow(f.t.Context(), sql, args...).Scan(&value); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func (f *fixture) maintain() (made, dropped int) {
	f.t.Helper()
	made, dropped, err := f.worker.MaintainAgentLogs(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return made, dropped
}

// messages returns what the list says under a filter, newest first.
func (f *fixture) messages(filter agents.Filter) string {
	f.t.Helper()
	page, err := paging.Parse("500", "")
	if err != nil {
		f.t.Fatal(err)
	}
	text, err := f.logs.List(f.t.Context(), f.owner, filter, page)
	if err != nil {
		f.t.Fatal(err)
	}
	var list struct {
		Logs []agents.Line `json:"agent_logs"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for _, l := range list.Logs {
		all = append(all, l.Message)
	}
	return strings.Join(all, " ")
}

// dropMonths drops all partitions of months, as a clock far ahead finds none.
func (f *fixture) dropMonths() {
	f.t.Helper()
	f.exec(`do $$ declare name text; begin
		for name in select relid::regclass from pg_partition_tree('app.agent_logs_sent') where isleaf and relid::regclass::text ~ '\d{4}_\d\d$' loop
			execute 'drop table ' || name;
		end loop; end $$`)
}

// A line always has a place: where nobody has made its month, which is so long after
// everything that makes months has stopped, or with a clock far ahead, it goes to the
// partition of what fits none. It is in the list, and moves once its month is made; nothing is
// open meanwhile or afterwards.
func TestALineAlwaysHasAPlace(t *testing.T) {
	f := newFixture(t)
	f.dropMonths()
	now := time.Now()
	said := []agents.Line{{Level: "info", Message: "now"}, {Level: "info", Message: "before", At: now.AddDate(0, 0, -40).Format(time.RFC3339)}}
	if _, err := f.logs.Append(t.Context(), f.owner, "", said); err != nil {
		t.Fatal(err)
	}
	f.exec("insert into app.agent_logs (account_id, level, message, at, created_at) values ($1, 'info', 'ahead', '2091-05-05', '2091-05-05')", f.account)
	other := func() int { return one[int](f, "select count(*)::int from app.agent_logs_other") }
	if got := f.messages(agents.Filter{}); got != "ahead now before" || other() != 3 {
		t.Fatalf("%q, and %d lines are in no month", got, other())
	}
	if made, dropped := f.maintain(); made < 9 || dropped != 0 {
		t.Errorf("it made %d and dropped %d months", made, dropped)
	}
	if got := f.messages(agents.Filter{}); got != "ahead now before" || other() != 1 {
		t.Errorf("%q, and %d lines are in no month", got, other())
	}
	if open := one[string](f, `select coalesce(string_agg(c.relname, ' '), '') from pg_partition_tree('app.agent_logs') t join pg_class c on c.oid = t.relid
		where not (c.relrowsecurity and c.relforcerowsecurity) or c.relacl is not null and exists (select from aclexplode(c.relacl) g where g.grantee <> c.relowner and t.level > 0)`); open != "" {
		t.Errorf("open: %s", open)
	}
	if made, dropped := f.maintain(); made != 0 || dropped != 0 {
		t.Errorf("the second time it made %d and dropped %d", made, dropped)
	}
	// A partition that was made later is as the others are, and serves.
	if _, err := f.logs.Append(t.Context(), f.owner, "", said); err != nil {
		t.Fatal(err)
	}
	if other() != 1 {
		t.Error("a line has a month, and is not in it")
	}
}

// Months of which all lines are older than they are kept are dropped, and so are older lines
// that are in no month. What an import brought stays, however old it is.
func TestLogsAreKeptAsLongAsItSays(t *testing.T) {
	f := newFixture(t)
	f.exec("update private.agent_log_retention set keep = '100 years'")
	if made, _ := f.maintain(); made > 13 {
		t.Errorf("for 100 years it made %d months", made)
	}
	for days, text := range map[int]string{1: "a", 100: "b", 330: "c", 3000: "d"} {
		f.exec("insert into app.agent_logs (account_id, level, message, at, created_at) values ($1, 'info', $2, now() - $3 * interval '1 day', now())", f.account, text, days)
	}
	f.exec("insert into app.agent_logs (account_id, level, message, at, created_at, import_id) values ($1, 'info', 'imported', now() - interval '3001 days', now() - interval '3001 days', gen_random_uuid())", f.account)
	f.maintain()
	if got := f.messages(agents.Filter{}); got != "a b c d imported" {
		t.Fatalf("kept for 100 years: %s", got)
	}
	// The function takes the operator's word for it, and no line of the last 180 days.
	f.exec("update private.agent_log_retention set keep = '180 days'")
	if made, dropped := f.maintain(); made != 0 || dropped < 4 {
		t.Errorf("it made %d and dropped %d months", made, dropped)
	}
	f.exec("do $$ begin execute 'drop table app.agent_logs_' || to_char((now() + interval '1 month') at time zone 'UTC', 'YYYY_MM'); end $$") // a month later one is to be made
	if made, _ := f.maintain(); made != 1 {
		t.Errorf("it made %d months, want 1", made)
	}
	if got := f.messages(agents.Filter{}); got != "a b imported" {
		t.Errorf("kept for 180 days: %s", got)
	}
	// A reader in a long transaction is waited for shortly, and holds up no writer afterwards.
	f.exec("update private.agent_log_retention set keep = '1 day'")
	reader, err := f.db.Conn(t, "admin").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "select from app.agent_logs"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.worker.MaintainAgentLogs(t.Context()); err == nil {
		t.Error("it dropped a month that somebody reads")
	}
	if _, err := f.logs.Append(t.Context(), f.owner, "", []agents.Line{{Level: "info", Message: "written meanwhile"}}); err != nil {
		t.Errorf("a writer: %v", err)
	}
	_ = reader.Rollback(t.Context())
	if _, dropped := f.maintain(); dropped < 4 {
		t.Errorf("afterwards it dropped %d months", dropped)
	}
}

// What is refused is decided in the database too, whatever statement writes it: lines older than they are
// kept, lines of a time to come, and orders that the account does not have.
func TestTheDatabaseDecidesAboutLines(t *testing.T) {
	f := newFixture(t)
	f.exec("insert into app.alpaca_orders (account_id, id, client_order_id, symbol, side) values ($1, '8d3f0a0e-0000-4000-8000-000000000001', 'x', 'AAPL', 'buy')", f.account)
	write := func(columns, values string) string {
		return tenant.SQLState(f.tenant.TxNotify(t.Context(), f.owner, func(b *tenant.Batch) {
			b.Queue("insert into app.agent_logs (account_id, user_id, level, message"+columns+") values ($1, private.user_id(), 'info', 'm'"+values+")", f.account)
		}))
	}
	for _, tt := range []struct{ columns, values, want string }{
		{", at", ", now() - interval '179 days'", ""},
		{", at", ", now() - interval '181 days'", "PD461"},
		{", at", ", now() + interval '59 seconds'", ""},
		{", at", ", now() + interval '61 seconds'", "23514"},
		{", order_id", ", '8d3f0a0e-0000-4000-8000-000000000001'", ""},
		{", order_id", ", '8d3f0a0e-0000-4000-8000-000000000002'", "23503"},
	} {
		if got := write(tt.columns, tt.values); got != tt.want {
			t.Errorf("%s%s: %q, want %q", tt.columns, tt.values, got, tt.want)
		}
	}
	// The order goes, and the line stays.
	f.exec("delete from app.alpaca_orders where account_id = $1", f.account)
	if n := one[int](f, "select count(*)::int from app.agent_logs where order_id is null"); n != 3 {
		t.Errorf("%d lines are there without an order, want 3", n)
	}
}

// The notes of keys are kept for a day, and then purged.
func TestKeysOfLogsArePurged(t *testing.T) {
	f := newFixture(t)
	lines := []agents.Line{{Level: "info", Message: "m"}}
	for _, key := range []string{"old", "new"} {
		if _, err := f.logs.Append(t.Context(), f.owner, key, lines); err != nil {
			t.Fatal(err)
		}
	}
	f.exec("update app.agent_log_requests set created_at = now() - interval '25 hours' where idempotency_key = 'old'")
	if _, _, err := f.worker.PurgeExpired(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	if got := one[string](f, "select string_agg(idempotency_key, ' ') from app.agent_log_requests"); got != "new" {
		t.Errorf("there are %s", got)
	}
}

// Each filter reads a page's worth of the lines, and no more, in an account that has many
// of them beside others' lines: again and again, which is when Postgres begins to keep a
// plan, also of when there was nothing.
func TestFiltersReadAPage(t *testing.T) {
	const lines, limit, times = 60_000, 50, 8
	f := newFixture(t)
	f.exec("insert into app.alpaca_orders (account_id, id, client_order_id, symbol, side) values ($1, '8d3f0a0e-0000-4000-8000-000000000001', 'x', 'AAPL', 'buy')", f.account)
	f.exec("insert into app.user_accounts (user_id, name, environment) select 'u1', 'more ' || i, 'paper' from generate_series(1, 5) i")
	page, err := paging.Parse(fmt.Sprint(limit), "")
	if err != nil {
		t.Fatal(err)
	}
	pool := f.db.Pool(t, "paddock_app")
	f.logs = agents.NewLogs(tenant.NewDB(pool, kit.SilentBell{}))
	list := func(filter agents.Filter, page paging.Page) {
		t.Helper()
		for range times {
			if _, err := f.logs.List(t.Context(), f.owner, filter, page); err != nil {
				t.Fatalf("%+v: %v", filter, err)
			}
		}
	}
	list(agents.Filter{Agent: "common"}, page) // while there is nothing
	// The rare ones, an agent's, a token's, an order's and errors, are the oldest.
	f.exec(`set session_replication_role = replica`)
	f.exec(`insert into app.agent_logs (account_id, token_id, orchestrator_agent_id, order_id, level, message, at)
		select a.id, case when i > $1 - 20 then '8d3f0a0e-0000-4000-8000-000000000002' else '8d3f0a0e-0000-4000-8000-000000000003' end::uuid,
			case when i > $1 - 20 then 'rare' else 'common' end, case when i > $1 - 20 and a.id = $2 then '8d3f0a0e-0000-4000-8000-000000000001' end::uuid,
			case when i > $1 - 20 then 'error' when i % 1000 = 0 then 'warn' when i % 2 = 0 then 'info' else 'debug' end, 'm', now() - i * interval '3 minutes'
		from app.user_accounts a, generate_series(1, case when a.id = $2 then $1 else $1 / 10 end) i`, lines, f.account)
	f.exec("reset session_replication_role")
	const rare, common = "8d3f0a0e-0000-4000-8000-000000000002", "8d3f0a0e-0000-4000-8000-000000000003"
	const order = "8d3f0a0e-0000-4000-8000-000000000001"
	reads := func() int {
		t.Helper()
		for range 4 { // sessions say what they have read now and then
			if _, err := pool.Exec(t.Context(), "select pg_stat_force_next_flush()"); err != nil {
				t.Fatal(err)
			}
		}
		return one[int](f, "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int from pg_stat_user_tables where relname like 'agent_logs%'")
	}
	middle := page
	middle.At, middle.ID = time.Now().Add(-lines/2*3*time.Minute), uuid.Max
	since := time.Now().Add(-1000 * 3 * time.Minute).UTC().Format(time.RFC3339)
	until := time.Now().Add(-lines / 3 * 3 * time.Minute).UTC().Format(time.RFC3339)
	f.exec("analyze app.agent_logs") // as autovacuum does within a minute or two
	for _, filter := range []agents.Filter{
		{}, {Level: "error"}, {Level: "info"}, {MinLevel: "warn"}, {MinLevel: "debug"}, {Agent: "rare"}, {Agent: "common"}, {Agent: "nobody"}, {Agent: "common", Level: "error"},
		{Agent: "common", MinLevel: "warn"}, {OrderID: order}, {OrderID: order, Agent: "rare", TokenID: rare, MinLevel: "warn"}, {TokenID: rare}, {TokenID: common}, {TokenID: common, Level: "error"},
		{Since: since}, {Until: until}, {Since: since, Until: until}, {Agent: "common", Until: until}, {MinLevel: "error", Since: since}, {Agent: "common", Since: since, MinLevel: "warn"},
	} {
		for _, from := range []paging.Page{page, middle} {
			before := reads()
			list(filter, from)
			// Of four levels, in each month the first line may be read to merge them.
			if read := reads() - before; read > times*4*(limit+1+13) {
				t.Errorf("%+v from %v: %d lines are read", filter, from.At.Year(), read/times)
			}
		}
	}
	// To compile a query takes seconds: it is never done.
	query, args, err := agents.Statement(agents.Filter{Agent: "common"}, f.account, page)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := f.db.Conn(t, "paddock_app").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{fmt.Sprintf("select private.admit('%s', '%s')", f.owner.Token, f.account), agents.InOrder} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := tx.Query(t.Context(), "explain (analyze) "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || strings.Contains(strings.Join(plan, " "), "JIT") {
		t.Errorf("it is compiled (%v): %v", err, plan)
	}
	_ = tx.Rollback(t.Context())
}

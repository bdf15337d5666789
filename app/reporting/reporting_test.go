package reporting_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/reporting"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with three users. Each has an account with an order, a
// position, an event and a journal.
type world struct {
	db       *pgtest.DB
	owner    *pgx.Conn
	accounts []uuid.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{db: pgtest.New(t)}
	w.owner = w.db.Conn(t, "owner")
	for _, user := range []string{"ann", "bob", "cat"} {
		w.accounts = append(w.accounts, newAccount(t, w.db, user))
	}
	return w
}

func newAccount(t *testing.T, db *pgtest.DB, user string) (account uuid.UUID) {
	t.Helper()
	token, app := kit.User(t, db, user), db.Conn(t, "paddock_app")
	run(t, app, "begin")
	run(t, app, "select private.admit($1, null)", token)
	if err := app.QueryRow(t.Context(), "select private.create_account($1, 'paper')", user+"'s").Scan(&account); err != nil {
		t.Fatal(err)
	}
	run(t, app, "commit")
	run(t, app, "begin")
	run(t, app, "select private.admit($1, $2)", token, account)
	run(t, app, "insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, orchestrator_agent_id) values ($1, $2, $2, $2, $2)", account, user)
	run(t, app, "insert into app.agent_logs (account_id, user_id, orchestrator_agent_id, level, message) values ($1, $2, $2, 'warn', $2)", account, user)
	run(t, app, "select private.append_event('order', jsonb_build_object('of', $1::text))", user)
	run(t, app, "commit")
	admin := db.Conn(t, "admin")
	run(t, admin, "insert into app.account_balances (account_id, equity, last_equity, as_of) values ($1, 2, 1, now())", account)
	run(t, admin, "insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ($1, $2, 1, now())", account, user)
	run(t, admin, `insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
		select account_id, symbol, id, id, symbol, 'us_equity', 1, 'buy', 1, 1, now(), 'stream' from app.alpaca_orders where account_id = $1`, account)
	run(t, admin, "insert into app.journal_adjustments (account_id, activity_id, kind, at, day, net_amount) values ($1, $2, 'FEE', now(), now(), -0.25)", account, user)
	run(t, admin, "insert into app.imported_trading_positions (account_id, import_id, key, symbol, data) values ($1, gen_random_uuid(), $2, $2, '{}')", account, user)
	run(t, admin, "insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ($1, 'GAP', 1, 0, now())", account)
	run(t, admin, "insert into app.sleeves (account_id, name, made_by) values ($1, $2, $2)", account, user)
	run(t, admin, "insert into app.sleeve_transfers (account_id, to_sleeve_id, amount, note, made_by) select account_id, id, 1, name, made_by from app.sleeves where account_id = $1", account)
	run(t, admin, "update app.alpaca_orders set side = 'buy', filled_qty = 1, filled_avg_price = 1, fills_qty = 1, fills_avg_price = 1 where account_id = $1", account)
	run(t, admin, "insert into app.arrival_quotes (account_id, order_id, bid, ask) select account_id, id, 1, 3 from app.alpaca_orders where account_id = $1", account)
	run(t, admin, `insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
		opening_qty, last_at, last_id, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		values ($1, gen_random_uuid(), 'user', $2, 'HELD', 'us_equity', 1, 'long', now(), $2, 2, now(), $2, 2, 5, 0, 0, 5, 2, 0, 1)`, account, user)
	run(t, admin, `insert into app.approvals (account_id, id, kind, request, digest, reason, proposed_by, needed, four_eyes, expires_at)
		values ($1, gen_random_uuid(), 'guards', '{}', sha256(''), $2, $2, 1, true, now())`, account, user)
	run(t, admin, "set session_replication_role = replica") // without the consent, and the leader, that it is of
	run(t, admin, "insert into app.copies (account_id, id, follow_id, led_order_id, action, symbol, terms, closing) values ($1, gen_random_uuid(), $1, $1, 'order', $2, '{}', false)", account, user)
	run(t, admin, "reset session_replication_role")
	run(t, admin, `insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
		opening_qty, last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		values ($1, gen_random_uuid(), 'tag', $2, $2, 'us_option', 100, 'short', now(), $2, 2, now(), $2, now(), 2, 5, 2, 4.5, 0, 2, 0.25, 2)`, account, user)
	return account
}

func run(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// create makes a login, and drops it when the test ends, because roles outlive
// their database.
func (w *world) create(t *testing.T, accounts ...uuid.UUID) (name, password string) {
	t.Helper()
	name = newName()
	password, err := reporting.Create(t.Context(), w.owner, name, accounts, "", time.Time{})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	t.Cleanup(func() { w.forget(t, name) })
	return name, password
}

// forget drops a login, if it still exists.
func (w *world) forget(t *testing.T, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	owner, err := pgx.Connect(ctx, w.db.OwnerURL)
	if err != nil {
		t.Error(err)
		return
	}
	defer owner.Close(ctx)
	if err := reporting.Drop(ctx, owner, name); err != nil && !problem.Is(err, problem.UnknownReportLogin) {
		t.Errorf("drop %s: %v", name, err)
	}
}

func newName() string { return "r" + strings.ReplaceAll(uuid.NewString(), "-", "") }

func (w *world) connect(t *testing.T, name, password string) (*pgx.Conn, error) {
	t.Helper()
	u, err := url.Parse(w.db.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, password)
	conn, err := pgx.Connect(t.Context(), u.String())
	if err == nil {
		t.Cleanup(func() { conn.Close(context.Background()) })
	}
	return conn, err
}

func (w *world) login(t *testing.T, name, password string) *pgx.Conn {
	t.Helper()
	conn, err := w.connect(t, name, password)
	if err != nil {
		t.Fatalf("log in as the reporting login: %v", err)
	}
	return conn
}

// sees returns the accounts whose rows the views show, and fails if the views
// show different ones.
func sees(t *testing.T, conn *pgx.Conn) []uuid.UUID {
	t.Helper()
	var all []uuid.UUID
	for i, view := range []string{"accounts", "orders", "positions", "events", "fills", "adjustments", "trading_positions", "journal_gaps", "sleeves", "sleeve_transfers", "approvals", "copies", "slippage", "exposure_by_scope",
		"position_history", "daily_profit_and_loss", "equity_curve", "exposure_by_symbol", "agent_logs", "agent_activity", "cash_flows", "audit"} {
		rows, err := conn.Query(t.Context(), "select distinct account_id from report."+view+" order by 1")
		if err != nil {
			t.Fatalf("report.%s: %v", view, err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			t.Fatalf("report.%s: %v", view, err)
		}
		if i > 0 && !slices.Equal(ids, all) {
			t.Errorf("report.%s shows %v, the views before it %v", view, ids, all)
		}
		all = ids
	}
	return all
}

func sorted(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	return ids
}

// A login sees the rows of its accounts, one or several, through the views.
func TestSeesItsAccountsAlone(t *testing.T) {
	w := newWorld(t)
	for _, accounts := range [][]uuid.UUID{{w.accounts[0]}, {w.accounts[0], w.accounts[1]}, {w.accounts[2], w.accounts[2]}} {
		name, password := w.create(t, accounts...)
		want := slices.Compact(sorted(slices.Clone(accounts)...))
		if got := sees(t, w.login(t, name, password)); !slices.Equal(got, want) {
			t.Errorf("sees %v, want %v", got, want)
		}
	}
	// Names of views work without the schema too, because it is the login's
	// search_path.
	name, password := w.create(t, w.accounts[1])
	var symbol string
	if err := w.login(t, name, password).QueryRow(t.Context(), "select symbol from orders").Scan(&symbol); err != nil || symbol != "bob" {
		t.Errorf("orders: %q, %v", symbol, err)
	}
}

// A login needs its password.
func TestPasswordIsNeeded(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	if len(password) < 32 {
		t.Errorf("the password has only %d characters", len(password))
	}
	for _, wrong := range []string{"", password + "x", name} {
		_, err := w.connect(t, name, wrong)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "28P01" {
			t.Errorf("with a wrong password: %v", err)
		}
	}
}

// A login can read nothing but the views, and can change nothing.
func TestReachesNothingElse(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	conn := w.login(t, name, password)
	for _, sql := range []string{
		"select * from app.alpaca_orders", "select account_id from app.alpaca_orders", "select * from app.user_accounts",
		"select * from app.agent_logs", "select * from app.audit_log", "select * from private.report_grants",
		"select * from private.user_credentials", "select * from private.seal_keys", `select * from auth."user"`, "select * from auth.session",
		"select private.report_accounts()", "select private.admit('bob', null)", "select private.doorbell_channel()",
		"select ext.gen_random_bytes(1)", "select user_id from report.accounts", "select broker_order from report.orders",
		"set role paddock_owner", "set role paddock_app", "set session authorization paddock_app",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
	run(t, conn, "set default_transaction_read_only = off") // a login can change its own defaults
	for _, sql := range []string{
		"create temp table t (x int)", "create table report.t (x int)", "create table public.t (x int)", "create schema s",
		"insert into report.orders (account_id) values ('" + w.accounts[0].String() + "')",
		"update report.orders set symbol = 'x'", "delete from report.orders", "create role another", "create extension hstore",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
}

// No setting changes what a login sees.
func TestSettingsDoNothing(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	conn := w.login(t, name, password)
	for _, trick := range []string{
		"select set_config('app.account_id', '" + w.accounts[1].String() + "', false)", "select set_config('app.user_id', 'bob', false)",
		"set app.seal = 'x'", "set role paddock_report", "reset role", "set search_path = app, private, report, public",
		"set timezone = 'Asia/Tokyo'",
	} {
		run(t, conn, trick)
		if got := sees(t, conn); !slices.Equal(got, []uuid.UUID{w.accounts[0]}) {
			t.Errorf("after %s it sees %v", trick, got)
		}
	}
}

// A dropped login loses its running sessions. A new login with the same name
// inherits nothing.
func TestDroppedAndMadeAgain(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	old := w.login(t, name, password)
	if err := reporting.Drop(t.Context(), w.owner, name); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := old.QueryRow(t.Context(), "select count(*) from report.orders").Scan(&n); err == nil {
		t.Errorf("a session of the dropped login still sees %d orders", n)
	}
	if _, err := w.connect(t, name, password); err == nil {
		t.Error("the dropped login still logs in")
	}
	again, err := reporting.Create(t.Context(), w.owner, name, []uuid.UUID{w.accounts[1]}, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if again == password {
		t.Error("the password is the old one")
	}
	if got := sees(t, w.login(t, name, again)); !slices.Equal(got, []uuid.UUID{w.accounts[1]}) {
		t.Errorf("sees %v", got)
	}
	if err := reporting.Drop(t.Context(), w.owner, name); err != nil {
		t.Fatal(err)
	}
	if err := reporting.Drop(t.Context(), w.owner, name); !problem.Is(err, problem.UnknownReportLogin) {
		t.Errorf("dropped twice: %v", err)
	}
}

// If a role is dropped by hand, its grants are left behind. A role that is
// created with the same name by hand does not inherit them.
func TestMadeAgainByHandSeesNothing(t *testing.T) {
	w := newWorld(t)
	name, _ := w.create(t, w.accounts[0])
	run(t, w.owner, "drop role "+name)
	run(t, w.owner, "create role "+name+" login in role paddock_report password 'again'")
	if got := sees(t, w.login(t, name, "again")); len(got) != 0 {
		t.Errorf("sees %v", got)
	}
}

// A deleted account disappears from a login's views, and the login's other
// account stays.
func TestDeletedAccount(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0], w.accounts[1])
	app := w.db.Conn(t, "paddock_app")
	run(t, app, "begin")
	run(t, app, "select private.admit('token-of-ann', $1)", w.accounts[0])
	run(t, app, "select private.delete_account('leave')")
	run(t, app, "commit")
	if got := sees(t, w.login(t, name, password)); !slices.Equal(got, []uuid.UUID{w.accounts[1]}) {
		t.Errorf("sees %v", got)
	}
	logins, err := reporting.List(t.Context(), w.owner)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(logins, func(l reporting.Login) bool { return l.Name == name })
	if i < 0 || !slices.Equal(logins[i].Accounts, []uuid.UUID{w.accounts[1]}) {
		t.Errorf("the list says %+v", logins)
	}
}

// Sessions of a login begin read-only and with limits.
func TestSessionDefaults(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	conn := w.login(t, name, password)
	for setting, want := range map[string]string{
		"statement_timeout": "1min", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "1min", "default_transaction_read_only": "on",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "select current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", setting, got, err, want)
		}
	}
	var super, bypass, role, create, replicate bool
	var limit int
	err := conn.QueryRow(t.Context(), "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolconnlimit from pg_roles where rolname = session_user").
		Scan(&super, &bypass, &role, &create, &replicate, &limit)
	if err != nil || super || bypass || role || create || replicate || limit != reporting.MaxConnections {
		t.Errorf("superuser %v, bypass %v, createrole %v, createdb %v, replication %v, connections %d: %v", super, bypass, role, create, replicate, limit, err)
	}
}

// A name that is not allowed is refused, and so is anything else that would
// fail later. A refused call makes nothing.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	taken, _ := w.create(t, w.accounts[0])
	ok := newName()
	for _, tt := range []struct {
		name     string
		accounts []uuid.UUID
		code     problem.Code
	}{
		{"", w.accounts, problem.InvalidReportName},
		{"Metabase", w.accounts, problem.InvalidReportName},
		{"meta base", w.accounts, problem.InvalidReportName},
		{`x"; drop role paddock_app; --`, w.accounts, problem.InvalidReportName},
		{"1st", w.accounts, problem.InvalidReportName},
		{"_x", w.accounts, problem.InvalidReportName},
		{"röle", w.accounts, problem.InvalidReportName},
		{strings.Repeat("a", 64), w.accounts, problem.InvalidReportName},
		{"paddock_mine", w.accounts, problem.InvalidReportName},
		{"pg_mine", w.accounts, problem.InvalidReportName},
		{"public", w.accounts, problem.InvalidReportName},
		{taken, w.accounts, problem.ReportNameTaken},
		{ok, nil, problem.ReportNeedsAccount},
		{ok, []uuid.UUID{w.accounts[0], uuid.New()}, problem.UnknownAccount},
	} {
		if _, err := reporting.Create(t.Context(), w.owner, tt.name, tt.accounts, "", time.Time{}); !problem.Is(err, tt.code) {
			t.Errorf("%q: %v, want %s", tt.name, err, tt.code)
		}
	}
	var there bool
	if err := w.owner.QueryRow(t.Context(), "select exists (select from pg_roles where rolname = $1)", ok).Scan(&there); err != nil || there {
		t.Errorf("a refused login was made all the same (%v)", err)
	}
	for _, name := range []string{"paddock_app", "paddock_report", "postgres", "nobody"} {
		if err := reporting.Drop(t.Context(), w.owner, name); !problem.Is(err, problem.UnknownReportLogin) {
			t.Errorf("drop %s: %v", name, err)
		}
	}
	// The logins of the servers may not make reporting logins.
	if _, err := reporting.Create(t.Context(), w.db.Conn(t, "paddock_app"), newName(), w.accounts[:1], "", time.Time{}); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("as paddock_app: %v", err)
	}
}

// No statement contains the password, so no log of statements does either.
func TestPasswordIsNeverSent(t *testing.T) {
	w := newWorld(t)
	config, err := pgx.ParseConfig(w.db.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	var seen tracer
	config.Tracer = &seen
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	name := newName()
	password, err := reporting.Create(t.Context(), conn, name, w.accounts[:1], "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.forget(t, name) })
	all := strings.Join(seen.statements, "\n")
	if !strings.Contains(all, "create role") {
		t.Fatalf("the statements were not seen: %s", all)
	}
	if strings.Contains(all, password) {
		t.Errorf("a statement contains the password:\n%s", all)
	}
}

type tracer struct{ statements []string }

func (tr *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	args, _ := json.Marshal(d.Args)
	tr.statements = append(tr.statements, d.SQL+string(args))
	return ctx
}

func (*tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// The owner of an account sees that a reporting login was given it and is
// connected: once an hour, however often it connects.
func TestUseOfAReportingLoginIsAudited(t *testing.T) {
	w := newWorld(t)
	worker := tenant.NewWorker(w.db.Pool(t, "paddock_worker"), nil)
	name, password := w.create(t, w.accounts[0])
	for range 3 {
		login := w.login(t, name, password)
		if err := worker.NoteReportSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		login.Close(context.Background())
	}
	var used, granted, foreign int
	var actor string
	err := w.db.Conn(t, "admin").QueryRow(t.Context(), `select count(*) filter (where action = 'report.connect' and account_id = $1), count(*) filter (where action = 'report.grant' and account_id = $1),
		count(*) filter (where account_id <> $1 and action like 'report.%'), max(actor) filter (where action = 'report.connect' and kind = 'reporting_login')
		from app.audit_log`, w.accounts[0]).Scan(&used, &granted, &foreign, &actor)
	if err != nil || used != 1 || granted != 1 || foreign != 0 || actor != name {
		t.Errorf("the audit has %d uses by %q, %d grants, and %d rows of other accounts (%v)", used, actor, granted, foreign, err)
	}
}

// Package movein tests paddock import as an operator runs it: the real binary,
// killed at random moments, and a server that goes on with what was moved.
package movein

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/tests/kit"
	"paddock/tests/oldprogram"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// operator runs the binary beside both databases.
type operator struct {
	t        *testing.T
	binary   string
	dir      string
	old, new *pgtest.DB
	oldConn  *pgx.Conn
	admin    *pgx.Conn
	env      []string
}

func newOperator(t *testing.T, size oldprogram.Size) *operator {
	t.Helper()
	o := &operator{t: t, binary: program.Binary(t), dir: t.TempDir(), old: pgtest.Empty(t), new: pgtest.New(t)}
	o.oldConn, o.admin = o.old.Conn(t, "owner"), o.new.Conn(t, "admin")
	if err := oldprogram.Make(t.Context(), o.oldConn, size); err != nil {
		t.Fatal(err)
	}
	o.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DATABASE_URL=" + o.new.OwnerURL, "IMPORT_SOURCE_URL=" + o.old.OwnerURL}
	return o
}

func (o *operator) command(args ...string) *exec.Cmd {
	c := exec.Command(o.binary, append([]string{"import"}, args...)...)
	c.Dir, c.Env = o.dir, o.env
	return c
}

// paddock runs a command to its end, and returns what it printed.
func (o *operator) paddock(args ...string) string {
	o.t.Helper()
	out, err := o.command(args...).CombinedOutput()
	if err != nil {
		o.t.Fatalf("paddock import %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return v
}

// An import that is killed again and again, at any moment, ends with each row moved
// once, and so does an undo. PADDOCK_MOVEIN says how many rows there are.
func TestAnImportThatIsKilledGoesOn(t *testing.T) {
	rows := 10_520
	if text := os.Getenv("PADDOCK_MOVEIN"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil || rows < 10_000 {
			t.Fatalf("PADDOCK_MOVEIN is %q, want a number of rows from 10000", text)
		}
	}
	orders := rows * 6 / 10
	logs := rows - orders - 520
	o := newOperator(t, oldprogram.Size{Orders: orders, Positions: 20, Trips: 500, Logs: logs})
	patience := time.Duration(max(1, rows/200_000)) // a larger import is given longer before it is killed
	began := time.Now()
	out := o.paddock("plan")
	t.Logf("planning, which does all of it and undoes it, took %s", time.Since(began))
	if !strings.Contains(out, fmt.Sprintf("alpaca_orders, from alpaca_orders: %d rows, %d would be taken, 0 refused", orders, orders)) {
		t.Fatalf("the plan says\n%s", out)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// killed runs a command until it has ended by itself, and kills it after random
	// times of up to most; it returns how often it was killed, and what it printed.
	var largest int64 // of all processes' memory, in KiB
	killed := func(most time.Duration, args ...string) (kills int, printed string) {
		for {
			c := o.command(args...)
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Wait() }()
			select {
			case err := <-done:
				if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
					largest = max(largest, usage.Maxrss)
				}
				switch {
				case err == nil, kills > 0 && strings.Contains(out.String(), "there is no import"): // it was killed when all was done
					return kills, out.String()
				case !strings.Contains(out.String(), "another run of this import is at work"):
					t.Fatalf("%v\n%s", err, out.String())
				}
			case <-time.After(time.Duration(random.Int64N(int64(most)))):
				_ = c.Process.Kill() // it may just have ended
				<-done
				if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
					largest = max(largest, usage.Maxrss)
				}
				if kills++; kills%10 == 0 {
					most *= 2 // a slow machine comes to an end too
				}
			}
		}
	}
	began = time.Now()
	kills, printed := killed(patience*700*time.Millisecond, "run", "--without-keys")
	t.Logf("the import of %d rows was killed %d times, took %s and at most %d MiB, and its last run said\n%s", rows, kills, time.Since(began), largest>>10, printed)
	if kills == 0 {
		t.Error("the import was never killed")
	}
	if out := o.paddock("compare", one[string](t, o.admin, "select id::text from private.imports")); strings.Contains(out, "DIFFERENT") || strings.Count(out, "the same") != 6 {
		t.Errorf("the last run says\n%s\nand a comparison\n%s", printed, out)
	}
	if out := o.paddock("run", "--without-keys"); !strings.Contains(out, "there is nothing to do") {
		t.Errorf("a run of what is done says\n%s", out)
	}
	for sql, want := range map[string]int{
		"select count(*) from app.alpaca_orders":                                                                          orders,
		"select count(distinct client_order_id) from app.alpaca_orders":                                                   orders,
		"select count(*) from app.agent_logs":                                                                             logs,
		"select count(distinct message) from app.agent_logs":                                                              logs,
		"select count(*) from app.imported_trading_positions":                                                             500,
		"select count(*) from app.alpaca_positions":                                                                       20,
		`select count(*) from auth."user"`:                                                                                1,
		"select count(*) from app.user_accounts":                                                                          1,
		"select count(*) from private.imports where state = 'done'":                                                       1,
		"select count(*) from app.account_events":                                                                         0,
		"select (select sum(filled_qty) from app.alpaca_orders)::numeric(20) - " + filled(t, o.oldConn) + "::numeric(20)": 0,
	} {
		if got := one[int](t, o.admin, sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
	id := one[string](t, o.admin, "select id::text from private.imports")
	if out := o.paddock("list"); !strings.Contains(out, id) || strings.Contains(out, "postgres://") {
		t.Errorf("the list says %s", out)
	}
	began = time.Now()
	undoKills, _ := killed(patience*150*time.Millisecond, "undo", id)
	t.Logf("the undo was killed %d times and took %s", undoKills, time.Since(began))
	for _, table := range []string{"app.alpaca_orders", "app.agent_logs", "app.imported_trading_positions", "app.alpaca_positions", `auth."user"`,
		"app.user_accounts", "private.imports", "private.import_tables", "private.import_users"} {
		if n := one[int](t, o.admin, "select count(*) from "+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func filled(t *testing.T, conn *pgx.Conn) string {
	return one[string](t, conn, "select sum(filled_qty)::text from public.alpaca_orders")
}

// What was moved is taken up by the server: keys are stored in the ordinary way,
// orders that Alpaca knows become the mirror's with the agents that only the old
// program knew, the journal has their executions, positions are Alpaca's, and
// orders that Alpaca has long forgotten stay as they were, asked for by nobody.
func TestTheServerGoesOnWithWhatWasMoved(t *testing.T) {
	o := newOperator(t, oldprogram.Size{Orders: 6000, Positions: 12, Trips: 10, Logs: 40})
	seed := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{seed}, FillDelay: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	broker := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { broker.CloseClientConnections(); broker.Close() })
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: seed.KeyID, APISecret: seed.SecretKey, BaseURL: broker.URL})
	const known = 30
	for n := range known {
		qty := decimal.NewFromInt(int64(n%4 + 1))
		_, err := client.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: []string{"AAPL", "MSFT"}[n%2], Qty: &qty, Side: alpaca.Buy, Type: alpaca.Market,
			TimeInForce: alpaca.GTC, ClientOrderID: fmt.Sprintf("known-%d", n)})
		if err != nil {
			t.Fatal(err)
		}
		sim.Step()
	}
	price := decimal.NewFromInt(1)
	qty := decimal.NewFromInt(1)
	if _, err := client.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &qty, Side: alpaca.Buy, Type: alpaca.Limit, LimitPrice: &price,
		TimeInForce: alpaca.GTC, ClientOrderID: "known-open"}); err != nil {
		t.Fatal(err)
	}
	for _, order := range sim.Orders(seed.KeyID) {
		text, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		_, err = o.oldConn.Exec(t.Context(), `insert into alpaca_orders (id, alpaca_order_id, client_order_id, symbol, side, order_type, time_in_force, qty,
				limit_price, filled_qty, filled_avg_price, status, agent_id, submitted_at, filled_at, created_at, updated_at)
			select gen_random_uuid(), (o->>'id')::uuid, o->>'client_order_id', o->>'symbol', (o->>'side')::order_side, o->>'type', o->>'time_in_force',
				(o->>'qty')::numeric, (o->>'limit_price')::numeric, (o->>'filled_qty')::numeric, (o->>'filled_avg_price')::numeric, o->>'status', 'swing',
				(o->>'submitted_at')::timestamptz, (o->>'filled_at')::timestamptz, (o->>'created_at')::timestamptz, now() from (select $1::jsonb as o) x`, string(text))
		if err != nil {
			t.Fatal(err)
		}
	}
	addr := program.FreeAddr(t)
	serve := []string{
		"PADDOCK_ADDR=" + addr, "BETTER_AUTH_URL=http://" + addr, "BETTER_AUTH_SECRET=ei6Quoo1ooPhae4aing6Eethaeph2Ief",
		"PADDOCK_MASTER_KEYS=" + credentials.NewMasterKey(1), "PADDOCK_APP_DATABASE_URL=" + o.new.URL("paddock_app"),
		"PADDOCK_WORKER_DATABASE_URL=" + o.new.URL("paddock_worker"), "PADDOCK_AUTH_DATABASE_URL=" + o.new.URL("paddock_auth"),
		"PADDOCK_ALPACA_PAPER_URL=" + broker.URL, "PADDOCK_ALPACA_LIVE_URL=" + broker.URL, "PADDOCK_ALPACA_DATA_URL=" + broker.URL,
	}
	o.env = append(o.env, serve...)
	o.paddock("plan")

	// Without keys, and with wrong ones, the import says so, and goes on later.
	if out, err := o.command("run").CombinedOutput(); err == nil || !strings.Contains(string(out), "the environment has no API keys") {
		t.Errorf("without keys: %v\n%s", err, out)
	}
	plain := o.env
	o.env = append(plain, "APCA_API_KEY_ID="+seed.KeyID, "APCA_API_SECRET_KEY=wrongwrongwrongwrong", "APCA_API_BASE_URL=https://paper-api.alpaca.markets")
	if out, err := o.command("run").CombinedOutput(); err == nil || !strings.Contains(string(out), "Alpaca refuses these keys") || strings.Contains(string(out), "wrongwrong") {
		t.Errorf("with wrong keys: %v\n%s", err, out)
	}
	o.env = append(plain, "APCA_API_KEY_ID="+seed.KeyID, "ALPACA_SECRET_KEY="+seed.SecretKey, "APCA_API_BASE_URL=https://paper-api.alpaca.markets")
	out := o.paddock("run")
	if !strings.Contains(out, "Going on with the import") || !strings.Contains(out, "APCA_API_KEY_ID and ALPACA_SECRET_KEY were checked") {
		t.Errorf("the run says\n%s", out)
	}
	if strings.Contains(out, seed.KeyID) || strings.Contains(out, seed.SecretKey) {
		t.Error("the run shows a key")
	}
	if n := one[int](t, o.admin, "select count(*) from auth.session"); n != 0 {
		t.Errorf("%d sessions are left by the import", n)
	}
	id := one[string](t, o.admin, "select id::text from private.imports where moved_keys and state = 'done'")

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	server := exec.CommandContext(ctx, o.binary, "serve")
	server.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, serve...)
	log, err := os.Create(filepath.Join(o.dir, "serve.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // it was killed
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the server's log:\n%s", text)
		}
	})
	kit.Within(t, 90*time.Second, "the mirror to agree and the journal to be complete", func() error {
		if one[int](t, o.admin, "select count(*) from app.stream_cursors where agreed_at is not null") != 1 {
			return fmt.Errorf("it has not agreed")
		}
		if n := one[int](t, o.admin, "select count(*) from app.fills"); n != known {
			return fmt.Errorf("%d of %d executions", n, known)
		}
		return nil
	})
	for sql, want := range map[string]string{
		"select count(*) from app.alpaca_orders": fmt.Sprint(6000 + known + 1),
		"select count(*) from app.alpaca_orders where client_order_id like 'known-%' and orchestrator_agent_id = 'swing' and broker_updated_at is not null": fmt.Sprint(known + 1),
		"select string_agg(client_order_id, ' ') from app.alpaca_orders where is_open":                                                                      "known-open",
		"select count(*) from app.alpaca_orders where fills_differ":                                                                                         "0",
		"select count(*) from app.alpaca_orders where client_order_id like 'old-%' and fills_asked > 0":                                                     "0",
		"select count(*) from app.alpaca_positions where qty <> 0":                                                                                          "2",
		"select count(*) from app.trading_positions where scope = 'agent' and scope_value = 'swing'":                                                        "2",
		"select count(*) from app.journal_gaps":                                                                                                             "0",
		"select count(*) from app.stream_cursors where doubts = doubts_settled":                                                                             "1",
		"select count(*) from app.wind_downs":                                                                                                               "0",
		"select (count(*) < 100)::text from app.account_events":                                                                                             "true",
		"select string_agg(distinct action, ' ' order by action) from app.audit_log where action like 'import.%' or action = 'credentials.store'":           "credentials.store import.begin import.done",
	} {
		if got := one[string](t, o.admin, "select ("+sql+")::text"); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	// The owner signs in with the old password and sees the old orders.
	cookie := signIn(t, addr)
	account := one[string](t, o.admin, "select id::text from app.user_accounts")
	request, err := http.NewRequest(http.MethodGet, "http://"+addr+"/api/orders?status=closed&limit=100", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", cookie)
	request.Header.Set("X-Account-ID", account)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !regexp.MustCompile(`"client_order_id": ?"known-`).Match(body) {
		t.Errorf("the list of orders answers %d: %.300s", answer.StatusCode, body)
	}

	// Undoing now keeps what Alpaca has described, and the account.
	if out := o.paddock("undo", id); !strings.Contains(out, fmt.Sprintf("alpaca_orders: 6000 removed, %d kept", known+1)) || !strings.Contains(out, "account: 0 removed, 1 kept") {
		t.Errorf("undo says\n%s", out)
	}
}

// signIn signs the old program's user in and returns the cookie.
func signIn(t *testing.T, addr string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"email": oldprogram.Email, "password": oldprogram.Password})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post("http://"+addr+"/api/auth/sign-in/email", "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("signing in answers %d", answer.StatusCode)
	}
	for _, c := range answer.Cookies() {
		if strings.HasSuffix(c.Name, "session_token") {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatal("signing in sets no cookie")
	return ""
}

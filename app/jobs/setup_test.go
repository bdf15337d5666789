package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/app/jobs"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// floor is a database and a simulated broker, at which accounts' orders are sent by
// jobs.
type floor struct {
	t        *testing.T
	pg       *pgtest.DB
	admin    *pgx.Conn
	seeds    []alpacasim.AccountSeed
	accounts *accounts.Service
	trading  *trading.Service
	db       *tenant.DB
	worker   *tenant.Worker

	mu     sync.Mutex
	sent   []string                                                 // the client_order_ids of orders that came to the broker, in their order
	before func(w http.ResponseWriter, r *http.Request) (done bool) // is called with each order first, if set
}

func newFloor(t *testing.T, demo int64) *floor {
	t.Helper()
	f := &floor{t: t, pg: pgtest.New(t), seeds: alpacasim.DemoAccounts(demo)}
	sim, err := alpacasim.New(alpacasim.Config{Seed: 5, Accounts: f.seeds, FillDelay: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	real := sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client is gone
			}
			var order struct {
				ID string `json:"client_order_id"`
			}
			_ = json.Unmarshal(body, &order) // the simulator refuses what is no JSON
			f.mu.Lock()
			f.sent = append(f.sent, order.ID)
			before := f.before
			f.mu.Unlock()
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if before != nil && before(w, r) {
				return
			}
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b, keys, log := kit.Broker(t, server.URL), kit.Keys(t), slog.New(slog.DiscardHandler)
	f.db = tenant.NewDB(f.pg.Pool(t, "paddock_app"), kit.SilentBell{})
	f.worker = tenant.NewWorker(f.pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	f.accounts = accounts.New(f.db, keys, b)
	f.trading = trading.New(f.db, credentials.NewOpener(f.db, keys, b, log), log)
	f.admin = f.pg.Conn(t, "admin")
	return f
}

// connect makes an account of a user's and stores keys for it.
func (f *floor) connect(token, name string, seed alpacasim.AccountSeed) tenant.Admission {
	f.t.Helper()
	made, err := f.accounts.Create(f.t.Context(), token, name, "paper")
	if err != nil {
		f.t.Fatal(err)
	}
	a := tenant.Admission{Token: token, Account: made.ID}
	if _, err := f.accounts.PutCredentials(f.t.Context(), a, seed.KeyID, seed.SecretKey); err != nil {
		f.t.Fatal(err)
	}
	// Guards take the mirror for current: nothing is at the broker yet.
	f.exec("insert into app.stream_cursors (account_id, agreed_at, max_age) values ($1, now(), '1 hour')", a.Account)
	return a
}

// start carries out jobs until the test ends, or until the function that it returns is
// called.
func (f *floor) start(change ...func(*jobs.Config)) (stop func()) {
	f.t.Helper()
	c := jobs.Config{
		Worker: f.worker, Driver: riverpgxv5.New(f.pg.Pool(f.t, "paddock_worker")), Logger: slog.New(slog.DiscardHandler),
		Handlers: map[string]jobs.Handler{"order": jobs.Orders(f.trading)},
	}
	for _, change := range change {
		change(&c)
	}
	runner, err := jobs.New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("the jobs ended with: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return stop
}

func (f *floor) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.admin.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) scan(into any, sql string, args ...any) {
	f.t.Helper()
	if err := f.admin.QueryRow(context.Background(), sql, args...).Scan(into); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// accept has an order accepted and returns its job.
func (f *floor) accept(a tenant.Admission, key string, order trading.OrderRequest) uuid.UUID {
	f.t.Helper()
	accepted, err := f.trading.Accept(f.t.Context(), a, key, order)
	if err != nil || accepted.Job == nil {
		f.t.Fatalf("the order was not accepted: %v, %s", err, accepted.Order)
	}
	return accepted.JobID
}

// ended waits until a job has ended and returns it.
func (f *floor) ended(a tenant.Admission, id uuid.UUID) (j ended) {
	f.t.Helper()
	kit.Eventually(f.t, "the end of job "+id.String(), func() bool {
		var text []byte
		f.scan(&text, "select app.job_json($1, $2)", a.Account, id)
		if err := json.Unmarshal(text, &j); err != nil {
			f.t.Fatal(err)
		}
		return j.EndedAt != ""
	})
	return j
}

// ended is a job that has ended.
type ended struct {
	State   string
	Status  int
	EndedAt string `json:"ended_at"`
	Tries   int
	Answer  struct {
		Code, ID, ClientOrderID string
		IntentState             string `json:"intent_state"`
	}
}

// want fails unless the job ended in this state, with this status and code.
func (j ended) want(t *testing.T, state string, status int, code string) {
	t.Helper()
	if j.State != state || j.Status != status || j.Answer.Code != code {
		t.Errorf("the job ended %s %d %q, want %s %d %q", j.State, j.Status, j.Answer.Code, state, status, code)
	}
}

// arrived returns the client_order_ids of orders that came to the broker.
func (f *floor) arrived() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.sent...)
}

// answers calls before with each order that comes to the broker.
func (f *floor) answers(before func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// jobEvents returns the events of an account that tell of jobs.
func (f *floor) jobEvents(a tenant.Admission) (told []string) {
	f.t.Helper()
	rows, err := f.admin.Query(context.Background(), `select data->>'event' || ' ' || coalesce(data->'job'->>'status', '-') || ' ' || coalesce(data->'job'->'answer'->>'code', '-')
		from app.account_events where account_id = $1 and kind = 'job' order by seq`, a.Account)
	if err == nil {
		told, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return told
}

func buy(id string) trading.OrderRequest {
	return trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "day", Qty: &trading.Amount{Decimal: decimal.NewFromInt(1)}, ClientOrderID: id}
}

func numbered(prefix string, i int) string { return fmt.Sprintf("%s-%05d", prefix, i) }

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/mirror"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// streamed is how many accounts one instance streams.
const streamed = 2000

const fillStreamed = `
insert into auth."user" (id, name, email, "emailVerified", "updatedAt")
	select 'bench-user-' || n, 'Bench', 'bench-' || n || '@example.com', true, now() from generate_series(1, $1) n`

// fillStreamedToo has the other statements, each by itself: a statement with a bound
// value can only be sent alone.
var fillStreamedToo = []string{
	`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
		select 'bench-' || n, now() + interval '7 days', 'bench-session-' || n, now(), 'bench-user-' || n from generate_series(1, $1) n`,
	`insert into app.user_accounts (id, user_id, name, environment)
		select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'bench-user-' || n, 'bench', 'paper' from generate_series(1, $1) n`,
	`insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts where $1 > 0`,
	`insert into app.event_heads (account_id) select id from app.user_accounts where $1 > 0`,
}

// history gives each account 50 orders that are over and two that are open.
const history = `
insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty, limit_price,
		alpaca_order_id, status, filled_qty, created_at, submitted_at)
	select u.id, 'bench-' || i, 'accepted', u.user_id, 'AAPL', 'buy', 'limit', 'day', 1, 190.25,
		gen_random_uuid(), case when i > 50 then 'new' else 'filled' end, case when i > 50 then 0 else 1 end,
		now() - i * interval '1 minute', now() - i * interval '1 minute'
	from app.user_accounts u, generate_series(1, 52) i`

// seedOf returns the nth account at the simulator.
func seedOf(n int) alpacasim.AccountSeed {
	return alpacasim.AccountSeed{KeyID: fmt.Sprintf("PKBENCH%07d", n), SecretKey: fmt.Sprintf("secret-of-the-benchmark-%07d", n)}
}

// startSim runs a simulator as a separate process, so that what it uses is not
// counted, and returns its URL.
func startSim(b *testing.B, streams string) string {
	b.Helper()
	var seed alpacasim.Seed
	for n := range streamed {
		seed.Accounts = append(seed.Accounts, seedOf(n+1))
	}
	text, err := json.Marshal(seed)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "seed.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	addr := program.FreeAddr(b)
	cmd := exec.Command(program.Binary(b), "sim", "--addr", addr, "--seed-file", file, "--streams", streams)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get("http://" + addr + "/v2/account"); err == nil {
			response.Body.Close()
			return "http://" + addr
		}
		if time.Now().After(deadline) {
			b.Fatal("the simulator does not come up")
		}
	}
}

// usage is what this process uses at a moment.
type usage struct {
	goroutines, descriptors int
	memory                  uint64 // bytes of heap and stacks
}

func used(b *testing.B) usage {
	b.Helper()
	for range 5 {
		runtime.GC() // each halves the stacks that are used little
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		b.Skip("this machine does not tell how many descriptors are open")
	}
	return usage{runtime.NumGoroutine(), len(open), m.HeapAlloc + m.StackInuse}
}

// connectStreamed makes n accounts and stores keys of each, which open those at the
// broker of this URL.
func connectStreamed(b *testing.B, db *pgtest.DB, n int, url string) (*broker.Broker, *credentials.Keyring) {
	b.Helper()
	admin := db.Conn(b, "admin")
	for _, text := range append([]string{fillStreamed}, fillStreamedToo...) {
		if _, err := admin.Exec(b.Context(), text, n); err != nil {
			b.Fatalf("%.60s…: %v", text, err)
		}
	}
	alpaca, keys := kit.Broker(b, url), kit.Keys(b)
	service := accounts.New(tenant.NewDB(db.Pool(b, "paddock_app"), nil), keys, alpaca)
	var storing errgroup.Group
	storing.SetLimit(6)
	for i := 1; i <= n; i++ {
		storing.Go(func() error {
			a := tenant.Admission{Token: token(i), Account: uuid.MustParse(account(i))}
			_, err := service.PutCredentials(b.Context(), a, seedOf(i).KeyID, seedOf(i).SecretKey)
			return err
		})
	}
	if err := storing.Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := admin.Exec(b.Context(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	return alpaca, keys
}

// BenchmarkStreams measures what 2,000 streams on one instance cost: to start, to
// hold, and each time the leases are renewed. While nothing happens, renewing them
// is all that the database has to do.
func BenchmarkStreams(b *testing.B) {
	for name, streams := range map[string]string{"sse": "both", "ws": "ws"} {
		b.Run(name, func(b *testing.B) { benchmarkStreams(b, streams) })
	}
}

func benchmarkStreams(b *testing.B, streams string) {
	ctx := b.Context()
	db := pgtest.New(b)
	admin := db.Conn(b, "admin")
	ask := func(sql string, into ...any) {
		b.Helper()
		if err := admin.QueryRow(ctx, sql).Scan(into...); err != nil {
			b.Fatal(err)
		}
	}
	at := startSim(b, streams)
	alpaca, keys := connectStreamed(b, db, streamed, at)

	before := used(b)
	worker := tenant.NewWorker(db.Pool(b, "paddock_worker"), nil)
	running, stop := context.WithCancel(context.Background())
	defer stop()
	var complaints atomic.Int64
	m := mirror.New(mirror.Config{Worker: worker, Keys: keys, Broker: alpaca, Logger: slog.New(counting{&complaints}), Reconcile: 24 * time.Hour})
	began := time.Now()
	over := make(chan struct{})
	go func() { defer close(over); _ = m.Run(running) }() // it ends with its context, without an error
	for up := 0; up < streamed; time.Sleep(100 * time.Millisecond) {
		ask("select count(*) from app.stream_cursors where streaming is not null and agreed_at is not null", &up)
		if time.Since(began) > 3*time.Minute {
			b.Fatalf("after %s, %d of %d are streamed", time.Since(began), up, streamed)
		}
	}
	started := time.Since(began)
	time.Sleep(15 * time.Second) // connections go idle, and Postgres updates its counters

	const quiet = 20 * time.Second
	var first, last int64
	ask("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()", &first)
	time.Sleep(quiet)
	ask("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()", &last)
	a := float64(last-first) / quiet.Seconds()
	now := used(b)
	each := func(n int) float64 { return float64(n) / streamed }
	goroutines, descriptors := each(now.goroutines-before.goroutines), each(now.descriptors-before.descriptors)
	memory := each(int(now.memory)-int(before.memory)) / 1024

	began = time.Now()
	stop()
	<-over
	stopped := time.Since(began)

	for _, text := range []string{history, "vacuum analyze"} {
		if _, err := admin.Exec(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	looks := claims(b, worker)
	fmt.Printf("\n%d accounts, streams by %s\n", streamed, b.Name())
	fmt.Printf("  all connected and reconciled after %s, all given back after %s, %d complaints in the log\n", started, stopped, complaints.Load())
	fmt.Printf("  an account: %.1f goroutines, %.2f descriptors, %.0f KiB\n", goroutines, descriptors, memory)
	fmt.Printf("  while nothing happens: %.1f transactions a second in all\n", a)
	fmt.Printf("  a look at the leases: %s, at most %s\n", looks[len(looks)/2], looks[len(looks)-1])
	for what, it := range map[string]struct{ is, most float64 }{
		"goroutines an account":                       {goroutines, 12},
		"descriptors an account":                      {descriptors, 1.2},
		"KiB an account":                              {memory, 150},
		"transactions a second while nothing happens": {a, 10},
		"ms a look":                                   {float64(looks[len(looks)/2].Microseconds()) / 1000, 150},
	} {
		if it.is > it.most {
			b.Errorf("%.1f %s: at most %.1f", it.is, what, it.most)
		}
	}
	b.ReportMetric(goroutines, "goroutines/account")
	b.ReportMetric(memory, "KiB/account")
	b.ReportMetric(a, "tx/s")
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// claims returns how long it takes to claim all leases, sorted: the first call
// takes them, the others renew them.
func claims(b *testing.B, worker *tenant.Worker) []time.Duration {
	b.Helper()
	holder := uuid.New()
	var took []time.Duration
	for range 30 {
		began := time.Now()
		leases, err := worker.Claim(b.Context(), holder, 10*time.Second, streamed)
		if err != nil || len(leases) != streamed {
			b.Fatalf("%d leases are held (%v)", len(leases), err)
		}
		took = append(took, time.Since(began))
		time.Sleep(200 * time.Millisecond)
	}
	slices.Sort(took)
	return took
}

// counting counts what is logged as a warning or worse.
type counting struct{ n *atomic.Int64 }

func (counting) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (c counting) Handle(context.Context, slog.Record) error { c.n.Add(1); return nil }

func (c counting) WithAttrs([]slog.Attr) slog.Handler { return c }

func (c counting) WithGroup(string) slog.Handler { return c }

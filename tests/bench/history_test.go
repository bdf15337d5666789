package bench

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/credentials"
	"paddock/app/mirror"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// historyOrders is how many orders the account has traded: PADDOCK_BENCH_ORDERS, or
// 100,000.
func historyOrders(b *testing.B) int {
	b.Helper()
	return howMany(b, "PADDOCK_BENCH_ORDERS", 100_000, 2000)
}

// startSimWithHistory starts a simulator as a process of its own, at which one account
// has traded n orders, and returns its URL.
func startSimWithHistory(b *testing.B, n int, keyID, secret string) string {
	b.Helper()
	seed := filepath.Join(b.TempDir(), "seed.json")
	text := fmt.Sprintf(`[{"key_id":%q,"secret_key":%q,"cash":"100000","history":{"orders":%d,"days":1000,"symbols":["AAPL","MSFT","NVDA","TSLA","AMZN"]}}]`, keyID, secret, n)
	if err := os.WriteFile(seed, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	addr := program.FreeAddr(b)
	cmd := exec.Command(program.Binary(b), "sim", "--addr", addr, "--seed-file", seed, "--rate-limit", "100000")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if response, err := http.Get("http://" + addr + "/v2/clock"); err == nil {
			response.Body.Close()
			return "http://" + addr
		}
		if time.Now().After(deadline) {
			b.Fatal("the simulator does not come up")
		}
	}
}

// heap returns the bytes that the process has of the system for its heap and its
// stacks, without what it has given back.
func heap() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// BenchmarkHistoryImport measures the import of an account's history: how long it
// takes where the broker's limit of requests is no matter, how much memory and
// processor it takes here and in Postgres, and what a page of the list costs
// afterwards, at its beginning and far behind.
func BenchmarkHistoryImport(b *testing.B) {
	ctx, n := b.Context(), historyOrders(b)
	db := pgtest.New(b)
	admin := db.Conn(b, "admin")
	const keyID, secretKey = "PKHISTORY00000000001", "a-secret-that-opens-nothing-but-a-simulator"
	alpaca, keys := kit.Broker(b, startSimWithHistory(b, n, keyID, secretKey)), kit.Keys(b)
	tenants := tenant.NewDB(db.Pool(b, "paddock_app"), nil)
	service := accounts.New(tenants, keys, alpaca)
	a := tenant.Admission{Token: kit.User(b, db, "u1")}
	made, err := service.Create(ctx, a.Token, "one", "paper")
	if err != nil {
		b.Fatal(err)
	}
	a.Account = made.ID
	if _, err := service.PutCredentials(ctx, a, keyID, secretKey); err != nil {
		b.Fatal(err)
	}
	uses := newProcessor(b, db)
	runtime.GC()
	before, most := heap(), 0
	running, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	m := mirror.New(mirror.Config{Worker: tenant.NewWorker(db.Pool(b, "paddock_worker"), nil), Keys: keys, Broker: alpaca, Logger: slog.New(slog.DiscardHandler)})
	go func() { defer close(over); _ = m.Run(running) }() // it ends with its context, without an error
	b.Cleanup(func() { cancel(); <-over })

	type stage struct {
		took, own, server time.Duration
	}
	stages := map[string]stage{}
	var h accounts.HistoryImport
	state, began := "none", time.Now()
	own, server := uses.used()
	for h.State != "done" {
		time.Sleep(20 * time.Millisecond)
		most = max(most, heap())
		if h, err = service.History(ctx, a); err != nil {
			b.Fatal(err)
		}
		if h.State != state {
			ownNow, serverNow := uses.used()
			stages[state] = stage{time.Since(began), ownNow - own, serverNow - server}
			state, began, own, server = h.State, time.Now(), ownNow, serverNow
		}
	}
	var orders, fills, trips, disk int64
	if err := admin.QueryRow(ctx, `select (select count(*) from app.alpaca_orders), (select count(*) from app.fills), (select count(*) from app.trading_positions where closed_at is not null),
		pg_total_relation_size('app.alpaca_orders')`).Scan(&orders, &fills, &trips, &disk); err != nil {
		b.Fatal(err)
	}
	if orders != int64(n) || fills != int64(n) || trips != int64(n/2) {
		b.Fatalf("of %d orders there are %d, with %d executions and %d round trips", n, orders, fills, trips)
	}
	fmt.Printf("\nthe import of a history of %d orders\n", n)
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	for _, name := range []string{"orders", "executions", "round_trips"} {
		s := stages[name]
		fmt.Printf("  %-12s %8s, %6.0f a second; for each %5.0f µs of a core here and %5.0f µs in Postgres\n",
			name, s.took.Round(100*time.Millisecond), float64(n)/s.took.Seconds(), each(s.own), each(s.server))
		b.ReportMetric(each(s.server), name+"_µs/order")
	}
	memory := float64(most-before) / (1 << 20)
	fmt.Printf("  memory: %.1f MiB before, %.1f MiB more at most; %d bytes of disk for an order\n", float64(before)/(1<<20), memory, disk/orders)
	b.ReportMetric(memory, "MiB")
	if memory > 20 {
		b.Errorf("it takes %.1f MiB of memory, more than 20", memory)
	}
	pageCosts(b, tenants, credentials.NewOpener(tenants, keys, alpaca, slog.New(slog.DiscardHandler)), a, n)
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// pageCosts prints how long a page of 50 orders takes at the beginning of the list,
// behind its first page, and far behind, by turns.
func pageCosts(b *testing.B, db *tenant.DB, opener *credentials.Opener, a tenant.Admission, n int) {
	b.Helper()
	service := trading.New(db, opener, slog.New(slog.DiscardHandler))
	service.MirrorMaxAge = 24 * time.Hour
	far := min(2000, n/50) // the last page there is, at most
	lists := []string{"limit=50"}
	for _, page := range []int{2, far} {
		var last uuid.UUID // of the page before
		err := db.Tx(b.Context(), a, func(batch *tenant.Batch) {
			batch.Queue("select id from app.alpaca_orders where account_id = $1 order by created_at desc, id desc offset $2 limit 1", a.Account, (page-1)*50-1).
				QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
		})
		if err != nil {
			b.Fatal(err)
		}
		lists = append(lists, "limit=50&before_order_id="+last.String())
	}
	took := make([][]time.Duration, len(lists))
	for range 200 {
		for i, query := range lists {
			values, err := url.ParseQuery(query)
			if err != nil {
				b.Fatal(err)
			}
			list, err := trading.ParseOrderList(values)
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			page, err := service.Orders(b.Context(), a, &list)
			if err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
			if got := bytes.Count(page, []byte(`"client_order_id"`)); got != 50 {
				b.Fatalf("the page %q has %d orders", query, got)
			}
		}
	}
	median := func(i int) time.Duration {
		return slices.Sorted(slices.Values(took[i]))[len(took[i])/2].Round(time.Microsecond)
	}
	fmt.Printf("  GET /api/orders: %s for page 1, %s for page 2, %s for page %d\n", median(0), median(1), median(2), far)
	b.ReportMetric(float64(median(2))/float64(median(1)), "page_ratio")
}

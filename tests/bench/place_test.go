package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/alpacasim"
	"paddock/tests/pgtest"
)

// How many orders are placed, by how many accounts: few per account, because one may
// send Alpaca 200 requests a minute.
const (
	placers         = 40
	ordersOfAPlacer = 25
)

// BenchmarkPlace measures what POST /api/orders of the built binary adds to the
// broker's call, one order at a time, while each account's stream tells of the same
// order. It compares that with the least that keeps an order: two commits of a plain
// row, by one connection, before and after the call.
func BenchmarkPlace(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 10) // Postgres plans scans of a table that was vacuumed when it was empty
	broker := newTimedBroker(b)
	addr := startServer(b, db, "PADDOCK_ALPACA_PAPER_URL="+broker.url)
	for n := range placers {
		seed := seedOf(n + 1)
		send(b, addr, n, http.MethodPut, "/api/accounts/"+account(n+1)+"/credentials", map[string]any{"key_id": seed.KeyID, "secret_key": seed.SecretKey})
	}
	plain := newPlainOrders(b, db)
	order := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "1.00", "time_in_force": "day", "qty": "1"}
	var added, least []time.Duration
	for i := range ordersOfAPlacer {
		for n := range placers {
			least = append(least, plain.keep(b))
			began := time.Now()
			send(b, addr, n, http.MethodPost, "/api/orders", order)
			took := time.Since(began) - broker.last()
			if i > 4 { // the first ones fill caches
				added = append(added, took)
			}
		}
	}
	slices.Sort(least)
	slices.Sort(added)
	fmt.Printf("\nPOST /api/orders, %d orders one after the other, what is added to the broker's call\n", len(added))
	fmt.Printf("  two commits of a plain row          p50 %6.2f ms  p99 %6.2f ms\n", ms(least, 50), ms(least, 99))
	fmt.Printf("  the whole product                   p50 %6.2f ms  p99 %6.2f ms  (%.1f× the plain row's p50)\n", ms(added, 50), ms(added, 99), ms(added, 50)/ms(least, 50))
	b.ReportMetric(ms(added, 50), "ms-p50")
	b.ReportMetric(ms(added, 99), "ms-p99")
	b.ReportMetric(ms(added, 50)/ms(least, 50), "placed/plain")
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// timedBroker is a simulated Alpaca that knows how long it took to place an order.
type timedBroker struct {
	url  string
	mu   sync.Mutex
	took time.Duration
	came int // how many orders came
}

func newTimedBroker(b *testing.B) *timedBroker {
	b.Helper()
	var seeds []alpacasim.AccountSeed
	for n := range placers {
		seeds = append(seeds, seedOf(n+1))
	}
	sim, err := alpacasim.New(alpacasim.Config{Seed: 1, Accounts: seeds})
	if err != nil {
		b.Fatal(err)
	}
	sim.SetAlwaysOpen(true)
	t, handler := &timedBroker{}, sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		handler.ServeHTTP(w, r)
		if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
			t.mu.Lock()
			t.took = time.Since(began)
			t.came++
			t.mu.Unlock()
		}
	}))
	b.Cleanup(server.CloseClientConnections) // streams never end by themselves
	t.url = server.URL
	return t
}

// last returns how long the last order took.
func (t *timedBroker) last() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.took
}

// count returns how many orders came.
func (t *timedBroker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.came
}

// send sends a request of the nth placer, which must be accepted.
func send(b *testing.B, addr string, n int, method, path string, body any) {
	b.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.Context(), method, "http://"+addr+path, bytes.NewReader(text))
	if err != nil {
		b.Fatal(err)
	}
	request.Header = http.Header{"Cookie": {cookie(token(n + 1))}, "X-Account-Id": {account(n + 1)}, "Content-Type": {"application/json"}, "Origin": {"http://" + addr}}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		b.Fatalf("%s %s: %s %s %v", method, path, response.Status, said, err)
	}
}

// plainOrders keeps rows with nothing but a key and a text.
type plainOrders struct{ conn *pgx.Conn }

func newPlainOrders(b *testing.B, db *pgtest.DB) plainOrders {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), db.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(b.Context(), "create table public.plain (id bigint generated always as identity primary key, data text)"); err != nil {
		b.Fatal(err)
	}
	return plainOrders{conn}
}

// keep returns how long it took to commit a row and then a change of it.
func (p plainOrders) keep(b *testing.B) time.Duration {
	b.Helper()
	began := time.Now()
	var id int64
	if err := p.conn.QueryRow(b.Context(), "insert into public.plain (data) values ('submitting') returning id").Scan(&id); err != nil {
		b.Fatal(err)
	}
	if _, err := p.conn.Exec(b.Context(), "update public.plain set data = 'accepted' where id = $1", id); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

package bench

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// BenchmarkLookToOrder measures how long a position may change unseen while it is
// closed: from the broker's answer about what is held until the broker gets the
// order that closes it. In between, Postgres decides on the order and commits it.
func BenchmarkLookToOrder(b *testing.B) {
	var seeds []alpacasim.AccountSeed
	for i := range 20 {
		seeds = append(seeds, seedOf(i+1))
	}
	sim, err := alpacasim.New(alpacasim.Config{Seed: 1, Accounts: seeds, FillDelay: time.Nanosecond})
	if err != nil {
		b.Fatal(err)
	}
	sim.SetAlwaysOpen(true)
	var mu sync.Mutex
	var looked time.Time
	var windows []time.Duration
	handler := sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if mu.Lock(); r.Method == http.MethodPost && r.URL.Path == "/v2/orders" && !looked.IsZero() {
			windows, looked = append(windows, time.Since(looked)), time.Time{}
		}
		mu.Unlock()
		handler.ServeHTTP(w, r)
		if mu.Lock(); r.URL.Path == "/v2/positions" {
			looked = time.Now()
		}
		mu.Unlock()
	}))
	defer server.Close()

	db := pgtest.New(b)
	alpaca, keys := kit.Broker(b, server.URL), kit.Keys(b)
	fillTenants(b, db, 0)
	pool := tenant.NewDB(db.Pool(b, "paddock_app"), kit.SilentBell{})
	log := slog.New(slog.DiscardHandler)
	service := trading.New(pool, credentials.NewOpener(pool, keys, alpaca, log), log)
	for i, seed := range seeds { // few closings per account: one may send Alpaca 200 requests a minute, and 50 at once
		owner := tenant.Admission{Token: token(i + 1), Account: uuid.MustParse(account(i + 1))}
		if _, err := accounts.New(pool, keys, alpaca).PutCredentials(b.Context(), owner, seed.KeyID, seed.SecretKey); err != nil {
			b.Fatal(err)
		}
		if _, err := service.Place(b.Context(), owner, "", trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "day", Qty: amount(100)}); err != nil {
			b.Fatal(err)
		}
		sim.Step()
		for range 10 {
			if _, err := service.Close(b.Context(), owner, "", trading.Closing{Symbol: "AAPL", Qty: amount(1)}); err != nil {
				b.Fatal(err)
			}
			sim.Step()
		}
	}
	slices.Sort(windows)
	at := func(share float64) float64 {
		return float64(windows[int(share*float64(len(windows)-1))].Microseconds()) / 1000
	}
	fmt.Printf("\nfrom the look at a position to the order that closes it, %d closings one after the other\n  p50 %.1f ms, p99 %.1f ms, at most %.1f ms\n", len(windows), at(.5), at(.99), at(1))
	b.ReportMetric(at(.5), "ms-p50")
	b.ReportMetric(at(.99), "ms-p99")
	b.ReportMetric(0, "ns/op")
}

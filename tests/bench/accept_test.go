package bench

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

// BenchmarkAccept measures orders with Prefer: respond-async, one at a time: how soon each
// is answered, and how long after that the broker has it. It compares the answer with that
// to the same order without the header, broker's call included.
func BenchmarkAccept(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 0)
	broker := newTimedBroker(b)
	addr := startServer(b, db, "PADDOCK_ALPACA_PAPER_URL="+broker.url)
	for n := range placers {
		seed := seedOf(n + 1)
		send(b, addr, n, http.MethodPut, "/api/accounts/"+account(n+1)+"/credentials", map[string]any{"key_id": seed.KeyID, "secret_key": seed.SecretKey})
	}
	const order = `{"symbol":"AAPL","side":"buy","type":"limit","limit_price":"1.00","time_in_force":"day","qty":"1"}`
	var waited, accepted, sent []time.Duration
	for i := range 10 {
		for n := range placers {
			place := func(prefer string) (took time.Duration) {
				b.Helper()
				request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+addr+"/api/orders", strings.NewReader(order))
				if err != nil {
					b.Fatal(err)
				}
				request.Header = http.Header{"Cookie": {cookie(token(n + 1))}, "X-Account-Id": {account(n + 1)}, "Content-Type": {"application/json"}}
				if prefer != "" {
					request.Header.Set("Prefer", prefer)
				}
				began := time.Now()
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					b.Fatal(err)
				}
				defer response.Body.Close()
				said, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode >= 300 || (prefer != "") != (response.Header.Get("Preference-Applied") != "") {
					b.Fatalf("%s %s %v", response.Status, said, err)
				}
				return time.Since(began)
			}
			whole := place("")
			before := broker.count()
			took := place("respond-async")
			answered := time.Now()
			for broker.count() == before {
				if time.Since(answered) > time.Minute {
					b.Fatal("the order does not come to the broker")
				}
				time.Sleep(time.Millisecond)
			}
			if i > 1 { // the first ones fill caches
				waited, accepted, sent = append(waited, whole), append(accepted, took), append(sent, time.Since(answered))
			}
		}
	}
	for _, all := range [][]time.Duration{waited, accepted, sent} {
		slices.Sort(all)
	}
	fmt.Printf("\nPOST /api/orders with Prefer: respond-async, %d orders one after the other\n", len(accepted))
	fmt.Printf("  answered without the header         p50 %6.2f ms  p99 %6.2f ms\n", ms(waited, 50), ms(waited, 99))
	fmt.Printf("  answered with it                    p50 %6.2f ms  p99 %6.2f ms\n", ms(accepted, 50), ms(accepted, 99))
	fmt.Printf("  after that, at the broker           p50 %6.2f ms  p99 %6.2f ms\n", ms(sent, 50), ms(sent, 99))
	b.ReportMetric(ms(accepted, 50), "ms-p50")
	b.ReportMetric(ms(sent, 50), "sent-ms-p50")
	b.ReportMetric(ms(accepted, 50)/ms(waited, 50), "accepted/waited")
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

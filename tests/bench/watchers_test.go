package bench

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// BenchmarkWatchers measures how many deliveries a second a server makes to 4,000
// watchers of one account, each with a session and a grant of its own. Each event is
// written when all of them have the one before, so that the database is asked about
// every single delivery.
func BenchmarkWatchers(b *testing.B) {
	const watchers, events = 4000, 60
	db := pgtest.New(b)
	fillTenants(b, db, 0)
	execAll(b, db.AdminURL, strings.NewReplacer(":tenants", "1", ":each", fmt.Sprint(watchers)).Replace(viewers))
	addr, _ := startServerProcess(b, db)
	crowd := connectTo(b, watchers, 1, func(i int, arrived *atomic.Int64) (*fan, error) {
		return dialFan(addr, viewerPath(1), viewerCookie(1, i+1), paddockFeed, arrived)
	})
	defer crowd.close()
	writer := tenant.NewDB(db.Pool(b, "paddock_app"), nil) // the log rings
	took := make([]time.Duration, events)
	began := time.Now()
	for n := range took {
		at := time.Now()
		err := writer.TxNotify(b.Context(), tenant.Admission{Token: token(1), Account: uuid.MustParse(account(1))}, func(batch *tenant.Batch) {
			if err := batch.AppendEvent("agent_log", map[string]string{"level": "info", "message": strings.Repeat("a line of an agent ", 10)}); err != nil {
				b.Error(err)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		for deadline := at.Add(20 * time.Second); crowd.arrived.Load() < int64(n+1)*watchers; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("of %d deliveries there were %d", (n+1)*watchers, crowd.arrived.Load())
			}
		}
		took[n] = time.Since(at)
	}
	perSecond := watchers * events / time.Since(began).Seconds()
	slices.Sort(took)
	fmt.Printf("\n%d watchers of one account: %.0f deliveries a second, each asked about; an event reaches all of them in p50 %.0f ms, p99 %.0f ms\n",
		watchers, perSecond, ms(took, 50), ms(took, 99))
	b.ReportMetric(perSecond, "deliveries/s")
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

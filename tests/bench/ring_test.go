package bench

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// BenchmarkRinging measures what ringing the doorbell costs those who write. It
// compares how many events a second 16 writers commit without ringing, when they
// ring and nobody listens, when they ring and four connections listen, and when
// the log rings for them, as for psql, so that each transaction has a NOTIFY.
func BenchmarkRinging(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 0)
	quiet := slog.New(slog.DiscardHandler)
	bellPool, err := tenant.OpenPool(b.Context(), tenant.PoolConfig{URL: db.URL("paddock_worker"), MaxConns: 1, Name: "bench bell", AsyncCommit: true})
	if err != nil {
		b.Fatal(err)
	}
	defer bellPool.Close()
	pool, err := tenant.OpenPool(b.Context(), tenant.PoolConfig{URL: db.URL("paddock_app"), MaxConns: connections, Name: "bench app"})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	bell := tenant.NewDoorbell(bellPool, quiet)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = bell.Run(ctx) }) // it ends with ctx
	defer running.Wait()
	defer cancel()

	silent, ringing, others := tenant.NewDB(pool, kit.SilentBell{}), tenant.NewDB(pool, bell), tenant.NewDB(pool, nil)
	compare(b, fmt.Sprintf("Event commits of %d tenants, %d writers", tenants, connections),
		&contender{name: "silent, the same commits without a ring", run: func() float64 { return appendEvents(b, silent) }},
		&contender{name: "ringing, nobody listens", run: func() float64 { return appendEvents(b, ringing) }},
		&contender{name: "heard, by four listeners", run: func() float64 {
			defer listenTo(b, db, 4)()
			return appendEvents(b, ringing)
		}},
		&contender{name: "inside, a NOTIFY in each transaction, four listeners", run: func() float64 {
			defer listenTo(b, db, 4)()
			return appendEvents(b, others)
		}},
	)
}

// appendEvents returns how many events a second the writers commit.
func appendEvents(b *testing.B, db *tenant.DB) float64 {
	b.Helper()
	var done, next atomic.Int64
	var failed atomic.Pointer[error]
	var writing sync.WaitGroup
	began := time.Now()
	for range connections {
		writing.Go(func() {
			for time.Since(began) < round {
				n := int(next.Add(1)%tenants) + 1
				id := uuid.MustParse(account(n))
				err := db.TxNotify(b.Context(), tenant.Admission{Token: token(n), Account: id}, func(batch *tenant.Batch) {
					if err := batch.AppendEvent("agent_log", map[string]string{"level": "info", "message": "a line of an agent"}); err != nil {
						failed.Store(&err)
					}
				})
				if err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	writing.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	return float64(done.Load()) / time.Since(began).Seconds()
}

// listenTo opens connections that listen to the doorbell until stop is called.
func listenTo(b *testing.B, db *pgtest.DB, listeners int) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var listening sync.WaitGroup
	for range listeners {
		conn, err := pgx.Connect(ctx, db.AdminURL)
		if err != nil {
			b.Fatal(err)
		}
		var channel string
		if err := conn.QueryRow(ctx, "select channel from private.doorbell").Scan(&channel); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
			b.Fatal(err)
		}
		listening.Go(func() {
			defer conn.Close(context.WithoutCancel(ctx))
			for {
				if _, err := conn.WaitForNotification(ctx); err != nil {
					return
				}
			}
		})
	}
	return func() {
		cancel()
		listening.Wait()
	}
}

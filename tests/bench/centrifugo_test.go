package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// What BenchmarkCentrifugo does with each of the two servers.
const (
	fans      = 1000 // sockets
	topics    = 200  // accounts, or channels
	fanEvents = 200  // a second, where lateness is measured
	fanRounds = 3    // turns of each
)

var centrifugoFeed = feed{hello: `{"connect"`, event: `{"channel"`, number: `"offset":`}

// BenchmarkCentrifugo compares Paddock with Centrifugo's own Postgres broker, on the
// same Postgres, by the same clients, in turns: how long after its commit an event
// reaches the sockets of its account or channel, and how many events a second 16
// writers commit while the sockets are sent them. Both keep a durable log that clients
// resume from. What differs is that Paddock admits each writer, and asks the database
// about each delivery, and that Centrifugo's channels are open to everybody.
//
// PADDOCK_CENTRIFUGO names Centrifugo's binary, of version 6.
func BenchmarkCentrifugo(b *testing.B) {
	binary := os.Getenv("PADDOCK_CENTRIFUGO")
	if binary == "" {
		b.Skip("PADDOCK_CENTRIFUGO does not name a binary of Centrifugo's: go install github.com/centrifugal/centrifugo/v6@v6.9.1")
	}
	paddock, centrifugo := paddockRival(b), centrifugoRival(b, binary)
	var late [2][]time.Duration
	for range fanRounds {
		for i, r := range []*rival{paddock, centrifugo} {
			late[i] = append(late[i], r.lateness(b)...)
		}
	}
	fmt.Printf("\n%d sockets over %d accounts or channels, %d events a second\n", fans, topics, fanEvents)
	for i, r := range []*rival{paddock, centrifugo} {
		slices.Sort(late[i])
		fmt.Printf("  %-11s commit to its sockets  p50 %6.2f ms  p99 %6.2f ms\n", r.name, ms(late[i], 50), ms(late[i], 99))
	}
	b.Run("late", func(b *testing.B) {
		b.ReportMetric(ms(late[0], 50)/ms(late[1], 50), "p50/centrifugo")
		b.ReportMetric(ms(late[0], 99)/ms(late[1], 99), "p99/centrifugo")
		b.ReportMetric(0, "ns/op") // the total time means nothing
	})
	b.Run("published", func(b *testing.B) {
		compare(b, fmt.Sprintf("Events committed a second by %d writers, and sent to %d sockets", connections, fans),
			&contender{name: "centrifugo, its function of Postgres'", run: func() float64 { return centrifugo.saturate(b) }},
			&contender{name: "paddock, admitted", run: func() float64 { return paddock.saturate(b) }},
		)
	})
}

// rival is one of the two: sockets that are connected, and how an event is
// published for the nth account or channel.
type rival struct {
	name    string
	crowd   *crowd
	publish func(ctx context.Context, n int) error
}

// lateness publishes at a steady rate for five seconds, and returns how long after
// its commit each event reached each of its sockets.
func (k *rival) lateness(b *testing.B) []time.Duration {
	b.Helper()
	const total = 5 * fanEvents
	begin := slices.Clone(k.crowd.last)
	commits := make([][]time.Time, topics)
	places := make(chan int, topics)
	var writing sync.WaitGroup
	var failed atomic.Pointer[error]
	var mu sync.Mutex
	for range connections {
		writing.Go(func() {
			for n := range places {
				if err := k.publish(b.Context(), n); err != nil {
					failed.Store(&err)
				}
				now := time.Now()
				mu.Lock()
				commits[n] = append(commits[n], now)
				mu.Unlock()
			}
		})
	}
	pace := time.NewTicker(time.Second / fanEvents)
	defer pace.Stop()
	for i := range total {
		<-pace.C
		k.crowd.last[i%topics]++
		places <- i % topics
	}
	close(places)
	writing.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	k.crowd.settle(b)
	var late []time.Duration
	for i, f := range k.crowd.all {
		arrived := f.arrived(b, k.crowd.last[i%topics])
		for n, at := range commits[i%topics] {
			late = append(late, arrived[begin[i%topics]+int64(n)].Sub(at))
		}
	}
	return late
}

// saturate returns how many events a second the writers commit, each for another
// part of the accounts, and waits until the sockets have them.
func (k *rival) saturate(b *testing.B) float64 {
	b.Helper()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var writing sync.WaitGroup
	began := time.Now()
	for w := range connections {
		writing.Go(func() {
			for n := w; time.Since(began) < round; n = (n + connections) % (topics / connections * connections) {
				if err := k.publish(b.Context(), n); err != nil {
					failed.Store(&err)
					return
				}
				k.crowd.last[n]++
				done.Add(1)
			}
		})
	}
	writing.Wait()
	perSecond := float64(done.Load()) / time.Since(began).Seconds()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	k.crowd.settle(b)
	return perSecond
}

const line = "a line of an agent a line of an agent a line of an agent a line of an agent a line of an agent "

// paddockRival writes as another instance does: admitted, and with a ring after the
// commit.
func paddockRival(b *testing.B) *rival {
	b.Helper()
	db := pgtest.New(b)
	fillTenants(b, db, 0)
	addViewers(b, db, fans/topics)
	addr, _ := startServerProcess(b, db)
	bellPool, err := tenant.OpenPool(b.Context(), tenant.PoolConfig{URL: db.URL("paddock_worker"), MaxConns: 1, Name: "bench bell", AsyncCommit: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bellPool.Close)
	pool, err := tenant.OpenPool(b.Context(), tenant.PoolConfig{URL: db.URL("paddock_app"), MaxConns: connections, Name: "bench app"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	bell := tenant.NewDoorbell(bellPool, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = bell.Run(ctx) }) // it ends with ctx
	b.Cleanup(func() { cancel(); running.Wait() })
	writer := tenant.NewDB(pool, bell)
	k := &rival{name: "Paddock"}
	k.crowd = connectTo(b, fans, topics, func(i int, arrived *atomic.Int64) (*fan, error) {
		return dialFan(addr, viewerPath(i%topics+1), viewerCookie(i%topics+1, i/topics+1), paddockFeed, arrived)
	})
	b.Cleanup(k.crowd.close)
	k.publish = func(ctx context.Context, n int) (err error) {
		failed := writer.TxNotify(ctx, tenant.Admission{Token: token(n + 1), Account: uuid.MustParse(account(n + 1))}, func(batch *tenant.Batch) {
			err = batch.AppendEvent("agent_log", map[string]string{"level": "info", "message": line})
		})
		if err != nil {
			return err
		}
		return failed
	}
	return k
}

// centrifugoRival runs Centrifugo on a database of its own, with history and
// recovery, and publishes by the function that it has for that in Postgres.
func centrifugoRival(b *testing.B, binary string) *rival {
	b.Helper()
	db := pgtest.New(b) // whose schema it has beside ours
	addr := program.FreeAddr(b)
	host, port, _ := strings.Cut(addr, ":")
	config, err := json.Marshal(map[string]any{
		"broker":        map[string]any{"enabled": true, "type": "postgres", "postgres": map[string]any{"dsn": db.AdminURL, "use_notify": true}},
		"http_server":   map[string]any{"address": host, "port": port},
		"uni_websocket": map[string]any{"enabled": true},
		"client":        map[string]any{"allow_anonymous_connect_without_token": true},
		"log":           map[string]any{"level": "error"},
		"channel": map[string]any{"without_namespace": map[string]any{
			"history_size": 1000, "history_ttl": "1h", "force_recovery": true, "allow_subscribe_for_client": true, "allow_subscribe_for_anonymous": true,
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "centrifugo.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(binary, "--config", file)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	dial := func(i int, arrived *atomic.Int64) (*fan, error) {
		path := "/connection/uni_websocket?cf_connect=" + url.QueryEscape(fmt.Sprintf(`{"subs":{"channel-%d":{}}}`, i%topics))
		return dialFan(addr, path, "", centrifugoFeed, arrived)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if f, err := dial(0, &atomic.Int64{}); err == nil {
			f.conn.Close()
			break
		}
		if time.Now().After(deadline) {
			b.Fatalf("Centrifugo does not come up: %s", said.String())
		}
	}
	pool, err := pgxpool.New(b.Context(), db.AdminURL+fmt.Sprintf("&pool_max_conns=%d", connections))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	k := &rival{name: "Centrifugo", crowd: connectTo(b, fans, topics, dial)}
	b.Cleanup(k.crowd.close)
	data, err := json.Marshal(map[string]string{"level": "info", "message": line})
	if err != nil {
		b.Fatal(err)
	}
	k.publish = func(ctx context.Context, n int) error {
		_, err := pool.Exec(ctx, "select from cf_stream_publish($1, $2, p_history_ttl => '1 hour', p_history_size => 1000)", fmt.Sprintf("channel-%d", n), data)
		return err
	}
	return k
}

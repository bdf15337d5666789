package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/mirror"
	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// brokerOfRest is the environment variable that has this program be a broker, as a
// process of its own, so that what it uses is not counted. It has the descriptor of
// its listener.
const brokerOfRest = "PADDOCK_BENCH_BROKER"

// serveRest is a broker at which nothing happens: each stream connects and is
// silent but for heartbeats, and lists are empty.
func serveRest() {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	server := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/events/trades":
			w.Header().Set("Content-Type", "text/event-stream")
			beats := time.NewTicker(10 * time.Second)
			defer beats.Stop()
			for {
				fmt.Fprint(w, ":heartbeat\n\n")
				if http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-beats.C:
				case <-r.Context().Done():
					return
				}
			}
		case "/v2/account":
			sum := sha256.Sum256([]byte(r.Header.Get("APCA-API-KEY-ID")))
			fmt.Fprintf(w, `{"id":"%s","account_number":"%s","status":"ACTIVE","currency":"USD","equity":"1","cash":"1","buying_power":"1"}`,
				uuid.UUID(sum[:16]), hex.EncodeToString(sum[:5]))
		default:
			fmt.Fprint(w, "[]")
		}
	})}
	panic(server.Serve(listener))
}

// startBrokerOfRest starts the broker and returns its URL.
func startBrokerOfRest(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), brokerOfRest+"=3")
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return "http://" + listener.Addr().String()
}

// processor reads how much of the processor this process and the database's server
// have used.
type processor struct {
	b          *testing.B
	postmaster string // its process id
}

func newProcessor(b *testing.B, db *pgtest.DB) processor {
	b.Helper()
	var backend int
	if err := db.Conn(b, "admin").QueryRow(b.Context(), "select pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	stat, ok := readStat(strconv.Itoa(backend))
	if !ok {
		b.Skip("the database's server does not run on this machine, or the machine does not tell what processes use")
	}
	return processor{b, stat[1]}
}

// readStat returns the fields of /proc/PID/stat from the state on.
func readStat(pid string) (fields []string, ok bool) {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil, false
	}
	_, after, found := strings.Cut(string(text), ") ")
	return strings.Fields(after), found
}

// used returns the time that each has used since its start.
func (p processor) used() (own, server time.Duration) {
	p.b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		p.b.Fatal(err)
	}
	own = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	ticks := func(fields []string, from, to int) {
		for _, f := range fields[from:to] {
			n, _ := strconv.ParseInt(f, 10, 64)
			server += time.Duration(n) * (time.Second / 100) // USER_HZ is 100 on Linux
		}
	}
	all, err := os.ReadDir("/proc")
	if err != nil {
		p.b.Fatal(err)
	}
	for _, entry := range all {
		fields, ok := readStat(entry.Name())
		switch {
		case !ok || len(fields) < 15:
		case entry.Name() == p.postmaster:
			ticks(fields, 11, 15) // with those of its children that have ended
		case fields[1] == p.postmaster:
			ticks(fields, 11, 13)
		}
	}
	return own, server
}

// during returns which part of a core each uses while d passes.
func (p processor) during(d time.Duration) (own, server float64) {
	p.b.Helper()
	own1, server1 := p.used()
	began := time.Now()
	time.Sleep(d)
	own2, server2 := p.used()
	took := float64(time.Since(began))
	return float64(own2-own1) / took, float64(server2-server1) / took
}

// restAccounts is how many accounts are at rest: PADDOCK_BENCH_ACCOUNTS, or 1,000.
func restAccounts(b *testing.B) int {
	b.Helper()
	return howMany(b, "PADDOCK_BENCH_ACCOUNTS", 1000, 1)
}

// howMany returns the number that a variable of the environment has, which must be at
// least least, or usual where it has none.
func howMany(b *testing.B, name string, usual, least int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		b.Fatalf("%s is %q, and no number of at least %d", name, text, least)
	}
	return n
}

// writeHeap writes a profile of the heap, for go tool pprof.
func writeHeap(b *testing.B, name string) {
	b.Helper()
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := pprof.WriteHeapProfile(file); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRest measures what accounts cost at which nothing happens, in this
// process and in Postgres: once connected, and when they are reconciled. The broker
// is a stub, since only what Paddock uses is of interest.
func BenchmarkRest(b *testing.B) {
	ctx, n := b.Context(), restAccounts(b)
	db := pgtest.New(b)
	admin := db.Conn(b, "admin")
	ask := func(sql string, into ...any) {
		b.Helper()
		if err := admin.QueryRow(ctx, sql).Scan(into...); err != nil {
			b.Fatal(err)
		}
	}
	alpaca, keys := connectStreamed(b, db, n, startBrokerOfRest(b))

	before := used(b)
	uses := newProcessor(b, db)
	worker := tenant.NewWorker(db.Pool(b, "paddock_worker"), nil)
	var reconciled, complaints atomic.Int64
	start := func(between time.Duration) (stop func()) {
		running, cancel := context.WithCancel(context.Background())
		m := mirror.New(mirror.Config{Worker: worker, Keys: keys, Broker: alpaca, Logger: slog.New(counting{&complaints}), MaxStreams: n,
			Reconcile: between, ReconcileAtRest: between,
			Observer: mirror.Observer{Reconciled: func(time.Duration, error) { reconciled.Add(1) }}})
		over := make(chan struct{})
		go func() { defer close(over); _ = m.Run(running) }() // it ends with its context, without an error
		began := time.Now()
		before := reconciled.Load()
		for up := 0; up < n || reconciled.Load()-before < int64(n); time.Sleep(time.Second) {
			ask("select count(*) from app.stream_cursors where streaming is not null", &up)
			if limit := time.Minute + time.Duration(n)*100*time.Millisecond; time.Since(began) > limit {
				b.Fatalf("after %s, %d of %d are streamed", limit, up, n)
			}
		}
		fmt.Printf("  %d accounts connected after %s\n", n, time.Since(began).Round(time.Second))
		return func() { cancel(); <-over }
	}
	fmt.Printf("\naccounts at rest\n")
	stop := start(24 * time.Hour)
	time.Sleep(15 * time.Second) // connections go idle
	var wal1, wal2, writes1, writes2 int64
	const counters = `select pg_current_wal_lsn() - '0/0', (select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables)`
	ask(counters, &wal1, &writes1)
	const quiet = 30 * time.Second
	own, server := uses.during(quiet)
	ask(counters, &wal2, &writes2)
	now := used(b)
	each := func(is, was int) float64 { return float64(is-was) / float64(n) }
	memory := each(int(now.memory), int(before.memory)) / 1024
	fmt.Printf("  each: %.1f goroutines, %.2f descriptors, %.1f KiB\n", each(now.goroutines, before.goroutines), each(now.descriptors, before.descriptors), memory)
	fmt.Printf("  streamed, and not reconciled: %.2f %% of a core here, %.2f %% in Postgres, %.1f rows written and %.1f KiB of WAL a second\n",
		100*own, 100*server, float64(writes2-writes1)/quiet.Seconds(), float64(wal2-wal1)/quiet.Seconds()/1024)
	if file := os.Getenv("PADDOCK_BENCH_HEAP"); file != "" {
		writeHeap(b, file)
	}
	stop() // it is measured before the other begins

	// Thirty a second, however many accounts there are.
	stop = start(time.Duration(n) * time.Second / 30)
	defer stop()
	for begun := reconciled.Load(); reconciled.Load() < begun+int64(n)/10; time.Sleep(time.Second) { // the first pause is over
	}
	const transactions = "select xact_commit from pg_stat_database where datname = current_database()"
	var commits1, commits2 int64
	ask(transactions, &commits1)
	first := reconciled.Load()
	busyOwn, busyServer := uses.during(quiet)
	done := float64(reconciled.Load()-first) / quiet.Seconds()
	ask(transactions, &commits2)
	cost := (busyOwn + busyServer - own - server) / done // seconds of a core
	fmt.Printf("  %.1f reconciliations a second: %.1f %% of a core here, %.1f %% in Postgres, %.2f ms each; %d complaints in the log\n",
		done, 100*busyOwn, 100*busyServer, 1000*cost, complaints.Load())
	const every = 8 * 60 // seconds
	fmt.Printf("  %d accounts at rest, each reconciled every eight minutes: %.1f %% of a core\n", n, 100*(own+server+cost*float64(n)/every))
	b.ReportMetric(memory, "KiB/account")
	b.ReportMetric(1000*cost, "ms/reconciliation")
	b.ReportMetric(float64(commits2-commits1)/quiet.Seconds()/done, "transactions/reconciliation")
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

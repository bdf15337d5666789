package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// How many sockets follow the tenants' accounts, in all and per account. Each has a
// session of its own.
const (
	sockets    = 5000
	perAccount = sockets / tenants
)

// viewers makes :each users for each account, with a session and a viewer's grant.
const viewers = `
insert into auth."user" (id, name, email, "emailVerified", "updatedAt")
	select 'viewer-' || n || '-' || v, 'Bench', 'viewer-' || n || '-' || v || '@example.com', true, now() from generate_series(1, :tenants) n, generate_series(1, :each) v;
insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
	select 'viewer-' || n || '-' || v, now() + interval '7 days', 'viewer-session-' || n || '-' || v, now(), 'viewer-' || n || '-' || v
	from generate_series(1, :tenants) n, generate_series(1, :each) v;
insert into app.account_grants (account_id, user_id, role)
	select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'viewer-' || n || '-' || v, 'viewer' from generate_series(1, :tenants) n, generate_series(1, :each) v`

func addViewers(b testing.TB, db *pgtest.DB, each int) {
	b.Helper()
	execAll(b, db.AdminURL, strings.NewReplacer(":tenants", strconv.Itoa(tenants), ":each", strconv.Itoa(each)).Replace(viewers))
}

// loads are what FanOut measures: how many events a second are written for how
// long, and by whom.
var loads = []struct {
	by   string
	rate int
	time time.Duration
}{
	{anotherInstance, 100, 20 * time.Second}, {anotherInstance, 1000, 20 * time.Second},
	{psql, 100, 20 * time.Second}, {psql, 1000, 20 * time.Second},
}

// Who writes events: an instance rings the doorbell after the commit, and for psql
// the log does.
const (
	anotherInstance = "another instance"
	psql            = "psql"
)

// BenchmarkFanOut measures how long it takes from the commit of an event until its
// account's five sockets have it, in a server with 5,000 sockets, and compares that
// with a plain connection that LISTENs. Every socket must get every event of its
// account once and in order. It also measures the memory per socket.
func BenchmarkFanOut(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 0)
	addViewers(b, db, perAccount)
	addr, pid := startServerProcess(b, db)
	before := resident(b, pid)
	crowd := connect(b, addr, sockets)
	defer crowd.close()
	time.Sleep(3 * time.Second)
	fmt.Printf("\n%d sockets over %d accounts in one process\n", sockets, tenants)
	idle := float64(resident(b, pid)-before) / sockets / 1024
	fmt.Printf("  memory of an idle socket, as the process grew                        %8.1f KiB\n", idle)
	for _, load := range loads {
		b.Run(fmt.Sprintf("by=%s/rate=%d", strings.ReplaceAll(load.by, " ", "-"), load.rate), func(b *testing.B) {
			l := crowd.measure(b, db, load.by, load.rate, load.time)
			fmt.Printf("\n  %-16s at %5d events a second: commit to a bare listener  p50 %6.2f ms  p99 %6.2f ms\n", load.by, load.rate, ms(l.bare, 50), ms(l.bare, 99))
			fmt.Printf("  %44s commit to its sockets      p50 %6.2f ms  p99 %6.2f ms  (%.1f× the listener's p99), %d deliveries, none lost or doubled\n",
				"", ms(l.pushed, 50), ms(l.pushed, 99), ms(l.pushed, 99)/ms(l.bare, 99), len(l.pushed))
			b.ReportMetric(ms(l.pushed, 50), "p50ms")
			b.ReportMetric(ms(l.pushed, 99), "p99ms")
			b.ReportMetric(ms(l.pushed, 99)/ms(l.bare, 99), "p99/listener")
			b.ReportMetric(0, "ns/op") // the total time means nothing
		})
	}
	b.Run("memory", func(b *testing.B) {
		after := float64(resident(b, pid)-before) / sockets / 1024
		fmt.Printf("\n  memory of a socket after that                                        %8.1f KiB\n", after)
		b.ReportMetric(idle, "KiB/idle-socket")
		b.ReportMetric(after, "KiB/socket")
		b.ReportMetric(0, "ns/op")
	})
}

func ms(all []time.Duration, percentile int) float64 {
	return float64(all[(len(all)-1)*percentile/100].Microseconds()) / 1000
}

// resident returns the memory that a process has for itself, in bytes: without the pages
// of its program's file, which the system keeps as long as it has room.
func resident(b testing.TB, pid int) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skipf("this system does not tell a process's memory: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "RssAnon:"); is {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n << 10
		}
	}
	b.Fatal("the process tells no memory")
	return 0
}

// mebibytes is resident in MiB.
func mebibytes(b testing.TB, pid int) float64 {
	b.Helper()
	return float64(resident(b, pid)) / (1 << 20)
}

// crowd has all sockets. Socket i follows the account with the index i%accounts.
type crowd struct {
	all      []*fan
	accounts int
	last     []int64       // the number of each account's newest event
	arrived  *atomic.Int64 // events, at all sockets together
}

func (c *crowd) close() {
	for _, f := range c.all {
		f.conn.Close()
	}
}

// connect opens a server's sockets, which are spread over the tenants' accounts.
func connect(b testing.TB, addr string, sockets int) *crowd {
	b.Helper()
	return connectTo(b, sockets, tenants, func(i int, arrived *atomic.Int64) (*fan, error) {
		return dialFan(addr, viewerPath(i%tenants+1), viewerCookie(i%tenants+1, i/tenants+1), paddockFeed, arrived)
	})
}

// connectTo opens sockets over so many accounts, 32 at a time.
func connectTo(b testing.TB, sockets, accounts int, dial func(i int, arrived *atomic.Int64) (*fan, error)) *crowd {
	b.Helper()
	c := &crowd{all: make([]*fan, sockets), accounts: accounts, last: make([]int64, accounts), arrived: &atomic.Int64{}}
	var dialling sync.WaitGroup
	failed := make(chan error, sockets)
	places := make(chan int)
	for range 32 {
		dialling.Go(func() {
			for i := range places {
				f, err := dial(i, c.arrived)
				if err != nil {
					failed <- err
					continue
				}
				c.all[i] = f
			}
		})
	}
	for i := range sockets {
		places <- i
	}
	close(places)
	dialling.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	return c
}

// latencies are the times from a commit until the plain listener heard the ring
// (bare) and until a socket had the event (pushed). Both are sorted.
type latencies struct{ bare, pushed []time.Duration }

// measure has events written at a rate, and returns how long after its commit each
// event arrived.
func (c *crowd) measure(b *testing.B, db *pgtest.DB, by string, rate int, during time.Duration) latencies {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	bellPool, err := tenant.OpenPool(ctx, tenant.PoolConfig{URL: db.URL("paddock_worker"), MaxConns: 1, Name: "bench bell", AsyncCommit: true})
	if err != nil {
		b.Fatal(err)
	}
	defer bellPool.Close()
	pool, err := tenant.OpenPool(ctx, tenant.PoolConfig{URL: db.URL("paddock_app"), MaxConns: 8, Name: "bench app"})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	bell := tenant.NewDoorbell(bellPool, quiet)
	clock := &commitClock{bell: bell, eachRings: by == psql, commits: make([][]time.Time, tenants), heard: make([][]time.Time, tenants)}
	writer := tenant.NewDB(pool, clock)
	if by == psql {
		writer = tenant.NewDB(pool, nil)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = bell.Run(ctx) }) // it ends with ctx
	listening := make(chan error, 1)
	running.Go(func() { clock.listen(ctx, db, listening) })
	if err := <-listening; err != nil {
		b.Fatal(err)
	}

	begin := slices.Clone(c.last)
	pace := time.NewTicker(time.Second / time.Duration(rate))
	defer pace.Stop()
	places := make(chan int, tenants)
	var writing sync.WaitGroup
	var failed atomic.Pointer[error]
	for range connections {
		writing.Go(func() {
			for n := range places {
				err := writer.TxNotify(ctx, tenant.Admission{Token: token(n), Account: uuid.MustParse(account(n))}, func(batch *tenant.Batch) {
					if err := batch.AppendEvent("agent_log", map[string]string{"level": "info", "message": strings.Repeat("a line of an agent ", 10)}); err != nil {
						failed.Store(&err)
					}
				})
				if err != nil {
					failed.Store(&err)
				}
				if by == psql {
					clock.note(n)
				}
			}
		})
	}
	total := int(during.Seconds()) * rate
	for i := range total {
		<-pace.C
		c.last[i%tenants]++
		places <- i%tenants + 1
	}
	close(places)
	writing.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	c.settle(b)
	cancel()
	running.Wait()

	var l latencies
	for i, f := range c.all {
		account := i % tenants
		arrived := f.arrived(b, c.last[account])
		for n, at := range clock.commits[account] {
			l.pushed = append(l.pushed, arrived[begin[account]+int64(n)].Sub(at))
		}
	}
	for account, commits := range clock.commits {
		for n, at := range commits {
			if n < len(clock.heard[account]) {
				l.bare = append(l.bare, clock.heard[account][n].Sub(at))
			}
		}
	}
	if len(l.bare) < total*9/10 {
		b.Fatalf("the bare listener heard %d of %d rings", len(l.bare), total)
	}
	slices.Sort(l.bare)
	slices.Sort(l.pushed)
	return l
}

// settle waits until every socket has all events of its account.
func (c *crowd) settle(b testing.TB) {
	b.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		behind := 0
		for i, f := range c.all {
			if f.have() < c.last[i%c.accounts] {
				behind++
			}
		}
		if behind == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d sockets lack events", behind)
		}
	}
}

// commitClock records when each account's events were committed, rings the doorbell
// for them, and records when a plain connection hears the ring.
type commitClock struct {
	bell           tenant.Bell
	eachRings      bool // each event has a ring of its own, with its commit
	mu             sync.Mutex
	commits, heard [][]time.Time
}

// Ring is called right after a commit.
func (c *commitClock) Ring(id uuid.UUID) {
	n, err := strconv.Atoi(strings.TrimLeft(id.String()[24:], "0"))
	if err != nil {
		panic(err) // the accounts' ids are the benchmark's own
	}
	c.note(n)
	c.bell.Ring(id)
}

// note notes that an event of the nth account was committed now.
func (c *commitClock) note(n int) {
	now := time.Now()
	c.mu.Lock()
	c.commits[n-1] = append(c.commits[n-1], now)
	c.mu.Unlock()
}

// listen waits for rings on a plain connection. A ring counts for all events of its
// account that were committed before it.
func (c *commitClock) listen(ctx context.Context, db *pgtest.DB, ready chan<- error) {
	conn, err := pgx.Connect(ctx, db.AdminURL)
	if err == nil {
		var channel string
		if err = conn.QueryRow(ctx, "select channel from private.doorbell").Scan(&channel); err == nil {
			_, err = conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize())
		}
	}
	if ready <- err; err != nil {
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		c.mu.Lock()
		for at := 0; at+8 <= len(n.Payload); at += 8 {
			account, err := strconv.Atoi(strings.TrimLeft(n.Payload[at:at+8], "0"))
			if err != nil || account > tenants {
				continue
			}
			if c.eachRings { // maybe before the writer knows of its commit
				c.heard[account-1] = append(c.heard[account-1], now)
			}
			for !c.eachRings && len(c.heard[account-1]) < len(c.commits[account-1]) {
				c.heard[account-1] = append(c.heard[account-1], now)
			}
		}
		c.mu.Unlock()
	}
}

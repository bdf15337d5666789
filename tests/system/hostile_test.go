package system

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// harms are the ways in which one reporting login tries to be in everybody's way. Each
// has a session of its own, ten together, which is all that a login may have. It runs
// its statements over and over, and comes back when its session is ended.
var harms = []struct{ what, first, again string }{
	// A fifth of the server's table of locks: more than a quarter bars the login.
	{"locks", "select count(pg_advisory_lock(g)) from generate_series(1, current_setting('max_locks_per_transaction')::bigint * current_setting('max_connections')::bigint / 5) g",
		"select count(*) from pg_locks"},
	{"a snapshot", "begin isolation level repeatable read; select count(*) from orders", "select pg_sleep(0.5)"},
	{"a listener that does not read", "listen x; begin; select 1", "select pg_sleep(0.5)"},
	{"the queue of notifications", "", "select count(pg_notify('x', repeat('x', 7900) || g)) from generate_series(1, 50) g"},
	{"temporary files", "set work_mem = '64kB'", "select count(*) from (select md5(g::text) from generate_series(1, 20000) g order by 1) s"},
	{"statistics", "", "select count(pg_stat_clear_snapshot()) from pg_stat_get_activity(null); select count(*) from pg_stat_all_tables; select count(*) from pg_stat_activity"},
	{"transaction ids", "", "do $$ begin for i in 1 .. 200 loop begin perform pg_current_xact_id(); exception when others then null; end; end loop; end $$"},
	{"the login's own row", "", "do $$ begin execute format('alter role %I set work_mem = ''1MB''', session_user); perform pg_sleep(0.1); end $$"},
	{"large objects", "", "select count(lo_from_bytea(0, '\\x00')) from generate_series(1, 50)"},
}

// harm does all of it until ctx ends, with a pause between two statements, so that the
// two cores of a small machine are not what is measured. It returns how many sessions
// each of them had.
func harm(ctx context.Context, databaseURL string) map[string]int {
	var all sync.WaitGroup
	var mu sync.Mutex
	sessions := map[string]int{}
	with := func(what string, use func(*pgx.Conn)) {
		conn, err := pgx.Connect(ctx, databaseURL)
		if err != nil {
			return // such as: it has ten already
		}
		mu.Lock()
		sessions[what]++
		mu.Unlock()
		use(conn)
		_ = conn.Close(context.WithoutCancel(ctx)) // it may have been ended
	}
	pause := func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	for _, h := range harms {
		all.Go(func() {
			for ; ctx.Err() == nil; pause(100 * time.Millisecond) {
				with(h.what, func(conn *pgx.Conn) {
					_, err := conn.Exec(ctx, liftTimeouts+h.first)
					for ctx.Err() == nil && !conn.IsClosed() {
						if err != nil { // it goes on, as a session that is not ended
							_, _ = conn.Exec(ctx, "rollback")
						}
						_, err = conn.Exec(ctx, h.again)
						pause(100 * time.Millisecond)
					}
				})
			}
		})
	}
	all.Go(func() {
		for ; ctx.Err() == nil; pause(50 * time.Millisecond) {
			with("connections", func(*pgx.Conn) {})
		}
	})
	all.Wait()
	return sessions
}

// times has how long what users do took, by its name.
type times map[string][]time.Duration

func (m times) median(what string) time.Duration {
	slices.Sort(m[what])
	if len(m[what]) == 0 {
		return 0
	}
	return m[what][len(m[what])/2]
}

func (m times) String() string {
	var lines []string
	for _, what := range []string{"an order", "a sign-in", "a revocation", "its socket"} {
		if n := len(m[what]); n > 0 {
			lines = append(lines, fmt.Sprintf("%s: median %v, worst %v, of %d", what, m.median(what).Round(time.Millisecond/10), m[what][n-1].Round(time.Millisecond), n))
		}
	}
	return strings.Join(lines, "; ")
}

// goOn places orders, signs in and ends the session again, at each tick of pace until ctx
// ends. Alpaca takes 200 requests a minute of an account, and 50 at once.
// It returns how long each took; y has how they were answered. A revocation has taken
// when the session's next request is refused, and its socket when that is closed.
func (w *world) goOn(ctx context.Context, pace time.Duration, a *account, y *tally) times {
	took := times{}
	measure := func(what string, do func() *http.Response) (ok bool) {
		began, done := time.Now(), y.done
		y.add(what, do())
		if y.done > done {
			took[what] = append(took[what], time.Since(began))
		}
		return y.done > done
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for round := 0; ctx.Err() == nil; round++ {
		<-tick.C
		measure("an order", a.bid)
		thief := &user{w: w, name: "ada", password: "the password of ada"}
		signedIn := measure("a sign-in", func() *http.Response {
			r := thief.call("POST", "/api/auth/sign-in/email", "", map[string]string{"email": "ada@example.com", "password": thief.password})
			thief.takeCookie(r)
			return r
		})
		if !signedIn {
			continue
		}
		var socket <-chan string
		if round%5 == 0 {
			socket = thief.hear("")
		}
		began := time.Now()
		measure("a revocation", func() *http.Response {
			out := thief.call("POST", "/api/auth/sign-out", "", map[string]string{})
			if r := w.get("/api/accounts", thief); out.StatusCode == http.StatusOK && (r == nil || r.StatusCode != http.StatusUnauthorized) {
				w.t.Errorf("a session goes on after its end: %+v", r)
			}
			return out
		})
		if socket == nil {
			continue
		}
		select {
		case <-socket:
			took["its socket"] = append(took["its socket"], time.Since(began))
		case <-time.After(soon):
			w.t.Errorf("a socket is open %v after its session's end", soon)
		}
	}
	return took
}

// A reporting login that tries to be in everybody's way in all ways at once is not:
// orders are placed, users sign in and sessions are ended, all of them, and nearly as
// fast as without it. Last it takes all locks, and is barred.
//
// PADDOCK_HOSTILE=10m does it for so long, and then asks for twice the time at most.
func TestHostileReportLogin(t *testing.T) {
	lasting, pace, long := 6*time.Second, 100*time.Millisecond, false
	if text := os.Getenv("PADDOCK_HOSTILE"); text != "" {
		var err error
		if lasting, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		long, pace = true, 400*time.Millisecond
	}
	w := newWorld(t)
	w.settings = []string{"PADDOCK_AUTH_RATE_LIMIT=false", "PADDOCK_REPORT_TRANSACTION=2s"}
	w.start()
	ada := w.signUp("ada")
	account := ada.connect("one", w.seeds[0])
	report := w.reportLogin("hostile", account)

	var y tally
	quiet, end := context.WithTimeout(t.Context(), min(lasting/3, 30*time.Second))
	before := w.goOn(quiet, pace, account, &y)
	end()
	if y.later > 0 || len(y.wrong) > 0 {
		t.Fatalf("without the login %d requests were told to come back, and %d were wrong: %q", y.later, len(y.wrong), y.wrong)
	}

	attack, end := context.WithTimeout(t.Context(), lasting)
	sessions := make(chan map[string]int, 1)
	go func() { sessions <- harm(attack, report) }()
	under := w.goOn(attack, pace, account, &y)
	end()
	had := <-sessions
	t.Logf("before: %v", before)
	t.Logf("under attack: %v", under)
	t.Logf("the login's sessions: %v", had)
	if y.later > 0 || len(y.wrong) > 0 {
		t.Errorf("%d requests were told to come back, and %d were wrong: %.2000q", y.later, len(y.wrong), y.wrong)
	}
	for _, h := range harms {
		if had[h.what] == 0 {
			t.Errorf("%s: there was no session, so nothing was tried", h.what)
		}
	}
	for _, what := range []string{"an order", "a sign-in", "a revocation"} {
		if was, is := before.median(what), under.median(what); is == 0 || long && is > 2*was {
			t.Errorf("%s takes %v under attack, and %v before", what, is, was)
		}
	}
	w.wasEnded("hostile", "open for too long")

	w.eventually("the login that takes all locks to be ended for it", func() error {
		ctx, end := context.WithTimeout(t.Context(), 5*time.Second)
		defer end()
		all, held := takeLocks(ctx, report) // again where its sessions of before are still there
		text, err := os.ReadFile(w.logPath())
		if err == nil && !strings.Contains(string(text), "table of locks") {
			err = fmt.Errorf("it took all locks: %v, for %v", all, held)
		}
		return err
	})
	w.wasEnded("hostile", "table of locks")
	w.eventually("orders to go on", func() error { return wantStatus(account.bid(), http.StatusCreated) })
}

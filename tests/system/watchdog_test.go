package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/reporting"
)

// reportLogin makes a reporting login and returns its database URL.
func (w *world) reportLogin(name string, a *account) string {
	w.t.Helper()
	owner, err := pgx.Connect(w.t.Context(), w.postgres.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer owner.Close(context.Background())
	password, err := reporting.Create(w.t.Context(), owner, name, []uuid.UUID{uuid.MustParse(a.id)}, "", time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(w.postgres.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// liftTimeouts is what a login can do about its defaults.
const liftTimeouts = "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0; set default_transaction_read_only = off; "

// takeLocks takes all locks that the server has, and holds them until the
// session is ended or ctx ends. It reports whether it got them all, and for how
// long.
func takeLocks(ctx context.Context, databaseURL string) (all bool, held time.Duration) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return false, 0
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, liftTimeouts+"select count(pg_advisory_lock(g)) from generate_series(1, 10000000) g")
	if err == nil || !strings.Contains(err.Error(), "53200") {
		return false, 0
	}
	began := time.Now()
	_, _ = conn.WaitForNotification(ctx) // until the session is ended
	return true, time.Since(began)
}

// tally counts what requests were answered with.
type tally struct {
	done, later int      // carried out, and answered 503 with Retry-After
	wrong       []string // anything else
}

func (y *tally) add(what string, r *http.Response) {
	text, _ := io.ReadAll(r.Body)
	r.Body.Close()
	switch {
	case r.StatusCode < 300:
		y.done++
	case r.StatusCode == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != "":
		y.later++
	default:
		y.wrong = append(y.wrong, fmt.Sprintf("%s: %d %s", what, r.StatusCode, text))
	}
}

// trade places orders that are never filled, signs in and signs out, a few times
// a second, until ctx ends.
func (w *world) trade(ctx context.Context, a *account, user string, y *tally) {
	pace := time.NewTicker(150 * time.Millisecond)
	defer pace.Stop()
	for ; ctx.Err() == nil; <-pace.C {
		y.add("an order", a.bid())
		body, _ := json.Marshal(map[string]string{"email": user + "@example.com", "password": "the password of " + user})
		r, err := http.Post("http://"+w.addr+"/api/auth/sign-in/email", "application/json", bytes.NewReader(body))
		if err != nil {
			w.t.Error(err)
			return
		}
		y.add("a sign-in", r)
		if r.StatusCode != http.StatusOK {
			continue
		}
		out, err := http.NewRequest("POST", "http://"+w.addr+"/api/auth/sign-out", strings.NewReader("{}"))
		if err != nil {
			w.t.Error(err)
			return
		}
		out.Header.Set("Content-Type", "application/json")
		out.Header.Set("Origin", "http://"+w.addr)
		for _, c := range r.Cookies() {
			out.AddCookie(c)
		}
		if r, err = http.DefaultClient.Do(out); err != nil {
			w.t.Error(err)
			return
		}
		y.add("a sign-out", r)
	}
}

// bid places an order far below the market.
func (a *account) bid() *http.Response {
	return a.user.call("POST", "/api/orders", a.id, map[string]any{
		"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "1", "time_in_force": "day", "qty": "1",
	})
}

// A reporting login can take every lock of the server in a fraction of a second.
// Without the watchdog orders cannot be placed any more, and their senders are
// told to come back.
// With it that ends within seconds, though the login goes on trying, with as
// many sessions as it may have.
func TestNoLoginTakesAllLocks(t *testing.T) {
	w := newWorld(t)
	w.settings = []string{"PADDOCK_AUTH_RATE_LIMIT=false"}
	w.start()
	ada := w.signUp("ada")
	account := ada.connect("one", w.seeds[0])
	report := w.reportLogin("greedy", account)

	w.sql("revoke execute on function private.end_report_sessions from paddock_worker")
	ctx, end := context.WithCancel(t.Context())
	took := make(chan bool, 1)
	go func() {
		all, _ := takeLocks(ctx, report)
		took <- all
	}()
	w.eventually("orders to be refused, again and again", func() error {
		var without tally
		round, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		w.trade(round, account, "ada", &without)
		if len(without.wrong) > 0 {
			t.Fatalf("without the watchdog, %d answers were neither right nor 503: %s", len(without.wrong), without.wrong[0])
		}
		if without.later < 3 { // what needs few locks may still find them
			return fmt.Errorf("%d requests were carried out, and %d were not", without.done, without.later)
		}
		return nil
	})
	end()
	if !<-took {
		t.Error("the login did not get all locks")
	}
	w.eventually("the locks to be given back", func() error {
		return wantStatus(account.bid(), http.StatusCreated)
	})
	w.sql("grant execute on function private.end_report_sessions to paddock_worker")

	const tries = 15 * time.Second
	ctx, end = context.WithTimeout(t.Context(), tries)
	defer end()
	var with tally
	var sessions sync.WaitGroup
	var mu sync.Mutex
	tried, emptied, longest := 0, 0, time.Duration(0)
	for range 3 {
		sessions.Go(func() {
			for ctx.Err() == nil {
				all, held := takeLocks(ctx, report)
				mu.Lock()
				tried++
				if all {
					emptied++
				}
				longest = max(longest, held)
				mu.Unlock()
			}
		})
	}
	w.trade(ctx, account, "ada", &with)
	sessions.Wait()
	t.Logf("%d sessions were begun, %d of which took all locks, for %v at most; %d requests were carried out, and %d told to come back",
		tried, emptied, longest, with.done, with.later)
	if len(with.wrong) > 0 {
		t.Errorf("with the watchdog, %d answers were neither right nor 503: %s", len(with.wrong), with.wrong[0])
	}
	if longest > 5*time.Second {
		t.Errorf("all locks were held for %v", longest)
	}
	if with.done < 10 || with.later > with.done {
		t.Errorf("only %d requests were carried out, and %d were not", with.done, with.later)
	}
	w.wasEnded("greedy", "table of locks")
}

// A reporting login that keeps a transaction open, whatever it does in it, is
// ended when that has been open for too long, and what others do is not held up.
func TestNoLoginKeepsATransaction(t *testing.T) {
	w := newWorld(t)
	w.settings = []string{"PADDOCK_REPORT_TRANSACTION=2s"}
	w.start()
	ada := w.signUp("ada")
	account := ada.connect("one", w.seeds[0])
	report := w.reportLogin("patient", account)
	for name, statements := range map[string]string{
		"a snapshot that is idle":   "begin isolation level repeatable read; select count(*) from report.orders",
		"a statement without end":   "select pg_sleep(1000)",
		"a listener's transaction":  "listen x; begin; select 1",
		"a cursor":                  "begin; declare c cursor for select * from report.orders; fetch c",
		"a few locks":               "begin; select pg_advisory_xact_lock(1)",
		"a transaction that failed": "begin; select 1 / 0",
	} {
		conn, err := pgx.Connect(t.Context(), report)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		_, _ = conn.Exec(ctx, liftTimeouts+statements)
		_, err = conn.WaitForNotification(ctx) // until the session is ended
		if ctx.Err() != nil || err == nil {
			t.Errorf("%s: the session is not ended after %v (%v)", name, time.Since(began), err)
		}
		stop()
		conn.Close(context.Background())
	}
	w.wasEnded("patient", "open for too long")

	// Those that hold nothing up go on.
	conn, err := pgx.Connect(t.Context(), report)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for began := time.Now(); time.Since(began) < 4*time.Second; {
		if _, err := conn.Exec(t.Context(), "select count(*) from report.orders; select pg_sleep(0.2)"); err != nil {
			t.Fatalf("a session that holds up nobody: %v", err)
		}
	}
}

// A listener that leaves its transaction open fills the queue of notifications,
// and so does one that is idle, with notifications of transactions that failed.
// They are ended when the queue fills, and then it is empty again.
//
// Before Postgres 17, to fill the queue takes 8 GB. PADDOCK_FILL_QUEUE=1 does it.
func TestNoListenerFillsTheQueue(t *testing.T) {
	if major(t) >= 17 || os.Getenv("PADDOCK_FILL_QUEUE") != "" {
		t.Run("the queue is full", emptiesTheQueue)
	}
}

func emptiesTheQueue(t *testing.T) {
	w := newWorld(t)
	if major(t) >= 17 {
		w.sql("alter system set max_notify_queue_pages = 64")
		w.postgres.Server.Kill()
		if err := w.postgres.Server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	ada := w.signUp("ada")
	report := w.reportLogin("listener", ada.connect("one", w.seeds[0]))
	admin := w.postgres.Conn(t, "admin")
	w.sql("revoke execute on function private.end_report_sessions from paddock_worker") // it would end them before
	fillQueue(w, report)
	w.sql("grant execute on function private.end_report_sessions to paddock_worker")
	w.eventually("the queue to be emptied", func() error {
		var usage float64
		if err := admin.QueryRow(t.Context(), "select pg_notification_queue_usage()").Scan(&usage); err != nil {
			return err
		}
		if usage > 0.05 {
			return fmt.Errorf("it is full to %v", usage)
		}
		return nil
	})
	w.wasEnded("listener", "queue of notifications")
}

// wasEnded checks that the log and /readyz say that sessions of a login were
// ended, and why.
func (w *world) wasEnded(login, why string) {
	w.t.Helper()
	text, err := os.ReadFile(w.logPath())
	if err != nil {
		w.t.Fatal(err)
	}
	told := false
	for line := range strings.Lines(string(text)) {
		told = told || strings.Contains(line, "a session of a reporting login was ended") && strings.Contains(line, `"login":"`+login+`"`) && strings.Contains(line, why)
	}
	if !told {
		w.t.Errorf("the log does not say that a session of %s was ended: %s", login, why)
	}
	// Where the login has taken all locks, the server is not ready at this moment.
	w.eventually("/readyz to say that sessions were ended", func() error {
		var ready struct {
			Ended int `json:"report_sessions_ended"`
		}
		r, err := http.Get("http://" + w.addr + "/readyz")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&ready); err != nil || ready.Ended == 0 {
			return fmt.Errorf("it says %d (%v)", ready.Ended, err)
		}
		return nil
	})
}

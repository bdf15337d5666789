package system

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// world is a server process with its Postgres and its broker.
type world struct {
	t        *testing.T
	dir      string
	binary   string
	postgres *pgtest.Own
	sim      *alpacasim.Sim
	broker   *httptest.Server
	streams  *httptest.Server // serves the trade updates, which the broker's other host lacks
	seeds    []alpacasim.AccountSeed

	keepsHistory bool          // whether the broker records what happens when
	ahead        time.Duration // how far the broker's clock is ahead of this machine's, without its jumps
	contracts    []string      // option contracts of AAPL near the money, weeks from expiry: calls, then puts

	masterKey, authSecret string
	passwords             map[string]string
	addr                  string
	settings              []string                // further environment variables of the server
	throughPooler         func(url string) string // returns a pooler's URL for one of Postgres; nil without a pooler
	process               *exec.Cmd
	exited                chan struct{}
	lastStart, slowest    time.Duration // how long it took until the server was ready, the last time and the longest
}

func (w *world) startBroker() {
	var err error
	w.sim, err = alpacasim.New(alpacasim.Config{History: w.keepsHistory, Seed: 7, Accounts: w.seeds, Tick: 50 * time.Millisecond, FillDelay: 100 * time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	handler := w.sim.Handler()
	w.streams = httptest.NewServer(handler)
	w.broker = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/events/trades" || r.URL.Path == "/stream" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.sim.Run(ctx) // it ends with ctx, without an error
	}()
	w.t.Cleanup(func() {
		cancel()
		<-done
		for _, server := range []*httptest.Server{w.broker, w.streams} {
			server.CloseClientConnections()
			server.Close()
		}
	})
	w.masterKey, w.authSecret = credentials.NewMasterKey(1), "a secret that only this test of the system knows 0123456789"
}

func (w *world) logPath() string     { return filepath.Join(w.dir, "paddock.log") }
func (w *world) postgresLog() string { return w.postgres.Server.LogPath() }
func (w *world) pgDump() string      { return w.postgres.Server.Program("pg_dump") }

// start runs the server, and waits until it is ready.
func (w *world) start() {
	w.t.Helper()
	if w.addr == "" {
		w.addr = program.FreeAddr(w.t)
	}
	log, err := os.OpenFile(w.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	w.passwords = map[string]string{}
	for _, role := range []string{"paddock_app", "paddock_worker", "paddock_auth"} {
		u, err := url.Parse(w.postgres.URL(role))
		if err != nil {
			w.t.Fatal(err)
		}
		w.passwords[role], _ = u.User.Password()
	}
	w.process = exec.Command(w.binary, "serve")
	w.process.Env = []string{
		"PADDOCK_SIGN_UP=open",
		"PADDOCK_LAME_DUCK=0s", // nothing balances here, but for tests that say so
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"PADDOCK_ADDR=" + w.addr, "BETTER_AUTH_URL=http://" + w.addr, "BETTER_AUTH_SECRET=" + w.authSecret,
		"PADDOCK_MASTER_KEYS=" + w.masterKey, "PADDOCK_LOG_LEVEL=debug",
		"PADDOCK_USER_REQUESTS=0", "PADDOCK_USER_AT_ONCE=0", "PADDOCK_USER_LOGS=0", // a test's users ask as much as many do
		"PADDOCK_APP_DATABASE_URL=" + w.databaseURL("paddock_app"),
		"PADDOCK_WORKER_DATABASE_URL=" + w.databaseURL("paddock_worker"),
		"PADDOCK_AUTH_DATABASE_URL=" + w.databaseURL("paddock_auth"),
		"PADDOCK_ALPACA_STREAM_PAPER_URL=" + w.streams.URL, "PADDOCK_ALPACA_STREAM_LIVE_URL=" + w.streams.URL,
		"PADDOCK_ALPACA_PAPER_URL=" + w.broker.URL, "PADDOCK_ALPACA_LIVE_URL=" + w.broker.URL, "PADDOCK_ALPACA_DATA_URL=" + w.broker.URL,
	}
	w.process.Env = append(w.process.Env, w.settings...)
	w.process.Stdout, w.process.Stderr = log, log
	if err := w.process.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.exited = make(chan struct{})
	go func(p *exec.Cmd, done chan struct{}) {
		defer close(done)
		_ = p.Wait() // stop checks how it ended
	}(w.process, w.exited)
	w.t.Cleanup(func() {
		_ = w.process.Process.Kill() // it may have ended
		if w.t.Failed() {
			if text, err := os.ReadFile(w.logPath()); err == nil {
				w.t.Logf("the server's log ends with:\n%s", tail(text, 6000))
			}
		}
	})
	began, most := time.Now(), time.Minute
	if w.keepsHistory { // chaos: what it does at its start keeps its connections busy, for how long depends on the machine
		most = 10 * time.Minute
	}
	w.within(most, "the server to be ready", func() error { return wantStatus(w.get("/readyz", nil), http.StatusOK) })
	w.lastStart = time.Since(began)
	w.slowest = max(w.slowest, w.lastStart)
}

// databaseURL returns the URL by which the server reaches Postgres as a role.
func (w *world) databaseURL(role string) string {
	if w.throughPooler == nil {
		return w.postgres.URL(role)
	}
	return w.throughPooler(w.postgres.URL(role))
}

func tail(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

// kill ends the server with SIGKILL, as a crash would.
func (w *world) kill() {
	if err := w.process.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	<-w.exited
}

// stop ends the server with SIGTERM, and fails the test if that takes long or its
// exit code is not 0.
func (w *world) stop() {
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	select {
	case <-w.exited:
		if code := w.process.ProcessState.ExitCode(); code != 0 {
			w.t.Errorf("the server stopped with %d, want 0", code)
		}
	case <-time.After(30 * time.Second):
		w.t.Error("the server does not stop")
	}
}

// eventually waits until check returns nil, for at most a minute.
func (w *world) eventually(what string, check func() error) {
	w.t.Helper()
	w.within(time.Minute, what, check)
}

// within waits until check returns nil, for at most the time most.
func (w *world) within(most time.Duration, what string, check func() error) {
	w.t.Helper()
	kit.Within(w.t, most, what, check)
}

// get makes a GET request as the user, or as nobody if u is nil. It closes the
// response's body, and returns nil if there was no response.
func (w *world) get(path string, u *user) *http.Response {
	request, err := http.NewRequest(http.MethodGet, "http://"+w.addr+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if u != nil {
		request.Header.Set("Cookie", u.cookieHeader())
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	response.Body.Close()
	return response
}

func wantStatus(r *http.Response, want int) error {
	if r == nil {
		return errors.New("no answer")
	}
	if r.StatusCode != want {
		return fmt.Errorf("status %d, want %d", r.StatusCode, want)
	}
	return nil
}

// settle waits until all orders of each account are filled, and broker and
// database have equally many.
func (w *world) settle(all []*account) {
	w.t.Helper()
	for _, a := range all {
		w.eventually("the orders of "+a.name+" to settle", func() error {
			here := a.orders()
			if there := w.sim.Orders(a.seed.KeyID); len(there) != len(here) {
				return fmt.Errorf("%d orders at the broker, %d here", len(there), len(here))
			}
			for _, o := range here {
				if o.Status != "filled" {
					return fmt.Errorf("order %s is %s", o.ClientOrderID, o.Status)
				}
			}
			return nil
		})
	}
}

// Package system tests the built binary as a whole, with a real Postgres, the
// simulated broker over HTTP and real sockets, while parts of it are killed.
package system

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/app/alpacasim"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Two users with three accounts trade while Postgres, the broker's stream and
// the server itself are killed. Afterwards broker and database agree on every
// order, one for each intent; every socket has each event of its own accounts
// exactly once, and none of another's; and no secret is in any log or in the
// database's dump.
func TestNothingIsLostDoubledOrShown(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorld(t)
	w.start()
	w.dumpsNoCore()

	ada, bob := w.signUp("ada"), w.signUp("bob")
	a1, a2 := ada.connect("one", w.seeds[0]), ada.connect("two", w.seeds[1])
	b1 := bob.connect("one", w.seeds[2])
	all := []*account{a1, a2, b1}
	ada.follow(a1, a2)
	bob.follow(b1)
	bob.mayNotFollow(a1)

	t.Log("orders on each account")
	var placing sync.WaitGroup
	for _, a := range all {
		for i := range 5 {
			placing.Go(func() { a.mustBuy("AAPL", 1+i) })
		}
	}
	placing.Wait()
	w.settle(all)

	t.Log("Postgres is killed and restarted")
	w.postgres.Server.Kill()
	w.eventually("the server to say that it is not ready", func() error {
		return wantStatus(w.get("/readyz", nil), http.StatusServiceUnavailable)
	})
	refused := a1.buy("MSFT", 1, "while-down")
	if refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") == "" {
		t.Errorf("an order while the database is down: %d, Retry-After %q", refused.StatusCode, refused.Header.Get("Retry-After"))
	}
	if err := w.postgres.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("the server to be ready again", func() error { return wantStatus(w.get("/readyz", nil), http.StatusOK) })
	for _, a := range all {
		a.mustBuy("MSFT", 2)
	}
	w.settle(all)

	t.Log("the broker's stream is cut")
	w.sim.RefuseStreams(true)
	w.sim.CutStreams()
	for _, a := range all {
		a.mustBuy("NVDA", 3)
	}
	w.sim.RefuseStreams(false)
	w.settle(all)

	t.Log("the broker accepts orders and its answer is lost")
	w.sim.Inject(alpacasim.Drop, 1, 0)
	if r := b1.buy("TSLA", 1, "dropped"); r.StatusCode != http.StatusAccepted {
		t.Errorf("an order whose answer was lost is answered with %d, want 202", r.StatusCode)
	}
	w.sim.Inject(alpacasim.FailAfter, 1, 0)
	if r := a2.buy("TSLA", 1, "failed-after"); r.StatusCode != http.StatusAccepted {
		t.Errorf("an order that was answered with 500 is answered with %d, want 202", r.StatusCode)
	}
	w.settle(all)

	t.Log("the server is killed between intent and answer")
	w.sim.Inject(alpacasim.Delay, 1, time.Minute)
	go a1.buy("SPY", 1, "orphan") //nolint:bodyclose // the server dies under it
	w.eventually("the broker to have the order", func() error {
		for _, o := range w.sim.Orders(a1.seed.KeyID) {
			if o.ClientOrderID == "orphan" {
				return nil
			}
		}
		return fmt.Errorf("it is not there")
	})
	w.kill()
	w.start()
	w.settle(all)
	w.eventually("the retry of the orphaned order to be answered with 201 and the first one", func() error {
		again := a1.buy("SPY", 1, "orphan")
		if again.StatusCode != http.StatusCreated && again.StatusCode != http.StatusAccepted {
			t.Fatalf("the retry of the orphaned order is answered with %d", again.StatusCode)
		}
		if again.StatusCode == http.StatusAccepted {
			return fmt.Errorf("it is looked up still")
		}
		return nil
	})
	a1.mustBuy("QQQ", 1)
	w.settle(all)

	t.Log("what everyone has in the end")
	for _, a := range all {
		a.compareWithBroker()
		a.compareEvents()
	}
	w.stop()
	w.findSecrets(ada, bob)
}

// newWorld starts Postgres and the simulated broker, but no server yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, pgtest.StartOwn(t))
}

// newWorldOn is newWorld with a Postgres that the test has started.
func newWorldOn(t *testing.T, own *pgtest.Own) *world {
	t.Helper()
	w := &world{t: t, seeds: alpacasim.DemoAccounts(7), dir: t.TempDir(), binary: program.Binary(t), postgres: own}
	w.seeds[2].KeyID = "PK" + w.seeds[2].KeyID[2:]
	w.startBroker()
	return w
}

// dumpsNoCore fails the test if the server may write a core dump, which would
// have keys in it.
func (w *world) dumpsNoCore() {
	w.t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", w.process.Process.Pid))
	if err != nil {
		return // not Linux
	}
	if !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		w.t.Errorf("the server may dump core:\n%s", limits)
	}
}

// findSecrets fails the test if a secret stands in a log or in a dump of the
// whole database.
func (w *world) findSecrets(users ...*user) {
	w.t.Helper()
	secrets := map[string]string{"master key": w.masterKey, "auth secret": w.authSecret}
	for i, s := range w.seeds {
		secrets[fmt.Sprintf("key id %d", i)], secrets[fmt.Sprintf("secret key %d", i)] = s.KeyID, s.SecretKey
	}
	for role, password := range w.passwords {
		secrets["password of "+role] = password
	}
	for _, u := range users {
		secrets["password of "+u.name], secrets["cookie of "+u.name] = u.password, u.cookie
	}
	dump := exec.Command(w.pgDump(), "--inserts", w.postgres.AdminURL)
	text, err := dump.Output()
	if err != nil {
		w.t.Fatalf("dump the database: %v", err)
	}
	if !bytes.Contains(text, []byte("user_credentials")) {
		w.t.Error("the dump lacks the credentials: it is not whole")
	}
	places := map[string][]byte{"the dump": text}
	for _, log := range []string{w.logPath(), w.postgresLog()} {
		if places[log], err = os.ReadFile(log); err != nil {
			w.t.Fatal(err)
		}
	}
	if len(places[w.logPath()]) == 0 {
		w.t.Error("the server logged nothing: the search proves nothing")
	}
	for place, text := range places {
		for what, secret := range secrets {
			if secret != "" && bytes.Contains(text, []byte(secret)) {
				w.t.Errorf("%s is in %s", what, place)
			}
		}
		for _, u := range users {
			token, _, _ := strings.Cut(u.cookie, ".")
			if place != "the dump" && bytes.Contains(text, []byte(token)) {
				w.t.Errorf("the session of %s is in %s", u.name, place)
			}
		}
	}
}

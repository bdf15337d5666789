package system

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"paddock/tests/bouncer"
	"paddock/tests/program"
)

// Through PgBouncer in transaction mode, with fewer connections to Postgres
// than Paddock has to PgBouncer, every request is answered and only with the
// account's own rows, notifications arrive, and a PgBouncer that was killed is
// connected to again.
func TestThroughAPooler(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorld(t)
	direct := []string{w.postgres.URL("paddock_app"), w.postgres.URL("paddock_worker"), w.postgres.URL("paddock_auth")}
	pooler := bouncer.Start(t, bouncer.Options{Mode: "transaction", URLs: direct, Connections: 2})
	w.throughPooler = pooler.URL
	operator := program.FreeAddr(t)
	w.settings = []string{"PADDOCK_OPERATOR_ADDR=" + operator, "PADDOCK_DATABASE_POOLER=transaction", "PADDOCK_LISTEN_DATABASE_URL=" + w.postgres.URL("paddock_worker")}
	w.start()

	ada, bob := w.signUp("ada"), w.signUp("bob")
	all := []*account{ada.connect("one", w.seeds[0]), ada.connect("two", w.seeds[1]), bob.connect("one", w.seeds[2])}
	ada.follow(all[0], all[1])
	bob.follow(all[2])
	for _, a := range all {
		for i := range 5 {
			a.mustBuy("AAPL", 1+i)
		}
	}
	w.settle(all)

	// Reading with many connections, accounts take turns on each of Postgres'.
	own := map[*account][]string{}
	for _, a := range all {
		for _, o := range a.orders() {
			own[a] = append(own[a], o.ID)
		}
		slices.Sort(own[a])
	}
	const readers, reads = 4, 100
	var reading sync.WaitGroup
	for range readers {
		for _, a := range all {
			reading.Go(func() {
				for range reads {
					var ids []string
					for _, o := range a.orders() {
						ids = append(ids, o.ID)
					}
					if slices.Sort(ids); !slices.Equal(ids, own[a]) {
						t.Errorf("%s reads %v, want %v", a.name, ids, own[a])
						return
					}
					if r := ada.call("GET", "/api/orders", all[2].id, nil); r.StatusCode != http.StatusForbidden {
						t.Errorf("ada is answered %d for an account of bob's, want 403", r.StatusCode)
						return
					}
				}
			})
		}
	}
	reading.Wait()

	// Events come by the bell, whose notifications go past the pooler, and not by the
	// look of every 0.9 s, by which a third of them would come as soon.
	heard := func() float64 {
		_, families := w.scrape(operator)
		return sum(families, "paddock_rings_total", "what", "heard")
	}
	before, soon := heard(), 0
	const said, quick = 12, 300 * time.Millisecond
	for n := range said {
		all[0].mu.Lock()
		have := len(all[0].events)
		all[0].mu.Unlock()
		began := time.Now()
		if r := ada.call("POST", "/api/agent-logs", all[0].id, map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint("said ", n)}}}); r.StatusCode != http.StatusCreated {
			t.Fatalf("an agent's log: %d", r.StatusCode)
		}
		w.eventually("the event", func() error {
			all[0].mu.Lock()
			defer all[0].mu.Unlock()
			if len(all[0].events) == have {
				return errors.New("it has not come")
			}
			return nil
		})
		if time.Since(began) < quick {
			soon++
		}
	}
	if rings := heard() - before; rings < said || soon < said*2/3 {
		t.Errorf("%g rings were heard of %d events, of which %d came within %s", rings, said, soon, quick)
	}

	pooler.Kill()
	w.eventually("the server to say that it is not ready", func() error {
		return wantStatus(w.get("/readyz", nil), http.StatusServiceUnavailable)
	})
	if r := all[0].buy("MSFT", 1, "while-down"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("an order without the pooler is answered %d, want 503", r.StatusCode)
	}
	pooler.Run()
	w.eventually("the server to be ready again", func() error { return wantStatus(w.get("/readyz", nil), http.StatusOK) })
	for _, a := range all {
		a.mustBuy("MSFT", 2)
	}
	w.settle(all)
	for _, a := range all {
		a.compareWithBroker()
		a.compareEvents()
	}
	w.stop()
	w.findSecrets(ada, bob)
}

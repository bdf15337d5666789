package system

import (
	"sync"
	"testing"
	"time"
)

// A server whose connections to Postgres are all busy is slow, and ready: a balancer that
// took it out would give its work to the others, which are as busy.
func TestABusyServerIsReady(t *testing.T) {
	w := newWorld(t)
	w.start()
	a := w.signUp("ada").connect("one", w.seeds[0])
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})

	lock := w.postgres.Conn(t, "admin")
	for _, sql := range []string{"begin", "lock table app.user_accounts, app.stream_leases, app.alpaca_orders in access exclusive mode"} {
		if _, err := lock.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var waiting sync.WaitGroup
	for range 40 { // more than there are connections; a user may have as many requests at once
		waiting.Go(func() { w.get("/api/accounts", a.user).Body.Close() })
	}
	for began := time.Now(); time.Since(began) < 4*time.Second && !t.Failed(); time.Sleep(100 * time.Millisecond) {
		if err := w.ready(); err != nil {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	}
	if _, err := lock.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	w.settle([]*account{a})
}

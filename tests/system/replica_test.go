package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"paddock/app/tenant"
	"paddock/tests/program"
)

// Two instances read on one standby, whose replay is stopped again and again and
// which is killed: whatever one of them has confirmed or told is in every answer of
// the other, a session that has ended reads nothing, and no request fails.
func TestReadsOnAStandby(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	w := newWorld(t)
	standby := w.postgres.Replica(t, "one")
	operator := program.FreeAddr(t)
	w.settings = []string{"PADDOCK_REPLICA_DATABASE_URL=" + standby.URL("paddock_app")}
	in := w.startInstances(1)
	w.settings = append(w.settings, "PADDOCK_OPERATOR_ADDR="+operator)
	other := *w
	other.addr, other.dir = "", t.TempDir()
	other.start()
	in.all = append(in.all, &other)

	ada := in.all[0].signUp("ada")
	a := ada.connect("one", w.seeds[0])
	ada.follow(a)
	usable := func() error {
		for _, one := range in.all {
			var body struct{ Replica struct{ Usable bool } }
			if err := json.NewDecoder(ada.at(one).call("GET", "/readyz", "", nil).Body).Decode(&body); err != nil || !body.Replica.Usable {
				return fmt.Errorf("%s does not use the standby (%v)", one.addr, err)
			}
		}
		return nil
	}
	w.eventually("the standby to be used", usable)

	t.Log("what may be read there is")
	bought := ada.call("POST", "/api/orders", a.id, map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1", "client_order_id": "first"})
	var first struct{ ID string }
	if err := json.NewDecoder(bought.Body).Decode(&first); err != nil || bought.StatusCode/100 != 2 {
		t.Fatalf("an order: %d (%v)", bought.StatusCode, err)
	}
	w.settle([]*account{a})
	ended := func() map[string]float64 {
		_, families := w.scrape(operator)
		counts := map[string]float64{}
		for _, result := range tenant.ReplicaResults {
			counts[result] = sum(families, "paddock_replica_reads_total", "result", result)
		}
		return counts
	}
	for _, path := range []string{
		"/api/accounts", "/api/accounts/" + a.id, "/api/accounts/" + a.id + "/health", "/api/accounts/" + a.id + "/credentials", "/api/audit", "/api/user/audit",
		"/api/orders", "/api/orders?nested=true", "/api/orders?symbols=AAPL&limit=1", "/api/orders/" + first.ID, "/api/orders/" + first.ID + "?nested=true", "/api/orders:by_client_order_id?client_order_id=first", "/api/guards",
		"/api/fills", "/api/fills?order_id=" + first.ID, "/api/trading-positions", "/api/events?since=0", "/api/events?snapshot=true", "/api/agent-logs",
	} {
		account := a.id
		if strings.HasPrefix(path, "/api/accounts") || strings.HasPrefix(path, "/api/user") {
			account = ""
		}
		w.eventually(path+" to be read there", func() error {
			before := ended()
			if r := ada.at(&other).call("GET", path, account, nil); r.StatusCode != 200 {
				t.Fatalf("%s is answered with %d", path, r.StatusCode)
			}
			after := ended()
			if after["refused"] > before["refused"] || after["unavailable"] > before["unavailable"] {
				t.Fatalf("%s cannot be read on the standby: %v, and then %v", path, before, after)
			}
			if after["read"] == before["read"] {
				return fmt.Errorf("it is not: %v, and then %v", before, after)
			}
			return nil
		})
	}

	t.Log("orders, and reads of the other instance")
	for n := range 24 {
		switch n % 6 {
		case 2:
			standby.Do(t, "select pg_wal_replay_pause()")
		case 4:
			standby.Do(t, "select pg_wal_replay_resume()")
			w.eventually("the standby to be used", usable)
		}
		writes, reads := ada.at(in.all[n%2]), ada.at(in.all[1-n%2])
		placed := writes.call("POST", "/api/orders", a.id, map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"})
		var made struct{ ID string }
		if err := json.NewDecoder(placed.Body).Decode(&made); err != nil || placed.StatusCode/100 != 2 {
			t.Fatalf("an order: %d (%v)", placed.StatusCode, err)
		}
		if r := reads.call("GET", "/api/orders/"+made.ID, a.id, nil); r.StatusCode != 200 {
			t.Errorf("order %d is answered with %d by the other instance", n, r.StatusCode)
		}
		var page struct {
			Resume string
			Head   int64
		}
		if err := json.NewDecoder(writes.call("GET", "/api/events?limit=1000&since=0", a.id, nil).Body).Decode(&page); err != nil {
			t.Fatal(err)
		}
		a.mu.Lock() // what the socket told
		if len(a.events) > 0 {
			page.Head = max(page.Head, a.events[len(a.events)-1].Cursor)
		}
		a.mu.Unlock()
		var later struct{ Head int64 }
		r := reads.call("GET", "/api/events?since="+page.Resume, a.id, nil)
		if err := json.NewDecoder(r.Body).Decode(&later); err != nil || r.StatusCode != 200 || later.Head < page.Head {
			t.Errorf("after cursor %d (%s) the other instance answers with %d and has %d (%v)", page.Head, page.Resume, r.StatusCode, later.Head, err)
		}
	}

	t.Log("a session that ends while the standby lags")
	for _, stopped := range []bool{false, true} {
		bob := in.all[0].signUp(fmt.Sprint("bob-", stopped))
		if r := bob.at(in.all[1]).call("GET", "/api/accounts", "", nil); r.StatusCode != 200 {
			t.Fatalf("bob's accounts: %d", r.StatusCode)
		}
		if stopped {
			standby.Do(t, "select pg_wal_replay_pause()")
		}
		if r := bob.call("POST", "/api/auth/sign-out", "", map[string]any{}); r.StatusCode != 200 {
			t.Fatalf("sign out: %d", r.StatusCode)
		}
		if r := bob.at(in.all[1]).call("GET", "/api/accounts", "", nil); r.StatusCode != 401 {
			t.Errorf("stopped %v: after the sign-out the other instance answers with %d", stopped, r.StatusCode)
		}
	}
	standby.Do(t, "select pg_wal_replay_resume()")
	w.eventually("the standby to be used", usable)

	t.Log("the standby is killed under load")
	quit := make(chan struct{})
	var clients sync.WaitGroup
	var done atomic.Int64
	for n := range 4 {
		clients.Go(func() {
			who := ada.at(in.all[n%2])
			for {
				select {
				case <-quit:
					return
				default:
				}
				r := who.call("GET", "/api/orders", a.id, nil)
				if done.Add(1); r.StatusCode != 200 {
					text, _ := io.ReadAll(r.Body) // it is in memory
					t.Errorf("a read failed with %d %s", r.StatusCode, text)
					return
				}
			}
		})
	}
	more := func(n int64) {
		t.Helper()
		before := done.Load()
		w.eventually("more reads", func() error {
			if done.Load() < before+n {
				return errors.New("there are few")
			}
			return nil
		})
	}
	more(100)
	standby.Server.Kill()
	more(200)
	if usable() == nil {
		t.Error("a standby that is gone counts as used")
	}
	if err := in.all[0].ready(); err != nil {
		t.Errorf("without the standby: %v", err)
	}
	if err := standby.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("the standby to be used again", usable)
	more(100)
	close(quit)
	clients.Wait()

	_, families := w.scrape(operator)
	t.Logf("reads of the second instance: %v", ended())
	if ended()["read"] < 20 || families["paddock_replica_usable"] == nil || families["paddock_replica_lag_seconds"] == nil {
		t.Error("few of them were run on the standby, or its metrics are missing")
	}
	text, _, code := w.runStatus("--addr", operator)
	if code != 0 {
		t.Errorf("paddock status ends with %d: %s", code, text)
	}
	w.settle([]*account{a})
	a.compareWithBroker()
}

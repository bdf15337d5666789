package trading_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"paddock/app/alpacasim"
	"paddock/app/problem"
	"paddock/app/trading"
)

// resting places a limit order to buy that the market does not reach.
func (d *desk) resting(id, qty, price string) order {
	d.t.Helper()
	r := request(d.t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"`+qty+`","limit_price":"`+price+`"}`)
	r.ClientOrderID, r.Tag, r.OrchestratorAgentID = id, "the tag", "the agent"
	placed, err := d.service.Place(d.t.Context(), d.owner, "", r)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.read(placed.Order)
}

func change(t *testing.T, body string) trading.Replacement {
	t.Helper()
	var r trading.Replacement
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A replacement is a new order that takes the old one's place. It keeps terms
// that were not changed, and the user, agent and tag, and names the order that
// it replaces. However often and however fast it is requested, it is sent to
// the broker once.
func TestReplace(t *testing.T) {
	d := newDesk(t)
	old := d.resting("old", "10", "100")
	var patched int
	var counting sync.Mutex
	d.watch = func(r *http.Request) {
		if r.Method == http.MethodPatch {
			counting.Lock()
			patched++
			counting.Unlock()
		}
	}
	var answers [5]trading.Placed
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() {
			var err error
			if answers[i], err = d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101","qty":"8"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	var o struct {
		order
		AlpacaID   uuid.UUID `json:"alpaca_order_id"`
		Action     string
		Replaces   string
		Qty        string
		LimitPrice string `json:"limit_price"`
		Tag        string
		Agent      string `json:"orchestrator_agent_id"`
	}
	for _, answer := range answers[1:] {
		if d.read(answer.Order).ID != d.read(answers[0].Order).ID {
			t.Errorf("the requests returned %s and %s", answers[0].Order, answer.Order)
		}
	}
	again, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101","qty":"8"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again.Order, &o); err != nil {
		t.Fatal(err)
	}
	book := d.sim.Orders(d.seed.KeyID)
	if patched != 1 || len(book) != 2 {
		t.Errorf("the broker got %d replacements and has %d orders", patched, len(book))
	}
	if o.Action != "replace" || o.Qty != "8" || o.LimitPrice != "101" || o.Tag != "the tag" || o.Agent != "the agent" || o.Status != "pending_new" || o.State != "accepted" || *o.SubmittedBy != "u1" {
		t.Errorf("the new order is %s", again.Order)
	}
	for _, b := range book {
		if b.ClientOrderID == "old" && (b.Status != "replaced" || b.ID != o.Replaces) {
			t.Errorf("the broker's old order is %+v, and the new one replaces %s", b, o.Replaces)
		}
	}
	if got := d.stored("old"); got[:17] != "accepted replaced" {
		t.Errorf("the old order is %s", got)
	}

	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"102"}`)); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another change under the key: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, `{"limit_price":"102"}`)); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("an order that was replaced: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.owner, uuid.New(), "", change(t, `{"qty":"1"}`)); !problem.Is(err, problem.OrderNotFound) {
		t.Errorf("an order that is not there: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.viewer, o.ID, "", change(t, `{"qty":"1"}`)); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	for _, bad := range []string{`{}`, `{"qty":"0"}`, `{"qty":"x"}`, `{"time_in_force":"never"}`, `{"trail":"-1"}`} {
		if _, err := d.service.Replace(t.Context(), d.owner, o.ID, "", change(t, bad)); !problem.Is(err, problem.InvalidOrder) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A replacement that may not have arrived is looked up, and is not sent again.
func TestReplaceLosesItsAnswer(t *testing.T) {
	d := newDesk(t)
	old := d.resting("old", "10", "100")
	d.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Drop, N: 1, On: http.MethodPatch})
	placed, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101"}`))
	if err != nil || placed.Known {
		t.Fatalf("known %v, %v", placed.Known, err)
	}
	again, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101"}`))
	if err != nil || again.Known || d.read(again.Order).ID != d.read(placed.Order).ID {
		t.Errorf("its retry: %s, %v", again.Order, err)
	}
	if n := len(d.sim.Orders(d.seed.KeyID)); n != 2 {
		t.Errorf("the broker has %d orders, want 2", n)
	}
}

// The guards check what an order would become, and do not count the replaced
// order too.
func TestReplaceIsGuarded(t *testing.T) {
	d := newDesk(t)
	d.synced()
	old := d.resting("old", "10", "100")
	d.guards(`{"max_position_qty":"12","max_open_orders":1,"max_order_notional":"1200"}`)
	for body, want := range map[string]string{`{"qty":"13"}`: "[max_position_qty max_order_notional]", `{"limit_price":"121"}`: "[max_order_notional]"} {
		_, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, body))
		if got := fmt.Sprint(broken(t, err)); got != want {
			t.Errorf("%s is refused by %s, want %s", body, got, want)
		}
	}
	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, `{"qty":"12"}`)); err != nil {
		t.Errorf("within the limits: %v", err)
	}
	if err := place(d, request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`)); fmt.Sprint(broken(t, err)) != "[max_position_qty max_open_orders]" {
		t.Errorf("one more is refused by %v", err)
	}
}

package alpacasim_test

import (
	"strings"
	"testing"

	"paddock/app/alpacasim"
)

// A replacement is a new order that names the old one, and the old order names
// the new one.
func TestReplace(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	old := m.order("buy 2 AAPL limit day", `"limit_price":"50"`)
	o := m.call(200, "PATCH", "/v2/orders/"+old.text("id"), `{"qty":"3","limit_price":"101","time_in_force":"gtc","client_order_id":"mine"}`)
	if o.text("replaces") != old.text("id") || o.text("client_order_id") != "mine" || o.text("qty") != "3" || o.text("limit_price") != "101" || o.text("time_in_force") != "gtc" {
		t.Errorf("the new one is %v", o)
	}
	if was := m.now(old); was.text("status") != "replaced" || was.text("replaced_by") != o.text("id") || was.text("replaced_at") == "" {
		t.Errorf("the old one is %v", was)
	}
	m.step()
	m.want("at its limit", o, "filled 3")
	m.wantStory("new limit, replaced limit, new limit, fill limit")
	m.call(422, "PATCH", "/v2/orders/"+old.text("id"), `{"qty":"4"}`)
	m.call(422, "PATCH", "/v2/orders/"+o.text("id"), `{"qty":"4"}`)
	m.call(404, "PATCH", "/v2/orders/none", `{"qty":"4"}`)

	trailing := m.order("sell 3 AAPL trailing_stop gtc", `"trail_price":"5"`)
	if o := m.call(200, "PATCH", "/v2/orders/"+trailing.text("id"), `{"trail":"20"}`); o.text("trail_price") != "20" {
		t.Errorf("the new trail is %v", o)
	}
}

// If an order that is filled in part is replaced without naming a quantity, the
// new order is for the whole quantity again, as at Alpaca, and the account must
// be able to afford that.
func TestReplacingWhatIsFilledInPart(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	m.sim.SetFillPlan("AAPL", 2)
	buy := m.order("buy 4 AAPL limit day", `"limit_price":"101"`)
	m.step()
	m.want("half", buy, "partially_filled 2")
	if o := m.call(200, "PATCH", "/v2/orders/"+buy.text("id"), `{"limit_price":"102"}`); o.text("qty") != "4" || o.text("filled_qty") != "0" {
		t.Errorf("the new one is %v", o)
	}
	m.step()
	m.step()
	m.sim.SetFillPlan("AAPL", 3)
	sell := m.order("sell 6 AAPL limit day", `"limit_price":"99"`)
	m.step()
	m.want("a third", sell, "partially_filled 2")
	m.call(403, "PATCH", "/v2/orders/"+sell.text("id"), `{"limit_price":"98"}`)
}

// A change that is not allowed is refused, and the order stays as it is.
func TestRefusedReplacements(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	limit := m.order("buy 2 AAPL limit day", `"limit_price":"50"`, `"client_order_id":"taken"`)
	part := m.order("buy 0.5 MSFT limit day", `"limit_price":"50"`)
	money := m.call(200, "POST", "/v2/orders", `{"symbol":"AMD","notional":"50","side":"buy","type":"limit","limit_price":"1","time_in_force":"day"}`)
	for _, tt := range []struct {
		of         object
		body, says string
	}{
		{limit, `{"qty":"2","limit_price":"50.0"}`, "not changed"},
		{limit, `{"stop_price":"50"}`, "stop_price"},
		{limit, `{"trail":"5"}`, "trail"},
		{limit, `{"qty":"-2"}`, "positive"},
		{limit, `{"qty":"1.5"}`, "whole"},
		{limit, `{"qty":"0e-99"}`, "sensible"},
		{limit, `{"qty":"100000"}`, "insufficient buying power"},
		{limit, `{"time_in_force":"soon"}`, "time_in_force"},
		{limit, `{"qty":"1","client_order_id":"taken"}`, "unique"},
		{part, `{"qty":"1"}`, "fractional"},
		{money, `{"limit_price":"2"}`, "notional"},
	} {
		status, text := m.send("PATCH", "/v2/orders/"+tt.of.text("id"), tt.body)
		if status != 422 && status != 403 || !strings.Contains(string(text), tt.says) {
			t.Errorf("%s: %d %s, want %q", tt.body, status, text, tt.says)
		}
	}
	m.want("after all", limit, "new 0", part, "new 0", money, "new 0")
	if n := len(m.sim.Orders(m.seeds[0].KeyID)); n != 3 {
		t.Errorf("there are %d orders", n)
	}
}

// When a bracket's entry is replaced it gets new exits, and when an exit is
// replaced the new order takes its place in the bracket.
func TestReplacingBrackets(t *testing.T) {
	file := t.TempDir() + "/state"
	keep := func(c *alpacasim.Config) { c.StateFile = file }
	m := open(t, keep)
	m.price("AAPL", "100")
	old := m.order("buy 2 AAPL limit gtc", `"limit_price":"95"`, bracket)
	o := m.call(200, "PATCH", "/v2/orders/"+old.text("id"), `{"qty":"5","limit_price":"101"}`)
	if legs := o.legs(); len(legs) != 2 || legs[0].text("qty") != "5" || legs[1].text("status") != "held" {
		t.Fatalf("the new entry is %v", o)
	}
	stop := m.call(200, "PATCH", "/v2/orders/"+o.legs()[1].text("id"), `{"stop_price":"97"}`)
	m = open(t, keep) // a restart does not separate entry and exits
	m.price("AAPL", "100")
	m.step()
	m.want("entered", o, "filled 5", stop, "held 0", o.legs()[0], "new 0")
	m.price("AAPL", "96")
	m.step()
	m.step()
	m.want("stopped", stop, "filled 5", o.legs()[0], "canceled 0")
	if legs := m.now(o).legs(); len(legs) != 2 || legs[1].text("id") != stop.text("id") {
		t.Errorf("the legs are %v", legs)
	}
}

// A replacement may be accepted with 200 and rejected later. Then the old order
// is as it was before.
func TestReplacementIsRejectedLater(t *testing.T) {
	m := open(t)
	old := m.order("buy 2 AAPL limit day", `"limit_price":"50"`)
	m.sim.Inject(alpacasim.ReplaceReject, 1, 0)
	o := m.call(200, "PATCH", "/v2/orders/"+old.text("id"), `{"qty":"3"}`)
	m.want("before it is decided", old, "pending_replace 0", o, "pending_new 0")
	m.call(422, "DELETE", "/v2/orders/"+old.text("id"), "")
	m.step()
	m.want("after it", old, "new 0", o, "rejected 0")
	if was := m.now(old); was["replaced_by"] != nil {
		t.Errorf("the old one is %v", was)
	}
	m.wantStory("new limit, pending_replace limit, rejected limit, order_replace_rejected limit")
	if o := m.call(200, "PATCH", "/v2/orders/"+old.text("id"), `{"qty":"4"}`); o.text("status") != "pending_new" || m.now(o).text("status") != "new" {
		t.Errorf("the second try is %v", o)
	}
}

// A take-profit that is canceled while its replacement is undecided stays
// canceled when the replacement is rejected.
func TestRejectedReplacementRevivesNothing(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	entry := m.order("buy 2 AAPL market day", bracket)
	m.step()
	profit, stop := entry.legs()[0], entry.legs()[1]
	m.sim.Inject(alpacasim.ReplaceReject, 1, 0)
	o := m.call(200, "PATCH", "/v2/orders/"+profit.text("id"), `{"limit_price":"120"}`)
	m.price("AAPL", "89")
	m.step()
	m.step()
	m.want("after the stop", profit, "canceled 0", o, "rejected 0", stop, "filled 2")
}

// A cancellation may be accepted with 204 and fail later. Then the order stays
// open, or was filled meanwhile.
func TestCancelFailsLater(t *testing.T) {
	for fault, want := range map[alpacasim.Fault][2]string{
		alpacasim.CancelReject: {"new 0", "new limit, pending_cancel limit, order_cancel_rejected limit"},
		alpacasim.CancelRace:   {"filled 2", "new limit, pending_cancel limit, order_cancel_rejected limit, fill limit"},
	} {
		m := open(t)
		o := m.order("buy 2 AAPL limit day", `"limit_price":"50"`)
		m.sim.Inject(fault, 1, 0)
		m.call(204, "DELETE", "/v2/orders/"+o.text("id"), "")
		m.want("before it is decided", o, "pending_cancel 0")
		m.step()
		m.want(string(fault), o, want[0])
		m.wantStory(want[1])
	}
}

// Canceling all orders returns a result for each, and cancels exits together
// with their entries.
func TestCancelAll(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	one := m.order("buy 1 MSFT limit day", `"limit_price":"1"`)
	two := m.order("buy 1 AAPL limit day", `"limit_price":"95"`, bracket)
	results := m.list(207, "DELETE", "/v2/orders")
	if len(results) != 2 || results[0].text("id") != one.text("id") || results[0].text("status") != "200" || results[1].text("id") != two.text("id") {
		t.Errorf("returned %v", results)
	}
	m.want("after it", one, "canceled 0", two, "canceled 0", two.legs()[0], "canceled 0", two.legs()[1], "canceled 0")
	if again := m.list(207, "DELETE", "/v2/orders"); len(again) != 0 {
		t.Errorf("a second time: %v", again)
	}
}

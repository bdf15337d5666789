package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"paddock/tests/kit"
)

const restingOrder = `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100"}`

// Limits are set and read together, a refusal names its guard with the numbers,
// and a switch that is halted refuses orders of every user.
func TestGuardsOverHTTP(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	mine, theirs := ada.connect("one", s.seeds[0]), bob.connect("two", s.seeds[1])
	s.stream()
	s.synced(mine)
	do := func(u *user, method, path, body string) answer { return u.do(method, path, body, "X-Account-ID", mine) }

	if a := do(ada, "GET", "/api/guards", "").want(t, 200, ""); a.field(t, "switch") != "open" {
		t.Errorf("without guards: %s", a.text)
	}
	for _, bad := range []string{`{"max_order_notional":"-1"}`, `{"max_order_notional":"x"}`, `{"orders_per_day":-1}`, `{"allowed_symbols":["not a symbol"]}`, `{"allowed_sides":["both"]}`} {
		do(ada, "PUT", "/api/guards", bad).want(t, 400, "invalid_guards")
	}
	do(ada, "PUT", "/api/guards", `{"max_orders":1}`).want(t, 400, "unknown_field")
	set := do(ada, "PUT", "/api/guards", `{"max_order_notional":"199.99","orders_per_day":5,"allowed_symbols":["AAPL"]}`).want(t, 200, "")
	if set.field(t, "max_order_notional") != "199.99" || set.field(t, "updated_at") == "" {
		t.Errorf("set: %s", set.text)
	}

	refused := do(ada, "POST", "/api/orders", restingOrder).want(t, 422, "guard_refused")
	var body struct {
		Message string
		Details struct {
			Violations []struct{ Guard, Limit, Value string }
		}
	}
	if err := json.Unmarshal([]byte(refused.text), &body); err != nil {
		t.Fatal(err)
	}
	if v := body.Details.Violations; len(v) != 1 || v[0].Guard != "max_order_notional" || v[0].Limit != "199.99" || v[0].Value != "200.00" || !strings.Contains(body.Message, "200.00") {
		t.Errorf("the refusal is %s", refused.text)
	}
	preview := do(ada, "POST", "/api/orders/preview", restingOrder).want(t, 200, "")
	if !strings.Contains(preview.text, `"allowed":false`) || preview.field(t, "estimated_cost") != "200" {
		t.Errorf("the preview is %s", preview.text)
	}
	bob.do("POST", "/api/orders", restingOrder, "X-Account-ID", theirs).want(t, 201, "") // other accounts are not affected

	s.grant(mine, "bob", "trader")
	do(bob, "PUT", "/api/guards", `{}`).want(t, 403, "not_permitted")
	do(bob, "POST", "/api/guards/switch", `{"switch":"halted","reason":"smoke"}`).want(t, 200, "")
	do(bob, "POST", "/api/guards/switch", `{"switch":"open"}`).want(t, 403, "not_permitted")
	do(ada, "POST", "/api/orders", strings.Replace(restingOrder, `"2"`, `"1"`, 1)).want(t, 422, "guard_refused")
	for _, bad := range []string{`{}`, `{"switch":"off"}`, `{"switch":"open","liquidate":true}`, `{"switch":"halted","reason":"` + strings.Repeat("x", 501) + `"}`} {
		do(ada, "POST", "/api/guards/switch", bad).want(t, 400, "invalid_switch")
	}
	do(ada, "POST", "/api/guards/switch", `{"switch":"open"}`).want(t, 200, "")
	do(ada, "POST", "/api/orders", strings.Replace(restingOrder, `"2"`, `"1"`, 1)).want(t, 201, "")
	if used := do(ada, "GET", "/api/guards", "").text; !strings.Contains(used, `"orders_today": 1`) || !strings.Contains(used, `"open_orders": 1`) {
		t.Errorf("used: %s", used)
	}
}

// synced waits until an account's mirror has agreed with the broker.
func (s *server) synced(account string) {
	s.t.Helper()
	kit.Eventually(s.t, "the mirror", func() bool {
		var agreed bool
		err := s.db.Conn(s.t, "admin").QueryRow(s.t.Context(), `select exists (select from app.stream_cursors where account_id = $1 and agreed_at is not null)`, account).Scan(&agreed)
		return err == nil && agreed
	})
}

// A single order contains its legs if nested is true, as at Alpaca.
func TestOneOrderNested(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	mine := []string{"X-Account-ID", u.connect("one", s.seeds[0])}
	placed := u.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"1","order_class":"bracket",
		"take_profit":{"limit_price":"900"},"stop_loss":{"stop_price":"0.5"}}`, mine...).want(t, 201, "")
	for query, want := range map[string]int{"": -1, "?nested=false": -1, "?nested=true": 2} {
		for _, id := range []string{placed.field(t, "id"), placed.field(t, "alpaca_order_id")} {
			var o struct{ Legs *[]struct{ Type string } }
			a := u.do("GET", "/api/orders/"+id+query, "", mine...).want(t, 200, "")
			if err := json.Unmarshal([]byte(a.text), &o); err != nil {
				t.Fatal(err)
			}
			if (o.Legs == nil) != (want < 0) || o.Legs != nil && len(*o.Legs) != want {
				t.Errorf("%q: %s", query, a.text)
			}
		}
	}
	u.do("GET", "/api/orders/"+placed.field(t, "id")+"?nested=perhaps", "", mine...).want(t, 400, "invalid_query")
}

// A position of a currency pair can be read and closed by each way to write the
// pair.
func TestCloseAPairByItsNames(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	mine := u.connect("one", s.seeds[0])
	s.stream()
	u.do("POST", "/api/orders", `{"symbol":"btcusd","side":"buy","type":"market","time_in_force":"gtc","qty":"1"}`, "X-Account-ID", mine).want(t, 201, "")
	s.sim.Step()
	for _, name := range []string{"BTC/USD", "BTC%2FUSD", "BTCUSD", "btcusd", "btc%2fusd"} {
		if got := u.do("GET", "/api/positions/"+name, "", "X-Account-ID", mine).want(t, 200, ""); got.field(t, "symbol") != "BTCUSD" {
			t.Errorf("%s is %s", name, got.text)
		}
		got := u.do("DELETE", "/api/positions/"+name+"?qty=0.1", "", "X-Account-ID", mine).want(t, 200, "")
		if got.field(t, "symbol") != "BTC/USD" || got.field(t, "side") != "sell" {
			t.Errorf("%s is closed by %s", name, got.text)
		}
	}
	u.do("DELETE", "/api/positions/", "", "X-Account-ID", mine).want(t, 404, "no_such_path") // a path without a symbol, as from an unset variable, closes nothing
	if held := u.do("GET", "/api/positions/BTCUSD", "", "X-Account-ID", mine); held.field(t, "qty") == "" {
		t.Errorf("what is left is %s", held.text)
	}
	if fills := u.do("GET", "/api/fills?symbol=btcusd", "", "X-Account-ID", mine); !strings.Contains(fills.text, "BTC/USD") {
		kit.Eventually(t, "the fills of BTCUSD", func() bool {
			return strings.Contains(u.do("GET", "/api/fills?symbol=btcusd", "", "X-Account-ID", mine).text, "BTC/USD")
		})
	}
}

// Over HTTP, an order is replaced, a position is closed in part, and then
// everything is closed. Invalid requests get their codes.
func TestReplaceAndCloseOverHTTP(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	u := s.signUp("ada")
	mine := u.connect("one", s.seeds[0])
	s.stream()
	do := func(method, path, body string, headers ...string) answer {
		return u.do(method, path, body, append(headers, "X-Account-ID", mine)...)
	}

	old := do("POST", "/api/orders", restingOrder).want(t, 201, "")
	path := "/api/orders/" + old.field(t, "id")
	do("PATCH", path, `{}`).want(t, 400, "invalid_order")
	do("PATCH", path, `{"side":"sell"}`).want(t, 400, "unknown_field")
	do("PATCH", "/api/orders/nonsense", `{"qty":"1"}`).want(t, 400, "order_id_malformed")
	changed := do("PATCH", path, `{"limit_price":"99","client_order_id":"next"}`).want(t, 200, "")
	if changed.field(t, "limit_price") != "99" || changed.field(t, "replaces") != old.field(t, "alpaca_order_id") || changed.field(t, "action") != "replace" {
		t.Errorf("the new order is %s", changed.text)
	}
	do("PATCH", path, `{"limit_price":"99","client_order_id":"next"}`).want(t, 200, "") // the retry of the same request
	do("PATCH", path, `{"limit_price":"98"}`).want(t, 422, "order_rejected")
	do("POST", path+"/dismiss", "").want(t, 409, "order_not_unknown")
	do("POST", path+"/dismiss", `{}`).want(t, 400, "unexpected_body")
	do("POST", "/api/orders/preview", `{"symbol":"AAPL"}`).want(t, 400, "invalid_order")
	do("DELETE", "/api/orders", "").want(t, 207, "")

	do("POST", "/api/orders", `{"symbol":"TSLA","side":"buy","type":"market","time_in_force":"day","qty":"4"}`).want(t, 201, "")
	s.sim.Step()
	do("DELETE", "/api/positions/TSLA?qty=x", "").want(t, 400, "invalid_order")
	do("DELETE", "/api/positions/TSLA?quantity=1", "").want(t, 400, "unknown_parameter")
	do("DELETE", "/api/positions/TSLA?cancel_orders=perhaps", "").want(t, 400, "invalid_query")
	do("DELETE", "/api/positions/TSLA?qty=1&qty=2", "").want(t, 400, "invalid_query")
	do("DELETE", "/api/positions/TSLA?tag=%00", "").want(t, 400, "invalid_query")
	do("DELETE", "/api/positions/%00", "").want(t, 400, "invalid_order")
	do("DELETE", "/api/positions/TSLA?qty=1e999999999", "").want(t, 400, "invalid_order")
	do("DELETE", "/api/positions/AAPL", "").want(t, 404, "position_not_found")
	do("DELETE", "/api/positions/TSLA?qty=5", "").want(t, 422, "qty_exceeds_position")
	a := do("DELETE", "/api/positions/TSLA?percentage=25&tag=exit", "", "Idempotency-Key", "quarter").want(t, 200, "")
	if a.field(t, "qty") != "1" || a.field(t, "side") != "sell" || a.field(t, "tag") != "exit" {
		t.Errorf("the closing order is %s", a.text)
	}
	s.sim.Step()
	all := do("DELETE", "/api/positions?cancel_orders=true", "").want(t, 207, "")
	if !strings.Contains(all.text, `"symbol":"TSLA","status":200`) {
		t.Errorf("everything: %s", all.text)
	}
	s.sim.Step()
	do("GET", "/api/positions", "").want(t, 200, "")
	if held := s.sim.Positions(s.seeds[0].KeyID); len(held) != 0 {
		t.Errorf("still held: %+v", held)
	}
	if again := do("DELETE", "/api/positions", "").want(t, 207, ""); again.text != "[]" {
		t.Errorf("with nothing to close: %s", again.text)
	}
}

package httpapi_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"paddock/app/httpapi"
	"paddock/tests/kit"
)

// changes says what each passed-through endpoint other than a GET can change at
// the broker. The test fails for an endpoint that is missing here, so whoever
// adds one must decide whether it can open or enlarge a position. If it can, it
// must be checked by the guards.
var changes = map[string]string{
	"PATCH /api/account/configurations":            "changes settings of the account",
	"DELETE /api/orders":                           "cancels orders",
	"POST /api/positions/{symbol}/exercise":        "opens shares by exercising an option",
	"POST /api/positions/{symbol}/do-not-exercise": "lets an option expire",
	"POST /api/watchlists":                         "changes watchlists",
	"PUT /api/watchlists/{id}":                     "changes watchlists",
	"POST /api/watchlists/{id}":                    "changes watchlists",
	"DELETE /api/watchlists/{id}":                  "changes watchlists",
	"DELETE /api/watchlists/{id}/{symbol}":         "changes watchlists",
	"PUT /api/watchlists:by_name":                  "changes watchlists",
	"POST /api/watchlists:by_name":                 "changes watchlists",
	"DELETE /api/watchlists:by_name":               "changes watchlists",
}

// Each passed-through endpoint that changes something says what, and needs a
// scope. The one that opens a position, exercising an option, is checked by the
// guards.
func TestEveryWayToOpenIsGuarded(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	u.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", id).want(t, 200, "")
	found := map[string]string{}
	for _, e := range httpapi.Routes() {
		if e.To == "" || e.Method == http.MethodGet {
			continue
		}
		name := e.Method + " " + e.Path
		found[name] = e.Changes
		if e.Changes == "" {
			t.Errorf("%s does not say what it changes", name)
		}
		if strings.HasPrefix(e.Changes, "opens") {
			continue // tested in TestExercise
		}
		if e.Who == "" || !e.Account {
			t.Errorf("%s needs no scope", name)
		}
	}
	if !maps.Equal(found, changes) {
		t.Errorf("endpoints that change something: %v\nwant %v", slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(changes)))
	}
}

// Exercising an option buys or sells its shares. So the guards treat it as an
// order for them, count it until the contracts are gone, and refuse it before
// the broker is called.
func TestExercise(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	do := func(method, path, body string) answer { return u.do(method, path, body, "X-Account-ID", id) }
	contract := func(kind string) string {
		list := do("GET", "/api/options/contracts?underlying_symbols=AAPL&type="+kind+"&limit=1", "").want(t, 200, "")
		_, rest, _ := strings.Cut(list.text, `"symbol":"AAPL`)
		return "AAPL" + rest[:strings.Index(rest, `"`)]
	}
	admin := s.db.Conn(t, "admin")
	buy := func(symbol string) {
		t.Helper()
		do("POST", "/api/orders", `{"symbol":"`+symbol+`","side":"buy","type":"market","time_in_force":"day","qty":"2"}`).want(t, 201, "")
		s.sim.Step()
		// The test reads the database, because requests for positions would
		// leave the account no requests for its reconciliation.
		kit.Eventually(t, "the contracts to be held", func() bool {
			var held bool
			if err := admin.QueryRow(t.Context(), "select exists (select from app.alpaca_positions where account_id = $1 and symbol = $2 and qty = 2)", id, symbol).Scan(&held); err != nil {
				t.Fatal(err)
			}
			return held
		})
	}
	call, put := contract("call"), contract("put")
	buy(call)
	buy(put)
	for name, c := range map[string]struct{ limits, contract, guard string }{
		"200 shares are bought":             {`{"max_position_qty":"100"}`, call, "max_position_qty"},
		"200 shares are worth the strike":   {`{"max_order_notional":"50"}`, call, "max_order_notional"},
		"the underlying must be allowed":    {`{"allowed_symbols":["MSFT"]}`, call, "allowed_symbols"},
		"a call buys":                       {`{"allowed_sides":["sell"]}`, call, "allowed_sides"},
		"a put sells":                       {`{"allowed_sides":["buy"]}`, put, "allowed_sides"},
		"a put opens a short of 200 shares": {`{"max_position_qty":"199"}`, put, "max_position_qty"},
	} {
		do("PUT", "/api/guards", c.limits).want(t, 200, "")
		if got := do("POST", "/api/positions/"+c.contract+"/exercise", "").want(t, 422, "guard_refused"); !strings.Contains(got.text, `"guard":"`+c.guard+`"`) {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	do("PUT", "/api/guards", `{}`).want(t, 200, "")
	for _, to := range []string{"reduce_only", "halted"} {
		do("POST", "/api/guards/switch", `{"switch":"`+to+`"}`).want(t, 200, "")
		do("POST", "/api/positions/"+call+"/exercise", "").want(t, 422, "guard_refused")
	}
	do("POST", "/api/guards/switch", `{"switch":"open"}`).want(t, 200, "")
	do("POST", "/api/positions/AAPL/exercise", "").want(t, 404, "position_not_found")
	do("PUT", "/api/guards", `{"max_position_qty":"250"}`).want(t, 200, "")
	do("POST", "/api/positions/"+call+"/exercise", "").want(t, 200, "")
	do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"100"}`).want(t, 422, "guard_refused")
}

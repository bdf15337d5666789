package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"paddock/app/alpacasim"
)

// An account with open orders, or its keys, cannot be deleted unless the
// request says what becomes of the orders. Until it does, nothing changes here
// or at the broker. Orders to be canceled are canceled at the broker before
// anything is deleted. A request of somebody who may not delete cancels
// nothing.
func TestForgettingAsksAboutOpenOrders(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	bob := s.signUp("bob")
	admin := s.db.Conn(t, "admin")
	n := 0
	open := func(seed alpacasim.AccountSeed) (count int) {
		for _, o := range s.sim.Orders(seed.KeyID) {
			if o.Status != "canceled" {
				count++
			}
		}
		return count
	}
	for _, what := range []string{"", "/credentials"} {
		seed := s.seeds[n%len(s.seeds)]
		n++
		id := ada.connect("forgotten"+strings.ReplaceAll(what, "/", " "), seed)
		path := "/api/accounts/" + id + what
		kept := func(why string, orders int) {
			t.Helper()
			ada.do("GET", "/api/accounts/"+id+"/credentials", "").want(t, 200, "")
			if got := open(seed); got != orders {
				t.Errorf("%s%s: %d orders are open at the broker, want %d", why, what, got, orders)
			}
		}
		order := strings.Replace(restingOrder, `"2"`, `"1"`, 1)
		for range 2 {
			ada.do("POST", "/api/orders", order, "X-Account-ID", id).want(t, 201, "")
		}
		a := ada.do("DELETE", path, "").want(t, 409, "open_orders")
		var body struct {
			Details struct {
				Orders []struct{ Symbol, Side, Qty, Status, ID string }
			}
		}
		if err := json.Unmarshal([]byte(a.text), &body); err != nil || len(body.Details.Orders) != 2 || body.Details.Orders[0].Symbol != "AAPL" || body.Details.Orders[0].Qty != "1" {
			t.Errorf("the open orders in the response are %s", a.text)
		}
		kept("asked", 2)
		ada.do("DELETE", path+"?open_orders=keep", "").want(t, 400, "invalid_open_orders")
		for _, q := range []string{"?open_orders=", "?open_orders=leave&open_orders=leave", "?open_orders=cancel&open_orders=leave"} {
			ada.do("DELETE", path+q, "").want(t, 400, "invalid_query")
		}
		ada.do("DELETE", path+"?orders=leave", "").want(t, 400, "unknown_parameter")
		kept("badly asked", 2)

		s.grant(id, "bob", "trader")
		for _, q := range []string{"", "?open_orders=cancel", "?open_orders=leave"} {
			bob.do("DELETE", path+q, "").want(t, 403, "not_permitted")
		}
		kept("by a trader", 2)

		// An order without a known answer may be open at the broker, and cannot
		// be canceled.
		for _, state := range []string{"submitting", "unknown"} {
			if _, err := admin.Exec(t.Context(), `insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol) values ($1, 'lost', $2, $2, 'AAPL')`, id, state); err != nil {
				t.Fatal(err)
			}
			for _, q := range []string{"", "?open_orders=cancel"} {
				if a := ada.do("DELETE", path+q, "").want(t, 409, "open_orders"); strings.Count(a.text, `"client_order_id"`) != 3 {
					t.Errorf("with one that is %s: %s", state, a.text)
				}
			}
			kept(state, 2)
			if _, err := admin.Exec(t.Context(), `delete from app.alpaca_orders where account_id = $1 and client_order_id = 'lost'`, id); err != nil {
				t.Fatal(err)
			}
		}
		ada.do("DELETE", path+"?open_orders=cancel", "").want(t, 204, "")
		if got := open(seed); got != 0 {
			t.Errorf("canceled%s: %d orders are open at the broker", what, got)
		}
		if what == "" {
			ada.do("GET", "/api/accounts/"+id, "").want(t, 403, "account_forbidden")
		} else {
			ada.do("GET", path, "").want(t, 404, "no_credentials")
			ada.do("DELETE", path, "").want(t, 204, "") // the keys are gone already
		}
	}
	// With open_orders=leave the orders stay open at the broker.
	seed := s.seeds[n%len(s.seeds)]
	id := ada.connect("left", seed)
	ada.do("POST", "/api/orders", restingOrder, "X-Account-ID", id).want(t, 201, "")
	before := open(seed)
	ada.do("DELETE", "/api/accounts/"+id+"/credentials?open_orders=leave", "").want(t, 204, "")
	ada.do("DELETE", "/api/accounts/"+id, "").want(t, 409, "open_orders")
	ada.do("DELETE", "/api/accounts/"+id+"?open_orders=leave", "").want(t, 204, "")
	if got := open(seed); got != before || before != 1 {
		t.Errorf("left: %d orders are open at the broker, and %d were", got, before)
	}
}

// No statement of the web process can delete an account with open orders
// without saying what becomes of them.
func TestNoStatementForgetsAnAccount(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	id := ada.connect("one", s.seeds[0])
	ada.do("POST", "/api/orders", restingOrder, "X-Account-ID", id).want(t, 201, "")
	app := s.db.Conn(t, "paddock_app")
	var token string
	if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select token from auth.session").Scan(&token); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"delete from app.user_accounts", "truncate app.user_accounts cascade", "select private.delete_account(null)",
		"select private.delete_account('cancel')", "select private.delete_account('')", "select private.delete_credentials(null)", "select private.orders_blocking_deletion(null, null)"} {
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select private.admit($1, $2)", token, id); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), statement); err == nil {
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		ada.do("GET", "/api/accounts/"+id+"/credentials", "").want(t, 200, "")
	}
}

package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// What the guards refuse is listed with its figures, page by page and by the filters of orders,
// for everybody who may read the account and for nobody else.
func TestRefusalsAreListed(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada, bob, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	one, hers := ada.connect("one", s.seeds[0]), eve.connect("hers", s.seeds[1])
	s.grant(one, "bob", "viewer")
	mine := []string{"X-Account-ID", one}
	ada.do("PUT", "/api/guards", `{"max_order_notional":"10"}`, mine...).want(t, 200, "")
	for _, body := range []string{
		`{"symbol":"aapl","side":"buy","type":"limit","limit_price":"50","time_in_force":"day","qty":"3","client_order_id":"first","tag":"t","orchestrator_agent_id":"one"}`,
		`{"symbol":"BTCUSD","side":"buy","type":"limit","limit_price":"60","time_in_force":"gtc","qty":"2","client_order_id":"second"}`,
		`{"symbol":"MSFT","side":"buy","type":"limit","limit_price":"70","time_in_force":"day","qty":"1","client_order_id":"third","reason":"cheap"}`,
	} {
		ada.do("POST", "/api/orders", body, mine...).want(t, 422, "guard_refused")
	}
	type refusal struct {
		ID         string
		Violations []struct{ Guard, Limit, Value, Message string }
		Request    map[string]any
	}
	list := func(u *user, query string) (clients string) {
		t.Helper()
		var all []string
		for before := ""; ; {
			var page struct {
				Refusals []refusal
				Next     *string `json:"next_cursor"`
			}
			answer := u.do("GET", "/api/guards/refusals?"+query+before, "", mine...).want(t, 200, "")
			if err := json.Unmarshal([]byte(answer.text), &page); err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Refusals {
				all = append(all, r.Request["client_order_id"].(string))
				if v := r.Violations; len(v) != 1 || v[0].Guard != "max_order_notional" || v[0].Limit == "" || v[0].Value == "" {
					t.Errorf("the violations are %+v", v)
				}
			}
			if page.Next == nil {
				return strings.Join(all, " ")
			}
			before = "&before=" + *page.Next
		}
	}
	for query, want := range map[string]string{
		"limit=500": "third second first",
		"limit=1":   "third second first", "limit=2&direction=asc": "first second third", "symbols=AAPL": "first", "symbols=BTC/USD": "second", "text=s": "second", "text=msf": "third",
		"tag=t&orchestrator_agent_id=one": "first", "time_in_force=gtc": "second", "side=sell": "", "sleeve_id=none&type=limit": "third second first", "created_until=2020-01-01": "",
	} {
		for _, who := range []*user{ada, bob} {
			if got := list(who, query); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
	}
	if answer := eve.do("GET", "/api/guards/refusals", "", "X-Account-ID", hers).want(t, 200, ""); !strings.Contains(answer.text, `"refusals":[]`) {
		t.Errorf("another tenant sees %s", answer.text)
	}
	eve.do("GET", "/api/guards/refusals", "", mine...).want(t, 403, "account_forbidden")
	ada.do("GET", "/api/guards/refusals?status=open", "", mine...).want(t, 400, "unknown_parameter")
}

package httpapi_test

import (
	"encoding/json"
	"testing"
)

// The portfolio is of the accounts that one may read, and of no other: neither of a
// stranger's, nor of one whose token does not reach it, nor of one for reports alone.
func TestPortfolioIsOfOnesOwnAccounts(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada, ben, eve := s.signUp("ada"), s.signUp("ben"), s.signUp("eve")
	one, two := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1])
	s.grant(two, "ben", "viewer")
	s.grant(one, "ben", "reports")
	for _, account := range []string{one, two} {
		ada.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"2"}`, "X-Account-ID", account).want(t, 201, "")
		s.settle(account)
		ada.do("GET", "/api/account", "", "X-Account-ID", account).want(t, 200, "")
	}
	type portfolio struct {
		Accounts []struct {
			ID        string `json:"account_id"`
			Equity    *string
			Positions []struct{ Symbol, Qty string }
		}
		Totals []struct {
			Environment     string
			Accounts, Known int
			Equity          *string
		}
		Positions []struct {
			Symbol, Qty string
			Accounts    int
		}
	}
	of := func(got answer) (p portfolio) {
		t.Helper()
		if err := json.Unmarshal([]byte(got.want(t, 200, "").text), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := of(ada.do("GET", "/api/portfolio", ""))
	if len(all.Accounts) != 2 || len(all.Totals) != 1 || all.Totals[0].Accounts != 2 || all.Totals[0].Known != 2 || len(all.Positions) != 1 ||
		all.Positions[0].Qty != "4" || all.Positions[0].Accounts != 2 || all.Accounts[0].Equity == nil || len(all.Accounts[0].Positions) != 1 {
		t.Errorf("it is %+v", all)
	}
	token := ada.agent("agent", "", two)
	for name, p := range map[string]portfolio{"a viewer of two": of(ben.do("GET", "/api/portfolio", "")), "a token for two": of(token.do("GET", "/api/portfolio", ""))} {
		if len(p.Accounts) != 1 || p.Accounts[0].ID != two || p.Positions[0].Qty != "2" {
			t.Errorf("that of %s is %+v", name, p)
		}
	}
	if p := of(eve.do("GET", "/api/portfolio", "")); len(p.Accounts) != 0 || len(p.Totals) != 0 || len(p.Positions) != 0 {
		t.Errorf("that of a stranger is %+v", p)
	}
}

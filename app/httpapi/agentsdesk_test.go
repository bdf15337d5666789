package httpapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// listedToken is a token of GET /api/tokens.
type listedToken struct {
	ID     string
	Parent *string `json:"parent_id"`
	Today  []struct {
		Account  string `json:"account_id"`
		Orders   int
		Left     *int `json:"orders_left"`
		Refusals int  `json:"refusals_in_a_row"`
	}
}

func (u *user) tokens() map[string]listedToken {
	u.s.t.Helper()
	var list struct{ Tokens []listedToken }
	if err := json.Unmarshal([]byte(u.do("GET", "/api/tokens", "").want(u.s.t, 200, "").text), &list); err != nil {
		u.s.t.Fatal(err)
	}
	byID := map[string]listedToken{}
	for _, t := range list.Tokens {
		byID[t.ID] = t
	}
	return byID
}

// A session makes a narrower token of one of its user's, as that one would, and of nobody
// else's nor of one that has ended. A token makes them of itself alone.
func TestSessionMakesANarrowerToken(t *testing.T) {
	s := newServer(t)
	ada, eve := s.signUp("ada"), s.signUp("eve")
	one, two, live := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), ada.connect("live", s.seeds[2])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	root, gone := ada.agent("root", `"scopes":["trade"],"limits":{"orders_per_day":2}`, one), ada.agent("gone", "", one)
	of := func(parent, more string) string { return `"parent_id":"` + parent + `",` + more }
	for _, c := range []struct{ what, more, account, wider string }{
		{"another scope", `"scopes":["trade","log"]`, one, "scopes"},
		{"another account", `"scopes":["read"]`, two, "accounts"},
		{"a longer life", `"scopes":["read"],"expires_at":"` + time.Now().Add(91*24*time.Hour).Format(time.RFC3339) + `"`, one, "expires_at"},
		{"a live account", `"scopes":["read"],"paper_only":false`, live, "paper_only"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := ada.do("POST", "/api/tokens", tokenBody("child", of(root.id, c.more), c.account)).want(t, 403, "token_too_wide"); !strings.Contains(got.text, c.wider) {
				t.Errorf("it does not say in what: %s", got.text)
			}
		})
	}
	child := ada.agent("child", of(root.id, `"scopes":["trade"]`), one)
	if got := ada.tokens()[child.id]; got.Parent == nil || *got.Parent != root.id {
		t.Errorf("it is made of %v", got.Parent)
	}
	ada.do("DELETE", "/api/tokens/"+gone.id, "").want(t, 200, "")
	hers := eve.agent("hers", "", eve.do("POST", "/api/accounts", `{"name":"hers","environment":"paper"}`).want(t, 201, "").field(t, "id"))
	for _, parent := range []string{gone.id, hers.id, one} {
		ada.do("POST", "/api/tokens", tokenBody("x", of(parent, `"scopes":["read"]`), one)).want(t, 404, "token_not_found")
	}
	ada.do("POST", "/api/tokens", tokenBody("x", of("x", `"scopes":["read"]`), one)).want(t, 400, "invalid_token")
	child.do("POST", "/api/tokens", tokenBody("x", of(root.id, `"scopes":["read"]`), one)).want(t, 403, "token_too_wide")
	child.do("POST", "/api/tokens", tokenBody("own", of(child.id, `"scopes":["read"]`), one)).want(t, 201, "")

	ada.do("DELETE", "/api/tokens/"+root.id, "").want(t, 200, "")
	child.do("GET", "/api/orders", "", "X-Account-ID", one).want(t, 401, "unauthenticated")
}

// The list says what each token used today and what is left of it, by the limits of the whole
// chain; the budget of a token is told to its user, and its orders are listed by it.
func TestWhatIsLeftOfATokenIsTold(t *testing.T) {
	s := newServer(t)
	s.stream()
	ada, vic, eve := s.signUp("ada"), s.signUp("vic"), s.signUp("eve")
	one, two := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1])
	s.grant(one, "vic", "viewer")
	s.synced(one)
	root := ada.agent("root", `"limits":{"orders_per_day":5,"max_refusals":3}`, one, two)
	child := root.agent("child", `"scopes":["trade"],"limits":{"orders_per_day":4,"max_order_notional":"50"}`, one)
	free := ada.agent("free", "", one)
	resting := `,"type":"limit","limit_price":"10"`
	sent := child.order(one, "", "buy", "1", resting).want(t, 201, "").field(t, "id")
	root.order(one, "", "buy", "1", resting).want(t, 201, "")
	root.order(one, "", "buy", "1", resting).want(t, 201, "")
	ada.order(one, "", "buy", "1", resting).want(t, 201, "") // the user's own counts against none
	child.order(one, "", "buy", "6", resting).want(t, 422, "guard_refused")

	of := func(id, account string) (orders int, left any, refusals int) {
		for _, d := range ada.tokens()[id].Today {
			if d.Account == account {
				if d.Left != nil {
					left = *d.Left
				}
				return d.Orders, left, d.Refusals
			}
		}
		t.Errorf("nothing is told of %s on %s", id, account)
		return 0, nil, 0
	}
	for _, c := range []struct {
		what, id, account string
		orders            int
		left              any
		refusals          int
	}{
		{"the root", root.id, one, 3, 2, 1},
		{"the root elsewhere", root.id, two, 0, 5, 0},
		{"the child, of which its parent has less", child.id, one, 1, 2, 0},
		{"one without limits", free.id, one, 0, nil, 0},
	} {
		if orders, left, refusals := of(c.id, c.account); orders != c.orders || left != c.left || refusals != c.refusals {
			t.Errorf("%s: %d orders, %v left, %d refusals", c.what, orders, left, refusals)
		}
	}

	budget := func(by func(method, path, body string, headers ...string) answer, token string) budgetOf {
		t.Helper()
		return by("GET", "/api/budget?token_id="+token, "", "X-Account-ID", one).budget(t)
	}
	for _, b := range []budgetOf{budget(ada.do, child.id), budget(root.do, child.id), child.do("GET", "/api/budget", "", "X-Account-ID", one).budget(t)} {
		if !slices.Equal(b.Budget.Scopes, []string{"read", "trade", "cancel"}) || b.Budget.Limits["max_order_notional"] != "50" || b.Budget.Left["orders_today"] != 2.0 {
			t.Errorf("the child's budget is %+v", b.Budget)
		}
	}
	ask := func(by func(method, path, body string, headers ...string) answer, account, token string) answer {
		return by("GET", "/api/budget?token_id="+token, "", "X-Account-ID", account)
	}
	ask(child.do, one, root.id).want(t, 404, "token_not_found") // the parent is wider
	ask(vic.do, one, child.id).want(t, 404, "token_not_found")
	ask(eve.do, one, child.id).want(t, 403, "account_forbidden")
	ask(ada.do, two, child.id).want(t, 404, "token_not_found") // it does not reach it
	ask(ada.do, one, "x").want(t, 400, "invalid_token")

	list := func(token string) answer {
		return vic.do("GET", "/api/orders?token_id="+token, "", "X-Account-ID", one).want(t, 200, "")
	}
	if got := list(child.id); strings.Count(got.text, `"client_order_id"`) != 1 || !strings.Contains(got.text, sent) || !strings.Contains(got.text, `"source":"mirror"`) {
		t.Errorf("the child's orders are %s", got.text)
	}
	if got := list(free.id); strings.Contains(got.text, `"client_order_id"`) {
		t.Errorf("one that sent nothing has %s", got.text)
	}
	ada.do("GET", "/api/orders?token_id=x", "", "X-Account-ID", one).want(t, 400, "invalid_query")

	ada.do("DELETE", "/api/tokens/"+root.id, "").want(t, 200, "")
	ask(ada.do, one, child.id).want(t, 404, "token_not_found")
}

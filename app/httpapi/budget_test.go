package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// budgetOf is what GET /api/budget answers.
type budgetOf struct {
	Budget struct {
		Scopes []string
		Limits map[string]any
		Left   map[string]any
		Sleeve *struct{ Name, Cash, Available string }
		Stops  []struct{ Guard string }
		Switch string
	}
	Rates struct {
		Trading struct {
			PerMinute int  `json:"per_minute"`
			Left      int  `json:"left"`
			AtAlpaca  *int `json:"left_at_alpaca"`
		}
	} `json:"rate_limit"`
}

func (a answer) budget(t *testing.T) (b budgetOf) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.want(t, 200, "").text), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// The budget is what holds for who asks: the tightest limits of the account, of the token
// and of those of which it was made, what is left of each, its sleeve's cash, and what
// stops it.
func TestBudgetIsWhatHoldsForWhoAsks(t *testing.T) {
	s := newServer(t)
	s.stream()
	ada, vic, eve := s.signUp("ada"), s.signUp("vic"), s.signUp("eve")
	one := ada.connect("one", s.seeds[0])
	s.grant(one, "vic", "viewer")
	mine := ada.sleeve(one, "mine", "1000", "")
	ask := func(do func(method, path, body string, headers ...string) answer, query string) budgetOf {
		t.Helper()
		return do("GET", "/api/budget"+query, "", "X-Account-ID", one).budget(t)
	}
	if b := ask(ada.do, ""); b.Budget.Left["orders_today"] != nil || b.Budget.Left["orders_this_minute"] != nil || b.Budget.Left["open_orders"] != nil || b.Budget.Limits["max_order_notional"] != nil ||
		!slices.Equal(b.Budget.Scopes, []string{"read", "trade", "cancel", "log", "approve", "manage"}) || b.Budget.Sleeve != nil || len(b.Budget.Stops) != 0 {
		t.Errorf("without limits: %+v", b)
	}
	ada.do("PUT", "/api/guards", `{"max_order_notional":"500","orders_per_minute":10,"max_open_orders":4,"daily_loss_limit":"100"}`, "X-Account-ID", one).want(t, 200, "")
	parent := ada.agent("parent", fmt.Sprintf(`"sleeves":[%q],"limits":{"max_order_notional":"300","orders_per_day":5}`, mine), one)
	child := parent.agent("child", `"limits":{"orders_per_day":3,"max_position_notional":"90","heartbeat_seconds":60}`, one)

	if b := ask(child.do, ""); len(b.Budget.Stops) != 1 || b.Budget.Stops[0].Guard != "heartbeat" {
		t.Errorf("without its heartbeat: %+v", b)
	}
	child.do("POST", "/api/heartbeat", "", "X-Account-ID", one).want(t, 200, "")
	child.order(one, "", "buy", "1", `,"type":"limit","limit_price":"20"`).want(t, 201, "")
	for _, c := range []struct {
		name                   string
		got                    budgetOf
		order, today, position any
	}{
		{"the child", ask(child.do, ""), "300", 2.0, "90"},
		{"the parent", ask(parent.do, ""), "300", 4.0, nil},
		{"the session", ask(ada.do, "?sleeve_id="+mine), "500", nil, nil},
	} {
		b := c.got.Budget
		if b.Limits["max_order_notional"] != c.order || b.Left["orders_today"] != c.today || b.Limits["max_position_notional"] != c.position ||
			b.Left["orders_this_minute"] != 9.0 || b.Left["open_orders"] != 3.0 || b.Left["daily_loss"] != "100" || len(b.Stops) != 0 || b.Sleeve == nil || b.Sleeve.Cash != "1000" || b.Sleeve.Available != "980" {
			t.Errorf("%s: %+v", c.name, c.got)
		}
		if r := c.got.Rates.Trading; r.PerMinute != 200 || r.Left < 1 || r.Left > 50 || r.AtAlpaca == nil || *r.AtAlpaca >= 200 {
			t.Errorf("%s may ask Alpaca %+v", c.name, r)
		}
	}
	if b := ask(vic.do, ""); !slices.Equal(b.Budget.Scopes, []string{"read"}) {
		t.Errorf("a viewer: %+v", b)
	}
	eve.do("GET", "/api/budget", "", "X-Account-ID", one).want(t, 403, "account_forbidden")
	ada.do("GET", "/api/budget?sleeve_id=x", "", "X-Account-ID", one).want(t, 400, "invalid_sleeve")

	for range 3 {
		child.order(one, "", "buy", "1", `,"type":"limit","limit_price":"10"`)
	}
	if b := ask(child.do, ""); b.Budget.Left["orders_today"] != 0.0 {
		t.Errorf("with none left: %+v", b.Budget.Left)
	}
	if current := child.do("GET", "/api/tokens/current", "").want(t, 200, ""); current.field(t, "id") != child.id {
		t.Errorf("the token that asks: %s", current.text)
	}
	ada.do("GET", "/api/tokens/current", "").want(t, 404, "token_not_found")
}

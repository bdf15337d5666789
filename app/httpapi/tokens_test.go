package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/tests/kit"
)

// agent is who has an API token of a user, and no session.
type agent struct {
	*user
	token, id string
}

// tokenBody is the body of a request for a token, with more of its fields.
func tokenBody(name, more string, accounts ...string) string {
	ids, _ := json.Marshal(accounts)
	if more != "" {
		more = "," + more
	}
	if !strings.Contains(more, `"scopes"`) {
		more += `,"scopes":["trade","log"]`
	}
	return fmt.Sprintf(`{"name":%q,"accounts":%s%s}`, name, ids, more)
}

// agent makes a token with the user's session.
func (u *user) agent(name, more string, accounts ...string) agent {
	u.s.t.Helper()
	return agentOf(u.s, u.do("POST", "/api/tokens", tokenBody(name, more, accounts...)).want(u.s.t, 201, ""))
}

// agent makes a narrower token with the token.
func (a agent) agent(name, more string, accounts ...string) agent {
	a.s.t.Helper()
	return agentOf(a.s, a.do("POST", "/api/tokens", tokenBody(name, more, accounts...)).want(a.s.t, 201, ""))
}

func agentOf(s *server, made answer) agent {
	s.t.Helper()
	return agent{&user{s: s}, made.field(s.t, "token"), made.field(s.t, "id")}
}

func (a agent) do(method, path, body string, headers ...string) answer {
	a.s.t.Helper()
	return a.user.do(method, path, body, append(headers, "Authorization", "Bearer "+a.token)...)
}

// A token does what its scopes and its user's role allow, on its accounts alone, and
// nothing else of its user's.
func TestTokenReachesItsAccountsAlone(t *testing.T) {
	s := newServer(t)
	ada, bob, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	one, two := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1])
	hers := eve.connect("hers", s.seeds[2])
	s.grant(one, "bob", "viewer")

	trader, reader, logger := ada.agent("trader", "", one), ada.agent("reader", `"scopes":["read"]`, one), ada.agent("logger", `"scopes":["log"]`, one)
	canceler := ada.agent("canceler", `"scopes":["cancel"]`, one)
	viewer := bob.agent("of a viewer", "", one)
	resting := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`
	order := trader.do("POST", "/api/orders", resting, "X-Account-ID", one).want(t, 201, "")
	if order.field(t, "token_id") != trader.id || order.field(t, "submitted_by") == "" {
		t.Errorf("the order does not say which token sent it: %s", order.text)
	}
	for _, c := range []struct {
		who          string
		by           agent
		method, path string
		body         string
		status       int
		code         string
	}{
		{"reader", reader, "GET", "/api/orders", "", 200, ""},
		{"reader", reader, "POST", "/api/orders", resting, 403, "not_permitted"},
		{"reader", reader, "DELETE", "/api/orders/" + order.field(t, "id"), "", 403, "not_permitted"},
		{"reader", reader, "POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"m"}]}`, 403, "not_permitted"},
		{"logger", logger, "POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"m"}]}`, 201, ""},
		{"logger", logger, "POST", "/api/orders", resting, 403, "not_permitted"},
		{"logger", logger, "DELETE", "/api/orders", "", 403, "not_permitted"},
		{"canceler", canceler, "POST", "/api/orders", resting, 403, "not_permitted"},
		{"canceler", canceler, "DELETE", "/api/orders/" + order.field(t, "id"), "", 202, ""},
		{"viewer's", viewer, "GET", "/api/orders", "", 200, ""},
		{"viewer's", viewer, "POST", "/api/orders", resting, 403, "not_permitted"},
		{"trader", trader, "PUT", "/api/guards", `{}`, 403, "not_permitted"},
		{"trader", trader, "POST", "/api/guards/switch", `{"switch":"halted"}`, 200, ""},
		{"trader", trader, "POST", "/api/guards/switch", `{"switch":"open"}`, 403, "not_permitted"},
		{"trader", trader, "PATCH", "/api/accounts/" + one, `{"name":"x"}`, 403, "not_permitted"},
		{"trader", trader, "DELETE", "/api/accounts/" + one, "", 403, "not_permitted"},
		{"trader", trader, "PUT", "/api/accounts/" + one + "/credentials", `{"key_id":"PKAAAAAAAA","secret_key":"abcdefghij"}`, 403, "not_permitted"},
		{"trader", trader, "GET", "/api/audit", "", 403, "not_permitted"},
		{"trader", trader, "POST", "/api/webhooks", `{"url":"https://example.com/x"}`, 403, "not_permitted"},
		{"trader", trader, "POST", "/api/accounts", `{"name":"more","environment":"paper"}`, 403, "not_permitted"},
		{"trader", trader, "GET", "/api/user/step-up", "", 401, "unauthenticated"},
	} {
		t.Run(c.who+" "+c.method+" "+c.path, func(t *testing.T) {
			c.by.do(c.method, c.path, c.body, "X-Account-ID", one).want(t, c.status, c.code)
		})
	}
	for _, other := range []string{two, hers} {
		for _, path := range []string{"/api/orders", "/api/events", "/api/fills", "/api/accounts/" + other, "/api/guards"} {
			trader.do("GET", path, "", "X-Account-ID", other).want(t, 403, "account_forbidden")
		}
	}
	if list := trader.do("GET", "/api/accounts", "").want(t, 200, ""); !strings.Contains(list.text, one) || strings.Contains(list.text, two) {
		t.Errorf("the token sees %s", list.text)
	}
	if list := ada.do("GET", "/api/accounts", "").want(t, 200, ""); !strings.Contains(list.text, one) || !strings.Contains(list.text, two) {
		t.Errorf("the session sees %s", list.text)
	}
	if rows := trader.do("GET", "/api/user/audit", "").want(t, 200, "").audit(t); len(rows) != 0 {
		t.Errorf("the token reads its user's audit: %v", rows)
	}
	ada.do("POST", "/api/tokens", tokenBody("of hers", "", one, hers)).want(t, 403, "account_forbidden")

	// The audit says by which token something was done.
	rows := ada.do("GET", "/api/audit?action=order.place", "", "X-Account-ID", one).want(t, 200, "")
	if !strings.Contains(rows.text, `"session_id":"token:`+trader.id+`"`) {
		t.Errorf("the audit does not name the token: %s", rows.text)
	}
	if logs := ada.do("GET", "/api/agent-logs", "", "X-Account-ID", one).want(t, 200, ""); !strings.Contains(logs.text, `"token_id":"`+logger.id+`"`) {
		t.Errorf("the log does not name the token: %s", logs.text)
	}
}

// A token is shown once, kept as a digest, and refused as soon as it has ended; a request
// that has one is never signed in by its cookie.
func TestTokenIsShownOnceAndEnds(t *testing.T) {
	s := newServer(t)
	ada, eve := s.signUp("ada"), s.signUp("eve")
	one := ada.connect("one", s.seeds[0])
	a := ada.agent("agent", "", one)
	if !strings.HasPrefix(a.token, "pdk_") || len(a.token) != 37 {
		t.Fatalf("the token is %q", a.token)
	}
	list := ada.do("GET", "/api/tokens", "").want(t, 200, "")
	if strings.Contains(list.text, a.token) || !strings.Contains(list.text, `"hint":"`+a.token[33:]+`"`) || !strings.Contains(list.text, `"state":"active"`) {
		t.Errorf("the list has %s", list.text)
	}
	var dump string
	if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select string_agg(t::text, ' ') from private.api_tokens t").Scan(&dump); err != nil || strings.Contains(dump, a.token) {
		t.Errorf("the database keeps %s (%v)", dump, err)
	}
	if strings.Contains(s.log.String(), a.token) {
		t.Error("the log has the token")
	}
	a.do("GET", "/api/orders", "", "X-Account-ID", one).want(t, 200, "")

	changed := []byte(a.token)
	changed[10] ^= 1
	for _, header := range []string{"Bearer " + string(changed), "Bearer x", "Bearer", "bearer " + strings.ToLower(a.token), "Bearer " + a.token[:36]} {
		if got := ada.do("GET", "/api/orders", "", "X-Account-ID", one, "Authorization", header); got.status != 401 || !strings.Contains(got.text, "API token") {
			t.Errorf("%s is answered %d %s", header, got.status, got.text)
		}
	}
	ada.do("GET", "/api/orders", "", "X-Account-ID", one, "Authorization", "Basic eDp5").want(t, 200, "") // a proxy's

	eve.do("DELETE", "/api/tokens/"+a.id, "").want(t, 404, "token_not_found")
	ada.do("DELETE", "/api/tokens/x", "").want(t, 400, "invalid_token")
	ada.do("DELETE", "/api/tokens/"+a.id, "").want(t, 200, "")
	ada.do("DELETE", "/api/tokens/"+a.id, "").want(t, 404, "token_not_found")
	a.do("GET", "/api/orders", "", "X-Account-ID", one).want(t, 401, "unauthenticated")

	for _, end := range []struct{ what, sql string }{
		{"it has expired", "update private.api_tokens set created_at = now() - interval '2 days', expires_at = now() - interval '1 second' where id = $1"},
		{"its user is disabled", "select private.disable_user(t.user_id) from private.api_tokens t where t.id = $1"},
		{"its user is deleted", `delete from auth."user" u using private.api_tokens t where t.id = $1 and u.id = t.user_id`},
		{"its account is gone", "delete from private.token_accounts where token_id = $1"},
		{"its user's grant is gone", "delete from app.account_grants g using private.token_accounts a where a.token_id = $1 and g.account_id = a.account_id"},
		{"it is for paper accounts alone", "update app.user_accounts u set environment = 'live' from private.token_accounts a where a.token_id = $1 and u.id = a.account_id"},
	} {
		t.Run(end.what, func(t *testing.T) {
			s := newServer(t)
			u := s.signUp("ada")
			account := u.connect("one", s.seeds[0])
			a := u.agent("agent", "", account)
			a.do("GET", "/api/orders", "", "X-Account-ID", account).want(t, 200, "")
			s.exec(end.sql, a.id)
			if got := a.do("GET", "/api/orders", "", "X-Account-ID", account); got.status != 401 && got.status != 403 {
				t.Errorf("it is answered %d %s", got.status, got.text)
			}
		})
	}
}

// A token makes narrower ones alone, whatever is sent, and whoever revokes it revokes
// those as well.
func TestTokenMakesNarrowerOnesAlone(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one, two, live := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), ada.connect("live", s.seeds[2])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	root := ada.agent("root", `"scopes":["trade"]`, one)
	for _, c := range []struct{ what, more, account, wider string }{
		{"another scope", `"scopes":["trade","log"]`, one, "scopes"},
		{"another account", `"scopes":["read"]`, two, "accounts"},
		{"a longer life", `"scopes":["read"],"expires_at":"` + time.Now().Add(91*24*time.Hour).Format(time.RFC3339) + `"`, one, "expires_at"},
		{"a live account", `"scopes":["read"],"paper_only":false`, one, "paper_only"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := root.do("POST", "/api/tokens", tokenBody("child", c.more, c.account))
			if got.want(t, 403, "token_too_wide"); !strings.Contains(got.text, c.wider) {
				t.Errorf("it does not say in what: %s", got.text)
			}
		})
	}
	child := root.agent("child", `"scopes":["trade"]`, one)
	grandchild := child.agent("grandchild", `"scopes":["cancel"]`, one)
	grandchild.do("POST", "/api/tokens", tokenBody("x", `"scopes":["trade"]`, one)).want(t, 403, "token_too_wide")
	sibling := root.agent("sibling", `"scopes":["read"]`, one)

	if list := child.do("GET", "/api/tokens", "").want(t, 200, ""); !strings.Contains(list.text, child.id) || !strings.Contains(list.text, grandchild.id) ||
		strings.Contains(list.text, `"id":"`+root.id) || strings.Contains(list.text, sibling.id) || strings.Count(list.text, `"current":true`) != 1 {
		t.Errorf("the child sees %s", list.text)
	}
	child.do("DELETE", "/api/tokens/"+root.id, "").want(t, 404, "token_not_found")
	child.do("DELETE", "/api/tokens/"+sibling.id, "").want(t, 404, "token_not_found")
	ada.do("DELETE", "/api/tokens/"+root.id, "").want(t, 200, "")
	for _, a := range []agent{root, child, grandchild, sibling} {
		a.do("GET", "/api/orders", "", "X-Account-ID", one).want(t, 401, "unauthenticated")
	}

	deep := ada.agent("0", "", one)
	for i := 1; i < 8; i++ {
		deep = deep.agent(fmt.Sprint(i), "", one)
	}
	if got := deep.do("POST", "/api/tokens", tokenBody("8", "", one)).want(t, 403, "token_too_wide"); !strings.Contains(got.text, "depth") {
		t.Errorf("%s", got.text)
	}
}

// What a token cannot be is refused with a sentence that names the field.
func TestTokenRequests(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one, live := ada.connect("one", s.seeds[0]), ada.connect("live", s.seeds[1])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	for _, c := range []struct {
		what, body string
		status     int
		code, says string
	}{
		{"no name", tokenBody("", "", one), 400, "invalid_token", "name"},
		{"spaces", tokenBody(" x", "", one), 400, "invalid_token", "name"},
		{"no accounts", tokenBody("x", ""), 400, "invalid_token", "accounts"},
		{"no scopes", tokenBody("x", `"scopes":[]`, one), 400, "invalid_token", "scopes"},
		{"no such scope", tokenBody("x", `"scopes":["manage"]`, one), 400, "invalid_token", "scopes"},
		{"in the past", tokenBody("x", `"expires_at":"2001-01-01T00:00:00Z"`, one), 400, "invalid_token", "expires_at"},
		{"too long", tokenBody("x", `"expires_at":"2099-01-01T00:00:00Z"`, one), 400, "invalid_token", "expires_at"},
		{"a limit below zero", tokenBody("x", `"limits":{"max_order_notional":"-1"}`, one), 400, "invalid_token", "max_order_notional"},
		{"no such side", tokenBody("x", `"limits":{"allowed_sides":["hold"]}`, one), 400, "invalid_token", "allowed_sides"},
		{"an account's own setting", tokenBody("x", `"limits":{"buy_back_overshoot":true}`, one), 400, "invalid_token", "buy_back_overshoot"},
		{"no such field", tokenBody("x", `"user_id":"x"`, one), 400, "unknown_field", "user_id"},
		{"a live account unasked", tokenBody("x", "", live), 403, "token_too_wide", "paper_only"},
		{"a live account without a step-up", tokenBody("x", `"paper_only":false`, live), 403, "step_up_required", "step-up"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s.goStale()
			if got := ada.do("POST", "/api/tokens", c.body).want(t, c.status, c.code); !strings.Contains(got.text, c.says) {
				t.Errorf("it says %s", got.text)
			}
		})
	}
	ada.do("POST", "/api/user/step-up", `{"password":"a good password"}`).want(t, 200, "")
	ada.agent("live", `"paper_only":false`, live).do("GET", "/api/accounts/"+live, "").want(t, 200, "")
	s.goStale()
	ada.agent("live reader", `"paper_only":false,"scopes":["read"]`, live) // reading takes no step-up

	s.exec(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
		select i, (select user_id from app.user_accounts where id = $1), array[i], 'x', sha256(i::text::bytea), 'x', '{read}', true, now(), now() + interval '1 day'
		from (select gen_random_uuid() as i from generate_series(1, 498)) x`, one)
	ada.do("POST", "/api/tokens", tokenBody("one too many", "", one)).want(t, 409, "too_many_tokens")
}

// Of the account's limits and those of a token and of the tokens of which it was made the
// tightest holds, whatever the order of them; an order that only reduces passes.
func TestTightestLimitHolds(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	s.stream()
	s.synced(one)
	buy := func(qty, price string) string {
		return fmt.Sprintf(`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":%q,"limit_price":%q}`, qty, price)
	}
	for _, c := range []struct{ what, account, root, child, body, guard string }{
		{"the account's", `{"max_order_notional":"50"}`, `{"max_order_notional":"500"}`, `{"max_order_notional":"5000"}`, buy("6", "10"), "max_order_notional"},
		{"the root's", `{"max_order_notional":"5000"}`, `{"max_order_notional":"50"}`, `{"max_order_notional":"500"}`, buy("6", "10"), "max_order_notional"},
		{"the child's", `{"max_order_notional":"5000"}`, `{"max_order_notional":"500"}`, `{"max_order_notional":"50"}`, buy("6", "10"), "max_order_notional"},
		{"the root's, and no other", `{}`, `{"max_order_notional":"50"}`, `{}`, buy("6", "10"), "max_order_notional"},
		{"a position's worth", `{}`, `{}`, `{"max_position_notional":"50"}`, buy("6", "10"), "max_position_notional"},
		{"a position's quantity", `{}`, `{"max_position_qty":"5"}`, `{}`, buy("6", "10"), "max_position_qty"},
		{"open orders", `{}`, `{}`, `{"max_open_orders":0}`, buy("1", "10"), "max_open_orders"},
		{"a symbol of the root's", `{}`, `{"allowed_symbols":["TSLA"]}`, `{"allowed_symbols":["TSLA","AAPL"]}`, buy("1", "10"), "allowed_symbols"},
		{"a symbol that only one has", `{"allowed_symbols":["AAPL"]}`, `{"allowed_symbols":["TSLA"]}`, `{}`, buy("1", "10"), "allowed_symbols"},
		{"a side", `{}`, `{"allowed_sides":["sell"]}`, `{}`, buy("1", "10"), "allowed_sides"},
		{"orders of a minute", `{}`, `{"orders_per_minute":0}`, `{}`, buy("1", "10"), "orders_per_minute"},
		{"orders of a day", `{}`, `{}`, `{"orders_per_day":0}`, buy("1", "10"), "orders_per_day"},
		{"a heartbeat of the root's", `{}`, `{"heartbeat_seconds":60}`, `{"heartbeat_seconds":3600}`, buy("1", "10"), "heartbeat"},
		{"the day's loss", `{}`, `{}`, `{"daily_loss_limit":"0"}`, buy("1", "10"), "daily_loss_limit"},
		{"a drawdown", `{"max_drawdown":"1000"}`, `{}`, `{"max_drawdown":"0"}`, buy("1", "10"), "max_drawdown"},
	} {
		t.Run(c.what, func(t *testing.T) {
			ada.do("PUT", "/api/guards", c.account, "X-Account-ID", one).want(t, 200, "")
			child := ada.agent("root", `"limits":`+c.root, one).agent("child", `"limits":`+c.child, one)
			got := child.do("POST", "/api/orders", c.body, "X-Account-ID", one).want(t, 422, "guard_refused")
			if !strings.Contains(got.text, `"guard":"`+c.guard+`"`) {
				t.Errorf("it is refused by %s", got.text)
			}
			if c.guard == "daily_loss_limit" || c.guard == "max_drawdown" {
				return // a preview looks at the account once, and what it said may be older than a second here
			}
			preview := child.do("POST", "/api/orders/preview", c.body, "X-Account-ID", one).want(t, 200, "")
			if !strings.Contains(preview.text, `"guard":"`+c.guard+`"`) {
				t.Errorf("the preview says %s", preview.text)
			}
		})
	}
	ada.do("PUT", "/api/guards", `{}`, "X-Account-ID", one).want(t, 200, "")
	ada.do("POST", "/api/orders", buyOne, "X-Account-ID", one).want(t, 201, "")
	kit.Eventually(t, "the position", func() bool {
		s.sim.Step()
		return strings.Contains(ada.do("GET", "/api/positions", "", "X-Account-ID", one).text, `"AAPL"`)
	})
	tight := ada.agent("tight", `"limits":{"max_order_notional":"0","orders_per_day":0,"allowed_sides":[]}`, one)
	tight.do("POST", "/api/orders", buyOne, "X-Account-ID", one).want(t, 422, "guard_refused")
	kit.Eventually(t, "the sale to be let through", func() bool { // once the mirror knows the fill
		return tight.do("POST", "/api/orders", strings.Replace(buyOne, "buy", "sell", 1), "X-Account-ID", one).status == 201
	})
}

// What a token's helpers send counts against it, also where all of them send at once.
func TestHelpersCountAgainstTheirToken(t *testing.T) {
	for _, limit := range []string{"orders_per_day", "orders_per_minute"} {
		t.Run(limit, func(t *testing.T) {
			s := newServer(t)
			ada := s.signUp("ada")
			one := ada.connect("one", s.seeds[0])
			s.stream()
			s.synced(one)
			root := ada.agent("root", `"limits":{"`+limit+`":7}`, one)
			helpers := []agent{root}
			for i := range 4 {
				helpers = append(helpers, helpers[i].agent(fmt.Sprint(i), `"limits":{"`+limit+`":5}`, one))
			}
			resting := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`
			var sent, refused atomic.Int64
			var all sync.WaitGroup
			for _, h := range slices.Concat(helpers, helpers, helpers, helpers) {
				all.Go(func() {
					switch got := h.do("POST", "/api/orders", resting, "X-Account-ID", one); got.status {
					case 201:
						sent.Add(1)
					case 422:
						refused.Add(1)
					default:
						t.Errorf("it is answered %d %s", got.status, got.text)
					}
				})
			}
			all.Wait()
			if sent.Load() > 7 || sent.Load() < 5 || sent.Load()+refused.Load() != 20 {
				t.Errorf("%d orders were sent and %d refused, and 7 are allowed", sent.Load(), refused.Load())
			}
			var most int64
			if err := s.db.Conn(t, "admin").QueryRow(t.Context(), `select max(n) from (select count(*) as n from app.alpaca_orders o, unnest(o.token_path) p where p <> $1 group by p) x`, root.id).
				Scan(&most); err != nil || most > 5 {
				t.Errorf("a helper and its own sent %d, and 5 are allowed (%v)", most, err)
			}
			// The user's own orders count against no token.
			ada.do("POST", "/api/orders", resting, "X-Account-ID", one).want(t, 201, "")
		})
	}
}

// A job that a token asked for is carried out as that token's, and not after it was revoked.
func TestJobOfAToken(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	a, revoked := ada.agent("agent", `"limits":{"max_order_notional":"50"}`, one), ada.agent("revoked", "", one)
	s.stream()
	s.synced(one)
	resting := func(qty string) string {
		return `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"` + qty + `","limit_price":"10"}`
	}
	sent := a.do("POST", "/api/orders", resting("1"), "X-Account-ID", one, "Prefer", "respond-async").want(t, 202, "").field(t, "id")
	large := a.do("POST", "/api/orders", resting("6"), "X-Account-ID", one, "Prefer", "respond-async").want(t, 202, "").field(t, "id")
	never := revoked.do("POST", "/api/orders", resting("1"), "X-Account-ID", one, "Prefer", "respond-async").want(t, 202, "").field(t, "id")
	ada.do("DELETE", "/api/tokens/"+revoked.id, "").want(t, 200, "")
	s.carryOut()
	ended := func(job string) answer {
		t.Helper()
		for {
			got := ada.do("GET", "/api/jobs/"+job, "", "X-Account-ID", one).want(t, 200, "")
			if state := got.field(t, "state"); state == "done" || state == "failed" {
				return got
			}
		}
	}
	if got := ended(sent); got.field(t, "state") != "done" || !strings.Contains(got.text, a.id) {
		t.Errorf("the order of the token is %s", got.text)
	}
	if got := ended(large); got.field(t, "state") != "failed" || !strings.Contains(got.text, "max_order_notional") {
		t.Errorf("the order beyond the token's limit is %s", got.text)
	}
	if got := ended(never); got.field(t, "state") != "failed" || !strings.Contains(got.text, "unauthenticated") {
		t.Errorf("the order of the revoked token is %s", got.text)
	}
	if began := texts(t, s.db, "select began_at::text from app.jobs where began_at is not null and id = '"+never+"'"); len(began) > 0 {
		t.Errorf("it was begun at %v, and the token was revoked by then", began)
	}
}

package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"paddock/app/httpapi"
)

// queriesNotRead are the paths whose queries may have any parameters: load
// balancers add their own when they check the health, and package auth reads
// its own. The test fails for any other such route.
var queriesNotRead = []string{"/healthz", "/readyz", "/api/auth/{path}"}

// Every route in the table refuses an unknown parameter, a repeated one and a
// query that cannot be parsed, with 400 and before anything is done. All routes
// are in the table, so new ones are covered too.
func TestEveryRouteReadsItsQuery(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	broker.last()
	for _, e := range httpapi.Routes() {
		if e.AnyQuery != slices.Contains(queriesNotRead, e.Path) {
			t.Errorf("%s %s: takes any query: %v", e.Method, e.Path, e.AnyQuery)
		}
		if e.AnyQuery {
			continue
		}
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			path := target(strings.ReplaceAll(e.Path, "{id}", id))
			refuses := func(query, code string) {
				t.Helper()
				if got := u.do(e.Method, path+"?"+query, "", "X-Account-ID", id); got.status != 400 || got.code() != code {
					t.Errorf("?%s: %d %s, want 400 %s", query, got.status, got.text, code)
				}
			}
			refuses("no_such_parameter=1", "unknown_parameter")
			refuses("no_such_parameter=1&no_such_parameter=1", "unknown_parameter")
			refuses("%zz", "invalid_query")
			names := e.Query
			if e.Account {
				names = append(slices.Clone(names), httpapi.AccountParameter)
			} else {
				refuses(httpapi.AccountParameter+"="+id, "unknown_parameter")
			}
			for _, name := range names {
				refuses(name+"="+id+"&"+name+"="+id, "invalid_query")
				refuses(name+"="+id+"&no_such_parameter=1", "unknown_parameter")
			}
			if heard, n := broker.last(); n != 0 {
				t.Errorf("the broker got the request %+v", heard)
			}
		})
	}
}

// bodies are valid bodies for our own endpoints, with which a request gets as
// far as the check of who may call it.
var bodies = map[string]string{
	"POST /api/accounts":                 `{"name":"another","environment":"paper"}`,
	"PATCH /api/accounts/{id}":           `{"name":"renamed"}`,
	"PUT /api/accounts/{id}/credentials": `{"key_id":"PKAAAAAAAA","secret_key":"abcdefghij"}`,
	"POST /api/orders":                   buyOne,

	"POST /api/accounts/{id}/grants":            `{"email":"nobody@example.com","role":"viewer"}`,
	"PATCH /api/accounts/{id}/grants/{user_id}": `{"role":"viewer"}`,
	"POST /api/accounts/{id}/transfer":          `{"user_id":"nobody"}`,
	"POST /api/accounts/{id}/invitations":       `{"role":"viewer"}`,

	"POST /api/orders/preview":         buyOne,
	"PATCH /api/orders/{id}":           `{"qty":"2"}`,
	"PUT /api/guards":                  `{}`,
	"POST /api/tokens":                 `{"name":"t","accounts":["00000000-0000-4000-8000-000000000000"],"scopes":["read"]}`,
	"POST /api/alerts":                 `{"token":"","account_id":"","time":"","order":{}}`,
	"POST /api/block-orders":           `{"order":` + buyOne + `,"allocation":{"method":"equal"},"accounts":[{"account_id":"00000000-0000-4000-8000-000000000001"}]}`,
	"POST /api/block-orders/preview":   `{"order":` + buyOne + `,"allocation":{"method":"equal"},"accounts":[{"account_id":"00000000-0000-4000-8000-000000000001"}]}`,
	"POST /api/copying/offer":          `{"name":"o"}`,
	"POST /api/copying/follows":        `{"copy_code":"x","token_id":"00000000-0000-4000-8000-000000000001","ratio":"1"}`,
	"POST /api/sleeves":                `{"name":"s"}`,
	"POST /api/approvals/{id}/approve": `{"digest":"0000000000000000000000000000000000000000000000000000000000000000"}`,
	"POST /api/approvals/{id}/refuse":  `{"digest":"0000000000000000000000000000000000000000000000000000000000000000"}`,
	"PATCH /api/sleeves/{id}":          `{"switch":"halted"}`,
	"POST /api/sleeve-transfers":       `{"from_sleeve_id":"00000000-0000-4000-8000-000000000001","amount":"1"}`,
	"POST /api/webhooks":               `{"url":"https://example.com/paddock"}`,
	"PATCH /api/webhooks/{id}":         `{"enabled":true}`,
	"POST /api/notices":                `{"type":"telegram","bot_token":"123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","chat_id":"42"}`,
	"PUT /api/notices/{id}":            `{"topics":["fills"]}`,
	"PATCH /api/notices/{id}":          `{"enabled":true}`,
	"POST /api/guards/switch":          `{"switch":"reduce_only"}`,
	"POST /api/agent-logs":             `{"logs":[{"level":"info","message":"m"}]}`,
}

// Who may call a route is the same in the table and in the database. Without a
// session only routes for "anyone" can be called. Nobody can call a route on an
// account without a grant. A viewer can call only routes with the scope read,
// and a trader all except those with the scopes manage and approve. TestRelayedRefusals
// checks the same for passed-through endpoints.
func TestWhoMayCall(t *testing.T) {
	s := newServer(t)
	owner, trader, viewer, stranger := s.signUp("ada"), s.signUp("bob"), s.signUp("vic"), s.signUp("eve")
	id := owner.connect("one", s.seeds[0])
	s.grant(id, "bob", "trader")
	s.grant(id, "vic", "viewer")
	s.stream()
	resting := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`
	order := owner.do("POST", "/api/orders", resting, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	for _, e := range httpapi.Routes() {
		if e.To != "" || e.AnyQuery || e.Path == "/api/ws" { // the WebSocket is tested in package push
			continue
		}
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			path := strings.ReplaceAll(e.Path, "/api/orders/{id}", "/api/orders/"+order)
			path = target(strings.ReplaceAll(path, "{id}", id))
			if slices.Contains(e.Query, "client_order_id") {
				path += "?client_order_id=x"
			}
			call := func(u *user) answer {
				t.Helper()
				return u.do(e.Method, path, bodies[e.Method+" "+e.Path], "X-Account-ID", id)
			}
			may := func(who string, got answer, granted bool) {
				t.Helper()
				if refused := got.status == 401 || got.status == 403; refused == granted || got.status >= 500 {
					t.Errorf("it is for %q, and %s gets %d %s", e.Who, who, got.status, got.text)
				}
			}
			if e.Who == "anyone" {
				may("anyone", call(&user{s: s}), true)
				return
			}
			call(&user{s: s}).want(t, 401, "unauthenticated")
			if e.Who == "any API token" || e.Method+" "+e.Path == "POST /api/alerts" { // a session is nothing to them: see TestAlerts
				call(owner).want(t, 401, "unauthenticated")
				return
			}
			if e.Path == "/api/block-orders/preview" { // for accounts of one's own; to make one takes a key as well, see TestBlockOrdersAreForOnesOwnAccounts
				call(stranger).want(t, 403, "account_forbidden")
				return
			}
			if e.Method+" "+e.Path == "POST /api/tokens" { // for accounts of one's own
				call(stranger).want(t, 403, "account_forbidden")
				call(owner).want(t, 403, "account_forbidden")
				return
			}
			if e.Method+" "+e.Path == "DELETE /api/accounts/{id}/grants/{user_id}" { // an owner takes what others have, and each user their own
				call(stranger).want(t, 403, "account_forbidden")
				call(trader).want(t, 403, "not_permitted")
				call(owner).want(t, 404, "grant_not_found")
				return
			}
			if e.Who == "any user" {
				may("a user", call(stranger), true)
				return
			}
			call(stranger).want(t, 403, "account_forbidden")
			may("a viewer", call(viewer), e.Who == "read")
			may("a trader", call(trader), e.Who != "manage" && e.Who != "approve")
		})
	}
}

package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// bearer sends an API token with each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// mcp connects the SDK's own client with the token.
func (a agent) mcp() *sdk.ClientSession {
	a.s.t.Helper()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(a.s.t.Context(), &sdk.StreamableClientTransport{
		Endpoint: a.s.url + "/mcp", HTTPClient: &http.Client{Transport: bearer(a.token)}, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		a.s.t.Fatal(err)
	}
	a.s.t.Cleanup(func() { _ = session.Close() }) // the server is maybe gone
	return session
}

// toolResult is a tool's result, as a program reads it.
type toolResult struct {
	t       *testing.T
	text    string
	isError bool
	Outcome string `json:"outcome"`
	Account *struct {
		ID          string `json:"id"`
		Environment string `json:"environment"`
		Name        struct {
			Text string `json:"untrusted_text"`
		} `json:"name"`
	} `json:"account"`
	Refused []struct {
		Guard string `json:"guard"`
		Limit any    `json:"limit"`
		Value any    `json:"value"`
		To    string `json:"what_to_do"`
	} `json:"refused"`
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Status  int    `json:"status"`
	} `json:"error"`
	Data   map[string]any `json:"data"`
	Budget struct {
		Switch string         `json:"switch"`
		Left   map[string]any `json:"left"`
		Limits map[string]any `json:"limits"`
		Sleeve map[string]any `json:"sleeve"`
		Stops  []any          `json:"stops"`
	} `json:"budget"`
	Rates struct {
		Trading struct {
			PerMinute int  `json:"per_minute"`
			Left      int  `json:"left"`
			AtAlpaca  *int `json:"left_at_alpaca"`
		} `json:"trading"`
	} `json:"rate_limit"`
	Choices []any `json:"choices"`
}

// use calls a tool.
func use(t *testing.T, session *sdk.ClientSession, tool string, arguments map[string]any) toolResult {
	t.Helper()
	res, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text, err := json.Marshal(res.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	shown := toolResult{t: t, text: string(text), isError: res.IsError}
	var plain struct {
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(text, &plain)
	if len(plain.Data) > 0 && plain.Data[0] == '[' { // positions
		text = []byte(strings.Replace(string(text), `"data":[`, `"list":[`, 1))
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		t.Fatalf("%s: %v: %s", tool, err, text)
	}
	return shown
}

func (r toolResult) want(outcome, code string) toolResult {
	r.t.Helper()
	if r.Outcome != outcome || r.Error.Code != code || r.isError != (outcome == "error") {
		r.t.Errorf("got %s %q, want %s %q: %s", r.Outcome, r.Error.Code, outcome, code, r.text)
	}
	return r
}

func (r toolResult) field(name string) string {
	text, _ := r.Data[name].(string)
	return text
}

// The list of tools follows the token's scopes, and says of each what it can do. A tool
// that is not in the list does not exist for the token, also where it is called by name.
func TestToolsFollowTheScopes(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	trading := []string{"preview_order", "place_order", "replace_order", "close_position", "heartbeat"}
	canceling := []string{"cancel_order", "cancel_all_orders", "withdraw_order"}
	for _, c := range []struct {
		scopes string
		there  []string
		not    []string
	}{
		{`["read"]`, []string{"list_accounts", "get_quotes"}, slices.Concat(trading, canceling, []string{"write_log"})},
		{`["cancel"]`, slices.Concat(canceling, []string{"list_orders"}), slices.Concat(trading, []string{"write_log"})},
		{`["log"]`, []string{"write_log", "list_orders"}, slices.Concat(trading, canceling)},
		{`["trade"]`, slices.Concat(trading, canceling, []string{"list_orders"}), []string{"write_log"}},
	} {
		session := ada.agent("with "+c.scopes, `"scopes":`+c.scopes, one).mcp()
		list, err := session.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range list.Tools {
			names = append(names, tool.Name)
			changes := slices.Contains(slices.Concat(trading[1:], canceling, []string{"write_log"}), tool.Name)
			if a := tool.Annotations; a == nil || a.ReadOnlyHint == changes {
				t.Errorf("%s says that it only reads: %+v", tool.Name, a)
			}
		}
		for _, name := range c.there {
			if !slices.Contains(names, name) {
				t.Errorf("%s lacks %s", c.scopes, name)
			}
		}
		for _, name := range c.not {
			if slices.Contains(names, name) {
				t.Errorf("%s has %s", c.scopes, name)
			}
			if _, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: map[string]any{}}); err == nil || !strings.Contains(err.Error(), "unknown tool") {
				t.Errorf("%s called %s: %v", c.scopes, name, err)
			}
		}
	}
}

// An agent finds its account, looks, previews, orders, cancels and closes, and each answer
// says on which account and what is left.
func TestAnAgentTradesByTools(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	s.stream()
	ada.do("PUT", "/api/guards", `{"max_order_notional":"500","orders_per_minute":10}`, "X-Account-ID", one).want(t, 200, "")
	session := ada.agent("agent", `"limits":{"orders_per_day":5}`, one).mcp()

	accounts := use(t, session, "list_accounts", nil).want("done", "")
	if !strings.Contains(accounts.text, one) || !strings.Contains(accounts.text, `"environment":"paper"`) {
		t.Errorf("list_accounts: %s", accounts.text)
	}
	for tool, arguments := range map[string]map[string]any{
		"get_account": nil, "list_positions": nil, "list_orders": {"status": "open", "limit": 5}, "list_fills": nil, "list_round_trips": nil, "list_sleeves": nil, "list_logs": nil,
		"get_quotes": {"symbols": []string{"AAPL", "MSFT"}}, "get_bars": {"symbols": []string{"BTC/USD"}, "timeframe": "1Hour", "start": "2026-05-01T00:00:00Z", "limit": 5},
		"get_news": {"symbols": []string{"AAPL"}, "limit": 2}, "get_asset": {"symbol": "AAPL"}, "get_clock": nil,
		"write_log": {"level": "info", "message": "I look around.", "idempotency_key": "l1", "data": map[string]any{"n": 1}},
		"heartbeat": nil, "cancel_all_orders": nil,
	} {
		res := use(t, session, tool, arguments).want("done", "")
		if res.Account == nil || res.Account.ID != one || res.Account.Environment != "paper" || res.Account.Name.Text != "one" {
			t.Errorf("%s does not say its account: %s", tool, res.text)
		}
		if res.Budget.Limits["max_order_notional"] != "500" || res.Budget.Left["orders_today"] != 5.0 || res.Rates.Trading.PerMinute == 0 {
			t.Errorf("%s does not say what is left: %s", tool, res.text)
		}
	}
	buy := map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "2", "client_order_id": "first"}
	if p := use(t, session, "preview_order", buy).want("done", ""); p.Data["allowed"] != true {
		t.Errorf("the preview: %s", p.text)
	}
	order := use(t, session, "place_order", buy).want("done", "")
	if order.Budget.Left["orders_today"] != 4.0 || order.Budget.Left["orders_this_minute"] != 9.0 || order.Rates.Trading.AtAlpaca == nil {
		t.Errorf("what is left after an order: %s", order.text)
	}
	if again := use(t, session, "place_order", buy).want("done", ""); again.field("id") != order.field("id") || again.Budget.Left["orders_today"] != 4.0 {
		t.Errorf("the same call again made another order: %s", again.text)
	}
	s.sim.Step()
	if got := use(t, session, "get_order", map[string]any{"client_order_id": "first"}).want("done", ""); got.field("id") != order.field("id") {
		t.Errorf("by client_order_id: %s", got.text)
	}
	use(t, session, "get_order", map[string]any{"order_id": order.field("id")}).want("done", "")
	use(t, session, "get_order", nil).want("error", "bad_request")

	buy["qty"], buy["client_order_id"] = "3", "second"
	no := use(t, session, "place_order", buy).want("refused", "")
	if len(no.Refused) != 1 || no.Refused[0].Guard != "max_order_notional" || no.Refused[0].Limit != "500" || no.Refused[0].Value == nil || no.Refused[0].To == "" {
		t.Errorf("the refusal: %s", no.text)
	}

	resting := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "1", "time_in_force": "gtc", "qty": "1", "client_order_id": "resting"}
	id := use(t, session, "place_order", resting).want("done", "").field("id")
	change := map[string]any{"order_id": id, "limit_price": "2", "idempotency_key": "r1"}
	replaced := use(t, session, "replace_order", change).want("done", "").field("id")
	if again := use(t, session, "replace_order", change).want("done", "").field("id"); again != replaced || again == id {
		t.Errorf("replaced twice: %s and %s", replaced, again)
	}
	use(t, session, "cancel_order", map[string]any{"order_id": replaced}).want("pending", "")
	closing := map[string]any{"symbol": "AAPL", "idempotency_key": "c1"}
	closed := use(t, session, "close_position", closing)
	if again := use(t, session, "close_position", closing); closed.Outcome == "error" || again.field("id") != closed.field("id") {
		t.Errorf("closed twice: %s and %s", closed.text, again.text)
	}
}

// An order that a person must approve waits, says so, and is not sent; the agent looks, and
// withdraws it, and has no tool that approves.
func TestToolsWaitForAPersonsWord(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	session := ada.agent("agent", `"limits":{"approval_above":"100"}`, one).mcp()
	buy := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "100", "time_in_force": "day", "qty": "2", "client_order_id": "x", "reason": "it is cheap"}
	order := use(t, session, "place_order", buy).want("waiting", "")
	if again := use(t, session, "place_order", buy).want("waiting", ""); again.field("id") != order.field("id") || again.Budget.Limits["approval_above"] != "100" {
		t.Errorf("the same call again: %s", again.text)
	}
	if n := len(s.sim.Orders(s.seeds[0].KeyID)); n != 0 {
		t.Errorf("Alpaca has %d orders", n)
	}
	id := map[string]any{"approval_id": order.field("id")}
	if got := use(t, session, "get_approval", id).want("done", ""); got.field("state") != "pending" {
		t.Errorf("the approval: %s", got.text)
	}
	if list := use(t, session, "list_approvals", map[string]any{"state": "pending"}).want("done", ""); !strings.Contains(list.text, order.field("id")) {
		t.Errorf("those that wait: %s", list.text)
	}
	use(t, session, "withdraw_order", map[string]any{"job_id": order.field("id")}).want("done", "")
	if got := use(t, session, "get_approval", id).want("done", ""); got.field("state") != "withdrawn" {
		t.Errorf("the approval: %s", got.text)
	}
	use(t, session, "place_order", buy)
	if n := len(s.sim.Orders(s.seeds[0].KeyID)); n != 0 {
		t.Errorf("Alpaca has %d orders", n)
	}
}

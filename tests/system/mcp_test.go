package system

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/shopspring/decimal"

	"paddock/tests/program"
)

// newAgent starts a server with an account, and makes an API token for it.
func newAgent(t *testing.T) (w *world, a *account, token, id string) {
	t.Helper()
	w = newWorld(t)
	w.start()
	ada := w.signUp("ada")
	a = ada.connect("one", w.seeds[0])
	a.awaitMirror()
	if r := ada.call("PUT", "/api/guards", a.id, map[string]any{"max_order_notional": "500"}); r.StatusCode != 200 {
		t.Fatalf("guards: %d", r.StatusCode)
	}
	made := ada.call("POST", "/api/tokens", "", map[string]any{"name": "agent", "accounts": []string{a.id}, "scopes": []string{"trade", "log"}})
	var body struct{ Token, ID string }
	if err := json.NewDecoder(made.Body).Decode(&body); err != nil || made.StatusCode != 201 {
		t.Fatalf("make a token: %d, %v", made.StatusCode, err)
	}
	return w, a, body.Token, body.ID
}

// The npm client of the protocol trades by the tools, over HTTP and by paddock mcp.
func TestToolsWithTheClientOfNPM(t *testing.T) {
	js := program.NodeModules(t)
	w, a, token, _ := newAgent(t)
	cmd := exec.Command("node", "--test", "--test-reporter=spec", filepath.Join(js, "mcp", "client.test.mjs"))
	cmd.Env = append(os.Environ(), "BASE_URL=http://"+w.addr, "TOKEN="+token, "PADDOCK="+w.binary, "ACCOUNT="+a.id)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if n := len(w.sim.Orders(a.seed.KeyID)); n != 2 {
		t.Errorf("Alpaca has %d orders, want 2", n)
	}
}

// A client of the protocol places an order in its sleeve, hits a guard, and waits for a
// person, who approves. All of it is in the audit, in the sleeve's book, and was told on
// the owner's socket as it happened.
func tellsTheStory(t *testing.T, w *world, a *account) {
	t.Helper()
	ask := func(method, path string, body any, into any) {
		t.Helper()
		r := a.user.call(method, path, a.id, body)
		text, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode/100 != 2 || into != nil && json.Unmarshal(text, into) != nil {
			t.Fatalf("%s %s: %d %s (%v)", method, path, r.StatusCode, text, err)
		}
	}
	orders, earlier := len(w.sim.Orders(a.seed.KeyID)), w.sim.Orders(a.seed.KeyID)[0].ID
	var sleeve, made struct{ ID, Token string }
	ask("POST", "/api/sleeves", map[string]any{"name": "robot"}, &sleeve)
	ask("POST", "/api/sleeve-transfers", map[string]any{"to_sleeve_id": sleeve.ID, "amount": "2000"}, nil)
	ask("POST", "/api/tokens", map[string]any{"name": "robot", "accounts": []string{a.id}, "scopes": []string{"trade"}, "sleeves": []string{sleeve.ID},
		"limits": map[string]any{"max_order_notional": "450", "approval_above": "250"}}, &made)
	a.user.follow(a)

	client := sdk.NewClient(&sdk.Implementation{Name: "robot", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: "http://" + w.addr + "/mcp", HTTPClient: &http.Client{Transport: withToken(made.Token)}, DisableStandaloneSSE: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	buy := func(name, qty, limit, outcome string) (id string) {
		t.Helper()
		res, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "place_order", Arguments: map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit",
			"limit_price": limit, "time_in_force": "day", "qty": qty, "client_order_id": name, "reason": "the story wants it"}})
		if err != nil {
			t.Fatal(err)
		}
		text := res.Content[0].(*sdk.TextContent).Text
		var said struct {
			Outcome string
			Data    struct{ ID string }
			Refused []struct{ Guard string }
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil || said.Outcome != outcome || outcome == "refused" && said.Refused[0].Guard != "max_order_notional" {
			t.Fatalf("%s: %v %s", name, err, text)
		}
		return said.Data.ID
	}
	buy("story-placed", "1", "200", "done")
	buy("story-refused", "3", "200", "refused")
	second := buy("story-waits", "2", "200", "waiting")
	if n := len(w.sim.Orders(a.seed.KeyID)) - orders; n != 1 {
		t.Errorf("Alpaca has %d of its orders before the word, want 1", n)
	}
	var waits struct{ State, Digest, Reason string }
	ask("GET", "/api/approvals/"+second, nil, &waits)
	if waits.State != "pending" || waits.Reason != "the story wants it" {
		t.Errorf("the approval is %+v", waits)
	}
	ask("POST", "/api/approvals/"+second+"/approve", map[string]any{"digest": waits.Digest}, nil)

	// The sleeve's book has both orders' executions, and what they cost, and nothing else.
	type books struct {
		Sleeves []struct {
			ID, Cash, Reserved string
			Positions          []struct{ Symbol, Qty string }
		}
	}
	var has books
	w.eventually("the sleeve to have what was bought", func() error {
		has = books{}
		ask("GET", "/api/sleeves", nil, &has)
		if s := has.Sleeves[0]; len(s.Positions) != 1 || s.Positions[0].Qty != "3" || s.Reserved != "0" {
			return fmt.Errorf("it has %+v", s)
		}
		return nil
	})
	cash := decimal.NewFromInt(2000)
	for _, x := range w.sim.Executions(a.seed.KeyID) {
		if x.OrderID == earlier { // of no sleeve, and perhaps filled since
			continue
		}
		cash = cash.Sub(x.Qty.Mul(x.Price))
	}
	if s := has.Sleeves[0]; s.ID != sleeve.ID || s.Cash != cash.String() || s.Positions[0].Symbol != "AAPL" {
		t.Errorf("the sleeve has %+v, and by Alpaca's executions %s of cash", s, cash)
	}
	if again := buy("story-waits", "2", "200", "done"); again != second {
		t.Errorf("the agent's retry got %s", again)
	}

	// The audit says who did what, in its order: the agent by its token, the owner in a session.
	var audit struct {
		Audit []struct {
			Action    string
			SessionID *string `json:"session_id"`
			Detail    map[string]any
		}
	}
	ask("GET", "/api/audit?limit=500", nil, &audit)
	var story []string
	for _, row := range slices.Backward(audit.Audit) { // newest first
		about := ""
		request, _ := row.Detail["request"].(map[string]any)
		for _, text := range []any{request["client_order_id"], row.Detail["client_order_id"], row.Detail["approval_id"], row.Detail["name"]} {
			if text, _ := text.(string); text != "" {
				about = " " + strings.ReplaceAll(text, second, "story-waits")
				break
			}
		}
		by := "owner "
		if row.SessionID != nil && *row.SessionID == "token:"+made.ID {
			by = "agent "
		}
		if row.Action != "credentials.decrypt" { // by either, whenever Alpaca is asked for something
			story = append(story, by+row.Action+about)
		}
	}
	if want := []string{"owner sleeve.create robot", "owner sleeve.transfer", "owner token.create robot", "agent order.place story-placed", "agent guards.refuse story-refused",
		"agent approval.propose story-waits", "owner approval.approve story-waits", "agent order.place story-waits"}; len(story) < len(want) || !slices.Equal(story[len(story)-len(want):], want) {
		t.Errorf("the audit tells %q, want %q at its end", story, want)
	}

	// The owner heard it, each order's part in its order.
	want := map[string][]string{"story-placed": {"submitting", "fill"}, "story-refused": {"refused"},
		"story-waits": {"pending", "approved", "used", "submitting", "fill"}, "the job": {"done"}}
	w.eventually("the owner's socket to tell the story", func() error {
		told := map[string][]string{}
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, e := range a.events {
			var said struct {
				Event string
				Order struct {
					ClientOrderID string `json:"client_order_id"`
				}
				Request struct {
					ClientOrderID string `json:"client_order_id"`
				}
				Approval struct{ ID string }
				Job      struct{ ID, State string }
			}
			if err := json.Unmarshal([]byte(e.Text), &said); err != nil {
				return err
			}
			about := said.Order.ClientOrderID
			switch {
			case said.Event == "refused":
				about = said.Request.ClientOrderID
			case said.Approval.ID == second:
				about = "story-waits"
			case said.Job.ID == second:
				about, said.Event = "the job", said.Job.State
			}
			if _, ours := want[about]; ours && said.Event != "accepted" && said.Event != "new" {
				told[about] = append(told[about], said.Event)
			}
		}
		if !maps.EqualFunc(told, want, slices.Equal) {
			return fmt.Errorf("it told %v, want %v", told, want)
		}
		return nil
	})
}

// withToken sends an API token with each request.
type withToken string

func (b withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// paddock mcp serves the tools over stdio, with the token of the environment or of a file,
// and shows it nowhere. A token that is revoked ends with the next call. Over HTTP another
// client has a whole story to tell.
func TestToolsOverStdio(t *testing.T) {
	w, a, token, id := newAgent(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	start := func(environment ...string) *exec.Cmd {
		cmd := exec.Command(w.binary, "mcp")
		cmd.Env = append([]string{"PADDOCK_URL=http://" + w.addr}, environment...)
		cmd.Stderr = &stderr
		return cmd
	}
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.CommandTransport{Command: start("PADDOCK_TOKEN_FILE=" + file)}, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	defer session.Close()
	call := func(tool string, arguments map[string]any) string {
		t.Helper()
		res, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		return res.Content[0].(*sdk.TextContent).Text
	}
	buy := map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1", "client_order_id": "by stdio"}
	for range 2 {
		if got := call("place_order", buy); !strings.HasPrefix(got, `{"outcome":"done","account":{"id":"`+a.id+`"`) {
			t.Errorf("an order: %s", got)
		}
	}
	buy["qty"], buy["client_order_id"] = "100", "too much"
	if got := call("place_order", buy); !strings.HasPrefix(got, `{"outcome":"refused"`) || !strings.Contains(got, `"limit":"500"`) {
		t.Errorf("a refusal: %s", got)
	}
	if n := len(w.sim.Orders(a.seed.KeyID)); n != 1 {
		t.Errorf("Alpaca has %d orders, want 1", n)
	}
	if r := a.user.call("DELETE", "/api/tokens/"+id, "", nil); r.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %d", r.StatusCode)
	}
	if got := call("list_orders", nil); !strings.Contains(got, `"code":"unauthenticated"`) {
		t.Errorf("after the token was revoked: %s", got)
	}

	t.Run("the whole story", func(t *testing.T) { tellsTheStory(t, w, a) })

	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cmd  *exec.Cmd
		want string
	}{
		"a revoked token":          {start("PADDOCK_TOKEN=" + token), "does not know this API token"},
		"no token":                 {start(), "PADDOCK_TOKEN must be an API token"},
		"a file that others read":  {start("PADDOCK_TOKEN_FILE=" + file), "others on this machine can read"},
		"both":                     {start("PADDOCK_TOKEN_FILE="+file, "PADDOCK_TOKEN="+token), "and not both"},
		"plain http on a name":     {start("PADDOCK_TOKEN="+token, "PADDOCK_URL=http://paddock.example.com"), "unencrypted"},
		"a server that is not one": {start("PADDOCK_TOKEN="+token, "PADDOCK_URL="+w.broker.URL), "is it a Paddock"},
	} {
		stderr.Reset()
		c.cmd.Stdin = strings.NewReader("")
		if err := c.cmd.Run(); err == nil || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("with %s: %v, %s", name, err, &stderr)
		}
		if strings.Contains(stderr.String(), token) {
			t.Errorf("with %s: it shows the token", name)
		}
	}
	log, err := os.ReadFile(w.logPath())
	if err != nil || strings.Contains(string(log), token) {
		t.Errorf("the server's log shows the token (%v)", err)
	}
}

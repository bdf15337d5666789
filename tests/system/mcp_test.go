package system

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

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

// paddock mcp serves the tools over stdio, with the token of the environment or of a file,
// and shows it nowhere. A token that is revoked ends with the next call.
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

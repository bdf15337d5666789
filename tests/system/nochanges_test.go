package system

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"paddock/tests/pgtest"
)

// notReady returns nil where /readyz says 503, Retry-After and a sentence with
// these words.
func (w *world) notReady(words string) error {
	response, err := http.Get("http://" + w.addr + "/readyz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || !strings.Contains(string(text), `"not_ready"`) || !strings.Contains(string(text), words) {
		return fmt.Errorf("%d %v %s", response.StatusCode, response.Header, text)
	}
	return nil
}

func (w *world) ready() error { return wantStatus(w.get("/readyz", nil), http.StatusOK) }

// wantUnavailable makes requests that change something, on every road: each is
// answered with 503 and Retry-After, as one that may be made again.
func (a *account) wantUnavailable(state string) {
	t := a.user.w.t
	t.Helper()
	large := strings.Repeat("a line of the agent ", 400) // more than is free on a page
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/agent-logs", map[string]any{"logs": []any{map[string]any{"level": "info", "message": large}}}},
		{"POST", "/api/orders", map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"}},
		{"PUT", "/api/guards", map[string]any{"max_open_orders": 7}},
		{"POST", "/api/guards/switch", map[string]any{"switch": "reduce_only", "reason": "a test"}},
		{"PATCH", "/api/accounts/" + a.id, map[string]any{"name": "another"}},
		{"POST", "/api/accounts", map[string]any{"name": "more", "environment": "paper"}},
		{"POST", "/api/auth/sign-up/email", map[string]any{"name": "new", "email": "new@example.com", "password": "a password of eight"}},
		{"POST", "/api/auth/sign-in/email", map[string]any{"email": a.user.name + "@example.com", "password": a.user.password}},
	} {
		answer := a.user.call(r.method, r.path, a.id, r.body)
		text, _ := io.ReadAll(answer.Body) // it is in memory
		if answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" || !strings.Contains(strings.ToLower(string(text)), `"database_unavailable"`) {
			t.Errorf("%s: %s %s is answered with %d (Retry-After %q) %s", state, r.method, r.path, answer.StatusCode, answer.Header.Get("Retry-After"), text)
		}
	}
}

// While Postgres takes no changes, an instance says that it is not ready and why,
// and what is asked of it may be asked again. Where it comes back, all goes on.
func TestPostgresTakesNoChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	disk := pgtest.StartOnSmallDisk(t)
	w := newWorldOn(t, disk.Own)
	w.start()
	a := w.signUp("ada").connect("one", w.seeds[0])
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})

	t.Log("the disk is full")
	disk.Fill()
	w.eventually("readyz to say so", func() error { return w.notReady("disk is full") })
	if answer := a.user.call("POST", "/api/agent-logs", a.id, map[string]any{"logs": []any{map[string]any{"level": "info", "message": strings.Repeat("a line of the agent ", 400)}}}); answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("what needs room is answered with %d", answer.StatusCode)
	}
	disk.Empty()
	w.eventually("the server to be ready again", w.ready)
	a.mustBuy("AAPL", 1)

	t.Log("the server takes no changes")
	admin := w.postgres.Conn(t, "admin")
	alter := func(statement string) {
		t.Helper()
		for _, s := range []string{statement, "select pg_reload_conf()"} {
			if _, err := admin.Exec(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	alter("alter system set default_transaction_read_only = on")
	w.eventually("readyz to say so", func() error { return w.notReady("takes no changes") })
	a.wantUnavailable("read-only")
	if err := wantStatus(w.get("/api/accounts", a.user), 200); err != nil {
		t.Errorf("what changes nothing: %v", err)
	}
	alter("alter system reset default_transaction_read_only")
	w.eventually("the server to be ready again", w.ready)
	a.mustBuy("AAPL", 1)

	t.Log("the schema is older than the server")
	if _, err := admin.Exec(t.Context(), "update public.paddock_version set version = version - 1"); err != nil {
		t.Fatal(err)
	}
	w.eventually("readyz to say so", func() error { return w.notReady("run paddock migrate") })
	if _, err := admin.Exec(t.Context(), "update public.paddock_version set version = version + 1"); err != nil {
		t.Fatal(err)
	}
	w.eventually("the server to be ready again", w.ready)
	w.settle([]*account{a})
}

// Where a standby takes over that had not received the last events, nothing is
// served from what is gone: changes are refused until it is promoted, and
// everyone who has one of the lost events is told to begin again.
func TestAStandbyThatLagsTakesOver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	w := newWorld(t)
	w.start()
	ada := w.signUp("ada")
	a := ada.connect("one", w.seeds[0])
	say := func(text string, n int) {
		t.Helper()
		for i := range n {
			body := map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint(text, " ", i)}}}
			if r := ada.call("POST", "/api/agent-logs", a.id, body); r.StatusCode != 201 {
				t.Fatalf("an agent's log: %d", r.StatusCode)
			}
		}
	}
	resume := func() string {
		t.Helper()
		var page struct{ Resume string }
		if err := json.NewDecoder(ada.call("GET", "/api/events?limit=1000&since=0", a.id, nil).Body).Decode(&page); err != nil || page.Resume == "" {
			t.Fatalf("a page of events: %+v (%v)", page, err)
		}
		return page.Resume
	}
	say("before", 2)
	common := resume()
	standby := w.postgres.Standby(t)
	say("lost", 10)
	a.mustBuy("MSFT", 1) // comes back from the broker
	w.settle([]*account{a})
	lost := resume()

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.addr+"/api/events?account_id="+a.id+"&since="+lost, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", ada.cookieHeader())
	request.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(request)
	if err != nil || stream.StatusCode != 200 {
		t.Fatalf("the stream of events: %v, %v", stream, err)
	}
	defer stream.Body.Close()
	told := make(chan string, 1)
	go func() {
		defer close(told)
		for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
			if strings.Contains(lines.Text(), `"unsubscribed"`) {
				told <- lines.Text()
				return
			}
		}
	}()

	standby.TakeOver(t)
	w.eventually("readyz to say that it is a standby", func() error { return w.notReady("a standby") })
	a.wantUnavailable("standby")
	if says := <-told; !strings.Contains(says, `"cursor_ahead"`) {
		t.Errorf("who is connected is told %q", says)
	}
	standby.Promote(t)
	w.eventually("the server to be ready again", w.ready)
	for n := range 2 { // the log is shorter than it was, and then longer
		answer := ada.call("GET", "/api/events?since="+lost, a.id, nil)
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode != 410 || !strings.Contains(string(text), `"cursor_ahead"`) {
			t.Errorf("who comes back is answered with %d %s", answer.StatusCode, text)
		}
		answer = ada.call("GET", "/api/events?since="+common, a.id, nil)
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || strings.Contains(string(text), "lost") || strings.Count(string(text), "other") != 20*n {
			t.Errorf("who has none of the lost events is answered with %d %s", answer.StatusCode, text)
		}
		if n == 0 {
			say("other", 20)
		}
	}
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})
}

package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// eventPage is the response of GET /api/events.
type eventPage struct {
	Events []struct {
		Cursor int64           `json:"cursor"`
		Resume string          `json:"resume"`
		Kind   string          `json:"kind"`
		Data   json.RawMessage `json:"data"`
	} `json:"events"`
	Cursor, Head int64
	Resume       string
}

func (a answer) events(t *testing.T) (p eventPage) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), &p); err != nil {
		t.Fatalf("%s: %v", a.text, err)
	}
	return p
}

// Events can be read over plain HTTP, page by page: each event once, in order,
// to the newest. Nobody else can read them.
func TestEventsByPages(t *testing.T) {
	s := newServer(t)
	u, other := s.signUp("ada"), s.signUp("eve")
	id := u.connect("one", s.seeds[0])
	mine := []string{"X-Account-ID", id}
	const written = 25
	for i := range written {
		u.do("POST", "/api/agent-logs", fmt.Sprintf(`{"logs":[{"level":"info","message":"line %d"}]}`, i), mine...).want(t, 201, "")
	}
	var lines []string
	var since int64
	for {
		p := u.do("GET", fmt.Sprintf("/api/events?limit=7&since=%d", since), "", mine...).want(t, 200, "").events(t)
		for _, e := range p.Events {
			if since++; e.Cursor != since {
				t.Fatalf("event %d came after %d", e.Cursor, since-1)
			}
			if e.Kind == "agent_log" {
				lines = append(lines, string(e.Data))
			}
		}
		if p.Cursor != since || p.Head < since {
			t.Errorf("after event %d the page has the cursor %d and the head %d", since, p.Cursor, p.Head)
		}
		if len(p.Events) == 0 {
			if p.Head != since {
				t.Errorf("the events ended at %d, and the head is %d", since, p.Head)
			}
			break
		}
	}
	for i := range written {
		if i >= len(lines) || !strings.Contains(lines[i], fmt.Sprintf(`"line %d"`, i)) {
			t.Fatalf("line %d is missing in %v", i, lines)
		}
	}
	other.do("GET", "/api/events", "", mine...).want(t, 403, "account_forbidden")
	u.do("GET", "/api/events", "").want(t, 400, "account_required")
	for query, code := range map[string]string{"since=-1": "invalid_since", "since=x": "invalid_since", "limit=0": "invalid_limit", "limit=1001": "invalid_limit"} {
		u.do("GET", "/api/events?"+query, "", mine...).want(t, 400, code)
	}
}

// If a client cannot resume at its cursor, the problem in the response has a
// snapshot of the account. The client can resume at the snapshot's cursor.
func TestEventsStartAgain(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	mine := []string{"X-Account-ID", id}
	order := u.do("POST", "/api/orders", strings.Replace(buyOne, `"market"`, `"limit","limit_price":"1.00"`, 1), mine...).want(t, 201, "")
	head := u.do("GET", "/api/events", "", mine...).events(t).Head
	ahead := u.do("GET", fmt.Sprintf("/api/events?since=%d", head+1), "", mine...).want(t, 410, "cursor_ahead")
	if _, err := s.db.Conn(t, "admin").Exec(t.Context(), "update app.event_heads set dropped_seq = 1, dropped_at = now() where account_id = $1", id); err != nil {
		t.Fatal(err)
	}
	expired := u.do("GET", "/api/events?since=0", "", mine...).want(t, 410, "cursor_expired")
	for _, a := range []answer{ahead, expired} {
		var told struct {
			Details struct {
				Snapshot struct {
					Cursor int64
					Data   struct{ Orders []struct{ ID string } }
				}
			}
		}
		if err := json.Unmarshal([]byte(a.text), &told); err != nil {
			t.Fatal(err)
		}
		if got := told.Details.Snapshot; got.Cursor != head || len(got.Data.Orders) != 1 || got.Data.Orders[0].ID != order.field(t, "id") {
			t.Errorf("the snapshot is %+v, want event %d and one order", got, head)
		}
	}
	if p := u.do("GET", fmt.Sprintf("/api/events?since=%d", head), "", mine...).want(t, 200, "").events(t); len(p.Events) != 0 || p.Cursor != head {
		t.Errorf("after the snapshot: %+v", p)
	}
	u.do("GET", "/api/events?since=1", "", mine...).want(t, 200, "")
}

// Each event of a page and the page itself say from where to go on. A cursor whose
// event is another one by now, in a database that came back older than it was, is
// answered with a snapshot, also where the log has passed it.
func TestPagesNoticeAnOlderDatabase(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	mine := []string{"X-Account-ID", id}
	say := func(text string) {
		u.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"`+text+`"}]}`, mine...).want(t, 201, "")
	}
	say("one")
	say("two")
	page := u.do("GET", "/api/events", "", mine...).want(t, 200, "").events(t)
	last, before := page.Events[len(page.Events)-1], page.Events[len(page.Events)-2]
	if page.Resume != last.Resume || !strings.HasPrefix(last.Resume, fmt.Sprint(last.Cursor, "-")) {
		t.Fatalf("the page says %q, and its last event %q", page.Resume, last.Resume)
	}
	if p := u.do("GET", "/api/events?since="+page.Resume, "", mine...).want(t, 200, "").events(t); len(p.Events) != 0 || p.Resume != page.Resume {
		t.Errorf("after it comes %+v", p)
	}
	if p := u.do("GET", fmt.Sprint("/api/events?since=", last.Cursor), "", mine...).want(t, 200, "").events(t); p.Resume != page.Resume {
		t.Errorf("a number alone is answered with %+v", p)
	}
	admin := s.db.Conn(t, "admin")
	for _, statement := range []string{
		"delete from app.account_events where account_id = $1 and seq = (select last_seq from app.event_heads where account_id = $1)",
		"update app.event_heads h set last_seq = e.seq, last_at = e.at from app.account_events e where e.account_id = h.account_id and h.account_id = $1 and e.seq = h.last_seq - 1",
	} {
		if _, err := admin.Exec(t.Context(), statement, id); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 { // the log is behind the cursor, as long, and past it
		u.do("GET", "/api/events?since="+page.Resume, "", mine...).want(t, 410, "cursor_ahead")
		if p := u.do("GET", "/api/events?since="+before.Resume, "", mine...).want(t, 200, "").events(t); len(p.Events) != n {
			t.Errorf("after an event that is still there come %d, want %d", len(p.Events), n)
		}
		say("another")
	}
	u.do("GET", "/api/events?since=1-", "", mine...).want(t, 400, "invalid_since")
}

// Events can be read as Server-Sent Events, for longer than the server allows
// other responses to take.
func TestEventsAsAStream(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.hub.Run(ctx) }) // returns nil when ctx ends
	t.Cleanup(func() { cancel(); running.Wait() })
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.hurry()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/events?since=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Account-Id": {id}, "Accept": {"text/event-stream"}, "Cookie": {u.cookie}}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the response is %d %v", response.StatusCode, response.Header)
	}
	time.Sleep(serverTimeout + 200*time.Millisecond)
	u.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"after a while"}]}`, "X-Account-ID", id).want(t, 201, "")
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "after a while") {
			return
		}
	}
	t.Errorf("the stream ended: %v", lines.Err())
}

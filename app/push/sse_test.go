package push_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"paddock/app/push"
)

// listener is a client of Server-Sent Events.
type listener struct {
	t        *testing.T
	response *http.Response
	lines    *bufio.Scanner
	lastID   string
}

func (f *fixture) listen(user int, query string, header http.Header) *listener {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http"+strings.TrimPrefix(f.url, "ws")+"/api/events"+query, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("X-Test-Token", token(user))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return &listener{t: f.t, response: response, lines: lines}
}

// next reads a message. ok is false at the end of the stream.
func (l *listener) next() (m said, ok bool) {
	l.t.Helper()
	for l.lines.Scan() {
		line := l.lines.Text()
		if id, is := strings.CutPrefix(line, "id: "); is {
			l.lastID = id
		}
		if data, is := strings.CutPrefix(line, "data: "); is {
			m, err := understand([]byte(data))
			if err != nil {
				l.t.Fatalf("%s: %v", data, err)
			}
			return m, true
		}
	}
	return said{}, false
}

func (l *listener) want(kind, code string) said {
	l.t.Helper()
	m, ok := l.next()
	if !ok || m.Type != kind || m.Code != code {
		l.t.Fatalf("got %+v (%v), want %s %s", m, ok, kind, code)
	}
	return m
}

func (l *listener) wantEnd() {
	l.t.Helper()
	if m, ok := l.next(); ok {
		l.t.Errorf("after its end the stream said %+v", m)
	}
}

// A stream resumes after the last id, which EventSource sends by itself.
// Nothing is missed or sent twice.
func TestEventStreamResumes(t *testing.T) {
	f := newFixture(t, nil)
	l := f.listen(1, "?account_id="+account(1), nil)
	if kind := l.response.Header.Get("Content-Type"); kind != "text/event-stream" || l.response.StatusCode != 200 {
		t.Fatalf("the response is %d %s", l.response.StatusCode, kind)
	}
	l.want("subscribed", "")
	f.say(1, "one")
	f.say(1, "two")
	if m := l.want("event", ""); l.lastID != m.Resume || !strings.HasPrefix(l.lastID, "1-") {
		t.Errorf("the first event has the id %q", l.lastID)
	}
	l.response.Body.Close()
	// The URL still says since=0, but the header counts because it is newer.
	l = f.listen(1, "?since=0", http.Header{"X-Account-Id": {account(1)}, "Last-Event-Id": {l.lastID}})
	l.want("subscribed", "")
	f.say(1, "three")
	for want := int64(2); want <= 3; want++ {
		if m := l.want("event", ""); m.Cursor != want {
			t.Errorf("event %d, want %d", m.Cursor, want)
		}
	}
	l = f.listen(1, "?snapshot=true&account_id="+account(1), nil)
	l.want("subscribed", "")
	if m := l.want("snapshot", ""); m.Cursor != 3 || l.lastID != m.Resume || !strings.HasPrefix(l.lastID, "3-") {
		t.Errorf("the snapshot has the cursor %d and the id %q", m.Cursor, l.lastID)
	}
	l = f.listen(1, "?since=99&account_id="+account(1), nil)
	l.want("subscribed", "cursor_ahead")
	l.want("snapshot", "")
}

// When access ends, the stream ends with a message that says why.
func TestEventStreamEnds(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	l := f.listen(1, "?account_id="+account(1), nil)
	l.want("subscribed", "")
	f.exec(`delete from auth.session where id = 's1'`)
	l.want("error", "session_ended")
	l.wantEnd()
	l = f.listen(2, "?account_id="+account(2), nil)
	l.want("subscribed", "")
	f.exec(`delete from app.account_grants where user_id = 'u2'`)
	l.want("unsubscribed", "account_forbidden")
	l.wantEnd()
}

// A request that cannot be streamed is refused with an HTTP status.
func TestEventStreamRefusals(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.MaxSockets = 1 })
	for query, status := range map[string]int{"": 400, "?account_id=x": 400, "?account_id=" + account(1) + "&since=-1": 400, "?account_id=" + account(1) + "&snapshot=maybe": 400} {
		if l := f.listen(1, query, nil); l.response.StatusCode != status {
			t.Errorf("%q: %d, want %d", query, l.response.StatusCode, status)
		}
	}
	if l := f.listen(1, "?account_id="+account(2), nil); l.response.StatusCode != 403 { // with this status an EventSource does not reconnect
		t.Errorf("another's account: %d", l.response.StatusCode)
	}
	f.listen(1, "?account_id="+account(1), nil).want("subscribed", "")
	if l := f.listen(1, "?account_id="+account(1), nil); l.response.StatusCode != 429 || l.response.Header.Get("Retry-After") == "" {
		t.Errorf("a connection too many: %d", l.response.StatusCode)
	}
}

// When its client leaves, a stream ends.
func TestEventStreamGoesWithItsClient(t *testing.T) {
	f := newFixture(t, nil)
	l := f.listen(1, "?account_id="+account(1), nil)
	l.want("subscribed", "")
	l.response.Body.Close()
	f.wantHeld(0)
}

// wantHeld waits until the hub holds this many connections, and no entries of
// other users or accounts.
func (f *fixture) wantHeld(want int) {
	f.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connections, users, accounts := f.hub.Held()
		if connections == want && users <= want && accounts <= want {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("the hub keeps %d connections of %d users to %d accounts, want %d", connections, users, accounts, want)
		}
	}
}

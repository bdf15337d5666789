package push_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/eventlog"
	"paddock/app/push"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/protocol"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is a hub with a database, in which users 1 to 3 have an account each.
type fixture struct {
	t      *testing.T
	db     *pgtest.DB
	url    string
	bell   *tenant.Doorbell
	tenant *tenant.DB
	hub    *push.Hub
}

func token(user int) string   { return fmt.Sprintf("token-of-user-%d", user) }
func account(user int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", user) }

func newFixture(t *testing.T, change func(*push.Config)) *fixture {
	t.Helper()
	return newFixtureOf(t, false, nil, change)
}

// newFixtureOf is newFixture where the doorbell may ring its hub in the process too,
// as the server's does, and where a tracer may be told of what the hub asks.
func newFixtureOf(t *testing.T, near bool, tracer pgx.QueryTracer, change func(*push.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, db: pgtest.New(t)}
	f.exec(`insert into auth."user" (id, name, email, "emailVerified") select 'u' || n, 'U', 'u' || n || '@example.com', false from generate_series(1, 3) n;
		insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") select 's' || n, now() + interval '1 day', 'token-of-user-' || n, now(), 'u' || n from generate_series(1, 3) n;
		insert into app.user_accounts (id, user_id, name, environment) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'u' || n, 'one', 'paper' from generate_series(1, 3) n;
		insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts;
		insert into app.event_heads (account_id) select id from app.user_accounts`)
	log := slog.New(slog.DiscardHandler)
	bellPool, err := tenant.OpenPool(t.Context(), tenant.PoolConfig{URL: f.db.URL("paddock_worker"), MaxConns: 1, Name: "bell", AsyncCommit: true})
	if err != nil {
		t.Fatal(err)
	}
	f.bell = tenant.NewDoorbell(bellPool, log)
	f.tenant = tenant.NewDB(f.db.Pool(t, "paddock_app"), f.bell)
	workerPool, err := tenant.OpenPool(t.Context(), tenant.PoolConfig{URL: f.db.URL("paddock_worker"), MaxConns: 4, Name: "hub", Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	c := push.Config{
		Worker:  tenant.NewWorker(workerPool, nil),
		Log:     eventlog.New(f.tenant),
		Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, f.db.URL("paddock_worker")) },
		Session: func(r *http.Request) (string, bool) {
			token := r.Header.Get("X-Test-Token")
			return token, token != ""
		},
		OriginAllowed: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" },
		Logger:        log,
		Poll:          time.Hour, // so that a test fails if the doorbell does not ring
	}
	if change != nil {
		change(&c) // change may set Poll to 0, which means the default
	}
	if near {
		c.HasRung = f.bell.HasRungNear
	}
	hub := push.New(c)
	f.hub = hub
	if near {
		f.bell.Near = hub
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })    // both return nil,
	running.Go(func() { _ = f.bell.Run(ctx) }) // when ctx ends
	mux := http.NewServeMux()
	mux.Handle("/", hub)
	mux.HandleFunc("/api/events", hub.ServeEvents)
	server := httptest.NewServer(mux)
	f.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		cancel()
		running.Wait()
		server.Close()
		bellPool.Close()
		workerPool.Close()
	})
	return f
}

func (f *fixture) exec(sql string) {
	f.t.Helper()
	if _, err := f.db.Conn(f.t, "admin").Exec(context.Background(), sql); err != nil {
		f.t.Fatal(err)
	}
}

// lineOf is the data of an event of one line of an agent's log.
func lineOf(text string) map[string]any {
	at := time.Now().UTC().Format(time.RFC3339Nano)
	return map[string]any{"count": 1, "first_at": at, "last_at": at, "levels": map[string]int{"info": 1}, "logs": []any{
		map[string]any{"id": uuid.NewString(), "at": at, "orchestrator_agent_id": nil, "order_id": nil, "level": "info", "message": text}}}
}

// say appends an event to a user's account.
func (f *fixture) say(user int, text string) {
	err := f.tenant.TxNotify(context.Background(), tenant.Admission{Token: token(user), Account: uuid.MustParse(account(user))}, func(b *tenant.Batch) {
		if err := b.AppendEvent("agent_log", lineOf(text)); err != nil {
			f.t.Error(err)
		}
	})
	if err != nil {
		f.t.Error(err)
	}
}

// client is a user's WebSocket.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

type said struct {
	Type    string          `json:"type"`
	Account string          `json:"account_id"`
	Cursor  int64           `json:"cursor"`
	Resume  string          `json:"resume"`
	Reset   bool            `json:"reset"`
	Code    string          `json:"code"`
	Data    json.RawMessage `json:"data"`
}

func (f *fixture) dial(user int) *client { f.t.Helper(); return f.dialAt(user, "") }

func (f *fixture) dialAt(user int, query string) *client {
	f.t.Helper()
	return f.dialWith(token(user), query)
}

func (f *fixture) dialWith(token, query string) *client {
	f.t.Helper()
	conn, _, err := websocket.Dial(f.t.Context(), f.url+query, &websocket.DialOptions{HTTPHeader: http.Header{"X-Test-Token": {token}}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.CloseNow() })
	return &client{f.t, conn}
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) subscribe(user int, cursor string) {
	c.t.Helper()
	c.send(`{"type":"subscribe","account_id":"` + account(user) + `"` + cursor + `}`)
}

// next reads a message, within ten seconds.
func (c *client) next() (said, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	if err != nil {
		return said{}, err
	}
	return understand(text)
}

// understand parses a message and validates it against its schema.
func understand(text []byte) (m said, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, err
	}
	return m, protocol.Check(text)
}

func (c *client) want(kind, code string) said {
	c.t.Helper()
	m, err := c.next()
	if err != nil || m.Type != kind || m.Code != code {
		c.t.Fatalf("got %+v (%v), want %s %s", m, err, kind, code)
	}
	return m
}

// wantClosed fails unless the server closes the socket with this code.
func (c *client) wantClosed(code int) {
	c.t.Helper()
	for {
		if _, err := c.next(); err != nil {
			if got := websocket.CloseStatus(err); int(got) != code {
				c.t.Errorf("closed with %d (%v), want %d", got, err, code)
			}
			return
		}
	}
}

// With many writers at once, every event arrives exactly once and in order, and
// a client that connects again with its cursor misses nothing.
func TestEveryEventOnceByCursor(t *testing.T) {
	f := newFixture(t, nil)
	const writers, each = 8, 40
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				f.say(1, fmt.Sprintf("%d/%d", w, i))
			}
		})
	}
	var cursor int64
	seen := map[string]bool{}
	for cursor < writers*each {
		c := f.dial(1) // a new connection every few events
		c.subscribe(1, fmt.Sprintf(`,"cursor":%d`, cursor))
		if m := c.want("subscribed", ""); m.Cursor != cursor {
			t.Fatalf("resumed at %d, want %d", m.Cursor, cursor)
		}
		for range 37 {
			m, err := c.next()
			if err != nil || m.Type != "event" || m.Cursor != cursor+1 {
				t.Fatalf("after %d came %+v (%v)", cursor, m, err)
			}
			if seen[string(m.Data)] {
				t.Fatalf("%s arrived twice", m.Data)
			}
			seen[string(m.Data)] = true
			if cursor = m.Cursor; cursor == writers*each {
				break
			}
		}
		c.conn.CloseNow()
	}
	writing.Wait()
}

// A socket receives events of its own user's accounts only, whatever it
// subscribes to.
func TestSocketsAreApart(t *testing.T) {
	f := newFixture(t, nil)
	a, b := f.dial(1), f.dial(2)
	a.subscribe(1, "")
	a.want("subscribed", "")
	b.subscribe(1, `,"cursor":0`)
	b.want("unsubscribed", "account_forbidden")
	b.send(`{"type":"subscribe","account_id":"` + account(9) + `"}`)
	b.want("unsubscribed", "account_forbidden")
	b.subscribe(2, "")
	b.want("subscribed", "")
	f.say(1, "for one")
	f.say(2, "for two")
	if m := a.want("event", ""); !strings.Contains(string(m.Data), "for one") || m.Account != account(1) {
		t.Errorf("the first user received %s", m.Data)
	}
	if m := b.want("event", ""); !strings.Contains(string(m.Data), "for two") || m.Account != account(2) {
		t.Errorf("the second user received %s", m.Data)
	}
}

// Signing out ends the socket, and losing a grant or the account ends the
// subscription, within a second and without any event. The doorbell causes
// this, or polling if its ring is lost.
func TestAccessEnds(t *testing.T) {
	for name, poll := range map[string]time.Duration{"by ring": time.Hour, "the ring is lost": 0} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *push.Config) { c.Poll = poll })
			f.exec(`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") select 't' || n, now() + interval '1 day', 'second-token-of-' || n, now(), 'u' || n from generate_series(1, 3) n`)
			for what, end := range map[string]struct {
				user  int
				token string
				sql   string
				check func(*client)
			}{
				"signed out":    {1, token(1), `delete from auth.session where id = 's1'`, func(c *client) { c.wantClosed(4401) }},
				"a grant taken": {2, token(2), `delete from app.account_grants where user_id = 'u2'`, func(c *client) { c.want("unsubscribed", "account_forbidden") }},
				"deleted":       {3, token(3), `delete from app.user_accounts where user_id = 'u3'`, func(c *client) { c.want("unsubscribed", "account_forbidden") }},
				"cut short":     {1, "second-token-of-1", `update auth.session set "expiresAt" = now() where id = 't1'`, func(c *client) { c.wantClosed(4401) }},
			} {
				c := f.dialWith(end.token, "")
				c.subscribe(end.user, "")
				c.want("subscribed", "")
				f.exec(end.sql)
				if poll > 0 {
					f.bell.RingAll() // as the code that ends a session does it
				}
				began := time.Now()
				end.check(c)
				if took := time.Since(began); took > 2*time.Second { // one second, and one more because the machine may be busy
					t.Errorf("%s was noticed after %v", what, took)
				}
			}
		})
	}
}

// A session that expires ends its socket, and a grant that expires ends its
// subscription.
func TestAccessRunsOut(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	f.exec(`update auth.session set "expiresAt" = now() + interval '1500 ms' where id = 's1';
		update app.account_grants set expires_at = now() + interval '1500 ms' where user_id = 'u2'`)
	one, two := f.dial(1), f.dial(2)
	one.subscribe(1, "")
	one.want("subscribed", "")
	two.subscribe(2, "")
	two.want("subscribed", "")
	one.wantClosed(4401)
	two.want("unsubscribed", "account_forbidden")
}

// A socket without a subscription also ends when its session ends.
func TestIdleSocketEndsWithItsSession(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	c := f.dial(1)
	f.exec(`delete from auth.session where id = 's1'`)
	c.wantClosed(4401)
}

// The URL can contain a first subscription, for clients that only listen. It is
// checked like any other.
func TestSubscribedByAddress(t *testing.T) {
	f := newFixture(t, nil)
	f.say(1, "before")
	for query, check := range map[string]func(*client){
		"?account_id=" + account(1) + "&cursor=0": func(c *client) { c.want("subscribed", ""); c.want("event", "") },
		"?account_id=" + account(1):               func(c *client) { c.want("subscribed", "") },
		"?account_id=" + account(2):               func(c *client) { c.want("unsubscribed", "account_forbidden") },
	} {
		check(f.dialAt(1, query))
	}
	for _, query := range []string{"?account_id=nonsense", "?account_id=", "?account_id=" + account(1) + "&cursor=-1", "?account_id=" + account(1) + "&cursor=x"} {
		_, response, err := websocket.Dial(t.Context(), f.url+query, &websocket.DialOptions{HTTPHeader: http.Header{"X-Test-Token": {token(1)}}})
		if err == nil || response.StatusCode != 400 {
			t.Errorf("%s: %v", query, response)
		}
	}
}

// Many sockets of one tenant that have megabytes to read, and do not read, do
// not delay another tenant's events and do not fill the memory.
func TestAnothersBacklogIsNotMine(t *testing.T) {
	f := newFixture(t, nil)
	text := strings.Repeat("x", 40_000)
	for range 200 {
		f.say(1, text)
	}
	mine := f.dial(2)
	mine.subscribe(2, "")
	mine.want("subscribed", "")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const sockets = 20
	for range sockets {
		f.dial(1).subscribe(1, `,"cursor":0`)
	}
	for i := range 20 {
		f.say(2, "hello")
		if m, err := mine.next(); err != nil || m.Cursor != int64(i+1) {
			t.Fatalf("after %d of my events: %+v (%v)", i, m, err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	// Each of the 20 sockets may hold half a megabyte in its queue and the page
	// of events after it. In the log 160 MB wait for all of them.
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > sockets*2<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// When the connection that listens for the doorbell is lost, it is opened
// again, and events from the meantime arrive.
func TestListenerComesBack(t *testing.T) {
	f := newFixture(t, nil)
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	f.say(1, "before")
	c.want("event", "")
	f.exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'`)
	f.say(1, "meanwhile")
	if m := c.want("event", ""); !strings.Contains(string(m.Data), "meanwhile") {
		t.Errorf("received %s", m.Data)
	}
}

// A database that was restored has another channel, on which the listener listens
// once its connection has ended, as it has by a restore.
func TestListenerFollowsTheChannel(t *testing.T) {
	f := newFixture(t, nil)
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	f.say(1, "before")
	c.want("event", "")
	f.exec(`update private.doorbell set channel = 'paddock_' || md5('another');
		select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()`)
	admin := f.db.Conn(t, "admin")
	kit.Eventually(t, "the listener to listen again", func() bool {
		var n int
		err := admin.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where query like '%' || (select channel from private.doorbell) || '%' and query like 'listen %' and datname = current_database()`).Scan(&n)
		return err == nil && n == 1
	})
	f.say(1, "after")
	c.want("event", "")
}

// Events for which nobody rang are found by the clock.
func TestOthersAreFoundByTheClock(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	f.exec(`with event as (insert into app.account_events (account_id, seq, kind, data) values ('` + account(1) + `', 1, 'credentials', '{"state": "stored"}') returning at)
		update app.event_heads set last_seq = 1, last_at = event.at from event where account_id = '` + account(1) + `'`)
	c.want("event", "")
}

// A malformed message gets an error, which names the account whose subscription
// was not made, and does not affect other clients. A message that is too large
// ends the socket.
func TestBadMessages(t *testing.T) {
	f := newFixture(t, nil)
	c := f.dial(1)
	for _, text := range []string{`{`, `[]`, `{"type":"dance"}`, `{"type":"subscribe"}`, `{"type":"subscribe","account_id":"x"}`, `{"type":"subscribe","account_id":"{` + account(1) + `}"}`, `{"type":"subscribe","account_id":"` + account(1) + `","cursor":"x"}`,
		`{"type":"subscribe","account_id":"` + account(1) + `","cursor":-5}`, `{"type":"subscribe","account_id":"` + account(1) + `","cursor":1e99}`, `{"type":"subscribe","account_id":"` + account(1) + `","cursor":1,"snapshot":true}`} {
		c.send(text)
		var sent struct {
			Account string `json:"account_id"`
		}
		_ = json.Unmarshal([]byte(text), &sent) // it may be none
		if m := c.want("error", "bad_message"); m.Account != sent.Account {
			t.Errorf("%s: the error names the account %q", text, m.Account)
		}
	}
	c.send(`{"type":"ping"}`)
	c.want("pong", "")
	c.subscribe(1, `,"cursor":1000`)
	if m := c.want("subscribed", "cursor_ahead"); !m.Reset || m.Cursor != 0 {
		t.Errorf("a cursor ahead of the log: %+v", m)
	}
	c.want("snapshot", "")
	c.send(strings.Repeat("x", 5000))
	c.wantClosed(int(websocket.StatusMessageTooBig))
}

// A client without a session, from another site's page or with too many sockets
// gets no socket.
func TestRefusals(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.MaxSockets = 2 })
	for _, header := range []http.Header{{"X-Test-Token": {token(1)}}, {}} {
		header.Set("Origin", "https://evil.example")
		_, response, err := websocket.Dial(t.Context(), f.url, &websocket.DialOptions{HTTPHeader: header})
		if err == nil || response.StatusCode != 403 {
			t.Errorf("from another site: %v", response)
		}
	}
	// A page learns of a socket's closing code, and of nothing before it was open.
	f.dialWith("", "").wantClosed(4401)
	f.dialWith("token-of-nobody", "?account_id="+account(1)).wantClosed(4401)
	plain, err := http.Get("http" + strings.TrimPrefix(f.url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Body.Close()
	if plain.StatusCode != http.StatusUpgradeRequired || plain.Header.Get("Content-Type") != "application/json" {
		t.Errorf("a request without an upgrade: %d %s", plain.StatusCode, plain.Header.Get("Content-Type"))
	}
	for range 2 {
		c := f.dial(1)
		c.send(`{"type":"ping"}`)
		c.want("pong", "") // after this the socket is counted
	}
	f.dial(1).wantClosed(4429)
}

// A client that does not read is disconnected, and other clients receive all
// events meanwhile.
func TestSlowReader(t *testing.T) {
	const writeTimeout = 2 * time.Second // the quick one must never take so long, on a busy machine either
	f := newFixture(t, func(c *push.Config) { c.Queue, c.WriteTimeout = 40, writeTimeout })
	slow, quick := f.dial(1), f.dial(1)
	for _, c := range []*client{slow, quick} {
		c.subscribe(1, "")
		c.want("subscribed", "")
	}
	const events = 300
	text := strings.Repeat("x", 60_000) // all events together are more than the sockets' buffers hold
	var writing sync.WaitGroup
	writing.Go(func() {
		for range events {
			f.say(1, text)
		}
	})
	quick.conn.SetReadLimit(1 << 20)
	for i := range events {
		if m, err := quick.next(); err != nil || m.Cursor != int64(i+1) {
			t.Fatalf("the quick reader got %d (%v) after %d", m.Cursor, err, i)
		}
	}
	writing.Wait()
	time.Sleep(2 * writeTimeout) // a client that reads within the timeout would be kept
	slow.conn.SetReadLimit(1 << 20)
	n := 0
	for {
		_, err := slow.next()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("the slow reader is still connected")
		}
		if err != nil {
			break
		}
		n++
	}
	if n >= events {
		t.Errorf("the slow reader got %d events: it was not slow", n)
	}
}

// Sockets that were opened and ended leave nothing behind: no goroutine, no
// file descriptor and no entry in the hub.
func TestNothingLeaks(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.MaxSockets = 1000 })
	f.dial(1).conn.CloseNow()
	f.wantHeld(0)
	goroutines, descriptors := runtime.NumGoroutine(), openFiles(t)
	for range 3 {
		var all []*client
		for range 200 {
			c := f.dial(1)
			c.subscribe(1, "")
			c.want("subscribed", "")
			all = append(all, c)
		}
		f.say(1, "to all")
		for i, c := range all {
			c.want("event", "")
			switch i % 3 { // a third closes, a third drops the connection, and a third is closed by the server
			case 0:
				_ = c.conn.Close(websocket.StatusNormalClosure, "")
			case 1:
				c.conn.CloseNow()
			case 2:
				_ = c.conn.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("x", 5000)))
				c.wantClosed(int(websocket.StatusMessageTooBig))
			}
		}
	}
	f.wantHeld(0)
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines+5 || openFiles(t) > descriptors+5; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after; %d descriptors before, %d after", goroutines, runtime.NumGoroutine(), descriptors, openFiles(t))
		}
	}
}

// openFiles returns how many files and connections this process has open, or 0
// if the system has no /proc.
func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(all)
}

package httpapi_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/app/quota"
	"paddock/tests/kit"
)

const restingBuy = `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`

// signInAgain returns the user with another session.
func (u *user) signInAgain(name string) *user {
	u.s.t.Helper()
	a := (&user{s: u.s}).do("POST", "/api/auth/sign-in/email", `{"email":"`+name+`@example.com","password":"a good password"}`).want(u.s.t, 200, "")
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return &user{s: u.s, cookie: cookie}
}

// A user who floods the server, with however many sessions, is refused beyond a
// rate, and says nothing of that to others: their requests go on. The user still
// cancels, halts and signs out.
func TestAFloodIsRefused(t *testing.T) {
	const perSecond = 20
	s := newBoundedServer(t, quota.Config{PerSecond: perSecond})
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id, theirs := ada.connect("one", s.seeds[0]), bob.connect("one", s.seeds[1])
	order := ada.do("POST", "/api/orders", restingBuy, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	again := ada.signInAgain("ada")
	again.do("GET", "/api/accounts", "").want(t, 200, "") // from here on it is known whose the session is

	began := time.Now()
	var passed, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				a := []*user{ada, again}[i%2].do("GET", "/api/orders", "", "X-Account-ID", id)
				switch {
				case a.status == 200:
					passed.Add(1)
				case a.code() == "too_many_requests" && a.status == 429 && a.header.Get("Retry-After") != "" && strings.Contains(a.text, "20 requests in a second"):
					refused.Add(1)
				default:
					t.Errorf("a request of the flood: %d %s", a.status, a.text)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if most := int64(4*perSecond + took.Seconds()*perSecond + 1); passed.Load() > most || refused.Load() == 0 {
		t.Errorf("%d of a flood passed within %v, and %d were refused; want %d at most", passed.Load(), took, refused.Load(), most)
	}
	for range 20 {
		bob.do("GET", "/api/orders", "", "X-Account-ID", theirs).want(t, 200, "")
	}

	// What stops something goes on, also right after more of the flood.
	flood := func() {
		t.Helper()
		kit.Eventually(t, "the flood to be refused", func() bool {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range perSecond {
						ada.do("GET", "/api/accounts", "")
					}
				})
			}
			all.Wait()
			return ada.do("GET", "/api/accounts", "").code() == "too_many_requests"
		})
	}
	flood()
	ada.do("DELETE", "/api/orders/"+order, "", "X-Account-ID", id).want(t, 202, "")
	flood()
	ada.do("DELETE", "/api/orders", "", "X-Account-ID", id).want(t, 207, "")
	ada.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", id).want(t, 200, "")
	again.do("POST", "/api/auth/sign-out", `{}`, "Origin", "http://paddock.test").want(t, 200, "")
	kit.Eventually(t, "the session to be over, once the user may ask again", func() bool {
		return again.do("GET", "/api/accounts", "").code() == "unauthenticated"
	})
}

// A user has so many requests under way at once, and others have theirs. Streams
// of events are bounded elsewhere and do not count here.
func TestRequestsUnderWayAreBounded(t *testing.T) {
	const atOnce = 3
	waiting, release := make(chan struct{}, 10), make(chan struct{})
	s := newBoundedServer(t, quota.Config{AtOnce: atOnce}, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/assets/SLOW" {
				waiting <- struct{}{}
				<-release
			}
			sim.ServeHTTP(w, r)
		})
	})
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id, theirs := ada.connect("one", s.seeds[0]), bob.connect("one", s.seeds[1])
	order := ada.do("POST", "/api/orders", restingBuy, "X-Account-ID", id).want(t, 201, "").field(t, "id")

	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	running := make(chan struct{})
	go func() {
		defer close(running)
		_ = s.hub.Run(ctx) // returns nil when ctx ends
	}()
	for range 2 * atOnce {
		request, err := http.NewRequestWithContext(ctx, "GET", s.url+"/api/events?account_id="+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", ada.cookie)
		request.Header.Set("Accept", "text/event-stream")
		stream, err := http.DefaultClient.Do(request)
		if err != nil || stream.StatusCode != 200 {
			t.Fatalf("a stream: %v, %v", stream, err)
		}
		defer stream.Body.Close()
		if _, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}

	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() { ada.do("GET", "/api/assets/SLOW", "", "X-Account-ID", id) })
	}
	for range atOnce {
		<-waiting
	}
	full := ada.do("GET", "/api/accounts", "").want(t, 429, "too_many_requests")
	if full.header.Get("Retry-After") == "" || !strings.Contains(full.text, "3 requests under way") {
		t.Errorf("it is refused with %v %s", full.header, full.text)
	}
	bob.do("GET", "/api/orders", "", "X-Account-ID", theirs).want(t, 200, "")
	ada.do("DELETE", "/api/orders/"+order, "", "X-Account-ID", id).want(t, 202, "")
	close(release)
	all.Wait()
	ada.do("GET", "/api/accounts", "").want(t, 200, "")
	hangUp()
	<-running
}

// A user has so much stored in a day, of logs and of orders. Neither stops the
// other, what closes, cancels or halts is never refused, and others are not
// concerned.
func TestStoredBytesAreBounded(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id, theirs := ada.connect("one", s.seeds[0]), bob.connect("one", s.seeds[1])
	exec := func(sql string) {
		t.Helper()
		if _, err := s.db.Conn(t, "admin").Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(table string) (n int) {
		t.Helper()
		if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	refused := func(a answer) {
		t.Helper()
		a.want(t, 429, "too_much_stored")
		if a.header.Get("Retry-After") == "" || !strings.Contains(a.text, "in a day") {
			t.Errorf("it is refused with %v %s", a.header, a.text)
		}
	}
	do := func(method, path, body string, more ...string) answer {
		t.Helper()
		return ada.do(method, path, body, append([]string{"X-Account-ID", id}, more...)...)
	}
	log := `{"logs":[{"level":"info","message":"` + strings.Repeat("x", 5000) + `","data":{"more":"` + strings.Repeat("y", 40_000) + `"}}]}`
	exec("update private.storage_limit set logs_a_day = 200000, orders_a_day = 60000")

	// Logs, on however many accounts.
	second := ada.do("POST", "/api/accounts", `{"name":"two","environment":"paper"}`).field(t, "id")
	for i := range 3 {
		ada.do("POST", "/api/agent-logs", log, "X-Account-ID", []string{id, second}[i%2]).want(t, 201, "")
	}
	refused(do("POST", "/api/agent-logs", log))
	refused(ada.do("POST", "/api/agent-logs", log, "X-Account-ID", second))
	if n := rows("app.agent_logs"); n != 3 {
		t.Errorf("%d entries are stored, want 3", n)
	}
	bob.do("POST", "/api/agent-logs", log, "X-Account-ID", theirs).want(t, 201, "")

	// Orders go on, up to a bound of their own.
	bought := do("POST", "/api/orders", buyOne).want(t, 201, "").field(t, "id")
	s.stream()
	kit.Eventually(t, "the fill", func() bool {
		s.sim.Step()
		return do("GET", "/api/orders/"+bought, "").field(t, "status") == "filled"
	})
	resting := do("POST", "/api/orders", restingBuy).want(t, 201, "").field(t, "id")
	do("PUT", "/api/guards", `{"max_order_notional":"0.5"}`).want(t, 200, "")
	before := rows("app.account_events")
	for range 100 { // each leaves an event, up to the bound
		do("POST", "/api/orders", restingBuy).want(t, 422, "guard_refused")
	}
	if n := rows("app.account_events") - before; n == 0 || n > 80 {
		t.Errorf("100 orders that the guards refuse left %d events", n)
	}
	do("PUT", "/api/guards", `{}`).want(t, 200, "")
	refused(do("POST", "/api/orders", restingBuy))
	bob.do("POST", "/api/orders", restingBuy, "X-Account-ID", theirs).want(t, 201, "")

	// What stops or reduces is stored.
	do("DELETE", "/api/orders/"+resting, "").want(t, 202, "")
	do("DELETE", "/api/positions", "", "Idempotency-Key", "kept").want(t, 207, "")
	kit.Eventually(t, "nothing to be held", func() bool {
		s.sim.Step()
		return rows("app.alpaca_positions where qty <> 0") == 0
	})
	refused(do("DELETE", "/api/positions", "", "Idempotency-Key", "another"))
	do("DELETE", "/api/positions", "").want(t, 207, "")
	do("POST", "/api/guards/switch", `{"switch":"halted"}`, "Idempotency-Key", "halt").want(t, 200, "")

	exec("update private.stored_bytes set since = since - interval '1 day'")
	do("POST", "/api/agent-logs", log).want(t, 201, "")
	do("POST", "/api/guards/switch", `{"switch":"open"}`).want(t, 200, "")
	do("PUT", "/api/guards", `{}`).want(t, 200, "")
	do("POST", "/api/orders", restingBuy).want(t, 201, "")
}

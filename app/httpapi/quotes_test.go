package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/shopspring/decimal"

	"paddock/tests/kit"
	"paddock/tests/protocol"
)

// quoteEvery is the interval of quotes in these tests.
const quoteEvery = 200 * time.Millisecond

// dataHost is a proxy before the simulated broker that counts snapshots by account, and
// answers as it is told.
type dataHost struct {
	mu     sync.Mutex
	calls  map[string]int // by key
	asked  []string       // the symbols of the last call
	says   atomic.Int64   // the status of all of Alpaca; 0 for its own
	refuse string         // a symbol that is none
}

func (d *dataHost) front(sim http.Handler) http.Handler {
	d.calls = map[string]int{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/snapshots") {
			d.mu.Lock()
			d.calls[r.Header.Get("APCA-API-KEY-ID")]++
			d.asked = strings.Split(r.URL.Query().Get("symbols"), ",")
			bad := d.refuse != "" && slices.Contains(d.asked, d.refuse)
			d.mu.Unlock()
			if bad {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"message":"invalid symbol"}`))
				return
			}
		}
		if status := d.says.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		sim.ServeHTTP(w, r)
	})
}

func (d *dataHost) count(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[key]
}

// runHub runs the server's hub until the test ends.
func (s *server) runHub() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.hub.Run(ctx) // returns nil when ctx ends
	}()
	s.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// socket is a user's WebSocket.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

type quotesSaid struct {
	Type    string `json:"type"`
	Account string `json:"account_id"`
	Code    string `json:"code"`
	Data    struct {
		Quotes []struct{ Symbol, Price string }
	} `json:"data"`
}

func (q quotesSaid) price(symbol string) string {
	for _, one := range q.Data.Quotes {
		if one.Symbol == symbol {
			return one.Price
		}
	}
	return ""
}

// look opens a socket that follows an account and looks at it.
func (u *user) look(account string, symbols ...string) *socket {
	u.s.t.Helper()
	conn, _, err := websocket.Dial(u.s.t.Context(), "ws"+strings.TrimPrefix(u.s.url, "http")+"/api/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {u.cookie}}})
	if err != nil {
		u.s.t.Fatal(err)
	}
	u.s.t.Cleanup(func() { conn.CloseNow() })
	c := &socket{u.s.t, conn}
	c.send(`{"type":"subscribe","account_id":"` + account + `"}`)
	c.watch(account, symbols...)
	return c
}

func (c *socket) send(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *socket) watch(account string, symbols ...string) {
	list, err := json.Marshal(slices.Concat([]string{}, symbols))
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(`{"type":"watch","account_id":"` + account + `","symbols":` + string(list) + `}`)
}

func (c *socket) next(within time.Duration) (m quotesSaid, err error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), within)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	if err == nil {
		err = errors.Join(json.Unmarshal(text, &m), protocol.Check(text))
	}
	return m, err
}

// until reads messages until one is as wanted.
func (c *socket) until(what string, is func(quotesSaid) bool) quotesSaid {
	c.t.Helper()
	for {
		m, err := c.next(20 * time.Second)
		if err != nil {
			c.t.Fatalf("waited for %s: %v", what, err)
		}
		if is(m) {
			return m
		}
	}
}

func quoted(m quotesSaid) bool { return m.Type == "quotes" && m.Code == "" }

// What an account holds is quoted to all who look at it by one call an interval and kind
// of symbol, whoever they are, with the account's own keys; another's account by its own.
// A price that moves at Alpaca is told without a fill and without a request.
func TestQuotesOfWhatIsHeld(t *testing.T) {
	d := &dataHost{}
	s := newServer(t, d.front)
	s.runHub()
	ada, bob, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	id, other := ada.connect("one", s.seeds[0]), eve.connect("other", s.seeds[1])
	s.grant(id, "bob", "viewer")
	for symbol, qty := range map[string]string{"AAPL": "3", "BTC/USD": "0.1"} {
		ada.do("POST", "/api/orders", `{"symbol":"`+symbol+`","side":"buy","type":"market","time_in_force":"gtc","qty":"`+qty+`"}`, "X-Account-ID", id).want(t, 201, "")
	}
	kit.Eventually(t, "the positions", func() bool {
		s.sim.Step()
		return len(strings.Split(ada.do("GET", "/api/positions", "", "X-Account-ID", id).text, `"symbol"`)) == 3
	})
	eve.do("GET", "/api/positions", "", "X-Account-ID", other)

	stranger := eve.look(id)
	if m := stranger.until("the refusal", func(m quotesSaid) bool { return m.Type == "unsubscribed" }); m.Code != "account_forbidden" {
		t.Errorf("told %+v", m)
	}
	if m := stranger.until("the refusal", func(m quotesSaid) bool { return m.Type == "error" }); m.Code != "not_subscribed" {
		t.Errorf("told %+v", m)
	}

	var sockets []*socket
	for i := range 6 {
		sockets = append(sockets, []*user{ada, bob}[i%2].look(id))
	}
	theirs := eve.look(other, "TSLA")
	for _, c := range sockets {
		m := c.until("quotes", quoted)
		if m.Account != id || len(m.Data.Quotes) != 2 || m.price("AAPL") == "" || m.price("BTC/USD") == "" {
			t.Fatalf("told %+v", m)
		}
	}
	if m := theirs.until("quotes", quoted); m.Account != other || len(m.Data.Quotes) != 1 || m.price("TSLA") == "" {
		t.Errorf("told %+v", m)
	}

	decryptions := func() (n int) {
		if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from app.audit_log where action = 'credentials.decrypt'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	began, before, opened := time.Now(), d.count(s.seeds[0].KeyID), decryptions()
	for range 5 {
		for _, c := range sockets {
			c.until("quotes", quoted)
		}
	}
	if n, most := d.count(s.seeds[0].KeyID)-before, 2*(int(time.Since(began)/quoteEvery)+1); n > most {
		t.Errorf("six who look cost %d calls, want %d at most: two kinds of symbols", n, most)
	}
	if n := decryptions(); n != opened {
		t.Errorf("the keys were opened %d times more for quotes", n-opened)
	}

	s.sim.SetPrice("AAPL", decimal.RequireFromString("123.45"))
	for _, c := range sockets {
		c.until("the new price", func(m quotesSaid) bool { return m.price("AAPL") == "123.45" })
	}

	for _, c := range sockets {
		c.send(`{"type":"unwatch","account_id":"` + id + `"}`)
	}
	kit.Eventually(t, "calls to end", func() bool {
		before := d.count(s.seeds[0].KeyID)
		time.Sleep(3 * quoteEvery)
		return d.count(s.seeds[0].KeyID) == before
	})
}

// A symbol that is none keeps nobody from the others' quotes, and is found once.
func TestASymbolThatIsNoneSpoilsNoQuotes(t *testing.T) {
	d := &dataHost{refuse: "NOSUCH"}
	s := newServer(t, d.front)
	s.runHub()
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	c := u.look(id, "AAPL", "NOSUCH", "TSLA", "MSFT")
	if m := c.until("quotes", quoted); len(m.Data.Quotes) != 3 {
		t.Errorf("told %+v", m)
	}
	before := d.count(s.seeds[0].KeyID)
	for range 4 {
		c.until("quotes", quoted)
	}
	if n := d.count(s.seeds[0].KeyID) - before; n > 5 {
		t.Errorf("four quotes took %d calls", n)
	}
}

// Keys that Alpaca refuses, and an Alpaca that is away, are told to who looks, and quotes
// come by themselves when there are working keys.
func TestQuotesSayWhatIsWrong(t *testing.T) {
	d := &dataHost{}
	s := newServer(t, d.front)
	s.runHub()
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	c := u.look(id, "AAPL")
	c.until("quotes", quoted)
	failed := func(code string) func(quotesSaid) bool {
		return func(m quotesSaid) bool { return m.Type == "quotes" && m.Code == code }
	}
	d.says.Store(503)
	c.until("that Alpaca is away", failed("broker_unavailable"))
	d.says.Store(0)
	c.until("quotes", quoted)
	d.says.Store(401)
	c.until("that keys are refused", failed("needs_credentials"))
	d.says.Store(0)
	if h := u.do("GET", "/api/accounts/"+id, ""); h.field(t, "status") != "needs_credentials" {
		t.Errorf("the account is %s", h.text)
	}
	before := d.count(s.seeds[0].KeyID)
	c.until("that keys are refused", failed("needs_credentials"))
	if n := d.count(s.seeds[0].KeyID); n != before {
		t.Errorf("refused keys were used %d times", n-before)
	}
	u.do("PUT", "/api/accounts/"+id+"/credentials", fmt.Sprintf(`{"key_id":"%s","secret_key":"%s"}`, s.seeds[0].KeyID, s.seeds[0].SecretKey)).want(t, 200, "")
	c.until("quotes", quoted)
	u.do("DELETE", "/api/accounts/"+id+"/credentials", "").want(t, 204, "")
	c.until("that there are no keys", failed("needs_credentials"))
	none := d.count(s.seeds[0].KeyID)
	c.until("that there are no keys", failed("needs_credentials"))
	if n := d.count(s.seeds[0].KeyID); n != none {
		t.Error("keys that were deleted were used")
	}
}

// An account that holds nothing asks nothing of Alpaca, and is told so.
func TestQuotesOfNothing(t *testing.T) {
	d := &dataHost{}
	s := newServer(t, d.front)
	s.runHub()
	u := s.signUp("ada")
	c := u.look(u.connect("one", s.seeds[0]))
	for range 3 {
		if m := c.until("quotes", quoted); len(m.Data.Quotes) != 0 {
			t.Errorf("told %+v", m)
		}
	}
	if n := d.count(s.seeds[0].KeyID); n != 0 {
		t.Errorf("%d calls for nothing", n)
	}
}

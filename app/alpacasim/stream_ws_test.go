package alpacasim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/alpacasim"
)

// socket is a client of the WebSocket stream.
type socket struct {
	t *testing.T
	c *websocket.Conn
}

func (m *market) dial(header http.Header) (*socket, *http.Response, error) {
	ctx, cancel := context.WithTimeout(m.t.Context(), 10*time.Second)
	defer cancel()
	c, response, err := websocket.Dial(ctx, strings.Replace(m.url, "http", "ws", 1)+"/stream", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, response, err
	}
	m.t.Cleanup(func() { c.CloseNow() })
	return &socket{m.t, c}, response, nil
}

// connect returns an authorized connection that has subscribed to trade
// updates.
func (m *market) connect(account int) *socket {
	m.t.Helper()
	s, _, err := m.dial(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	s.say(`{"action":"auth","key":"` + m.seeds[account].KeyID + `","secret":"` + m.seeds[account].SecretKey + `"}`)
	s.hears(`"status":"authorized"`)
	s.say(`{"action":"listen","data":{"streams":["trade_updates"]}}`)
	s.hears(`{"data":{"streams":["trade_updates"]},"stream":"listening"}`)
	return s
}

func (s *socket) say(text string) {
	s.t.Helper()
	if err := s.c.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// hears fails unless the next message contains words, and returns the message.
func (s *socket) hears(words string) object {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	kind, text, err := s.c.Read(ctx)
	if err != nil || kind != websocket.MessageBinary || !strings.Contains(string(text), words) {
		s.t.Fatalf("received %v %s (%v), want %s", kind, text, err, words)
	}
	var o object
	if err := unmarshal(text, &o); err != nil {
		s.t.Fatal(err)
	}
	return o
}

// ends fails unless the connection is closed without another message.
func (s *socket) ends() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	if _, text, err := s.c.Read(ctx); err == nil || ctx.Err() != nil {
		s.t.Fatalf("received %s (%v)", text, err)
	}
}

// A WebSocket sends updates that happen after the client has subscribed, and no
// earlier ones.
func TestSocketTellsUpdates(t *testing.T) {
	m := open(t)
	m.order("buy 1 AAPL limit day", `"limit_price":"1"`)
	s := m.connect(0)
	m.order("buy 2 AAPL market day")
	u := s.hears(`"trade_updates"`)
	if u.text("data", "event") != "new" || u.text("data", "order", "qty") != "2" {
		t.Errorf("received %v", u)
	}
	m.step()
	if u := s.hears(`"fill"`); u.text("data", "position_qty") != "2" || u.text("data", "execution_id") != m.sim.Executions(m.seeds[0].KeyID)[0].ID {
		t.Errorf("received %v", u)
	}
	s.say(`{"action":"listen","data":{"streams":[]}}`)
	s.hears(`{"data":{"streams":[]},"stream":"listening"}`)
	m.order("buy 3 AAPL market day")
	s.say(`{"action":"listen","data":{"streams":["trade_updates"]}}`)
	s.hears(`listening`)
	m.order("buy 4 AAPL market day")
	s.hears(`"qty":"4"`)
	m.sim.CutStreams()
	s.ends()
}

// The message authenticate works like auth: correct keys are accepted, and
// wrong keys are refused.
func TestSocketAuthorizes(t *testing.T) {
	m := open(t)
	for _, secret := range []string{m.seeds[0].SecretKey, "wrong"} {
		s, _, err := m.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.say(`{"action":"authenticate","data":{"key_id":"` + m.seeds[0].KeyID + `","secret_key":"` + secret + `"}}`)
		if secret == "wrong" {
			s.hears(`{"data":{"action":"authenticate","status":"unauthorized"},"stream":"authorization"}`)
			s.ends()
			continue
		}
		s.hears(`{"data":{"action":"authenticate","status":"authorized"},"stream":"authorization"}`)
		m.sim.CutStreams()
		s.ends()
	}
}

// An account may have one WebSocket. A second is refused while the first is
// open, and until the server has noticed that the first is closed and released
// its place.
func TestOneSocketAnAccount(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Reap = 90 * time.Second })
	keys := http.Header{"Apca-Api-Key-Id": {m.seeds[0].KeyID}, "Apca-Api-Secret-Key": {m.seeds[0].SecretKey}}
	first := m.connect(0)
	refused := func(when string) {
		t.Helper()
		if _, response, err := m.dial(keys); err == nil || response == nil || response.StatusCode != 429 {
			t.Fatalf("%s: %v %v", when, response, err)
		}
	}
	refused("beside the first")
	second, _, err := m.dial(nil) // without keys: the server learns the account only from the message
	if err != nil {
		t.Fatal(err)
	}
	second.say(`{"action":"auth","key":"` + m.seeds[0].KeyID + `","secret":"` + m.seeds[0].SecretKey + `"}`)
	second.hears("connection limit exceeded")
	second.ends()
	m.connect(1) // another account has its own

	first.c.CloseNow()
	m.clock.tick(89 * time.Second)
	refused("before it is reaped")
	m.clock.tick(91 * time.Second) // counted from when the server noticed the close
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, _, err := m.dial(keys)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		m.clock.tick(91 * time.Second)
		time.Sleep(5 * time.Millisecond)
	}
}

// Faults of streams apply to WebSockets too.
func TestFaultsOfSockets(t *testing.T) {
	m := open(t)
	s := m.connect(0)
	m.sim.Inject(alpacasim.Duplicate, 1, 0)
	m.order("buy 1 AAPL market day")
	first, again := s.hears(`"new"`), s.hears(`"new"`)
	if first.text("data", "execution_id") != again.text("data", "execution_id") {
		t.Errorf("received %v and %v", first, again)
	}
	m.sim.Inject(alpacasim.Cut, 1, 0)
	m.order("buy 1 AMD market day")
	s.hears(`"AMD"`)
	s.ends()
	for _, status := range []int{429, 503} {
		m.sim.RefuseStreamsWith(status)
		if _, response, err := m.dial(nil); err == nil || response == nil || response.StatusCode != status {
			t.Errorf("a refused stream: %v %v", response, err)
		}
	}
}

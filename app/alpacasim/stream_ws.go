package alpacasim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"
)

// streamSocket serves trade updates over a WebSocket, of which an account may
// have one. The account is that of the keys in the headers, if there are any,
// or else in the first message.
func (s *Sim) streamSocket(w http.ResponseWriter, r *http.Request) {
	switch s.streamRefusal() {
	case 429:
		answerRefusal(w, refuse(429, 42910000, "connection limit exceeded"))
		return
	case 503:
		answerRefusal(w, refuse(503, 50310000, "the stream is not available"))
		return
	}
	s.mu.Lock()
	cut := s.cut
	s.mu.Unlock()
	a := s.signer(r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY"))
	if a != nil {
		if !s.takeSocket(a) {
			answerRefusal(w, refuse(429, 42910000, "connection limit exceeded"))
			return
		}
		defer s.leaveSocket(a)
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has sent the error
	}
	defer c.CloseNow()
	socket := &socketFeed{c}
	named, ok := socket.authenticate(r.Context(), s)
	if !ok {
		return
	}
	if a == nil {
		if !s.takeSocket(named) {
			_ = socket.write(r.Context(), "authorization", map[string]any{"status": "unauthorized", "action": "authenticate", "message": "connection limit exceeded"})
			_ = c.Close(websocket.StatusPolicyViolation, "connection limit exceeded")
			return
		}
		defer s.leaveSocket(named)
	}
	if socket.write(r.Context(), "authorization", map[string]any{"status": "authorized", "action": "authenticate"}) == nil {
		s.serveSocket(r.Context(), cut, socket, named)
	}
}

// signer returns the account with this key and secret.
func (s *Sim) signer(keyID, secret string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[keyID]; a != nil && a.SecretKey == secret {
		return a
	}
	return nil
}

// takeSocket takes an account's place for a WebSocket, if it is free.
func (s *Sim) takeSocket(a *account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, taken := s.sockets[a]
	if taken && (until.IsZero() || s.now().Before(until)) {
		return false
	}
	s.sockets[a] = time.Time{}
	return true
}

// leaveSocket frees the place after Config.Reap.
func (s *Sim) leaveSocket(a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets[a] = s.now().Add(s.config.Reap)
}

// socketFeed writes Alpaca's messages, in binary frames as the paper hosts do.
type socketFeed struct{ c *websocket.Conn }

func (f *socketFeed) write(ctx context.Context, stream string, data any) error {
	text, err := json.Marshal(map[string]any{"stream": stream, "data": data})
	if err != nil {
		return err
	}
	return f.c.Write(ctx, websocket.MessageBinary, text)
}

func (f *socketFeed) update(text json.RawMessage) error {
	return f.write(context.Background(), "trade_updates", text)
}
func (f *socketFeed) heartbeat(ctx context.Context) error { return f.c.Ping(ctx) }
func (f *socketFeed) tooSlow() error                      { return nil } // only Server-Sent Events can say it

// socketMessage is a client's message.
type socketMessage struct {
	Action string `json:"action"`
	Key    string `json:"key"`
	Secret string `json:"secret"`
	Data   struct {
		KeyID     string   `json:"key_id"`
		SecretKey string   `json:"secret_key"`
		Streams   []string `json:"streams"`
	} `json:"data"`
}

func (f *socketFeed) read(ctx context.Context) (m socketMessage, err error) {
	_, text, err := f.c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// authenticate reads the keys, in either of Alpaca's two ways, and returns
// their account.
func (f *socketFeed) authenticate(ctx context.Context, s *Sim) (*account, bool) {
	hurry, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	m, err := f.read(hurry)
	if err != nil {
		return nil, false
	}
	var a *account
	switch m.Action {
	case "auth":
		a = s.signer(m.Key, m.Secret)
	case "authenticate":
		a = s.signer(m.Data.KeyID, m.Data.SecretKey)
	}
	if a == nil {
		_ = f.write(ctx, "authorization", map[string]any{"status": "unauthorized", "action": "authenticate"})
		_ = f.c.Close(websocket.StatusNormalClosure, "")
		return nil, false
	}
	return a, true
}

// serveSocket sends the account's updates while the client listens to them.
// Updates from other times are not sent later.
func (s *Sim) serveSocket(ctx context.Context, cut <-chan struct{}, socket *socketFeed, a *account) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-cut:
			cancel()
		case <-ctx.Done():
		}
	}()
	stop := func() {}
	defer func() { stop() }()
	for {
		m, err := socket.read(ctx)
		if err != nil {
			return
		}
		if m.Action != "listen" {
			continue
		}
		stop()
		s.mu.Lock()
		f := follower{s: s, a: a, out: socket, next: len(a.Events), ended: func(*event) bool { return false }}
		s.mu.Unlock()
		if m.Data.Streams == nil {
			m.Data.Streams = []string{}
		}
		if socket.write(ctx, "listening", map[string]any{"streams": m.Data.Streams}) != nil {
			return
		}
		if !slices.Contains(m.Data.Streams, "trade_updates") {
			stop = func() {}
			continue
		}
		following, end := context.WithCancel(ctx)
		done := make(chan struct{})
		stop = func() { end(); <-done }
		go func() {
			defer close(done)
			if f.follow(following, cut) != nil && following.Err() == nil {
				cancel() // the streams are cut
			}
		}()
	}
}

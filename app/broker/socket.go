package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// socketHandshakeTimeout bounds each step before the first update.
	socketHandshakeTimeout = 15 * time.Second
	// socketCloseTimeout is how long the other side may take to confirm a
	// close.
	socketCloseTimeout = 300 * time.Millisecond
)

// socketMessage is a message of Alpaca's WebSocket, which come in binary frames
// on the paper host and in text frames on the live host.
type socketMessage struct {
	Stream string          `json:"stream"`
	Data   json.RawMessage `json:"data"`
}

// StreamSocket reads the account's trade updates over Alpaca's WebSocket, from
// now on. It replays nothing, so that its caller reconciles when it is
// Connected. An account may have one such connection; a second is refused
// (RateLimited) until Alpaca has noticed that the first is gone, for up to 90
// seconds.
//
// handle is called for each message in order; its error ends the stream.
// StreamSocket returns when the stream ends, always with an error. An update
// without an event_id gets one (see eventIDOf).
func (b *Broker) StreamSocket(ctx context.Context, env Environment, c Credentials, handle func(Message) error) error {
	base, err := b.streamURL(env)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := b.dialSocket(ctx, base+b.config.SocketPath, c)
	if err != nil {
		return streamEnd(ctx, err)
	}
	defer s.shutDown()
	defer context.AfterFunc(ctx, s.shutDown)()
	if err := s.subscribe(ctx); err != nil {
		return streamEnd(ctx, err)
	}
	if err := handle(Message{Kind: Connected}); err != nil {
		return err
	}
	go s.pingLoop(ctx, b.config.StreamIdle, func() { cancel(ErrIdle) })
	return streamEnd(ctx, s.readAll(context.WithoutCancel(ctx), handle)) // shutDown ends it
}

func (b *Broker) dialSocket(ctx context.Context, target string, c Credentials) (*socket, error) {
	s := &socket{credentials: c}
	hurry, cancel := context.WithTimeout(ctx, socketHandshakeTimeout)
	defer cancel()
	trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { s.wire = got.Conn }}
	conn, response, err := websocket.Dial(httptrace.WithClientTrace(hurry, trace), target, &websocket.DialOptions{HTTPClient: &http.Client{
		Transport: foreign{b.streaming, c},
		// A redirect would send the keys to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	switch {
	case err == nil:
		s.conn = conn
		s.conn.SetReadLimit(maxLine)
		return s, nil
	case response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		return nil, refusedStream(response, http.StatusSwitchingProtocols)
	}
	return nil, &Error{Kind: Unavailable, Cause: withoutBytes(err)}
}

// socket is an open WebSocket.
type socket struct {
	conn        *websocket.Conn
	wire        net.Conn // below it
	credentials Credentials
	steps       atomic.Int64 // odd while a message is handled, when no pong is read
}

// shutDown closes the connection properly, so that Alpaca knows at once that
// the account's one connection is free. It does not wait long for the other
// side.
func (s *socket) shutDown() {
	impatience := time.AfterFunc(socketCloseTimeout, func() { _ = s.wire.Close() }) // its error does not matter any more
	defer impatience.Stop()
	_ = s.conn.Close(websocket.StatusNormalClosure, "")
}

// subscribe sends the keys and asks for trade updates.
func (s *socket) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, socketHandshakeTimeout)
	defer cancel()
	err := s.say(ctx, map[string]string{"action": "auth", "key": s.credentials.KeyID.Reveal(), "secret": s.credentials.SecretKey.Reveal()})
	if err != nil {
		return err
	}
	var said struct {
		Status  string   `json:"status"`
		Message string   `json:"message"`
		Streams []string `json:"streams"`
		Error   string   `json:"error"`
	}
	if err := s.await(ctx, "authorization", &said); err != nil {
		return err
	}
	if said.Status != "authorized" {
		e := &Error{Kind: Unauthorized, Message: clean(said.Message)}
		if strings.Contains(strings.ToLower(said.Message), "limit") {
			e.Kind = RateLimited // the account has its one connection already: the keys may be right
		}
		return e
	}
	if err := s.say(ctx, map[string]any{"action": "listen", "data": map[string]any{"streams": []string{"trade_updates"}}}); err != nil {
		return err
	}
	if err := s.await(ctx, "listening", &said); err != nil {
		return err
	}
	if len(said.Streams) == 0 || said.Error != "" {
		return &Error{Kind: Unavailable, Message: clean("it does not tell trade updates: " + said.Error)}
	}
	return nil
}

func (s *socket) say(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("write to the stream: %w", err)
	}
	if err := s.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return &Error{Kind: Unavailable, Cause: withoutBytes(err)}
	}
	return nil
}

// read reads a frame, with the keys masked.
func (s *socket) read(ctx context.Context) ([]byte, error) {
	_, text, err := s.conn.Read(ctx)
	s.credentials.mask(text, true)
	return text, withoutBytes(err)
}

// await reads until a message of the given stream comes.
func (s *socket) await(ctx context.Context, stream string, into any) error {
	for {
		text, err := s.read(ctx)
		if err != nil {
			return &Error{Kind: Unavailable, Cause: err}
		}
		var m socketMessage
		if json.Unmarshal(text, &m) == nil && m.Stream == stream && json.Unmarshal(m.Data, into) == nil {
			return nil
		}
	}
}

// readAll reads messages until the stream ends.
func (s *socket) readAll(ctx context.Context, handle func(Message) error) error {
	for {
		text, err := s.read(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCut, err)
		}
		s.steps.Add(1)
		if err := s.deliver(text, handle); err != nil {
			return err
		}
		s.steps.Add(1)
	}
}

// deliver turns a frame into a message.
func (s *socket) deliver(text []byte, handle func(Message) error) error {
	var m socketMessage
	switch err := json.Unmarshal(text, &m); {
	case err != nil:
		return handle(Message{Kind: Dropped, Text: unreadable, Update: bytes.Clone(text)})
	case m.Stream != "trade_updates":
		return nil
	}
	update, id, err := withEventID(m.Data)
	if err != nil {
		return handle(Message{Kind: Dropped, Text: unreadable, Update: bytes.Clone(m.Data)})
	}
	return handle(Message{Kind: Update, EventID: id, Update: update})
}

// pingLoop pings the other side, and gives up a connection on which nothing
// arrives for the idle time, because the network may have dropped it.
func (s *socket) pingLoop(ctx context.Context, idle time.Duration, giveUp func()) {
	for {
		timer := time.NewTimer(idle / 2)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		before := s.steps.Load()
		hurry, cancel := context.WithTimeout(ctx, idle/2)
		err := s.conn.Ping(hurry)
		cancel()
		switch {
		case err == nil, before%2 == 1, s.steps.Load() != before: // something arrived meanwhile
		case errors.Is(err, context.DeadlineExceeded):
			giveUp()
			return
		default:
			return // the connection has ended, which the reader notices
		}
	}
}

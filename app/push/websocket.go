package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	maxRequest    = 4 << 10          // the largest message of a client's, in bytes
	requestTime   = 10 * time.Second // in which a message must be there once it has begun
	requestsASec  = 20               // of one socket's, beside a burst; more wait unread
	requestsBurst = 200
	// Messages from this size are compressed, each by itself: the compressor,
	// over a megabyte, is held while one is being made and not while it waits
	// for its reader.
	compressFrom = 4 << 10
)

// ServeHTTP upgrades GET /api/ws. Whoever has no session is refused before.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refuse(w, problem.UpgradeRequired, "This is a WebSocket: connect to it with a client of one, or read GET /api/events.")
		return
	}
	token, user, ok := h.welcome(w, r, uuid.Nil)
	if !ok {
		return
	}
	first, complaint := asked(r.URL.Query(), "cursor")
	if complaint != "" {
		refuse(w, problem.BadRequest, complaint)
		return
	}
	// The origin is checked above, by the same rule as everywhere.
	hijacked := &slim{ResponseWriter: w}
	conn, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(maxRequest)
	f := h.newFollower(token, user, socket{conn, hijacked.conn}, h.IdleTimeout/2)
	if err := h.add(f); err != nil {
		if errors.Is(err, errTooMany) {
			_ = conn.Close(closeTooMany, "too many connections are open") // it ends either way
			return
		}
		_ = conn.Close(websocket.StatusGoingAway, "the server is going away")
		return
	}
	// The request ends here, and with it what the server holds for one.
	go f.run(context.Background(), conn, first)
}

// run serves a socket until it ends.
func (f *follower) run(ctx context.Context, conn *websocket.Conn, first *request) {
	defer close(f.done)
	defer f.hub.remove(f)
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer conn.CloseNow()
		defer f.rescue()
		f.write()
	}()
	if first != nil {
		f.aside(func() { f.subscribe(ctx, *first) })
	}
	f.listen(ctx, conn)
	f.end(websocket.StatusNormalClosure, problem.GoingAway, "")
	<-written
}

// aside runs what needs a deep stack on one that is given back: a socket's own
// keeps the size that it once had.
func (f *follower) aside(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer f.rescue()
		do()
	}()
	<-done
}

// rescue turns a panic into the end of one connection: its goroutines are none
// of net/http's, which would.
func (f *follower) rescue() {
	if p := recover(); p != nil {
		f.hub.Logger.Error("panic", "panic", p, "stack", string(debug.Stack()))
		f.end(websocket.StatusInternalError, problem.Internal, "something went wrong on our side: reconnect and resume by cursor")
	}
}

// listen takes the client's requests until the connection ends.
func (f *follower) listen(ctx context.Context, conn *websocket.Conn) {
	pace := rate.NewLimiter(requestsASec, requestsBurst)
	for {
		text, kind, err := readWhole(conn)
		if err != nil {
			return
		}
		f.aside(func() {
			f.waitForRoom()
			f.hear(ctx, kind, text)
			err = pace.Wait(ctx)
		})
		if err != nil {
			return
		}
	}
}

// hear takes one message of the client's.
func (f *follower) hear(ctx context.Context, kind websocket.MessageType, text []byte) {
	if kind != websocket.MessageText {
		f.complain(problem.BadMessage, "Send JSON in text messages.")
		return
	}
	var r request
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&r); err != nil {
		f.complain(problem.BadMessage, "The message is not the JSON of a request. See docs/websocket.md.")
		return
	}
	f.serve(ctx, r)
}

// readWhole reads one message. It may be long in coming, but not in between:
// half of a compressed one holds memory. Whoever ends the socket closes the
// connection, and so no context is needed, nor the memory that one takes.
func readWhole(conn *websocket.Conn) ([]byte, websocket.MessageType, error) {
	kind, r, err := conn.Reader(context.Background())
	if err != nil {
		return nil, kind, err
	}
	late := time.AfterFunc(requestTime, func() { _ = conn.CloseNow() })
	defer late.Stop()
	text, err := io.ReadAll(r)
	return text, kind, err
}

// socket is the wire of a WebSocket.
type socket struct {
	conn *websocket.Conn
	raw  net.Conn // under it
}

// send sets a deadline by itself: a context for each of thousands of messages a
// second is mostly garbage.
func (s socket) send(i item, within time.Duration) error {
	if err := s.raw.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if err := s.conn.Write(context.Background(), websocket.MessageText, i.text); err != nil {
		return err
	}
	return s.raw.SetWriteDeadline(time.Time{})
}

func (s socket) keepAlive(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return s.conn.Ping(ctx)
}

// close says goodbye and waits a little for the client's.
func (s socket) close(g goodbye) {
	late := time.AfterFunc(2*time.Second, s.cut)
	defer late.Stop()
	_ = s.conn.Close(g.status, g.reason) // it ends either way
}

func (s socket) cut() { _ = s.conn.CloseNow() }

// welcome says who a client is, or refuses it: one without a session, that
// another site's page sends, or that may not read the account, if one is given.
func (h *Hub) welcome(w http.ResponseWriter, r *http.Request, account uuid.UUID) (token, user string, ok bool) {
	token, ok = h.Session(r)
	if !ok {
		refuseStranger(w)
		return "", "", false
	}
	if !h.OriginAllowed(r) {
		refuse(w, problem.OriginForbidden, "This page's origin may not open a connection here.")
		return "", "", false
	}
	standing, err := h.stand(r.Context(), token, account)
	switch {
	case err != nil:
		w.Header().Set("Retry-After", "2")
		refuse(w, problem.DatabaseUnavailable, "The database cannot be reached at the moment. Try again in a few seconds.")
		return "", "", false
	case standing.Verdict == tenant.NoAccess:
		refuse(w, problem.AccountForbidden, "There is no such account among yours. Pick one from GET /api/accounts.")
		return "", "", false
	case standing.Verdict != tenant.OK:
		refuseStranger(w)
		return "", "", false
	}
	return token, standing.User, true
}

func refuseStranger(w http.ResponseWriter) {
	p := tenant.Unauthenticated()
	refuse(w, p.Code, p.Message)
}

func refuse(w http.ResponseWriter, code problem.Code, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code.Kind().Status())
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code.String(), "message": sentence, "request_id": w.Header().Get("X-Request-ID")})
}

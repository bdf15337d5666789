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

	"paddock/app/origin"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	maxRequest        = 4 << 10          // the largest message from a client, in bytes
	requestTime       = 10 * time.Second // in which a message must be complete once it has begun
	requestsPerSecond = 20               // of one socket, besides a burst; more stay unread
	requestsBurst     = 200
	// Messages from this size in bytes are compressed, each by itself, so that
	// a compressor, which takes over a megabyte, is held only while a message
	// is made and not while it waits for its reader.
	compressFrom = 4 << 10
)

// ServeHTTP upgrades GET /api/ws to a WebSocket. One without a session is closed
// at once with 4401, and not refused before: browsers tell a page neither status
// nor body of a refused upgrade, so that it would try again for ever.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refuse(w, problem.UpgradeRequired, "This is a WebSocket: connect to it with a client of one, or read GET /api/events.")
		return
	}
	token, user, ok := h.authenticate(w, r, uuid.Nil, func() { closeUnauthenticatedSocket(w, r) })
	if !ok {
		return
	}
	first, complaint := subscriptionFromQuery(r.URL.Query(), "cursor")
	if complaint != "" {
		refuse(w, problem.BadRequest, complaint)
		return
	}
	hijacked := &smallBuffers{ResponseWriter: w}
	conn, err := accept(hijacked, r)
	if err != nil {
		return // accept has sent the error
	}
	f := h.newFollower(token, user, socket{conn, hijacked.conn}, h.IdleTimeout/2)
	f.requestID = w.Header().Get("X-Request-ID")
	if err := h.add(f); err != nil {
		if errors.Is(err, errTooMany) {
			_ = conn.Close(closeTooMany, "too many connections are open") // the socket ends either way
			return
		}
		_ = conn.Close(websocket.StatusGoingAway, "the server is going away")
		return
	}
	// The request ends here, so that the server frees what it holds for it.
	go f.run(context.Background(), conn, first)
}

// accept upgrades a request, whose origin was checked, by the same rule as
// everywhere.
func accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if err == nil {
		conn.SetReadLimit(maxRequest)
	}
	return conn, err
}

// closeUnauthenticatedSocket upgrades a request without a session, and says so.
func closeUnauthenticatedSocket(w http.ResponseWriter, r *http.Request) {
	hijacked := &smallBuffers{ResponseWriter: w}
	if conn, err := accept(hijacked, r); err == nil {
		socket{conn, hijacked.conn}.close(closeReason{status: closeUnauthenticated, reason: sessionEnded})
	}
}

// run serves a socket until it ends.
func (f *follower) run(ctx context.Context, conn *websocket.Conn, first *request) {
	defer close(f.ended)
	defer f.hub.remove(f)
	if first != nil {
		f.onOtherStack(func() { f.subscribe(ctx, *first) })
	}
	f.readRequests(ctx, conn) // until finish has closed the connection, or the client has
	f.end(websocket.StatusNormalClosure, problem.GoingAway, "")
	f.finishing.Wait()
}

// onOtherStack runs do on a goroutine of its own, whose stack is freed
// afterwards. The socket's goroutine would keep the largest size that its stack
// ever had.
func (f *follower) onOtherStack(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer f.recoverPanic()
		do()
	}()
	<-done
}

// recoverPanic turns a panic into the end of this connection. net/http does not
// recover here, since these goroutines are not its own.
func (f *follower) recoverPanic() {
	if p := recover(); p != nil {
		f.hub.Logger.Error("panic", "request_id", f.requestID, "panic", p, "stack", string(debug.Stack()))
		f.end(websocket.StatusInternalError, problem.Internal, "something went wrong on our side: reconnect and resume by cursor")
	}
}

// readRequests reads and serves the client's requests until the connection
// ends.
func (f *follower) readRequests(ctx context.Context, conn *websocket.Conn) {
	var pace *rate.Limiter // made by the first request, since most sockets send none
	for {
		text, kind, err := readWhole(conn)
		if err != nil {
			return
		}
		if pace == nil {
			pace = rate.NewLimiter(requestsPerSecond, requestsBurst)
		}
		f.onOtherStack(func() {
			f.waitForRoom()
			f.handleMessage(ctx, kind, text)
			err = pace.Wait(ctx)
		})
		if err != nil {
			return
		}
	}
}

// handleMessage parses and serves one message from the client.
func (f *follower) handleMessage(ctx context.Context, kind websocket.MessageType, text []byte) {
	if kind != websocket.MessageText {
		f.sendError(problem.BadMessage, "Send JSON in text messages.")
		return
	}
	var r request
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&r); err != nil {
		f.sendError(problem.BadMessage, "The message is not the JSON of a request. See docs/websocket.md.")
		return
	}
	f.handleRequest(ctx, r)
}

// readWhole reads one message. The socket may be silent for long before it, but
// not in the middle: half of a compressed message holds memory. It needs no
// context, and not the memory of one, because ending the socket closes the
// connection.
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
	raw  net.Conn // below conn
}

// send sets a deadline on the connection: a context for each of thousands of
// messages a second would be garbage.
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

// close sends a closing message and waits a little for the client's.
func (s socket) close(g closeReason) {
	late := time.AfterFunc(2*time.Second, s.closeNow)
	defer late.Stop()
	_ = s.conn.Close(g.status, g.reason) // the socket ends either way
}

func (s socket) closeNow() { _ = s.conn.CloseNow() }

// authenticate returns who the client is, or refuses it: from another site's page,
// without a session, for which it calls unauthenticated, or without access to the
// account, if one is given.
func (h *Hub) authenticate(w http.ResponseWriter, r *http.Request, account uuid.UUID, unauthenticated func()) (token, user string, ok bool) {
	if !h.OriginAllowed(r) {
		refuse(w, problem.OriginForbidden, "This page's origin may not open a connection here.")
		return "", "", false
	}
	token, ok = h.Session(r)
	if !ok {
		unauthenticated()
		return "", "", false
	}
	state, err := h.checkAccess(r.Context(), tenant.AccessQuestion{Token: token, Account: account})
	switch {
	case err != nil:
		w.Header().Set("Retry-After", "2")
		refuse(w, problem.DatabaseUnavailable, "The database cannot be reached at the moment. Try again in a few seconds.")
		return "", "", false
	case state.Access == tenant.NoAccess:
		refuse(w, problem.AccountForbidden, "There is no such account among yours. Pick one from GET /api/accounts.")
		return "", "", false
	case state.Access != tenant.AccessOK:
		unauthenticated()
		return "", "", false
	}
	if account != uuid.Nil {
		origin.Admitted(r.Context(), account)
	}
	return token, state.User, true
}

func refuseUnauthenticated(w http.ResponseWriter) {
	p := tenant.Unauthenticated()
	refuse(w, p.Code, p.Message)
}

func refuse(w http.ResponseWriter, code problem.Code, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code.Kind().Status())
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code.String(), "message": sentence, "request_id": w.Header().Get("X-Request-ID")})
}

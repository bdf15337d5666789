package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"paddock/app/tenant"
)

// socket is one client's connection, shared by all accounts that it follows.
type socket struct {
	hub   *Hub
	conn  *websocket.Conn
	token string
	out   chan []byte
	quit  chan struct{} // closed when the socket is to end
	done  chan struct{} // closed when it has
	size  atomic.Int64  // bytes in out
	full  atomic.Bool   // events are left in the log until the client has read more

	once   sync.Once
	status websocket.StatusCode
	reason string

	mu            sync.Mutex
	subscriptions map[uuid.UUID]int64 // the last cursor sent
}

// ServeHTTP upgrades GET /api/ws. Whoever has no session is refused before.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := h.Session(r)
	if !ok {
		refuseStranger(w)
		return
	}
	if !h.OriginAllowed(r) {
		refuse(w, http.StatusForbidden, "origin_forbidden", "This page's origin may not open a socket here.")
		return
	}
	first, complaint := firstRequest(r.URL.Query())
	if complaint != "" {
		refuse(w, http.StatusBadRequest, "bad_request", complaint)
		return
	}
	switch standing, err := h.standing(r.Context(), token); {
	case err != nil:
		w.Header().Set("Retry-After", "2")
		refuse(w, http.StatusServiceUnavailable, tenant.CodeUnavailable, "The database cannot be reached at the moment. Try again in a few seconds.")
		return
	case standing == tenant.StandingUnauthenticated:
		refuseStranger(w)
		return
	}
	// The origin is checked above, by the same rule as everywhere.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(maxRequest)
	s := &socket{
		hub: h, conn: conn, token: token, out: make(chan []byte, h.Queue), quit: make(chan struct{}), done: make(chan struct{}),
		subscriptions: map[uuid.UUID]int64{},
	}
	defer close(s.done)
	if err := h.add(s); err != nil {
		if errors.Is(err, errTooManySockets) {
			_ = conn.Close(closeTooMany, "this session has too many sockets open") // it ends either way
			return
		}
		_ = conn.Close(websocket.StatusGoingAway, "the server is going away")
		return
	}
	defer h.remove(s)

	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(ctx)
	}()
	if first != nil {
		s.subscribe(ctx, *first)
	}
	s.readAll(ctx)
	s.end(websocket.StatusNormalClosure, "")
	<-written
}

// firstRequest is the subscription that the address itself asks for, if any:
// /api/ws?account_id=…&cursor=… serves clients that can only listen.
func firstRequest(q url.Values) (r *request, complaint string) {
	if !q.Has("account_id") {
		return nil, ""
	}
	account, err := uuid.Parse(q.Get("account_id"))
	if err != nil || account == uuid.Nil {
		return nil, `The "account_id" is not a UUID. Copy it from GET /api/accounts.`
	}
	r = &request{Type: "subscribe", Account: account}
	if q.Has("cursor") {
		cursor, err := strconv.ParseInt(q.Get("cursor"), 10, 64)
		if err != nil || cursor < 0 {
			return nil, `The "cursor" must be a whole number from 0.`
		}
		r.Cursor = &cursor
	}
	return r, ""
}

// standing asks whether the session lives: StandingUnauthenticated, or another
// word about an account that does not exist.
func (h *Hub) standing(ctx context.Context, token string) (tenant.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := h.Worker.ReadEvents(ctx, []tenant.Interest{{Token: token, Cursor: -1}}, 1, 1)
	if err != nil {
		return "", err
	}
	if len(answer) != 1 {
		return "", errors.New("the database does not say how a session stands")
	}
	return answer[0].Standing, nil
}

func refuseStranger(w http.ResponseWriter) {
	p := tenant.Unauthenticated()
	refuse(w, http.StatusUnauthorized, p.Code, p.Message)
}

func refuse(w http.ResponseWriter, status int, code, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": sentence, "request_id": w.Header().Get("X-Request-ID")})
}

// end makes the socket close, with the first reason that is given.
func (s *socket) end(status websocket.StatusCode, reason string) {
	s.once.Do(func() {
		s.status, s.reason = status, reason
		close(s.quit)
	})
}

// write sends what waits, and pings a client that is silent.
func (s *socket) write(ctx context.Context) {
	ping := time.NewTicker(s.hub.IdleTimeout / 2)
	defer ping.Stop()
	defer s.conn.CloseNow()
	for {
		var err error
		select {
		case text := <-s.out:
			s.size.Add(-int64(len(text)))
			once, cancel := context.WithTimeout(ctx, s.hub.WriteTimeout)
			err = s.conn.Write(once, websocket.MessageText, text)
			cancel()
		case <-ping.C:
			once, cancel := context.WithTimeout(ctx, s.hub.IdleTimeout/2)
			err = s.conn.Ping(once)
			cancel()
		case <-s.quit:
			s.flush(ctx)
			_ = s.conn.Close(s.status, s.reason) // CloseNow follows in any case
			return
		}
		if err != nil {
			s.end(closeSlowReader, "too slow: reconnect and resume by cursor")
			return
		}
		if len(s.out) <= s.hub.Queue/4 && s.size.Load() <= int64(s.hub.QueueBytes)/4 && s.full.CompareAndSwap(true, false) {
			s.hub.wakeUp()
		}
	}
}

// flush sends what a socket should still hear before it is closed. A slow
// reader gets nothing more: it resumes by cursor.
func (s *socket) flush(ctx context.Context) {
	if s.status == closeSlowReader {
		return
	}
	once, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for {
		select {
		case text := <-s.out:
			s.size.Add(-int64(len(text)))
			if s.conn.Write(once, websocket.MessageText, text) != nil {
				return
			}
		default:
			return
		}
	}
}

// readAll takes the client's requests until the connection ends.
func (s *socket) readAll(ctx context.Context) {
	go func() { // a socket that is told to end must not wait for its client
		<-s.quit
		select {
		case <-s.done:
		case <-time.After(2 * time.Second):
			s.conn.CloseNow()
		}
	}()
	for {
		kind, text, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			s.complain("bad_message", "Send JSON in text messages.")
			continue
		}
		var r request
		d := json.NewDecoder(bytes.NewReader(text))
		if err := d.Decode(&r); err != nil {
			s.complain("bad_message", "The message is not the JSON of a request. See docs/websocket.md.")
			continue
		}
		s.serve(ctx, r)
	}
}

func (s *socket) serve(ctx context.Context, r request) {
	switch {
	case r.Type == "ping":
		s.send(message{Type: "pong"})
	case r.Type == "subscribe" && r.Account != uuid.Nil && (r.Cursor == nil || *r.Cursor >= 0):
		s.subscribe(ctx, r)
	case r.Type == "unsubscribe" && r.Account != uuid.Nil:
		s.mu.Lock()
		delete(s.subscriptions, r.Account)
		s.mu.Unlock()
		s.send(message{Type: "unsubscribed", Account: &r.Account, Code: "asked", Message: "As you asked."})
	default:
		s.complain("bad_message", `The "type" must be subscribe, unsubscribe or ping, with the account's id and a cursor from 0.`)
	}
}

// subscribe asks the database whether the session may read the account, and
// from then on follows it.
func (s *socket) subscribe(ctx context.Context, r request) {
	s.mu.Lock()
	_, again := s.subscriptions[r.Account]
	full := !again && len(s.subscriptions) >= s.hub.MaxAccounts
	s.mu.Unlock()
	if full {
		s.complain("too_many_accounts", "This socket follows as many accounts as it may. Unsubscribe from one first.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	heads, err := s.hub.Worker.ReadEvents(ctx, []tenant.Interest{{Token: s.token, Account: r.Account, Cursor: -1}}, 1, 1)
	if err != nil || len(heads) != 1 {
		s.send(message{Type: "unsubscribed", Account: &r.Account, Code: "database_unavailable",
			Message: "The database cannot be reached at the moment. Subscribe again in a few seconds."})
		return
	}
	if heads[0].Standing != tenant.StandingOK {
		s.mu.Lock()
		delete(s.subscriptions, r.Account)
		s.mu.Unlock()
		s.tellLost(r.Account, heads[0].Standing)
		return
	}
	cursor, reset := heads[0].Seq, false
	if r.Cursor != nil {
		if reset = *r.Cursor > cursor; !reset {
			cursor = *r.Cursor
		}
	}
	s.mu.Lock()
	s.subscriptions[r.Account] = cursor
	s.sendLocked(message{Type: "subscribed", Account: &r.Account, Cursor: &cursor, Reset: reset})
	s.mu.Unlock()
	s.hub.wakeUp()
}

// interests answers what the socket waits for. One whose queue is half full
// waits for nothing: its events stay in the log, where they cost no memory,
// until its client has read more. One that follows no account waits for the
// end of its session alone.
func (s *socket) interests() []tenant.Interest {
	if s.hasNoRoom() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subscriptions) == 0 {
		return []tenant.Interest{{Token: s.token, Cursor: -1}}
	}
	all := make([]tenant.Interest, 0, len(s.subscriptions))
	for account, cursor := range s.subscriptions {
		all = append(all, tenant.Interest{Token: s.token, Account: account, Cursor: cursor})
	}
	return all
}

// hasNoRoom tells whether a page of events might not fit, and has the writer
// wake the hub when it does again.
func (s *socket) hasNoRoom() bool {
	if len(s.out) <= s.hub.Queue/2 && s.size.Load() <= int64(s.hub.QueueBytes)/2 {
		return false
	}
	s.full.Store(true)
	return true
}

// deliver sends an event if it is the next one of its account and there is
// room. Any other was sent already, or comes with the next read.
func (s *socket) deliver(account uuid.UUID, e tenant.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, follows := s.subscriptions[account]; !follows || e.Seq != last+1 || s.hasNoRoom() {
		return
	}
	if s.sendLocked(message{Type: "event", Account: &account, Cursor: &e.Seq, Kind: e.Kind, At: &e.At, Data: e.Data}) {
		s.subscriptions[account] = e.Seq
	}
}

// lost ends a subscription whose session may no longer read the account.
func (s *socket) lost(account uuid.UUID, standing tenant.Standing) {
	s.mu.Lock()
	_, follows := s.subscriptions[account]
	delete(s.subscriptions, account)
	s.mu.Unlock()
	if follows || standing == tenant.StandingUnauthenticated {
		s.tellLost(account, standing)
	}
}

func (s *socket) tellLost(account uuid.UUID, standing tenant.Standing) {
	if standing == tenant.StandingUnauthenticated {
		s.end(closeUnauthenticated, "the session has ended: sign in again")
		return
	}
	s.send(message{Type: "unsubscribed", Account: &account, Code: tenant.CodeAccountForbidden,
		Message: "There is no such account among yours."})
}

func (s *socket) complain(code, sentence string) {
	s.send(message{Type: "error", Code: code, Message: sentence})
}

func (s *socket) send(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendLocked(m)
}

// sendLocked queues a message. A client for which too much waits, because it
// asks more than it reads, is closed and resumes by cursor. s.mu is held, so that
// messages are queued in the order in which their cursors move.
func (s *socket) sendLocked(m message) bool {
	text, err := json.Marshal(m)
	if err != nil {
		s.hub.Logger.Error("a message could not be written as JSON", "err", err)
		return false
	}
	text = append(text, '\n') // for clients that read lines
	select {
	case <-s.quit:
		return false
	case s.out <- text:
		s.size.Add(int64(len(text)))
		return true
	default:
		s.end(closeSlowReader, "too slow: reconnect and resume by cursor")
		return false
	}
}

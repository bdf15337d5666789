package push

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/tmaxmax/go-sse"

	"paddock/app/problem"
)

// heartbeat is the silence after which a comment is sent: proxies close
// connections that are silent for longer.
const heartbeat = 15 * time.Second

// ServeEvents serves GET /api/events as Server-Sent Events: the WebSocket's
// messages for one account, each as JSON in data, with its cursor as id.
func (h *Hub) ServeEvents(w http.ResponseWriter, r *http.Request) {
	q := eventsQuery(r)
	first, complaint := subscriptionFromQuery(q, "since")
	watches := q.Has("watch")
	if first != nil && watches {
		first.Symbols, complaint = symbolsFromQuery(q)
	}
	switch {
	case complaint != "":
		refuse(w, problem.BadRequest, complaint)
		return
	case first == nil:
		refuse(w, problem.AccountRequired, "Say which account is meant: send its id in the header X-Account-ID or as account_id.")
		return
	}
	// An EventSource reconnects after a stream that ends, and not after an
	// error status.
	token, user, ok := h.authenticate(w, r, first.Account.UUID, func() { refuseUnauthenticated(w) })
	if !ok {
		return
	}
	w.Header().Set("X-Accel-Buffering", "no") // for proxies that buffer
	out, err := sse.Upgrade(w, r)
	if err != nil {
		refuse(w, problem.Internal, "This connection cannot be streamed over.")
		return
	}
	f := h.newFollower(token, user, &eventStream{stream: out, control: http.NewResponseController(w)}, heartbeat)
	f.wake = make(chan struct{}, 1)
	f.singleSubscription, f.requestID = true, w.Header().Get("X-Request-ID")
	if err := h.add(f); err != nil {
		if errors.Is(err, errTooMany) {
			w.Header().Set("Retry-After", "30")
			refuse(w, problem.TooManyConnections, "You have as many live connections as you may. Close one first.")
			return
		}
		w.Header().Set("Retry-After", "2")
		refuse(w, problem.GoingAway, "The server is going away. Connect again in a few seconds.")
		return
	}
	defer close(f.ended)
	defer h.remove(f)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // fails only where the connection is gone, and then writing fails too
	leave := context.AfterFunc(r.Context(), func() { f.end(websocket.StatusNormalClosure, problem.GoingAway, "") })
	defer leave()
	go func() {
		defer f.recoverPanic()
		f.subscribe(r.Context(), *first)
		if len(f.accounts()) == 0 {
			f.end(websocket.StatusNormalClosure, problem.Code{}, "") // a message before says why
		} else if watches {
			f.watchRequest(*first)
		}
	}()
	f.write()
}

// eventsQuery returns the request's query, with what headers may give instead.
func eventsQuery(r *http.Request) url.Values {
	q := r.URL.Query()
	if id := r.Header.Get("X-Account-ID"); id != "" && !q.Has("account_id") {
		q.Set("account_id", id)
	}
	// A client that reconnects repeats its first URL, so that the header is
	// newer.
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		q.Set("since", last)
		q.Del("snapshot")
	}
	return q
}

// symbolsFromQuery returns the symbols that a stream is to have quotes of, between
// commas; none besides what the account holds where the parameter is empty.
func symbolsFromQuery(q url.Values) (symbols []string, complaint string) {
	if q.Get("watch") == "" {
		return nil, ""
	}
	return cleanSymbols(strings.Split(q.Get("watch"), ","))
}

// eventStream is the wire of Server-Sent Events.
type eventStream struct {
	mu      sync.Mutex
	stream  *sse.Session
	control *http.ResponseController
}

func (e *eventStream) send(i item, within time.Duration) error {
	var m sse.Message
	m.AppendData(string(i.text[:len(i.text)-1]))
	if i.cursor.Seq > 0 {
		m.ID = sse.ID(i.cursor.String())
	}
	return e.write(&m, within)
}

func (e *eventStream) keepAlive(within time.Duration) error {
	var m sse.Message
	m.AppendComment("still here")
	return e.write(&m, within)
}

func (e *eventStream) write(m *sse.Message, within time.Duration) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.control.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if err := e.stream.Send(m); err != nil {
		return err
	}
	return e.stream.Flush()
}

// close sends the reason, where there is one that was not sent before.
func (e *eventStream) close(g closeReason) {
	if g.code.IsZero() {
		return
	}
	_ = e.send(item{text: message{Type: "error", Code: g.code, Message: g.reason}.text()}, time.Second) // the stream ends either way
}

// closeNow makes a write that is going on fail.
func (e *eventStream) closeNow() { _ = e.control.SetWriteDeadline(time.Now()) }

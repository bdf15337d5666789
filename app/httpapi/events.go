package httpapi

import (
	"mime"
	"net/http"
	"strings"

	"paddock/app/destinations"
	"paddock/app/eventlog"
)

// push opens the WebSocket.
func (s *Server) push(r *request) (response, error) {
	s.Push.ServeHTTP(r.writer, r.Request)
	return response{}, nil
}

// listEvents serves a page of the account's log, or streams it to a client that
// asks for Server-Sent Events.
func (s *Server) listEvents(r *request) (response, error) {
	if wantsEventStream(r.Request) {
		exchangeOf(r.Context()).streamed = true
		r.leave() // package push bounds how many streams a user has
		s.EventStream.ServeHTTP(r.writer, r.Request)
		return response{}, nil
	}
	after, most, err := eventlog.ParsePage(r.query.Get("since"), r.query.Get("limit"))
	if err != nil {
		return response{}, err
	}
	return ok(s.Events.Page(r.Context(), r.admission, after, most))
}

// listPast serves a page of what happened on the account, the newest first.
func (s *Server) listPast(r *request) (response, error) {
	topics := r.query.Get("topics")
	if topics == "" {
		topics = strings.Join(destinations.Topics, ",")
	}
	past, err := eventlog.ParsePast(topics, r.query.Get("limit"), r.query.Get("before"), destinations.Topics)
	if err != nil {
		return response{}, err
	}
	return ok(s.Events.Past(r.Context(), r.admission, past))
}

func (s *Server) markRead(r *request, body eventlog.Read) (response, error) {
	return ok(s.Events.MarkRead(r.Context(), r.admission, body))
}

func wantsEventStream(r *http.Request) bool {
	for _, accepted := range strings.Split(r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/event-stream" {
			return true
		}
	}
	return false
}

package httpapi

import (
	"mime"
	"net/http"
	"strings"

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

func wantsEventStream(r *http.Request) bool {
	for _, accepted := range strings.Split(r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/event-stream" {
			return true
		}
	}
	return false
}

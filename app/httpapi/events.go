package httpapi

import (
	"mime"
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"paddock/app/eventlog"
)

// push opens the WebSocket.
func (s *Server) push(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	s.Push.ServeHTTP(w, r)
	return nil
}

// listEvents serves a page of the account's log, or streams it to a client that
// asks for Server-Sent Events.
func (s *Server) listEvents(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	if wantsEventStream(r) {
		s.EventStream.ServeHTTP(w, r)
		return nil
	}
	q := r.URL.Query()
	after, most, err := eventlog.ParsePage(q.Get("since"), q.Get("limit"))
	if err != nil {
		return err
	}
	body, err := s.Events.Page(r.Context(), a, after, most)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func wantsEventStream(r *http.Request) bool {
	for _, accepted := range strings.Split(r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/event-stream" {
			return true
		}
	}
	return false
}

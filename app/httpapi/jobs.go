package httpapi

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/trading"
)

// aboutJob returns a handler that reads the job's id in the path before h.
func aboutJob(h func(*request, uuid.UUID) (response, error)) handler {
	return func(r *request) (response, error) {
		id, err := parseIDOf(r.PathValue("id"), "job", problem.JobIDMalformed, "/api/jobs")
		if err != nil {
			return response{}, err
		}
		return h(r, id)
	}
}

func (s *Server) listJobs(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Trading.Jobs(r.Context(), r.admission, r.query.Get("state"), page))
}

func (s *Server) getJob(r *request, id uuid.UUID) (response, error) {
	return ok(s.Trading.Job(r.Context(), r.admission, id))
}

func (s *Server) cancelJob(r *request, id uuid.UUID) (response, error) {
	return ok(s.Trading.CancelJob(r.Context(), r.admission, id))
}

func (s *Server) cancelJobs(r *request) (response, error) {
	canceled, err := s.Trading.CancelJobs(r.Context(), r.admission)
	return ok(map[string]int{"canceled": canceled}, err)
}

// cancelOrders cancels what waits to be sent before it asks Alpaca to cancel what was
// sent: or else an order could follow the cancellation of all.
func (s *Server) cancelOrders(r *request) (response, error) {
	if _, err := s.Trading.CancelJobs(r.Context(), r.admission); err != nil {
		return response{}, err
	}
	return s.passThrough(r)
}

// acceptOrder answers an order that is to be sent afterwards. Where it is there
// already, the response is as without that wish, and says so by its headers.
func (s *Server) acceptOrder(r *request, order trading.OrderRequest) (response, error) {
	accepted, err := s.Trading.Accept(r.Context(), r.admission, r.idempotencyKey(), order)
	if err == nil && accepted.Job != nil {
		r.writer.Header().Set("Preference-Applied", respondAsync)
	}
	return placed(r, http.StatusCreated, accepted, err)
}

const respondAsync = "respond-async"

// prefers reports whether the header Prefer names this preference (RFC 7240), which
// takes no value. What else it names is nothing that is known here.
func prefers(h http.Header, name string) bool {
	for _, line := range h.Values("Prefer") {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			if strings.EqualFold(strings.TrimSpace(preference), name) {
				return true
			}
		}
	}
	return false
}

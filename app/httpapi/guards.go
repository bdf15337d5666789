package httpapi

import (
	"net/http"
	"slices"

	"paddock/app/trading"
)

func (s *Server) getGuards(r *request) (response, error) {
	return ok(s.Trading.Guards(r.Context(), r.admission))
}

func (s *Server) putGuards(r *request, limits trading.Limits) (response, error) {
	return ok(s.Trading.SetGuards(r.Context(), r.admission, limits))
}

func (s *Server) resetHighWaterMark(r *request) (response, error) {
	return ok(s.Trading.ResetHighWaterMark(r.Context(), r.admission))
}

func (s *Server) heartbeat(r *request) (response, error) {
	return ok(s.Trading.Beat(r.Context(), r.admission))
}

// turnSwitch responds with 202 while orders are still being canceled or
// positions closed, and with 207 where a step after the switch could not be
// done.
func (s *Server) turnSwitch(r *request, to trading.Switch) (response, error) {
	turned, err := s.Trading.Turn(r.Context(), r.admission, r.idempotencyKey(), to)
	if err != nil {
		return response{}, err
	}
	status := http.StatusOK
	switch {
	case turned.Running:
		status = http.StatusAccepted
	case slices.ContainsFunc(turned.Steps, func(step trading.Step) bool { return !step.Done }):
		status = http.StatusMultiStatus
	}
	return response{status: status, body: turned}, nil
}

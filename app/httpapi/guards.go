package httpapi

import (
	"net/http"
	"slices"

	"github.com/julienschmidt/httprouter"

	"paddock/app/trading"
)

func (s *Server) getGuards(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	body, err := s.Trading.Guards(r.Context(), a)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) putGuards(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	var limits trading.Limits
	if err := readBody(r, &limits); err != nil {
		return err
	}
	body, err := s.Trading.SetGuards(r.Context(), a, limits)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

// turnSwitch responds with 202 while orders are still being canceled or
// positions closed, and with 207 where a step after the switch could not be
// done.
func (s *Server) turnSwitch(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	var to trading.Switch
	if err := readBody(r, &to); err != nil {
		return err
	}
	turned, err := s.Trading.Turn(r.Context(), a, r.Header.Get("Idempotency-Key"), to)
	if err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case turned.Running:
		status = http.StatusAccepted
	case slices.ContainsFunc(turned.Steps, func(step trading.Step) bool { return !step.Done }):
		status = http.StatusMultiStatus
	}
	return writeJSON(w, status, turned)
}

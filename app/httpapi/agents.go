package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"

	"paddock/app/agents"
	"paddock/app/tenant"
)

func (s *Server) appendAgentLog(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	var entry agents.Entry
	if err := readBody(r, &entry); err != nil {
		return err
	}
	body, err := s.Logs.Append(r.Context(), a, entry)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusCreated, body)
}

func (s *Server) listAgentLogs(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	page, err := tenant.ParsePage(q.Get("limit"), q.Get("before"))
	if err != nil {
		return err
	}
	body, err := s.Logs.List(r.Context(), a, page)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"
)

// sync reconciles the account with the broker and responds with the
// differences.
func (s *Server) sync(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	if err := requireEmptyBody(r); err != nil {
		return err
	}
	body, err := s.Trading.Sync(r.Context(), a)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

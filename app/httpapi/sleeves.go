package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/sleeves"
)

func (s *Server) listSleeves(r *request) (response, error) {
	return ok(s.Sleeves.List(r.Context(), r.admission))
}

func (s *Server) makeSleeve(r *request, body sleeves.Change) (response, error) {
	return created(s.Sleeves.Make(r.Context(), r.admission, body))
}

func (s *Server) changeSleeve(r *request, body sleeves.Change) (response, error) {
	id, err := sleeveID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Sleeves.Change(r.Context(), r.admission, id, body))
}

func (s *Server) closeSleeve(r *request) (response, error) {
	id, err := sleeveID(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Sleeves.Close(r.Context(), r.admission, id))
}

func (s *Server) resetSleeveMark(r *request) (response, error) {
	id, err := sleeveID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Sleeves.ResetHighWaterMark(r.Context(), r.admission, id))
}

func sleeveID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "sleeve", problem.InvalidSleeve, "/api/sleeves")
}

func (s *Server) moveCash(r *request, body sleeves.Transfer) (response, error) {
	return created(s.Sleeves.Move(r.Context(), r.admission, r.idempotencyKey(), body))
}

func (s *Server) listSleeveTransfers(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Sleeves.Transfers(r.Context(), r.admission, page))
}

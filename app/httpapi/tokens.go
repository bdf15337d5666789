package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tokens"
)

func (s *Server) listTokens(r *request) (response, error) {
	return ok(s.Tokens.List(r.Context(), r.admission))
}

func (s *Server) makeToken(r *request, body tokens.Request) (response, error) {
	return created(s.Tokens.Make(r.Context(), r.admission, body))
}

func (s *Server) revokeToken(r *request) (response, error) {
	id, err := parseID(r.PathValue("id"))
	if err != nil {
		return response{}, problem.New(problem.InvalidToken, "The API token's id is not a UUID. Copy it from GET /api/tokens.")
	}
	revoked, err := s.Tokens.Revoke(r.Context(), r.admission, id)
	return ok(map[string][]uuid.UUID{"revoked": revoked}, err)
}

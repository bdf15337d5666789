package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tokens"
)

func (s *Server) listTokens(r *request) (response, error) {
	return ok(s.Tokens.List(r.Context(), r.admission))
}

func (s *Server) currentToken(r *request) (response, error) {
	return ok(s.Tokens.Current(r.Context(), r.admission))
}

func (s *Server) makeToken(r *request, body tokens.Request) (response, error) {
	return created(s.Tokens.Make(r.Context(), r.admission, body))
}

// tokenID returns the id of an API token in the path.
func tokenID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "API token", problem.InvalidToken, "/api/tokens")
}

func (s *Server) resetToken(r *request) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Tokens.Reset(r.Context(), r.admission, id))
}

func (s *Server) revokeToken(r *request) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	revoked, err := s.Tokens.Revoke(r.Context(), r.admission, id)
	return ok(map[string][]uuid.UUID{"revoked": revoked}, err)
}

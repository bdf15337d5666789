package httpapi

import (
	"errors"
	"net/http"

	"github.com/google/uuid"
	"github.com/julienschmidt/httprouter"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// session returns the request's session token, or unauthenticated.
func (s *Server) session(r *http.Request) (string, error) {
	token, ok := s.Sessions.SessionToken(r)
	if !ok {
		return "", tenant.Unauthenticated()
	}
	return token, nil
}

// admission returns the request's session and account, which the header
// X-Account-ID or the query's account_id names. The database decides whether
// the user may use that account.
func (s *Server) admission(r *http.Request) (tenant.Admission, error) {
	token, err := s.session(r)
	if err != nil {
		return tenant.Admission{}, err
	}
	named := append(r.Header.Values("X-Account-ID"), r.URL.Query()["account_id"]...)
	if len(named) == 0 {
		return tenant.Admission{}, problem.New(problem.AccountRequired, "Say which account is meant: send its id in the header X-Account-ID.")
	}
	var account uuid.UUID
	for i, text := range named {
		id, err := parseID(text)
		if err != nil {
			return tenant.Admission{}, problem.New(problem.AccountMalformed, "The account's id is not a UUID. Copy it from GET /api/accounts.")
		}
		if i > 0 && id != account {
			return tenant.Admission{}, accountAmbiguous()
		}
		account = id
	}
	return tenant.Admission{Token: token, Account: account}, nil
}

func accountAmbiguous() error {
	return problem.New(problem.AccountAmbiguous, "The request names two different accounts. Send one id.")
}

// pathAdmission is admission to the account in the path. An id that is no UUID
// names an account that does not exist.
func (s *Server) pathAdmission(r *http.Request, p httprouter.Params) (tenant.Admission, error) {
	token, err := s.session(r)
	if err != nil {
		return tenant.Admission{}, err
	}
	id, err := parseID(p.ByName("id"))
	if err != nil {
		return tenant.Admission{}, problem.New(problem.AccountMalformed, "The account's id is not a UUID. Copy it from GET /api/accounts.")
	}
	return tenant.Admission{Token: token, Account: id}, nil
}

// parseID parses the canonical form of a UUID. It refuses the zero UUID, which
// means "no account" further in.
func parseID(text string) (uuid.UUID, error) {
	if len(text) != 36 {
		return uuid.Nil, errors.New("not a UUID")
	}
	id, err := uuid.Parse(text)
	if err == nil && id == uuid.Nil {
		err = errors.New("the zero UUID names nothing")
	}
	return id, err
}

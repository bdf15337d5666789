package httpapi

import (
	"encoding/json"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/quota"
)

// budget responds with what may still be done on an account: what Postgres knows of it,
// and the requests that are left to Alpaca and to this server, of which each instance
// counts its own.
func (s *Server) budget(r *request) (response, error) {
	var sleeve uuid.UUID
	if text := r.query.Get("sleeve_id"); text != "" {
		var err error
		if sleeve, err = parseIDOf(text, "sleeve", problem.InvalidSleeve, "/api/sleeves"); err != nil {
			return response{}, err
		}
	}
	left, err := s.Sleeves.Budget(r.Context(), r.admission, sleeve)
	if err != nil {
		return response{}, err
	}
	body := budgetBody{Budget: left, RateLimit: rateLimit{Server: s.Quota.Left(r.admission.Token)}}
	var of struct {
		Account struct {
			Environment broker.Environment `json:"environment"`
		} `json:"account"`
	}
	if err := json.Unmarshal(left, &of); err != nil {
		return response{}, err
	}
	if s.Left != nil {
		if body.RateLimit.Trading, body.RateLimit.Data, err = s.Left(r.admission.Account.String(), of.Account.Environment, credentials.Sharer(r.admission)); err != nil {
			return response{}, err
		}
	}
	return ok(body, nil)
}

type (
	budgetBody struct {
		Budget    json.RawMessage `json:"budget"`
		RateLimit rateLimit       `json:"rate_limit"`
	}
	rateLimit struct {
		Trading broker.Left `json:"trading"`
		Data    broker.Left `json:"market_data"`
		Server  quota.Left  `json:"server"`
	}
)

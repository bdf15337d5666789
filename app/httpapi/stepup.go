package httpapi

import (
	"time"

	"paddock/app/problem"
)

// stepUpBody has what shows that it is still the session's user who asks.
type stepUpBody struct {
	Password string `json:"password"`
	Code     string `json:"code"` // of an authenticator app
}

func (s *Server) stepUp(r *request, body stepUpBody) (response, error) {
	if (body.Password == "") == (body.Code == "") {
		return response{}, problem.New(problem.InvalidStepUp, `Give either "password" or "code".`)
	}
	until, err := s.Sessions.StepUp(r.Request, body.Password, body.Code)
	return steppedUp(until, err)
}

func (s *Server) steppedUpUntil(r *request) (response, error) {
	return steppedUp(s.Sessions.SteppedUpUntil(r.Request))
}

func steppedUp(until time.Time, err error) (response, error) {
	return ok(struct {
		Until time.Time `json:"until"`
	}{until.UTC()}, err)
}

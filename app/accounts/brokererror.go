package accounts

import (
	"errors"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
)

// FromBroker turns a broker's error into a Problem that includes the broker's
// own words. Other errors are returned as they are.
func FromBroker(err error) error {
	var b *broker.Error
	if !errors.As(err, &b) {
		return err
	}
	var p *problem.Problem
	switch b.Kind {
	case broker.Unauthorized:
		p = problem.New(problem.Conflict, CodeNeedsCredentials, "Alpaca refuses this account's API keys. Make new ones at Alpaca and store them with PUT /api/accounts/:id/credentials.")
	case broker.Forbidden:
		p = problem.New(problem.Unprocessable, "broker_forbidden", "Alpaca does not allow this: see broker.message.")
	case broker.NotFound:
		p = problem.New(problem.NotFound, "broker_not_found", "Alpaca does not know this: see broker.message.")
	case broker.Invalid:
		p = problem.New(problem.Unprocessable, "broker_refused", "Alpaca refused the request: see broker.message.")
	case broker.RateLimited:
		p = problem.New(problem.TooMany, "broker_rate_limited", "This account has used up its requests to Alpaca for the moment. Wait as Retry-After says.")
		p.RetryAfter = b.RetryAfter
	default:
		p = problem.New(problem.Unavailable, "broker_unavailable", "Alpaca cannot be reached at the moment. Try again in a few seconds.")
		p.RetryAfter = b.RetryAfter
	}
	if p.RetryAfter <= 0 && (p.Kind == problem.TooMany || p.Kind == problem.Unavailable) {
		p.RetryAfter = 5 * time.Second
	}
	if b.Code != 0 || b.Message != "" && b.HTTPStatus != 0 || b.RequestID != "" {
		p.Broker = &problem.Broker{Code: b.Code, Message: b.Message, RequestID: b.RequestID, More: b.More}
	}
	return p.Because(err)
}

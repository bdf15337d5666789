package accounts

import (
	"errors"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
)

// FromBroker turns a broker's error into a Problem, with the broker's own
// words beside ours. Other errors are passed through.
func FromBroker(err error) error {
	var b *broker.Error
	if !errors.As(err, &b) {
		return err
	}
	var p *problem.Problem
	switch b.Kind {
	case broker.Unauthorized:
		p = problem.New(problem.NeedsCredentials, "Alpaca refuses this account's API keys. Make new ones at Alpaca and store them with PUT /api/accounts/:id/credentials.")
	case broker.Forbidden:
		p = problem.New(problem.BrokerForbidden, "Alpaca does not allow this: see broker.message.")
	case broker.NotFound:
		p = problem.New(problem.BrokerNotFound, "Alpaca does not know this: see broker.message.")
	case broker.Invalid:
		p = problem.New(problem.BrokerRefused, "Alpaca refused the request: see broker.message.")
	case broker.RateLimited:
		p = problem.New(problem.BrokerRateLimited, "This account has used up its requests to Alpaca for the moment. Wait as Retry-After says.")
		p.RetryAfter = b.RetryAfter
	default:
		p = problem.New(problem.BrokerUnavailable, "Alpaca cannot be reached at the moment. Try again in a few seconds.")
		p.RetryAfter = b.RetryAfter
	}
	if p.RetryAfter <= 0 && (p.Kind() == problem.KindTooMany || p.Kind() == problem.KindUnavailable) {
		p.RetryAfter = 5 * time.Second
	}
	if b.Code != 0 || b.Message != "" && b.HTTPStatus != 0 || b.RequestID != "" {
		p.Broker = &problem.Broker{Code: b.Code, Message: b.Message, RequestID: b.RequestID, More: b.More}
	}
	return p.Because(err)
}

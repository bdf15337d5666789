package accounts

import (
	"errors"
	"strings"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
)

// FromBroker turns a broker's error into a Problem. The broker's own words are in
// the message, which is also shown where there is no room for the details, and
// unchanged in the details. Other errors are returned as they are.
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
		p = problem.New(problem.BrokerForbidden, "%s", withWords("Alpaca does not allow this", b))
	case broker.NotFound:
		p = problem.New(problem.BrokerNotFound, "%s", withWords("Alpaca does not know this", b))
	case broker.Invalid:
		p = problem.New(problem.BrokerRefused, "%s", withWords("Alpaca refused the request", b))
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

// withWords adds the broker's words to ours, where it gave any.
func withWords(ours string, b *broker.Error) string {
	if b.Message == "" {
		return ours + ", and does not say why."
	}
	return ours + ": " + strings.TrimRight(b.Message, ".") + "."
}

package problem

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"paddock/app/broker"
)

// FromBroker turns a broker's error into a Problem. The broker's own words are in
// the message, which is also shown where there is no room for the details, and
// unchanged in the details. Other errors are returned as they are.
func FromBroker(err error) error {
	var b *broker.Error
	if !errors.As(err, &b) {
		return err
	}
	var p *Problem
	switch b.Kind {
	case broker.Unauthorized:
		p = New(NeedsCredentials, "Alpaca refuses this account's API keys. Make new ones at Alpaca and store them with PUT /api/accounts/:id/credentials.")
	case broker.Forbidden:
		p = New(BrokerForbidden, "%s", withWords("Alpaca does not allow this", b))
	case broker.NotFound:
		p = New(BrokerNotFound, "%s", withWords("Alpaca does not know this", b))
	case broker.Invalid:
		p = New(BrokerRefused, "%s", withWords("Alpaca refused the request", b))
	case broker.RateLimited:
		p = New(BrokerRateLimited, "This account has used up its requests to Alpaca for the moment. Wait as Retry-After says.")
		p.RetryAfter = b.RetryAfter
	default:
		p = New(BrokerUnavailable, "Alpaca cannot be reached at the moment. Try again in a few seconds.")
		if b.Kind == broker.Unavailable && b.HTTPStatus == http.StatusUnauthorized {
			p = New(BrokerUnavailable, "Alpaca refused the keys for this request, and has not confirmed it for the account itself, so they stay as they are. Try again in a few seconds.")
		}
		p.RetryAfter = b.RetryAfter
	}
	if p.RetryAfter <= 0 && (p.Kind() == KindTooMany || p.Kind() == KindUnavailable) {
		p.RetryAfter = 5 * time.Second
	}
	if b.Code != 0 || b.Message != "" && b.HTTPStatus != 0 || b.RequestID != "" {
		p.Broker = &Broker{Code: b.Code, Message: b.Message, RequestID: b.RequestID, More: b.More}
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

package problem_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
)

// Each kind of the broker's failures becomes a status, a code and a sentence
// that says what to do. The broker's own message is kept beside it.
func TestFromBroker(t *testing.T) {
	for kind, want := range map[broker.Kind]struct {
		kind  problem.Kind
		code  problem.Code
		after time.Duration
	}{
		broker.Unauthorized: {problem.KindConflict, problem.NeedsCredentials, 0},
		broker.Forbidden:    {problem.KindUnprocessable, problem.BrokerForbidden, 0},
		broker.NotFound:     {problem.KindNotFound, problem.BrokerNotFound, 0},
		broker.Invalid:      {problem.KindUnprocessable, problem.BrokerRefused, 0},
		broker.RateLimited:  {problem.KindTooMany, problem.BrokerRateLimited, 5 * time.Second},
		broker.Unavailable:  {problem.KindUnavailable, problem.BrokerUnavailable, 5 * time.Second},
		broker.Ambiguous:    {problem.KindUnavailable, problem.BrokerUnavailable, 5 * time.Second},
		broker.Canceled:     {problem.KindUnavailable, problem.BrokerUnavailable, 5 * time.Second},
	} {
		cause := &broker.Error{Kind: kind, Code: 40010001, Message: "the broker's words", RequestID: "request-1"}
		err := problem.FromBroker(cause)
		p := problem.Of(err)
		if p.Kind() != want.kind || p.Code != want.code || p.RetryAfter != want.after || !errors.Is(err, cause) {
			t.Errorf("%v: %+v, want %+v", kind, p, want)
		}
		if p.Broker == nil || !reflect.DeepEqual(*p.Broker, problem.Broker{Code: 40010001, Message: "the broker's words", RequestID: "request-1"}) {
			t.Errorf("%v: the broker's error is %+v", kind, p.Broker)
		}
		if !strings.HasSuffix(p.Message, ".") {
			t.Errorf("%v: %q is not a sentence", kind, p.Message)
		}
	}
	if p := problem.Of(problem.FromBroker(&broker.Error{Kind: broker.RateLimited, RetryAfter: 40 * time.Second})); p.RetryAfter != 40*time.Second || p.Broker != nil {
		t.Errorf("the broker's time to wait is lost: %+v", p)
	}
	for said, want := range map[string]string{
		"account is restricted.": "Alpaca does not allow this: account is restricted.",
		"no such feature":        "Alpaca does not allow this: no such feature.",
		"":                       "Alpaca does not allow this, and does not say why.",
	} {
		if p := problem.Of(problem.FromBroker(&broker.Error{Kind: broker.Forbidden, Message: said})); p.Message != want {
			t.Errorf("%q becomes %q, want %q", said, p.Message, want)
		}
	}
	other := errors.New("something else")
	if err := problem.FromBroker(other); err != other {
		t.Errorf("another error became %v", err)
	}
}

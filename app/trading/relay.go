package trading

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Call is a call that is passed through to the broker.
type Call struct {
	broker.Request
	Scope string // the required scope: read, cancel, trade or manage
	Check string // a sentence that says where to see the outcome of a change whose answer was lost
}

// needs says in words what each scope is needed for.
var needs = map[string]string{
	"read":   "Your role on this account does not allow reading.",
	"cancel": "Your role on this account does not allow trading.",
	"trade":  "Your role on this account does not allow trading, or the account is paused.",
	"manage": "Only the owner of this account may change how it is set up at Alpaca.",
}

// notPermitted is the problem of an admission without a scope.
func notPermitted(scope string) *problem.Problem {
	return problem.New(problem.NotPermitted, "%s", needs[scope])
}

// Relay passes a call through to the broker, and returns the answer while it
// arrives: see broker.Client.Relay. A change is carried out even when its
// client leaves. Errors of reading the answer's body go to Explain.
//
// It ends with not_permitted, needs_credentials, what Explain makes of a
// broker's error, or a problem of the admission.
func (s *Service) Relay(ctx context.Context, a tenant.Admission, r Call) (*broker.Response, error) {
	access, err := s.keys.Open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope($1)", r.Scope).QueryRow(func(row pgx.Row) error {
			var may bool
			err := row.Scan(&may)
			if err == nil && !may {
				return notPermitted(r.Scope)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	answer, err := access.Client.Relay(ctx, r.Request)
	switch {
	case answerLost(err):
		return nil, r.Explain(err)
	case err != nil:
		return nil, access.Explain(ctx, err)
	}
	return answer, nil
}

// answerLost reports whether a change may have been made and its answer was
// lost.
func answerLost(err error) bool {
	var b *broker.Error
	return errors.As(err, &b) && b.Kind == broker.Ambiguous
}

// Explain turns a broker's error into a problem: broker_answer_lost for a
// change that may have been made, and otherwise that of problem.FromBroker. A
// lost answer has no Retry-After, because a person must look whether the change
// was made before trying again.
func (r Call) Explain(err error) error {
	if !answerLost(err) {
		return problem.FromBroker(err)
	}
	return problem.New(problem.BrokerAnswerLost,
		"Alpaca's answer was lost, so that this may have been done or not. %s", r.Check).Because(err)
}

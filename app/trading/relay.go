package trading

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Relayed is a call that is passed through to the broker.
type Relayed struct {
	broker.Request
	Scope string // what the admission must allow: read, cancel, trade or manage
	Check string // a sentence: where to see what became of a change whose answer was lost
}

// needs says in words what a scope is missing for.
var needs = map[string]string{
	"read":   "Your role on this account does not allow reading.",
	"cancel": "Your role on this account does not allow trading.",
	"trade":  "Your role on this account does not allow trading, or the account is paused.",
	"manage": "Only the owner of this account may change how it is set up at Alpaca.",
}

// notPermitted is what is told when the admission lacks a scope.
func notPermitted(scope string) *problem.Problem {
	return problem.New(problem.NotPermitted, "%s", needs[scope])
}

// Relay passes a call through to the broker, and its answer back while it
// comes: see broker.Client.Relay. A change is carried through even when its
// client leaves. Give errors of the answer's body to Explain.
//
// It ends with not_permitted, needs_credentials, what Explain makes of a
// broker's error, or a problem of the admission.
func (s *Service) Relay(ctx context.Context, a tenant.Admission, r Relayed) (*broker.Response, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
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
	answer, err := client.Relay(ctx, r.Request)
	switch {
	case lost(err):
		return nil, r.Explain(err)
	case err != nil:
		return nil, s.refused(ctx, a, opened, err)
	}
	return answer, nil
}

// lost tells whether a change may have been made, and no answer says so.
func lost(err error) bool {
	var b *broker.Error
	return errors.As(err, &b) && b.Kind == broker.Ambiguous
}

// Explain puts a broker's error into words for people: broker_answer_lost for
// a change that may have been made, and otherwise what accounts.FromBroker
// makes of it. A lost answer has no Retry-After: what may have been done is
// looked up before it is done again.
func (r Relayed) Explain(err error) error {
	if !lost(err) {
		return accounts.FromBroker(err)
	}
	return problem.New(problem.BrokerAnswerLost,
		"Alpaca's answer was lost, so that this may have been done or not. %s", r.Check).Because(err)
}

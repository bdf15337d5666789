// Package passthrough hands requests on to Alpaca as they came, and its answers
// back: given an admission and a call of Alpaca's API, it asks the database
// whether the user may make it, and returns Alpaca's answer while it arrives.
package passthrough

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Call is a call that is passed through to the broker.
type Call struct {
	broker.Request
	Scope string // the required scope: read, cancel, trade or manage
	Check string // a sentence that says where to see the outcome of a change whose answer was lost
	// Action is what a change is called in the audit: see private.audit_call. ""
	// only where nothing is changed.
	Action string
}

// detail returns what the audit keeps of a change beside its path: the body,
// which is JSON that was checked, and the query.
func (c Call) detail() ([]byte, error) {
	detail := map[string]any{}
	if len(c.Query) > 0 {
		detail["query"] = c.Query
	}
	if len(c.Body) > 0 {
		detail["body"] = json.RawMessage(c.Body)
	}
	return json.Marshal(detail)
}

// Relay passes calls through.
type Relay struct {
	db   *tenant.DB
	keys *credentials.Opener
}

// New makes a Relay.
func New(db *tenant.DB, keys *credentials.Opener) *Relay { return &Relay{db, keys} }

// Do passes a call through to the broker, and returns the answer while it
// arrives: see broker.Client.Relay. A change is carried out even when its
// client leaves. Errors of reading the answer's body go to Explain.
//
// It ends with not_permitted, needs_credentials, what Explain makes of a
// broker's error, or a problem of the admission.
func (r *Relay) Do(ctx context.Context, a tenant.Admission, c Call) (*broker.Response, error) {
	if (c.Action == "") != (c.Method == http.MethodGet) {
		return nil, fmt.Errorf("%s %s changes something and has no name in the audit, or the other way round", c.Method, c.Kind)
	}
	detail, err := c.detail()
	if err != nil {
		return nil, fmt.Errorf("write a call's body for the audit: %w", err)
	}
	access, err := r.keys.Open(ctx, a, r.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope($1)", c.Scope).QueryRow(func(row pgx.Row) error {
			var may bool
			err := row.Scan(&may)
			if err == nil && !may {
				return tenant.NotPermitted(c.Scope)
			}
			return err
		})
		if c.Action != "" {
			b.Queue("select private.audit_call($1, $2) where private.has_scope($3)", c.Action, detail, c.Scope)
		}
	})
	if err != nil {
		return nil, err
	}
	if c.Method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	client := access.Client
	if c.Scope == "cancel" {
		client = client.Urgent()
	}
	answer, err := client.Relay(ctx, c.Request)
	switch {
	case broker.IsKind(err, broker.Ambiguous): // it may have been made
		return nil, c.Explain(err)
	case err != nil:
		return nil, access.Explain(ctx, err)
	}
	return answer, nil
}

// Explain turns a broker's error into a problem: broker_answer_lost for a
// change that may have been made, and otherwise that of problem.FromBroker. A
// lost answer has no Retry-After, because a person must look whether the change
// was made before trying again.
func (c Call) Explain(err error) error {
	if !broker.IsKind(err, broker.Ambiguous) {
		return problem.FromBroker(err)
	}
	return problem.New(problem.BrokerAnswerLost,
		"Alpaca's answer was lost, so that this may have been done or not. %s", c.Check).Because(err)
}

package trading

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// submission is an order to send to the broker: a new one, or one that replaces
// another.
type submission struct {
	key           string // the header Idempotency-Key; "" for none
	clientOrderID string // the client's; "" where we make one
	request, hash []byte // identify a retry
	try           bool   // a refusal by the guards makes no event, because the order is tried again
	// insert queues the statement that makes the intent, which returns a row if
	// it made one.
	insert func(b *tenant.Batch, id uuid.UUID, clientOrderID string, f guardInputs) *pgx.QueuedQuery
	send   func(ctx context.Context, c *broker.Client, clientOrderID string) (broker.OrderAnswer, error)
}

// resendUnsentSQL ends a statement that makes an intent: one that never reached
// the broker is sent again by its retry. (A closing is then for what is held by
// now.)
const resendUnsentSQL = `
	on conflict (account_id, client_order_id) do update
		set intent_state = 'submitting', status = 'submitting', status_message = null,
			qty = excluded.qty, looked_up_at = null, lookups = 0, reference_prices = excluded.reference_prices,
			requested_at = excluded.requested_at, updated_at = clock_timestamp()
		where o.intent_state = 'unsent' and o.request_hash = excluded.request_hash
	returning *)
	select private.append_event('order', app.order_event('submitting', row(made.*)::app.alpaca_orders), null) from made`

// selectIntentSQL finds the intent that was just made, or that was there
// before.
const selectIntentSQL = `select id, client_order_id, coalesce(request_hash, ''), intent_state, app.order_json(o),
	coalesce(status_message, ''), coalesce(broker_error_code, 0), coalesce(broker_request_id, ''), coalesce(idempotency_key = $3, false), broker_refusal
	from app.alpaca_orders o where account_id = $1 and client_order_id = app.client_order_id_for_key($1, $3, $2)`

// submit makes the intent, sends it once, and records the answer.
func (s *Service) submit(ctx context.Context, a tenant.Admission, sub submission) (Placed, error) {
	if err := checkKey(sub.key); err != nil {
		return Placed{}, err
	}
	intent, client, opened, err := s.commitGuarded(ctx, a, sub)
	if err != nil && !sub.try {
		return s.refuseRequest(ctx, a, sub.key, sub.clientOrderID, sub.hash, err)
	}
	if err != nil || intent.isRetry {
		return intent.Placed, err
	}

	// From here on the request is carried out even if the client leaves.
	ctx = context.WithoutCancel(ctx)
	call, cancel := context.WithTimeout(ctx, s.orderTimeout)
	defer cancel()
	answer, err := sub.send(call, client, intent.clientOrderID)

	record, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err == nil {
		return s.recordPlaced(record, a, intent.Placed, answer)
	}
	refusal := broker.Refusal(err)
	// Only this order can have an id that we made: the order has arrived
	// already, for example because a wind-down sent a closing again.
	arrived := refusedClientOrderID(err) && sub.clientOrderID == ""
	if refusal == nil || arrived {
		s.log.WarnContext(ctx, "the broker's answer to an order was lost; it will be looked up", "account", a.Account, "order", intent.id, "err", err)
		return intent.Placed, nil
	}
	return s.recordRefused(record, a, intent.id, opened, refusal)
}

// refusedClientOrderID reports whether the broker refused an order for its
// client_order_id.
func refusedClientOrderID(err error) bool {
	var refusal *broker.Error
	return errors.As(err, &refusal) && refusal.Kind == broker.Invalid && strings.Contains(refusal.Message, "client_order_id")
}

// intent is an order that was committed, or found, before the call.
type intent struct {
	Placed
	id            uuid.UUID
	clientOrderID string // that is sent to the broker
	isRetry       bool   // the order was there already
}

// foundIntent is the row that selectIntentSQL returns.
type foundIntent struct {
	id            uuid.UUID
	clientOrderID string
	hash          []byte
	state         string
	order         json.RawMessage
	said          problem.Broker // why it was refused
	sameKey       bool
}

func (f *foundIntent) queue(b *tenant.Batch, account uuid.UUID, clientOrderID, key string) {
	b.Queue(selectIntentSQL, account, clientOrderID, key).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&f.id, &f.clientOrderID, &f.hash, &f.state, &f.order, &f.said.Message, &f.said.Code, &f.said.RequestID, &f.sameKey, &f.said.More)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
}

// retryResult returns the result of a retry, by what became of the first
// request.
func (f *foundIntent) retryResult(sum []byte) (intent, error) {
	switch {
	case string(f.hash) != string(sum) && f.sameKey:
		return intent{}, idempotencyKeyReused()
	case string(f.hash) != string(sum):
		return intent{}, clientOrderIDTaken("Another order of this account")
	case f.state == "rejected":
		return intent{}, rejected(f.said)
	case f.state == "unknown":
		return intent{}, f.unclear(problem.OrderUnknown, "Alpaca's answer to this order was lost, and nothing has been found of it: nobody knows whether it was placed. "+
			"Look at Alpaca. If it was never placed, say so with POST /api/orders/%s/dismiss and send it under a new client_order_id or Idempotency-Key.", f.id)
	case f.state == "dismissed":
		return intent{}, f.unclear(problem.OrderDismissed, "Somebody has seen that this order was never placed, and its retry sends nothing. "+
			"Send it under a new client_order_id or Idempotency-Key.")
	}
	return intent{Placed: Placed{Order: f.order, Known: f.state == "accepted"}, isRetry: true}, nil
}

func clientOrderIDTaken(by string) *problem.Problem {
	return problem.New(problem.ClientOrderIDTaken,
		"%s has this client_order_id. Send a new one, or repeat the first order unchanged.", by)
}

// unclear is the problem of a retry of an order that was not placed as far as
// is known. It includes the order.
func (f *foundIntent) unclear(code problem.Code, format string, args ...any) error {
	p := problem.New(code, format, args...)
	p.Details = map[string]any{"intent_state": f.state, "order": f.order}
	return p
}

// commitIntent makes the intent, or finds the first with its id, in one
// transaction with reading the keys. The guards' verdict is an error of
// Postgres.
func (s *Service) commitIntent(ctx context.Context, a tenant.Admission, sub submission, f guardInputs) (intent, *broker.Client, accounts.Opened, error) {
	var found foundIntent
	made := false
	id := uuid.New()
	clientOrderID := sub.clientOrderID
	if clientOrderID == "" {
		clientOrderID = id.String()
	}
	client, opened, err := s.open(ctx, a, s.db.TxNotify, func(b *tenant.Batch) {
		f.queue(b, a.Account)
		sub.insert(b, id, clientOrderID, f).Query(func(rows pgx.Rows) error { made = rows.Next(); rows.Close(); return rows.Err() })
		found.queue(b, a.Account, clientOrderID, sub.key)
	})
	if tenant.SQLState(err) == "PD410" {
		err = clientOrderIDTaken("Another order at this Alpaca account").Because(err)
	}
	if tenant.SQLState(err) == "PD411" {
		err = problem.New(problem.RetryRefused, "A retry of this request was refused while this one was under way, so that this one sent nothing.").Because(err)
	}
	if tenant.Unstorable(err) {
		err = invalidOrder("A text in the order cannot be stored: it is not valid UTF-8.").Because(err)
	}
	switch {
	case err != nil:
		return intent{}, nil, opened, err
	case found.id == uuid.Nil:
		return intent{}, nil, opened, notPermitted("trade")
	case made:
		return intent{Placed: Placed{Order: found.order}, id: found.id, clientOrderID: found.clientOrderID}, client, opened, nil
	}
	retry, err := found.retryResult(sub.hash)
	return retry, nil, opened, err
}

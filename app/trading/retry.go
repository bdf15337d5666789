package trading

import (
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// selectIntentSQL finds the intent that was just made, or that was there
// before.
const selectIntentSQL = `select id, client_order_id, coalesce(request_hash, ''), intent_state, app.order_json(o),
	coalesce(status_message, ''), coalesce(broker_error_code, 0), coalesce(broker_request_id, ''), coalesce(idempotency_key = $3, false), broker_refusal
	from app.alpaca_orders o where account_id = $1 and client_order_id = (select app.client_order_id_for_key($1, $3, $2))` // asked once, and not for each row

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
		return f.read(row)
	})
}

// read reads the row, and before it what more names. No row leaves everything as it is.
func (f *foundIntent) read(row pgx.Row, more ...any) error {
	err := row.Scan(append(more, &f.id, &f.clientOrderID, &f.hash, &f.state, &f.order, &f.said.Message, &f.said.Code, &f.said.RequestID, &f.sameKey, &f.said.More)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// retryResult returns the result of a retry, by what became of the first
// request.
func (f *foundIntent) retryResult(hash []byte) (Placed, error) {
	switch {
	case string(f.hash) != string(hash) && f.sameKey:
		return Placed{}, idempotencyKeyReused()
	case string(f.hash) != string(hash):
		return Placed{}, clientOrderIDTaken("Another order of this account")
	case f.state == "rejected":
		return Placed{}, rejected(f.said)
	case f.state == "unknown":
		return Placed{}, f.unclear(problem.OrderUnknown, "Alpaca's answer to this order was lost, and nothing has been found of it: nobody knows whether it was placed. "+
			"Look at Alpaca. If it was never placed, say so with POST /api/orders/%s/dismiss and send it under a new client_order_id or Idempotency-Key.", f.id)
	case f.state == "dismissed":
		return Placed{}, f.unclear(problem.OrderDismissed, "Somebody has seen that this order was never placed, and its retry sends nothing. "+
			"Send it under a new client_order_id or Idempotency-Key.")
	}
	return Placed{Order: f.order, Known: f.state == "accepted"}, nil
}

func clientOrderIDTaken(by string) *problem.Problem {
	return problem.New(problem.ClientOrderIDTaken,
		"%s has this client_order_id. Send a new one, or repeat the first order unchanged.", by)
}

// takenByJob is the problem of a request whose key or client_order_id a job has that
// waits to send another order. The error's detail says which.
func takenByJob(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Detail == "key" {
		return idempotencyKeyReused().Because(err)
	}
	return clientOrderIDTaken("An order of this account that waits to be sent").Because(err)
}

// unclear is the problem of a retry of an order that was not placed as far as
// is known. It includes the order.
func (f *foundIntent) unclear(code problem.Code, format string, args ...any) error {
	p := problem.New(code, format, args...)
	p.Details = map[string]any{"intent_state": f.state, "order": f.order}
	return p
}

// CheckKey returns invalid_idempotency_key for a bad key. "" is no key and
// valid.
func CheckKey(key string) error {
	if validate.Var(key, "max=255,printascii") != nil {
		return problem.New(problem.InvalidIdempotencyKey, "The header Idempotency-Key must be printable ASCII of at most 255 characters, such as a UUID.")
	}
	return nil
}

// idempotencyKeyReused is the problem of a key that came with another request
// before.
func idempotencyKeyReused() *problem.Problem {
	return problem.New(problem.IdempotencyKeyReused,
		"This Idempotency-Key was sent with another request. Send a new key, or repeat the first request unchanged.")
}

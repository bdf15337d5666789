package trading

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// The road of an order, from a checked request to the broker's answer. This
// file has its steps in their order:
//
//	prepare  what was asked for, and by what its retry is known
//	commit   the intent, as soon as the guards accept it; refuse where it fails
//	send     the order to the broker, with no transaction open
//	record   the broker's answer
//
// Place, Replace and Close prepare a request and submit it.

// submission is an order for submit: an OrderRequest, which a closing is too, or
// a replacement.
type submission interface {
	// intentSQL returns the statement that makes the intent or finds the first with
	// its id, which ends with resendUnsentSQL, and its parameters from $7 on. $1 to $6 are the account,
	// the client_order_id, the key, the intent's id, and the request's hash and
	// text.
	intentSQL(prices []byte, began tenant.Age) (sql string, parameters []any)
	// symbol returns what the order trades; "" for several.
	symbol() string
	// send sends the order to the broker.
	send(ctx context.Context, c *broker.Client, clientOrderID string) (sent, error)
}

// Placed is the result of sending an order: the order as it is in Postgres, and
// whether the broker's answer is known; or the job that sends it later.
type Placed struct {
	Order json.RawMessage
	Known bool
	Job   json.RawMessage // nil where there is an order
	JobID uuid.UUID
}

// prepared is a request that is ready to be submitted.
type prepared struct {
	id            uuid.UUID // of the intent that it makes
	key           string    // the header Idempotency-Key; "" for none
	clientOrderID string    // the client's; "" where we make one
	text, hash    []byte    // of the request; the hash identifies a retry
	began         tenant.Age
	tentative     bool // a refusal by the guards is not recorded: the caller tries again
	waits         bool // what passes is no refusal: the caller tries again, and has told nobody
	isJob         bool // id is that of the job that is carried out
}

// prepare prepares a checked request of a client, which is stored as JSON. It
// ends with invalid_idempotency_key.
func prepare(key, clientOrderID string, request any, began tenant.Age) (prepared, error) {
	if err := CheckKey(key); err != nil {
		return prepared{}, err
	}
	text, hash := requestText(request)
	return prepared{id: uuid.New(), key: key, clientOrderID: clientOrderID, text: text, hash: hash, began: began}, nil
}

// requestText returns a request as JSON, and its SHA-256, by which a retry is
// told from another request with the same id or key.
func requestText(request any) (text, hash []byte) {
	text, err := json.Marshal(request)
	if err != nil {
		panic(err) // cannot happen: strings, booleans and decimals always marshal
	}
	sum := sha256.Sum256(text)
	return text, sum[:]
}

// submit makes the intent, sends it once, and records the answer.
func (s *Service) submit(ctx context.Context, a tenant.Admission, p prepared, order submission) (placed Placed, err error) {
	made, err := s.commit(ctx, a, p, order)
	if p.tentative && problem.Is(err, problem.GuardRefused) || p.waits && passes(err) {
		return Placed{}, err
	}
	defer func() { s.observeOrder(placed, made.isRetry, err) }()
	var need *unapproved
	switch {
	case errors.As(err, &need):
		return s.propose(ctx, a, p, need)
	case tenant.SQLState(err) == "PD412": // what has the id or the key is another request, and stands
		return Placed{}, err
	case err != nil:
		return s.refuse(ctx, a, p, err)
	case made.isRetry:
		return made.Placed, nil
	}
	defer s.UnderWay.Send(a.Account, made.clientOrderID)()
	arrival := s.askArrival(ctx, made, order.symbol())
	answer, err := s.send(ctx, made, order)
	return s.record(ctx, a, p, made, answer, arrival, err)
}

// intent is an order that was committed, or found, before the call.
type intent struct {
	Placed
	credentials.Access
	id            uuid.UUID
	clientOrderID string // that is sent to the broker
	isRetry       bool   // the order was there already
}

// commit makes the intent, or finds the first with its id. Until the account's
// guards accept or refuse it, it tries again with what they need to know.
func (s *Service) commit(ctx context.Context, a tenant.Admission, p prepared, order submission) (intent, error) {
	for asking := s.newInquiry(); ; {
		made, err := s.commitIntent(ctx, a, p, order, asking.inputs)
		v, is := verdictIn(err)
		if !is {
			return made, asUnapproved(err, asking.inputs)
		}
		if len(v.Violations) > 0 && !p.tentative {
			s.observeGuards(v)
			s.appendRefusal(ctx, a, p, v)
		}
		if err := s.answerNeeds(ctx, a, &asking, v); err != nil {
			return intent{}, err
		}
	}
}

// resendUnsentSQL ends a statement that makes an intent: one that never reached
// the broker is sent again by its retry. (A closing is then for what is held by
// now.)
//
// Then it returns the order that was made, or the one that has the client_order_id or
// the key already, as foundIntent reads it: in one statement, because describing
// an order takes longer than finding it.
const resendUnsentSQL = `
	on conflict (account_id, client_order_id) do update
		set intent_state = 'submitting', status = 'submitting', status_message = null,
			qty = excluded.qty, looked_up_at = null, lookups = 0, reference_prices = excluded.reference_prices,
			requested_at = excluded.requested_at, updated_at = clock_timestamp()
		where o.intent_state = 'unsent' and o.request_hash = excluded.request_hash
	returning *), described as materialized (
		select id, client_order_id, app.order_json(row(made.*)::app.alpaca_orders) as body from made), said as materialized (
		select private.append_event('order', app.change_event('submitting', body), null) from described)
	select true, id, client_order_id, ''::bytea, '', body, '', 0, '', false, null::jsonb from described, (select count(*) from said) told
	union all select false, found.* from (` + selectIntentSQL + `) found where not exists (select from made)`

// commitIntent makes the intent, or finds the first with its id, in one
// transaction with reading the keys. The guards' verdict is an error of
// Postgres.
func (s *Service) commitIntent(ctx context.Context, a tenant.Admission, p prepared, order submission, inputs guardInputs) (intent, error) {
	clientOrderID := p.clientOrderID
	if clientOrderID == "" {
		clientOrderID = p.id.String()
	}
	sql, parameters := order.intentSQL(inputs.prices(), p.began)
	parameters = append([]any{a.Account, clientOrderID, p.key, p.id, p.hash, p.text}, parameters...)
	made := false
	var found foundIntent
	access, err := s.keys.Open(ctx, a, s.db.TxNotify, func(b *tenant.Batch) {
		s.queueBalance(b, a.Account, inputs.account)
		b.Queue(sql, parameters...).QueryRow(func(row pgx.Row) error { return found.read(row, &made) })
	})
	switch {
	case tenant.SQLState(err) == "PD410":
		return intent{}, clientOrderIDTaken("Another order at this Alpaca account").Because(err)
	case tenant.SQLState(err) == "PD411":
		return intent{}, problem.New(problem.RetryRefused, "A retry of this request was refused while this one was under way, so that this one sent nothing.").Because(err)
	case tenant.SQLState(err) == "PD412":
		return intent{}, takenByJob(err)
	case tenant.Unstorable(err):
		return intent{}, invalidOrder("A text in the order cannot be stored: it is not valid UTF-8.").Because(err)
	case err != nil:
		return intent{}, err
	case found.id == uuid.Nil:
		return intent{}, tenant.NotPermitted("trade")
	case !made:
		placed, err := found.retryResult(p.hash)
		return intent{Placed: placed, isRetry: true}, err
	}
	return intent{Placed: Placed{Order: found.order}, Access: access, id: found.id, clientOrderID: found.clientOrderID}, nil
}

// appendRefusal adds the guards' refusal to the account's events. The order is
// refused even where that fails.
func (s *Service) appendRefusal(ctx context.Context, a tenant.Admission, p prepared, v verdict) {
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	violations, err := json.Marshal(v.Violations)
	if err == nil {
		err = s.db.TxNotify(record, a, func(b *tenant.Batch) {
			b.Queue(`select private.append_event('guard', jsonb_build_object('event', 'refused', 'violations', $1::jsonb, 'request', $2::jsonb,
				'submitted_by', private.user_id()), null)`, violations, p.text)
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "a guard's refusal could not be added to the events", "err", err)
	}
}

// refuse settles that a request for an order is refused before it made one.
// Another request for the same order may be under way: its retry, or the one
// that it is a retry of. If that has made the order by now, refuse returns its
// result. If not, an older one will make none any more, so that the client was
// told the truth. A request that names no order, by neither a key nor a
// client_order_id, has no retry.
func (s *Service) refuse(ctx context.Context, a tenant.Admission, p prepared, refused error) (Placed, error) {
	if p.key == "" && p.clientOrderID == "" {
		return Placed{}, refused
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	var other foundIntent
	err := s.db.TxNotify(record, a, func(b *tenant.Batch) {
		b.Queue("select app.refuse_request($1, $2, $3)", a.Account, p.key, p.clientOrderID)
		other.queue(b, a.Account, p.clientOrderID, p.key)
	})
	if err != nil || other.id == uuid.Nil || other.state == "unsent" || other.state == "rejected" {
		return Placed{}, refused
	}
	return other.retryResult(p.hash)
}

// sent is what the broker said when it accepted an order.
type sent struct {
	order    broker.OrderAnswer
	replaced broker.OrderAnswer // the order that it replaced, as it is then; without Raw where there is none
}

// send sends the order to the broker, once. From here on the request is carried
// out even if the client leaves.
func (s *Service) send(ctx context.Context, made intent, order submission) (sent, error) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.orderTimeout)
	defer cancel()
	return order.send(call, made.Client, made.clientOrderID)
}

// record records what the broker said of the order. What it said may have been
// lost: then the order is left to be looked up.
func (s *Service) record(ctx context.Context, a tenant.Admission, p prepared, made intent, answer sent, arrival *arrival, err error) (Placed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err == nil {
		placed, err := s.recordPlaced(ctx, a, made.Placed, answer.order, arrival)
		if answer.replaced.Raw != nil {
			_, _ = s.recordPlaced(ctx, a, Placed{}, answer.replaced, nil) // the stream sends it too
		}
		return placed, err
	}
	refusal := broker.Refusal(err)
	// Only this order can have an id that we made: the order has arrived
	// already, for example because a wind-down sent a closing again.
	arrived := refusedClientOrderID(err) && p.clientOrderID == ""
	if refusal == nil || arrived {
		s.log.WarnContext(ctx, "the broker's answer to an order was lost; it will be looked up", "order", made.id, "err", err)
		return made.Placed, nil
	}
	return s.recordRefused(ctx, a, made, refusal)
}

const (
	recordPlacedSQL  = "select private.record_answer($1, $2, $3, $4)"
	recordRefusedSQL = "select private.record_not_placed($1, $2, $3, $4, $5, $6, $7, $8)"
	acceptedOrderSQL = `select app.order_json(o) from app.alpaca_orders o where account_id = $1 and id = $2 and intent_state = 'accepted'`
)

// recordPlaced records an order as the broker has it, and the quote that it met. Where that fails it
// returns what was known before.
func (s *Service) recordPlaced(ctx context.Context, a tenant.Admission, before Placed, answer broker.OrderAnswer, arrival *arrival) (Placed, error) {
	var order json.RawMessage
	versions, keys := s.keys.Proof(a.Account)
	kept := arrival == nil
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(recordPlacedSQL, versions, keys, []byte(answer.Raw), answer.RequestID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&order) })
		kept = kept || arrival.queue(b, a.Account)
	})
	if !kept {
		s.keepArrival(ctx, a, arrival)
	}
	if err != nil {
		// The order is placed and its intent is committed: it will be found at
		// the broker by its client_order_id.
		s.log.ErrorContext(ctx, "an order was placed and could not be recorded; it will be looked up", "err", err)
		return before, nil
	}
	return Placed{Order: order, Known: true}, nil
}

// recordRefused records that the order was surely not placed, and why: the
// broker refused it, or it never arrived, and then its retry may be sent. An
// order that is at the broker by now, because a wind-down has sent this closing
// again, is returned: only its first sending was refused.
func (s *Service) recordRefused(ctx context.Context, a tenant.Admission, made intent, refusal *broker.Error) (Placed, error) {
	p := problem.Of(made.Explain(ctx, refusal))
	state, reason := "unsent", p.Message
	if p.Kind() == problem.KindUnprocessable || p.Kind() == problem.KindNotFound {
		state, reason = "rejected", refusal.Message
		p = rejected(problem.Broker{Code: refusal.Code, Message: refusal.Message, RequestID: refusal.RequestID, More: refusal.More}).Because(refusal)
	}
	var existing found
	var accepted json.RawMessage
	versions, keys := s.keys.Proof(a.Account)
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(recordRefusedSQL, versions, keys, made.id, state, reason, refusal.Code, refusal.RequestID, refusal.MoreJSON())
		b.Queue(acceptedOrderSQL, a.Account, made.id).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&accepted); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
		if other, err := uuid.Parse(refusal.ExistingOrderID); err == nil {
			queueFind(b, &existing, orderByIDSQL, a.Account, other)
		}
	})
	if refusal.ExistingOrderID != "" {
		p = collided(p, refusal.ExistingOrderID, existing.order)
	}
	if err != nil && !problem.Is(err, problem.OrderNotFound) {
		s.log.ErrorContext(ctx, "a refused order could not be recorded; it will be looked up", "order", made.id, "err", err)
	}
	if accepted != nil {
		return Placed{Order: accepted, Known: true}, nil
	}
	return Placed{}, p
}

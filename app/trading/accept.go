package trading

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	// acceptOrderSQL makes a job for the order, unless there is a job or an order of
	// this key or client_order_id. An order that never reached the broker is sent
	// again, as by its retry.
	acceptOrderSQL = `insert into app.jobs (account_id, id, kind, idempotency_key, client_order_id, request, request_hash)
		select $1, $2, 'order', nullif($3, ''), nullif($4, ''), $5, $6
		where not exists (select from app.jobs j where j.account_id = $1 and j.ended_at is null and j.idempotency_key = nullif($3, ''))
			and not exists (select from app.jobs j where j.account_id = $1 and j.ended_at is null and j.client_order_id = nullif($4, ''))
			and not exists (select from app.alpaca_orders o where o.account_id = $1 and o.idempotency_key = nullif($3, '')
				and (o.intent_state <> 'unsent' or o.request_hash is distinct from $6))
			and not exists (select from app.alpaca_orders o where o.account_id = $1 and o.client_order_id = nullif($4, '')
				and (o.intent_state <> 'unsent' or o.request_hash is distinct from $6))`
	// selectJobSQL finds the job that was just made, or that was there before.
	// Each of the three has an index: ten thousand jobs may wait.
	selectJobSQL = `select j.id, j.request_hash, ` + jobSQL + `, coalesce(j.idempotency_key = nullif($3, ''), false)
		from (select 1 as place, n.id from app.jobs n where n.account_id = $1 and n.id = $2
			union all select 2, n.id from app.jobs n where n.account_id = $1 and n.ended_at is null and n.idempotency_key = nullif($3, '')
			union all select 3, n.id from app.jobs n where n.account_id = $1 and n.ended_at is null and n.client_order_id = nullif($4, '')) found
		join app.jobs j on j.account_id = $1 and j.id = found.id order by found.place limit 1`
)

// Accept accepts an order that is sent once the request has been answered, by a
// job. A retry with the same client_order_id or idempotency key, and the same body,
// returns the job that the first request made or, once that has made the order, what
// Place returns to a retry. So the two ways to ask for an order can be mixed.
//
// It ends with invalid_order, invalid_idempotency_key, client_order_id_taken,
// idempotency_key_reused, too_many_jobs, what an order that is there answers its
// retry, or a problem of the admission.
func (s *Service) Accept(ctx context.Context, a tenant.Admission, key string, r OrderRequest) (Placed, error) {
	return s.AcceptWith(ctx, a, key, r, nil)
}

// AcceptWith is Accept with more statements in the transaction that makes the job, whose
// id they are given.
func (s *Service) AcceptWith(ctx context.Context, a tenant.Admission, key string, r OrderRequest, with func(*tenant.Batch, uuid.UUID)) (Placed, error) {
	if err := r.Check(); err != nil {
		return Placed{}, err
	}
	p, err := prepare(key, r.ClientOrderID, &r, tenant.Age(time.Now()))
	if err != nil {
		return Placed{}, err
	}
	return s.accept(ctx, a, p, nil, with)
}

// accept makes the job of an order, unless there is one already, or the order. Where it
// needs a person's word, the job waits for that.
func (s *Service) accept(ctx context.Context, a tenant.Admission, p prepared, need *unapproved, with func(*tenant.Batch, uuid.UUID)) (Placed, error) {
	var order foundIntent
	var accepted Placed
	var hash []byte
	var sameKey bool
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		if with != nil {
			with(b, p.id)
		}
		b.Queue(acceptOrderSQL, a.Account, p.id, p.key, p.clientOrderID, p.text, p.hash)
		if need != nil {
			b.Queue(proposeAcceptedSQL, a.Account, p.id, need.need, need.prices)
		}
		b.Queue(selectJobSQL, a.Account, p.id, p.key, p.clientOrderID).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&accepted.JobID, &hash, &accepted.Job, &sameKey)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
		order.queue(b, a.Account, p.clientOrderID, p.key)
	})
	switch {
	case tenant.Unstorable(err):
		return Placed{}, invalidOrder("A text in the order cannot be stored: it is not valid UTF-8.").Because(err)
	case err != nil:
		return Placed{}, err
	case accepted.Job == nil && order.id == uuid.Nil:
		return Placed{}, tenant.NotPermitted("trade")
	case accepted.Job == nil:
		return order.retryResult(p.hash)
	case string(hash) != string(p.hash) && sameKey:
		return Placed{}, idempotencyKeyReused()
	case string(hash) != string(p.hash):
		return Placed{}, clientOrderIDTaken("An order of this account that waits to be sent")
	}
	return accepted, nil
}

const selectAcceptedSQL = `select coalesce(idempotency_key, ''), coalesce(client_order_id, ''), request, request_hash, clock_timestamp() - accepted_at,
	clock_timestamp() - began_at from app.jobs where account_id = $1 and id = $2 and kind = 'order'`

// sendFor is for how long an accepted order is tried to be sent, from the first try.
const sendFor = 2 * time.Minute

// PlaceAccepted sends the order, the replacement or the cancellation of one, that a job was accepted for,
// and returns what Place would have. The admission is the job's. It sends nothing where
// the order is there already, since the server died that began the job before, nor where
// it needs a person's word: then the job waits for that.
//
// again reports whether the order was surely not placed for a reason that passes, so
// that the job is to be tried again after that time.
func (s *Service) PlaceAccepted(ctx context.Context, a tenant.Admission, job uuid.UUID) (placed Placed, again time.Duration, err error) {
	p := prepared{id: job, isJob: true}
	var order submission
	var age, tried time.Duration
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(selectAcceptedSQL, a.Account, job).QueryRow(func(row pgx.Row) error {
			return row.Scan(&p.key, &p.clientOrderID, &p.text, &p.hash, &age, &tried)
		})
	})
	if err == nil {
		if canceled, is := cancels(p.text); is {
			return s.cancelAccepted(ctx, a, canceled, tried)
		}
		order, err = s.accepted(ctx, a, p.text)
	}
	if err == nil {
		p.began = tenant.Age(time.Now().Add(-age))
		p.waits = tried < sendFor
		placed, err = s.submit(ctx, a, p, order)
	}
	if p.waits && passes(err) {
		return placed, max(problem.Of(err).RetryAfter, time.Second), err
	}
	return placed, 0, err
}

// cancelAccepted cancels an order as a job that was tried for this long asks for. An order
// whose answer is missing may be at the broker all the same: it is asked for again.
func (s *Service) cancelAccepted(ctx context.Context, a tenant.Admission, id uuid.UUID, tried time.Duration) (placed Placed, again time.Duration, err error) {
	placed.Order, err = s.Cancel(ctx, a, id)
	placed.Known = true
	if err == nil || tried >= sendFor {
		return placed, 0, err
	}
	var f found
	if problem.Is(err, problem.OrderNotCancelable) {
		if read := s.db.Tx(ctx, a, func(b *tenant.Batch) { queueFind(b, &f, orderByIDSQL, a.Account, id) }); read != nil {
			return placed, 0, err
		}
	}
	if f.State == "submitting" || passes(err) {
		return placed, max(problem.Of(err).RetryAfter, time.Second), err
	}
	return placed, 0, err
}

// cancels returns the order that a job cancels, if it does: a copy of a leader's
// cancellation.
func cancels(text []byte) (order uuid.UUID, is bool) {
	var which struct {
		Cancels *uuid.UUID `json:"cancels"`
	}
	if err := json.Unmarshal(text, &which); err != nil || which.Cancels == nil {
		return order, false
	}
	return *which.Cancels, true
}

// accepted reads the request of a job: an order, or the replacement of one.
func (s *Service) accepted(ctx context.Context, a tenant.Admission, text []byte) (submission, error) {
	var which struct {
		Replaces *uuid.UUID `json:"replaces"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return nil, err
	}
	if which.Replaces == nil {
		var r OrderRequest
		err := json.Unmarshal(text, &r)
		return &r, err
	}
	var r Replacement
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	old, err := s.replaceable(ctx, a, *which.Replaces)
	return &replacement{Replacement: r, old: old}, err
}

// passes reports whether an order was surely not placed for a reason that passes.
func passes(err error) bool {
	switch problem.Of(err).Code {
	case problem.BrokerRateLimited, problem.BrokerUnavailable, problem.DatabaseUnavailable, problem.AccountNotSynced:
		return err != nil
	}
	return false
}

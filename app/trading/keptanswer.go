package trading

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// giveUpRequestSQL deletes a request that has been running for too long, unless
// another retry has started it again since.
const giveUpRequestSQL = `delete from app.kept_answers
	where account_id = $1 and idempotency_key = $2 and answer is null and clock_timestamp() - asked_at > $3::interval`

// underWay is how long a request without an answer counts as running. After
// that its server must have ended, and its results are read from the orders.
const underWay = time.Minute

const (
	keepRequestSQL = `insert into app.kept_answers as k (account_id, idempotency_key, request_hash, asked_by) values ($1, $2, $3, private.user_id())
		on conflict do nothing returning true`
	selectAnswerSQL = `select k.request_hash = $3, k.answer, clock_timestamp() - k.asked_at > $4::interval,
			(select coalesce(jsonb_agg(jsonb_build_object('symbol', o.symbol, 'status',
					case o.intent_state when 'submitting' then 202 when 'accepted' then 200 else 422 end, 'body', app.order_json(o)) order by o.symbol), '[]')
				from app.alpaca_orders o where o.account_id = $1 and o.reduce_only and o.request->>'close_all' = $2)
		from app.kept_answers k where k.account_id = $1 and k.idempotency_key = $2`
)

// firstAnswer returns the response to the first request with this key. It
// returns nil where this is the first, and records it. refused is why a first
// request would be refused; then nothing is recorded.
func (s *Service) firstAnswer(ctx context.Context, a tenant.Admission, key string, sum []byte, refused error) (json.RawMessage, error) {
	var same, over bool
	first, known := false, true
	var answer, made json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		if refused == nil {
			b.Queue(keepRequestSQL, a.Account, key, sum).Query(func(rows pgx.Rows) error { first = rows.Next(); rows.Close(); return rows.Err() })
		}
		b.Queue(selectAnswerSQL, a.Account, key, sum, underWay).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&same, &answer, &over, &made)
			if errors.Is(err, pgx.ErrNoRows) {
				known = false
				return nil
			}
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, refused
	case first:
		return nil, nil
	case !same:
		return nil, idempotencyKeyReused()
	case answer != nil:
		return answer, nil
	case over && string(made) == "[]" && refused == nil:
		// The server of the first request ended before it sent anything, so
		// that this one counts as the first.
		err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) { b.Queue(giveUpRequestSQL, a.Account, key, underWay) })
		if err != nil {
			return nil, err
		}
		return s.firstAnswer(ctx, a, key, sum, nil)
	case over:
		return made, nil
	}
	p := problem.New(problem.RequestUnderWay, "The first request with this Idempotency-Key is still under way. Ask again for its answer in a few seconds.")
	p.RetryAfter = 2 * time.Second
	return nil, p
}

// KeepAnswer stores the response to a request, for its retry.
func (s *Service) KeepAnswer(ctx context.Context, a tenant.Admission, key string, answer json.RawMessage) {
	s.note(ctx, a, "an answer could not be kept for its retry, which is told of the orders", func(b *tenant.Batch) {
		b.Queue("update app.kept_answers set answer = $3 where account_id = $1 and idempotency_key = $2 and answer is null", a.Account, key, answer)
	})
}

// forgetAnswer lets a request that ended before it sent anything be tried
// again.
func (s *Service) forgetAnswer(ctx context.Context, a tenant.Admission, key string) {
	s.note(ctx, a, "a request that was refused keeps its key for a while", func(b *tenant.Batch) {
		b.Queue("delete from app.kept_answers where account_id = $1 and idempotency_key = $2 and answer is null", a.Account, key)
	})
}

// note writes something that does not depend on whether the client still waits,
// and logs a failure.
func (s *Service) note(ctx context.Context, a tenant.Admission, otherwise string, queue func(*tenant.Batch)) {
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.db.TxNotify(record, a, queue); err != nil {
		s.log.WarnContext(ctx, otherwise, "err", err)
	}
}

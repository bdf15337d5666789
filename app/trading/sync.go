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

// syncPoll is the time between two looks for a reconciliation's answer.
const syncPoll = 200 * time.Millisecond

// A reconciliation is asked of whoever holds the account's stream: it alone
// may record orders that were placed elsewhere, and its lease keeps two from
// being made at once. One that is under way is joined; within ten seconds of
// the last answer none is begun, since each costs the account requests; one
// that nobody answered for a minute is asked for again.
const (
	askSync = `insert into app.syncs as y (account_id, asked_by)
		select $1, private.user_id() where exists (select from private.credentials_metadata() where rejected_at is null)
		on conflict (account_id) do update set asked = y.asked + 1, asked_at = clock_timestamp(), asked_by = excluded.asked_by
			where y.asked = y.answered and y.answered_at < clock_timestamp() - interval '10 seconds'
				or y.asked > y.answered and y.asked_at < clock_timestamp() - interval '1 minute'`
	// Where the mirror is not current, one is begun however short a time ago the
	// last was: nothing else makes it so.
	askSyncInDoubt = `insert into app.syncs as y (account_id, asked_by)
		select $1, private.user_id() where exists (select from private.credentials_metadata() where rejected_at is null)
			and private.has_scope('cancel') and not app.mirror_is_current($1)
		on conflict (account_id) do update set asked = y.asked + 1, asked_at = clock_timestamp(), asked_by = excluded.asked_by
			where y.asked = y.answered or y.asked_at < clock_timestamp() - interval '1 minute'`
	// What is to be asked again needs a working key as the first time does.
	selectSync = `select asked, answered >= asked, coalesce(answer, 'null'),
			exists (select from private.credentials_metadata() where rejected_at is null)
		from app.syncs where account_id = $1`
)

// syncState is how far a reconciliation is.
type syncState struct {
	asked    int64
	answered bool
	answer   json.RawMessage
	keys     bool // the account has working ones
}

func (s *syncState) scan(row pgx.Row) error {
	err := row.Scan(&s.asked, &s.answered, &s.answer, &s.keys)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // nothing was asked: there are no keys to ask with
	}
	return err
}

// Sync has the account reconciled with the broker now and answers what
// differed, as {"as_of":…,"orders":{…},"positions":{…}}. Asked again within ten
// seconds it repeats its answer. It ends with needs_credentials, not_permitted,
// sync_pending where it takes longer than a request should, or what the broker
// refused it with.
func (s *Service) Sync(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var now syncState
	// Written as what tells the account's log something is: the ring after it
	// wakes the stream's holder.
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(askSync, a.Account)
		b.Queue(selectSync, a.Account).QueryRow(now.scan)
	})
	if err != nil {
		return nil, err
	}
	if !now.keys {
		return nil, problem.New(problem.NeedsCredentials, "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials.")
	}
	deadline := time.After(s.syncPatience)
	for !now.answered {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline:
			p := problem.New(problem.SyncPending, "The reconciliation has not ended yet and goes on. Ask again for its answer in a few seconds.")
			p.RetryAfter = 5 * time.Second
			return nil, p
		case <-time.After(syncPoll):
		}
		err := s.db.Tx(ctx, a, func(b *tenant.Batch) { b.Queue(selectSync, a.Account).QueryRow(now.scan) })
		if err != nil {
			return nil, err
		}
	}
	return now.answer, syncProblem(now.answer)
}

// untilCurrent asks for a reconciliation where the mirror is not current, waits
// for it until the deadline, and reports whether the mirror was current then.
func (s *Service) untilCurrent(ctx context.Context, a tenant.Admission, deadline time.Time) (current bool, err error) {
	var now syncState
	look := func(b *tenant.Batch) {
		b.Queue("select app.mirror_is_current($1)", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&current) })
		b.Queue(selectSync, a.Account).QueryRow(now.scan)
	}
	ask := func() error {
		return s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
			b.Queue(askSyncInDoubt, a.Account)
			look(b)
		})
	}
	over := time.After(time.Until(deadline))
	for err = ask(); err == nil && !current && now.asked > 0; {
		if now.answered && syncProblem(now.answer) != nil {
			return false, nil // asking again at once would not help
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-over:
			return false, nil
		case <-time.After(syncPoll):
		}
		if now.answered { // by a look that began before the doubt was cast
			err = ask()
		} else {
			err = s.db.Tx(ctx, a, look)
		}
	}
	return current, err
}

// syncProblem is why a reconciliation failed, if it did.
func syncProblem(answer json.RawMessage) error {
	var failed struct {
		Problem *struct {
			Code, Message string
		} `json:"problem"`
	}
	if err := json.Unmarshal(answer, &failed); err != nil || failed.Problem == nil {
		return err
	}
	code, known := problem.Named(failed.Problem.Code)
	if !known { // the stream's holder is an instance of another version
		code = problem.BrokerUnavailable
	}
	p := problem.New(code, "%s", failed.Problem.Message)
	switch p.Code {
	case problem.NeedsCredentials:
		return p
	case problem.BrokerRateLimited:
		p.RetryAfter = 10 * time.Second
		return p
	}
	return p.Later(10 * time.Second)
}

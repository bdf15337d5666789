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

// syncPoll is the time between two readings of a reconciliation's answer.
const syncPoll = 200 * time.Millisecond

// The holder of the account's stream is asked for a reconciliation: only it may
// record orders that were placed elsewhere, and its lease keeps two from
// running at once. A request joins one that is running. None is started within
// ten seconds of the last answer, because each costs the account requests. One
// without an answer for a minute is asked for again.
const (
	askSyncSQL = `insert into app.syncs as y (account_id, asked_by)
		select $1, private.user_id() where private.has_working_keys()
		on conflict (account_id) do update set asked = y.asked + 1, asked_at = clock_timestamp(), asked_by = excluded.asked_by
			where y.asked = y.answered and y.answered_at < clock_timestamp() - interval '10 seconds'
				or y.asked > y.answered and y.asked_at < clock_timestamp() - interval '1 minute'`
	// Where the mirror is not current, a reconciliation is started however
	// short ago the last one was, because nothing else makes it current.
	askSyncInDoubtSQL = `insert into app.syncs as y (account_id, asked_by)
		select $1, private.user_id() where private.has_working_keys()
			and private.has_scope('cancel') and not app.mirror_is_current($1)
		on conflict (account_id) do update set asked = y.asked + 1, asked_at = clock_timestamp(), asked_by = excluded.asked_by
			where y.asked = y.answered or y.asked_at < clock_timestamp() - interval '1 minute'`
	// Asking again requires a working key, as the first time does.
	selectSyncSQL = `select asked, answered >= asked, coalesce(answer, 'null'),
			private.has_working_keys()
		from app.syncs where account_id = $1`
)

// syncState is the state of a reconciliation.
type syncState struct {
	asked    int64
	answered bool
	answer   json.RawMessage
	keys     bool // the account has working keys
}

func (s *syncState) scan(row pgx.Row) error {
	err := row.Scan(&s.asked, &s.answered, &s.answer, &s.keys)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // nothing was asked for, because there are no keys
	}
	return err
}

// Sync has the account reconciled with the broker now and returns the
// differences, as {"as_of":…,"orders":{…},"positions":{…}}. Within ten seconds
// it returns the same answer again. It ends with needs_credentials,
// not_permitted, sync_pending where it takes longer than a request should, or
// the broker's problem.
func (s *Service) Sync(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var now syncState
	// TxNotify, though there is no event: its ring wakes the stream's holder.
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(askSyncSQL, a.Account)
		b.Queue(selectSyncSQL, a.Account).QueryRow(now.scan)
	})
	if err != nil {
		return nil, err
	}
	if !now.keys {
		return nil, problem.New(problem.NeedsCredentials, "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials.")
	}
	deadline := time.After(s.syncTimeout)
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
		err := s.db.Tx(ctx, a, func(b *tenant.Batch) { b.Queue(selectSyncSQL, a.Account).QueryRow(now.scan) })
		if err != nil {
			return nil, err
		}
	}
	return now.answer, syncProblem(now.answer)
}

// awaitCurrentMirror asks for a reconciliation where the mirror is not current,
// waits for it until the deadline, and reports whether the mirror was current
// then.
func (s *Service) awaitCurrentMirror(ctx context.Context, a tenant.Admission, deadline time.Time) (current bool, err error) {
	var now syncState
	read := func(b *tenant.Batch) {
		b.Queue("select app.mirror_is_current($1)", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&current) })
		b.Queue(selectSyncSQL, a.Account).QueryRow(now.scan)
	}
	request := func() error {
		return s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
			b.Queue(askSyncInDoubtSQL, a.Account)
			read(b)
		})
	}
	over := time.After(time.Until(deadline))
	for err = request(); err == nil && !current && now.asked > 0; {
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
		if now.answered { // by a reconciliation that began before the doubt
			err = request()
		} else {
			err = s.db.Tx(ctx, a, read)
		}
	}
	return current, err
}

// syncProblem returns why a reconciliation failed, if it did.
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

package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// HistoryImport is how far the import of an account's history is: of the orders that
// were over before it was connected, of their executions, and of the round trips
// that follow from these.
type HistoryImport struct {
	State string `json:"state"` // none, waiting, orders, executions, round_trips or done
	// ReachedAt is when the order, or the activity, that was read last is from. Both
	// lists are read from their newest end.
	ReachedAt       *time.Time `json:"reached_at"`
	OrdersRead      int64      `json:"orders_read"`      // that Alpaca listed
	OrdersAdded     int64      `json:"orders_added"`     // those that were not here, and their legs
	ExecutionsAdded int64      `json:"executions_added"` // those that were not here
	AskedAt         *time.Time `json:"asked_at"`
	AskedBy         *string    `json:"asked_by"` // the user; nil: it began by itself
	BeganAt         *time.Time `json:"began_at"`
	FinishedAt      *time.Time `json:"finished_at"`
	// Problem is why it does not go on; nil if it does, or is done.
	Problem   *string    `json:"problem"`
	ProblemAt *time.Time `json:"problem_at"`
}

// noKeysToImport says why an import waits that nobody can carry out.
const noKeysToImport = "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials, and the import goes on where it is."

// An import that waits shows nothing of the one before it.
const selectHistorySQL = `select case when h.state <> 'done' then h.state when h.asked > h.begun then 'waiting' else 'done' end,
		case when w.shown then h.reached_at end, case when w.shown then h.orders_read else 0 end, case when w.shown then h.orders_added else 0 end,
		case when w.shown then h.executions_added else 0 end, h.asked_at, h.asked_by, case when w.shown then h.began_at end,
		case when w.shown then h.finished_at end, h.problem, h.problem_at,
		exists (select from private.credentials_metadata() c where c.rejected_at is null)
	from app.history_imports h cross join lateral (select h.state <> 'done' or h.asked <= h.begun as shown) w
	where h.account_id = $1`

func queueHistory(b *tenant.Batch, a tenant.Admission, into *HistoryImport, works *bool) {
	b.Queue(selectHistorySQL, a.Account).QueryRow(func(row pgx.Row) error {
		*into = HistoryImport{State: "none"}
		err := row.Scan(&into.State, &into.ReachedAt, &into.OrdersRead, &into.OrdersAdded, &into.ExecutionsAdded, &into.AskedAt, &into.AskedBy,
			&into.BeganAt, &into.FinishedAt, &into.Problem, &into.ProblemAt, works)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		for _, t := range []*time.Time{into.ReachedAt, into.AskedAt, into.BeganAt, into.FinishedAt, into.ProblemAt} {
			if t != nil {
				*t = t.UTC()
			}
		}
		if !*works && into.State != "done" {
			into.Problem = new(noKeysToImport)
		}
		return err
	})
}

// History returns how far the import of an account's history is.
func (s *Service) History(ctx context.Context, a tenant.Admission) (h HistoryImport, err error) {
	var works bool
	err = s.db.Read(ctx, a, func(b *tenant.Batch) { queueHistory(b, a, &h, &works) })
	return h, toProblem(err)
}

// ImportHistory has an account's history imported again, and returns how far that
// is. One that is under way, or waits, is joined. It ends with not_permitted, or
// needs_credentials.
func (s *Service) ImportHistory(ctx context.Context, a tenant.Admission) (h HistoryImport, err error) {
	var works bool
	// TxNotify, though there is no event: its ring wakes the stream's holder.
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(`insert into app.history_imports as h (account_id, asked_by)
			select $1, private.user_id() where exists (select from private.credentials_metadata() c where c.rejected_at is null)
			on conflict (account_id) do update set asked = h.asked + 1, asked_at = clock_timestamp(), asked_by = excluded.asked_by
				where h.state = 'done' and h.asked = h.begun`, a.Account)
		b.Queue("select exists (select from private.credentials_metadata() c where c.rejected_at is null)").
			QueryRow(func(row pgx.Row) error { return row.Scan(&works) })
		queueHistory(b, a, &h, new(bool))
	})
	if err == nil && !works {
		err = problem.New(problem.NeedsCredentials, "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials.")
	}
	return h, toProblem(err)
}

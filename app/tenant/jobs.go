package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// JobClaim is an instance's right to carry out a job.
type JobClaim struct {
	Account uuid.UUID
	Kind    string
	Job     uuid.UUID
	Holder  uuid.UUID
	Ticket  []byte // with which DB admits the job's transactions
}

// Admission is that of the job: as the user who asked for it.
func (c JobClaim) Admission() Admission { return Admission{Account: c.Account, Ticket: c.Ticket} }

// ErrTicketOver is the error of a transaction whose job is no longer its holder's to
// carry out: its claim was not renewed in time, and somebody else begins it again.
var ErrTicketOver = errors.New("the claim on this job is over")

// What BeginJob found.
const (
	JobRuns  = "run"   // a job is to be carried out
	AskAgain = "again" // the list that was looked at had nothing to do
	NoJob    = "none"  // nothing is to be done
	JobsBusy = "busy"  // as many of the owner's lists are worked on as may be at once
	JobsWait = "later" // nothing is due before some time
)

// BeginJob claims the next job of an owner's accounts for a time, which RenewJobClaims
// renews. what says what it found: with JobRuns there is a claim, and with JobsWait the
// time after which to look again.
func (w *Worker) BeginJob(ctx context.Context, owner string, holder uuid.UUID, ttl time.Duration) (claim JobClaim, what string, wait time.Duration, err error) {
	claim = JobClaim{Holder: holder}
	var b Batch
	b.Queue(`select what, coalesce(account_id, '00000000-0000-0000-0000-000000000000'), coalesce(kind, ''),
			coalesce(job_id, '00000000-0000-0000-0000-000000000000'), ticket, coalesce(wait, '0') from private.begin_job($1, $2, $3)`, owner, holder, ttl).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&what, &claim.Account, &claim.Kind, &claim.Job, &claim.Ticket, &wait)
		})
	err = run(ctx, w.pool, &b)
	return claim, what, wait, err
}

// RenewJobClaims renews the holder's claims on jobs.
func (w *Worker) RenewJobClaims(ctx context.Context, holder uuid.UUID, ttl time.Duration) error {
	var b Batch
	b.Queue("select private.renew_job_claims($1, $2)", holder, ttl)
	return run(ctx, w.pool, &b)
}

// FinishJob ends a job, as done or failed, with the status and the body that its
// request would have been answered with.
func (w *Worker) FinishJob(ctx context.Context, c JobClaim, state string, status int, answer json.RawMessage) error {
	var b Batch
	b.Queue("select private.finish_job($1, $2, $3, $4, $5, $6, $7)", c.Account, c.Kind, c.Job, c.Holder, state, status, answer)
	return runAndNotify(ctx, w.pool, &b, w.bell, c.Account)
}

// PostponeJob lets a job, and those behind it in its list, wait.
func (w *Worker) PostponeJob(ctx context.Context, c JobClaim, wait time.Duration) error {
	var b Batch
	b.Queue("select private.postpone_job($1, $2, $3, $4, $5)", c.Account, c.Kind, c.Job, c.Holder, wait)
	return run(ctx, w.pool, &b)
}

// LookAgain has an owner's lists looked at, at once or later.
func (w *Worker) LookAgain(ctx context.Context, owner string, after time.Duration) error {
	var b Batch
	b.Queue("select private.look_again($1, $2)", owner, after)
	return run(ctx, w.pool, &b)
}

// WakeWaitingJobs has every owner's lists looked at of which one has something to
// do that nobody works on. It returns how many owners these are.
func (w *Worker) WakeWaitingJobs(ctx context.Context) (woken int, err error) {
	var b Batch
	b.Queue("select private.wake_waiting_jobs()").QueryRow(func(row pgx.Row) error { return row.Scan(&woken) })
	err = run(ctx, w.pool, &b)
	return woken, err
}

// JobCount is how many jobs of a kind there are, over all accounts.
type JobCount struct {
	Kind             string
	Waiting, Running int64
	// Waited is for how many seconds the list has waited longest that has something
	// to do and that nobody works on.
	Waited float64
}

// JobCounts returns the counts of each kind.
func (w *Worker) JobCounts(ctx context.Context) (counts []JobCount, err error) {
	var b Batch
	b.Queue("select kind, waiting, running, waited from private.job_counts() order by kind").Query(func(rows pgx.Rows) (err error) {
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[JobCount])
		return err
	})
	err = run(ctx, w.pool, &b)
	return counts, err
}

// ExpireApprovals ends what nobody has approved in time, over all accounts, one at a time.
func (w *Worker) ExpireApprovals(ctx context.Context) error {
	for {
		var ended int
		var b Batch
		b.Queue("select private.expire_approvals()").QueryRow(func(row pgx.Row) error { return row.Scan(&ended) })
		if err := run(ctx, w.pool, &b); err != nil || ended == 0 {
			return err
		}
	}
}

// MakeCopy asks for the next copy of a leader's orders, on its follower's account, and
// reports whether one was due.
func (w *Worker) MakeCopy(ctx context.Context, leader uuid.UUID) (made bool, err error) {
	var b Batch
	b.Queue("select private.make_copy($1) = 'made'", leader).QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	err = run(ctx, w.pool, &b)
	return made, err
}

// SettleCopies writes into the copies of a leader's orders how these were filled.
func (w *Worker) SettleCopies(ctx context.Context, leader uuid.UUID) error {
	var b Batch
	b.Queue("select private.settle_copies($1)", leader)
	return run(ctx, w.pool, &b)
}

// WakeDueCopies has every leader looked at of whom copies are to be made.
func (w *Worker) WakeDueCopies(ctx context.Context) error {
	var b Batch
	b.Queue("select private.wake_due_copies()")
	return run(ctx, w.pool, &b)
}

package trading

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	jobsSQL = `select id, kind, state, client_order_id, asked_by, request, accepted_at, began_at, ended_at, tries, status, answer from app.jobs
		where account_id = $1 and (accepted_at, id) < ($2, $3)`
	newestJobsSQL = ` order by accepted_at desc, id desc limit $4`
)

// There is one statement for each state, "" for all.
var listJobsSQL = map[string]string{
	"":                 jobsSQL + newestJobsSQL,
	"pending_approval": jobsSQL + ` and state = 'pending_approval'` + newestJobsSQL,
	"waiting":          jobsSQL + ` and state = 'waiting'` + newestJobsSQL,
	"running":          jobsSQL + ` and state = 'running'` + newestJobsSQL,
	"done":             jobsSQL + ` and state = 'done'` + newestJobsSQL,
	"failed":           jobsSQL + ` and state = 'failed'` + newestJobsSQL,
	"canceled":         jobsSQL + ` and state = 'canceled'` + newestJobsSQL,
}

// Jobs returns {"jobs":[…],"next_cursor":…}: what was asked for and is, or was,
// carried out afterwards, newest first. state filters unless it is "".
func (s *Service) Jobs(ctx context.Context, a tenant.Admission, state string, page paging.Page) ([]byte, error) {
	query, is := listJobsSQL[state]
	if !is {
		return nil, problem.New(problem.InvalidQuery, `Set "state" to waiting, pending_approval, running, done, failed or canceled.`)
	}
	list := page.List("jobs", "accepted_at")
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(query, a.Account, page.At, page.ID, page.Limit+1).Query(list.Read)
	})
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

// Job returns a job. It ends with job_not_found.
func (s *Service) Job(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	var job json.RawMessage
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) { queueJob(b, a, id, &job) })
	if err == nil && job == nil {
		err = jobNotFound()
	}
	return job, err
}

func queueJob(b *tenant.Batch, a tenant.Admission, id uuid.UUID, into *json.RawMessage) {
	b.Queue("select "+jobSQL+" from app.jobs j where j.account_id = $1 and j.id = $2", a.Account, id).QueryRow(func(row pgx.Row) error {
		err := row.Scan(into)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
}

func jobNotFound() *problem.Problem {
	return problem.New(problem.JobNotFound, "This account has no job of this id. Copy it from GET /api/jobs; jobs that are over are kept for a week.")
}

const cancelJobsSQL = "select private.cancel_jobs($1)"

// CancelJob cancels a job that waits, and returns it. It ends with job_not_found or
// job_not_cancelable.
func (s *Service) CancelJob(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	var canceled int
	var job json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(cancelJobsSQL, id).QueryRow(func(row pgx.Row) error { return row.Scan(&canceled) })
		queueJob(b, a, id, &job)
	})
	switch {
	case err != nil:
		return nil, err
	case job == nil:
		return nil, jobNotFound()
	case canceled == 0:
		p := problem.New(problem.JobNotCancelable, "This job is being carried out, or is over. Cancel the order that it made: GET /api/jobs/%s has it.", id)
		p.Details = map[string]any{"job": job}
		return nil, p
	}
	return job, nil
}

// CancelJobs cancels all of the account's orders that wait to be sent, and returns
// how many these were.
func (s *Service) CancelJobs(ctx context.Context, a tenant.Admission) (canceled int, err error) {
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(cancelJobsSQL, nil).QueryRow(func(row pgx.Row) error { return row.Scan(&canceled) })
	})
	return canceled, err
}

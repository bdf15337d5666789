package trading

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/tenant"
)

// unapproved is the error of an order that the guards let through only with a person's
// word (private.use_approval).
type unapproved struct {
	need   string // what app.check_guards says that it needs, as JSON
	prices []byte // of its symbols now, as JSON
	err    error
}

func (u *unapproved) Error() string { return u.err.Error() }
func (u *unapproved) Unwrap() error { return u.err }

// asUnapproved returns what an order needs where Postgres says so, and any other error as
// it is.
func asUnapproved(err error, inputs guardInputs) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "PD450" {
		return err
	}
	return &unapproved{pg.Detail, inputs.prices(), err}
}

const (
	// jobSQL is a job, with what waits for a person's word of it, if anything does.
	jobSQL = `app.job_json(j.account_id, j.id) || jsonb_build_object('approval', app.approval_json(j.account_id, j.id))`
	// proposeAcceptedSQL lets the job that was just made wait, if it was.
	proposeAcceptedSQL = `select private.propose_order(j.id, $3, $4) from app.jobs j where j.account_id = $1 and j.id = $2 and j.state = 'waiting'`
	proposeJobSQL      = `select private.propose_order($1, $2, $3)`
)

// propose lets an order wait for a person's word, and returns the job that sends it
// then. It ends with approval_refused or too_many_approvals, or as Accept does.
func (s *Service) propose(ctx context.Context, a tenant.Admission, p prepared, need *unapproved) (Placed, error) {
	if !p.isJob {
		return s.accept(ctx, a, p, need, nil)
	}
	placed := Placed{JobID: p.id}
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(proposeJobSQL, p.id, need.need, need.prices)
		b.Queue("select "+jobSQL+" from app.jobs j where j.account_id = $1 and j.id = $2", a.Account, p.id).
			QueryRow(func(row pgx.Row) error { return row.Scan(&placed.Job) })
	})
	return placed, err
}

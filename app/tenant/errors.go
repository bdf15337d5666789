package tenant

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// explain turns what Postgres said into a Problem. An error that only the
// capability can name (a unique key, a check) is passed through.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "PD401":
			return Unauthenticated()
		case pg.Code == "PD403":
			return problem.New(problem.AccountForbidden, "There is no such account among yours. Pick one from GET /api/accounts.")
		case pg.Code == "42501":
			return problem.New(problem.NotPermitted, "Your role on this account does not allow this. Ask its owner, or check that the account is active.").Because(err)
		case pg.Code == "40P01", pg.Code == "40001", // another transaction was in the way
			pg.Code == "57014", pg.Code == "55P03", // a timeout of ours
			pg.Code == "53300", pg.Code == "57P01", pg.Code == "57P02", pg.Code == "57P03", // full, or going down
			strings.HasPrefix(pg.Code, "08"):
			return unavailable(err)
		}
		return err
	}
	if ctx.Err() != nil {
		return err // the caller has left, or has waited long enough
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return unavailable(err) // our own patience
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) || isBroken(err) {
		return unavailable(err)
	}
	return err
}

// Unauthenticated is what everybody without a session is told.
func Unauthenticated() *problem.Problem {
	return problem.New(problem.Unauthenticated, "Sign in first: there is no session, or it has ended.")
}

func unavailable(err error) error {
	p := problem.New(problem.DatabaseUnavailable, "The database cannot be reached at the moment. Try again in a few seconds.").Because(err)
	p.RetryAfter = 2 * time.Second
	return p
}

// isBroken recognises a connection that was lost in use: the server was
// restarted or killed. pgx wraps what the socket said.
func isBroken(err error) bool {
	text := err.Error()
	for _, sign := range []string{"unexpected EOF", "connection reset", "broken pipe", "conn closed", "closed network connection", "conn is closed", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// Unique answers the name of the unique constraint that err says was broken,
// and "" for any other error.
func Unique(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName
	}
	return ""
}

// Unstorable tells whether Postgres refused a value for what it is: a number
// out of range, half a surrogate, a NUL.
func Unstorable(err error) bool {
	state := State(err)
	return strings.HasPrefix(state, "22") || state == "54001"
}

// State answers the SQLSTATE in err, and "" when it has none.
func State(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

package tenant

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// toProblem turns an error of Postgres into a Problem. An error that only the
// caller can name (a unique key, a check) is returned as it is.
func toProblem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) && ctx.Err() == nil {
		return unavailable(err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "PD401":
			return Unauthenticated()
		case pg.Code == "PD403":
			return problem.New(problem.AccountForbidden, "There is no such account among yours. Pick one from GET /api/accounts.")
		case pg.Code == "PD419":
			return problem.New(problem.StepUpRequired, "This account trades real money: show that it is you, with your password or a code to POST /api/user/step-up, and send the request again.")
		case pg.Code == "PD430":
			return tooMuchStored(pg)
		case pg.Code == "PD432":
			return fmt.Errorf("%w: %w", ErrTicketOver, err)
		case pg.Code == "PD431":
			p := problem.New(problem.TooManyJobs, "This account has 10,000 orders waiting to be sent, which is as many as it may have. Wait until some of them were sent, or cancel them with DELETE /api/jobs.").Because(pg)
			p.RetryAfter = 10 * time.Second
			return p
		case pg.Code == "PD433":
			return tooManyDestinations(pg)
		case pg.Code == "PD464":
			return problem.New(problem.EmailUnverified, "Mails go to your own address alone, once it is verified. Verify it: POST /api/auth/send-verification-email sends the link.").Because(pg)
		case pg.Code == "PD465":
			return problem.New(problem.InvalidNotice, `"time_zone" is not one that the database knows. Give one of IANA's, such as Europe/Berlin or UTC.`).Because(pg)
		case pg.Code == "PD434":
			return problem.New(problem.TooManyTokens, "You have 500 API tokens, which is as many as one may have. Revoke one with DELETE /api/tokens/:id.").Because(pg)
		case pg.Code == "PD435":
			return tokenTooWide(pg)
		case pg.Code == "PD445":
			return sleeveRefused(pg)
		case pg.Code == "PD446":
			return tooLittleCash(pg)
		case pg.Code == "PD447":
			return problem.New(problem.SleeveNotFound, "There is no such sleeve, or it is closed. Pick one from GET /api/sleeves.").Because(pg)
		case pg.Code == "PD448":
			return problem.New(problem.SleeveNotEmpty, "The sleeve still has %s. Close its positions, cancel its orders, and move its cash out with POST /api/sleeve-transfers.", pg.Detail).Because(pg)
		case strings.HasPrefix(pg.Code, "PD45"):
			return approvalRefused(pg)
		case pg.Code == "42501":
			return problem.New(problem.NotPermitted, "Your role on this account does not allow this. Ask its owner, or check that the account is active.").Because(err)
		case problem.IsUnavailable(pg.Code):
			return unavailable(err)
		}
		return err
	}
	if ctx.Err() != nil {
		return err // the caller left, or its own time ran out
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return unavailable(err) // txTimeout
	}
	if pgconn.SafeToRetry(err) || pgconn.Timeout(err) || isBroken(err) {
		return unavailable(err)
	}
	return err
}

// Unauthenticated is the problem of a request without a session.
func Unauthenticated() *problem.Problem {
	return problem.New(problem.Unauthenticated, "Sign in first: there is no session, or it has ended.")
}

// tokenTooWide says in what a token would be wider, which the error's detail names.
func tokenTooWide(pg *pgconn.PgError) error {
	if pg.Detail == "live" {
		return problem.New(problem.TokenTooWide, `A live account is among "accounts", and the token is for paper accounts alone. Set "paper_only" to false if it is to trade real money.`).Because(pg)
	}
	return problem.New(problem.TokenTooWide, "A token makes narrower ones alone: this one would be wider in %s. GET /api/tokens has what the token itself may do.", pg.Detail).Because(pg)
}

// tooManyDestinations says of what the account has too many, by the type that the error's
// detail names.
func tooManyDestinations(pg *pgconn.PgError) error {
	if pg.Detail == "webhook" {
		return problem.New(problem.TooManyWebhooks, "This account has 10 webhooks, which is as many as it may have. Delete one with DELETE /api/webhooks/:id.").Because(pg)
	}
	return problem.New(problem.TooManyNotices, "This account has 10 notices, which is as many as it may have. Delete one with DELETE /api/notices/:id.").Because(pg)
}

// sleeveRefused says why a sleeve cannot be made or renamed, which the error's detail names.
func sleeveRefused(pg *pgconn.PgError) error {
	if pg.Detail == "many" {
		return problem.New(problem.TooManySleeves, "This account has 200 sleeves, which is as many as it may have, with those that are closed.").Because(pg)
	}
	return problem.New(problem.SleeveNameTaken, "Another sleeve of this account has this name. Choose another one.").Because(pg)
}

// approvalRefused says why something that needs a person's word does not go on.
func approvalRefused(pg *pgconn.PgError) error {
	switch pg.Code {
	case "PD451":
		return problem.New(problem.ApprovalVoid, "The order was approved and did not go. %s Send it again to ask again.", pg.Detail).Because(pg)
	case "PD452":
		if pg.Detail == "expired" {
			return problem.New(problem.ApprovalExpired, "Nobody approved this in time, and it is void. Whoever wants it asks again.").Because(pg)
		}
		return problem.New(problem.ApprovalDecided, "This does not wait for a word any more: it is %s.", pg.Detail).Because(pg)
	case "PD453":
		return problem.New(problem.ApprovalChanged, `"digest" is not that of this approval. Read it again with GET /api/approvals/:id, and send the digest that it has.`).Because(pg)
	case "PD454":
		return problem.New(problem.OwnApproval, "You proposed this, or an API token of yours did on an account with four eyes. Another person must approve it.").Because(pg)
	case "PD455":
		return problem.New(problem.TooManyApprovals, "200 approvals wait on this account, which is as many as may. Decide some of them: GET /api/approvals?state=pending.").Because(pg)
	case "PD456":
		return problem.New(problem.ApprovalRefused, "A person has refused this order under this client_order_id or Idempotency-Key. Send another order under a new one.").Because(pg)
	case "PD457":
		return problem.New(problem.ApprovalNeeded, "This account has four eyes: another person must approve this. Send the same request again once they have: GET /api/approvals tells.").Because(pg)
	case "PD458":
		return problem.New(problem.NobodyApproves, "Nobody else could approve anything on this account. Give somebody the role approver or owner first: POST /api/accounts/:id/grants.").Because(pg)
	}
	return pg // PD450: the order is proposed
}

// tooLittleCash says how much cash there is to move, which the error's detail names.
func tooLittleCash(pg *pgconn.PgError) error {
	if pg.Detail == "" {
		return problem.New(problem.BrokerUnavailable, "Alpaca does not say how much cash this account has. Try again in a few seconds.").Because(pg)
	}
	return problem.New(problem.NotEnoughCash, "There is %s to move from there. Move less, or cancel the buys for which the rest is kept.", pg.Detail).Because(pg)
}

// tooMuchStored reads the seconds to wait from the error's detail.
func tooMuchStored(pg *pgconn.PgError) error {
	p := problem.New(problem.TooMuchStored,
		"You have had as much stored in a day as one user may: 100 MiB of agents' logs, or 1 GiB of orders and what follows from them, unless the operator set another limit. Wait as Retry-After says.").Because(pg)
	seconds, err := strconv.Atoi(pg.Detail)
	if err != nil || seconds < 1 {
		seconds = 60
	}
	p.RetryAfter = time.Duration(seconds) * time.Second
	return p
}

func unavailable(err error) error {
	p := problem.New(problem.DatabaseUnavailable, "The database cannot be reached at the moment. Try again in a few seconds.").Because(err)
	p.RetryAfter = 2 * time.Second
	return p
}

// isBroken reports whether a connection was lost while it was used, because the
// server was restarted or killed. pgx wraps the socket's error.
func isBroken(err error) bool {
	text := err.Error()
	for _, sign := range []string{"unexpected EOF", "connection reset", "broken pipe", "conn closed", "closed network connection", "conn is closed", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// UniqueViolation returns the name of the unique constraint that was violated,
// and "" for any other error.
func UniqueViolation(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName
	}
	return ""
}

// Unstorable reports whether Postgres refused a value that a column cannot
// hold: a number out of range, half a surrogate, a NUL, JSON that is nested too
// deeply, or what is larger than the table's constraint allows.
func Unstorable(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code[:2] {
	case "22", "54":
		return true
	}
	return pg.Code == "23514" && strings.HasSuffix(pg.ConstraintName, "_bounded")
}

// SQLState returns the SQLSTATE of err, and "" where it has none.
func SQLState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// needs says in words what each scope is needed for.
var needs = map[string]string{
	"read":    "Your role on this account does not allow reading.",
	"cancel":  "Your role on this account does not allow trading.",
	"trade":   "Your role on this account does not allow trading, or the account is paused.",
	"approve": "Your role on this account does not approve anything: its owners and approvers do, in a session of theirs.",
	"manage":  "Only the owner of this account may change how it is set up at Alpaca.",
}

// NotPermitted returns the problem of an admission without a scope.
func NotPermitted(scope string) *problem.Problem {
	return problem.New(problem.NotPermitted, "%s", needs[scope])
}

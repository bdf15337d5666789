// Package sharing says who may use an account besides the one who made it: by a role on
// one account, on all accounts of a user, or by an invitation that somebody takes up. Who
// may say so, and that an account keeps an owner, is decided in Postgres.
package sharing

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"time"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// Config is what a Service needs.
type Config struct {
	DB *tenant.DB
	// BaseURL is where the console is, without a slash at its end: links begin with it.
	BaseURL string
	// SendMail sends a mail of plain text; nil where none is sent.
	SendMail func(ctx context.Context, to, subject, text string) error
	// OnLess, unless it is nil, is called after somebody may do less than before.
	OnLess func()
}

// Service is for requests.
type Service struct {
	Config
}

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Roles are the roles that there are.
var Roles = []string{"owner", "trader", "approver", "viewer", "reports"}

// Request is a role for somebody as a client asks for it.
type Request struct {
	Email string `json:"email"`
	Role  string `json:"role"`
	// ExpiresAt is when it ends; nil for never.
	ExpiresAt *string `json:"expires_at,omitempty"`
}

// longestGrant is how far the end of a grant may be away: ten years.
const longestGrant = 10 * 366 * 24 * time.Hour

// checkRole returns invalid_grant where a role is none, or one that cannot be given on all
// accounts.
func checkRole(role string, onAll bool) error {
	switch {
	case !slices.Contains(Roles, role):
		return invalid(`"role" must be one of %q.`, Roles)
	case onAll && role == "owner":
		return invalid(`"role" cannot be owner on all accounts. Give the ownership of each one.`)
	}
	return nil
}

// checkEnd reads the end of a grant, or returns invalid_grant.
func checkEnd(text string) (time.Time, error) {
	now := time.Now()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !at.After(now) || at.After(now.Add(longestGrant)) {
		return at, invalid(`"expires_at" must be a time to come, such as %q, at most ten years from now.`, now.Add(30*24*time.Hour).UTC().Format(time.RFC3339))
	}
	return at, nil
}

// checkEmail returns invalid_grant where a text is no email address.
func checkEmail(text string) error {
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text || len(text) > 320 || !strings.Contains(text, "@") {
		return invalid(`"email" must be an email address, such as grace@example.com.`)
	}
	return nil
}

// check returns a request's end, nil for none, or invalid_grant.
func (r *Request) check(onAll bool) (*time.Time, error) {
	if err := checkEmail(r.Email); err != nil {
		return nil, err
	}
	return checkRoleAndEnd(r.Role, r.ExpiresAt, onAll)
}

func checkRoleAndEnd(role string, expiresAt *string, onAll bool) (*time.Time, error) {
	if err := checkRole(role, onAll); err != nil || expiresAt == nil {
		return nil, err
	}
	if role == "owner" {
		return nil, ownerEnds()
	}
	at, err := checkEnd(*expiresAt)
	return &at, err
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidGrant, format, args...)
}

func ownerEnds() error {
	return invalid(`An owner has no "expires_at". Give another role for a time, or leave "expires_at" out.`)
}

// less tells that somebody may do less than before.
func (s *Service) less(err error) error {
	if err == nil && s.OnLess != nil {
		s.OnLess()
	}
	return err
}

func userNotFound() error {
	return problem.New(problem.UserNotFound, "Nobody else has this address here. Send them an invitation instead: POST /api/accounts/:id/invitations.")
}

func grantNotFound() error {
	return problem.New(problem.GrantNotFound, "This user has no such role. GET /api/accounts/:id/grants and GET /api/user/grants list those that there are.")
}

// toProblem turns what Postgres refused into a problem about sharing.
func toProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case tenant.UniqueViolation(err) == "user_accounts_user_id_name_key":
		return problem.New(problem.AccountNameTaken, "The user who would hold this account has one of the same name. Rename this one first.").Because(err)
	case tenant.UniqueViolation(err) == "user_accounts_user_id_broker_account_key":
		return problem.New(problem.BrokerAccountInUse, "The user who would hold this account has connected the same Alpaca account already. They delete theirs first.").Because(err)
	}
	switch tenant.SQLState(err) {
	case "PD429":
		return problem.New(problem.TooManyAccounts, "The user who would hold this account has 100, the most there may be. They delete one first.").Because(err)
	case "PD436":
		return problem.New(problem.TooManyGrants, "There may be 100 users on an account, 100 on all accounts of yours, and 50 invitations a day. End one, or wait for tomorrow.").Because(err)
	case "PD437":
		return problem.New(problem.LastOwner, "The account would have no owner. Make another user its owner first, or delete the account.").Because(err)
	case "PD438":
		return ownerEnds()
	case "PD439":
		p := problem.New(problem.TooManyAddresses, "You have named 20 addresses of nobody in a day. Send invitations instead, or wait until tomorrow.").Because(err)
		p.RetryAfter = 24 * time.Hour
		return p
	case "PD440":
		return problem.New(problem.GrantExists, "This user has a role there already. An owner changes it with PATCH /api/accounts/:id/grants/:user_id.").Because(err)
	case "PD441":
		return problem.New(problem.InvitationNotFound, "There is no such invitation: it was used or taken back, has expired, or who made it may not invite any more. Ask for a new one.").Because(err)
	case "PD442":
		return problem.New(problem.InvitationForAnother, "This invitation is for another email address. Sign in with that one, or ask for a new invitation.").Because(err)
	}
	return err
}

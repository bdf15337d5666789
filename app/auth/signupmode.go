package auth

import (
	"context"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// SignUp says who may sign up.
type SignUp string

// The ways of signing up.
const (
	SignUpOpen       SignUp = "open"       // everybody
	SignUpFirst      SignUp = "first"      // the first user, and then who has an invitation
	SignUpInvitation SignUp = "invitation" // who has an invitation
	SignUpClosed     SignUp = "closed"     // nobody
)

// mayTry refuses a sign-up that cannot succeed, before anything is spent on it.
func (s *Service) mayTry(ctx context.Context, email, invitation string) error {
	var may bool
	switch s.config.SignUp {
	case SignUpOpen:
		return nil
	case SignUpClosed:
		return signUpDisabled()
	}
	_, err := s.queryRow(ctx, []any{&may}, `select $1 and not exists (select from auth."user")
		or exists (select from auth.verification where identifier = $2 and value = $3 and "expiresAt" > $4)`,
		s.config.SignUp == SignUpFirst, StoredInvitation(invitation), email, s.now())
	if err != nil || may {
		return err
	}
	return notInvited(invitation)
}

// admitSignUp does the same within the transaction of a sign-up, and uses the
// invitation up. Of two who would be the first user at the same moment, one is.
func (s *Service) admitSignUp(ctx context.Context, tx pgx.Tx, email, invitation string) error {
	switch s.config.SignUp {
	case SignUpOpen:
		return nil
	case SignUpClosed:
		return signUpDisabled()
	}
	used, err := tx.Exec(ctx, `delete from auth.verification where identifier = $1 and value = $2 and "expiresAt" > $3`,
		StoredInvitation(invitation), email, s.now())
	if err != nil || used.RowsAffected() > 0 {
		return err
	}
	if s.config.SignUp == SignUpFirst {
		if _, err := tx.Exec(ctx, "select private.lock_sign_ups()"); err != nil {
			return err
		}
		var users bool
		if err := tx.QueryRow(ctx, `select exists (select from auth."user")`).Scan(&users); err != nil || !users {
			return err
		}
	}
	return notInvited(invitation)
}

func signUpDisabled() error {
	return refuse(problem.AuthSignUpDisabled, "Email and password sign up is not enabled")
}

// notInvited is the refusal of an invitation, or where none was given that of all
// sign-ups.
func notInvited(invitation string) error {
	if invitation == "" {
		return signUpDisabled()
	}
	return refuse(problem.AuthInvalidInvitation, "This invitation has been used or has expired, or is for another email address. Ask for a new one.")
}

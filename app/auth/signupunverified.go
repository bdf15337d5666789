package auth

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// signUpUnverified signs somebody up whose address must be verified before they sign in.
// The answer is the same where the address is another user's already: it is made up
// then, and the address's owner is told by mail.
func (s *Service) signUpUnverified(c *call, name, email, hash, invitation string, image, callback *string) (any, error) {
	now := isoTime(s.now())
	made := user{Name: name, Email: email, Image: image, CreatedAt: now, UpdatedAt: now, ID: newID(), TwoFactorEnabled: new(bool)}
	u, err := s.createUnverified(c.Context(), made, hash, invitation)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "23505":
		u = made
		err = s.tellKnown(c.Context(), email)
	case err == nil:
		err = s.verifyByMail(c.Context(), "", email, callback)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": nil, "user": u}, nil
}

// tellKnown tells a user that somebody wanted to sign up with their address.
func (s *Service) tellKnown(ctx context.Context, email string) error {
	send, err := s.mayMail(ctx, mailsSignUp, email)
	if err != nil || !send {
		return err
	}
	s.sendMail(ctx, Mail{
		To:      email,
		Subject: "You have signed up for Paddock already",
		Text: "Somebody, probably you, wanted to sign up for Paddock at " + s.place() + " with this email address, which is a user's already.\n\n" +
			"Sign in with it, or ask there for a new password. If it was not you, do nothing.\n",
	})
	return nil
}

package auth

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// issuer is the name under which authenticator apps show Paddock's codes.
const issuer = "Paddock"

// secondFactor is a row of auth."twoFactor".
type secondFactor struct {
	secret, backupCodes string // encrypted
	verified            *bool  // nil where another program made the row
	lockedUntil         *time.Time
}

// isPending reports whether the user has not yet shown that their app has the secret.
func (f *secondFactor) isPending() bool { return f.verified != nil && !*f.verified }

// secondFactor returns a user's row.
func (s *Service) secondFactor(ctx context.Context, userID string) (f secondFactor, found bool, err error) {
	found, err = s.queryRow(ctx, []any{&f.secret, &f.backupCodes, &f.verified, &f.lockedUntil},
		`select secret, "backupCodes", verified, "lockedUntil" from auth."twoFactor" where "userId" = $1`, userID)
	return f, found, err
}

// confirmPassword refuses a password that is not the user's, in the words that the
// endpoints of two-factor authentication have, and counts it with the sign-ins.
func (s *Service) confirmPassword(c *call, u user, password string) error {
	invalid := refuse(problem.AuthInvalidPassword, "Invalid password")
	if password == "" {
		return invalid
	}
	if err := checkNotTooLong(password); err != nil {
		return err
	}
	_, err := s.tryOwnPassword(c, u, password)
	var refused *refusal
	if errors.As(err, &refused) && refused.Code == problem.AuthCredentialNotFound {
		return invalid
	}
	return err
}

// signedInWithPassword returns who is signed in and the password of the body, which is
// not checked yet.
func (s *Service) signedInWithPassword(c *call) (fields, string, session, user, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, "", session{}, user{}, err
	}
	var complaints []string
	password := f.text("password", &complaints)
	if method, there := f["method"]; there && c.URL.Path == prefix+"two-factor/enable" && method != "otp" && method != "totp" {
		complaints = append(complaints, `[body.method] Invalid option: expected one of "otp"|"totp"`)
	}
	if c.URL.Path == prefix+"two-factor/enable" {
		f.optional("issuer", &complaints)
	}
	if err := invalid(complaints); err != nil {
		return nil, "", session{}, user{}, err
	}
	in, u, err := s.requireSession(c)
	return f, password, in, u, err
}

// enableTwoFactor sets two-factor authentication up: it makes a secret and backup codes,
// and shows both this once. Two-factor authentication is on when a code has shown that
// the user's app has the secret (verifyTOTP).
func (s *Service) enableTwoFactor(c *call) (any, error) {
	f, password, in, u, err := s.signedInWithPassword(c)
	if err != nil {
		return nil, err
	}
	if err := s.confirmPassword(c, u, password); err != nil {
		return nil, err
	}
	if f["method"] == "otp" {
		return nil, refuse(problem.AuthOTPNotConfigured, "OTP is not available")
	}
	name, _ := f["issuer"].(string)
	if name == "" {
		name = issuer
	}
	secret := randomText(32, alphanumeric+"-_")
	encrypted, err := s.encrypt(secret)
	if err != nil {
		return nil, err
	}
	codes, stored, err := s.newBackupCodes()
	if err != nil {
		return nil, err
	}
	var id string
	made, err := s.write(c.Context(), in.ID, []any{&id}, `
		insert into auth."twoFactor" as t (id, secret, "backupCodes", "userId", verified) values ($1, $2, $3, $4, false)
		on conflict ("userId") do update set secret = excluded.secret, "backupCodes" = excluded."backupCodes" where t.verified = false
		returning id`, newID(), encrypted, stored, u.ID)
	if err != nil {
		return nil, err
	}
	if !made {
		return nil, refuse(problem.AuthTOTPAlreadyEnabled, "TOTP is already enabled")
	}
	return map[string]any{"method": "totp", "totpURI": totpLink([]byte(secret), name, u.Email), "backupCodes": codes}, nil
}

// disableTwoFactor turns two-factor authentication off. All devices that were trusted
// are so no longer, and tokens that were mailed to the user end.
func (s *Service) disableTwoFactor(c *call) (any, error) {
	_, password, in, u, err := s.signedInWithPassword(c)
	if err != nil {
		return nil, err
	}
	if err := s.confirmPassword(c, u, password); err != nil {
		return nil, err
	}
	next, err := s.renewSession(c, in, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update auth."user" set "twoFactorEnabled" = false, "updatedAt" = $2 where id = $1`, u.ID, s.now()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from auth."twoFactor" where "userId" = $1`, u.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from auth.verification where value = $1`, u.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.setSession(c, next.Token, s.remembered(c.Request))
	if _, trusted := s.signedCookie(c.Request, s.cookieName(trustDeviceCookie)); trusted {
		c.setCookies(s.gone(trustDeviceCookie))
	}
	return map[string]bool{"status": true}, nil
}

// renewSession carries a change out and gives its session a new token, in one
// transaction.
func (s *Service) renewSession(c *call, in session, change func(context.Context, pgx.Tx) error) (session, error) {
	next := s.newSession(c.Request, true)
	next.IPAddress, next.UserAgent = in.IPAddress, in.UserAgent
	ctx := c.Context()
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(ctx, tx, in.ID); err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		if err := s.createSessionIn(ctx, tx, in.UserID, &next); err != nil {
			return err
		}
		ended, err := tx.Exec(ctx, `delete from auth.session where token = $1`, in.Token)
		if err == nil && ended.RowsAffected() == 0 { // another request ended it meanwhile
			err = refuse(problem.AuthUnauthorized, "Unauthorized")
		}
		return err
	})
	if err != nil {
		return next, databaseError(err)
	}
	s.config.OnSessionEnd()
	return next, nil
}

// totpURI shows the URI for an authenticator app again, to who gives their password.
func (s *Service) totpURI(c *call) (any, error) {
	_, password, _, u, err := s.signedInWithPassword(c)
	if err != nil {
		return nil, err
	}
	factor, found, err := s.secondFactor(c.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refuse(problem.AuthTOTPNotEnabled, "TOTP not enabled")
	}
	if err := s.confirmPassword(c, u, password); err != nil {
		return nil, err
	}
	secret, err := s.decryptSecret(factor.secret)
	if err != nil {
		return nil, err
	}
	return map[string]string{"totpURI": totpLink(secret, issuer, u.Email)}, nil
}

// generateBackupCodes makes new backup codes in place of all that there were.
func (s *Service) generateBackupCodes(c *call) (any, error) {
	_, password, in, u, err := s.signedInWithPassword(c)
	if err != nil {
		return nil, err
	}
	if !u.hasTwoFactor() {
		return nil, refuse(problem.AuthTwoFactorNotEnabled, "Two factor isn't enabled")
	}
	if err := s.confirmPassword(c, u, password); err != nil {
		return nil, err
	}
	codes, stored, err := s.newBackupCodes()
	if err != nil {
		return nil, err
	}
	var id string
	changed, err := s.write(c.Context(), in.ID, []any{&id}, `update auth."twoFactor" set "backupCodes" = $2 where "userId" = $1 returning id`, u.ID, stored)
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, refuse(problem.AuthTwoFactorNotEnabled, "Two factor isn't enabled")
	}
	return map[string]any{"status": true, "backupCodes": codes}, nil
}

package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// use uses a code up in a transaction. It reports false where it cannot be used any more.
type use func(context.Context, pgx.Tx) (bool, error)

// useSQL returns the use of a function of the database.
func useSQL(sql string, args ...any) use {
	return func(ctx context.Context, tx pgx.Tx) (used bool, err error) {
		err = tx.QueryRow(ctx, sql, args...).Scan(&used)
		return used, err
	}
}

// readCode returns the code in the body, and whether the device is to be trusted.
func readCode(c *call) (f fields, code string, trust bool, err error) {
	if f, err = c.body.object("object"); err != nil {
		return nil, "", false, err
	}
	var complaints []string
	code = f.text("code", &complaints)
	if c.URL.Path == prefix+"two-factor/verify-backup-code" {
		f.flag("disableSession", false, &complaints)
	}
	trust = f.flag("trustDevice", false, &complaints)
	return f, code, trust, invalid(complaints)
}

// verifyTOTP takes a code of an authenticator app: from who signs in and has given the
// password, whose session begins; from who sets two-factor authentication up, which is
// on from then; or from anybody else who is signed in.
func (s *Service) verifyTOTP(c *call) (any, error) {
	_, code, trust, err := readCode(c)
	if err != nil {
		return nil, err
	}
	v, err := s.whoVerifies(c)
	if err != nil {
		return nil, err
	}
	factor, found, err := s.secondFactor(c.Context(), v.user.ID)
	if err != nil {
		return nil, err
	}
	if !found || v.isSignIn() && factor.isPending() {
		return nil, refuse(problem.AuthTOTPNotEnabled, "TOTP not enabled")
	}
	step, err := s.checkTOTP(c, v, factor, code)
	if err != nil {
		return nil, err
	}
	used := useSQL("select private.use_time_step($1, $2)", v.user.ID, step)
	if v.isSignIn() {
		return s.finishSignIn(c, v, trust, used)
	}
	return s.confirmSession(c, v, factor, used)
}

// checkTOTP counts an attempt and returns the time step of the code.
func (s *Service) checkTOTP(c *call, v *verifying, f secondFactor, code string) (step int64, err error) {
	if err := s.countAttempt(c, v, f); err != nil {
		return 0, err
	}
	secret, err := s.decryptSecret(f.secret)
	if err != nil {
		return 0, err
	}
	step, right := matchingStep(secret, code, s.now())
	if !right {
		return 0, s.refuseCode(c.Context(), v, refuse(problem.AuthInvalidCode, "Invalid code"))
	}
	return step, nil
}

// verifyBackupCode takes a backup code in place of one of an authenticator app.
func (s *Service) verifyBackupCode(c *call) (any, error) {
	f, code, trust, err := readCode(c)
	if err != nil {
		return nil, err
	}
	v, err := s.whoVerifies(c)
	if err != nil {
		return nil, err
	}
	factor, found, err := s.secondFactor(c.Context(), v.user.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refuse(problem.AuthBackupCodesNotEnabled, "Backup codes aren't enabled")
	}
	if err := s.countAttempt(c, v, factor); err != nil {
		return nil, err
	}
	rest, right, err := s.withoutCode(factor.backupCodes, code)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, s.refuseCode(c.Context(), v, refuse(problem.AuthInvalidBackupCode, "Invalid backup code"))
	}
	used := useSQL("select private.use_backup_code($1, $2, $3)", v.user.ID, factor.backupCodes, rest)
	withoutSession := f["disableSession"] == true
	var answer any
	switch {
	case v.isSignIn() && !withoutSession:
		answer, err = s.finishSignIn(c, v, trust, used)
	case v.isSignIn():
		answer, err = map[string]any{"user": v.user}, s.useCode(c, v, used)
	default:
		answer, err = map[string]any{"token": v.session.Token, "user": v.user}, s.useCode(c, v, used)
	}
	if errors.Is(err, errCodeUsed) { // another code was used in this moment
		return nil, &refusal{status: http.StatusConflict, Message: "Failed to verify backup code. Please try again."}
	}
	return answer, err
}

// useCode uses a code up and changes nothing else. Who signs in with it needs another
// password for another code.
func (s *Service) useCode(c *call, v *verifying, use use) error {
	ctx := c.Context()
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := s.beginUse(ctx, tx, v, use); err != nil {
			return err
		}
		if !v.isSignIn() {
			_, err := tx.Exec(ctx, "select private.step_up($1)", v.session.Token)
			return err
		}
		_, _, err := s.consumeIn(ctx, tx, attemptsOfPrefix+v.challenge)
		return err
	})
	return databaseError(err)
}

// beginUse begins a transaction's work by using the code up.
func (s *Service) beginUse(ctx context.Context, tx pgx.Tx, v *verifying, use use) error {
	sessionID := ""
	if v.session != nil {
		sessionID = v.session.ID
	}
	if err := beginFor(ctx, tx, sessionID); err != nil {
		return err
	}
	used, err := use(ctx, tx)
	if err == nil && !used {
		err = errCodeUsed
	}
	return err
}

// finishSignIn uses code and challenge up and begins the session, all or nothing.
func (s *Service) finishSignIn(c *call, v *verifying, trust bool, use use) (any, error) {
	remember := s.remembered(c.Request)
	in, mark := s.newSession(c.Request, remember), newTrustMark()
	ctx := c.Context()
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := s.beginUse(ctx, tx, v, use); err != nil {
			return err
		}
		owner, found, err := s.consumeIn(ctx, tx, v.challenge)
		if err != nil {
			return err
		}
		if !found || owner != v.user.ID {
			return errNoChallenge
		}
		if _, _, err := s.consumeIn(ctx, tx, attemptsOfPrefix+v.challenge); err != nil {
			return err
		}
		if trust {
			if err := s.storeTrustMark(ctx, tx, v.user, mark); err != nil {
				return err
			}
		}
		return s.createSessionIn(ctx, tx, v.user.ID, &in)
	})
	switch {
	case errors.Is(err, errNoChallenge):
		c.setCookies(s.gone(twoFactorCookie))
		return nil, errNoChallenge
	case errors.Is(err, errCodeUsed):
		return nil, s.refuseCode(ctx, v, errCodeUsed)
	case err != nil:
		return nil, databaseError(err)
	}
	s.setSession(c, in.Token, remember)
	c.setCookies(s.gone(twoFactorCookie))
	if trust {
		c.setCookies(s.trustCookie(v.user, mark), s.gone(dontRememberCookie))
	}
	return map[string]any{"token": in.Token, "user": v.user}, nil
}

// confirmSession takes a code from who is signed in. It turns two-factor authentication
// on where it was only set up.
func (s *Service) confirmSession(c *call, v *verifying, f secondFactor, use use) (any, error) {
	token := v.session.Token
	var err error
	switch {
	case f.verified != nil && *f.verified:
		err = s.useCode(c, v, use)
	default:
		var next session
		next, err = s.renewSession(c, *v.session, func(ctx context.Context, tx pgx.Tx) error {
			if err := s.beginUse(ctx, tx, v, use); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `update auth."twoFactor" set verified = true where "userId" = $1`, v.user.ID); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `update auth."user" set "twoFactorEnabled" = true, "updatedAt" = $2 where id = $1`, v.user.ID, s.now())
			return err
		})
		if err == nil {
			token = next.Token
			s.setSession(c, token, s.remembered(c.Request))
		}
	}
	if errors.Is(err, errCodeUsed) {
		return nil, s.refuseCode(c.Context(), v, errCodeUsed)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": token, "user": v.user}, nil
}

// sendOTP and verifyOTP would send a code by mail. They answer as Better Auth does where
// nothing is there to send it.
func (s *Service) sendOTP(c *call) (any, error) {
	if c.body.there {
		f, err := c.body.object("object")
		if err != nil {
			return nil, err
		}
		var complaints []string
		f.flag("trustDevice", false, &complaints)
		if err := invalid(complaints); err != nil {
			return nil, err
		}
	}
	return nil, refuse(problem.AuthOTPNotConfigured, "otp isn't configured")
}

func (s *Service) verifyOTP(c *call) (any, error) {
	if _, _, _, err := readCode(c); err != nil {
		return nil, err
	}
	if _, err := s.whoVerifies(c); err != nil {
		return nil, err
	}
	return nil, refuse(problem.AuthOTPExpired, "OTP has expired")
}

package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// stepUpPath is what the limiter counts a step-up under.
const stepUpPath = "step-up"

// StepUp takes the password of who is signed in, or a code of their authenticator app,
// and returns until when that suffices for what needs a step-up. It ends with
// unauthenticated, step_up_refused, too_many_attempts or database_unavailable.
func (s *Service) StepUp(r *http.Request, password, code string) (until time.Time, err error) {
	if s.config.RateLimit {
		if wait := s.limiter.allow(s.ClientAddress(r), stepUpPath); wait > 0 {
			return until, tooManyAttempts(wait)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	until, err = s.stepUp(&call{Request: r.WithContext(ctx)}, password, code)
	return until, explainStepUp(ctx, err)
}

func (s *Service) stepUp(c *call, password, code string) (until time.Time, err error) {
	token, there := s.SessionToken(c.Request)
	if !there {
		return until, errNoSession
	}
	found, in, u, _, err := s.findSession(c.Context(), token, false)
	if err != nil {
		return until, err
	}
	if !found {
		return until, errNoSession
	}
	v := &verifying{user: u, session: &in}
	shown := func(context.Context, pgx.Tx) (bool, error) { return true, nil }
	if code != "" {
		shown, err = s.checkStepUpCode(c, v, code)
	} else {
		err = s.confirmPassword(c, u, password)
	}
	if err != nil {
		return until, err
	}
	err = pgx.BeginFunc(c.Context(), s.config.Pool, func(tx pgx.Tx) error {
		if err := s.beginUse(c.Context(), tx, v, shown); err != nil {
			return err
		}
		_, err := tx.Exec(c.Context(), "select private.step_up($1)", token)
		return err
	})
	if errors.Is(err, errCodeUsed) {
		return until, s.refuseCode(c.Context(), v, errCodeUsed)
	}
	if err != nil {
		return until, databaseError(err)
	}
	return s.steppedUpUntil(c.Context(), token)
}

// SteppedUpUntil returns until when what the session has shown suffices, a time that may
// be over. It ends with unauthenticated or database_unavailable.
func (s *Service) SteppedUpUntil(r *http.Request) (until time.Time, err error) {
	token, there := s.SessionToken(r)
	if !there {
		return until, explainStepUp(r.Context(), errNoSession)
	}
	until, err = s.steppedUpUntil(r.Context(), token)
	return until, explainStepUp(r.Context(), err)
}

func (s *Service) steppedUpUntil(ctx context.Context, token string) (until time.Time, err error) {
	var at *time.Time
	if _, err := s.queryRow(ctx, []any{&at}, "select private.stepped_up_until($1)", token); err != nil {
		return until, err
	}
	if at == nil {
		return until, errNoSession
	}
	return *at, nil
}

// errNoSession means that the session has ended, or that there is none.
var errNoSession = refuse(problem.AuthUnauthorized, "Unauthorized")

// checkStepUpCode refuses a code that is wrong, and returns what uses it up.
func (s *Service) checkStepUpCode(c *call, v *verifying, code string) (use, error) {
	factor, found, err := s.secondFactor(c.Context(), v.user.ID)
	if err != nil {
		return nil, err
	}
	if !found || !v.user.hasTwoFactor() {
		return nil, refuse(problem.AuthTOTPNotEnabled, "TOTP not enabled")
	}
	step, err := s.checkTOTP(c, v, factor, code)
	return useSQL("select private.use_time_step($1, $2)", v.user.ID, step), err
}

// explainStepUp turns an error of sign-in into a problem of the API.
func explainStepUp(ctx context.Context, err error) error {
	var refused *refusal
	var tries *tooManyTries
	switch {
	case err == nil || isCanceled(ctx, err):
		return err
	case errors.As(err, &tries):
		return tooManyAttempts(tries.wait)
	case errors.Is(err, errBusy) || isUnavailable(err):
		p := problem.New(problem.DatabaseUnavailable, "The database cannot be reached at the moment, or too many people sign in. Try again in a few seconds.").Because(err)
		p.RetryAfter = 2 * time.Second
		return p
	case !errors.As(err, &refused):
		return err
	case refused.Code == problem.AuthUnauthorized:
		return problem.New(problem.Unauthenticated, "Sign in first: there is no session, or it has ended.")
	case refused.Code == problem.AuthLocked:
		return tooManyAttempts(lockLife)
	case refused.Code == problem.AuthTOTPNotEnabled:
		return problem.New(problem.StepUpRefused, "You have no authenticator app set up. Give your password.")
	case refused.Code == problem.AuthInvalidCode:
		return problem.New(problem.StepUpRefused, "This code is wrong, or was used already. Wait for the next one, or give your password.")
	}
	return problem.New(problem.StepUpRefused, "This is not your password. Try again.")
}

func tooManyAttempts(wait time.Duration) error {
	p := problem.New(problem.TooManyAttempts, "Too many passwords or codes were tried. Wait as Retry-After says.")
	p.RetryAfter = wait
	return p
}

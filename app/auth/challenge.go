package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

const (
	challengeLife    = 10 * time.Minute    // from the password to the code
	trustLife        = 30 * 24 * time.Hour // from the last sign-in on a device
	challengeTries   = 5                   // codes that may be tried for one password
	lockAfter        = 10                  // wrong codes one after the other
	lockLife         = 15 * time.Minute
	storeMarkSQL     = `insert into auth.verification (id, identifier, value, "expiresAt") values ($1, $2, $3, $4)`
	attemptsOfPrefix = "2fa-attempts-"
)

// challenge asks who has given the password for the code: their session begins with
// that. The cookie two_factor says whose password it was.
//
// Where the password was changed since it was checked, which ends challenges, this one
// does not begin either: its row is locked until it has.
func (s *Service) challenge(c *call, u user, hash string, remember bool) (any, error) {
	identifier := "2fa-" + randomText(20, alphanumeric)
	expires := s.now().Add(challengeLife)
	ctx := c.Context()
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		current, err := tx.Exec(ctx, `select from auth.account
			where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential' and password = $2 for share`, u.ID, hash)
		if err == nil && current.RowsAffected() == 0 {
			err = refuse(problem.AuthInvalidEmailOrPassword, "Invalid email or password")
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, storeMarkSQL, newID(), storedIdentifier(identifier), u.ID, expires); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, storeMarkSQL, newID(), storedIdentifier(attemptsOfPrefix+identifier), "0", expires)
		return err
	})
	if err != nil {
		return nil, databaseError(err)
	}
	factor, found, err := s.secondFactor(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	methods := []string{}
	if found && !factor.isPending() {
		methods = append(methods, "totp")
	}
	c.setCookies(s.gone(sessionCookie), s.gone(sessionDataCookie), s.lasting(twoFactorCookie, identifier, challengeLife))
	switch {
	case !remember:
		c.setCookies(s.cookie(dontRememberCookie, s.sign("true")))
	case !s.remembered(c.Request):
		c.setCookies(s.gone(dontRememberCookie))
	}
	if _, there := s.signedCookie(c.Request, s.cookieName(trustDeviceCookie)); there {
		c.setCookies(s.gone(trustDeviceCookie))
	}
	return map[string]any{"twoFactorRedirect": true, "twoFactorMethods": methods}, nil
}

// beginTrusted makes the session of a user who has given their password on a device that
// they trust. It returns nil where this is none.
func (s *Service) beginTrusted(c *call, u user, remember bool) (*session, error) {
	mark, ours := s.trustMark(c, u)
	if !ours {
		return nil, nil
	}
	in, next := s.newSession(c.Request, remember), newTrustMark()
	ctx := c.Context()
	trusted := false
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(ctx, tx, ""); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "select private.use_trusted_device($1, $2)", u.ID, storedIdentifier(mark)).Scan(&trusted); err != nil || !trusted {
			return err
		}
		if err := s.storeTrustMark(ctx, tx, u, next); err != nil {
			return err
		}
		return s.createSessionIn(ctx, tx, u.ID, &in)
	})
	if err != nil || !trusted {
		return nil, databaseError(err)
	}
	c.setCookies(s.trustCookie(u, next))
	return &in, nil
}

// trustMark returns the identifier in the cookie trust_device, if it is of this user.
func (s *Service) trustMark(c *call, u user) (mark string, ours bool) {
	value, there := s.signedCookie(c.Request, s.cookieName(trustDeviceCookie))
	token, mark, whole := strings.Cut(value, "!")
	return mark, there && whole && hmac.Equal([]byte(token), []byte(s.trustToken(u, mark))) && storable(&mark) == nil
}

func newTrustMark() string { return "trust-device-" + newID() }

// trustToken returns what binds a mark to its user.
func (s *Service) trustToken(u user, mark string) string {
	mac := hmac.New(sha256.New, []byte(s.config.Secret))
	mac.Write([]byte(u.ID + "!" + mark))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Service) storeTrustMark(ctx context.Context, tx pgx.Tx, u user, mark string) error {
	_, err := tx.Exec(ctx, storeMarkSQL, newID(), storedIdentifier(mark), u.ID, s.now().Add(trustLife))
	return err
}

// trustCookie returns the cookie of a device that is trusted.
func (s *Service) trustCookie(u user, mark string) *http.Cookie {
	return s.lasting(trustDeviceCookie, s.trustToken(u, mark)+"!"+mark, trustLife)
}

// verifying is who gives a code: somebody who is signed in, or somebody who has given
// their password so far.
type verifying struct {
	user      user
	session   *session // nil while they sign in
	challenge string   // the identifier in the cookie two_factor
}

func (v *verifying) isSignIn() bool { return v.session == nil }

// whoVerifies returns who gives a code.
func (s *Service) whoVerifies(c *call) (*verifying, error) {
	found, in, u, err := s.readSession(c)
	if err != nil {
		return nil, err
	}
	if found {
		return &verifying{user: u, session: &in}, nil
	}
	identifier, there := s.signedCookie(c.Request, s.cookieName(twoFactorCookie))
	if !there || storable(&identifier) != nil {
		return nil, errNoChallenge
	}
	userID, alive, err := s.verification(c.Context(), identifier)
	if err != nil {
		return nil, err
	}
	if !alive {
		return nil, errNoChallenge
	}
	found, err = s.queryRow(c.Context(), u.into(), `select `+userColumnsSQL+` from auth."user" u where u.id = $1`, userID)
	if err == nil && !found {
		err = errNoChallenge
	}
	return &verifying{user: u, challenge: identifier}, err
}

var errNoChallenge = refuse(problem.AuthInvalidTwoFactorCookie, "Invalid two factor cookie")

// countAttempt counts a code before anybody looks whether it is right, so that of many
// requests at once none is looked at that is one too many. It counts for the challenge,
// and for the user on all instances: ten wrong codes one after the other lock both
// sign-in's codes and those of who is signed in for a while.
func (s *Service) countAttempt(c *call, v *verifying, f secondFactor) error {
	locked := refuse(problem.AuthLocked, "Too many failed verification attempts. Your account is temporarily locked. Please try again later.")
	if f.lockedUntil != nil && f.lockedUntil.After(s.now()) {
		return locked
	}
	if v.isSignIn() {
		if err := s.countChallengeAttempt(c, v); err != nil {
			return err
		}
	}
	var id string
	counted, err := s.queryRow(c.Context(), []any{&id}, `
		update auth."twoFactor" set
			"failedVerificationCount" = case when "lockedUntil" is null then coalesce("failedVerificationCount", 0) else 0 end + 1,
			"lockedUntil" = case when "lockedUntil" is null and coalesce("failedVerificationCount", 0) + 1 >= $2 then $3::timestamptz end
		where "userId" = $1 and ("lockedUntil" is null or "lockedUntil" <= $4) returning id`,
		v.user.ID, lockAfter, s.now().Add(lockLife), s.now())
	if err == nil && !counted {
		err = locked
	}
	return err
}

// countChallengeAttempt counts a code for the challenge. Where it is one too many, the
// challenge ends. The user's row is locked, so that of many requests at once each is
// counted.
func (s *Service) countChallengeAttempt(c *call, v *verifying) error {
	ctx := c.Context()
	over := false
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select from auth."twoFactor" where "userId" = $1 for update`, v.user.ID); err != nil {
			return err
		}
		value, found, err := s.consumeIn(ctx, tx, attemptsOfPrefix+v.challenge)
		if err != nil {
			return err
		}
		if !found {
			return errNoChallenge
		}
		tried, err := strconv.Atoi(value)
		if over = err != nil || tried >= challengeTries; over {
			_, _, err := s.consumeIn(ctx, tx, v.challenge)
			return err
		}
		_, err = tx.Exec(ctx, storeMarkSQL, newID(), storedIdentifier(attemptsOfPrefix+v.challenge), strconv.Itoa(tried+1), s.now().Add(challengeLife))
		return err
	})
	if err == nil && over {
		c.setCookies(s.gone(twoFactorCookie))
		err = refuse(problem.AuthTooManyAttempts, "Too many attempts. Please request a new code.")
	}
	return databaseError(err)
}

// refuseCode writes into the audit that a code was wrong, and returns the refusal.
func (s *Service) refuseCode(ctx context.Context, v *verifying, refused *refusal) error {
	action := "two_factor.refused"
	if v.isSignIn() {
		action = "two_factor.failed"
	}
	if err := s.auditRefusal(ctx, action, v.user.ID); err != nil {
		return err
	}
	return refused
}

// errCodeUsed means that a code was right and has been used already.
var errCodeUsed = refuse(problem.AuthInvalidCode, "Invalid code")

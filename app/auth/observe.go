package auth

import (
	"context"
	"errors"
)

// What becomes of a try to sign in or up.
const (
	signInOK           = "ok"
	signInSecondFactor = "second_factor" // the password was right, and a code is asked for
	signInRefused      = "refused"       // such as a wrong password or code
	signInTooMany      = "too_many"      // there were too many tries
	signInUnavailable  = "unavailable"   // the database did not answer, or too many sign in
	signInFailed       = "failed"        // a fault of ours
)

// SignInResults returns every result of a try to sign in or up.
func SignInResults() []string {
	return []string{signInOK, signInSecondFactor, signInRefused, signInTooMany, signInUnavailable, signInFailed}
}

// signInWays has by what somebody signs in or up, by the endpoint's path.
var signInWays = map[string]string{
	"sign-in/email": "password", "sign-up/email": "sign_up",
	"two-factor/verify-totp": "totp", "two-factor/verify-backup-code": "backup_code",
}

// SignInWays returns every way to sign in or up.
func SignInWays() (ways []string) {
	for _, way := range signInWays {
		ways = append(ways, way)
	}
	return ways
}

// observeSignIn tells the observer of a call, where it was a try to sign in or
// up.
func (s *Service) observeSignIn(ctx context.Context, path string, answer any, err error) {
	way, is := signInWays[path]
	if !is || isCanceled(ctx, err) {
		return
	}
	var refused *refusal
	var often *tooManyTries
	fields, _ := answer.(map[string]any)
	result := signInFailed
	switch {
	case err == nil && fields["twoFactorRedirect"] == true:
		result = signInSecondFactor
	case err == nil:
		result = signInOK
	case errors.As(err, &refused):
		result = signInRefused
	case errors.As(err, &often):
		result = signInTooMany
	case errors.Is(err, errBusy), isUnavailable(err):
		result = signInUnavailable
	}
	s.config.OnSignIn(way, result)
}

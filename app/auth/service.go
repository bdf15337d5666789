// Package auth serves /api/auth/* as Better Auth does: it signs people up, in
// and out and keeps their sessions, so that Better Auth's own clients work, and
// Better Auth servers can share the same users and sessions. Its behaviour was
// observed on better-auth 1.7.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Config is what a Service needs.
type Config struct {
	Pool           *pgxpool.Pool // as paddock_auth
	Secret         string        // signs cookies; the same text as Better Auth's
	BaseURL        string        // the URL that browsers use; https makes cookies Secure
	TrustedOrigins []string      // may hold * as in https://*.example.com
	TrustedProxies []netip.Prefix
	RateLimit      bool
	Logger         *slog.Logger
	Now            func() time.Time
	// SignUp says who may sign up; "" is SignUpOpen.
	SignUp SignUp
	// SendMail sends a mail. Without it no password is reset by mail, and no address
	// verified or changed.
	SendMail func(context.Context, Mail) error
	// RequireVerifiedEmail keeps a user from signing in until their address is
	// verified. It needs SendMail.
	RequireVerifiedEmail bool
	// OnSignIn, unless it is nil, is told of each try to sign in or up: by what,
	// one of SignInWays, and what became of it, one of SignInResults.
	OnSignIn func(by, result string)
	// OnSessionEnd is called after sessions have ended, once that is committed.
	OnSessionEnd func()
	// MaxParallelHashes bounds the memory of password hashing: 32 MiB each. 0
	// takes the number of processors.
	MaxParallelHashes int
}

// Service serves the auth endpoints.
type Service struct {
	config  Config
	base    *url.URL
	secure  bool
	origins []string
	hasher  *hasher
	limiter *limiter
	mails   chan struct{} // one for each mail that is on its way
	sending sync.WaitGroup
}

// minSecret is the least length of the secret, in characters.
const minSecret = 32

// New makes a Service. Its errors never show the secret.
func New(c Config) (*Service, error) {
	if len(c.Secret) < minSecret {
		return nil, fmt.Errorf("BETTER_AUTH_SECRET is too short: give %d characters or more of random text", minSecret)
	}
	distinct := map[rune]bool{}
	for _, r := range c.Secret {
		distinct[r] = true
	}
	if len(distinct) < 8 {
		return nil, errors.New("BETTER_AUTH_SECRET is too simple: give random text, such as that of openssl rand -base64 32")
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, errors.New("BETTER_AUTH_URL must be an http or https URL such as https://paddock.example.com")
	}
	switch c.SignUp {
	case "":
		c.SignUp = SignUpOpen
	case SignUpOpen, SignUpFirst, SignUpInvitation, SignUpClosed:
	default:
		return nil, errors.New("SignUp is none of open, first, invitation and closed")
	}
	if c.RequireVerifiedEmail && c.SendMail == nil {
		return nil, errors.New("PADDOCK_REQUIRE_VERIFIED_EMAIL needs a mail server: set PADDOCK_SMTP_URL")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnSessionEnd == nil {
		c.OnSessionEnd = func() {}
	}
	if c.OnSignIn == nil {
		c.OnSignIn = func(string, string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxParallelHashes == 0 {
		c.MaxParallelHashes = runtime.GOMAXPROCS(0)
	}
	return &Service{
		config: c, base: base, secure: base.Scheme == "https",
		origins: append([]string{base.Scheme + "://" + base.Host}, c.TrustedOrigins...),
		hasher:  newHasher(c.MaxParallelHashes),
		limiter: newLimiter(c.Now),
		mails:   make(chan struct{}, maxMails),
	}, nil
}

// prefix is where the endpoints are.
const prefix = "/api/auth/"

// endpoint is a method and what serves it.
type endpoint struct {
	method string
	serve  func(*Service, *call) (any, error) // returns the body of the response
	// login accepts forms.
	login bool
}

var endpoints = map[string]endpoint{
	"sign-up/email":                    {http.MethodPost, (*Service).signUp, true},
	"sign-in/email":                    {http.MethodPost, (*Service).signIn, true},
	"sign-in/social":                   {http.MethodPost, (*Service).signInSocial, false},
	"link-social":                      {http.MethodPost, (*Service).linkSocial, false},
	"sign-out":                         {http.MethodPost, (*Service).signOut, false},
	"request-password-reset":           {http.MethodPost, (*Service).requestReset, false},
	"reset-password":                   {http.MethodPost, (*Service).resetPassword, false},
	"send-verification-email":          {http.MethodPost, (*Service).sendVerification, false},
	"get-session":                      {http.MethodGet, (*Service).getSession, false},
	"list-sessions":                    {http.MethodGet, (*Service).listSessions, false},
	"revoke-session":                   {http.MethodPost, (*Service).revokeSession, false},
	"revoke-sessions":                  {http.MethodPost, (*Service).revokeSessions, false},
	"revoke-other-sessions":            {http.MethodPost, (*Service).revokeOtherSessions, false},
	"update-user":                      {http.MethodPost, (*Service).updateUser, false},
	"delete-user":                      {http.MethodPost, (*Service).deleteUser, false},
	"change-password":                  {http.MethodPost, (*Service).changePassword, false},
	"change-email":                     {http.MethodPost, (*Service).changeEmail, false},
	"verify-email":                     {http.MethodGet, (*Service).verifyEmail, false},
	"two-factor/enable":                {http.MethodPost, (*Service).enableTwoFactor, false},
	"two-factor/disable":               {http.MethodPost, (*Service).disableTwoFactor, false},
	"two-factor/get-totp-uri":          {http.MethodPost, (*Service).totpURI, false},
	"two-factor/generate-backup-codes": {http.MethodPost, (*Service).generateBackupCodes, false},
	"two-factor/verify-totp":           {http.MethodPost, (*Service).verifyTOTP, false},
	"two-factor/verify-backup-code":    {http.MethodPost, (*Service).verifyBackupCode, false},
	"two-factor/send-otp":              {http.MethodPost, (*Service).sendOTP, false},
	"two-factor/verify-otp":            {http.MethodPost, (*Service).verifyOTP, false},
	"ok":                               {http.MethodGet, func(*Service, *call) (any, error) { return map[string]bool{"ok": true}, nil }, false},
}

// Handler serves everything under /api/auth/.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, prefix)
		if s.config.RateLimit {
			if wait := s.limiter.allow(s.ClientAddress(r), path); wait > 0 {
				s.observeSignIn(r.Context(), path, nil, &tooManyTries{wait: wait})
				s.tooMany(w, wait)
				return
			}
		}
		e, ok := endpoints[path]
		if isResetLink(path) {
			e, ok = endpoint{method: http.MethodGet, serve: (*Service).followReset}, true
		}
		if r.Method == http.MethodPost && path == "get-session" {
			e = endpoint{method: http.MethodPost, serve: (*Service).postSession}
		}
		if !ok || r.Method != e.method { // Better Auth routes by method and path together
			w.WriteHeader(http.StatusNotFound)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		c := &call{Request: r.WithContext(ctx), header: w.Header()}
		answer, err := s.serve(c, e)
		s.observeSignIn(c.Context(), path, answer, err)
		if err != nil {
			s.writeError(w, c, err)
			return
		}
		s.writeJSON(w, http.StatusOK, answer, c.cookies)
	})
}

// isResetLink reports whether a path is reset-password/TOKEN.
func isResetLink(path string) bool {
	token, ok := strings.CutPrefix(path, "reset-password/")
	return ok && token != "" && !strings.Contains(token, "/")
}

// callTimeout is how long a call may wait for the database and for its turn to
// hash. It is longer than the login's statement_timeout.
const callTimeout = 20 * time.Second

// serve does the checks that all calls have in common, and then the call. Their order
// is Better Auth's: of a request that several would refuse, the answer is the same.
func (s *Service) serve(c *call, e endpoint) (any, error) {
	if e.method == http.MethodPost {
		var err error
		if c.body, err = readBody(c.Request, e.login); err != nil {
			return nil, err
		}
		if err := s.checkOrigin(c.Request); err != nil {
			return nil, err
		}
		if err := s.checkCallbacks(c.URL.Query(), c.body); err != nil {
			return nil, err
		}
	}
	return e.serve(s, c)
}

func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// SessionToken returns the session token of a request whose cookie has our
// signature. It does not ask the database: the admission checks that the
// session is alive.
func (s *Service) SessionToken(r *http.Request) (string, bool) {
	return s.signedCookie(r, s.cookieName(sessionCookie))
}

// isCanceled reports whether an error only means that the client has left.
func isCanceled(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

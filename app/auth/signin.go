package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// newSession returns a session with what the request says of its client.
func (s *Service) newSession(r *http.Request, remember bool) session {
	life := rememberedFor
	if !remember {
		life = forgottenFor
	}
	address := ""
	if a := s.ClientAddress(r); a.IsValid() {
		address = a.String()
	}
	agent := strings.ReplaceAll(strings.ToValidUTF8(r.UserAgent(), ""), "\x00", "")
	if utf8.RuneCountInString(agent) > 512 {
		agent = string([]rune(agent)[:512])
	}
	return session{ExpiresAt: isoTime(s.now().Add(life)), IPAddress: &address, UserAgent: &agent}
}

func (s *Service) signUp(c *call) (any, error) {
	f, err := c.body.object("object", "record")
	if err != nil {
		return nil, err
	}
	var complaints []string
	name, email := f.text("name", &complaints), f.email("email", &complaints)
	password := f.text("password", &complaints)
	if _, isText := f["password"].(string); isText && password == "" {
		complaints = append(complaints, "[body.password] Too small: expected string to have >=1 characters")
	}
	image := f.optional("image", &complaints)
	callback := f.optional("callbackURL", &complaints) // for the mail that verifies the address
	remember := f.flag("rememberMe", true, &complaints)
	invitation, _ := f["invitation"].(string) // ours: Better Auth has no such field
	if err := errors.Join(invalid(complaints), storable(&name, image)); err != nil {
		return nil, err
	}
	if err := s.checkLoginOrigin(c.Request); err != nil {
		return nil, err
	}
	if err := s.mayTry(c.Context(), email, invitation); err != nil {
		return nil, err
	}
	if err := checkLength(password); err != nil {
		return nil, err
	}
	if err := s.countSignUp(c.Context(), c.Request); err != nil {
		return nil, err
	}
	// A known address costs a hash as well.
	hash, err := s.hasher.hash(c.Context(), password)
	if err != nil {
		return nil, err
	}
	if s.config.RequireVerifiedEmail {
		return s.signUpUnverified(c, name, email, hash, invitation, image, callback)
	}
	u, in, err := s.createUser(c.Context(), name, email, hash, invitation, image, s.newSession(c.Request, remember))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return nil, refuse(problem.AuthUserExists, "User already exists. Use another email.")
	}
	if err != nil {
		return nil, err
	}
	s.setSession(c, in.Token, remember)
	return map[string]any{"token": in.Token, "user": u}, nil
}

func (s *Service) signIn(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	email, password := f.text("email", &complaints), f.text("password", &complaints)
	callback := f.optional("callbackURL", &complaints)
	remember := f.flag("rememberMe", true, &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	if err := s.checkLoginOrigin(c.Request); err != nil {
		return nil, err
	}
	if !isEmail(email) {
		return nil, refuse(problem.AuthInvalidEmail, "Invalid email")
	}
	if err := checkNotTooLong(password); err != nil {
		return nil, err
	}
	email = strings.ToLower(email)
	if err := s.countSignIn(c.Context(), c.Request, email); err != nil {
		return nil, err
	}
	u, hash, err := s.checkPassword(c.Context(), email, password)
	if err != nil {
		return nil, err
	}
	s.forgetSignIns(c.Context(), c.Request, email)
	if s.config.RequireVerifiedEmail && !u.EmailVerified {
		return nil, refuse(problem.AuthEmailNotVerified, "Email not verified")
	}
	in, err := s.beginSession(c, u, hash, remember)
	if err != nil {
		return nil, err
	}
	if callback != nil && *callback != "" {
		c.header.Set("Location", escapeLocation(*callback))
	}
	if in == nil {
		return s.challenge(c, u, hash, remember)
	}
	s.setSession(c, in.Token, remember)
	answer := map[string]any{"redirect": false, "token": in.Token, "user": u}
	if callback != nil {
		answer["url"], answer["redirect"] = *callback, *callback != ""
	}
	return answer, nil
}

// beginSession makes the session of a user who has given the password of this hash. It
// returns nil where they must give a code first.
func (s *Service) beginSession(c *call, u user, hash string, remember bool) (*session, error) {
	if u.hasTwoFactor() {
		return s.beginTrusted(c, u, remember)
	}
	in, err := s.createSession(c.Context(), u.ID, hash, s.newSession(c.Request, remember))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "PD428" { // they turned it on in this moment
		return nil, nil
	}
	return &in, err
}

// checkPassword returns the user with this email and password, and the hash that the
// password fits. An unknown email takes as long as a wrong password, and gets the same
// answer.
func (s *Service) checkPassword(ctx context.Context, email, password string) (u user, stored string, err error) {
	var hash *string
	_, err = s.queryRow(ctx, append(u.into(), &hash), `select `+userColumnsSQL+`, a.password from auth."user" u
		left join auth.account a on a."userId" = u.id and a."providerId" = 'credential' and a."accountId" = u.id where u.email = $1`, email)
	if err != nil {
		return u, "", err
	}
	if hash != nil {
		stored = *hash
	}
	right, err := s.hasher.verify(ctx, password, stored)
	if err != nil {
		return u, "", err
	}
	if !right {
		if err := s.auditRefusal(ctx, "sign_in.failed", u.ID); err != nil {
			return u, "", err
		}
		return u, "", refuse(problem.AuthInvalidEmailOrPassword, "Invalid email or password")
	}
	return u, stored, nil
}

func (s *Service) signOut(c *call) (any, error) {
	if c.body.there {
		f, err := c.body.object("object")
		if err != nil {
			return nil, err
		}
		// These URLs are for social providers, which we do not have.
		var complaints []string
		f.optional("callbackURL", &complaints)
		f.flag("disableRedirect", false, &complaints)
		f.optional("state", &complaints)
		if err := invalid(complaints); err != nil {
			return nil, err
		}
	}
	if token, ok := s.SessionToken(c.Request); ok {
		if _, err := s.write(c.Context(), "", nil, `delete from auth.session where token = $1`, token); err != nil {
			return nil, err
		}
		s.config.OnSessionEnd()
	}
	s.clearSession(c)
	return map[string]bool{"success": true}, nil
}

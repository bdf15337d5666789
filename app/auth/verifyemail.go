package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// sendVerification has a link mailed with which a user's address is verified. Who is
// signed in asks for their own; for anybody else the answer is the same whether
// somebody has the address or not, and whether it is verified.
func (s *Service) sendVerification(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	email := f.email("email", &complaints)
	callback := f.optional("callbackURL", &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	if s.config.SendMail == nil {
		return nil, refuse(problem.AuthVerificationDisabled, "Verification email isn't enabled")
	}
	signedIn, in, u, err := s.readSession(c)
	if err != nil {
		return nil, err
	}
	switch {
	case signedIn && u.Email != email:
		return nil, refuse(problem.AuthEmailMismatch, "Email mismatch")
	case signedIn && u.EmailVerified:
		return nil, refuse(problem.AuthEmailVerified, "Email is already verified")
	}
	if err := s.countMailRequest(c.Context(), c.Request); err != nil {
		return nil, err
	}
	if err := s.verifyByMail(c.Context(), in.ID, email, callback); err != nil {
		return nil, err
	}
	return map[string]bool{"status": true}, nil
}

// verifyByMail has a link mailed to a user's address unless it is verified, or nobody's,
// or has had many.
func (s *Service) verifyByMail(ctx context.Context, sessionID, email string, callback *string) error {
	send, err := s.mayMail(ctx, mailsVerification, email)
	if err != nil || !send {
		return err
	}
	var userID, audited string
	found, err := s.write(ctx, sessionID, []any{&userID, &audited}, `select u.id, private.audit_email('email.verification', u.id)::text
		from auth."user" u where u.email = $1 and not u."emailVerified"`, email)
	if err != nil || !found {
		return err
	}
	return s.mailVerification(ctx, email, textOf(callback), emailToken{Email: email, UserID: userID})
}

// verifyEmail does what a mailed link is for, and sends the browser on. Who follows it
// need not be signed in: it shows that they read the address's mail.
func (s *Service) verifyEmail(c *call) (any, error) {
	query := c.URL.Query()
	var complaints []string
	text := queryText(query, "token", true, &complaints)
	target := queryText(query, "callbackURL", false, &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	if target != "" && !s.trustsCallback(target) {
		return nil, refuse(problem.AuthInvalidCallbackURL, "Invalid callbackURL")
	}
	answer, err := s.useEmailToken(c, text, target)
	var refused *refusal
	switch {
	case target == "":
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized:
		return nil, &redirect{withError(target, refused.Code.String())}
	case err == nil:
		return nil, &redirect{target}
	}
	return answer, err
}

// useEmailToken does what a token says. What it refuses has the status 401.
func (s *Service) useEmailToken(c *call, text, target string) (any, error) {
	t, err := s.readEmailToken(text)
	if err == errTokenExpired {
		return nil, linkRefused(problem.AuthTokenExpired, "Token expired")
	}
	if err != nil {
		return nil, linkRefused(problem.AuthInvalidToken, "Invalid token")
	}
	if t.UpdateTo != "" {
		return s.useChangeToken(c, t, target)
	}
	var known, same bool
	_, err = s.write(c.Context(), "", []any{&known, &same}, `with u as (select id from auth."user" where email = $1), verified as (
			update auth."user" set "emailVerified" = true, "updatedAt" = $3
			where email = $1 and $2 in ('', id) and not "emailVerified"
		) select count(*) > 0, coalesce(bool_and($2 in ('', id)), false) from u`, strings.ToLower(t.Email), t.UserID, s.now())
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, linkRefused(problem.AuthUserNotFound, "User not found")
	case !same:
		return nil, linkRefused(problem.AuthInvalidToken, "Invalid token")
	}
	return map[string]any{"status": true, "user": nil}, nil
}

// useChangeToken does what a token for a change of address says.
func (s *Service) useChangeToken(c *call, t emailToken, target string) (any, error) {
	var u user
	found, err := s.queryRow(c.Context(), u.into(), `select `+userColumnsSQL+` from auth."user" u where u.id = $1`, t.UserID)
	switch {
	case err != nil:
		return nil, err
	case t.UserID != "" && !found:
		return nil, linkRefused(problem.AuthUserNotFound, "User not found")
	case !found || u.Email != t.Email:
		return nil, linkRefused(problem.AuthInvalidToken, "Invalid token")
	}
	signedIn, in, of, err := s.readSession(c)
	if err != nil {
		return nil, err
	}
	if signedIn && of.ID != u.ID {
		return nil, linkRefused(problem.AuthInvalidUser, "Invalid user")
	}
	switch t.RequestType {
	case changeConfirmation:
		return s.confirmChange(c, t, target)
	case changeVerification:
		changed, err := s.changeAddress(c.Context(), in.ID, t)
		if err != nil {
			return nil, err
		}
		if signedIn {
			s.setSession(c, in.Token, s.remembered(c.Request))
		}
		return map[string]any{"status": true, "user": changed}, nil
	}
	// Better Auth has a third kind, which changes the address before the new one is
	// verified. No server mails such a token.
	return nil, linkRefused(problem.AuthInvalidToken, "Invalid token")
}

// confirmChange has the new address asked, after the user's present one has agreed.
func (s *Service) confirmChange(c *call, t emailToken, target string) (any, error) {
	if s.config.SendMail != nil {
		send, err := s.mayMail(c.Context(), mailsVerification, t.UpdateTo)
		if err != nil {
			return nil, err
		}
		if send {
			next := emailToken{Email: t.Email, UpdateTo: t.UpdateTo, RequestType: changeVerification, UserID: t.UserID}
			if err := s.mailVerification(c.Context(), t.UpdateTo, target, next); err != nil {
				return nil, err
			}
		}
	}
	return map[string]bool{"status": true}, nil
}

// changeAddress changes a user's address. Whether another user has the new one is known
// to the database's unique key alone, and the answer does not tell: the audit does. A trigger
// ends what was mailed to the old address to reset the password.
func (s *Service) changeAddress(ctx context.Context, sessionID string, t emailToken) (user, error) {
	var u user
	changed, err := s.write(ctx, sessionID, u.into(), `update auth."user" as u set email = $2, "updatedAt" = $3
		where id = $1 and email = $4 returning `+userColumnsSQL, t.UserID, strings.ToLower(t.UpdateTo), s.now(), t.Email)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "23505":
		if err := s.auditEmail(ctx, sessionID, "email.change_refused", t.UserID); err != nil {
			return u, err
		}
		fallthrough
	case err == nil && !changed: // it was changed meanwhile
		return u, linkRefused(problem.AuthInvalidToken, "Invalid token")
	}
	return u, err
}

// linkRefused is the refusal of a link, which is 401 at verify-email whatever its code.
func linkRefused(code problem.Code, message string) *refusal {
	return &refusal{status: http.StatusUnauthorized, Code: code, Message: message}
}

// queryText returns a parameter of the query that is there once at most. Errors are
// appended to complaints in the words of Better Auth's validator.
func queryText(query url.Values, name string, needed bool, complaints *[]string) string {
	switch values := query[name]; {
	case len(values) > 1:
		*complaints = append(*complaints, "[query."+name+"] Invalid input: expected string, received array")
	case len(values) == 1:
		return values[0]
	case needed:
		*complaints = append(*complaints, "[query."+name+"] Invalid input: expected string, received undefined")
	}
	return ""
}

// withError returns a URL with a parameter error in its query, after what is there.
func withError(target, code string) string {
	rest, fragment, hasFragment := strings.Cut(target, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	switch {
	case !hasQuery || query == "":
		path += "?"
	case strings.HasSuffix(query, "&"):
		path += "?" + query
	default:
		path += "?" + query + "&"
	}
	path += "error=" + url.QueryEscape(code)
	if hasFragment {
		path += "#" + fragment
	}
	return path
}

// textOf returns a text that may be missing.
func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

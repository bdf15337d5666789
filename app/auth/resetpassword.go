package auth

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// resetLife is how long a mailed link resets a password.
const resetLife = time.Hour

// requestReset has a link mailed to the user of an email address, with which they set
// a new password. The answer is the same whether there is one or not, and so is the
// work before it.
func (s *Service) requestReset(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	email := f.email("email", &complaints)
	target := f.optional("redirectTo", &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	if s.config.SendMail == nil {
		return nil, refuse(problem.AuthResetDisabled, "Reset password isn't enabled")
	}
	if err := s.countMailRequest(c.Context(), c.Request); err != nil {
		return nil, err
	}
	send, err := s.mayMail(c.Context(), mailsReset, email)
	if err != nil {
		return nil, err
	}
	if send {
		if err := s.mailReset(c.Context(), email, target); err != nil {
			return nil, err
		}
	}
	return map[string]any{"status": true, "message": "If this email exists in our system, check your email for the reset link"}, nil
}

// mailReset makes a token for the user of an address, and has its link mailed.
func (s *Service) mailReset(ctx context.Context, email string, target *string) error {
	token := NewToken()
	var userID *string
	_, err := s.write(ctx, "", []any{&userID}, "select private.make_reset_token($1, $2, $3)",
		email, storedIdentifier(resetIdentifier(token)), s.now().Add(resetLife))
	if err != nil || userID == nil {
		return err
	}
	s.sendMail(ctx, Mail{
		To:      email,
		Subject: "Set a new password for Paddock",
		Text: "Somebody, probably you, asked to set a new password for Paddock at " + s.place() + ".\n\n" +
			"This link works once, within an hour:\n\n" + ResetLink(s.config.BaseURL, token, textOf(target)) + "\n\n" +
			"If you did not ask for it, do nothing: your password stays as it is.\n",
	})
	return nil
}

// ResetLink returns the link that leads to a page on which a new password is set, with
// the token. base is the URL at which browsers reach Paddock, and callback where the
// page is.
func ResetLink(base, token, callback string) string {
	return strings.TrimSuffix(base, "/") + prefix + "reset-password/" + token + "?callbackURL=" + url.QueryEscape(callback)
}

// followReset sends a browser that follows a link on to the page which it names, with
// the token, or with error=INVALID_TOKEN. The token is not used up by that.
func (s *Service) followReset(c *call) (any, error) {
	query := c.URL.Query()
	if !query.Has("callbackURL") {
		return nil, invalid([]string{"[query.callbackURL] Invalid input: expected string, received undefined"})
	}
	target := query.Get("callbackURL")
	if target != "" && !s.trustsCallback(target) {
		return nil, refuse(problem.AuthInvalidCallbackURL, "Invalid callbackURL")
	}
	token := strings.TrimPrefix(c.URL.Path, prefix+"reset-password/")
	if err := storable(&token); err != nil {
		return nil, err
	}
	if target != "" {
		_, found, err := s.verification(c.Context(), resetIdentifier(token))
		if err != nil {
			return nil, err
		}
		if found {
			return nil, s.redirectTo(target, "token", token)
		}
	}
	return nil, s.redirectTo(target, "error", problem.AuthInvalidToken.String())
}

// redirectTo returns the redirect to a URL, ours if it has no host, with a parameter.
// Without a URL it is the page that Better Auth has for errors.
func (s *Service) redirectTo(target, name, value string) error {
	if target == "" {
		target = prefix + "error"
	}
	to, err := s.base.Parse(target)
	if err != nil {
		return refuse(problem.AuthInvalidCallbackURL, "Invalid callbackURL")
	}
	to.RawQuery = withParameter(to.RawQuery, name, value)
	return &redirect{to.String()}
}

// withParameter returns a query with this value of a parameter in place of all others
// that it has, and the rest as it is, in its order.
func withParameter(query, name, value string) string {
	var pairs []string
	set := false
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err == nil {
			key = plain
		}
		switch {
		case pair == "":
		case key != name:
			pairs = append(pairs, pair)
		case !set:
			pairs, set = append(pairs, name+"="+url.QueryEscape(value)), true
		}
	}
	if !set {
		pairs = append(pairs, name+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&")
}

// resetPassword sets a new password with a token, which it uses up, and ends all of
// the user's sessions. All other tokens of the user end with it.
func (s *Service) resetPassword(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	fresh := f.text("newPassword", &complaints)
	given := f.optional("token", &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	token := c.URL.Query().Get("token")
	if given != nil && *given != "" {
		token = *given
	}
	if token == "" {
		return nil, refuse(problem.AuthInvalidToken, "Invalid token")
	}
	if err := errors.Join(checkLength(fresh), storable(&token)); err != nil {
		return nil, err
	}
	// No hash is spent on a token that is guessed.
	_, found, err := s.verification(c.Context(), resetIdentifier(token))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refuse(problem.AuthInvalidToken, "Invalid token")
	}
	hash, err := s.hasher.hash(c.Context(), fresh)
	if err != nil {
		return nil, err
	}
	email, err := s.setPasswordByToken(c.Context(), token, hash)
	if err != nil {
		return nil, err
	}
	s.forgetSignIns(c.Context(), c.Request, email)
	s.config.OnSessionEnd()
	return map[string]bool{"status": true}, nil
}

// setPasswordByToken uses the token up and does the rest of it, all or nothing. It
// returns the user's email address.
func (s *Service) setPasswordByToken(ctx context.Context, token, hash string) (email string, err error) {
	now := s.now()
	err = pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(ctx, tx, ""); err != nil {
			return err
		}
		userID, found, err := s.consumeIn(ctx, tx, resetIdentifier(token))
		if err != nil {
			return err
		}
		if !found {
			return refuse(problem.AuthInvalidToken, "Invalid token")
		}
		err = tx.QueryRow(ctx, `select email from auth."user" where id = $1`, userID).Scan(&email)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse(problem.AuthUserNotFound, "User not found")
		}
		if err != nil {
			return err
		}
		// The password first: it waits for sign-ins with the old one, and their
		// sessions end below (createSession).
		changed, err := tx.Exec(ctx, `update auth.account set password = $2, "updatedAt" = $3
			where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential'`, userID, hash, now)
		if err == nil && changed.RowsAffected() == 0 {
			_, err = tx.Exec(ctx, `insert into auth.account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
				values ($1, $2, 'credential', $2, $3, $4, $4)`, newID(), userID, hash, now)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from auth.session where "userId" = $1`, userID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from auth.verification where value = $1`, userID)
		return err
	})
	return email, databaseError(err)
}

package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/origin"
	"paddock/app/problem"
)

// deleteUser deletes the user who is signed in, with the accounts that they own.
// It takes their password, or a session that is not older than a day.
func (s *Service) deleteUser(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	f.optional("callbackURL", &complaints) // for deletions by mail, which we do not send
	password, token := f.optional("password", &complaints), f.optional("token", &complaints)
	if err := errors.Join(invalid(complaints), storable(token)); err != nil {
		return nil, err
	}
	in, u, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	hasPassword, hasToken := password != nil && *password != "", token != nil && *token != ""
	if hasPassword {
		if err := checkNotTooLong(*password); err != nil {
			return nil, err
		}
		if _, err := s.tryOwnPassword(c, u, *password); err != nil {
			return nil, err
		}
	}
	switch {
	case hasToken:
		// One that a Better Auth server on this database sent.
		owner, found, err := s.consume(c.Context(), "delete-account-"+*token)
		if err != nil {
			return nil, err
		}
		if !found || owner != in.UserID {
			refused := refuse(problem.AuthInvalidToken, "Invalid token")
			refused.status = http.StatusNotFound
			return nil, refused
		}
	case !hasPassword && s.now().Sub(time.Time(in.CreatedAt)) >= freshAge:
		return nil, refuse(problem.AuthSessionExpired, "Session expired. Re-authenticate to perform this action.")
	}
	if err := s.deleteSignedIn(c, in); err != nil {
		return nil, err
	}
	s.config.OnSessionEnd()
	s.clearSession(c)
	return map[string]any{"success": true, "message": "User deleted"}, nil
}

// deleteSignedIn deletes the session's user, unless orders of their accounts are
// open.
func (s *Service) deleteSignedIn(c *call, in session) error {
	var orders *int64
	_, err := s.queryRow(c.Context(), []any{&orders}, "select private.delete_signed_in_user($1, $2)", in.Token, origin.Text(c.Context()))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "PD401" { // it ended meanwhile
		return refuse(problem.AuthUnauthorized, "Unauthorized")
	}
	if err != nil || orders == nil {
		return err
	}
	return refuse(problem.AuthOpenOrders, "%d order(s) of your accounts are open at Alpaca, or may be. Cancel them, or dismiss those that Alpaca does not know, and try again.",
		*orders)
}

// AccountsWithOrders returns the names of the accounts that keep a user from being
// deleted, each with how many of its orders are open, from what private.delete_user
// returned.
func AccountsWithOrders(text []byte) (string, error) {
	var blocked []struct {
		Name   string
		Orders []struct{}
	}
	if err := json.Unmarshal(text, &blocked); err != nil {
		return "", fmt.Errorf("read which orders are open: %w", err)
	}
	var names []string
	for _, b := range blocked {
		names = append(names, fmt.Sprintf("%s (%d)", b.Name, len(b.Orders)))
	}
	return strings.Join(names, ", "), nil
}

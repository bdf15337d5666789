package auth

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

func (s *Service) getSession(c *call) (any, error) {
	c.noStore()
	found, in, u, err := s.readSession(c)
	if err != nil || !found {
		return nil, err
	}
	return map[string]any{"session": in, "user": u}, nil
}

// postSession refuses the call that would read a session without extending it.
func (s *Service) postSession(c *call) (any, error) {
	c.noStore()
	return nil, refuse(problem.AuthMethodNotAllowed, "POST method requires deferSessionRefresh to be enabled in session config")
}

// readSession returns the request's session, if it is alive. A session of which
// a day has passed is extended, unless it is not to be remembered or the query
// says not to. The cookie of a dead session is cleared, and a forged cookie
// counts as none.
func (s *Service) readSession(c *call) (found bool, in session, u user, err error) {
	s.clearSessionData(c)
	token, ok := s.SessionToken(c.Request)
	if !ok {
		return false, in, u, nil
	}
	// Better Auth takes any text but an empty one for true here.
	extend := s.remembered(c.Request) && c.URL.Query().Get("disableRefresh") == ""
	found, in, u, extended, err := s.findSession(c.Context(), token, extend)
	switch {
	case err != nil:
	case !found:
		s.clearSession(c)
		_, err = s.config.Pool.Exec(c.Context(), `delete from auth.session where token = $1 and "expiresAt" <= $2`, token, s.now())
		err = databaseError(err)
	case extended:
		s.setSession(c, token, true)
	}
	return found, in, u, err
}

// requireSession returns the request's session, or UNAUTHORIZED.
func (s *Service) requireSession(c *call) (session, user, error) {
	found, in, u, err := s.readSession(c)
	if err == nil && !found {
		err = refuse(problem.AuthUnauthorized, "Unauthorized")
	}
	return in, u, err
}

func (s *Service) listSessions(c *call) (any, error) {
	in, _, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	if s.now().Sub(time.Time(in.CreatedAt)) >= freshAge {
		return nil, refuse(problem.AuthSessionNotFresh, "Session is not fresh")
	}
	rows, err := s.config.Pool.Query(c.Context(), `select `+sessionColumnsSQL+` from auth.session s
		where s."userId" = $1 and s."expiresAt" > $2 order by s."createdAt"`, in.UserID, s.now())
	if err != nil {
		return nil, databaseError(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session, error) {
		var one session
		err := row.Scan(one.into()...)
		return one, err
	})
	if err != nil {
		return nil, databaseError(err)
	}
	return list, nil
}

// revoke deletes the user's sessions that condition selects.
func (s *Service) revoke(c *call, condition, token string) (any, error) {
	in, _, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	if token == "" {
		token = in.Token
	}
	if _, err := s.write(c.Context(), in.ID, nil, `delete from auth.session where "userId" = $1 and `+condition, in.UserID, token); err != nil {
		return nil, err
	}
	s.config.OnSessionEnd()
	if own := condition != otherSessionsSQL && token == in.Token; own {
		s.clearSession(c)
	}
	return map[string]bool{"status": true}, nil
}

// otherSessionsSQL is the condition of all sessions but the request's own.
const otherSessionsSQL = "token <> $2"

func (s *Service) revokeSession(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	token := f.text("token", &complaints)
	if err := errors.Join(invalid(complaints), storable(&token)); err != nil {
		return nil, err
	}
	if token == "" {
		token = "-" // the token of no session
	}
	return s.revoke(c, "token = $2", token)
}

func (s *Service) revokeSessions(c *call) (any, error) {
	return s.revoke(c, "$2 <> ''", "")
}

func (s *Service) revokeOtherSessions(c *call) (any, error) {
	return s.revoke(c, otherSessionsSQL, "")
}

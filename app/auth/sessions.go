package auth

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

func (s *Service) getSession(c *call) (any, error) {
	c.noStore()
	found, in, u, err := s.read(c)
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

// read answers the session that asks, if it lives. One of which a day is used
// up is extended, unless it is not to be remembered or the query says not to;
// the cookie of a dead one is cleared, and a forged one is answered like none.
func (s *Service) read(c *call) (found bool, in session, u user, err error) {
	s.clearSessionData(c)
	token, ok := s.SessionToken(c.Request)
	if !ok {
		return false, in, u, nil
	}
	// Better Auth takes any text but an empty one for true here.
	extend := s.remembered(c.Request) && c.URL.Query().Get("disableRefresh") == ""
	found, in, u, extended, err := s.find(c.Context(), token, extend)
	switch {
	case err != nil:
	case !found:
		s.clearSession(c)
		_, err = s.config.Pool.Exec(c.Context(), `delete from auth.session where token = $1 and "expiresAt" <= $2`, token, s.now())
		err = database(err)
	case extended:
		s.setSession(c, token, true)
	}
	return found, in, u, err
}

// current answers the session that asks, or UNAUTHORIZED.
func (s *Service) current(c *call) (session, user, error) {
	found, in, u, err := s.read(c)
	if err == nil && !found {
		err = refuse(problem.AuthUnauthorized, "Unauthorized")
	}
	return in, u, err
}

func (s *Service) listSessions(c *call) (any, error) {
	in, _, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if s.now().Sub(time.Time(in.CreatedAt)) >= freshAge {
		return nil, refuse(problem.AuthSessionNotFresh, "Session is not fresh")
	}
	rows, err := s.config.Pool.Query(c.Context(), `select `+sessionColumns+` from auth.session s
		where s."userId" = $1 and s."expiresAt" > $2 order by s."createdAt"`, in.UserID, s.now())
	if err != nil {
		return nil, database(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session, error) {
		var one session
		err := row.Scan(one.into()...)
		return one, err
	})
	if err != nil {
		return nil, database(err)
	}
	return list, nil
}

// revoke deletes those sessions of the one that asks that condition names.
func (s *Service) revoke(c *call, condition, token string) (any, error) {
	in, _, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if token == "" {
		token = in.Token
	}
	if _, err := s.config.Pool.Exec(c.Context(), `delete from auth.session where "userId" = $1 and `+condition, in.UserID, token); err != nil {
		return nil, database(err)
	}
	s.config.Ended()
	if own := condition != others && token == in.Token; own {
		s.clearSession(c)
	}
	return map[string]bool{"status": true}, nil
}

// others is the condition of every session but one's own.
const others = "token <> $2"

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
		token = "-" // names no session, and not the asking one
	}
	return s.revoke(c, "token = $2", token)
}

func (s *Service) revokeSessions(c *call) (any, error) {
	return s.revoke(c, "$2 <> ''", "")
}

func (s *Service) revokeOtherSessions(c *call) (any, error) {
	return s.revoke(c, others, "")
}

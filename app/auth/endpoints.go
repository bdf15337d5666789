package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// newSession is what a request tells of the session it opens.
func (s *Service) newSession(r *http.Request, remember bool) session {
	life := rememberedFor
	if !remember {
		life = forgottenFor
	}
	address := ""
	if a := s.clientAddress(r); a.IsValid() {
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
	name, email := f.text("name", &complaints), f.text("email", &complaints)
	if _, isText := f["email"].(string); isText && !isEmail(email) {
		complaints = append(complaints, "[body.email] Invalid email address")
	}
	password := f.text("password", &complaints)
	if _, isText := f["password"].(string); isText && password == "" {
		complaints = append(complaints, "[body.password] Too small: expected string to have >=1 characters")
	}
	image := f.optional("image", &complaints)
	f.optional("callbackURL", &complaints) // for mails of verification, which we do not send
	remember := f.flag("rememberMe", true, &complaints)
	if err := errors.Join(invalid(complaints), storable(&name, image)); err != nil {
		return nil, err
	}
	if err := checkLength(password); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(c.Context(), password)
	if err != nil {
		return nil, err
	}
	u, in, err := s.createUser(c.Context(), name, strings.ToLower(email), hash, image, s.newSession(c.Request, remember))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return nil, refuse(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")
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
	if !isEmail(email) {
		return nil, refuse(400, "INVALID_EMAIL", "Invalid email")
	}
	if err := checkNotTooLong(password); err != nil {
		return nil, err
	}
	u, err := s.checkPassword(c.Context(), strings.ToLower(email), password)
	if err != nil {
		return nil, err
	}
	in, err := s.createSession(c.Context(), u.ID, s.newSession(c.Request, remember))
	if err != nil {
		return nil, err
	}
	s.setSession(c, in.Token, remember)
	answer := map[string]any{"redirect": false, "token": in.Token, "user": u}
	if callback != nil {
		answer["url"] = *callback
		if *callback != "" {
			answer["redirect"] = true
			c.header.Set("Location", escapeLocation(*callback))
		}
	}
	return answer, nil
}

// checkPassword answers the user whose email and password these are. An
// unknown email takes as long as a wrong password, and is answered the same.
func (s *Service) checkPassword(ctx context.Context, email, password string) (user, error) {
	var u user
	var hash *string
	_, err := s.row(ctx, append(u.into(), &hash), `select `+userColumns+`, a.password from auth."user" u
		left join auth.account a on a."userId" = u.id and a."providerId" = 'credential' and a."accountId" = u.id where u.email = $1`, email)
	if err != nil {
		return u, err
	}
	stored := ""
	if hash != nil {
		stored = *hash
	}
	right, err := s.hasher.verify(ctx, password, stored)
	if err != nil {
		return u, err
	}
	if !right {
		return u, refuse(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
	}
	return u, nil
}

func (s *Service) signOut(c *call) (any, error) {
	if c.body.there {
		f, err := c.body.object("object")
		if err != nil {
			return nil, err
		}
		// These say where to go after signing out of a social provider: we have none.
		var complaints []string
		f.optional("callbackURL", &complaints)
		f.flag("disableRedirect", false, &complaints)
		f.optional("state", &complaints)
		if err := invalid(complaints); err != nil {
			return nil, err
		}
	}
	if token, ok := s.SessionToken(c.Request); ok {
		if _, err := s.config.Pool.Exec(c.Context(), `delete from auth.session where token = $1`, token); err != nil {
			return nil, database(err)
		}
	}
	s.clearSession(c)
	return map[string]bool{"success": true}, nil
}

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
	return nil, refuse(405, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED", "POST method requires deferSessionRefresh to be enabled in session config")
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
		err = refuse(401, "UNAUTHORIZED", "Unauthorized")
	}
	return in, u, err
}

func (s *Service) listSessions(c *call) (any, error) {
	in, _, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if s.now().Sub(time.Time(in.CreatedAt)) >= freshAge {
		return nil, refuse(403, "SESSION_NOT_FRESH", "Session is not fresh")
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

func (s *Service) updateUser(c *call) (any, error) {
	f, err := c.body.object("record")
	if err != nil {
		return nil, err
	}
	var complaints []string
	name := f.optional("name", &complaints)
	value, setsImage := f["image"]
	var image *string
	if value != nil {
		image = f.optional("image", &complaints)
	}
	if err := errors.Join(invalid(complaints), storable(name, image)); err != nil {
		return nil, err
	}
	in, _, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if truthy(f["email"]) {
		return nil, refuse(400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
	}
	if name == nil && !setsImage {
		return nil, refuse(400, "", "No fields to update")
	}
	_, err = s.config.Pool.Exec(c.Context(), `update auth."user" set name = coalesce($2, name),
		image = case when $3 then $4 else image end, "updatedAt" = $5 where id = $1`, in.UserID, name, setsImage, image, s.now())
	if err != nil {
		return nil, database(err)
	}
	s.setSession(c, in.Token, s.remembered(c.Request))
	return map[string]bool{"status": true}, nil
}

func (s *Service) changePassword(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	fresh, old := f.text("newPassword", &complaints), f.text("currentPassword", &complaints)
	others := f.flag("revokeOtherSessions", false, &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	in, u, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if err := checkLength(fresh); err != nil {
		return nil, err
	}
	if err := checkNotTooLong(old); err != nil {
		return nil, err
	}
	if err := s.checkOwnPassword(c.Context(), in.UserID, old); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(c.Context(), fresh)
	if err != nil {
		return nil, err
	}
	next, err := s.storePassword(c.Request, in, hash, others)
	if err != nil {
		return nil, err
	}
	if !others {
		return map[string]any{"token": nil, "user": u}, nil
	}
	s.setSession(c, next.Token, s.remembered(c.Request))
	return map[string]any{"token": next.Token, "user": u}, nil
}

// checkOwnPassword refuses a password that is not the user's. One who signs in
// by other means, with a Better Auth server on the same database, has none.
func (s *Service) checkOwnPassword(ctx context.Context, userID, password string) error {
	var hash *string
	_, err := s.row(ctx, []any{&hash}, `select password from auth.account
		where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential'`, userID)
	if err != nil {
		return err
	}
	if hash == nil || *hash == "" {
		return refuse(400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found")
	}
	right, err := s.hasher.verify(ctx, password, *hash)
	if err == nil && !right {
		err = refuse(400, "INVALID_PASSWORD", "Invalid password")
	}
	return err
}

// storePassword sets a user's password; with others it ends all sessions and
// opens a new one, in the same transaction.
func (s *Service) storePassword(r *http.Request, in session, hash string, others bool) (session, error) {
	next := s.newSession(r, s.remembered(r))
	now := s.now()
	err := pgx.BeginFunc(r.Context(), s.config.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(r.Context(), `update auth.account set password = $2, "updatedAt" = $3
			where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential'`, in.UserID, hash, now)
		if err != nil || !others {
			return err
		}
		if _, err := tx.Exec(r.Context(), `delete from auth.session where "userId" = $1`, in.UserID); err != nil {
			return err
		}
		return tx.QueryRow(r.Context(), `
			insert into auth.session as s (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
			values ($1, $2, $3, $4, $4, $5, $6, $7) returning `+sessionColumns,
			newID(), time.Time(next.ExpiresAt), newID(), now, next.IPAddress, next.UserAgent, in.UserID).Scan(next.into()...)
	})
	return next, database(err)
}

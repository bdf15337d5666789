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

func (s *Service) signUp(r *http.Request) (reply, error) {
	f, err := readFields(r, true)
	if err != nil {
		return reply{}, err
	}
	var complaints []string
	name, email, password := f.text("name", &complaints), f.text("email", &complaints), f.text("password", &complaints)
	image := f.optional("image", &complaints)
	remember := f.flag("rememberMe", true, &complaints)
	if _, isText := f["email"].(string); isText && !isEmail(email) {
		complaints = append(complaints, "[body.email] Invalid email address")
	}
	if err := errors.Join(invalid(complaints), storable(&name, &email, &password, image)); err != nil {
		return reply{}, err
	}
	if err := checkLength(password); err != nil {
		return reply{}, err
	}
	hash, err := s.hasher.hash(r.Context(), password)
	if err != nil {
		return reply{}, err
	}
	u, in, err := s.createUser(r.Context(), name, strings.ToLower(email), hash, image, s.newSession(r, remember))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return reply{}, refuse(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")
	}
	if err != nil {
		return reply{}, err
	}
	return reply{body: map[string]any{"token": in.Token, "user": u}, cookies: s.setSession(r, in.Token, remember)}, nil
}

func (s *Service) signIn(r *http.Request) (reply, error) {
	f, err := readFields(r, true)
	if err != nil {
		return reply{}, err
	}
	var complaints []string
	email, password := f.text("email", &complaints), f.text("password", &complaints)
	callback := f.optional("callbackURL", &complaints)
	remember := f.flag("rememberMe", true, &complaints)
	if err := errors.Join(invalid(complaints), storable(&email, &password, callback)); err != nil {
		return reply{}, err
	}
	if callback != nil && !s.trustsCallback(*callback) {
		return reply{}, refuse(403, "INVALID_CALLBACK_URL", "Invalid callbackURL")
	}
	if !isEmail(email) {
		return reply{}, refuse(400, "INVALID_EMAIL", "Invalid email")
	}
	u, err := s.checkPassword(r.Context(), strings.ToLower(email), password)
	if err != nil {
		return reply{}, err
	}
	in, err := s.createSession(r.Context(), u.ID, s.newSession(r, remember))
	if err != nil {
		return reply{}, err
	}
	answer := reply{body: map[string]any{"redirect": false, "token": in.Token, "user": u}, cookies: s.setSession(r, in.Token, remember)}
	if callback != nil {
		answer.body = map[string]any{"redirect": true, "token": in.Token, "url": *callback, "user": u}
		answer.headers = map[string]string{"Location": *callback}
	}
	return answer, nil
}

// checkPassword answers the user whose email and password these are. An
// unknown email takes as long as a wrong password, and is answered the same.
func (s *Service) checkPassword(ctx context.Context, email, password string) (user, error) {
	var u user
	var hash *string
	_, err := s.row(ctx, append(u.into(), &hash), `select `+userColumns+`, a.password from auth."user" u
		left join auth.account a on a."userId" = u.id and a."providerId" = 'credential' where u.email = $1`, email)
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

// trustsCallback takes paths of ours and URLs of trusted origins.
func (s *Service) trustsCallback(target string) bool {
	if strings.HasPrefix(target, "/") {
		return !strings.HasPrefix(target, "//") && !strings.ContainsAny(target, "\\\r\n\t")
	}
	return s.trusts(target)
}

func (s *Service) signOut(r *http.Request) (reply, error) {
	if token, ok := s.SessionToken(r); ok {
		if _, err := s.config.Pool.Exec(r.Context(), `delete from auth.session where token = $1`, token); err != nil {
			return reply{}, database(err)
		}
	}
	return reply{body: map[string]bool{"success": true}, cookies: s.clearSession()}, nil
}

func (s *Service) getSession(r *http.Request) (reply, error) {
	answer := reply{headers: map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache"}}
	token, ok := s.SessionToken(r)
	if !ok {
		return answer, nil // a forged cookie is answered like none
	}
	remember := s.remembered(r)
	extend := remember && r.URL.Query().Get("disableRefresh") != "true"
	found, in, u, extended, err := s.find(r.Context(), token, extend)
	switch {
	case err != nil:
		return answer, err
	case !found:
		answer.cookies = s.clearSession()
	default:
		answer.body = map[string]any{"session": in, "user": u}
		if extended {
			answer.cookies = s.setSession(r, token, true)
		}
	}
	return answer, nil
}

// current answers the session that asks, or UNAUTHORIZED.
func (s *Service) current(r *http.Request) (session, user, error) {
	token, ok := s.SessionToken(r)
	if !ok {
		return session{}, user{}, unauthorized()
	}
	found, in, u, _, err := s.find(r.Context(), token, false)
	if err != nil {
		return in, u, err
	}
	if !found {
		gone := unauthorized()
		gone.cookies = s.clearSession()
		return in, u, gone
	}
	return in, u, nil
}

func (s *Service) listSessions(r *http.Request) (reply, error) {
	in, _, err := s.current(r)
	if err != nil {
		return reply{}, err
	}
	if s.now().Sub(time.Time(in.CreatedAt)) >= freshAge {
		return reply{}, refuse(403, "SESSION_NOT_FRESH", "Session is not fresh")
	}
	rows, err := s.config.Pool.Query(r.Context(), `select `+sessionColumns+` from auth.session s
		where s."userId" = $1 and s."expiresAt" > $2 order by s."createdAt"`, in.UserID, s.now())
	if err != nil {
		return reply{}, database(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session, error) {
		var one session
		err := row.Scan(one.into()...)
		return one, err
	})
	if err != nil {
		return reply{}, database(err)
	}
	return reply{body: list}, nil
}

// revoke deletes those sessions of the one that asks that condition names.
func (s *Service) revoke(r *http.Request, condition, token string) (reply, error) {
	in, _, err := s.current(r)
	if err != nil {
		return reply{}, err
	}
	if token == "" {
		token = in.Token
	}
	if _, err := s.config.Pool.Exec(r.Context(), `delete from auth.session where "userId" = $1 and `+condition, in.UserID, token); err != nil {
		return reply{}, database(err)
	}
	answer := reply{body: map[string]bool{"status": true}}
	if own := condition != others && token == in.Token; own {
		answer.cookies = s.clearSession()
	}
	return answer, nil
}

// others is the condition of every session but one's own.
const others = "token <> $2"

func (s *Service) revokeSession(r *http.Request) (reply, error) {
	f, err := readFields(r, false)
	if err != nil {
		return reply{}, err
	}
	var complaints []string
	token := f.text("token", &complaints)
	if err := errors.Join(invalid(complaints), storable(&token)); err != nil {
		return reply{}, err
	}
	if token == "" {
		token = "-" // names no session, and not the asking one
	}
	return s.revoke(r, "token = $2", token)
}

func (s *Service) revokeSessions(r *http.Request) (reply, error) {
	return s.revoke(r, "$2 <> ''", "")
}

func (s *Service) revokeOtherSessions(r *http.Request) (reply, error) {
	return s.revoke(r, others, "")
}

func (s *Service) updateUser(r *http.Request) (reply, error) {
	f, err := readFields(r, false)
	if err != nil {
		return reply{}, err
	}
	var complaints []string
	name, image := f.optional("name", &complaints), f.optional("image", &complaints)
	_, setsImage := f["image"]
	if err := errors.Join(invalid(complaints), storable(name, image)); err != nil {
		return reply{}, err
	}
	in, _, err := s.current(r)
	if err != nil {
		return reply{}, err
	}
	if _, there := f["email"]; there {
		return reply{}, refuse(400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
	}
	if name == nil && !setsImage {
		return reply{}, refuse(400, "NO_FIELDS_TO_UPDATE", "No fields to update")
	}
	_, err = s.config.Pool.Exec(r.Context(), `update auth."user" set name = coalesce($2, name),
		image = case when $3 then $4 else image end, "updatedAt" = $5 where id = $1`, in.UserID, name, setsImage, image, s.now())
	if err != nil {
		return reply{}, database(err)
	}
	return reply{body: map[string]bool{"status": true}, cookies: s.setSession(r, in.Token, s.remembered(r))}, nil
}

func (s *Service) changePassword(r *http.Request) (reply, error) {
	f, err := readFields(r, false)
	if err != nil {
		return reply{}, err
	}
	var complaints []string
	fresh, old := f.text("newPassword", &complaints), f.text("currentPassword", &complaints)
	others := f.flag("revokeOtherSessions", false, &complaints)
	if err := errors.Join(invalid(complaints), storable(&fresh, &old)); err != nil {
		return reply{}, err
	}
	in, u, err := s.current(r)
	if err != nil {
		return reply{}, err
	}
	if err := checkLength(fresh); err != nil {
		return reply{}, err
	}
	if _, err := s.checkPassword(r.Context(), u.Email, old); err != nil {
		var refused *refusal
		if errors.As(err, &refused) {
			return reply{}, refuse(400, "INVALID_PASSWORD", "Invalid password")
		}
		return reply{}, err
	}
	hash, err := s.hasher.hash(r.Context(), fresh)
	if err != nil {
		return reply{}, err
	}
	next, err := s.storePassword(r, in, hash, others)
	if err != nil {
		return reply{}, err
	}
	answer := reply{body: map[string]any{"token": nil, "user": u}}
	if others {
		answer.body = map[string]any{"token": next.Token, "user": u}
		answer.cookies = s.setSession(r, next.Token, s.remembered(r))
	}
	return answer, nil
}

// storePassword sets a user's password; with others it ends all sessions and
// opens a new one, in the same transaction.
func (s *Service) storePassword(r *http.Request, in session, hash string, others bool) (session, error) {
	next := s.newSession(r, s.remembered(r))
	now := s.now()
	err := pgx.BeginFunc(r.Context(), s.config.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(r.Context(), `update auth.account set password = $2, "updatedAt" = $3
			where "userId" = $1 and "providerId" = 'credential'`, in.UserID, hash, now)
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

package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/origin"
	"paddock/app/problem"
)

// isoTime is a time in JavaScript's form.
type isoTime time.Time

func (t isoTime) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

// session is a row of auth.session.
type session struct {
	ExpiresAt isoTime `json:"expiresAt"`
	Token     string  `json:"token"`
	CreatedAt isoTime `json:"createdAt"`
	UpdatedAt isoTime `json:"updatedAt"`
	IPAddress *string `json:"ipAddress"`
	UserAgent *string `json:"userAgent"`
	UserID    string  `json:"userId"`
	ID        string  `json:"id"`
}

// user is a row of auth."user".
type user struct {
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	CreatedAt     isoTime `json:"createdAt"`
	UpdatedAt     isoTime `json:"updatedAt"`
	ID            string  `json:"id"`
	// TwoFactorEnabled is nil where another program made the user.
	TwoFactorEnabled *bool `json:"twoFactorEnabled"`
}

// hasTwoFactor reports whether the user signs in with a second factor.
func (u *user) hasTwoFactor() bool { return u.TwoFactorEnabled != nil && *u.TwoFactorEnabled }

const (
	sessionColumnsSQL = `s."expiresAt", s.token, s."createdAt", s."updatedAt", s."ipAddress", s."userAgent", s."userId", s.id`
	userColumnsSQL    = `u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt", u.id, u."twoFactorEnabled"`
)

func (s *session) into() []any {
	return []any{(*time.Time)(&s.ExpiresAt), &s.Token, (*time.Time)(&s.CreatedAt), (*time.Time)(&s.UpdatedAt), &s.IPAddress, &s.UserAgent, &s.UserID, &s.ID}
}

func (u *user) into() []any {
	return []any{&u.Name, &u.Email, &u.EmailVerified, &u.Image, (*time.Time)(&u.CreatedAt), (*time.Time)(&u.UpdatedAt), &u.ID, &u.TwoFactorEnabled}
}

// The life of a session: a week when it is remembered, else a day. On use it is
// extended once a day of it has passed. Some calls need one that is fresh.
const (
	rememberedFor = 7 * 24 * time.Hour
	forgottenFor  = 24 * time.Hour
	updateAge     = 24 * time.Hour
	freshAge      = 24 * time.Hour
)

// newID returns 32 random characters of [A-Za-z0-9].
func newID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 32)
	for i := range id {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // cannot happen: crypto/rand never fails
		}
		id[i] = letters[n.Int64()]
	}
	return string(id)
}

// queryRow runs a query of at most one row, and reports whether there was one.
func (s *Service) queryRow(ctx context.Context, into []any, sql string, args ...any) (found bool, err error) {
	err = s.config.Pool.QueryRow(ctx, sql, args...).Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, databaseError(err)
}

// setOriginSQL tells the audit which request a transaction is for: see sessionOrigin.
const setOriginSQL = "select set_config('app.origin', $1, true)"

// sessionOrigin returns the origin of a context as the audit takes it: behind the id
// of the session, "" before there is one.
func sessionOrigin(ctx context.Context, sessionID string) string {
	return sessionID + " " + origin.Text(ctx)
}

// write runs a statement that changes something, and tells the audit which
// request it is for, and of which session ("" before there is one). It reports
// whether the statement returned a row.
func (s *Service) write(ctx context.Context, sessionID string, into []any, sql string, args ...any) (found bool, err error) {
	var b pgx.Batch
	b.Queue(setOriginSQL, sessionOrigin(ctx, sessionID))
	statement := b.Queue(sql, args...)
	if into != nil {
		statement.QueryRow(func(row pgx.Row) error {
			err := row.Scan(into...)
			found = err == nil
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
	}
	// Both are one transaction, because one Sync ends the batch.
	err = s.config.Pool.SendBatch(ctx, &b).Close()
	return found && err == nil, databaseError(err)
}

// beginFor is how a transaction of sign-in begins: it tells the audit which request it
// is for.
func beginFor(ctx context.Context, tx pgx.Tx, sessionID string) error {
	_, err := tx.Exec(ctx, setOriginSQL, sessionOrigin(ctx, sessionID))
	return err
}

// auditRefusal writes into the audit that a password was refused: of this user, or
// with "" of an address that nobody has.
func (s *Service) auditRefusal(ctx context.Context, action, userID string) error {
	_, err := s.write(ctx, "", nil, "select private.audit_refused_sign_in($1, $2)", action, userID)
	return err
}

// databaseError marks errors that are neither Postgres' own nor a refusal of ours.
func databaseError(err error) error {
	var pg *pgconn.PgError
	var refused *refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg) && pg.Code == "PD423":
		return refuse(problem.AuthUserDisabled, "This user is disabled. Ask whoever runs this server.")
	case errors.As(err, &pg) || errors.As(err, &refused):
		return err
	}
	return fmt.Errorf("%w: %w", errDatabase, err)
}

// createUser makes a user with a password and its first session, in one
// transaction, in which it is also checked whether they may sign up.
func (s *Service) createUser(ctx context.Context, name, email, hash, invitation string, image *string, in session) (user, session, error) {
	var u user
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(ctx, tx, ""); err != nil {
			return err
		}
		if err := s.admitSignUp(ctx, tx, email, invitation); err != nil {
			return err
		}
		return s.insertUser(ctx, tx, name, email, hash, image, &u, &in)
	})
	return u, in, databaseError(err)
}

// createUnverified makes a user with a password and no session, in the same way.
func (s *Service) createUnverified(ctx context.Context, u user, hash, invitation string) (user, error) {
	err := pgx.BeginFunc(ctx, s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(ctx, tx, ""); err != nil {
			return err
		}
		if err := s.admitSignUp(ctx, tx, u.Email, invitation); err != nil {
			return err
		}
		return tx.QueryRow(ctx, insertUserSQL+` select `+userColumnsSQL+` from u`,
			u.ID, u.Name, u.Email, u.Image, time.Time(u.CreatedAt), newID(), hash).Scan(u.into()...)
	})
	return u, databaseError(err)
}

// insertUserSQL begins a statement that makes a user, as u, and their password.
const insertUserSQL = `with u as (
		insert into auth."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt")
		values ($1, $2, $3, false, $4, $5, $5) returning *
	), a as (
		insert into auth.account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		values ($6, $1, 'credential', $1, $7, $5, $5)
	)`

// insertUser inserts the rows of a new user and of their session, and reads both.
func (s *Service) insertUser(ctx context.Context, tx pgx.Tx, name, email, hash string, image *string, u *user, in *session) error {
	now := s.now()
	id := newID()
	return tx.QueryRow(ctx, insertUserSQL+`, s as (
			insert into auth.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
			values ($8, $9, $10, $5, $5, $11, $12, $1) returning *
		) select `+userColumnsSQL+`, `+sessionColumnsSQL+` from u, s`,
		id, name, email, image, now, newID(), hash, newID(), time.Time(in.ExpiresAt), newID(), in.IPAddress, in.UserAgent).
		Scan(append(u.into(), in.into()...)...)
}

const insertSessionSQL = `
	insert into auth.session as s (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
	values ($1, $2, $3, $4, $4, $5, $6, $7) returning ` + sessionColumnsSQL

// newSessionRow returns the arguments of insertSessionSQL.
func (s *Service) newSessionRow(userID string, in session) []any {
	return []any{newID(), time.Time(in.ExpiresAt), newID(), s.now(), in.IPAddress, in.UserAgent, userID}
}

// createSession makes a session of a user who gave the password of this hash. Checking
// a password takes a while: where it was changed meanwhile, which ends the user's
// sessions, this one does not begin either. The password's row is locked until it has
// begun, so that a change waits, and ends it.
func (s *Service) createSession(ctx context.Context, userID, hash string, in session) (session, error) {
	now := s.now()
	found, err := s.write(ctx, "", in.into(), `
		with a as (
			select "userId" from auth.account
			where "userId" = $7 and "accountId" = $7 and "providerId" = 'credential' and password = $8 for share
		) insert into auth.session as s (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
		select $1, $2::timestamptz, $3, $4::timestamptz, $4, $5, $6, a."userId" from a limit 1 returning `+sessionColumnsSQL,
		newID(), time.Time(in.ExpiresAt), newID(), now, in.IPAddress, in.UserAgent, userID, hash)
	if err == nil && !found {
		err = refuse(problem.AuthInvalidEmailOrPassword, "Invalid email or password")
	}
	return in, err
}

// createSessionIn is createSession in a transaction.
func (s *Service) createSessionIn(ctx context.Context, tx pgx.Tx, userID string, in *session) error {
	return tx.QueryRow(ctx, insertSessionSQL, s.newSessionRow(userID, *in)...).Scan(in.into()...)
}

// findSession returns a living session and its user. With extend, its end moves
// once a day of it has passed; extended reports whether that happened.
func (s *Service) findSession(ctx context.Context, token string, extend bool) (found bool, in session, u user, extended bool, err error) {
	now := s.now()
	found, err = s.queryRow(ctx, append(append(in.into(), u.into()...), &extended), `
		with moved as (
			update auth.session set "expiresAt" = $3, "updatedAt" = $2
			where token = $1 and $4 and "expiresAt" > $2 and "expiresAt" <= $5 returning *
		), s as (
			select *, true as extended from moved
			union all
			select *, false from auth.session where token = $1 and "expiresAt" > $2 and not exists (select from moved)
		) select `+sessionColumnsSQL+`, `+userColumnsSQL+`, s.extended from s join auth."user" u on u.id = s."userId"`,
		token, now, now.Add(rememberedFor), extend, now.Add(rememberedFor-updateAge))
	return found, in, u, extended, err
}

package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

func (s *Service) updateUser(c *call) (any, error) {
	f, err := c.body.object("record")
	if err != nil {
		return nil, err
	}
	var complaints []string
	name := f.scalar("name", &complaints)
	value, setsImage := f["image"]
	var image *string
	if value != nil {
		image = f.scalar("image", &complaints)
	}
	if err := errors.Join(invalid(complaints), storable(name, image)); err != nil {
		return nil, err
	}
	in, _, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	if truthy(f["email"]) {
		return nil, refuse(problem.AuthEmailFixed, "Email can not be updated")
	}
	if name == nil && !setsImage {
		return nil, invalidRequest("No fields to update")
	}
	_, err = s.write(c.Context(), in.ID, nil, `update auth."user" set name = coalesce($2, name),
		image = case when $3 then $4 else image end, "updatedAt" = $5 where id = $1`, in.UserID, name, setsImage, image, s.now())
	if err != nil {
		return nil, err
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
	in, u, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	if err := checkLength(fresh); err != nil {
		return nil, err
	}
	if err := checkNotTooLong(old); err != nil {
		return nil, err
	}
	was, err := s.tryOwnPassword(c, u, old)
	if err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(c.Context(), fresh)
	if err != nil {
		return nil, err
	}
	next, err := s.storePassword(c.Request, in, was, hash, others)
	if err != nil {
		return nil, err
	}
	if !others {
		return map[string]any{"token": nil, "user": u}, nil
	}
	s.config.OnSessionEnd()
	s.setSession(c, next.Token, s.remembered(c.Request))
	return map[string]any{"token": next.Token, "user": u}, nil
}

// tryOwnPassword does what checkOwnPassword does, and counts the password with the
// user's sign-ins.
func (s *Service) tryOwnPassword(c *call, u user, password string) (stored string, err error) {
	if err := s.countSignIn(c.Context(), c.Request, u.Email); err != nil {
		return "", err
	}
	stored, err = s.checkOwnPassword(c.Context(), u.ID, password)
	if err == nil {
		s.forgetSignIns(c.Context(), c.Request, u.Email)
	}
	return stored, err
}

// checkOwnPassword refuses a password that is not the user's, and returns the hash
// that it fits. A user of a Better Auth server on the same database may have none.
func (s *Service) checkOwnPassword(ctx context.Context, userID, password string) (stored string, err error) {
	var hash *string
	_, err = s.queryRow(ctx, []any{&hash}, `select password from auth.account
		where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential'`, userID)
	if err != nil {
		return "", err
	}
	if hash == nil || *hash == "" {
		return "", refuse(problem.AuthCredentialNotFound, "Credential account not found")
	}
	right, err := s.hasher.verify(ctx, password, *hash)
	if err == nil && !right {
		if err := s.auditRefusal(ctx, "password.refused", userID); err != nil {
			return "", err
		}
		err = refuse(problem.AuthInvalidPassword, "Invalid password")
	}
	return *hash, err
}

// storePassword sets a user's password in the place of the one of the hash was: where
// it was changed since that was checked, such as by a link, it stays. With others it
// also ends all sessions and makes a new one, in the same transaction. As in Better Auth
// that lasts a week, also where the browser forgets its cookie when it is closed.
func (s *Service) storePassword(r *http.Request, in session, was, hash string, others bool) (session, error) {
	next := s.newSession(r, true)
	now := s.now()
	err := pgx.BeginFunc(r.Context(), s.config.Pool, func(tx pgx.Tx) error {
		if err := beginFor(r.Context(), tx, in.ID); err != nil {
			return err
		}
		stored, err := tx.Exec(r.Context(), `update auth.account set password = $2, "updatedAt" = $3
			where "userId" = $1 and "accountId" = $1 and "providerId" = 'credential' and password = $4`, in.UserID, hash, now, was)
		if err == nil && stored.RowsAffected() == 0 {
			err = refuse(problem.AuthInvalidPassword, "Invalid password")
		}
		if err != nil || !others {
			return err
		}
		if _, err := tx.Exec(r.Context(), "select private.keep_second_factor($1)", in.Token); err != nil {
			return err
		}
		if _, err := tx.Exec(r.Context(), `delete from auth.session where "userId" = $1`, in.UserID); err != nil {
			return err
		}
		return s.createSessionIn(r.Context(), tx, in.UserID, &next)
	})
	return next, databaseError(err)
}

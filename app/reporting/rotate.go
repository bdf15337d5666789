package reporting

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/scram"
)

// Rotate gives a login a new password and a new end (the zero time: none), and
// returns the password, which is stored nowhere. The old one is good for nothing
// from then on: sessions that were opened with it are ended on this server. On a
// replica they go on until somebody ends them there.
//
// It ends with unknown_report_login or invalid_report_end.
func Rotate(ctx context.Context, conn *pgx.Conn, name string, until time.Time) (password string, err error) {
	if err := checkEnd(until); err != nil {
		return "", err
	}
	password, err = newPassword()
	if err != nil {
		return "", err
	}
	verifier, err := scram.Verifier(password)
	if err != nil {
		return "", err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := requireLogin(ctx, tx, name); err != nil {
			return err
		}
		return run(ctx, tx, fmt.Sprintf("alter role %s password '%s' valid until '%s'", pgx.Identifier{name}.Sanitize(), verifier, validUntil(until)))
	})
	if err != nil {
		return "", explain(err, name)
	}
	// After the commit, so that nobody comes in again with the old password.
	if err := endSessions(ctx, conn, name); err != nil {
		return password, fmt.Errorf("the login %s has its new password, but sessions that were opened with the old one could not be ended: %w", name, err)
	}
	return password, nil
}

// endSessions ends a login's sessions as paddock_watchdog, which is a member of
// each login for that.
func endSessions(ctx context.Context, conn *pgx.Conn, name string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := run(ctx, tx, "set local role paddock_watchdog"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a where a.usename = $1", name)
		return err
	})
}

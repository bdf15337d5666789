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
// from then on: sessions that were opened with it are ended on this server before.
// On a replica they go on until somebody ends them there. Where it fails on the
// way, nobody can sign in with the login until it is called again.
//
// It ends with unknown_report_login, invalid_report_end, or not_permitted where the
// sessions cannot be ended.
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
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return requireLogin(ctx, tx, name) })
	if err == nil {
		// Before the password is changed: a session would set its own again.
		err = shut(ctx, conn, name)
	}
	if err == nil {
		_, err = conn.Exec(ctx, fmt.Sprintf("alter role %s login password '%s' valid until '%s'", pgx.Identifier{name}.Sanitize(), verifier, validUntil(until)))
	}
	if err != nil {
		return "", explain(err, name)
	}
	return password, nil
}

package reporting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

const (
	// shutFor is how long shut tries, and shutEvery the time between two tries.
	shutFor   = 20 * time.Second
	shutEvery = 50 * time.Millisecond
	// quietLooks is how many looks in a row must find no session: one that was
	// signing in when the login was shut out is not listed at once.
	quietLooks = 4
)

// shut lets nobody sign in with a login any more, and ends all of its sessions on
// this server. It returns when there is none left.
//
// Postgres lets a login set its own password and settings, and so lock its own row:
// whatever changes that from outside waits for the login's transaction, or fails
// because both change it at once. So the sessions are ended over and over until the
// row is changed, and after that until there are none.
func shut(ctx context.Context, conn *pgx.Conn, name string) error {
	ctx, cancel := context.WithTimeout(ctx, shutFor)
	defer cancel()
	out := false
	for quiet := 0; quiet < quietLooks; {
		found, err := endSessions(ctx, conn, name)
		if err != nil {
			return err
		}
		if quiet++; found > 0 || !out {
			quiet = 0
		}
		if !out {
			if out, err = refuseSignIn(ctx, conn, name); err != nil {
				return err
			}
		}
		select {
		case <-time.After(shutEvery):
		case <-ctx.Done():
			return fmt.Errorf("end the sessions of %s: %w", name, ctx.Err())
		}
	}
	return nil
}

// refuseSignIn takes LOGIN from a login. It reports false where the login changed
// its own row at the same moment.
func refuseSignIn(ctx context.Context, conn *pgx.Conn, name string) (bool, error) {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		return run(ctx, tx, "set local lock_timeout = '200ms'", fmt.Sprintf("alter role %s nologin", pgx.Identifier{name}.Sanitize()))
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "XX000") { // it waited too long; "tuple concurrently updated"
		return false, nil
	}
	return err == nil, err
}

// endSessions ends a login's sessions as paddock_watchdog, which is a member of
// each login for that, and returns how many there were.
func endSessions(ctx context.Context, conn *pgx.Conn, name string) (found int, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := run(ctx, tx, "set local role paddock_watchdog"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select count(pg_catalog.pg_terminate_backend(a.pid)) from pg_catalog.pg_stat_activity a where a.usename = $1", name).Scan(&found)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return found, problem.New(problem.NotPermitted, "The sessions of %q cannot be ended, so it was not changed. Run GRANT %[1]s TO paddock_watchdog, as the role that made the login, and try again.", name).Because(err)
	}
	return found, err
}

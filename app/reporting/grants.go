package reporting

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// Grant lets an existing login see further accounts, from its next statement on.
// What it sees already stays. Where user is the address of a user, it sees them as long as
// this one owns them or has the role reports there. It ends with unknown_report_login,
// report_needs_account, unknown_account or report_not_for_user, and then changes nothing.
func Grant(ctx context.Context, conn *pgx.Conn, name string, accounts []uuid.UUID, user string) error {
	if len(accounts) == 0 {
		return problem.New(problem.ReportNeedsAccount, "Name at least one account that the login may see.")
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := requireLogin(ctx, tx, name); err != nil {
			return err
		}
		if err := run(ctx, tx, "set local role paddock_owner"); err != nil {
			return err
		}
		return grant(ctx, tx, name, accounts, user)
	})
	return explain(err, name)
}

// grant lets a login see accounts, as paddock_owner.
func grant(ctx context.Context, tx pgx.Tx, name string, accounts []uuid.UUID, user string) error {
	for _, account := range accounts {
		if _, err := tx.Exec(ctx, "select private.grant_report($1, $2, nullif($3, ''))", name, account, user); err != nil {
			return err
		}
	}
	return nil
}

// Revoke takes accounts from a login, from its next statement on. A login
// without any account sees nothing. It ends with unknown_report_login,
// report_needs_account or report_not_granted, and then changes nothing.
func Revoke(ctx context.Context, conn *pgx.Conn, name string, accounts []uuid.UUID) error {
	if len(accounts) == 0 {
		return problem.New(problem.ReportNeedsAccount, "Name at least one account that the login shall see no more. paddock report drop takes the whole login away.")
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := requireLogin(ctx, tx, name); err != nil {
			return err
		}
		if err := run(ctx, tx, "set local role paddock_owner"); err != nil {
			return err
		}
		for _, account := range accounts {
			var taken int
			if err := tx.QueryRow(ctx, "select private.revoke_report($1, $2)", name, account).Scan(&taken); err != nil {
				return err
			}
			if taken == 0 {
				return problem.New(problem.ReportNotGranted, "The login %q does not see the account %s. Nothing was changed. paddock report list shows what it sees.", name, account)
			}
		}
		return nil
	})
	return explain(err, name)
}

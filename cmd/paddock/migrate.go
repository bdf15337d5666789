package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"paddock/app/config"
	"paddock/app/pgdev"
	"paddock/app/tenant"
	"paddock/sql"
)

func newMigrateCommand() *cobra.Command {
	var to int32
	var passwords bool
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to the newest version",
		Long: `Bring the database that DATABASE_URL names to the newest version (or, with
--to, to another). It also makes what a backup leaves out: see docs/operations.md.

The URL's role owns the database and has CREATEROLE; it need not be a
superuser. Plain tern does the same: tern migrate -c tern.conf -m sql

With --set-passwords it also gives the three logins of serve the passwords that are
in serve's database URLs (PADDOCK_APP_DATABASE_URL and so on), of which the server
gets a verifier alone.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			if cmd.Flags().Changed("to") {
				err = sql.MigrateTo(cmd.Context(), conn, to)
			} else {
				err = sql.Migrate(cmd.Context(), conn)
			}
			if err != nil {
				return err
			}
			if passwords {
				if err := setPasswords(cmd.Context(), conn); err != nil {
					return err
				}
			}
			current, newest, err := sql.Version(cmd.Context(), conn)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The database is at version %d of %d.\n", current, newest)
			return nil
		},
	}
	migrate.Flags().Int32Var(&to, "to", 0, "version to go to, up or down; 0 is an empty database")
	migrate.Flags().BoolVar(&passwords, "set-passwords", false, "give the logins of serve the passwords that are in its database URLs")
	return migrate
}

// setPasswords gives each login of serve the password that is in its URL.
func setPasswords(ctx context.Context, conn *pgx.Conn) error {
	urls, err := config.LoginURLs(os.LookupEnv)
	if err != nil {
		return err
	}
	for login, url := range urls {
		c, err := pgx.ParseConfig(url)
		if err != nil || c.User != login || c.Password == "" {
			return fmt.Errorf("the database URL of %s is not one with that login and a password, such as postgres://%s:PASSWORD@HOST/DATABASE", login, login)
		}
		if err := pgdev.GivePassword(ctx, conn, login, c.Password); err != nil {
			return err
		}
	}
	return nil
}

// connectOwner connects as the role that owns the database.
func connectOwner(ctx context.Context) (*pgx.Conn, error) {
	url, err := databaseURL("give the URL of the role that owns the database")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, tenant.ExplainConnect(err)
	}
	if _, err := conn.Exec(ctx, "select set_config('app.operator', $1, false)", operatorName()); err != nil {
		conn.Close(ctx)
		return nil, fmt.Errorf("tell the database who the operator is: %w", err)
	}
	return conn, nil
}

// databaseURL returns DATABASE_URL, which may be in a file. Where it is not set, the
// error says what to give.
func databaseURL(give string) (string, error) {
	url, err := config.OwnerURL(os.LookupEnv)
	if err == nil && url == "" {
		err = errors.New("DATABASE_URL is not set: " + give)
	}
	return url, err
}

// operatorName returns the name that the audit has for whoever runs a command: of
// the person behind sudo, else of the user of this process.
func operatorName() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

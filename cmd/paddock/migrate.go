package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"paddock/app/tenant"
	"paddock/sql"
)

func newMigrateCommand() *cobra.Command {
	var to int32
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to the newest version",
		Long: `Bring the database that DATABASE_URL names to the newest version (or, with
--to, to another). It also makes what a backup leaves out: see docs/operations.md.

The URL's role owns the database and has CREATEROLE; it need not be a
superuser. Plain tern does the same: tern migrate -c tern.conf -m sql`,
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
			current, newest, err := sql.Version(cmd.Context(), conn)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The database is at version %d of %d.\n", current, newest)
			return nil
		},
	}
	migrate.Flags().Int32Var(&to, "to", 0, "version to go to, up or down; 0 is an empty database")
	return migrate
}

// connectOwner connects as the role that owns the database.
func connectOwner(ctx context.Context) (*pgx.Conn, error) {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set: give the URL of the role that owns the database")
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

package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"paddock/app/reporting"
)

func newReportCommand() *cobra.Command {
	report := &cobra.Command{
		Use:   "report",
		Short: "Logins that read their accounts by plain SQL",
		Long: `Logins that read their accounts by plain SQL, with psql, Metabase or Grafana,
through the views of schema report. Row level security shows each its own
accounts and nothing else. DATABASE_URL is that of the role that migrates.`,
	}
	var accounts []string
	create := &cobra.Command{
		Use:   "create NAME --account ID [--account ID …]",
		Short: "Make a login that sees these accounts, and print its password once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var ids []uuid.UUID
			for _, text := range accounts {
				id, err := uuid.Parse(text)
				if err != nil {
					return fmt.Errorf("--account %q is not a UUID: copy it from GET /api/accounts", text)
				}
				ids = append(ids, id)
			}
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			password, err := reporting.Create(cmd.Context(), conn, args[0], ids)
			if err != nil {
				return err
			}
			c := conn.Config()
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "The login %s sees %d account(s). Its password is shown this once:\n\n  %s\n\n", args[0], len(ids), password)
			fmt.Fprintf(out, "Try: psql \"host=%s port=%d dbname=%s user=%s\" -c 'select * from report.orders limit 5'\n", c.Host, c.Port, c.Database, args[0])
			return nil
		},
	}
	create.Flags().StringArrayVar(&accounts, "account", nil, "id of an account that the login may see; may be repeated")
	drop := &cobra.Command{
		Use:   "drop NAME",
		Short: "Drop a reporting login",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			return reporting.Drop(cmd.Context(), conn, args[0])
		},
	}
	harden := &cobra.Command{
		Use:   "harden",
		Short: "Take from all logins what only a superuser can take",
		Long: `Take from all logins of the database Postgres' functions for advisory locks,
large objects and writing to the log of changes, and bound the temporary files
of the reporting logins that there are. DATABASE_URL is that of a superuser.
The statements that were run are printed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			statements, err := reporting.Harden(cmd.Context(), conn)
			if err != nil {
				return err
			}
			for _, statement := range statements {
				fmt.Fprintln(cmd.OutOrStdout(), statement+";")
			}
			return nil
		},
	}
	report.AddCommand(create, drop, harden)
	return report
}

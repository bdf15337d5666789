package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"paddock/app/reporting"
)

func newReportCommand() *cobra.Command {
	report := &cobra.Command{
		Use:   "report",
		Short: "Logins that read their accounts by plain SQL",
		Long: `Logins that read their accounts by plain SQL, with psql, Metabase or Grafana,
through the views of schema report. Row level security shows each its own
accounts and nothing else. DATABASE_URL is that of the role that migrates, on
the primary. Where a replica is there for reports, PADDOCK_REPORT_URL names it,
without a password: postgres://replica.example:5432/paddock`,
	}
	report.AddCommand(newReportCreateCommand(), newReportListCommand(), newReportGrantCommand(), newReportRevokeCommand(),
		newReportRotateCommand(), newReportDropCommand(), newReportHardenCommand())
	return report
}

func newReportCreateCommand() *cobra.Command {
	var accounts []string
	var expires, user string
	create := &cobra.Command{
		Use:   "create NAME --account ID [--account ID …]",
		Short: "Make a login that sees these accounts, and print its password once",
		Args:  cobra.ExactArgs(1),
	}
	create.RunE = withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, args []string) error {
		ids, until, err := accountsAndEnd(accounts, expires)
		if err != nil {
			return err
		}
		at, err := reportPlace(ctx, conn)
		if err != nil {
			return err
		}
		password, err := reporting.Create(ctx, conn, args[0], ids, user, until)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The login %s sees %d account(s) %s. Its password is shown this once:\n\n  %s\n\n", args[0], len(ids), untilText(until), password)
		fmt.Fprintf(out, "Try: psql \"%s\" -c 'select * from report.orders limit 5'\n\n", at.ConnString(args[0]))
		printAccessRules(out, at)
		return nil
	})
	addAccountFlag(create, &accounts, "id of an account that the login may see; may be repeated")
	addExpiresFlag(create, &expires)
	addUserFlag(create, &user)
	return create
}

func newReportListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print the logins, what each sees, when it ends, and its sessions now",
		Long: `Print the logins, the accounts that each sees, when it ends, and how many
sessions it has now on the server that DATABASE_URL names. When a login was last
used is not known: Postgres keeps it only in its log of connections.`,
		Args: cobra.NoArgs,
		RunE: withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, _ []string) error {
			logins, err := reporting.List(ctx, conn)
			if err != nil {
				return err
			}
			if len(logins) == 0 {
				fmt.Fprintln(out, "There is no reporting login. paddock report create makes one.")
				return nil
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "LOGIN\tENDS\tSESSIONS\tACCOUNTS")
			for _, l := range logins {
				ends, sees := "never", make([]string, 0, len(l.Accounts))
				if !l.Until.IsZero() {
					ends = l.Until.Format(time.RFC3339)
					if l.Until.Before(time.Now()) {
						ends += " (over)"
					}
				}
				for _, id := range l.Accounts {
					sees = append(sees, id.String())
				}
				if len(sees) == 0 {
					sees = append(sees, "none")
				}
				fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", l.Name, ends, l.Sessions, strings.Join(sees, " "))
			}
			return table.Flush()
		}),
	}
}

func newReportGrantCommand() *cobra.Command {
	var accounts []string
	var user string
	grant := &cobra.Command{
		Use:   "grant NAME --account ID [--account ID …]",
		Short: "Let a login see further accounts",
		Args:  cobra.ExactArgs(1),
	}
	grant.RunE = withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, args []string) error {
		ids, err := accountIDs(accounts)
		if err == nil {
			err = reporting.Grant(ctx, conn, args[0], ids, user)
		}
		if err == nil {
			fmt.Fprintf(out, "The login %s sees %d further account(s) from its next statement on.\n", args[0], len(ids))
		}
		return err
	})
	addAccountFlag(grant, &accounts, "id of an account that the login may see; may be repeated")
	addUserFlag(grant, &user)
	return grant
}

func newReportRevokeCommand() *cobra.Command {
	var accounts []string
	revoke := &cobra.Command{
		Use:   "revoke NAME --account ID [--account ID …]",
		Short: "Take accounts from a login",
		Args:  cobra.ExactArgs(1),
	}
	revoke.RunE = withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, args []string) error {
		ids, err := accountIDs(accounts)
		if err == nil {
			err = reporting.Revoke(ctx, conn, args[0], ids)
		}
		if err == nil {
			fmt.Fprintf(out, "The login %s sees %d account(s) less from its next statement on.\n", args[0], len(ids))
		}
		return err
	})
	addAccountFlag(revoke, &accounts, "id of an account that the login shall see no more; may be repeated")
	return revoke
}

func newReportRotateCommand() *cobra.Command {
	var expires string
	rotate := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give a login a new password and a new end, and print the password once",
		Long: `Give a login a new password and a new end, and print the password once. Its
sessions on this server are ended. Those on a replica go on until somebody ends
them there.`,
		Args: cobra.ExactArgs(1),
	}
	rotate.RunE = withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, args []string) error {
		until, err := parseExpires(expires, time.Now())
		if err != nil {
			return err
		}
		password, err := reporting.Rotate(ctx, conn, args[0], until)
		if password != "" {
			fmt.Fprintf(out, "The login %s has a new password %s. It is shown this once:\n\n  %s\n", args[0], untilText(until), password)
		}
		return err
	})
	addExpiresFlag(rotate, &expires)
	return rotate
}

func newReportDropCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drop NAME",
		Short: "Drop a reporting login",
		Args:  cobra.ExactArgs(1),
		RunE: withOwner(func(ctx context.Context, conn *pgx.Conn, _ io.Writer, args []string) error {
			return reporting.Drop(ctx, conn, args[0])
		}),
	}
}

func newReportHardenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "harden",
		Short: "Take from all logins what only a superuser can take",
		Long: `Take from all logins of the database Postgres' functions for advisory locks,
large objects and writing to the log of changes, and bound the temporary files
of the reporting logins that there are and will be. DATABASE_URL is that of a
superuser. The statements that were run are printed.`,
		Args: cobra.NoArgs,
		RunE: withOwner(func(ctx context.Context, conn *pgx.Conn, out io.Writer, _ []string) error {
			statements, err := reporting.Harden(ctx, conn)
			if err != nil {
				return err
			}
			for _, statement := range statements {
				fmt.Fprintln(out, statement+";")
			}
			return nil
		}),
	}
}

// withOwner connects as the role that DATABASE_URL names, for one command.
func withOwner(do func(context.Context, *pgx.Conn, io.Writer, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		conn, err := connectOwner(cmd.Context())
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(cmd.Context()))
		return do(cmd.Context(), conn, cmd.OutOrStdout(), args)
	}
}

// addUserFlag adds --user, whose login it is.
func addUserFlag(c *cobra.Command, user *string) {
	c.Flags().StringVar(user, "user", "", "email address of a user: the login sees the accounts as long as this one owns them or has the role reports there")
}

func addAccountFlag(cmd *cobra.Command, accounts *[]string, meaning string) {
	cmd.Flags().StringArrayVar(accounts, "account", nil, meaning)
}

func addExpiresFlag(cmd *cobra.Command, expires *string) {
	cmd.Flags().StringVar(expires, "expires", "365d", "when the login ends: after days (90d), at a time (2027-03-31T18:00:00Z), or never")
}

func accountsAndEnd(accounts []string, expires string) (ids []uuid.UUID, until time.Time, err error) {
	if ids, err = accountIDs(accounts); err == nil {
		until, err = parseExpires(expires, time.Now())
	}
	return ids, until, err
}

func accountIDs(accounts []string) (ids []uuid.UUID, err error) {
	for _, text := range accounts {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("--account %q is not a UUID: copy it from GET /api/accounts", text)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// parseExpires reads --expires. The zero time is never.
func parseExpires(text string, now time.Time) (time.Time, error) {
	if text == "never" {
		return time.Time{}, nil
	}
	if number, is := strings.CutSuffix(text, "d"); is {
		if days, err := strconv.Atoi(number); err == nil && days >= 1 && days <= 36500 {
			return now.AddDate(0, 0, days).UTC().Truncate(time.Second), nil
		}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--expires %q is neither days (90d), nor a time (2027-03-31T18:00:00Z), nor never", text)
}

func untilText(until time.Time) string {
	if until.IsZero() {
		return "without an end"
	}
	return "until " + until.UTC().Format(time.RFC3339)
}

// reportPlace returns where reporting logins connect to.
func reportPlace(ctx context.Context, conn *pgx.Conn) (reporting.Place, error) {
	if replica := os.Getenv("PADDOCK_REPORT_URL"); replica != "" {
		return reporting.ReplicaAt(replica)
	}
	return reporting.PrimaryOf(ctx, conn)
}

// printAccessRules prints the lines of pg_hba.conf that let the logins in where
// they belong and nowhere else.
func printAccessRules(out io.Writer, at reporting.Place) {
	where := "pg_hba.conf"
	if at.Replica {
		where = "pg_hba.conf of the replica"
	}
	if !at.TLS {
		fmt.Fprintf(out, "TLS is off there, so that only programs of the same machine should connect. ")
	}
	fmt.Fprintf(out, "Above the other lines of %s belong:\n\n  %s\n", where, strings.Join(at.AccessRules(), "\n  "))
	if at.Replica {
		fmt.Fprintf(out, "\nand above those of pg_hba.conf of the primary, which the logins shall not reach:\n\n  %s\n", strings.Join(reporting.RefusalRules(), "\n  "))
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"paddock/app/users"
)

func newUserCommand() *cobra.Command {
	user := &cobra.Command{
		Use:   "user",
		Short: "People who can sign in",
		Long: `People who can sign in. DATABASE_URL is that of the role that migrates, and
BETTER_AUTH_URL, which links begin with, where browsers reach Paddock. The audit
has who ran the command.`,
	}
	user.AddCommand(newUserListCommand(), newUserInviteCommand(), newUserResetCommand(),
		newUserChangeCommand("disable EMAIL", "End a user's sessions, and refuse them new ones", "%s is signed out and cannot sign in.\n", users.Disable),
		newUserChangeCommand("enable EMAIL", "Let a user who was disabled sign in again", "%s can sign in.\n", users.Enable),
		newUserChangeCommand("verify EMAIL", "Mark a user's email address as verified", "The address %s is verified.\n", users.Verify),
		newUserChangeCommand("two-factor-off EMAIL", "Turn a user's two-factor authentication off and end their sessions, if they have lost their codes",
			"%s is signed out, and signs in with the password alone.\n", users.DisableTwoFactor),
		newUserDeleteCommand())
	return user
}

// asOperator runs f with a connection of the role that migrates.
func asOperator(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := connectOwner(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return f(conn)
}

// baseURL returns where browsers reach Paddock.
func baseURL() string {
	return strings.TrimSuffix(envOr("BETTER_AUTH_URL", "http://localhost:8080"), "/")
}

func newUserListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all users: address, name, since when, living sessions, accounts, and whether they are disabled",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return asOperator(cmd.Context(), func(conn *pgx.Conn) error {
				list, err := users.List(cmd.Context(), conn)
				if err != nil {
					return err
				}
				out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(out, "EMAIL\tNAME\tCREATED\tSESSIONS\tACCOUNTS\tDISABLED")
				for _, u := range list {
					disabled := ""
					if u.DisabledSince != nil {
						disabled = u.DisabledSince.UTC().Format(time.RFC3339)
					}
					fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%d\t%s\n", u.Email, printable(u.Name), u.Created.UTC().Format(time.RFC3339), u.Sessions, u.Accounts, disabled)
				}
				return out.Flush()
			})
		},
	}
}

// printable returns a text without what a terminal would obey. Names are what users
// say they are.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, text)
}

func newUserInviteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "invite EMAIL",
		Short: "Print a link with which somebody signs up, once and within a week",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return asOperator(cmd.Context(), func(conn *pgx.Conn) error {
				token, err := users.Invite(cmd.Context(), conn, args[0])
				if err != nil {
					return err
				}
				query := url.Values{"invitation": {token}, "email": {strings.ToLower(args[0])}}
				fmt.Fprintf(cmd.OutOrStdout(), "This link is for %s alone, and works once within a week:\n\n  %s/?%s\n\n"+
					"A program gives the token as the field \"invitation\" of POST /api/auth/sign-up/email.\n", args[0], baseURL(), query.Encode())
				return nil
			})
		},
	}
}

func newUserResetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reset EMAIL",
		Short: "Print a link with which a user sets a new password, once and within a day",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return asOperator(cmd.Context(), func(conn *pgx.Conn) error {
				link, token, err := users.Reset(cmd.Context(), conn, baseURL(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "With this link %s sets a new password, once within a day:\n\n  %s\n\n"+
					"Or without a browser:\n\n  curl -H 'Content-Type: application/json' -d '{\"token\":\"%s\",\"newPassword\":\"…\"}' %s/api/auth/reset-password\n",
					args[0], link, token, baseURL())
				return nil
			})
		},
	}
}

func newUserChangeCommand(use, short, done string, change func(context.Context, *pgx.Conn, string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return asOperator(cmd.Context(), func(conn *pgx.Conn) error {
				if err := change(cmd.Context(), conn, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), done, args[0])
				return nil
			})
		},
	}
}

func newUserDeleteCommand() *cobra.Command {
	var openOrders string
	del := &cobra.Command{
		Use:   "delete EMAIL",
		Short: "Delete a user, and the accounts that they own with everything of them",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if openOrders != "refuse" && openOrders != "leave" {
				return errors.New("--open-orders must be refuse or leave")
			}
			return asOperator(cmd.Context(), func(conn *pgx.Conn) error {
				if err := users.Delete(cmd.Context(), conn, args[0], openOrders == "leave"); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is deleted. What the audit has of them stays.\n", args[0])
				return nil
			})
		},
	}
	del.Flags().StringVar(&openOrders, "open-orders", "refuse", "what becomes of open orders of their accounts: refuse deletes nobody while there are any, leave leaves them at Alpaca")
	return del
}

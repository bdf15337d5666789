package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"paddock/app/config"
)

func newServeCommand() *cobra.Command {
	var help strings.Builder
	for _, s := range config.Settings {
		fmt.Fprintf(&help, "  %-28s %s", s.Name, s.Text)
		if s.Default != "" {
			fmt.Fprintf(&help, " [%s]", s.Default)
		}
		help.WriteByte('\n')
	}
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve Paddock in production",
		Long: `Serve Paddock: the API, the console, the WebSocket and the streams from Alpaca.

Run paddock migrate first. The three database URLs are those of the logins that
the migrations make; give each a password. It refuses to start as a role that
row level security does not hold.

Settings, from the environment:
` + help.String(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.FromEnvironment()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, newLogger(cmd.ErrOrStderr(), c.LogLevel), nil)
		},
	}
}

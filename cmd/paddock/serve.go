package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

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
			// A second signal ends the process at once.
			context.AfterFunc(cmd.Context(), func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
			return serve(cmd.Context(), c, newLogger(cmd.ErrOrStderr(), c.LogLevel), nil)
		},
	}
}

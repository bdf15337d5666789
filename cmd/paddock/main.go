// Command paddock is all of Paddock in one binary: the server, the migrations,
// the simulated broker and the operator's tools.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	forbidCoreDumps()
	tuneGC()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "paddock:", err)
		stop()
		os.Exit(1)
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "paddock",
		Short:         "A multi-tenant trading platform on Alpaca, whose tenants Postgres keeps apart",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDevCommand(), newServeCommand(), newMigrateCommand(), newSimCommand(), newKeysCommand(), newReportCommand(), newUserCommand(), newVersionCommand())
	return root
}

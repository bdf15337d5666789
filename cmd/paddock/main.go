// Command paddock is all of Paddock in one binary: the server, the migrations,
// the simulated broker and the operator's tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"paddock/app/origin"
)

func main() {
	forbidCoreDumps()
	tuneGC()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRootCommand().ExecuteContext(origin.WithOperator(ctx, operatorName())); err != nil {
		fmt.Fprintln(os.Stderr, "paddock:", err)
		stop()
		if errors.Is(err, errNotFinished) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// errNotFinished is of a command that failed at nothing but has more to do. Its
// exit code is 2.
var errNotFinished = errors.New("not finished")

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "paddock",
		Short:         "A multi-tenant trading platform on Alpaca, whose tenants Postgres keeps apart",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDevCommand(), newServeCommand(), newMigrateCommand(), newSimCommand(), newKeysCommand(), newReportCommand(), newVersionCommand())
	return root
}

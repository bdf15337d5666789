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
		exit := exitCode{1, err.Error()}
		if errors.Is(err, errNotFinished) {
			exit.code = 2
		}
		errors.As(err, &exit)
		if exit.text != "" {
			fmt.Fprintln(os.Stderr, "paddock:", exit.text)
		}
		stop()
		os.Exit(exit.code)
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
	root.AddCommand(newDevCommand(), newServeCommand(), newDoctorCommand(), newStatusCommand(), newHealthCommand(), newMigrateCommand(), newBackupCommand(), newRestoreCommand(), newSimCommand(), newKeysCommand(), newReportCommand(), newImportCommand(), newUserCommand(), newMCPCommand(), newVersionCommand())
	return root
}

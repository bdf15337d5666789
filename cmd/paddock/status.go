package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"paddock/app/status"
)

func newStatusCommand() *cobra.Command {
	var addr string
	var asJSON, watch bool
	interval := 2 * time.Second
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the figures of a running instance",
		Long: `Show the figures of a running instance: requests, orders, streams, calls of
Alpaca, connections, and what the checks of its start find now. It reads the
operator's port of paddock serve (PADDOCK_OPERATOR_ADDR), twice, so that it can
tell how fast counts grow. Times are what 95 of 100 took at most.

It ends with 0 where the instance is ready, and with 1 where it is not, or does
not answer.`,
		Example: `  paddock status --watch
  paddock status --json | jq .ready`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if interval < 100*time.Millisecond {
				return errors.New("--interval must be 100ms or more")
			}
			source, err := status.Open(addr)
			if err != nil {
				return err
			}
			write := status.Status.WriteText
			if asJSON {
				write = status.Status.WriteJSON
			}
			return showStatus(cmd.Context(), cmd.OutOrStdout(), source, interval, watch, write)
		},
	}
	f := cmd.Flags()
	f.StringVar(&addr, "addr", envOr("PADDOCK_OPERATOR_ADDR", "127.0.0.1:9090"), "host:port of the operator's port")
	f.BoolVar(&asJSON, "json", false, "print JSON, one line for each time")
	f.BoolVar(&watch, "watch", false, "show it again and again, until Ctrl-C")
	f.DurationVar(&interval, "interval", interval, "time between two readings")
	return cmd
}

// showStatus writes the status once, or again after each interval until ctx ends.
func showStatus(ctx context.Context, w io.Writer, source *status.Source, interval time.Duration, watch bool, write func(status.Status, io.Writer) error) error {
	clears := ""
	if terminal, is := w.(*os.File); is && watch {
		if info, err := terminal.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			clears = "\x1b[H\x1b[2J"
		}
	}
	for {
		err := source.Wait(ctx, interval)
		if ctx.Err() != nil {
			return nil
		}
		var now status.Status
		if err == nil {
			now, err = source.Read(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		fmt.Fprint(w, clears)
		if err := write(now, w); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
		if !watch {
			if !now.Ready {
				return exitCode{code: 1}
			}
			return nil
		}
	}
}

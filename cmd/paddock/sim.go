package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"paddock/app/alpacasim"
)

func newSimCommand() *cobra.Command {
	var addr, accounts string
	var c alpacasim.Config
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated Alpaca by itself",
		Long: `Run a simulated Alpaca by itself: trading, market data and trade updates, on
one address, in Alpaca's own wire protocol. Any client of Alpaca's works against
it, such as the official SDKs, with the base URL that it prints.

With the same --seed it has the same keys, ids and prices. --accounts names a
JSON file: [{"key_id":"PK…","secret_key":"…","cash":"100000"}].`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Accounts = alpacasim.DemoAccounts(c.Seed)
			if accounts != "" {
				text, err := os.ReadFile(accounts)
				if err != nil {
					return fmt.Errorf("read the accounts: %w", err)
				}
				if err := json.Unmarshal(text, &c.Accounts); err != nil {
					return fmt.Errorf("read the accounts in %s: %w", accounts, err)
				}
			}
			c.Logger = newLogger(cmd.ErrOrStderr(), 0)
			return runSim(cmd.Context(), c, addr, func(at net.Addr) {
				out := cmd.OutOrStdout()
				fmt.Fprintf(out, "Simulated Alpaca on http://%s (trading and data).\nAccounts:\n", at)
				for _, a := range c.Accounts {
					fmt.Fprintf(out, "  APCA-API-KEY-ID: %s  APCA-API-SECRET-KEY: %s\n", a.KeyID, a.SecretKey)
				}
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1:8090", "host:port to listen on")
	f.Int64Var(&c.Seed, "seed", 1, "what keys, ids and prices follow from")
	f.StringVar(&c.StateFile, "state", "", "file that keeps the book between runs")
	f.DurationVar(&c.Tick, "tick", 250*time.Millisecond, "time between two moves of the market")
	f.DurationVar(&c.FillDelay, "fill-delay", 300*time.Millisecond, "how long a market order stays new")
	f.StringVar(&accounts, "accounts", "", "JSON file of the accounts; else three that follow from the seed")
	f.BoolVar(&c.Control, "control", false, "serve /_sim/, by which faults are made, to this machine alone")
	return cmd
}

// runSim serves a simulated Alpaca until ctx ends.
func runSim(ctx context.Context, c alpacasim.Config, addr string, ready func(net.Addr)) error {
	sim, err := alpacasim.New(c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return explainListen(addr, err)
	}
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 10 * time.Second}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return sim.Run(running) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the simulated Alpaca: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(running), 3*time.Second)
		defer cancel()
		if server.Shutdown(drain) != nil {
			return server.Close()
		}
		return nil
	})
	ready(listener.Addr())
	return group.Wait()
}

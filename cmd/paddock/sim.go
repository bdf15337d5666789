package main

import (
	"context"
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
	var addr, seedFile, accounts, streams string
	var faults []string
	var from simStart
	var c alpacasim.Config
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated Alpaca by itself",
		Long: `Run a simulated Alpaca by itself: trading, market data and trade updates, on
one address, in Alpaca's own wire protocol. Any client of Alpaca's works against
it, such as the official SDKs, with the base URL that it prints for both
trading and data. It needs no database, no account at Alpaca and no network.

With the same --seed it has the same keys, ids, prices and histories. Its market
never closes, unless --hours says so. --seed-file says what it starts from:
accounts and what they hold, prices, more assets, the market's hours and clock;
flags weigh more than the file. docs/simulator.md has all of it.`,
		Example: `  # Three accounts, whose keys it prints, with 100,000 dollars each
  paddock sim

  # Ask it something
  curl -H "APCA-API-KEY-ID: $KEY" -H "APCA-API-SECRET-KEY: $SECRET" \
    http://127.0.0.1:8090/v2/account

  # Keep the book between runs, and start from accounts of your own
  paddock sim --state sim.json --seed-file docs/simulator-seed.json

  # A market with New York's hours, on the morning of a half day
  paddock sim --hours --clock 2026-11-27T09:25:00-05:00

  # A bad day: a hundredth of the orders lose their answer, a tenth are late
  paddock sim --fault drop=0.01 --fault delay=0.1:2s --streams ws

  # Alpaca's own limit of requests, and faults over HTTP
  paddock sim --rate-limit 200 --control
  curl -X POST "http://127.0.0.1:8090/_sim/fault?kind=drop&n=1"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Accounts = alpacasim.DemoAccounts(c.Seed)
			if seedFile == "" {
				seedFile = accounts
			}
			if err := from.read(cmd, seedFile, &c); err != nil {
				return err
			}
			for _, text := range faults {
				fault, err := alpacasim.ParseFault(text)
				if err != nil {
					return err
				}
				c.Faults = append(c.Faults, fault)
			}
			refusals := map[string]int{"both": 0, "ws": http.StatusNotFound, "none": http.StatusServiceUnavailable}
			refusal, known := refusals[streams]
			if !known {
				return fmt.Errorf("--streams %q must be both, ws or none", streams)
			}
			c.StreamRefusal = refusal
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
	f.Int64Var(&c.Seed, "seed", 1, "number that keys, ids, prices and histories follow from")
	f.StringVar(&seedFile, "seed-file", "", "JSON file of what it starts from; without accounts in it, three that follow from the seed")
	f.StringVar(&c.StateFile, "state", "", "file that keeps the book between runs; what is in it weighs more than the seed file")
	f.BoolVar(&from.hours, "hours", false, "keep the New York Stock Exchange's hours and holidays; without, the market never closes")
	f.StringVar(&from.clock, "clock", "", "time that its clock shows at the first start, in RFC 3339; it goes on from there")
	f.DurationVar(&c.Tick, "tick", 250*time.Millisecond, "time between two moves of the market")
	f.DurationVar(&c.FillDelay, "fill-delay", 300*time.Millisecond, "how long a market order stays new")
	f.IntVar(&c.RateLimit, "rate-limit", 0, "requests a minute that an account may make, to trading and to data each; 200 at Alpaca, 0 refuses none")
	f.StringVar(&streams, "streams", "both", "what serves trade updates: both Server-Sent Events and WebSockets, ws alone (the others answer 404), or none (503)")
	f.DurationVar(&c.Reap, "reap", 0, "how long a WebSocket's place stays taken after it is gone, so that its account gets no other; up to 90s at Alpaca")
	f.StringArrayVar(&faults, "fault", nil, "what goes wrong and how likely each time, as in drop=0.01 or delay=0.1:2s; may be given several times")
	f.BoolVar(&c.Control, "control", false, "serve /_sim/, by which faults are made, to this machine alone")
	f.StringVar(&accounts, "accounts", "", "JSON file of accounts alone")
	if err := f.MarkDeprecated("accounts", "--seed-file takes the same list, and more"); err != nil {
		panic(err) // cannot happen: the flag exists
	}
	cmd.MarkFlagsMutuallyExclusive("accounts", "seed-file")
	return cmd
}

// simStart holds the flags that override the seed file.
type simStart struct {
	hours bool
	clock string
}

// read applies the seed file, if there is one, and then the flags.
func (s simStart) read(cmd *cobra.Command, name string, c *alpacasim.Config) error {
	if name != "" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("read the seed file: %w", err)
		}
		defer file.Close()
		seed, err := alpacasim.ReadSeed(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		seed.Apply(c)
	}
	if cmd.Flags().Changed("hours") {
		c.Hours = s.hours
	}
	if s.clock != "" {
		start, err := time.Parse(time.RFC3339, s.clock)
		if err != nil {
			return fmt.Errorf("--clock %q is no time in RFC 3339, such as 2026-06-01T09:30:00-04:00", s.clock)
		}
		c.Start = start
	}
	return nil
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

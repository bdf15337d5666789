package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/app/pgdev"
	"paddock/app/tenant"
	"paddock/sql"
)

func newDevCommand() *cobra.Command {
	d := dev{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: Postgres, a simulated Alpaca and Paddock",
		Long: `Run everything on this machine, for trying out and developing: an embedded
Postgres (or the one that DATABASE_URL names), migrations, a simulated Alpaca,
and Paddock itself. Data, keys and logs are kept in a folder between runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.folder, "data", ".paddock", "folder that keeps data, keys and logs between runs")
	f.StringVar(&d.addr, "addr", envOr("PADDOCK_ADDR", "127.0.0.1:8080"), "host:port to serve on")
	f.StringVar(&d.alpaca, "alpaca", "simulated", "simulated, or real for Alpaca's own hosts and your own keys")
	f.StringVar(&d.simAddr, "sim-addr", "127.0.0.1:0", "host:port of the simulated Alpaca; port 0 takes a free one")
	f.Int64Var(&d.seed, "seed", 1, "what the simulated keys and prices follow from")
	f.IntVar(&d.simRateLimit, "sim-rate-limit", 0, "requests a minute that an account may make of the simulated Alpaca; 200 at Alpaca, 0 refuses none")
	f.BoolVar(&d.simControl, "sim-control", false, "let this machine make faults in the simulated Alpaca, under /_sim/")
	return cmd
}

// dev is a whole Paddock on one machine.
type dev struct {
	out           io.Writer
	folder        string
	addr, simAddr string
	alpaca        string // "simulated" or "real"
	seed          int64
	simControl    bool
	simRateLimit  int
	postgres      *pgdev.Server // nil where DATABASE_URL names another server
}

func (d *dev) run(ctx context.Context) error {
	if d.alpaca != "simulated" && d.alpaca != "real" {
		return errors.New("--alpaca must be simulated or real")
	}
	if err := os.MkdirAll(d.folder, 0o755); err != nil { // #nosec G301 -- the user that Postgres runs as goes through it
		return fmt.Errorf("make the data folder: %w", err)
	}
	logFile, err := os.OpenFile(filepath.Join(d.folder, "paddock.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer logFile.Close()
	log := newLogger(logFile, slog.LevelInfo)

	// A taken port is reported before anything is started.
	probe, err := net.Listen("tcp", d.addr)
	if err != nil {
		return explainListen(d.addr, err)
	}
	probe.Close()

	owner := os.Getenv("DATABASE_URL")
	if owner == "" {
		fmt.Fprintln(d.out, "Starting Postgres …")
		server, err := pgdev.Start(ctx, pgdev.Config{Dir: filepath.Join(d.folder, "postgres"), Durable: true, Logger: log})
		if err != nil {
			return err
		}
		defer func() {
			if err := server.Stop(); err != nil {
				fmt.Fprintln(d.out, err)
			}
		}()
		if owner, err = server.OwnerURL(ctx, "paddock"); err != nil {
			return err
		}
		d.postgres = server
	}
	c, err := d.prepare(ctx, owner)
	if err != nil {
		return d.explainNumbering(err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, "database-url"), []byte(owner+"\n"), 0o600); err != nil { // #nosec G703 -- who runs the command names the folder
		return fmt.Errorf("keep the database's URL: %w", err)
	}
	return d.serve(ctx, c, log)
}

// prepare migrates, gives the runtime logins new passwords, and makes the
// configuration for serve.
func (d *dev) prepare(ctx context.Context, owner string) (config.Config, error) {
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return config.Config{}, tenant.ExplainConnect(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := sql.Migrate(ctx, conn); err != nil {
		return config.Config{}, err
	}
	environment := map[string]string{"PADDOCK_ADDR": d.addr, "PADDOCK_LAME_DUCK": "0s"} // nothing balances here
	for _, name := range []string{"PADDOCK_AUTH_RATE_LIMIT", "PADDOCK_SMTP_URL", "PADDOCK_MAIL_FROM", "PADDOCK_REQUIRE_VERIFIED_EMAIL", "PADDOCK_USER_REQUESTS", "PADDOCK_USER_AT_ONCE", "PADDOCK_USER_LOGS"} {
		environment[name] = os.Getenv(name) // what is empty takes its default
	}
	for role, variable := range map[string]string{
		"paddock_app": "PADDOCK_APP_DATABASE_URL", "paddock_worker": "PADDOCK_WORKER_DATABASE_URL", "paddock_auth": "PADDOCK_AUTH_DATABASE_URL",
	} {
		password := rand.Text()
		if err := pgdev.GivePassword(ctx, conn, role, password); err != nil {
			return config.Config{}, err
		}
		if environment[variable], err = asLogin(owner, role, password); err != nil {
			return config.Config{}, err
		}
	}
	environment["PADDOCK_WEBHOOK_NETWORKS"] = envOr("PADDOCK_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128") // a developer's own programs
	environment["PADDOCK_SIGN_UP"] = envOr("PADDOCK_SIGN_UP", "open")
	master, fresh, err := d.readOrCreate("master-keys", func() string { return credentials.NewMasterKey(1) })
	if err != nil {
		return config.Config{}, err
	}
	if fresh {
		fmt.Fprintf(d.out, "Made a master key in %s. It is for development: in production give PADDOCK_MASTER_KEYS from a safe place.\n",
			filepath.Join(d.folder, "master-keys"))
	}
	secret, _, err := d.readOrCreate("auth-secret", func() string { return rand.Text() + rand.Text() })
	if err != nil {
		return config.Config{}, err
	}
	if os.Getenv("PADDOCK_MASTER_KEYS") == "" && os.Getenv("PADDOCK_MASTER_KEYS_FILE") == "" && os.Getenv("PADDOCK_MASTER_KEYS_COMMAND") == "" {
		environment["PADDOCK_MASTER_KEYS"] = master
	}
	environment["BETTER_AUTH_SECRET"] = envOr("BETTER_AUTH_SECRET", secret)
	_, port, err := net.SplitHostPort(d.addr)
	if err != nil {
		return config.Config{}, fmt.Errorf("--addr must be host:port")
	}
	environment["BETTER_AUTH_URL"] = envOr("BETTER_AUTH_URL", "http://localhost:"+port)
	environment["BETTER_AUTH_TRUSTED_ORIGINS"] = envOr("BETTER_AUTH_TRUSTED_ORIGINS", "http://127.0.0.1:"+port)
	return config.Load(func(name string) (string, bool) {
		if v, ok := environment[name]; ok {
			return v, true
		}
		return os.LookupEnv(name)
	})
}

// explainNumbering says what to do with a data folder of an earlier Paddock.
func (d *dev) explainNumbering(err error) error {
	if d.postgres == nil || !errors.Is(err, sql.ErrEarlierNumbering) {
		return err
	}
	return fmt.Errorf("the data in %s is of an earlier Paddock, whose migrations this one cannot continue: "+
		"move the folder away, or name another with --data, and keep this one, which is unchanged, for the Paddock that made it", d.folder)
}

// readOrCreate reads a secret that an earlier run made, or makes it.
func (d *dev) readOrCreate(name string, create func() string) (text string, fresh bool, err error) {
	path := filepath.Join(d.folder, name)
	raw, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(raw)), false, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", false, fmt.Errorf("read what an earlier run kept: %w", err)
	}
	text = create()
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		return "", false, fmt.Errorf("keep a secret for the next run: %w", err)
	}
	return text, true, nil
}

// serve runs Paddock, with a simulated Alpaca unless the real one is wanted.
func (d *dev) serve(ctx context.Context, c config.Config, log *slog.Logger) error {
	group, running := errgroup.WithContext(ctx)
	if d.postgres != nil {
		group.Go(func() error {
			select {
			case <-running.Done():
				return nil
			case <-d.postgres.Exited():
				return fmt.Errorf("the database server has stopped by itself, and so everything stops: its log is %s. Start again, the data is kept", d.postgres.LogPath())
			}
		})
	}
	var keys []alpacasim.AccountSeed
	stopBroker := func() {}
	if d.alpaca == "simulated" {
		keys = alpacasim.DemoAccounts(d.seed)
		var at net.Addr
		at, stopBroker = d.startSimulator(ctx, running, group, keys, log)
		if at == nil {
			return group.Wait()
		}
		c.PaperURL = "http://" + at.String()
		c.LiveURL, c.DataURL, c.StreamPaperURL, c.StreamLiveURL = c.PaperURL, c.PaperURL, c.PaperURL, c.PaperURL
		c.EventsPath, c.SocketPath = broker.DefaultEventsPath, broker.DefaultSocketPath
	}
	group.Go(func() error {
		defer stopBroker()
		if c.SMTPURL == "" {
			return serveMailing(running, c, log, logMail(log), func(net.Addr) { d.printWelcome(c, keys) })
		}
		return serve(running, c, log, func(net.Addr) { d.printWelcome(c, keys) })
	})
	err := group.Wait()
	fmt.Fprintln(d.out, "Stopped.")
	return err
}

// startSimulator starts the simulated Alpaca and returns its address, nil where
// it could not start. It runs until stop, longer than the server, so that the
// server's last calls succeed.
func (d *dev) startSimulator(ctx, running context.Context, group *errgroup.Group, keys []alpacasim.AccountSeed, log *slog.Logger) (at net.Addr, stop func()) {
	broker, stop := context.WithCancel(context.WithoutCancel(ctx))
	listening := make(chan net.Addr, 1)
	group.Go(func() error {
		defer stop()
		return runSim(broker, alpacasim.Config{
			Seed: d.seed, Accounts: keys, StateFile: filepath.Join(d.folder, "simulated-alpaca.json"), Control: d.simControl, RateLimit: d.simRateLimit, Logger: log,
		}, d.simAddr, func(at net.Addr) { listening <- at })
	})
	select {
	case at = <-listening:
	case <-running.Done():
	}
	return at, stop
}

// printWelcome says what to do next.
func (d *dev) printWelcome(c config.Config, keys []alpacasim.AccountSeed) {
	fmt.Fprintf(d.out, "\nPaddock runs on %s\n\n", c.BaseURL)
	if len(keys) == 0 {
		fmt.Fprintf(d.out, "  1. Open it, sign up, and connect your own Alpaca account: this talks to the\n     real Alpaca (%s). Begin with paper keys.\n", c.PaperURL)
	} else {
		fmt.Fprintf(d.out, "  1. Open it, sign up, and connect an account with one of these keys of the\n     simulated Alpaca (%s):\n\n", c.PaperURL)
		for i, a := range keys[:2] {
			fmt.Fprintf(d.out, "       paper %d   key %s   secret %s\n", i+1, a.KeyID, a.SecretKey)
		}
		fmt.Fprintf(d.out, "       live      key %s   secret %s\n\n", keys[2].KeyID, keys[2].SecretKey)
	}
	fmt.Fprintf(d.out, `  2. Buy something and watch the fill arrive.
  3. Look at the database by SQL: %s report create NAME --account ID
     with DATABASE_URL="$(cat %s)"

Data, keys and logs are in %s. Ctrl-C stops everything.
`, os.Args[0], filepath.Join(d.folder, "database-url"), d.folder)
}

func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/app/doctor"
	"paddock/app/tenant"
)

func newKeysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "Master keys, which encrypt the tenants' API keys",
		Long: `Master keys, which encrypt the tenants' API keys.

status, rotate and retire run with the environment of an instance: its master
keys (PADDOCK_MASTER_KEYS, PADDOCK_MASTER_KEYS_FILE or
PADDOCK_MASTER_KEYS_COMMAND), PADDOCK_WORKER_DATABASE_URL and
PADDOCK_DATABASE_POOLER. docs/operations.md has the steps of a rotation.`,
	}
	keys.AddCommand(newKeysNewCommand(), newKeysStatusCommand(), newKeysRotateCommand(), newKeysRetireCommand())
	return keys
}

func newKeysNewCommand() *cobra.Command {
	var version int
	create := &cobra.Command{
		Use:   "new",
		Short: "Print a new master key",
		Long: `Print a new master key, as VERSION:BASE64.

PADDOCK_MASTER_KEYS holds one or more of them between commas, and a file one or
more on lines of their own. All of them decrypt; the database knows which one
encrypts, and paddock keys rotate changes it. Keep an old one as long as
paddock keys status says that it is needed. Whoever has these keys and the
database has every API key.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version < 1 {
				return errors.New("--version must be 1 or more")
			}
			fmt.Fprintln(cmd.OutOrStdout(), credentials.NewMasterKey(version))
			return nil
		},
	}
	create.Flags().IntVar(&version, "version", 1, "version of the key: one more than the newest you have")
	return create
}

func newKeysStatusCommand() *cobra.Command {
	var asJSON bool
	status := &cobra.Command{
		Use:   "status",
		Short: "Say which versions of the master key are needed, and where they are",
		Long: `Say which versions of the master key the database needs, how many credentials
are under each, which one stores, which the environment has, and which the
running instances lack. It changes nothing.

STATE is stores (new credentials come under it), needed (credentials are under
it), unused (it can be retired), retired, or new (not used with this database
yet). HERE is whether the environment has the key: yes, no, or another, where
it has another key under that version.

The exit code is 0 where all credentials are under the version that stores, 2
where some are not, because a rotation was not finished, and 1 where the
environment lacks a key, has a wrong one, or nothing could be found out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), func(keys *credentials.Keyring, worker *tenant.Worker) error {
				s, err := keys.Status(cmd.Context(), worker)
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					encoder.SetIndent("", "  ")
					err = encoder.Encode(s)
				} else {
					err = printStatus(cmd.OutOrStdout(), s)
				}
				if err == nil {
					err = s.Missing()
				}
				if err == nil && !s.Complete {
					err = fmt.Errorf("the rotation is %w: run paddock keys rotate", errNotFinished)
				}
				return err
			})
		},
	}
	status.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return status
}

func printStatus(out io.Writer, s credentials.Status) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VERSION\tCREDENTIALS\tSTATE\tHERE\tINSTANCES LACKING IT")
	var running int64
	for _, i := range s.Instances {
		running += i.Instances
	}
	for _, v := range s.Versions {
		fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%d of %d\n", v.Version, v.Credentials, v.State, v.Here, v.Lacking, running)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if next := s.Next(); next != "" && s.Missing() == nil {
		fmt.Fprintln(out, next)
	}
	return nil
}

func newKeysRotateCommand() *cobra.Command {
	var to int
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt all credentials under the newest master key, while serving",
		Long: `Make the newest master key of the environment, or that of --to, the one under
which credentials are stored, and encrypt all that there are under it. Every
running instance must have the key: where one lacks it nothing is changed.

Instances serve meanwhile. It can be interrupted or killed at any point, and
goes on when it is run again; SIGTERM and Ctrl-C finish the batch. Two at once
do no harm. Progress is on stderr, the outcome on stdout.

The exit code is 0 where all credentials are under the new version, 2 where it
was interrupted, and 1 where it failed or some could not be opened.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), func(keys *credentials.Keyring, worker *tenant.Worker) error {
				if !cmd.Flags().Changed("to") {
					to = keys.Newest()
				}
				if err := keys.Verify(cmd.Context(), worker); err != nil {
					return err
				}
				began := time.Now()
				shown := began
				r, err := keys.Rotate(cmd.Context(), worker, to, func(r credentials.Rotation) {
					if r.Done() >= r.Total || time.Since(shown) >= time.Second {
						shown = time.Now()
						fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d credentials\n", r.Done(), r.Total)
					}
				})
				return reportRotation(cmd, r, err, time.Since(began))
			})
		},
	}
	rotate.Flags().IntVar(&to, "to", 0, "version of the master key; the newest of the environment where not given")
	return rotate
}

// reportRotation prints what a rotation did, and returns the error with which the
// command ends.
func reportRotation(cmd *cobra.Command, r credentials.Rotation, err error, took time.Duration) error {
	if err != nil && !errors.Is(err, context.Canceled) {
		if r.Done() > 0 {
			return fmt.Errorf("%w (%d of %d credentials were done before, and stay so)", err, r.Done(), r.Total)
		}
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%d credential(s) were encrypted under version %d in %s", r.Rotated, r.To, took.Round(time.Millisecond))
	if r.Elsewhere > 0 {
		fmt.Fprintf(out, "; %d changed meanwhile and needed nothing", r.Elsewhere)
	}
	fmt.Fprintln(out, ".")
	if err != nil {
		return fmt.Errorf("the rotation is %w: %d of %d credentials are done; run paddock keys rotate again to go on", errNotFinished, r.Done(), r.Total)
	}
	if len(r.Unreadable) > 0 {
		for _, account := range r.Unreadable {
			fmt.Fprintf(cmd.ErrOrStderr(), "not readable: account %s\n", account)
		}
		return fmt.Errorf("the credentials of %d account(s) could not be opened, because they were damaged or moved, and were left as they are: their users must store them again", len(r.Unreadable))
	}
	fmt.Fprintf(out, "All credentials are under version %d. Older versions can be retired: see paddock keys status.\n", r.To)
	return nil
}

func newKeysRetireCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "retire VERSION",
		Short: "Retire a master key that nothing needs any more",
		Long: `Retire a master key that no credentials are under. From then on the database
stores nothing under it, so that it can be taken out of every environment.
Keep a copy of it for as long as you keep backups from before the rotation.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := strconv.Atoi(args[0])
			if err != nil || version < 1 {
				return fmt.Errorf("%q is no version of a master key: give a whole number from 1, as paddock keys status shows it", args[0])
			}
			return withKeys(cmd.Context(), func(keys *credentials.Keyring, worker *tenant.Worker) error {
				if err := keys.Verify(cmd.Context(), worker); err != nil {
					return err
				}
				if err := keys.Retire(cmd.Context(), worker, version); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Version %d is retired: nothing is stored under it again. Take it out of the master keys of every instance, and keep a copy for backups from before the rotation.\n", version)
				return nil
			})
		},
	}
}

// withKeys reads the master keys, connects as paddock_worker, and calls do.
// Whatever ends with ctx is not finished.
func withKeys(ctx context.Context, do func(*credentials.Keyring, *tenant.Worker) error) error {
	err := tryWithKeys(ctx, do)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errNotFinished) {
		return fmt.Errorf("it was interrupted and is %w: run it again", errNotFinished)
	}
	return err
}

func tryWithKeys(ctx context.Context, do func(*credentials.Keyring, *tenant.Worker) error) error {
	c, err := config.LoadKeys(os.LookupEnv)
	if err != nil {
		return err
	}
	keys, err := c.MasterKeys.Read(ctx)
	if err != nil {
		return err
	}
	if err := doctor.CheckWorker(ctx, c.WorkerURL, c.Pooler); err != nil {
		return err
	}
	pool, err := tenant.OpenPool(ctx, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 2, Name: "paddock keys", ThroughPooler: c.Pooler})
	if err != nil {
		return err
	}
	defer pool.Close()
	return do(keys, tenant.NewWorker(pool, nil))
}

package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"paddock/app/importer"
	"paddock/app/tenant"
)

func newImportCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "import",
		Short: "Move in from a program of one tenant: its orders, positions, logs and users",
		Long: `Move the rows of a program of one tenant under an account: alpaca_orders,
alpaca_positions, trading_positions, agent_logs, and Better Auth's users with
their passwords. docs/moving-in.md goes through it step by step.

IMPORT_SOURCE_URL is the database of that program, which is only read. Without
it the tables are looked for in Paddock's own database, in schema public.
DATABASE_URL is that of the role that migrates.`,
	}
	root.AddCommand(newImportPlanCommand(), newImportRunCommand(), newImportCompareCommand(), newImportListCommand(), newImportUndoCommand())
	return root
}

func newImportPlanCommand() *cobra.Command {
	var file, owner, account, environment, schema string
	plan := &cobra.Command{
		Use:   "plan",
		Short: "Say what an import would do, and write a first mapping",
		Long: `Say what an import would do: the tables and columns that it takes, how many rows,
and which of them would be refused and why. Everything is done and undone again,
so that what is said is what will happen.

Where the file of the mapping is not there, it is written: the source's tables
and columns that have Paddock's names, or names that such often have. Correct it,
and plan again. The other flags are for that first mapping.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabases(cmd, func(ctx context.Context, i *importer.Import) (err error) {
				out := cmd.OutOrStdout()
				if _, missing := os.Stat(file); errors.Is(missing, os.ErrNotExist) {
					if environment == "" {
						environment = environmentOf(os.Getenv("APCA_API_BASE_URL"))
					}
					if i.Mapping, err = i.Source.Guess(ctx, schema, owner, account, environment); err != nil {
						return err
					}
					if err := i.Mapping.Write(file); err != nil {
						return err
					}
					fmt.Fprintf(out, "A first mapping was written to %s. Look through it, and plan again after each change.\n\n", file)
				}
				if i.Mapping, err = importer.ReadMapping(file); err != nil {
					return err
				}
				plans, wholly, err := i.Plan(ctx)
				if err != nil {
					return err
				}
				printPlans(out, i, plans, wholly)
				return nil
			})
		},
	}
	mappingFlag(plan, &file)
	plan.Flags().StringVar(&owner, "owner", "", "email address of the user who will own the account; the source's only user where it has one")
	plan.Flags().StringVar(&account, "account", "Imported", "name of the account; it is made where the owner has none of that name")
	plan.Flags().StringVar(&environment, "environment", "", "paper or live; by APCA_API_BASE_URL where that is set, else paper")
	plan.Flags().StringVar(&schema, "schema", "public", "schema of the source's tables")
	return plan
}

func mappingFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "mapping", "paddock-import.json", "file that says which of the source's tables and columns are which of Paddock's")
}

// environmentOf returns the environment that Alpaca's URL is of.
func environmentOf(url string) string {
	if strings.Contains(url, "//api.alpaca.markets") {
		return "live"
	}
	return "paper"
}

func printPlans(out io.Writer, i *importer.Import, plans []importer.TablePlan, wholly bool) {
	m := i.Mapping
	fmt.Fprintf(out, "From %s, schema %s, to the %s account %q of %s.\n", i.Source.Name, m.Schema, m.Environment, m.Account, m.Owner)
	for _, p := range plans {
		var refused int64
		for _, r := range p.Refused {
			refused += r.Rows
		}
		fmt.Fprintf(out, "\n%s, from %s: %d rows, %d would be taken, %d refused\n", p.Table, p.From, p.Rows, p.Taken, refused)
		var same, other []string
		for _, c := range p.Columns {
			if c[0] == c[1] {
				same = append(same, c[0])
			} else {
				other = append(other, c[0]+" from "+c[1])
			}
		}
		printList(out, "columns of the same name", same)
		printList(out, "columns of other names", other)
		printList(out, "columns that nothing fills", p.Empty)
		printList(out, "columns of the source that are left behind", p.Left)
		for _, r := range p.Refused {
			fmt.Fprintf(out, "  refused: %d rows, because %s (such as %s)\n", r.Rows, r.Reason, strings.Join(r.Keys, ", "))
		}
	}
	if !wholly {
		fmt.Fprintln(out, "\nThe account is there already, so that each batch of rows was tried by itself: rows that collide with another batch alone are found by the run.")
	}
	fmt.Fprintln(out, "\nNothing was changed. paddock import run does it.")
}

func printList(out io.Writer, what string, list []string) {
	if len(list) > 0 {
		fmt.Fprintf(out, "  %s: %s\n", what, strings.Join(list, ", "))
	}
}

func newImportRunCommand() *cobra.Command {
	var file, refused string
	var withoutKeys bool
	run := &cobra.Command{
		Use:   "run",
		Short: "Import, or go on with an import that was ended before it was done",
		Long: `Import what the mapping names. However it is ended, the next run goes on where it
was. In the end both sides are counted and compared by checksums, and the API keys
of the old program are stored for the account, as its owner would store them: they
are taken from APCA_API_KEY_ID and APCA_API_SECRET_KEY (or ALPACA_API_KEY and
ALPACA_SECRET_KEY) and checked with Alpaca. That takes the environment of paddock
serve as well. No running program is told of the rows: they are no events.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := takeKeys(withoutKeys)
			if err != nil {
				return err
			}
			return withDatabases(cmd, func(ctx context.Context, i *importer.Import) (err error) {
				out := cmd.OutOrStdout()
				if i.Mapping, err = importer.ReadMapping(file); err != nil {
					return err
				}
				store, err := openKeyStore(ctx, keys)
				if err != nil {
					return err
				}
				defer store.close()
				resumed, err := i.Begin(ctx)
				if err != nil {
					return err
				}
				if i.Done() {
					fmt.Fprintf(out, "The import %s has moved this source by this mapping already: there is nothing to do.\n", i.ID())
					return nil
				}
				if resumed {
					fmt.Fprintf(out, "Going on with the import %s into the account %s.\n", i.ID(), i.Account())
				} else {
					fmt.Fprintf(out, "The import %s into the account %s has begun.\n", i.ID(), i.Account())
				}
				began := time.Now()
				if err := i.Move(ctx); err != nil {
					return fmt.Errorf("%w\nThe import is not done: paddock import run goes on with it", err)
				}
				fmt.Fprintf(out, "All rows were read after %s.\n", time.Since(began).Round(100*time.Millisecond))
				if err := writeRefused(ctx, i, refused, out); err != nil {
					return err
				}
				if err := compare(ctx, i, out); err != nil {
					return err
				}
				if err := store.put(ctx, i, out); err != nil {
					return fmt.Errorf("the rows were moved, and the API keys were not: %w\nCorrect that and run again, or run with --without-keys and let the owner store them", err)
				}
				if err := i.Finish(ctx); err != nil {
					return err
				}
				fmt.Fprintf(out, "The import is done. paddock import undo %s takes it back.\n", i.ID())
				return nil
			})
		},
	}
	mappingFlag(run, &file)
	run.Flags().StringVar(&refused, "refused", "paddock-import-refused.csv", "file for the rows that were refused, with the reasons")
	run.Flags().BoolVar(&withoutKeys, "without-keys", false, "store no API keys: the account's owner does it later")
	return run
}

// writeRefused writes the rows that were refused to a file, if there are any.
func writeRefused(ctx context.Context, i *importer.Import, file string, out io.Writer) (err error) {
	var f *os.File
	var w *csv.Writer
	n := 0
	err = i.Refused(ctx, func(r importer.Refusal) (err error) {
		if f == nil {
			if f, err = os.Create(file); err != nil {
				return fmt.Errorf("write the rows that were refused: %w", err)
			}
			w = csv.NewWriter(f)
			if err := w.Write([]string{"table", "key", "reason"}); err != nil {
				return err
			}
		}
		n++
		return w.Write([]string{r.Table, r.Key, r.Reason})
	})
	if f == nil {
		return err
	}
	w.Flush()
	if err := errors.Join(err, w.Error(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rows were refused: %s lists them with the reasons.\n", n, file)
	return nil
}

// compare prints what both sides have, and fails where they differ.
func compare(ctx context.Context, i *importer.Import, out io.Writer) error {
	all, err := i.Compare(ctx)
	if err != nil {
		return err
	}
	differ := false
	for _, c := range all {
		verdict := "the same"
		if !c.Agrees() {
			verdict, differ = "DIFFERENT", true
		}
		fmt.Fprintf(out, "%s: %d rows = %d taken + %d refused; here %d; checksums %016x and %016x: %s\n",
			c.Table, c.Rows, c.Taken, c.Refused, c.Here, c.SourceChecksum, c.HereChecksum, verdict)
	}
	if differ {
		return errors.New("the source and what was moved differ. Either the program still writes to the source, or Alpaca has described orders here since (an account with keys, while paddock serve runs). Stop what writes, undo the import and run it again")
	}
	return nil
}

func newImportCompareCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "compare ID",
		Short: "Count both sides of an import again, and compare their checksums",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := importID(args[0])
			if err != nil {
				return err
			}
			return withDatabases(cmd, func(ctx context.Context, i *importer.Import) (err error) {
				if i.Mapping, err = importer.ReadMapping(file); err != nil {
					return err
				}
				if err := i.Open(ctx, id); err != nil {
					return err
				}
				return compare(ctx, i, cmd.OutOrStdout())
			})
		},
	}
	mappingFlag(cmd, &file)
	return cmd
}

func newImportListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the imports that there are",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			all, err := importer.List(cmd.Context(), conn)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(all) == 0 {
				fmt.Fprintln(out, "There are no imports.")
			}
			for _, l := range all {
				fmt.Fprintf(out, "%s  %s, begun %s, from %s to the %s account %q of %s (%s): %d rows taken, %d refused\n", l.ID, l.State,
					l.StartedAt.UTC().Format(time.RFC3339), l.Source, l.Environment, l.Account, l.Owner, l.AccountID, l.Taken, l.Refused)
			}
			return nil
		},
	}
}

func newImportUndoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "undo ID",
		Short: "Take away what an import brought",
		Long: `Take away exactly what an import brought, in batches, with the account and the
users that it made. What later work depends on is kept, and said: orders and
positions that Alpaca has described since, users who have signed in or have
another account, and the account where anything else has happened in it. However
it is ended, the next undo goes on. The audit log keeps that the import was.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := importID(args[0])
			if err != nil {
				return err
			}
			conn, err := connectOwner(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			last := time.Now()
			undone, err := importer.Undo(cmd.Context(), conn, id, func(removed map[string]int64) {
				if time.Since(last) > 2*time.Second {
					last = time.Now()
					fmt.Fprintf(cmd.ErrOrStderr(), "%d orders and %d log entries are gone\n", removed["alpaca_orders"], removed["agent_logs"])
				}
			})
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, name := range []string{"alpaca_orders", "alpaca_positions", "trading_positions", "agent_logs", "users", "account"} {
				if undone.Removed[name]+undone.Kept[name] > 0 {
					fmt.Fprintf(out, "%s: %d removed, %d kept\n", name, undone.Removed[name], undone.Kept[name])
				}
			}
			fmt.Fprintln(out, "The import is undone. What was kept, later work depends on.")
			return nil
		},
	}
}

func importID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%q is no import's id: copy it from paddock import list", text)
	}
	return id, nil
}

// withDatabases connects to Paddock's database and to the source, and prints how
// far an import is while do runs.
func withDatabases(cmd *cobra.Command, do func(context.Context, *importer.Import) error) error {
	ctx := cmd.Context()
	conn, err := connectOwner(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	url := os.Getenv("IMPORT_SOURCE_URL")
	if url == "" {
		if url, err = databaseURL("give the URL of the role that owns the database"); err != nil {
			return err
		}
	}
	from, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("the source (IMPORT_SOURCE_URL): %w", tenant.ExplainConnect(err))
	}
	defer from.Close(context.WithoutCancel(ctx))
	inPlace, err := sameDatabase(ctx, conn, from)
	if err != nil {
		return err
	}
	source, err := importer.OpenSource(ctx, from, inPlace)
	if err != nil {
		return err
	}
	defer source.Close(context.WithoutCancel(ctx))
	return do(ctx, &importer.Import{Source: source, Conn: conn, Tell: teller(cmd.ErrOrStderr())})
}

// sameDatabase reports whether both connections lead to one database: it has one
// id on a server, and no two servers were started in the same microsecond.
func sameDatabase(ctx context.Context, a, b *pgx.Conn) (bool, error) {
	type identity struct {
		database uint32
		since    time.Time
	}
	var is [2]identity
	for i, conn := range []*pgx.Conn{a, b} {
		err := conn.QueryRow(ctx, "select d.oid, pg_postmaster_start_time() from pg_database d where d.datname = current_database()").
			Scan(&is[i].database, &is[i].since)
		if err != nil {
			return false, fmt.Errorf("compare the two databases: %w", err)
		}
	}
	return is[0].database == is[1].database && is[0].since.Equal(is[1].since), nil
}

// teller prints how far each table is, at most every two seconds and at its end.
func teller(out io.Writer) func(importer.Progress) {
	var table string
	var began, last time.Time
	var at int64
	return func(p importer.Progress) {
		now := time.Now()
		if p.Table != table {
			table, began, last, at = p.Table, now, now, p.Taken+p.Refused
		}
		if !p.Ended && now.Sub(last) < 2*time.Second {
			return
		}
		last = now
		done := p.Taken + p.Refused
		if p.Ended {
			fmt.Fprintf(out, "%s: %d taken, %d refused\n", p.Table, p.Taken, p.Refused)
			return
		}
		speed := float64(done-at) / max(now.Sub(began).Seconds(), 0.001)
		left := time.Duration(float64(p.Rows-done) / max(speed, 1) * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(out, "%s: %d of %d (%d%%), %.0f rows a second, about %s left\n", p.Table, done, p.Rows, done*100/max(p.Rows, 1), speed, left)
	}
}

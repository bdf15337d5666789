package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"paddock/app/backup"
)

func newBackupCommand() *cobra.Command {
	var recipients, files []string
	var output, folder string
	cmd := &cobra.Command{
		Use:   "backup --recipient age1… --output FILE",
		Short: "Write the whole database into one encrypted file",
		Long: `Write the whole database into one encrypted file, of one moment, while
everything goes on. It is encrypted with age for each recipient, and nothing of it
is ever on disk unencrypted. The settings of serve, the master keys and the
passwords of the logins are not in it, nor are sessions.

DATABASE_URL is that of a role that sees every row: see Back up in
docs/operations.md. It takes pg_dump, of the server's version or a newer one.`,
		Example: `  (umask 077 && paddock backup new-key > backup.key)    # once; keep it away from the server
  paddock backup --recipient age1… --output /backups/paddock-$(date -u +%Y%m%dT%H%MZ).age`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			databaseURL, err := databaseURL("give that of a role that sees every row")
			if err != nil {
				return err
			}
			to, err := backup.Recipients(recipients, files)
			if err != nil {
				return err
			}
			var m backup.Manifest
			write := func(w io.Writer) (err error) {
				m, err = backup.Make(cmd.Context(), backup.Options{DatabaseURL: databaseURL, Recipients: to, Folder: folder}, w)
				return err
			}
			if output == "-" {
				if term.IsTerminal(int(os.Stdout.Fd())) {
					return errors.New("the backup is not written to a terminal: give --output FILE, or redirect stdout")
				}
				err = write(cmd.OutOrStdout())
			} else {
				err = writeWhole(output, write)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "The backup has %d tables with %d rows, as of %s.\n", len(m.Tables), m.Rows(), m.MadeAt.Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "whom it is encrypted for: a public key of age's, age1…; may be repeated")
	cmd.Flags().StringArrayVar(&files, "recipients-file", nil, "a file of recipients, one a line; may be repeated")
	cmd.Flags().StringVar(&output, "output", "-", "the file to write, which must not be there yet; - is stdout")
	addFolderFlag(cmd, &folder)
	cmd.AddCommand(newBackupKeyCommand())
	return cmd
}

func newBackupKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new-key",
		Short: "Print a new key that opens backups; its public key is what they are made for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			recipient, err := backup.NewKey(cmd.OutOrStdout())
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "Keep it in a file of mode 600 away from the server, and make backups with --recipient %s\n", recipient)
			}
			return err
		},
	}
}

func newRestoreCommand() *cobra.Command {
	var identity, folder string
	var checkOnly bool
	cmd := &cobra.Command{
		Use:   "restore FILE --identity KEYFILE",
		Short: "Restore a backup into an empty database",
		Long: `Restore a backup into an empty database, in one transaction: where anything is
wrong with the file, or with what was restored from it, nothing is changed.

DATABASE_URL is that of a superuser, on a database that the role that migrates
owns. It takes psql, of the version of the pg_dump that made the backup or a newer
one.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if identity == "" {
				return errors.New("--identity is not given: name the file of the key that opens the backup, as paddock backup new-key printed it")
			}
			identities, err := backup.Identities(identity)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if checkOnly {
				m, err := backup.Check(cmd.Context(), args[0], identities)
				if err == nil {
					fmt.Fprintf(out, "The backup is whole: %d tables with %d rows, as of %s.\n", len(m.Tables), m.Rows(), m.MadeAt.Format(time.RFC3339))
				}
				return err
			}
			databaseURL, err := databaseURL("give that of a superuser, on an empty database")
			if err != nil {
				return err
			}
			r, err := backup.Restore(cmd.Context(), backup.RestoreOptions{Path: args[0], Identities: identities, DatabaseURL: databaseURL, Folder: folder})
			if err == nil {
				printRestored(out, r)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "the file of the key that opens the backup, of mode 600")
	cmd.Flags().BoolVar(&checkOnly, "check", false, "read all of the backup, say whether it is whole, and restore nothing")
	addFolderFlag(cmd, &folder)
	return cmd
}

func addFolderFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "postgres-bin", "", "the folder of Postgres' client programs; unset, they are looked for in PATH")
}

// writeWhole writes a file that has its name only once it is whole, and that its
// owner alone can read.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: give another name", path)
	}
	partial := path + ".partial"
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(partial)
		}
	}()
	if err := file.Chmod(0o600); err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	if err := write(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("the backup cannot be given its name: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("the folder of the backup cannot be opened: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("the name of the backup cannot be kept: %w", err)
	}
	return nil
}

// printRestored says what was restored, and what is left to do.
func printRestored(out io.Writer, r backup.Restored) {
	fmt.Fprintf(out, "Restored: %d tables with %d rows, as of %s. Each has the rows that it had.\n\nWhat is left to do:\n", len(r.Tables), r.Rows(), r.MadeAt.Format(time.RFC3339))
	step := func(format string, args ...any) { fmt.Fprintf(out, "- "+format+"\n", args...) }
	step("See to it that nothing serves the database that this is a copy of: two servers would follow the same accounts, and send their orders.")
	var logins, reporting []string
	for _, role := range r.Made {
		switch {
		case len(role.Powers) > 0:
			step("The role %s was made as one that cannot log in, since it was %s: alter role says what it may again.", role.Name, strings.Join(role.Powers, ", "))
		case role.Reports:
			reporting = append(reporting, role.Name)
		case role.Login:
			logins = append(logins, role.Name)
		}
	}
	if len(logins) > 0 {
		step("Give these logins passwords, with \\password NAME in psql: %s.", strings.Join(logins, ", "))
	}
	if len(reporting) > 0 {
		step("Give these reporting logins passwords, with paddock report rotate NAME: %s.", strings.Join(reporting, ", "))
	}
	for _, role := range r.LeftOut {
		step("The role %s was not made, since it was %s: make it if it is still needed.", role.Name, strings.Join(role.Powers, ", "))
	}
	for _, role := range r.Kept {
		if !strings.HasPrefix(role.Name, "paddock_") && !role.IsOwner {
			step("The role %s was here already, and stays as it was.", role.Name)
		}
	}
	versions := make([]string, len(r.Keys))
	for i, version := range r.Keys {
		versions[i] = fmt.Sprint(version)
	}
	if len(versions) > 0 {
		step("Start serve with the master keys (version %s) and the BETTER_AUTH_SECRET of before, which no backup has.", strings.Join(versions, ", "))
	}
	step("Run paddock migrate with DATABASE_URL of the role that migrates, and then paddock doctor.")
	step("Everybody signs in again.")
}

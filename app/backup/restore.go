package backup

import (
	"context"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/sql"
)

// RestoreOptions are what to restore, and where.
type RestoreOptions struct {
	Path        string
	Identities  []age.Identity
	DatabaseURL string // of a superuser, on an empty database
	Folder      string // of psql; "" is PATH
}

// Restored is what a restore has done, and what it could not.
type Restored struct {
	Manifest
	Made    []Role // roles that were made; none has a password
	Kept    []Role // that were there already and stay as they were
	LeftOut []Role // that were not made, because of their powers
}

// Restore checks all of a backup first, and then restores it into an empty database
// in one transaction. Where it returns an error, the database is as it was.
func Restore(ctx context.Context, o RestoreOptions) (r Restored, err error) {
	if r.Manifest, err = Check(ctx, o.Path, o.Identities); err != nil {
		return r, err
	}
	newest, err := sql.Newest()
	if err != nil {
		return r, err
	}
	if r.Version > newest {
		return r, fmt.Errorf("the backup is of version %d and this binary of version %d: restore it with a binary that is as new", r.Version, newest)
	}
	client, err := findProgram(ctx, o.Folder, "psql")
	if err != nil {
		return r, err
	}
	if err := client.must(r.PgDump); err != nil {
		return r, err
	}
	conn, err := pgx.Connect(ctx, o.DatabaseURL)
	if err != nil {
		return r, tenant.ExplainConnect(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkTarget(ctx, conn, r.Manifest); err != nil {
		return r, err
	}
	if err := r.compareRoles(ctx, conn); err != nil {
		return r, err
	}
	return r, run(ctx, client, o)
}

// checkTarget returns an error for a database that is not empty, a role that cannot
// restore, and a server that is older than what wrote the backup.
func checkTarget(ctx context.Context, conn *pgx.Conn, m Manifest) error {
	var empty, super, standby bool
	var major int
	err := conn.QueryRow(ctx, `select not exists (select from pg_class where oid >= 16384 and relpersistence <> 't')
			and not exists (select from pg_namespace where oid >= 16384 and nspname not like 'pg\_temp%' and nspname not like 'pg\_toast\_temp%')
			and not exists (select from pg_proc where oid >= 16384),
		(select rolsuper from pg_roles where rolname = current_user), pg_is_in_recovery(), current_setting('server_version_num')::integer / 10000`).
		Scan(&empty, &super, &standby, &major)
	switch {
	case err != nil:
		return fmt.Errorf("look at the database: %w", err)
	case standby:
		return errors.New("DATABASE_URL leads to a standby, which cannot be written to: give the primary")
	case !super:
		return errors.New("the role of DATABASE_URL is no superuser, so that it can give nothing to the roles that own Paddock's objects: give a superuser's")
	case !empty:
		return errors.New("the database is not empty: make a new one, such as create database paddock_restored owner paddock_migrator, and restore into that")
	case major < m.PgDump:
		return fmt.Errorf("the backup was written by pg_dump of Postgres %d, and this server is Postgres %d: restore into Postgres %d or newer", m.PgDump, major, m.PgDump)
	}
	return nil
}

// compareRoles notes which roles will be made, and which not.
func (r *Restored) compareRoles(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "select rolname from pg_roles")
	if err != nil {
		return fmt.Errorf("list the roles: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list the roles: %w", err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for _, role := range r.Roles {
		switch {
		case there[role.Name]:
			r.Kept = append(r.Kept, role)
		case len(role.Powers) > 0 && !role.Named:
			r.LeftOut = append(r.LeftOut, role)
		default:
			r.Made = append(r.Made, role)
		}
	}
	return nil
}

// run has psql run the script. It commits with its last statement alone, so that
// whatever ends it before leaves nothing behind.
func run(ctx context.Context, client program, o RestoreOptions) error {
	file, err := open(o.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	script, err := decrypt(file, o.Identities)
	if err != nil {
		return err
	}
	cmd, err := client.command(ctx, o.DatabaseURL, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse", "--output=/dev/null", "--file=-")
	if err != nil {
		return err
	}
	var said complaint
	source := &watched{Reader: script}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = source, io.Discard, &said
	err = cmd.Run()
	switch {
	case source.err != nil:
		return errDamaged // it was whole a moment ago
	case err != nil:
		return fmt.Errorf("nothing was restored: %s", said.sentence())
	}
	return nil
}

// watched keeps the error with which a reader ended.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

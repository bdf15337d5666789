// Package backup writes the whole database into one encrypted file, and restores
// it from there. What is encrypted is a compressed script for psql, one
// transaction from its first statement to its last: it makes the roles, what
// pg_dump wrote, compares every table with the snapshot's, and makes anew what a
// restored database must not have from the one before it. So a backup can be
// restored without Paddock too, with age, gzip and psql.
package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/sql"
)

//go:embed roles.sql
var rolesQuery string

//go:embed restore_roles.sql
var restoreRoles string

//go:embed check.sql
var checkTables string

//go:embed renew.sql
var renew string

// The first line of a backup, and its last.
const (
	firstLine = "-- Paddock backup, a script for psql that restores it into an empty database as a superuser\n"
	lastLine  = "-- end of the Paddock backup\n"
)

// Options are what to back up, and for whom.
type Options struct {
	// DatabaseURL is that of a role that sees every row: a superuser, or one with
	// BYPASSRLS in pg_read_all_data.
	DatabaseURL string
	Recipients  []age.Recipient
	Folder      string // of pg_dump; "" is PATH
}

// Make writes a backup to out. What it writes is of one snapshot, however many
// orders go on meanwhile. Where it returns an error, what was written cannot be
// restored.
func Make(ctx context.Context, o Options, out io.Writer) (Manifest, error) {
	dump, err := findProgram(ctx, o.Folder, "pg_dump")
	if err != nil {
		return Manifest{}, err
	}
	conn, err := pgx.Connect(ctx, o.DatabaseURL)
	if err != nil {
		return Manifest{}, tenant.ExplainConnect(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkReader(ctx, conn); err != nil {
		return Manifest{}, err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return Manifest{}, fmt.Errorf("begin the snapshot: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing was changed
	m, snapshot, err := readManifest(ctx, tx)
	if err != nil {
		return Manifest{}, err
	}
	m.PgDump = dump.major
	if err := dump.must(m.Server); err != nil {
		return Manifest{}, err
	}
	args := []string{"--format=plain", "--encoding=UTF8", "--no-subscriptions", "--lock-wait-timeout=60s", "--snapshot=" + snapshot}
	for _, table := range withoutRows {
		args = append(args, "--exclude-table-data="+table)
	}
	cmd, err := dump.command(ctx, o.DatabaseURL, args...)
	if err != nil {
		return Manifest{}, err
	}
	var said complaint
	cmd.Stderr = &said
	write := func(w io.Writer) error {
		cmd.Stdout = w
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("pg_dump failed: %s (%w)", said.sentence(), err)
		}
		return nil
	}
	return m, encrypt(out, o.Recipients, func(w io.Writer) error { return writeScript(w, m, write) })
}

// checkReader returns an error for a role that row level security would hold, and
// for a database that is not this binary's.
func checkReader(ctx context.Context, conn *pgx.Conn) error {
	if err := sql.CheckNumbering(ctx, conn); err != nil {
		return err
	}
	var seesAll bool
	err := conn.QueryRow(ctx, "select rolsuper or rolbypassrls and pg_has_role(oid, 'pg_read_all_data', 'usage') from pg_roles where rolname = current_user").Scan(&seesAll)
	if err != nil {
		return fmt.Errorf("look at the role: %w", err)
	}
	if !seesAll {
		return errors.New("row level security holds the role of DATABASE_URL, so that it would see a part of the rows alone: give a superuser, or the role of Back up in docs/operations.md")
	}
	var versions bool
	if err := conn.QueryRow(ctx, "select to_regclass($1) is not null", sql.VersionTable).Scan(&versions); err != nil {
		return fmt.Errorf("look for the version: %w", err)
	}
	if !versions {
		return errors.New("this is no database of Paddock's: paddock migrate makes one")
	}
	return nil
}

// readManifest describes what the transaction sees, and exports its snapshot.
func readManifest(ctx context.Context, tx pgx.Tx) (m Manifest, snapshot string, err error) {
	m.Format = format
	var roles []byte
	var version int
	_, err = tx.Exec(ctx, `set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
		set local bytea_output = 'hex'; set local extra_float_digits = 1; set local row_security = off; set local search_path = pg_catalog`)
	if err != nil {
		return m, "", fmt.Errorf("prepare the snapshot: %w", err)
	}
	err = tx.QueryRow(ctx, `select pg_export_snapshot(), transaction_timestamp(), current_setting('server_version_num')::integer / 10000, (select version from `+sql.VersionTable+`),
		array(select key_version::bigint from private.master_keys where retired_at is null order by 1), (`+rolesQuery+`)`).
		Scan(&snapshot, &m.MadeAt, &m.Server, &version, &m.Keys, &roles)
	if err != nil {
		return m, "", fmt.Errorf("read the roles: %w", err)
	}
	m.MadeAt, m.Version = m.MadeAt.UTC(), int32(version)
	newest, err := sql.Newest()
	if err != nil {
		return m, "", err
	}
	if m.Version != newest {
		return m, "", fmt.Errorf("the database is at version %d and this binary is of version %d: back it up with the binary that serves it", m.Version, newest)
	}
	if err := json.Unmarshal(roles, &m.Roles); err != nil {
		return m, "", fmt.Errorf("read the roles: %w", err)
	}
	m.Tables, err = readTables(ctx, tx)
	return m, snapshot, err
}

// encrypt writes what write writes, compressed and encrypted. Only after the last
// byte does it end the file as a whole one ends.
func encrypt(out io.Writer, recipients []age.Recipient, write func(io.Writer) error) error {
	encrypted, err := age.Encrypt(out, recipients...)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	compressed := gzip.NewWriter(encrypted)
	buffered := bufio.NewWriterSize(compressed, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	for _, end := range []func() error{buffered.Flush, compressed.Close, encrypted.Close} {
		if err := end(); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
	}
	return nil
}

// writeScript writes the script around what pg_dump writes.
func writeScript(w io.Writer, m Manifest, dump func(io.Writer) error) error {
	text, err := json.Marshal(m) // on one line
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	literal := "'" + strings.ReplaceAll(string(text), "'", "''") + "'"
	_, err = fmt.Fprint(w, firstLine, "-- ", string(text), "\n\\set ON_ERROR_STOP on\nbegin;\nset local standard_conforming_strings = on;\nset local client_encoding = 'UTF8';\n",
		"create temporary table paddock_backup on commit drop as select ", literal, "::jsonb as manifest;\n", restoreRoles)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := dump(w); err != nil {
		return err
	}
	_, err = fmt.Fprint(w, "\nset local search_path = pg_catalog;\nset local row_security = on;  -- which pg_dump switched off\n", checkTables, sql.SecureDatabase(), renew, "commit;\n", lastLine)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

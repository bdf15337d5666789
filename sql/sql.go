// Package sql holds Paddock's migrations. Plain tern runs them from this
// folder (tern migrate -c tern.conf -m sql), and paddock migrate runs the same
// files from the binary.
package sql

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/tern/v2/migrate"
)

// FS holds the numbered migrations and, in func/ and view/, the functions and
// views that they include.
//
//go:embed [0-9]*.sql func view
var FS embed.FS

// VersionTable is where tern keeps the version; tern.conf names the same.
// Databases of an earlier numbering have public.schema_version instead, so that
// neither set of migrations continues the other's.
const VersionTable = "public.paddock_version"

// ErrEarlierNumbering is the error for a database that an earlier Paddock made,
// with other migrations, which these cannot continue.
var ErrEarlierNumbering = errors.New("this database was made by an earlier Paddock, whose migrations these cannot continue: " +
	"migrate a new, empty database instead, and keep this one, which is unchanged, for the Paddock that made it")

// SecureDatabase returns the SQL that sets who may connect to the current
// database, and how its sessions run. CREATE DATABASE … TEMPLATE copies neither, so
// whoever makes a copy runs this on it again.
func SecureDatabase() string {
	text, err := FS.ReadFile("func/001/secure_database.sql")
	if err != nil {
		panic(err) // the file is embedded: it cannot be missing
	}
	return string(text)
}

// Migrate brings the database to the newest version, sets again who may connect
// (a dump does not contain these grants), makes a key of the seal if there is
// none or the current one is old, and creates the partitions of the event log, the
// audit and agents' logs of the months to come. conn's role owns the database and has CREATEROLE; it need not
// be a superuser, and should not be.
func Migrate(ctx context.Context, conn *pgx.Conn) error {
	m, err := newMigrator(ctx, conn)
	if err != nil {
		return err
	}
	if err := m.Migrate(ctx); err != nil {
		return explain(ctx, conn, fmt.Errorf("migrate: %w", err))
	}
	if _, err := conn.Exec(ctx, SecureDatabase()); err != nil {
		return fmt.Errorf("set who may connect: %w", err)
	}
	if _, err := conn.Exec(ctx, "select private.maintain_seal_key()"); err != nil {
		return fmt.Errorf("renew the key of the seal: %w", err)
	}
	if _, err := conn.Exec(ctx, "select private.maintain_event_partitions(), private.maintain_audit_partitions(), private.maintain_agent_log_partitions()"); err != nil {
		return fmt.Errorf("make the partitions of the event log, the audit and agents' logs: %w", err)
	}
	return nil
}

// MigrateTo migrates up or down to the version given; 0 is an empty database.
func MigrateTo(ctx context.Context, conn *pgx.Conn, version int32) error {
	m, err := newMigrator(ctx, conn)
	if err != nil {
		return err
	}
	if err := m.MigrateTo(ctx, version); err != nil {
		return explain(ctx, conn, fmt.Errorf("migrate to version %d: %w", version, err))
	}
	return nil
}

// Version returns the version that the database is at, and the newest there is.
func Version(ctx context.Context, conn *pgx.Conn) (current, newest int32, err error) {
	m, err := newMigrator(ctx, conn)
	if err != nil {
		return 0, 0, err
	}
	current, err = m.GetCurrentVersion(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read the database's version: %w", err)
	}
	return current, int32(len(m.Migrations)), nil
}

// CheckNumbering returns ErrEarlierNumbering for a database of an earlier
// numbering, and for one whose credentials were encrypted in an earlier form:
// migration 010 was changed since. Any login may call it. Migration 001 checks
// the numbering for plain tern.
func CheckNumbering(ctx context.Context, conn interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) error {
	var earlier bool
	err := conn.QueryRow(ctx, `select exists (select from pg_class where relname = 'schema_version' and relnamespace = 'public'::regnamespace)
			and exists (select from pg_namespace where nspname = 'app')
		or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'private' and c.relname = 'user_credentials')
			and not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'private' and c.relname = 'master_keys')`).Scan(&earlier)
	if err != nil {
		return fmt.Errorf("look for the database's version: %w", err)
	}
	if earlier {
		return ErrEarlierNumbering
	}
	return nil
}

func newMigrator(ctx context.Context, conn *pgx.Conn) (*migrate.Migrator, error) {
	if err := CheckNumbering(ctx, conn); err != nil {
		return nil, err
	}
	// The wait is bounded, because any login can hold tern's advisory lock.
	if _, err := conn.Exec(ctx, "set lock_timeout = '10s'"); err != nil {
		return nil, fmt.Errorf("bound the wait for locks: %w", err)
	}
	m, err := migrate.NewMigrator(ctx, conn, VersionTable)
	if err != nil {
		return nil, explain(ctx, conn, fmt.Errorf("prepare the version table: %w", err))
	}
	if err := m.LoadMigrations(FS); err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return m, nil
}

// explain adds to an error what an operator can do about it, for the usual ones.
func explain(ctx context.Context, conn *pgx.Conn, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "55P03":
		return fmt.Errorf("%w: another session holds a lock that migrations need. %s", err, holders(ctx, conn))
	case "42501":
		return fmt.Errorf("%w: migrate as a role that owns the database, has CREATEROLE and made Paddock's roles or has the admin option on them "+
			"(grant paddock_owner, paddock_gate, paddock_recorder, paddock_watchdog to ROLE with admin option)", err)
	}
	return err
}

// holders returns a sentence that names the sessions with advisory locks on this
// database.
func holders(ctx context.Context, conn *pgx.Conn) string {
	rows, err := conn.Query(ctx, `select distinct format('%s (process %s)', a.usename, l.pid)
		from pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'advisory' and l.granted and l.pid <> pg_backend_pid()
			and l.database = (select oid from pg_database where datname = current_database())`)
	if err != nil {
		return "See pg_locks for who does."
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		return "See pg_locks for who does."
	}
	return "Advisory locks are held by " + strings.Join(names, ", ") + ": end such a session with pg_terminate_backend, and migrate again."
}

// Newest returns the version that the migrations of this binary lead to. It
// connects to nothing.
func Newest() (int32, error) {
	files, err := migrate.FindMigrations(FS)
	if err != nil {
		return 0, fmt.Errorf("find migrations: %w", err)
	}
	return int32(len(files)), nil
}

// Package sql holds Paddock's migrations. Plain tern runs them from this
// folder (tern migrate -c tern.conf -m sql), and paddock migrate runs the same
// files from the binary.
package sql

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

// FS holds the numbered migrations and, in func/, the functions they include.
//
//go:embed *.sql func/*.sql
var FS embed.FS

// VersionTable is where tern keeps the version; tern.conf names the same.
const VersionTable = "public.schema_version"

// SecureDatabase is the statement that says who may connect to the current
// database. A copy made with CREATE DATABASE … TEMPLATE does not carry these
// grants: whoever makes one runs this on it.
func SecureDatabase() string {
	text, err := FS.ReadFile("func/secure_database.sql")
	if err != nil {
		panic(err) // the file is embedded: it cannot be missing
	}
	return string(text)
}

// Migrate brings the database to the newest version and renews the key of the
// seal. conn's role owns the database and has CREATEROLE; it need not be a
// superuser, and should not be.
func Migrate(ctx context.Context, conn *pgx.Conn) error {
	m, err := newMigrator(ctx, conn)
	if err != nil {
		return err
	}
	if err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := conn.Exec(ctx, "select private.renew_seal_key()"); err != nil {
		return fmt.Errorf("renew the key of the seal: %w", err)
	}
	return nil
}

// MigrateTo goes up or down to the version given; 0 is an empty database.
func MigrateTo(ctx context.Context, conn *pgx.Conn, version int32) error {
	m, err := newMigrator(ctx, conn)
	if err != nil {
		return err
	}
	if err := m.MigrateTo(ctx, version); err != nil {
		return fmt.Errorf("migrate to version %d: %w", version, err)
	}
	return nil
}

// Version answers the version that the database is at and the newest there is.
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

func newMigrator(ctx context.Context, conn *pgx.Conn) (*migrate.Migrator, error) {
	m, err := migrate.NewMigrator(ctx, conn, VersionTable)
	if err != nil {
		return nil, fmt.Errorf("prepare the version table: %w", err)
	}
	if err := m.LoadMigrations(FS); err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return m, nil
}

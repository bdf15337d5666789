// Package schema describes a database from Postgres's catalogue: as facts, one
// a line, by which two databases can be compared, and as a text to read.
package schema

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed facts.sql
var facts string

//go:embed roles.sql
var roles string

// Facts returns everything in the database that is not Postgres's own, sorted:
// schemas, tables, columns, constraints, indexes, policies, triggers, views,
// functions, comments and each grant.
func Facts(ctx context.Context, conn *pgx.Conn) ([]string, error) { return lines(ctx, conn, facts) }

// Roles returns Paddock's roles on the server, with their settings.
func Roles(ctx context.Context, conn *pgx.Conn) ([]string, error) { return lines(ctx, conn, roles) }

func lines(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("ask the catalogue: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("ask the catalogue: %w", err)
	}
	return found, nil
}

//go:embed text.sql
var text string

// Text returns the contents of sql/schema.sql: each table whole, and each
// function without its body, which is in sql/func.
func Text(ctx context.Context, conn *pgx.Conn) (string, error) {
	major, err := Major(ctx, conn)
	if err != nil {
		return "", err
	}
	found, err := lines(ctx, conn, text)
	if err != nil {
		return "", err
	}
	return "-- What the migrations make, as Postgres " + major + " tells it. Made by make schema: do not edit.\n" +
		"-- Functions stand here without their bodies, which are in sql/func.\n" + strings.Join(found, "\n") + "\n", nil
}

// Major returns the server's major version. Each major version writes some
// definitions in its own way.
func Major(ctx context.Context, conn *pgx.Conn) (major string, err error) {
	err = conn.QueryRow(ctx, "select (current_setting('server_version_num')::int / 10000)::text").Scan(&major)
	if err != nil {
		return "", fmt.Errorf("ask the server's version: %w", err)
	}
	return major, nil
}

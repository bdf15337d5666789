package doctor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"paddock/sql"
)

// checkMigrations compares the database's version with this binary's. A newer
// database is a warning: it is so for a while in every upgrade, which migrates
// first.
func checkMigrations(ctx context.Context, e *examination) []Finding {
	connected := e.connected()
	if len(connected) == 0 {
		return noConnection()
	}
	conn := connected[0].conn
	const migrate = "run paddock migrate first"
	switch err := sql.CheckNumbering(ctx, conn); {
	case errors.Is(err, sql.ErrEarlierNumbering):
		return []Finding{failure("", "%s", err)}
	case err != nil:
		return refused(err)
	}
	var migrated, tells bool
	err := conn.QueryRow(ctx, `select exists (select from pg_namespace where nspname = 'private'),
		exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'private' and p.proname = 'schema_version')`).Scan(&migrated, &tells)
	switch {
	case err != nil:
		return refused(err)
	case !migrated:
		return []Finding{failure(migrate, "the database is empty")}
	case !tells:
		return []Finding{failure("begin with a new database, or put the function back", "the database's version cannot be read: private.schema_version is missing")}
	}
	version, err := versionOf(ctx, conn)
	if err != nil {
		return refused(err)
	}
	newest, err := sql.Newest()
	switch {
	case err != nil:
		return refused(err)
	case version < newest:
		return []Finding{failure(migrate, "the database is at version %d, and this Paddock needs version %d", version, newest)}
	case version > newest:
		e.version, e.newer = version, true
		return []Finding{warning("use the Paddock that migrated it, or a newer one", "the database is at version %d, and this Paddock knows versions up to %d", version, newest)}
	}
	e.version = version
	return []Finding{fine("the database is at version %d, the newest", version)}
}

// versionOf asks as paddock_worker, who may call the function, or as the role
// that migrates, whose table it is.
func versionOf(ctx context.Context, conn *pgx.Conn) (version int32, err error) {
	var own bool
	err = conn.QueryRow(ctx, `select coalesce(bool_or(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')), false)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = $1`, sql.VersionTable).Scan(&own)
	if err != nil {
		return 0, err
	}
	ask := "select private.schema_version()"
	if own {
		ask = "select version from " + sql.VersionTable
	}
	err = conn.QueryRow(ctx, ask).Scan(&version)
	return version, err
}

package reporting

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
)

// tempFileLimit is how much a session of a reporting login may write to
// temporary files. Unlike the other settings a login cannot lift it.
const tempFileLimit = "1GB"

// Every login may call these functions of Postgres' own, and a reporting login
// needs none: they take locks without end, make large objects, or write to the
// log of changes.
var (
	lockFunctions = []string{
		"pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared",
		"pg_try_advisory_lock", "pg_try_advisory_lock_shared", "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared",
	}
	writeFunctions = []string{
		"lo_creat", "lo_create", "lo_from_bytea", "lo_put", "lowrite", "lo_truncate", "lo_truncate64", "pg_logical_emit_message",
	}
)

// Harden takes from all logins of the database what only a superuser can take:
// Postgres' functions for advisory locks (which Paddock's own roles keep), for
// large objects and for writing to the log of changes. It bounds the temporary
// files of the reporting logins that there are, and lets the role that owns the
// database bound those of the logins to come. It lets the watchdog end the
// sessions of logins that Create did not make. It returns the statements that it
// ran, and ends with not_permitted for a conn that is no superuser's.
func Harden(ctx context.Context, conn *pgx.Conn) (statements []string, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		super, err := isSuperuser(ctx, tx)
		if err != nil {
			return err
		}
		if !super {
			return problem.New(problem.NotPermitted, "Only a superuser can take these functions from others. Set DATABASE_URL to a superuser's URL of this database.")
		}
		if statements, err = hardening(ctx, tx); err != nil {
			return err
		}
		return run(ctx, tx, statements...)
	})
	return statements, explain(err, "")
}

// hardening returns the statements of Harden.
func hardening(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `
		select format('revoke execute on function %s from public', p.oid::regprocedure) from pg_catalog.pg_proc p
			where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($1::text[] || $2::text[])
		union all
		select format('grant execute on function %s to paddock_gate, paddock_owner, %I', p.oid::regprocedure, pg_get_userbyid(d.datdba))
			from pg_catalog.pg_proc p, pg_catalog.pg_database d
			where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($1::text[]) and d.datname = current_database()
		union all
		select 'grant pg_signal_backend, pg_read_all_stats to paddock_watchdog'
		union all
		select format('grant set on parameter temp_file_limit to %I', pg_get_userbyid(d.datdba))
			from pg_catalog.pg_database d where d.datname = current_database()
		union all
		select format('alter role %I set temp_file_limit = %L', r.rolname, $3::text) from pg_catalog.pg_roles r
			join pg_catalog.pg_auth_members m on m.member = r.oid and m.roleid = 'paddock_report'::regrole
			where `+noOperatorSQL+`
		order by 1 desc`, lockFunctions, writeFunctions, tempFileLimit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func isSuperuser(ctx context.Context, tx pgx.Tx) (super bool, err error) {
	err = tx.QueryRow(ctx, "select rolsuper from pg_catalog.pg_roles where rolname = current_user").Scan(&super)
	if err != nil {
		return false, fmt.Errorf("look who is connected: %w", err)
	}
	return super, nil
}

package doctor

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// checkReportingLogins looks at the members of paddock_report. Of their own they
// should be nothing else, and the watchdog must be able to end their sessions.
func checkReportingLogins(ctx context.Context, e *examination) (found []Finding) {
	connected := e.connected()
	if len(connected) == 0 {
		return noConnection()
	}
	rows, err := connected[0].conn.Query(ctx, `select r.rolname, r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication,
			coalesce((select string_agg(quote_ident(g.rolname), ', ' order by g.rolname) from pg_auth_members o join pg_roles g on g.oid = o.roleid
				where o.member = r.oid and g.rolname <> 'paddock_report'), ''),
			pg_has_role('paddock_watchdog', r.oid, 'usage')
		from pg_auth_members m join pg_roles r on r.oid = m.member join pg_roles p on p.oid = m.roleid
		where p.rolname = 'paddock_report' and not exists (select from pg_database d where d.datdba = r.oid) order by 1`)
	if err != nil {
		return refused(err)
	}
	var name, others string
	var mighty, watched bool
	_, err = pgx.ForEachRow(rows, []any{&name, &mighty, &others, &watched}, func() error {
		quoted := pgx.Identifier{name}.Sanitize()
		if mighty {
			found = append(found, failure("run alter role "+quoted+" nosuperuser nobypassrls nocreaterole noreplication;", "the reporting login %s may do what row level security does not hold", quoted))
		}
		if others != "" {
			found = append(found, failure("run revoke "+others+" from "+quoted+";", "the reporting login %s is a member of more than paddock_report: %s", quoted, others))
		}
		if !watched {
			found = append(found, warning("run grant "+quoted+" to paddock_watchdog;", "sessions of the reporting login %s cannot be ended by the watchdog", quoted))
		}
		return nil
	})
	if err != nil {
		return refused(err)
	}
	return found
}

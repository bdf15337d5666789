package backup

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// withoutRows are the tables whose rows no backup has: what is in them opens
// something by itself, or says what River is about to do at the moment.
var withoutRows = []string{"private.seal_keys", "private.doorbell", "auth.session", "auth.verification", "jobs.river_job", "jobs.river_leader", "jobs.river_queue"}

// readTables returns every table of the database, with count and digest of what
// the transaction sees. Tables of extensions are the extension's.
func readTables(ctx context.Context, tx pgx.Tx) ([]Table, error) {
	rows, err := tx.Query(ctx, `select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_toast%' and n.nspname not like 'pg\_temp%'
			and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
		order by 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Table, err error) {
		return t, row.Scan(&t.Schema, &t.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	for i := range tables {
		t := &tables[i]
		if t.Digest = "0"; slices.Contains(withoutRows, t.Schema+"."+t.Name) {
			continue
		}
		// The same as check.sql computes.
		err := tx.QueryRow(ctx, `select count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(r::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint::numeric), 0)::text
			from only `+pgx.Identifier{t.Schema, t.Name}.Sanitize()+` r`).Scan(&t.Rows, &t.Digest)
		if err != nil {
			return nil, fmt.Errorf("read the table %s.%s: %w", t.Schema, t.Name, err)
		}
	}
	return tables, nil
}

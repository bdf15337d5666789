package catalogue

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"paddock/tests/pgtest"
)

// riverSQL tells of all that is in schema jobs, in words that do not depend on the
// order in which it was made.
const riverSQL = `
	select 'table ' || c.relname || ' ' || c.relpersistence::text from pg_class c where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r'
	union all
	select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
			|| coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
		where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r'
	union all
	select 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
		where c.relnamespace = 'jobs'::regnamespace
	union all
	select 'index ' || pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r'
	union all
	select 'function ' || pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'jobs'::regnamespace
	union all
	select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'jobs'::regnamespace and not t.tgisinternal
	union all
	select 'type ' || t.typname || ' ' || (select string_agg(e.enumlabel, ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
		from pg_type t where t.typnamespace = 'jobs'::regnamespace and t.typtype = 'e'`

// River's tables are what River's own migrations make, in the version that is linked
// here, but for its table of migrations and the constraints that bound JSON. A new
// version with another schema fails here, and not when it runs.
func TestRiversTablesAreRivers(t *testing.T) {
	river := pgtest.Empty(t)
	admin := river.Conn(t, "admin")
	run(t, admin, "create schema jobs")
	pool, err := pgxpool.New(t.Context(), river.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: "jobs"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	facts := func(conn *pgx.Conn) map[string]bool {
		t.Helper()
		rows, err := conn.Query(t.Context(), riverSQL)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, line := range lines {
			line = spaces.ReplaceAllString(strings.ToLower(line), " ")
			if !strings.Contains(line, "river_migration") && !ourConstraint.MatchString(line) {
				found[line] = true
			}
		}
		return found
	}
	want, got := facts(admin), facts(pgtest.New(t).Conn(t, "admin"))
	if len(want) < 50 {
		t.Errorf("River's migrations make only %d things", len(want))
	}
	for line := range want {
		if !got[line] {
			t.Errorf("River has it and 014_jobs.sql does not: %s", line)
		}
	}
	for line := range got {
		if !want[line] {
			t.Errorf("014_jobs.sql has it and River does not: %s", line)
		}
	}
}

var (
	spaces        = regexp.MustCompile(`\s+`)
	ourConstraint = regexp.MustCompile(`^constraint river_(job|queue) river_(job|queue)_bounded `)
)

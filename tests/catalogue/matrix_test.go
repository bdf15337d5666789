package catalogue

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
)

// tablesSQL makes a table of what is granted: S, I, U and D are SELECT, INSERT,
// UPDATE and DELETE on the whole table, small letters the same on some columns
// only, which columnsSQL lists. A change of a grant must change the file
// testdata/grants.txt too, where a reader sees it.
const tablesSQL = `
with tables as (
	select c.oid, n.nspname || '.' || c.relname as name, c.relowner, c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace
	where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs')
), roles (name, place) as (
	values ('paddock_gate', 1), ('paddock_app', 2), ('paddock_worker', 3), ('paddock_auth', 4), ('paddock_report', 5), ('paddock_watchdog', 6), ('paddock_recorder', 7)
), cells as (
	select t.name as t, r.name as r, r.place, coalesce((
		select string_agg(case
			when exists (select from aclexplode(t.relacl) g where g.grantee = r.name::regrole and g.privilege_type = p.what) then p.letter
			when exists (select from pg_attribute a cross join lateral aclexplode(a.attacl) g where a.attrelid = t.oid and g.grantee = r.name::regrole and g.privilege_type = p.what) then lower(p.letter)
			else '-' end, '' order by p.place)
		from (values ('SELECT', 'S', 1), ('INSERT', 'I', 2), ('UPDATE', 'U', 3), ('DELETE', 'D', 4)) p (what, letter, place)), '----') as letters
	from tables t cross join roles r
)
select rpad(t, 26) || string_agg(rpad(letters, 7), '' order by place) from cells group by t order by t`

const columnsSQL = `
select n.nspname || '.' || c.relname || ' ' || g.grantee::regrole || ' ' || lower(g.privilege_type) || ': ' || string_agg(a.attname, ' ' order by a.attname)
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(a.attacl) g
where n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs')
group by n.nspname, c.relname, g.grantee, g.privilege_type order by 1`

const functionsSQL = `
select rpad(n.nspname || '.' || p.proname, 36) || coalesce((
	select string_agg(replace(g.grantee::regrole::text, 'paddock_', ''), ' ' order by g.grantee::regrole::text)
	from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee <> p.proowner), '-')
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('auth', 'app', 'private', 'report') order by 1`

const schemasSQL = `
select rpad(n.nspname, 10) || string_agg(replace(g.grantee::regrole::text, 'paddock_', '') || ' ' || lower(g.privilege_type), ', ' order by g.grantee::regrole::text, g.privilege_type)
from pg_namespace n cross join lateral aclexplode(n.nspacl) g
where n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs') and g.grantee <> n.nspowner group by n.nspname order by 1`

const databaseSQL = `
select replace(g.grantee::regrole::text, 'paddock_', '') || ' ' || lower(g.privilege_type)
from pg_database d cross join lateral aclexplode(d.datacl) g where d.datname = current_database() and g.grantee <> d.datdba order by 1`

// TestGrants guards the promise that there are exactly the grants that are listed
// in testdata/grants.txt.
func TestGrants(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	var got strings.Builder
	for _, part := range []struct{ title, sql string }{
		{"tables                    gate   app    worker auth   report watchdog recorder", tablesSQL},
		{"columns", columnsSQL},
		{"functions, and who may execute them", functionsSQL},
		{"schemas", schemasSQL},
		{"database", databaseSQL},
	} {
		rows, err := conn.Query(t.Context(), part.sql)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("# " + part.title + "\n")
		for _, line := range lines {
			got.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		got.WriteString("\n")
	}
	const golden = "testdata/grants.txt"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, string(want), got.String(), golden)
}

func firstLine(text string) string { line, _, _ := strings.Cut(text, "\n"); return line }

// compare reports the lines that only one of two texts has.
func compare(t *testing.T, want, got, file string) {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(want) {
		count[line]++
	}
	for line := range strings.Lines(got) {
		count[line]--
	}
	for line := range strings.Lines(want) {
		if count[line] > 0 {
			t.Errorf("missing: %s", line)
		}
	}
	for line := range strings.Lines(got) {
		if count[line] < 0 {
			t.Errorf("new:     %s", line)
		}
	}
	if !t.Failed() && want != got {
		t.Error("the order differs")
	}
	if t.Failed() {
		t.Logf("when this is meant, write %s again with make schema, and have its change reviewed", file)
	}
}

package reporting_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/tests/program"
)

// views are those of schema report that this package's tests know.
func views(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	all := lines(t, conn, "select relname::text from pg_catalog.pg_class where relnamespace = 'report'::regnamespace and relkind = 'v' order by 1")
	if len(all) < 15 {
		t.Fatalf("only %d views: %v", len(all), all)
	}
	return all
}

// psql shows a reporting login the views with their comments and columns, and the
// rows in every form that it has: tables, CSV and COPY.
func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		program.Missing(t, "there is no psql", "install it")
	}
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	report := w.login(t, name, password)
	c := report.Config()
	ask := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(psql, append([]string{"-X", "-v", "ON_ERROR_STOP=1", "-h", c.Host, "-p", strconv.Itoa(int(c.Port)), "-U", name, "-d", c.Database}, args...)...)
		cmd.Env = append(cmd.Environ(), "PGPASSWORD="+password)
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil {
			t.Errorf("psql %q: %v: %s", args, err, complaints.String())
		}
		return out.String()
	}
	all := views(t, report)
	for command, want := range map[string][]string{
		`\d`: all, `\dv+`: append([]string{"The accounts that this login may report on."}, all...), `\dn+`: {"report"}, `\du`: {name}, `\df`: {"List of functions"},
		`\dt`: nil, `\z`: {"paddock_report=r/paddock_owner"}, `\dRp`: nil, `\l`: {c.Database}, `\sv orders`: {"CREATE OR REPLACE VIEW report.orders"},
		`\d+ orders`:       {"At which average price; NULL: nothing was filled. [USD per unit]"},
		`\d+ report.fills`: {"timestamp with time zone"}, `\dd`: nil,
	} {
		out := ask("-c", command)
		for _, part := range want {
			if !strings.Contains(out, part) {
				t.Errorf("%s shows no %q:\n%s", command, part, out)
			}
		}
	}
	foreign := w.accounts[1].String()
	for _, view := range all {
		for _, out := range []string{
			ask("-c", "copy (select * from "+view+") to stdout with (format csv, header)"),
			ask("-c", `\copy (select * from `+view+`) to stdout`),
			ask("--csv", "-c", "table "+view),
		} {
			if view != "accounts" && !slices.Contains([]string{"audit", "credential_access"}, view) && !strings.Contains(out, w.accounts[0].String()) {
				t.Errorf("%s: its own row is not there:\n%s", view, out)
			}
			if strings.Contains(out, foreign) {
				t.Errorf("%s: a foreign row is there:\n%s", view, out)
			}
		}
	}
}

// What Metabase and Grafana ask of the catalogue, when they look for tables and
// columns, works as a reporting login and names the views with their columns,
// types and comments.
func TestIntrospection(t *testing.T) {
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	report := w.login(t, name, password)
	all := views(t, report)
	columns := lines(t, report, `select c.relname || '.' || a.attname from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = 'report'::regnamespace and a.attnum > 0 order by 1`)
	for what, tt := range map[string]struct {
		sql  string
		want []string
	}{
		"the server's version":  {"select 'x' where current_setting('server_version_num')::int >= 150000 and version() <> ''", []string{"x"}},
		"the time zone":         {"select current_setting('timezone')", []string{"UTC"}},
		"the read-only default": {"select current_setting('default_transaction_read_only')", []string{"on"}},
		"schemas": {`select n.nspname::text from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
			and has_schema_privilege(n.oid, 'usage') order by 1`, []string{"report"}},
		// Metabase: relations by kind with their comments and the planner's count, of
		// which it keeps those whose privileges suffice.
		"relations": {`select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			left join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
			left join pg_stat_user_tables s on s.schemaname = n.nspname and s.relname = c.relname
			where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'v', 'f', 'm')
				and has_schema_privilege(current_user, n.nspname, 'usage')
				and has_any_column_privilege(current_user, quote_ident(n.nspname) || '.' || quote_ident(c.relname), 'select') and d.description <> ''
			order by 1`, all},
		"what may be written": {`select c.oid::regclass::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'report' and (has_any_column_privilege(c.oid, 'insert') or has_any_column_privilege(c.oid, 'update') or has_table_privilege(c.oid, 'delete'))`, nil},
		// Metabase: columns with keys and comments, whose relation it casts to regclass.
		"columns": {`select c.table_name || '.' || c.column_name from information_schema.columns c
			left join (select tc.table_schema, tc.table_name, kc.column_name from information_schema.table_constraints tc
				join information_schema.key_column_usage kc on kc.constraint_name = tc.constraint_name and kc.table_schema = tc.table_schema and kc.table_name = tc.table_name
				where tc.constraint_type = 'PRIMARY KEY') pk on (pk.table_schema, pk.table_name, pk.column_name) = (c.table_schema, c.table_name, c.column_name)
			where c.table_schema !~ '^information_schema|catalog_history|pg_' and c.table_schema in ('report') and pk.column_name is null
				and col_description(format('%I.%I', c.table_schema, c.table_name)::regclass::oid, c.ordinal_position) <> ''
			order by 1`, columns},
		"foreign keys": {`select k.conname::text from pg_catalog.pg_constraint k join pg_catalog.pg_class f on f.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = k.connamespace
			join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey) where k.contype = 'f' and n.nspname in ('report')`, nil},
		// River's, which no view has.
		"enums": {"select distinct t.typname::text from pg_catalog.pg_type t join pg_catalog.pg_enum e on e.enumtypid = t.oid", []string{"river_job_state"}},
		// Grafana: tables that the search_path reaches without their schema, and then
		// the columns of one.
		"tables of the search_path": {`select quote_ident(table_name) from information_schema.tables
			where quote_ident(table_schema) in (select case trim(s) when '"$user"' then user else trim(s) end from unnest(string_to_array(current_setting('search_path'), ',')) s)
			order by 1`, all},
		"columns of one": {"select quote_ident(column_name) from information_schema.columns where quote_ident(table_name) = 'equity_curve' and quote_ident(table_schema) = 'report' order by ordinal_position limit 2",
			[]string{"account_id", "hour"}},
		"columns of time": {`select quote_ident(column_name) from information_schema.columns where table_schema = 'report' and table_name = 'fills'
			and data_type in ('timestamp without time zone', 'timestamp with time zone', 'bigint', 'integer', 'double precision', 'real')`, []string{"at"}},
		"the first rows": {"select count(*) from (select * from report.orders limit 2000) t", []string{"1"}},
	} {
		if got := lines(t, report, tt.sql); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}

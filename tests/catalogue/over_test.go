package catalogue

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
)

// One function decides whether an order is over: no other function, index or column
// has its own list of statuses.
func TestOneSenseOfOver(t *testing.T) {
	rows, err := pgtest.New(t).Conn(t, "admin").Query(t.Context(), `select name from (
		select p.proname::text, pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname in ('app', 'private', 'report') and p.prokind = 'f'
		union all select i.indexrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid) from pg_index i
		union all select a.attrelid::regclass || '.' || a.attname, pg_get_expr(d.adbin, d.adrelid)
			from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
		union all select viewname::text, definition from pg_views where schemaname = 'report') all_of (name, text)
		where text ~ '''replaced''' and text ~ '''expired''' order by name`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"is_ended"}; !slices.Equal(names, want) {
		t.Errorf("the statuses of orders that are over stand in %v, want %v", names, want)
	}
}

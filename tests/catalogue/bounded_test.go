package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/pgtest"
)

// No road leads a number into a table that becomes large when it is written:
// its constraint refuses it in each jsonb and numeric column, whoever writes it,
// wherever in the JSON it stands.
func TestNumbersCannotGrow(t *testing.T) {
	admin := pgtest.New(t).Conn(t, "admin")
	requireSuperuser(t, admin)                              // row level security holds the others
	run(t, admin, "set session_replication_role = replica") // the triggers have guards of their own
	for _, statement := range filled {
		run(t, admin, statement)
	}
	rows, err := admin.Query(t.Context(), `select c.oid::regclass::text, quote_ident(a.attname), a.atttypid::regtype::text
		from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where n.nspname in ('auth', 'app', 'private') and c.relkind in ('r', 'p') and not c.relispartition
		and a.attgenerated = '' and a.atttypid in ('jsonb'::regtype, 'numeric'::regtype) order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	type column struct{ Table, Name, Type string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil {
		t.Fatal(err)
	}
	if len(columns) < 50 {
		t.Errorf("only %d columns", len(columns))
	}
	refused := map[string][]string{
		"numeric": {"1e400", "-1e400", "1e131071", "0e-1201", "1e-16000", "0e-16383", "NaN", "Infinity", "-Infinity"},
		"jsonb":   {"{%s}", `{"a": [1, {"b": [[%s]]}]}`, strings.Repeat(`{"a":[`, 40) + "%s" + strings.Repeat("]}", 40)},
	}
	var wide []string
	for _, shape := range refused["jsonb"] {
		for _, number := range []string{"1e400", "-1e131071", "0e-401", "-1e-16000", "0e-16383"} {
			value := number
			if strings.HasPrefix(shape, "{%s") {
				value = `"n": ` + number
			}
			wide = append(wide, fmt.Sprintf(shape, value))
		}
	}
	refused["jsonb"] = wide
	// Many numbers that are not long may be too long together: twenty megabytes.
	many := `{"n": [` + strings.Repeat("1e399,", 50_000) + "1]}"
	for _, c := range columns {
		for i, value := range append(refused[c.Type], many) {
			if i == len(refused[c.Type]) && c.Type == "numeric" {
				continue
			}
			_, err := admin.Exec(t.Context(), fmt.Sprintf("update %s set %s = $1::text::%s", c.Table, c.Name, c.Type), value)
			var pg *pgconn.PgError
			overflows := errors.As(err, &pg) && pg.Code == "22003" // what is computed from it does
			if pg == nil || !overflows && (pg.Code != "23514" || !strings.HasSuffix(pg.ConstraintName, "_bounded")) {
				t.Errorf("%s.%s takes %.60s: %v", c.Table, c.Name, value, err)
			}
		}
	}
}

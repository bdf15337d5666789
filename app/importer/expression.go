package importer

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// quote returns a name as SQL has it.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// mapped is a column that an import fills, with the expressions of the source by
// which it does.
type mapped struct {
	column
	value     string // its value as text, as Postgres is to read it
	canonical string // the same in one spelling, by which both sides are compared
}

// mapColumns returns the columns that a table's rows have, in the order of t. It
// leaves out those that nothing fills.
func (t table) mapColumns(tm *TableMapping) (all []mapped) {
	given := map[string]string{"key": fmt.Sprintf("(t.%s)::text", quote(tm.Key))}
	for _, c := range t.columns {
		given[c.name] = "null::text"
		if from := tm.Columns[c.name]; from != "" {
			given[c.name] = c.kind.value(from)
		}
	}
	// Alpaca's positions are negative when short. Others tell the side apart.
	if t.name == "alpaca_positions" && tm.Columns["side"] != "" {
		given["qty"] = fmt.Sprintf("case when %s = 'short' then '-' || ltrim(%s, '-+') else %s end", given["side"], given["qty"], given["qty"])
	}
	for _, c := range t.columns {
		value := given[c.name]
		if c.fallback != "" {
			other := c.fallback
			for name, expression := range given {
				other = strings.ReplaceAll(other, "{"+name+"}", expression)
			}
			value = fmt.Sprintf("coalesce(%s, %s)", value, other)
		} else if tm.Columns[c.name] == "" {
			continue
		}
		all = append(all, mapped{c, value, c.kind.canonical("c." + quote(c.name))})
	}
	return all
}

// value returns the SQL expression for a column's value as text: from is a column
// of the source, or "=" and an expression.
func (k kind) value(from string) string {
	x := "(t." + quote(from) + ")::text"
	if expression, ok := strings.CutPrefix(from, "="); ok {
		x = "(" + expression + ")::text"
	}
	trimmed := "nullif(btrim(" + x + "), '')"
	lower := "lower(" + trimmed + ")"
	switch k {
	case text, document:
		return "nullif(" + x + ", '')"
	case symbol:
		return "upper(" + trimmed + ")"
	case word:
		return lower
	case status:
		return "case " + lower + " when 'cancelled' then 'canceled' else " + lower + " end"
	case level:
		return "case " + lower + ` when 'warning' then 'warn' when 'information' then 'info' when 'log' then 'info' when 'notice' then 'info'
			when 'trace' then 'debug' when 'verbose' then 'debug' when 'err' then 'error' when 'fatal' then 'error' when 'critical' then 'error'
			else ` + lower + " end"
	case size:
		return "case when " + trimmed + ` !~ '^[-+]?0*[.]?0*$' then ` + trimmed + " end"
	}
	return trimmed
}

// canonical returns the SQL expression for one spelling of a value.
// private.import_checksum spells what was written in the same way.
func (k kind) canonical(x string) string {
	switch k {
	case number, size:
		return "trim_scale(" + x + "::numeric)::text"
	case moment:
		return "to_char(" + x + `::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`
	case id:
		return x + "::uuid::text"
	case flag:
		return x + "::boolean::text"
	case document:
		return x + "::jsonb::text"
	case symbol:
		return "replace(" + x + ", '/', '')"
	}
	return x
}

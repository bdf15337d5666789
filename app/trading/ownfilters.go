package trading

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"paddock/app/broker"
)

// ownConditions returns the conditions of a list that has filters of our own, and the
// parameters with theirs.
//
// The filter that likely passes the fewest orders comes as a condition by itself, for which
// there is an index in the order of lists. The others are one CASE, which the planner
// expects half of the rows to pass: of separate conditions it would expect, without
// statistics, that next to no row passes, and would read and sort a whole account for one
// page. What is open is few already.
func (l *OrderList) ownConditions(args []any) (string, []any) {
	var all []string
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprint("$", len(args)), 1)
		}
		all = append(all, condition)
	}
	if l.Tag != "" {
		add("tag = ?", l.Tag)
	}
	if l.Agent != "" {
		add("orchestrator_agent_id = ?", l.Agent)
	}
	if l.Token != uuid.Nil {
		add("token_path is not null and token_id = ?", l.Token) // by the index of those that have one
	}
	if l.Sleeve != nil && *l.Sleeve != uuid.Nil {
		add("sleeve_id = ?", *l.Sleeve)
	}
	if len(l.Symbols) == 1 && !l.Nested { // app.orders_matching compares them all; this one has an index
		if name := broker.Symbol(l.Symbols[0]); name == l.Symbols[0] {
			add(`symbol collate "C" = ?`, name)
		} else {
			add(`symbol collate "C" in (?, ?)`, name, l.Symbols[0])
		}
	}
	if l.Status == "refused" {
		add("status = 'rejected'")
	}
	if l.TimeInForce != "" {
		add("time_in_force = ?", l.TimeInForce)
	}
	if l.Type != "" {
		add("type = ?", l.Type)
	}
	if l.Status == "filled" {
		add("filled_qty > 0")
	}
	if l.Sleeve != nil && *l.Sleeve == uuid.Nil {
		add("sleeve_id is null") // as most are
	}

	var sql strings.Builder
	if l.CreatedSince != nil {
		args = append(args, *l.CreatedSince)
		fmt.Fprintf(&sql, " and created_at >= $%d", len(args))
	}
	if l.CreatedUntil != nil {
		args = append(args, *l.CreatedUntil)
		fmt.Fprintf(&sql, " and created_at < $%d", len(args))
	}
	if len(all) > 0 && l.Status != "open" {
		sql.WriteString(" and " + all[0])
		all = all[1:]
	}
	if len(all) > 0 {
		sql.WriteString(" and case")
		for _, condition := range all {
			sql.WriteString(" when (" + condition + ") is not true then false")
		}
		sql.WriteString(" else true end")
	}
	return sql.String(), args
}

// beginningWith returns the orders among from whose client_order_id or symbol begins with the
// text. They are found before anything is sorted (offset 0): the planner would else go
// through the account from its newest order on, where it expects to meet some soon.
//
// Names are compared as bytes, as their indexes are sorted: what begins with a text stands
// together there. Of one statement with an or the planner expects less from both indexes.
func (l *OrderList) beginningWith(from string, args []any) (string, []any) {
	const end = "\U0010FFFF" // comes after any other character
	symbol := broker.Symbol(l.Text)
	n := len(args)
	return fmt.Sprintf(`(select * from %s and id = any (array(
			select t.id from app.alpaca_orders t where t.account_id = $1 and t.client_order_id collate "C" >= $%d and t.client_order_id collate "C" < $%d
			union all
			select t.id from app.alpaca_orders t where t.account_id = $1 and t.symbol collate "C" >= $%d and t.symbol collate "C" < $%d)) offset 0) o where true`,
		from, n+1, n+2, n+3, n+4), append(args, l.Text, l.Text+end, symbol, symbol+end)
}

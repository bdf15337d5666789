package reporting_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// planNode is a node of EXPLAIN's plan.
type planNode struct {
	Type      string     `json:"Node Type"`
	Relation  string     `json:"Relation Name"`
	IndexCond string     `json:"Index Cond"`
	Rows      float64    `json:"Actual Rows"`
	Loops     float64    `json:"Actual Loops"`
	Removed   float64    `json:"Rows Removed by Filter"`
	Plans     []planNode `json:"Plans"`
}

// each calls f for the node and all below it.
func (n planNode) each(f func(planNode)) {
	f(n)
	for _, below := range n.Plans {
		below.each(f)
	}
}

// The usual questions read no row of other accounts: in a database that is full of
// them, each table is read through an index that begins with the account. Those
// about a span of time that name their account read that span alone.
func TestUsualQuestionsReadOwnRowsAlone(t *testing.T) {
	w := newWorld(t)
	account := w.accounts[0]
	const others, each = 60, 600
	admin := w.db.Conn(t, "admin")
	run(t, admin, "set session_replication_role = replica")
	run(t, admin, "insert into app.user_accounts (user_id, name, environment) select 'ann', 'more ' || i, 'paper' from generate_series(1, $1::int) i", others)
	for _, fill := range []string{
		`alpaca_orders (account_id, client_order_id, symbol, side, qty, status, orchestrator_agent_id, created_at) select a.id, 'o' || i, 'AAPL', 'buy', 1, 'filled', 'a', t`,
		`fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source, orchestrator_agent_id)
			select a.id, 'f' || i, a.id, a.id, 'S' || i % 20, 'us_equity', 1, 'buy', 1, 100, t, 'stream', 'a'`,
		`journal_adjustments (account_id, activity_id, kind, at, day, net_amount) select a.id, 'j' || i, 'FEE', t, t::date, -1`,
		`trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id, closed_at,
			entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
			select a.id, gen_random_uuid(), 'account', '', 'S' || i % 20, 'us_equity', 1, 'long', t, 'f' || i, 1, t, 'f' || i, t, 1, 100, 1, 101, 0, 1, 0, 2`,
		`balance_history (account_id, hour, equity, last_equity, as_of) select a.id, date_trunc('hour', t, 'UTC'), 1, 1, t`,
		`agent_logs (account_id, orchestrator_agent_id, level, message, at) select a.id, 'a', 'info', 'x', t`,
		`alpaca_positions (account_id, symbol, qty, market_value, as_of) select a.id, 'S' || i, 1, 1, t`,
		`event_heads (account_id, last_seq) select a.id, 0`,
		`account_events (account_id, seq, kind, at, data) select a.id, 100000 + i, 'order', now() - i * interval '1 second', '{}'`,
	} {
		run(t, admin, "insert into app."+fill+" from app.user_accounts a, generate_series(1, $1::int) i, lateral (select now() - i * interval '2 hours' as t) w on conflict do nothing", each)
	}
	// Of a month of which there is little, which the first is of a month that has just begun, all would be read, and rightly.
	run(t, admin, `insert into app.agent_logs (account_id, orchestrator_agent_id, level, message, at)
		select a.id, 'a', 'info', 'x', least(now(), (date_trunc('month', now() at time zone 'UTC') - n * interval '1 month' + interval '10 days') at time zone 'UTC')
		from app.user_accounts a, generate_series(0, 3) n, generate_series(1, 100) where a.name like 'more %'`)
	run(t, admin, "reset session_replication_role")
	run(t, admin, "analyze")
	name, password := w.create(t, account)
	report := w.login(t, name, password)
	run(t, report, "set jit = off")
	own := "account_id = '" + account.String() + "'"
	for _, tt := range []struct {
		sql  string
		most float64 // rows that a table may be read for
	}{
		{"select * from orders order by created_at desc limit 50", each + 10},
		{"select * from orders where " + own + " order by created_at desc limit 50", each + 10},
		{"select * from orders where " + own + " and created_at between now() - interval '3 days' and now() - interval '2 days'", 14},
		{"select * from fills where " + own + " and at >= now() - interval '1 day'", 14},
		{"select symbol, sum(qty * price) from fills where at >= now() - interval '1 day' group by 1", 14},
		{"select * from trading_positions where scope = 'account' and " + own + " and closed_at >= now() - interval '2 days'", 30},
		{"select * from trading_positions where scope = 'account' and closed_at is null", each + 10},
		{"select * from adjustments where " + own + " and at >= now() - interval '1 day'", 14},
		{"select * from cash_flows where at >= now() - interval '1 day'", 14},
		{"select * from equity_curve where " + own + " and hour >= now() - interval '1 day' order by hour", 14},
		{"select * from equity_curve where hour >= now() - interval '1 day' order by hour", 14},
		{"select * from agent_logs where " + own + " and at >= now() - interval '1 day' order by at desc limit 10", 14},
		{"select * from daily_profit_and_loss where scope = 'account' and trading_day >= current_date - 7", each + 10},
		{"select * from position_history where symbol = 'S1'", each + 10},
		{"select * from position_history where trading_day <= current_date and coalesce(until_day, 'infinity') >= current_date", each + 10},
		{"select * from agent_activity where trading_day >= current_date - 7", each + 10},
		{"select * from exposure_by_symbol", each + 10},
		{"select * from positions where " + own, each + 10},
		{"select * from events where " + own + " and at >= now() - interval '1 hour' order by seq desc limit 20", each + 10},
		{"select * from accounts", 10},
		{"select * from journal_gaps", 10},
	} {
		var text []byte
		if err := report.QueryRow(t.Context(), "explain (analyze, format json, timing off) "+tt.sql).Scan(&text); err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		var plans []struct{ Plan planNode }
		if err := json.Unmarshal(text, &plans); err != nil {
			t.Fatal(err)
		}
		reads := 0
		plans[0].Plan.each(func(n planNode) {
			if n.Relation == "" || strings.HasPrefix(n.Relation, "pg_") || n.Relation == "report_grants" {
				return
			}
			reads++
			read := (n.Rows + n.Removed) * max(n.Loops, 1)
			switch {
			case n.Relation == "journal_gaps" || n.Relation == "user_accounts": // of few rows
			case n.Type == "Seq Scan" && read > 0:
				t.Errorf("%s: all of %s is read", tt.sql, n.Relation)
			case read > tt.most:
				t.Errorf("%s: %v rows of %s are read, at most %v are needed (%s)", tt.sql, read, n.Relation, tt.most, fmt.Sprint(n.Type, n.IndexCond))
			}
		})
		if reads == 0 {
			t.Errorf("%s: the plan reads no table: %s", tt.sql, text)
		}
	}
}

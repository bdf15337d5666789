package journal

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// The round trips that count: those of a scope that were closed within the period.
// $1 is the account, $2 and $3 the period, $4 the scope, $5 the symbol and $6 the value of
// the scope, each of the last two empty for any. A profit that is not known, because the journal
// and the broker hold different quantities, is in no sum.
const (
	tripsSQL = `trips as materialized (
		select t.id, t.symbol, t.direction, t.scope_value, t.opened_at, t.closed_at, t.realized_pl, t.fees, t.realized_pl - t.fees as net, t.entry_notional * t.multiplier as cost, gap.symbol is null as complete
		from app.trading_positions t
		left join app.journal_gaps gap on gap.account_id = t.account_id and gap.symbol = t.symbol and t.closed_at >= gap.trips_since
		where t.account_id = $1 and t.closed_at >= $2 and t.closed_at < $3 and t.scope = $4
			and case when $5 = '' then true else app.position_symbol(t.symbol) = $5 end and case when $6 = '' then true else t.scope_value = $6 end
	)`

	// The columns that every set of round trips has. A sum is exact; what is divided
	// is rounded to nine decimals, and is divided with more.
	countsSQL = `count(*) filter (where complete) as trips, count(*) filter (where complete and net > 0) as wins, count(*) filter (where complete and net < 0) as losses,
		count(*) filter (where not complete) as incomplete,
		coalesce(sum(realized_pl) filter (where complete), 0) as realized, coalesce(sum(t.fees) filter (where complete), 0) as fees,
		coalesce(sum(net) filter (where complete), 0) as net,
		coalesce(sum(net) filter (where complete and net > 0), 0) as won, coalesce(-sum(net) filter (where complete and net < 0), 0) as lost`
	countsJSONSQL = `'trips', trips, 'wins', wins, 'losses', losses, 'incomplete', incomplete,
		'win_rate', trim_scale(round(wins * 1.000000000000000000000 / nullif(trips, 0), 9))::text,
		'realized_pl', trim_scale(realized)::text, 'fees', trim_scale(fees)::text, 'net_pl', trim_scale(net)::text`

	// A run of losses is of those that closed one after the other: within one, the
	// place among all less the place among the losses stays the same.
	figuresSQL = `with ` + tripsSQL + `, places as (
		select net < 0 as is_loss, row_number() over (order by closed_at, opened_at, id)
			- row_number() over (partition by net < 0 order by closed_at, opened_at, id) as run
		from trips where complete
	)
	select json_build_object(` + countsJSONSQL + `,
		'profit', trim_scale(won)::text, 'loss', trim_scale(lost)::text,
		'profit_factor', trim_scale(round(won * 1.000000000000000000000 / nullif(lost, 0), 9))::text,
		'average_win', trim_scale(round(won * 1.000000000000000000000 / nullif(wins, 0), 9))::text,
		'average_loss', trim_scale(round(lost * 1.000000000000000000000 / nullif(losses, 0), 9))::text,
		'expectancy', trim_scale(round(net * 1.000000000000000000000 / nullif(trips, 0), 9))::text,
		'longest_losing_run', (select coalesce(max(n), 0) from (select count(*) as n from places where is_loss group by run) runs),
		'best', (select ` + tripJSONSQL + ` from trips where complete order by net desc, closed_at, opened_at, id limit 1),
		'worst', (select ` + tripJSONSQL + ` from trips where complete order by net, closed_at, opened_at, id limit 1))::text
	from (select ` + countsSQL + ` from trips t) figures`
	tripJSONSQL = `json_build_object('id', id, 'symbol', symbol, 'direction', direction, 'opened_at', ` + openedAtSQL + `, 'closed_at', ` + closedAtSQL + `, 'net_pl', trim_scale(net)::text, 'cost', trim_scale(cost)::text)`
	openedAtSQL = `to_char(opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
	closedAtSQL = `to_char(closed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

	// Groups are told with those that came to most, either way; of months all.
	groupsBySQL = `
	select coalesce(json_agg(json_build_object('key', key, ` + countsJSONSQL + `) order by net desc, key), '[]')::text
	from (select `
	groupsSQL   = ` as key, ` + countsSQL + ` from trips t group by 1 order by abs(coalesce(sum(net) filter (where complete), 0)) desc, 1 limit 500) groups`
	bySymbolSQL = `with ` + tripsSQL + groupsBySQL + `symbol` + groupsSQL
	byValueSQL  = `with ` + tripsSQL + groupsBySQL + `scope_value` + groupsSQL // agents and the like are scopes, with round trips of their own
	byMonthSQL  = `with ` + tripsSQL + `
	select coalesce(json_agg(json_build_object('key', to_char(month, 'YYYY-MM'),
		'from', to_char(month at time zone 'America/New_York' at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'to', to_char((month + interval '1 month') at time zone 'America/New_York' at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ` + countsJSONSQL + `) order by month), '[]')::text
	from (select date_trunc('month', closed_at at time zone 'America/New_York') as month, ` + countsSQL + ` from trips t group by 1) groups`

	// What is open has no result yet: this is told beside the figures, as it is now.
	openFiguresSQL = `select json_build_object('trips', count(*), 'realized_pl', trim_scale(coalesce(sum(t.realized_pl) filter (where gap.symbol is null), 0))::text,
			'fees', trim_scale(coalesce(sum(t.fees) filter (where gap.symbol is null), 0))::text, 'incomplete', count(gap.symbol))::text
		from app.trading_positions t
		left join app.journal_gaps gap on gap.account_id = t.account_id and gap.symbol = t.symbol
		where t.account_id = $1 and t.closed_at is null and t.scope = $2
			and case when $3 = '' then true else app.position_symbol(t.symbol) = $3 end and case when $4 = '' then true else t.scope_value = $4 end`

	// Fees of which the broker does not say what they were for are in no round trip.
	otherFeesSQL = `select trim_scale(coalesce(-sum(net_amount), 0))::text from app.journal_adjustments
		where account_id = $1 and symbol is null and at >= $2 and at < $3 and kind in ('FEE', 'CFEE') and not canceled`
)

// GroupKinds are what results can be grouped by.
var GroupKinds = []string{"month", "symbol", "agent", "tag", "sleeve", "user", "token"}

// ResultsFilter selects the round trips of which results are told: Filter without its
// status, which is closed.
type ResultsFilter struct {
	Filter
	GroupBy []string // some of GroupKinds
}

// Results returns the figures of the round trips that were closed within a period, as
// JSON: what they came to, how many won, and the same by groups. It takes one round
// trip to the database, which reads what was closed within the period and what is open.
// It ends with invalid_scope or invalid_query.
func (j *Journal) Results(ctx context.Context, a tenant.Admission, f ResultsFilter) ([]byte, error) {
	if _, err := f.scope(); err != nil {
		return nil, err
	}
	if f.Scope == "" {
		f.Scope = "account"
	}
	for i, kind := range f.GroupBy {
		if !slices.Contains(GroupKinds, kind) || slices.Contains(f.GroupBy[:i], kind) {
			return nil, problem.New(problem.InvalidQuery, `Set "group_by" to some of %s, each once, between commas.`, strings.Join(GroupKinds, ", "))
		}
		if _, isScope := scopeSQL[kind]; isScope && f.Scope != "account" && f.Scope != kind {
			return nil, problem.New(problem.InvalidQuery, `Round trips of the scope %s are not told by %s: group them by month, symbol or %s.`, f.Scope, kind, f.Scope)
		}
	}
	symbol := broker.PositionSymbol(f.Symbol)
	of := func(scope string) []any {
		return []any{a.Account, f.Period.begin(), f.Period.end(), scope, symbol, f.ScopeValue}
	}
	parts := make([]string, 3+len(f.GroupBy))
	err := j.db.Read(ctx, a, func(b *tenant.Batch) {
		queue := func(part int, sql string, args ...any) {
			b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&parts[part]) })
		}
		queue(0, figuresSQL, of(f.Scope)...)
		queue(1, openFiguresSQL, a.Account, f.Scope, symbol, f.ScopeValue)
		if parts[2] = "null"; f.tellsOtherFees() {
			queue(2, otherFeesSQL, a.Account, f.Period.begin(), f.Period.end())
		}
		for i, kind := range f.GroupBy {
			switch kind {
			case "month":
				queue(3+i, byMonthSQL, of(f.Scope)...)
			case "symbol":
				queue(3+i, bySymbolSQL, of(f.Scope)...)
			default:
				queue(3+i, byValueSQL, of(kind)...)
			}
		}
	})
	if tenant.Unstorable(err) {
		return nil, problem.New(problem.InvalidQuery, `"symbol" or "scope_value" is no text that there could be.`).Because(err)
	}
	if err != nil {
		return nil, err
	}
	if f.tellsOtherFees() {
		parts[2] = `"` + parts[2] + `"`
	}
	body := `{"figures":` + parts[0] + `,"open":` + parts[1] + `,"other_fees":` + parts[2] + `,"groups":{`
	for i, kind := range f.GroupBy {
		if i > 0 {
			body += ","
		}
		body += `"` + kind + `":` + parts[3+i]
	}
	return []byte(body + "}}"), nil
}

// tellsOtherFees reports whether fees that belong to no round trip are told: they are
// the account's, and of no symbol.
func (f ResultsFilter) tellsOtherFees() bool {
	return f.Scope == "account" && f.Symbol == ""
}

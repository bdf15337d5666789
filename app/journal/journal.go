// Package journal lists an account's executions and round trips: given an
// admission, a filter and a page, it returns the JSON of the response. Postgres
// has computed them when the executions were recorded.
package journal

import (
	"context"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Journal lists what was traded.
type Journal struct{ db *tenant.DB }

// New makes a Journal.
func New(db *tenant.DB) *Journal { return &Journal{db} }

// The journal stores exact sums. Averages are computed when it is read, and
// rounded to nine decimals.
const roundTripColumnsSQL = `id, scope, nullif(scope_value, '') as scope_value, t.symbol, asset_class, direction,
	case when closed_at is null then 'open' else 'closed' end as status, opened_at, closed_at,
	trim_scale(entry_qty - exit_qty)::text as qty, trim_scale(max_qty)::text as max_qty,
	trim_scale(entry_qty)::text as entry_qty, trim_scale(entry_notional)::text as entry_notional,
	trim_scale(round(entry_notional / entry_qty, 9))::text as avg_entry_price,
	trim_scale(exit_qty)::text as exit_qty, trim_scale(exit_notional)::text as exit_notional,
	trim_scale(round(exit_notional / nullif(exit_qty, 0), 9))::text as avg_exit_price,
	trim_scale(held_cost)::text as held_cost, trim_scale(round(held_cost / nullif(entry_qty - exit_qty, 0), 9))::text as avg_held_price,
	trim_scale(multiplier)::text as multiplier,
	case when gap.symbol is null then trim_scale(realized_pl)::text end as realized_pl, trim_scale(fees)::text as fees,
	case when gap.symbol is null then trim_scale(realized_pl - fees)::text end as net_pl, fills, gap.symbol is null as complete,
	'The journal holds ' || trim_scale(gap.journal_qty) || ' of it and Alpaca ' || trim_scale(gap.broker_qty)
		|| ': something is missing, so no profit is shown until they agree.' as incomplete_reason`

const (
	roundTripsSQL = `select ` + roundTripColumnsSQL + ` from app.trading_positions t
		left join app.journal_gaps gap on gap.account_id = t.account_id and gap.symbol = t.symbol and coalesce(t.closed_at, 'infinity') >= gap.trips_since
		where t.account_id = $1 and (opened_at, id) < ($2, $3) and ($4 = '' or app.position_symbol(t.symbol) = $4)`
	newestRoundTripsSQL = ` order by opened_at desc, id desc limit $5`

	accountScopeSQL = ` and scope = 'account'`
	agentScopeSQL   = ` and scope = 'agent' and ($6 = '' or scope_value = $6)`
	tagScopeSQL     = ` and scope = 'tag' and ($6 = '' or scope_value = $6)`
	openSQL         = ` and closed_at is null`
	closedSQL       = ` and closed_at is not null`
)

// There is one statement for each scope and status, because open round trips
// have an index of their own.
var listRoundTripsSQL = map[string]map[string]string{
	"account": {
		"all":    roundTripsSQL + accountScopeSQL + newestRoundTripsSQL,
		"open":   roundTripsSQL + accountScopeSQL + openSQL + newestRoundTripsSQL,
		"closed": roundTripsSQL + accountScopeSQL + closedSQL + newestRoundTripsSQL,
	},
	"agent": {
		"all":    roundTripsSQL + agentScopeSQL + newestRoundTripsSQL,
		"open":   roundTripsSQL + agentScopeSQL + openSQL + newestRoundTripsSQL,
		"closed": roundTripsSQL + agentScopeSQL + closedSQL + newestRoundTripsSQL,
	},
	"tag": {
		"all":    roundTripsSQL + tagScopeSQL + newestRoundTripsSQL,
		"open":   roundTripsSQL + tagScopeSQL + openSQL + newestRoundTripsSQL,
		"closed": roundTripsSQL + tagScopeSQL + closedSQL + newestRoundTripsSQL,
	},
}

// Filter selects round trips. Empty fields do not filter.
type Filter struct {
	Scope      string // account, agent or tag; "" is account
	ScopeValue string // of one agent, or one tag
	Symbol     string
	Status     string // open, closed or all; "" is all
}

// RoundTrips returns {"trading_positions":[…],"next_cursor":…}: round
// trips, those opened last first. It ends with invalid_scope or invalid_status.
func (j *Journal) RoundTrips(ctx context.Context, a tenant.Admission, f Filter, page paging.Page) ([]byte, error) {
	if f.Scope == "" {
		f.Scope = "account"
	}
	if f.Status == "" {
		f.Status = "all"
	}
	statements, ok := listRoundTripsSQL[f.Scope]
	if !ok {
		return nil, problem.New(problem.InvalidScope, `Set "scope" to account, agent or tag.`)
	}
	query, ok := statements[f.Status]
	if !ok {
		return nil, problem.New(problem.InvalidStatus, `Set "status" to open, closed or all.`)
	}
	args := []any{a.Account, page.At, page.ID, broker.PositionSymbol(f.Symbol), page.Limit + 1}
	if f.Scope != "account" {
		args = append(args, f.ScopeValue)
	} else if f.ScopeValue != "" {
		return nil, problem.New(problem.InvalidScope, `"scope_value" names an agent or a tag: set "scope" to agent or tag as well.`)
	}
	return j.page(ctx, a, "trading_positions", "opened_at", page, query, args...)
}

const fillColumnsSQL = `id, execution_id, previous_execution_id, order_id, alpaca_order_id, symbol, asset_class, side, trim_scale(qty)::text as qty,
	trim_scale(price)::text as price, at, state, source, orchestrator_agent_id, tag`

const (
	listFillsSQL = `select ` + fillColumnsSQL + ` from app.fills
		where account_id = $1 and (at, id) < ($2, $3) and qty is not null and ($4 = '' or app.position_symbol(symbol) = $4) order by at desc, id desc limit $5`
	listFillsOfOrderSQL = `select ` + fillColumnsSQL + ` from app.fills
		where account_id = $1 and (at, id) < ($2, $3) and qty is not null and ($4 = '' or app.position_symbol(symbol) = $4) and order_id = $6 order by at desc, id desc limit $5`
)

// Fills returns {"fills":[…],"next_cursor":…}: executions, newest first. Busted
// and corrected ones are included with their state. symbol and order (by our id)
// filter where they are given.
func (j *Journal) Fills(ctx context.Context, a tenant.Admission, symbol string, order uuid.UUID, page paging.Page) ([]byte, error) {
	symbol = broker.PositionSymbol(symbol)
	if order != uuid.Nil {
		return j.page(ctx, a, "fills", "at", page, listFillsOfOrderSQL, a.Account, page.At, page.ID, symbol, page.Limit+1, order)
	}
	return j.page(ctx, a, "fills", "at", page, listFillsSQL, a.Account, page.At, page.ID, symbol, page.Limit+1)
}

// page returns a page of rows under a name, ordered by a column. A filter with
// text that the database cannot hold matches nothing.
func (j *Journal) page(ctx context.Context, a tenant.Admission, name, column string, page paging.Page, query string, args ...any) ([]byte, error) {
	list := page.List(name, column)
	err := j.db.Tx(ctx, a, func(b *tenant.Batch) { b.Queue(query, args...).Query(list.Read) })
	if tenant.Unstorable(err) {
		return list.Empty(), nil
	}
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

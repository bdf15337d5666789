// Package journal lists an account's executions and round trips: given an
// admission, a filter and a page, it returns the JSON of the response. Postgres
// has computed them when the executions were recorded.
package journal

import (
	"context"
	"fmt"

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
		where t.account_id = $1 and (opened_at, id) < ($2, $3) and case when $4 = '' then true else app.position_symbol(t.symbol) = $4 end`

	accountScopeSQL = ` and scope = 'account'`
	agentScopeSQL   = ` and scope = 'agent'`
	tagScopeSQL     = ` and scope = 'tag'`
	sleeveScopeSQL  = ` and scope = 'sleeve'`
	valueSQL        = ` and scope_value = $5`
	openSQL         = ` and closed_at is null`
	closedSQL       = ` and case when closed_at is null then false else true end` // the planner expects half of them, and reads the newest first
)

// The parts of a statement that a filter chooses. Each scope and status has a
// statement of its own, because they have indexes of their own.
var (
	scopeSQL = map[string]string{ // #nosec G101 -- conditions of SQL, and no secrets
		"account": accountScopeSQL, "agent": agentScopeSQL, "tag": tagScopeSQL, "sleeve": sleeveScopeSQL,
		"user": ` and scope = 'user'`, "token": ` and scope = 'token'`,
	}
	statusSQL = map[string]string{"all": "", "open": openSQL, "closed": closedSQL}
)

// Filter selects round trips. Empty fields do not filter.
type Filter struct {
	Scope      string // account, agent, tag, sleeve, user or token; "" is account
	ScopeValue string // of one agent or tag, or one sleeve, user or API token by its id
	Symbol     string
	Status     string // open, closed or all; "" is all
}

// RoundTrips returns {"trading_positions":[…],"next_cursor":…}: round
// trips, those opened last first; nil where the client has them (page.State). It
// ends with invalid_scope or invalid_status.
func (j *Journal) RoundTrips(ctx context.Context, a tenant.Admission, f Filter, page *paging.Page) ([]byte, error) {
	if f.Scope == "" {
		f.Scope = "account"
	}
	if f.Status == "" {
		f.Status = "all"
	}
	scope, ok := scopeSQL[f.Scope]
	if !ok {
		return nil, problem.New(problem.InvalidScope, `Set "scope" to account, agent, tag, sleeve, user or token.`)
	}
	status, ok := statusSQL[f.Status]
	if !ok {
		return nil, problem.New(problem.InvalidStatus, `Set "status" to open, closed or all.`)
	}
	if f.Scope == "account" && f.ScopeValue != "" {
		return nil, problem.New(problem.InvalidScope, `"scope_value" names an agent, a tag, a sleeve, a user or an API token: set "scope" to agent, tag, sleeve, user or token as well.`)
	}
	query, args := roundTripsSQL+scope+status, []any{a.Account, page.At, page.ID, broker.PositionSymbol(f.Symbol)}
	if f.ScopeValue != "" {
		query, args = query+valueSQL, append(args, f.ScopeValue)
	}
	return j.page(ctx, a, "trading_positions", "opened_at", page, query, args)
}

const fillColumnsSQL = `id, execution_id, previous_execution_id, order_id, alpaca_order_id, symbol, asset_class, side, trim_scale(qty)::text as qty,
	trim_scale(price)::text as price, at, state, source, orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id`

const (
	fillsSQL            = `select ` + fillColumnsSQL + ` from app.fills where account_id = $1 and (at, id) < ($2, $3) and qty is not null`
	listFillsOfOrderSQL = fillsSQL + ` and order_id = $4 and case when $5 = '' then true else app.position_symbol(symbol) = $5 end`
	// A pair of coins may be asked for without its slash, which its fills have. For
	// each of the two names the newest are read by the index of symbols.
	listFillsOfSymbolSQL = `select newest.* from (select $5::text as name union select regexp_replace($5, '(USDT|USDC|USD|BTC)$', '/\1')) names
		cross join lateral (select ` + fillColumnsSQL + ` from app.fills where account_id = $1 and symbol = name and at <= $2
			and case when at = $2 then id < $3 else true end and qty is not null order by at desc fetch first $4 rows with ties) newest where true`
)

// Fills returns {"fills":[…],"next_cursor":…}: executions, newest first. Busted
// and corrected ones are included with their state. symbol and order (by our id)
// filter where they are given. It returns nil where the client has them (page.State).
func (j *Journal) Fills(ctx context.Context, a tenant.Admission, symbol string, order uuid.UUID, page *paging.Page) ([]byte, error) {
	symbol = broker.PositionSymbol(symbol)
	query, args := fillsSQL, []any{a.Account, page.At, page.ID}
	switch {
	case order != uuid.Nil:
		query, args = listFillsOfOrderSQL, append(args, order, symbol)
	case symbol != "":
		query, args = listFillsOfSymbolSQL, append(args, page.Limit+1, symbol)
	}
	return j.page(ctx, a, "fills", "at", page, query, args)
}

// page returns a page of rows under a name, ordered by a column. A filter with
// text that the database cannot hold matches nothing.
func (j *Journal) page(ctx context.Context, a tenant.Admission, name, column string, page *paging.Page, query string, args []any) ([]byte, error) {
	list := page.List(name, column)
	changed, args := page.State.Changed(args)
	args = append(args, page.Limit+1)
	order := fmt.Sprintf(" order by %s desc, id desc limit $%d", column, len(args))
	err := j.db.Read(ctx, a, func(b *tenant.Batch) {
		page.State.Queue(b, a)
		b.Queue(query+changed+order, args...).Query(list.Read)
	})
	switch {
	case tenant.Unstorable(err):
		return list.Empty(), nil
	case err != nil:
		return nil, err
	case page.State.Unchanged():
		return nil, nil
	}
	return list.JSON(), nil
}

package trading

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// RefusalParameters are the query parameters of a list of refusals: those of a list of orders
// that can be asked of what was never one.
var RefusalParameters = []string{"limit", "before", "direction", "symbols", "side", "type", "time_in_force", "tag", "orchestrator_agent_id", "sleeve_id", "text",
	"created_since", "created_until"}

// refusalsSQL returns the requests that the account's guards refused. They are in the event log,
// which has an index of them. An id is the event's number. The place in the list, the filters
// and the order come after it.
const refusalsSQL = `select lpad(to_hex(e.seq), 32, '0')::uuid as id, e.at as created_at, e.data->'violations' as violations, e.data->'request' as request,
		e.data->>'submitted_by' as submitted_by
	from app.account_events e where e.account_id = $1 and e.kind = 'guard' and e.data->>'event' = 'refused'`

// refusalAt is the place of a page in the list, as refusalsSQL has ids.
const refusalAt = `($2, case when $3::uuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then 9223372036854775807 else ('x' || right(replace($3::text, '-', ''), 16))::bit(64)::bigint end)`

// Refusals returns {"refusals":[…],"next_cursor":…}: what the account's guards refused, and so
// became no order, as long as the event log is kept. Of the filters of a list of orders those
// hold that are about a request.
func (s *Service) Refusals(ctx context.Context, a tenant.Admission, l *OrderList) ([]byte, error) {
	list := l.Page.List("refusals", "created_at")
	sql, args := l.amongRefusals(a.Account)
	if err := s.db.Read(ctx, a, func(b *tenant.Batch) { b.Queue(sql, args...).Query(list.Read) }); err != nil {
		return nil, unstorableFilter(err)
	}
	return list.JSON(), nil
}

// amongRefusals returns the query of a page.
func (l *OrderList) amongRefusals(account uuid.UUID) (string, []any) {
	args := []any{account, l.Page.At, l.Page.ID, l.Page.Limit + 1}
	var where strings.Builder
	add := func(condition string, value any) {
		args = append(args, value)
		fmt.Fprintf(&where, " and "+condition, len(args))
	}
	text := func(name, value string) {
		if value != "" {
			add("e.data->'request'->>'"+name+"' = $%d", value)
		}
	}
	text("side", l.Side)
	text("type", l.Type)
	text("time_in_force", l.TimeInForce)
	text("tag", l.Tag)
	text("orchestrator_agent_id", l.Agent)
	if l.Symbols != nil {
		add("app.position_symbol(e.data->'request'->>'symbol') = any ($%d)", l.Symbols)
	}
	if l.Sleeve != nil {
		if *l.Sleeve == uuid.Nil {
			where.WriteString(" and coalesce(e.data->'request'->>'sleeve_id', '') = ''")
		} else {
			text("sleeve_id", l.Sleeve.String())
		}
	}
	if l.Text != "" {
		add("(starts_with(e.data->'request'->>'client_order_id', $%[1]d) or starts_with(app.order_symbol(e.data->'request'->>'symbol'), app.order_symbol($%[1]d)))", l.Text)
	}
	if l.CreatedSince != nil {
		add("e.at >= $%d", *l.CreatedSince)
	}
	if l.CreatedUntil != nil {
		add("e.at < $%d", *l.CreatedUntil)
	}
	comes, sorted := "<", "desc"
	if l.Ascending {
		comes, sorted = ">", "asc"
	}
	return fmt.Sprintf("%s and (e.at, e.seq) %s %s%s order by e.at %[5]s, e.seq %[5]s limit $4", refusalsSQL, comes, refusalAt, where.String(), sorted), args
}

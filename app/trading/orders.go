package trading

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/paging"
	"paddock/app/tenant"
)

// Orders returns {"orders":[…],"next_cursor":…,"as_of":…,"source":…}: from the
// mirror, in one round trip to Postgres, or from the broker where the mirror is
// behind. as_of is when the mirror last agreed with the broker, or when the
// broker was asked; next_cursor is null on the last page. Where the broker
// cannot be asked the mirror's list is returned, with its as_of. Later pages
// come from the source of the first. A list by sleeve is the mirror's, since the broker
// knows none. Where the client has the state of the mirror
// (l.Page.State) it returns nil.
func (s *Service) Orders(ctx context.Context, a tenant.Admission, l *OrderList) ([]byte, error) {
	if l.AtBroker {
		body, err := s.brokerList(ctx, a, *l)
		return body, unstorableFilter(err)
	}
	var mirror freshness
	page := newOrdersPage()
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		mirror, l.anchor = freshness{}, nil
		l.Page.State.Forget()
		page.begin()
		mirror.queue(b, a, s.MirrorMaxAge, &l.Page.State)
		l.queueAnchor(b, a.Account)
		sql, args := l.inMirror(a.Account)
		b.Queue(sql, args...).Query(func(rows pgx.Rows) error { return page.append(rows, l.Page) })
	})
	if err != nil {
		return nil, unstorableFilter(err)
	}
	if !mirror.fresh && !l.Continued && l.Sleeve == nil {
		body, err := s.tryBrokerList(ctx, a, *l)
		switch {
		case err == nil:
			l.Page.State.Forget()
			return body, nil
		case l.anchorID() != uuid.Nil && l.anchor == nil && !broker.IsKind(err, broker.NotFound):
			return nil, err // the mirror does not have the order yet, and nobody can say whether there is one
		}
	}
	if l.anchorID() != uuid.Nil && l.anchor == nil {
		return nil, orderNotFound()
	}
	if l.Page.State.Unchanged() {
		return nil, nil
	}
	return page.end(mirror.agreedAt, "mirror"), nil
}

// unstorableFilter returns a problem for a filter that Postgres cannot even
// compare.
func unstorableFilter(err error) error {
	if tenant.Unstorable(err) {
		return invalidQuery("symbols", "symbols between commas, such as AAPL,BTC/USD")
	}
	return err
}

// freshness is when the mirror of an account last agreed with the broker, and
// whether it can be relied on.
type freshness struct {
	agreedAt *time.Time
	fresh    bool
}

// queue reads it, and the account's state with it.
func (f *freshness) queue(b *tenant.Batch, a tenant.Admission, maxAge time.Duration, state *paging.State) {
	b.Queue("select agreed_at, app.is_fresh(agreed_at, unbroken_since, $2), "+paging.StateSQL+" from app.stream_cursors where account_id = $1", a.Account, maxAge).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&f.agreedAt, &f.fresh, state}, func() error { return nil })
			return err
		})
}

// ordersPage is the response of a list while it is written.
type ordersPage struct {
	body []byte
	next string
}

func newOrdersPage() *ordersPage {
	p := &ordersPage{body: paging.Scratch()}
	p.begin()
	return p
}

// begin begins the response anew.
func (p *ordersPage) begin() { p.body, p.next = append(p.body[:0], `{"orders":`...), "" }

func (p *ordersPage) append(rows pgx.Rows, page paging.Page) (err error) {
	p.body, p.next, err = page.AppendRows(p.body, rows)
	return err
}

// end returns the response, and ends the use of the page.
func (p *ordersPage) end(asOf *time.Time, source string) []byte {
	body := append(append(p.body, `,"next_cursor":`...), p.next...)
	body = append(body, `,"as_of":`...)
	if asOf == nil {
		body = append(body, "null"...)
	} else {
		body = paging.AppendTime(body, *asOf)
	}
	return paging.Keep(append(append(append(body, `,"source":"`...), source...), `"}`...))
}

// The parameters of every list: $1 the account, $2 and $3 the position at which
// the page begins, $4 its size and one more, $5 to $9 the filters, $10 the
// status in the functions' terms, $11 the broker's own list and $12 whether it
// goes on.
//
// The broker's orders stay in its order, in which it makes pages. Our intents
// that it does not know are put among them by time; where the broker's list
// goes on, those that belong after it come on a later page.
const (
	allOrdersSQL      = `select ` + orderColumnsSQL + ` from app.alpaca_orders where account_id = $1`
	matchingOrdersSQL = `select ` + orderColumnsSQL + ` from app.orders_matching($1, $5, $6, $7, $8, $9) where true`
	nestedOrdersSQL   = `select ` + orderColumnsSQL + `, app.order_legs_json($1, alpaca_order_id) as legs
		from app.top_level_orders_matching($1, $5, $6, $7, $8, $9, $10) where true`
	brokerRowsSQL = `(
			select b.*, case when $13 then max(b.created_at) over (order by e.n) else min(b.created_at) over (order by e.n) end as place, e.n
			from jsonb_array_elements($11::jsonb) with ordinality e(o, n) cross join lateral app.orders_from_broker_json($1, jsonb_build_array(e.o)) b
			union all
			select o.*, o.created_at, 0 from app.orders_matching($1, $5, $6, $7, $8, $9) o
			where o.alpaca_order_id is null and ($10::boolean is null or o.is_open = $10)
				and not exists (select from jsonb_array_elements($11::jsonb) b where b->>'client_order_id' = o.client_order_id)
				and case when $13 then (o.created_at, o.id) > ($2, $3) else (o.created_at, o.id) < ($2, $3) end
		) t`
	brokerListSQL       = `select ` + orderColumnsSQL + ` from (select t.*, ` + brokerLastSQL + ` as last from ` + brokerRowsSQL + `) o where ` + brokerPageSQL
	nestedBrokerListSQL = `select ` + orderColumnsSQL + `, (select jsonb_agg(app.order_json(c) order by c.created_at, c.id) from app.orders_from_broker_json($1,
			case when jsonb_typeof(o.broker_order->'legs') = 'array' then o.broker_order->'legs' else '[]' end, o.alpaca_order_id) c) as legs
		from (select t.*, ` + brokerLastSQL + ` as last from ` + brokerRowsSQL + `) o where ` + brokerPageSQL
	// The end of the broker's page.
	brokerLastSQL = `case when $13 then max(t.place) filter (where t.n > 0) over () else min(t.place) filter (where t.n > 0) over () end`
	brokerPageSQL = `(o.n > 0 or not $12 or case when $13 then o.place < o.last else o.place > o.last end)
		order by case when $13 then o.place end, case when not $13 then o.place end desc, o.n,
			case when $13 then o.id end, case when not $13 then o.id end desc limit $4`
	newestFirstSQL = ` and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4`
	oldestFirstSQL = ` and (created_at, id) > ($2, $3) order by created_at, id limit $4`
)

// statusSQL has a condition for each status, which has an index or needs none.
var statusSQL = map[string]string{"all": "", "open": " and is_open", "closed": " and not is_open"}

// inMirror returns the query of a page from the mirror. It is put together from
// fixed parts by what is asked for, so that each kind of list has a plan of its
// own. Most lists have no filters, and their query has none either.
func (l OrderList) inMirror(account uuid.UUID) (sql string, args []any) {
	args = l.parameters(account)
	switch {
	case l.Nested:
		sql = nestedOrdersSQL
	case l.filtered():
		sql, args = matchingOrdersSQL+statusSQL[l.Status], args[:9]
	default:
		sql, args = allOrdersSQL+statusSQL[l.Status], args[:4]
	}
	if id := l.anchorID(); id != uuid.Nil {
		args = append(args, id)
		sql += l.side(fmt.Sprintf("(select p.created_at, p.id from app.order_sort_key($1, $%d) p)", len(args)))
	}
	switch {
	case l.Sleeve == nil:
	case *l.Sleeve == uuid.Nil:
		sql += " and sleeve_id is null"
	default:
		args = append(args, *l.Sleeve)
		sql += fmt.Sprintf(" and sleeve_id = $%d", len(args))
	}
	changed, args := l.Page.State.Changed(args)
	return sql + changed + l.order(), args
}

// queueAnchor reads the position of the anchor in the list.
func (l *OrderList) queueAnchor(b *tenant.Batch, account uuid.UUID) {
	if l.anchorID() == uuid.Nil {
		return
	}
	b.Queue("select created_at, id, submitted_at, alpaca_order_id from app.order_sort_key($1, $2)", account, l.anchorID()).Query(func(rows pgx.Rows) error {
		var p sortKey
		_, err := pgx.ForEachRow(rows, []any{&p.at, &p.id, &p.submitted, &p.atBroker}, func() error { l.anchor = &p; return nil })
		return err
	})
}

// side returns the condition that an order is before, or after, a position,
// whichever is asked for.
func (l OrderList) side(of string) string {
	if l.BeforeOrder != uuid.Nil {
		return " and (created_at, id) < " + of
	}
	return " and (created_at, id) > " + of
}

// atBroker returns the query of a page from the broker's own list; more says
// whether that goes on.
func (l OrderList) atBroker(account uuid.UUID, orders json.RawMessage, more bool) (sql string, args []any) {
	args = append(l.parameters(account), []byte(orders), more, l.Ascending)
	if l.Nested {
		return nestedBrokerListSQL, args
	}
	return brokerListSQL, args
}

func (l OrderList) filtered() bool {
	return l.After != nil || l.Until != nil || l.Symbols != nil || l.Side != "" || l.Classes != nil
}

func (l OrderList) order() string {
	if l.Ascending {
		return oldestFirstSQL
	}
	return newestFirstSQL
}

func (l OrderList) parameters(account uuid.UUID) []any {
	var side *string
	if l.Side != "" {
		side = &l.Side
	}
	var open *bool // any
	if l.Status != "all" {
		is := l.Status == "open"
		open = &is
	}
	return []any{account, l.Page.At, l.Page.ID, l.Page.Limit + 1, l.After, l.Until, listOrNil(l.Symbols), side, listOrNil(l.Classes), open}
}

// listOrNil returns nil for an empty list, which filters nothing.
func listOrNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

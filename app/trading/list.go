package trading

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// Orders answers {"orders":[…],"next_cursor":…,"as_of":…,"source":…}: from the
// mirror, in one round trip, and where that is behind from the broker. as_of is
// when the mirror last agreed with the broker, or when the broker was asked;
// next_cursor is null on the last page. A broker that cannot be asked leaves
// the mirror's answer, which says how old it is.
func (s *Service) Orders(ctx context.Context, a tenant.Admission, l OrderList) ([]byte, error) {
	var mirror freshness
	page := newOrdersPage(l.Page.Limit)
	err := s.db.Do(ctx, a, func(b *tenant.Batch) {
		mirror.queue(b, a, s.MirrorMaxAge)
		sql, args := l.inMirror(a.Account)
		b.Queue(sql, args...).Query(func(rows pgx.Rows) error { return page.append(rows, l.Page) })
	})
	if err != nil {
		return nil, unstorableFilter(err)
	}
	if !mirror.fresh {
		if body := s.brokerOrders(ctx, a, l); body != nil {
			return body, nil
		}
	}
	return page.end(mirror.agreedAt, "mirror"), nil
}

// unstorableFilter names a filter that Postgres cannot even compare.
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

func (f *freshness) queue(b *tenant.Batch, a tenant.Admission, maxAge time.Duration) {
	b.Queue("select agreed_at, app.is_fresh(agreed_at, unbroken_since, $2) from app.stream_cursors where account_id = $1", a.Account, maxAge).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&f.agreedAt, &f.fresh}, func() error { return nil })
			return err
		})
}

// ordersPage is the answer of a list while it is written.
type ordersPage struct {
	body []byte
	next string
}

func newOrdersPage(limit int) *ordersPage {
	return &ordersPage{body: append(make([]byte, 0, 640*limit+160), `{"orders":`...)}
}

func (p *ordersPage) append(rows pgx.Rows, page tenant.Page) (err error) {
	p.body, p.next, err = page.AppendRows(p.body, rows)
	return err
}

func (p *ordersPage) end(asOf *time.Time, source string) []byte {
	body := append(append(p.body, `,"next_cursor":`...), p.next...)
	body = append(body, `,"as_of":`...)
	if asOf == nil {
		body = append(body, "null"...)
	} else {
		body = asOf.UTC().AppendFormat(body, `"2006-01-02T15:04:05.000000Z"`)
	}
	return append(append(append(body, `,"source":"`...), source...), `"}`...)
}

// The parameters of every list: $1 the account, $2 and $3 the place where the
// page begins, $4 its size and one more, $5 to $9 the filters, $10 the status as
// the functions take it, and $11 the broker's own list.
const (
	everything = `select ` + orderColumns + ` from app.alpaca_orders where account_id = $1`
	matching   = `select ` + orderColumns + ` from app.orders_matching($1, $5, $6, $7, $8, $9) where true`
	trees      = `select ` + orderColumns + `, app.order_legs($1, alpaca_order_id) as legs
		from app.order_trees($1, $5, $6, $7, $8, $9, $10) where true`
	told      = `select ` + orderColumns + ` from app.orders_at_broker($1, $11, $5, $6, $7, $8, $9, $10) where true`
	toldTrees = `select ` + orderColumns + `, (select jsonb_agg(app.order_json(c) order by c.created_at, c.id) from app.orders_as_told($1,
			case when jsonb_typeof(o.broker_order->'legs') = 'array' then o.broker_order->'legs' else '[]' end, o.alpaca_order_id) c) as legs
		from app.orders_at_broker($1, $11, $5, $6, $7, $8, $9, $10) o where true`
	newestFirst = ` and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4`
	oldestFirst = ` and (created_at, id) > ($2, $3) order by created_at, id limit $4`
)

// ofStatus is a condition that has an index, or needs none.
var ofStatus = map[string]string{"all": "", "open": " and is_open", "closed": " and not is_open"}

// inMirror is the query of a page of the mirror. Its parts are fixed: which of
// them it has follows from what is asked for, so that each kind of list has a
// plan of its own. One without filters, as most are, has none in it either.
func (l OrderList) inMirror(account uuid.UUID) (sql string, args []any) {
	args = l.parameters(account)
	switch {
	case l.Nested:
		return trees + l.order(), args
	case l.filtered():
		return matching + ofStatus[l.Status] + l.order(), args[:9]
	}
	return everything + ofStatus[l.Status] + l.order(), args[:4]
}

// atBroker is the query of a page of the broker's own list.
func (l OrderList) atBroker(account uuid.UUID, orders json.RawMessage) (sql string, args []any) {
	args = append(l.parameters(account), []byte(orders))
	if l.Nested {
		return toldTrees + l.order(), args
	}
	return told + l.order(), args
}

func (l OrderList) filtered() bool {
	return l.After != nil || l.Until != nil || l.Symbols != nil || l.Side != "" || l.Classes != nil
}

func (l OrderList) order() string {
	if l.Ascending {
		return oldestFirst
	}
	return newestFirst
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

// listOrNil sends no list where there is nothing to look for.
func listOrNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func invalidQuery(name, want string) error {
	return problem.New(problem.Invalid, "invalid_query", "Set %q to %s, or leave it out.", name, want)
}

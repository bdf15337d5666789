package trading_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/trading"
)

// A misspelt filter, or an invalid value of one, is refused with a message that
// says what is accepted. If it were ignored, the list would have every order.
func TestOrderListRefusals(t *testing.T) {
	for query, code := range map[string]problem.Code{
		"status=opened": problem.InvalidStatus,
		"limit=0":       problem.InvalidLimit, "limit=501": problem.InvalidLimit, "before=x": problem.InvalidCursor, "direction=up": problem.InvalidQuery,
		"nested=maybe": problem.InvalidQuery, "side=long": problem.InvalidQuery, "after=yesterday": problem.InvalidQuery, "until=1764081000": problem.InvalidQuery,
		"symbols=AAPL,,MSFT": problem.InvalidQuery, "symbols=A%00": problem.InvalidQuery, "symbols=" + strings.Repeat("A,", 500) + "A": problem.InvalidQuery,
		"symbols=" + strings.Repeat("A", 33): problem.InvalidQuery, "asset_class=US%20EQUITY": problem.InvalidQuery,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trading.ParseOrderList(q); !problem.Is(err, code) {
			t.Errorf("%.60s: %v, want %s", query, err, code)
		}
	}
	for _, query := range []string{"", "status=&direction=&side=&symbols=", "after=2026-11-25&until=2026-11-25T14:30:00.5-05:00", "symbols=BRK.B,BTC/USD,AAPL261218C00200000", "nested=1&asset_class=all"} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trading.ParseOrderList(q); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// Each kind of list is read from an index that begins with the account, without
// sorting. Open orders have an index of their own.
func TestOrderListPlans(t *testing.T) {
	d := newDesk(t)
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, alpaca_order_id, created_at)
		select $1, 'order-' || n, 'accepted', case when n % 500 = 0 then 'new' else 'filled' end, gen_random_uuid(), now() - n * interval '1 minute'
		from generate_series(1, 5000) n`, d.owner.Account)
	d.exec("vacuum analyze app.alpaca_orders")
	for query, index := range map[string]string{
		"": "alpaca_orders_newest_idx", "direction=asc": "alpaca_orders_newest_idx", "status=open": "alpaca_orders_open_idx",
		"status=open&direction=asc": "alpaca_orders_open_idx", "symbols=AAPL&side=buy": "alpaca_orders_newest_idx", "nested=true": "alpaca_orders_newest_idx",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		list, err := trading.ParseOrderList(q)
		if err != nil {
			t.Fatal(err)
		}
		plan := d.plan(list.Statement())
		if !strings.Contains(plan, "using "+index) || strings.Contains(plan, "Sort") && !list.Nested || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%q runs as\n%s", query, plan)
		}
	}
}

// plan returns the plan of a page's statement for the owner, with a generic
// plan as the pool uses it.
func (d *desk) plan(sql string, more ...string) string {
	d.t.Helper()
	conn := d.pg.Conn(d.t, "paddock_app")
	exec := func(sql string, args ...any) {
		d.t.Helper()
		if _, err := conn.Exec(d.t.Context(), sql, args...); err != nil {
			d.t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("set plan_cache_mode = force_generic_plan")
	exec("begin")
	exec("select private.admit($1, $2)", d.owner.Token, d.owner.Account)
	exec("prepare page as " + sql)
	page, err := paging.Parse("", "")
	if err != nil {
		d.t.Fatal(err)
	}
	call := "explain (costs off) execute page ('" + d.owner.Account.String() + "', '" + page.At.Format(time.RFC3339) + "', '" + page.ID.String() + "', 51"
	for _, filter := range []string{"$5", "$6", "$7", "$8", "$9", "$10"} {
		if len(more) == 0 && strings.Contains(sql, filter) { // statements with more arguments have no filters
			call += ", null"
		}
	}
	for _, arg := range more {
		call += ", " + arg
	}
	rows, err := conn.Query(d.t.Context(), call+")", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		d.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatal(err)
	}
	exec("rollback")
	return strings.Join(lines, "\n")
}

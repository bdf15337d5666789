package trading_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Of a limit that fills up one is told when four fifths of it are used, once a day: of a
// position for each symbol, by what is held, and of open orders by the order that makes
// them.
func TestLimitsOfPositionsAndOpenOrdersAreToldOfNearTheirEnd(t *testing.T) {
	a := newAlone(t) // it holds 10 AAPL at 150
	a.set("insert into app.account_guards (account_id, max_position_qty, max_position_notional, max_open_orders) values ($1, 20, 5000, 5)", a.account)
	var told []string
	tells := func(when string, want ...string) {
		t.Helper()
		rows, err := a.admin.Query(t.Context(), `select concat_ws(' ', data->>'limit', data->>'symbol', data->>'used', data->>'most') from app.account_events
			where account_id = $1 and kind = 'limit' order by seq`, a.account)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, want...)
		if !slices.Equal(got, told) {
			t.Errorf("%s: told %v, want %v", when, got, told)
		}
	}
	position := func(symbol, qty, price string) {
		t.Helper()
		a.set(`insert into app.alpaca_positions (account_id, symbol, qty, current_price, as_of) values ($1, $2, $3::text::numeric, nullif($4, '')::numeric, now())
			on conflict (account_id, symbol) do update set qty = excluded.qty, current_price = excluded.current_price`, a.account, symbol, qty, price)
	}
	position("AAPL", "15.99", "10")
	tells("below four fifths")
	position("AAPL", "16", "10")
	tells("at four fifths", "max_position_qty AAPL 16 20")
	position("AAPL", "10", "10")
	position("AAPL", "17", "10")
	tells("again on the same day")
	position("MSFT", "-18", "10")
	tells("another symbol, sold short", "max_position_qty MSFT 18 20")
	position("TSLA", "5", "")
	tells("a price that is not known")
	position("TSLA", "5", "799.99")
	tells("below four fifths of its worth")
	position("TSLA", "5", "800")
	tells("what it is worth has risen", "max_position_notional TSLA 4000 5000")
	position("AAPL261218C00150000", "2", "20")
	tells("contracts, each of a hundred", "max_position_notional AAPL261218C00150000 4000 5000")
	a.set("update private.neared_limits set day = day - 1 where what like '%MSFT'")
	position("MSFT", "-19", "10")
	tells("on the next day", "max_position_qty MSFT 19 20")
	position("MSFT", "0", "10")
	tells("a position that is closed")

	a.set("update app.account_guards set max_position_qty = null, max_position_notional = null")
	for range 3 {
		a.wants(a.session, "buy", "", "with room")
	}
	tells("three orders of five")
	a.wants(a.session, "buy", "", "the fourth")
	tells("four of five", "max_open_orders 4 5")
	a.wants(a.session, "buy", "", "the fifth")
	a.wants(a.session, "buy", "max_open_orders", "the sixth")
	tells("once a day")
}

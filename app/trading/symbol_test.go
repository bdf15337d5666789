package trading_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/journal"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
)

// Go and Postgres convert every text to the same symbol. Otherwise another
// spelling could get past a guard.
func TestSymbolsAgreeWithPostgres(t *testing.T) {
	d := newDesk(t)
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "AAPL", "brk.b", "BTCUSD", "btc/usd", "USDTUSD", "USDCUSDT", "ETHBTC", "XYUSD", "ABCDEı", "straßusd", "éBTCUSD", "BTCUSD\n", "A B USD", "ABC/DEF/USD"}
	parts := []string{"A", "b", "9", "USD", "usdt", "USDC", "BTC", "btc", "/", ".", "-", "ı", "ſ", "\n", " "}
	for range 2000 {
		text := ""
		for range 1 + random.IntN(6) {
			text += parts[random.IntN(len(parts))]
		}
		texts = append(texts, text)
	}
	rows, err := d.pg.Conn(t, "admin").Query(t.Context(), "select s, app.order_symbol(s), app.position_symbol(app.order_symbol(s)) from unnest($1::text[]) s", texts)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var text, order, position string
		if err := rows.Scan(&text, &order, &position); err != nil {
			t.Fatal(err)
		}
		if broker.Symbol(text) != order || broker.PositionSymbol(text) != position {
			t.Errorf("%q is %q and %q here, and %q and %q in Postgres", text, broker.Symbol(text), broker.PositionSymbol(text), order, position)
		}
	}
	if rows.Err() != nil || n != len(texts) {
		t.Errorf("%d of %d texts: %v", n, len(texts), rows.Err())
	}
}

// A guard on a symbol holds for every spelling of it. An order in any spelling
// gets its price, and is stored and found in one form.
func TestSymbolsHaveOneForm(t *testing.T) {
	d := newDesk(t)
	d.synced()
	buy := func(symbol string) error {
		t.Helper()
		r := request(t, `{"symbol":"`+symbol+`","side":"buy","type":"market","time_in_force":"gtc","qty":"0.001"}`)
		placed, err := d.service.Place(t.Context(), d.owner, "", r)
		if err != nil {
			return err
		}
		var o struct{ Symbol string }
		if err := json.Unmarshal(placed.Order, &o); err != nil || o.Symbol != "BTC/USD" {
			t.Errorf("%s is stored as %q: %v", symbol, o.Symbol, err)
		}
		return nil
	}
	spellings := []string{"BTC/USD", "BTCUSD", "btcusd", "btc/usd"}
	for _, allowed := range spellings {
		d.guards(`{"max_order_notional":"100000","allowed_symbols":["` + allowed + `"]}`)
		for _, symbol := range spellings {
			if err := buy(symbol); err != nil {
				t.Errorf("%s where %s is allowed: %v", symbol, allowed, err)
			}
		}
	}
	d.guards(`{"max_order_notional":"100000","allowed_symbols":["ethusd"]}`)
	for _, symbol := range spellings {
		if err := buy(symbol); !problem.Is(err, problem.GuardRefused) {
			t.Errorf("%s where ETH/USD alone is allowed: %v", symbol, err)
		}
	}
	guards, err := d.service.Guards(t.Context(), d.owner)
	var kept struct {
		Symbols []string `json:"allowed_symbols"`
	}
	if err != nil || json.Unmarshal(guards, &kept) != nil || len(kept.Symbols) != 1 || kept.Symbols[0] != "ETH/USD" {
		t.Errorf("the guard is stored as %s: %v", guards, err)
	}
	for _, symbol := range spellings {
		if n := len(d.list("symbols=" + url.QueryEscape(symbol)).Orders); n != len(spellings)*len(spellings) {
			t.Errorf("%d orders are listed for %s", n, symbol)
		}
	}
}

// Everything that counts, closes, warns or lists by symbol accepts each name of
// a currency pair, in orders that were placed elsewhere and from clients.
func TestEveryRuleKnowsASymbolsNames(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.holds("BTCUSD", "1", "100")
	admin := d.pg.Conn(t, "admin")
	ask := func(sql string, args ...any) (answer string) {
		t.Helper()
		if err := admin.QueryRow(t.Context(), sql, append([]any{d.owner.Account}, args...)...).Scan(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for _, stored := range []string{"BTC/USD", "BTCUSD"} {
		d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
		d.has("sell 0.25 " + stored + " limit 100")
		d.has("buy 0.5 " + stored + " limit 100")
		for _, name := range []string{"BTC/USD", "BTCUSD"} {
			if got := ask("select concat_ws(' ', trim_scale(app.held_quantity($1, $2)), trim_scale(buys), trim_scale(sells), trim_scale(app.closable_quantity($1, $2, 'sell'))) from app.open_quantities($1, $2)", name); got != "1 0.5 0.25 0.75" {
				t.Errorf("of %s, with orders in %s: held, bought, sold and closable are %s", name, stored, got)
			}
			if got := ask("select string_agg(side, ' ') from app.opposing_orders($1, $2, 'buy')", name); got != "sell" {
				t.Errorf("a purchase of %s would trade with %q of %s", name, got, stored)
			}
		}
		for _, name := range []string{"BTC/USD", "BTCUSD", "btcusd", "btc/usd"} {
			buy := request(t, `{"symbol":"`+name+`","side":"buy","type":"limit","time_in_force":"gtc","qty":"0.5","limit_price":"100"}`)
			for limit, want := range map[string]bool{"2": true, "1.99": false} {
				d.guards(`{"max_position_qty":"` + limit + `","allowed_symbols":["` + name + `"]}`)
				preview, err := d.service.Preview(t.Context(), d.owner, buy)
				if err != nil || preview.Allowed != want {
					t.Errorf("%s where %s is ordered, and %s may be held: %+v, %v", name, stored, limit, preview.Violations, err)
				}
			}
		}
	}

	// This also holds for limits that a SQL statement sets.
	tx, err := d.pg.Conn(t, "paddock_app").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	if _, err = tx.Exec(t.Context(), "select private.admit($1, $2)", d.owner.Token, d.owner.Account); err == nil {
		if _, err = tx.Exec(t.Context(), `select private.set_guards('{"allowed_symbols":["btcusd","brk.b"]}')`); err == nil {
			err = tx.QueryRow(t.Context(), "select allowed_symbols from app.account_guards").Scan(&kept)
		}
	}
	if err != nil || !slices.Equal(kept, []string{"BTC/USD", "BRK.B"}) {
		t.Errorf("the guards are stored as %v: %v", kept, err)
	}
	_ = tx.Rollback(t.Context())

	d.exec(`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
		select $1, 'x', id, alpaca_order_id, 'BTC/USD', 'crypto', 1, 'buy', 1, 1, now(), 'stream' from app.alpaca_orders where account_id = $1 limit 1`, d.owner.Account)
	d.exec(`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty,
			last_at, last_id, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		values ($1, gen_random_uuid(), 'account', '', 'BTC/USD', 'crypto', 1, 'long', now(), 'x', 1, now(), 'x', 1, 1, 0, 0, 1, 1, 0, 1)`, d.owner.Account)
	list := journal.New(tenant.NewDB(d.pg.Pool(t, "paddock_app"), kit.SilentBell{}))
	newest := paging.Page{Limit: 50, At: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	for name, want := range map[string]int{"BTC/USD": 1, "BTCUSD": 1, "btcusd": 1, "btc/usd": 1, "": 1, "ETH/USD": 0} {
		fills, err := list.Fills(t.Context(), d.owner, name, uuid.Nil, &newest)
		if got := strings.Count(string(fills), `"execution_id"`); err != nil || got != want {
			t.Errorf("%d fills of %q: %s, %v", got, name, fills, err)
		}
		trips, err := list.RoundTrips(t.Context(), d.owner, journal.Filter{Symbol: name}, &newest)
		if got := strings.Count(string(trips), `"direction"`); err != nil || got != want {
			t.Errorf("%d trips of %q: %s, %v", got, name, trips, err)
		}
	}
}

// page is a page of orders.
type page struct {
	Orders []struct{ ID, Status string }
	Next   *string `json:"next_cursor"`
	Source string
}

// list returns the page of orders for a query.
func (d *desk) list(query string) (p page) {
	d.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		d.t.Fatal(err)
	}
	l, err := trading.ParseOrderList(q)
	if err != nil {
		d.t.Fatal(err)
	}
	body, err := d.service.Orders(d.t.Context(), d.owner, &l)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		d.t.Fatal(err)
	}
	return p
}

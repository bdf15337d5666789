package trading_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"testing"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/trading"
)

// Go and Postgres have the same form for whatever text, or a guard could be
// passed by another spelling.
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

// A guard on a market holds for each of its spellings, an order in any of them
// has its price, and is kept and found in one.
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
			t.Errorf("%s is kept as %q: %v", symbol, o.Symbol, err)
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
		if err := buy(symbol); !problem.Is(err, "guard_refused") {
			t.Errorf("%s where ETH/USD alone is allowed: %v", symbol, err)
		}
	}
	guards, err := d.service.Guards(t.Context(), d.owner)
	var kept struct {
		Symbols []string `json:"allowed_symbols"`
	}
	if err != nil || json.Unmarshal(guards, &kept) != nil || len(kept.Symbols) != 1 || kept.Symbols[0] != "ETH/USD" {
		t.Errorf("the guard is kept as %s: %v", guards, err)
	}
	for _, symbol := range spellings {
		if n := len(d.list("symbols=" + url.QueryEscape(symbol)).Orders); n != len(spellings)*len(spellings) {
			t.Errorf("%d orders are listed for %s", n, symbol)
		}
	}
}

// page is a page of orders.
type page struct {
	Orders []struct{ ID, Status string }
	Next   *string `json:"next_cursor"`
	Source string
}

// list is the page that a query asks for.
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
	body, err := d.service.Orders(d.t.Context(), d.owner, l)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		d.t.Fatal(err)
	}
	return p
}

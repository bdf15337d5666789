package trading_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/tests/kit"
)

// For the guards an order counts as the worst that it can become: in what it
// can be worth, in how much it can buy, and in as how many orders it counts.
// Each case has a similar order that is accepted. AAPL costs 150.
func TestMeasuredAtItsWorst(t *testing.T) {
	oco := func(stop string) string {
		return `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"10","order_class":"oco","take_profit":{"limit_price":"100"},"stop_loss":` + stop + `}`
	}
	trailing := func(by string) string {
		return `{"symbol":"AAPL","side":"buy","type":"trailing_stop","time_in_force":"gtc","qty":"10",` + by + `}`
	}
	spread := `{"order_class":"mleg","type":"limit","time_in_force":"day","qty":"1","limit_price":"0.01","legs":[
		{"symbol":"AAPL261218C00150000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"},{"symbol":"AAPL261218C00155000","ratio_qty":"1","side":"sell","position_intent":"sell_to_open"}]}`
	waits := func(d *desk) {
		d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, alpaca_order_id, status, symbol, side, notional, type, time_in_force)
			values ($1, 'waits', 'accepted', gen_random_uuid(), 'new', 'AAPL', 'buy', 1500, 'market', 'day')`, d.owner.Account)
	}
	for name, tt := range map[string]struct {
		limits string
		before func(*desk)
		order  string
		want   string
	}{
		"an oco by its stop":                         {`{"max_order_notional":"9999"}`, nil, oco(`{"stop_price":"1000"}`), "[max_order_notional]"},
		"an oco by its stop's limit":                 {`{"max_order_notional":"10999"}`, nil, oco(`{"stop_price":"1000","limit_price":"1100"}`), "[max_order_notional]"},
		"an oco that fits":                           {`{"max_order_notional":"11000"}`, nil, oco(`{"stop_price":"1000","limit_price":"1100"}`), "[]"},
		"a trail by percent":                         {`{"max_order_notional":"2249"}`, nil, trailing(`"trail_percent":"50"`), "[max_order_notional]"},
		"a trail by dollars":                         {`{"max_order_notional":"1999"}`, nil, trailing(`"trail_price":"50"`), "[max_order_notional]"},
		"a trail that fits":                          {`{"max_order_notional":"2251"}`, nil, trailing(`"trail_percent":"50"`), "[]"},
		"money under a limit far over the market":    {`{"max_position_qty":"9"}`, nil, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","notional":"1500","limit_price":"1500"}`, "[max_position_qty]"},
		"money that fits":                            {`{"max_position_qty":"10"}`, nil, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","notional":"1500","limit_price":"1500"}`, "[]"},
		"money is worth itself":                      {`{"max_position_notional":"1500"}`, nil, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","notional":"1500","limit_price":"1500"}`, "[]"},
		"money that waits counts for the next order": {`{"max_position_qty":"19"}`, waits, buyLimit, "[max_position_qty]"},
		"money that waits and fits":                  {`{"max_position_qty":"20"}`, waits, buyLimit, "[]"},
		"a spread is one order":                      {`{"max_open_orders":1}`, nil, spread, "[]"},
		"a spread beside another order":              {`{"max_open_orders":1}`, func(d *desk) { d.has("buy 5 TSLA limit 90") }, spread, "[max_open_orders]"},
		"a done_for_day order may go on": {`{"max_position_qty":"14"}`, func(d *desk) {
			d.has("buy 5 AAPL limit 90")
			d.exec("update app.alpaca_orders set status = 'done_for_day'")
		}, buyLimit, "[max_position_qty]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.sim.SetPrice("AAPL", decimal.NewFromInt(150))
			d.synced()
			if tt.before != nil {
				tt.before(d)
			}
			d.guards(tt.limits)
			answers(d)
			err := place(d, request(t, tt.order))
			if got := fmt.Sprint(broken(t, err)); got != tt.want {
				t.Errorf("refused by %s, want %s (%v)", got, tt.want, err)
			}
		})
	}
}

// The daily loss is computed from the account's present worth: if a price falls
// after one order, the next order is refused.
func TestLossOfTheLastSecond(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.sim.SetPrice("AAPL", decimal.NewFromInt(150))
	d.buy("AAPL", "buy", "1000")
	d.synced()
	d.guards(`{"daily_loss_limit":"1000"}`)
	if err := place(d, request(t, buyLimit)); err != nil {
		t.Fatal(err)
	}
	d.sim.SetPrice("AAPL", decimal.NewFromInt(100))
	d.exec("update app.account_balances set as_of = as_of - interval '1 second'") // as if a second had passed
	if got := fmt.Sprint(broken(t, place(d, request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"50"}`)))); got != "[daily_loss_limit]" {
		t.Errorf("after the fall it is refused by %s", got)
	}
}

// A balance is as old as it was when the broker was asked for it, however long its order then
// waits for the account's lock; and the order is judged by it all the same.
func TestABalanceIsAsOldAsItWasAsked(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.guards(`{"daily_loss_limit":"1000000"}`)
	other, admin := d.pg.Conn(t, "admin"), d.pg.Conn(t, "admin")
	var tx pgx.Tx
	d.watch = func(r *http.Request) {
		if r.URL.Path != "/v2/account" || tx != nil {
			return
		}
		var err error
		if tx, err = other.Begin(t.Context()); err != nil {
			t.Error(err)
		} else if _, err = tx.Exec(t.Context(), "select from app.event_heads where account_id = $1 for update", d.owner.Account); err != nil {
			t.Error(err)
		}
	}
	began, placed := time.Now(), make(chan error, 1)
	go func() { placed <- place(d, request(t, buyLimit)) }()
	kit.Eventually(t, "the order waits with its balance", func() (waits bool) {
		if err := admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')").Scan(&waits); err != nil {
			t.Fatal(err)
		}
		return waits
	})
	waited := time.Now()
	time.Sleep(1200 * time.Millisecond) // longer than a balance serves
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-placed; err != nil {
		t.Errorf("an order that waited for the lock: %v", err)
	}
	var age time.Duration
	if err := admin.QueryRow(t.Context(), "select clock_timestamp() - as_of from app.account_balances where account_id = $1", d.owner.Account).Scan(&age); err != nil {
		t.Fatal(err)
	}
	if least, most := time.Since(waited)-100*time.Millisecond, time.Since(began); age < least || age > most {
		t.Errorf("the balance is %s old, and was asked for %s to %s ago", age, least, most)
	}
}

// If the broker does not send the account's equity, it does not count as 0: the
// order is not sent, and can be tried again.
func TestUnknownEquityIsNotZero(t *testing.T) {
	for _, account := range []string{`{"id":"x","equity":null,"last_equity":"100"}`, `{"id":"x","equity":"100","last_equity":null}`, `{"id":"x","last_equity":"100"}`} {
		d := newDesk(t)
		d.synced()
		d.guards(`{"daily_loss_limit":"1000000"}`)
		d.server.Config.Handler = instead("/v2/account", account, d.server.Config.Handler)
		if err := place(d, request(t, buyLimit)); !problem.Is(err, problem.BrokerUnavailable) {
			t.Errorf("with the account %s: %v", account, err)
		}
		if d.sent.Load() != 0 {
			t.Error("the order was sent")
		}
	}
}

// instead returns a handler that responds to one path with body, and lets next
// respond to all others.
func instead(path, body string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			_, _ = w.Write([]byte(body))
			return
		}
		next.ServeHTTP(w, r)
	})
}

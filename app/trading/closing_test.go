package trading_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// stopAt places a stop order to sell that is not filled.
func (d *desk) stopAt(qty string) order {
	d.t.Helper()
	placed, err := d.service.Place(d.t.Context(), d.owner, "", request(d.t, `{"symbol":"AAPL","side":"sell","type":"stop","time_in_force":"gtc","qty":"`+qty+`","stop_price":"1"}`))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.read(placed.Order)
}

// open returns how many orders are open at the broker.
func (d *desk) open() (n int) {
	for _, o := range d.sim.Orders(d.seed.KeyID) {
		if !broker.IsOver(o.Status) {
			n++
		}
	}
	return n
}

// A closing never closes more than is held, even on an account without limits.
// Of several at once only one is sent, an open exit reserves its quantity, and
// no SQL statement can insert a closing of more.
func TestClosingsOnlyClose(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.synced()
	d.buy("AAPL", "buy", "10")

	var group sync.WaitGroup
	var refused atomic.Int64
	for range 5 {
		group.Go(func() {
			if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL"}); problem.Is(err, problem.GuardRefused) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if refused.Load() != 4 {
		t.Errorf("of five closings at once %d were refused", refused.Load())
	}
	d.sim.Step()
	if held := d.sim.Positions(d.seed.KeyID); len(held) != 0 {
		t.Errorf("held are %+v", held)
	}

	d.exec("update app.alpaca_orders set status = 'filled' where status in ('new', 'pending_new', 'accepted')")
	d.buy("AAPL", "buy", "10")
	d.stopAt("7")
	err := closeSome(d, "4")
	if got := fmt.Sprint(broken(t, err)); got != "[reduce_only]" {
		t.Errorf("closing more than the stop leaves: refused by %s", got)
	}
	if err := closeSome(d, "3"); err != nil {
		t.Errorf("closing what the stop leaves: %v", err)
	}

	conn := d.pg.Conn(t, "paddock_app")
	for _, statement := range []string{
		"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, reduce_only) values ($1, 'more', 'u1', 'AAPL', 'sell', 'market', 'day', 11, true)",
		"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, reduce_only) values ($1, 'other', 'u1', 'AAPL', 'buy', 'market', 'day', 1, true)",
		"insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, reduce_only) values ($1, 'none', 'u1', 'TSLA', 'sell', 'market', 'day', 1, true)",
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select private.admit($1, $2)", d.owner.Token, d.owner.Account); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), statement, d.owner.Account); tenant.SQLState(err) != "PD422" {
			t.Errorf("%s: %v", statement, err)
		}
		_ = tx.Rollback(t.Context())
	}
}

func closeSome(d *desk, qty string) error {
	_, err := d.service.Close(d.t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL", Qty: trading.ParseAmount(qty)})
	return err
}

// A refused closing changes nothing. In particular no order is canceled before
// it is certain that the closing can be sent.
func TestRefusedClosingsTouchNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		turn    string
		viewer  bool
		closing trading.Closing
		want    problem.Code
	}{
		"too much":            {closing: trading.Closing{Symbol: "AAPL", Qty: trading.ParseAmount("11")}, want: problem.QtyExceedsPosition},
		"too little":          {closing: trading.Closing{Symbol: "AAPL", Percentage: trading.ParseAmount("0.0000000001")}, want: problem.QtyTooSmall},
		"both":                {closing: trading.Closing{Symbol: "AAPL", Qty: trading.ParseAmount("1"), Percentage: trading.ParseAmount("1")}, want: problem.InvalidOrder},
		"of nothing":          {closing: trading.Closing{Symbol: "TSLA"}, want: problem.PositionNotFound},
		"on a halted account": {turn: "halted", closing: trading.Closing{Symbol: "AAPL"}, want: problem.GuardRefused},
		"by a viewer":         {viewer: true, closing: trading.Closing{Symbol: "AAPL"}, want: problem.NotPermitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.sim.SetAlwaysOpen(true)
			d.synced()
			d.buy("AAPL", "buy", "10")
			d.stopAt("10")
			if tt.turn != "" {
				d.turn(tt.turn)
			}
			d.watch = func(r *http.Request) {
				if r.Method == http.MethodDelete {
					t.Errorf("the broker got the request %s %s", r.Method, r.URL.Path)
				}
			}
			who := d.owner
			if tt.viewer {
				who = d.viewer
			}
			tt.closing.CancelOrders = true
			if _, err := d.service.Close(t.Context(), who, "", tt.closing); !problem.Is(err, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if d.open() != 1 {
				t.Error("the stop is not open any more")
			}
		})
	}
}

// The retry of closing everything gets the first response, and sends and
// cancels nothing. This also holds if the first request's server died halfway.
func TestCloseAllAnswersItsRetry(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.synced()
	all := trading.Closing{CancelOrders: true}
	if closed, kept, err := d.service.CloseAll(t.Context(), d.owner, "k", all); err != nil || kept != nil || len(closed) != 0 {
		t.Fatalf("%+v %s %v", closed, kept, err)
	}
	// This is as if the server died before anything was sent and before a
	// response was stored. Then the retry counts as the first request.
	d.exec("update app.kept_answers set asked_at = asked_at - interval '2 minutes'")
	d.buy("AAPL", "buy", "10")
	if closed, kept, err := d.service.CloseAll(t.Context(), d.owner, "k", all); err != nil || kept != nil || len(closed) != 1 {
		t.Fatalf("%+v %s %v", closed, kept, err)
	}
	if _, _, err := d.service.CloseAll(t.Context(), d.owner, "k", all); !problem.Is(err, problem.RequestUnderWay) {
		t.Errorf("while it is under way: %v", err)
	}
	d.exec("update app.kept_answers set asked_at = asked_at - interval '2 minutes'")
	if _, kept, err := d.service.CloseAll(t.Context(), d.owner, "k", all); err != nil || !strings.Contains(string(kept), `"symbol": "AAPL"`) {
		t.Errorf("after its server died: %s, %v", kept, err)
	}
	d.service.KeepAnswer(t.Context(), d.owner, "k", json.RawMessage(`["first"]`))
	d.sim.Step()
	d.exec("update app.alpaca_orders set status = 'filled' where status in ('new', 'pending_new', 'accepted')")
	d.buy("TSLA", "buy", "1")
	d.resting("rests", "1", "1")
	sent := d.sent.Load()
	if _, kept, err := d.service.CloseAll(t.Context(), d.owner, "k", all); err != nil || string(kept) != `["first"]` {
		t.Errorf("the retry: %s, %v", kept, err)
	}
	if d.sent.Load() != sent || d.open() != 1 {
		t.Error("the retry sent or canceled something")
	}
	if _, _, err := d.service.CloseAll(t.Context(), d.owner, "k", trading.Closing{}); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another request with its key: %v", err)
	}
}

// A position is closed by an order of Paddock's: whole or in part, long or
// short. A retry does not close it twice, and more than is held cannot be
// closed.
func TestClose(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.buy("AAPL", "buy", "10")
	d.buy("TSLA", "sell", "4")
	closing := func(symbol, qty, percentage string) trading.Closing {
		return trading.Closing{Symbol: symbol, Qty: trading.ParseAmount(qty), Percentage: trading.ParseAmount(percentage)}
	}
	held := func(symbol string) string {
		d.sim.Step()
		for _, p := range d.sim.Positions(d.seed.KeyID) {
			if p.Symbol == symbol {
				return p.Qty.String()
			}
		}
		return "0"
	}
	for _, tt := range []struct {
		closing trading.Closing
		code    problem.Code
		left    string
	}{
		{closing("AAPL", "3", ""), problem.Code{}, "7"},
		{closing("AAPL", "8", ""), problem.QtyExceedsPosition, "7"},
		{closing("AAPL", "1", "1"), problem.InvalidOrder, "7"},
		{closing("AAPL", "", "101"), problem.InvalidOrder, "7"},
		{closing("AAPL", "", "x"), problem.InvalidOrder, "7"},
		{closing("AAPL", "", "50"), problem.Code{}, "3.5"},
		{closing("AAPL", "", "0.0000000001"), problem.QtyTooSmall, "3.5"},
		{closing("AAPL", "", ""), problem.Code{}, "0"},
		{closing("AAPL", "", ""), problem.PositionNotFound, "0"},
		{closing("TSLA", "1", ""), problem.Code{}, "-3"},
		{closing("TSLA", "", ""), problem.Code{}, "0"},
	} {
		_, err := d.service.Close(t.Context(), d.owner, "", tt.closing)
		if tt.code.IsZero() && err != nil || !tt.code.IsZero() && !problem.Is(err, tt.code) {
			t.Errorf("closing %+v: %v", tt.closing, err)
		}
		if got := held(tt.closing.Symbol); got != tt.left {
			t.Errorf("after closing %+v %s is held, want %s", tt.closing, got, tt.left)
		}
	}

	// A retry has the same result, although less is held by then.
	d.buy("AAPL", "buy", "10")
	first, err := d.service.Close(t.Context(), d.owner, "half", closing("AAPL", "", "50"))
	if err != nil || held("AAPL") != "5" {
		t.Fatalf("half: %v, held %s", err, held("AAPL"))
	}
	again, err := d.service.Close(t.Context(), d.owner, "half", closing("AAPL", "", "50"))
	if err != nil || d.read(again.Order).ID != d.read(first.Order).ID || held("AAPL") != "5" {
		t.Errorf("its retry: %s, %v; held %s", again.Order, err, held("AAPL"))
	}
	if _, err := d.service.Close(t.Context(), d.owner, "half", closing("AAPL", "", "20")); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another part under the key: %v", err)
	}
	// A closing that never arrived is sent by its retry, for the quantity that
	// is held then.
	d.answers(say(429, `{"code":42910000,"message":"too many requests"}`))
	if _, err := d.service.Close(t.Context(), d.owner, "rest", closing("AAPL", "", "")); !problem.Is(err, problem.BrokerRateLimited) {
		t.Errorf("too many requests: %v", err)
	}
	d.answers(nil)
	d.buy("AAPL", "buy", "1")
	if _, err := d.service.Close(t.Context(), d.owner, "rest", closing("AAPL", "", "")); err != nil || held("AAPL") != "0" {
		t.Errorf("its retry: %v; held %s", err, held("AAPL"))
	}
	if _, err := d.service.Close(t.Context(), d.viewer, "", closing("AAPL", "", "")); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer closes: %v", err)
	}
}

// A closing is placed if a wind-down sent it again and Alpaca accepted that,
// even if the answer to the first sending is a refusal that arrives afterwards.
func TestARefusedFirstSendingOfWhatWasSentAgain(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		say(403, `{"code":40310000,"message":"insufficient qty available for order (requested: 10, available: 0)"}`),
		say(429, `{"code":42910000,"message":"too many requests"}`),
	} {
		d := newDesk(t)
		d.sim.SetAlwaysOpen(true)
		d.buy("AAPL", "buy", "10")
		d.answers(func(w http.ResponseWriter, r *http.Request) {
			d.exec(`update app.alpaca_orders set intent_state = 'accepted', status = 'new', alpaca_order_id = gen_random_uuid() where intent_state = 'submitting'`)
			answer(w, r)
		})
		placed, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL"})
		if err != nil || !placed.Known || d.read(placed.Order).State != "accepted" {
			t.Errorf("it ended with %s, %v", placed.Order, err)
		}
	}
}

// If the first request closes the position after its retry has begun, the retry
// finds nothing to close. It gets the first one's result and not a refusal.
func TestARetryBesideItsFirstIsNotRefused(t *testing.T) {
	for name, c := range map[string]trading.Closing{
		"all of it":            {Symbol: "AAPL"},
		"as much as there was": {Symbol: "AAPL", Qty: trading.ParseAmount("10")},
		"its orders first":     {Symbol: "AAPL", CancelOrders: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.sim.SetAlwaysOpen(true)
			d.buy("AAPL", "buy", "10")
			var first trading.Placed
			var once sync.Once
			d.watch = func(r *http.Request) {
				if r.URL.Path != "/v2/positions" {
					return
				}
				once.Do(func() {
					d.watch = nil
					var err error
					if first, err = d.service.Close(t.Context(), d.owner, "key", c); err != nil {
						t.Error(err)
					}
					d.sim.Step()
					d.sim.Step()
				})
			}
			retry, err := d.service.Close(t.Context(), d.owner, "key", c)
			if err != nil || first.Order == nil || d.read(retry.Order).ID != d.read(first.Order).ID {
				t.Errorf("the first made %s, its retry ended with %s, %v", first.Order, retry.Order, err)
			}
			if n := d.sent.Load(); n != 2 {
				t.Errorf("%d orders were sent, want the one that bought and one that closes", n)
			}
			c.Percentage, c.Qty = trading.ParseAmount("1"), nil
			if _, err := d.service.Close(t.Context(), d.owner, "key", c); !problem.Is(err, problem.IdempotencyKeyReused) {
				t.Errorf("another closing under the key: %v", err)
			}
		})
	}
}

// If the retry of a closing is refused while the closing is still being
// prepared, the closing sends nothing, even if it would be allowed by then.
func TestARefusedRetryStopsItsClosing(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.buy("AAPL", "buy", "10")
	var once sync.Once
	d.watch = func(r *http.Request) {
		if r.URL.Path != "/v2/positions" {
			return
		}
		once.Do(func() {
			d.watch = nil
			d.turn("halted")
			if _, err := d.service.Close(t.Context(), d.owner, "key", trading.Closing{Symbol: "AAPL"}); !problem.Is(err, problem.GuardRefused) {
				t.Errorf("the retry: %v", err)
			}
			d.turn("open")
		})
	}
	if _, err := d.service.Close(t.Context(), d.owner, "key", trading.Closing{Symbol: "AAPL"}); !problem.Is(err, problem.RetryRefused) {
		t.Errorf("the first request: %v", err)
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent, want the one that bought", n)
	}
	if _, err := d.service.Close(t.Context(), d.owner, "key", trading.Closing{Symbol: "AAPL"}); err != nil || d.sent.Load() != 2 {
		t.Errorf("a later retry: %v, and %d orders were sent", err, d.sent.Load())
	}
}

// buy places a market order and waits until it is filled.
func (d *desk) buy(symbol, side, qty string) {
	d.t.Helper()
	if err := place(d, request(d.t, `{"symbol":"`+symbol+`","side":"`+side+`","type":"market","time_in_force":"day","qty":"`+qty+`"}`)); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		d.sim.Step()
		open := 0
		for _, o := range d.sim.Orders(d.seed.KeyID) {
			if o.Status != "filled" && o.Status != "canceled" {
				open++
			}
		}
		if open == 0 {
			return
		}
	}
	d.t.Fatal("not filled")
}

// A currency pair has a slash in orders and none in positions. It is one
// position, and can be closed under both names.
func TestCoinsAreOnePosition(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.synced()
	for _, name := range []string{"BTC/USD", "BTCUSD"} {
		if err := place(d, request(t, `{"symbol":"BTC/USD","side":"buy","type":"market","time_in_force":"gtc","qty":"0.5"}`)); err != nil {
			t.Fatal(err)
		}
		d.sim.Step()
		if _, err := d.service.Positions(t.Context(), d.owner); err != nil {
			t.Fatal(err)
		}
		d.turn("reduce_only") // closing all of it is allowed only if the guards know the position
		if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: name}); err != nil {
			t.Errorf("closing %s: %v", name, err)
		}
		d.sim.Step()
		if held := d.sim.Positions(d.seed.KeyID); len(held) != 0 {
			t.Errorf("still held: %+v", held)
		}
		d.turn("open")
	}
}

// Without a stream, a position's last closing may still be open in the mirror
// when it is over at the broker. This does not prevent another closing.
func TestClosingIsNotHeldUpByTheMirror(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.synced()
	d.buy("AAPL", "buy", "10")
	d.turn("reduce_only")
	for _, left := range []string{"4", "0"} {
		if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL", Percentage: trading.ParseAmount(map[string]string{"4": "60", "0": "100"}[left])}); err != nil {
			t.Fatal(err)
		}
		d.sim.Step()
		got := "0"
		for _, p := range d.sim.Positions(d.seed.KeyID) {
			got = p.Qty.String()
		}
		if got != left {
			t.Errorf("held are %s, want %s", got, left)
		}
	}
}

// An open exit reserves the quantity that is to be closed. If the closing is to
// cancel orders, it cancels the exit first, and closing everything does the
// same.
func TestCloseCancelsFirst(t *testing.T) {
	for _, all := range []bool{false, true} {
		d := newDesk(t)
		d.sim.SetAlwaysOpen(true)
		d.synced()
		d.buy("AAPL", "buy", "10")
		if err := place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"10","limit_price":"9000"}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL"}); !problem.Is(err, problem.GuardRefused) {
			t.Errorf("while an exit rests: %v", err)
		}
		d.turn("reduce_only") // from here on the guards must know at once that the exit is canceled
		if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL"}); !problem.Is(err, problem.GuardRefused) {
			t.Errorf("under reduce_only, while an exit rests: %v", err)
		}
		if all {
			closed, _, err := d.service.CloseAll(t.Context(), d.owner, "everything", trading.Closing{CancelOrders: true})
			if err != nil || len(closed) != 1 || closed[0].Err != nil || closed[0].Status != 200 || closed[0].Symbol != "AAPL" {
				t.Errorf("%+v, %v", closed, err)
			}
		} else if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL", CancelOrders: true}); err != nil {
			t.Error(err)
		}
		d.sim.Step()
		if held := d.sim.Positions(d.seed.KeyID); len(held) != 0 {
			t.Errorf("still held: %+v", held)
		}
		if all {
			continue
		}
		// Whatever it is doing when the time for it runs out, it says that the orders are not over.
		d.turn("open")
		d.buy("AAPL", "buy", "10")
		if err := place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"10","limit_price":"9000"}`)); err != nil {
			t.Fatal(err)
		}
		d.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Delay, On: "DELETE", N: 1, Delay: time.Second})
		d.service.SetCancelTimeout(200 * time.Millisecond)
		if _, err := d.service.Close(t.Context(), d.owner, "", trading.Closing{Symbol: "AAPL", CancelOrders: true}); !problem.Is(err, problem.OrdersNotCanceled) {
			t.Errorf("while the broker takes its time: %v", err)
		}
	}
}

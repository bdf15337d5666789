package trading_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// stopAt places a stop order to sell that does not fill.
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

// Closings only close, whatever limits the account has: of two at once one is
// sent, an exit that is open leaves the rest to close, and no statement makes a
// closing of more than is held.
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
		t.Errorf("more than the stop leaves: %s", got)
	}
	if err := closeSome(d, "3"); err != nil {
		t.Errorf("what the stop leaves: %v", err)
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

// A refused closing changes nothing: no order is canceled before it is certain
// that the closing can be sent.
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
					t.Errorf("the broker was asked for %s %s", r.Method, r.URL.Path)
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
				t.Error("the stop is gone")
			}
		})
	}
}

// The retry of closing everything gets the first response, and sends and
// cancels nothing, even where the first request's server died halfway.
func TestCloseAllAnswersItsRetry(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.synced()
	all := trading.Closing{CancelOrders: true}
	if closed, kept, err := d.service.CloseAll(t.Context(), d.owner, "k", all); err != nil || kept != nil || len(closed) != 0 {
		t.Fatalf("%+v %s %v", closed, kept, err)
	}
	// The server died before anything was sent or a response stored, so that
	// the retry counts as the first request.
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

package trading_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/problem"
	"paddock/app/trading"
)

// resting places a limit order that the market does not reach.
func (d *desk) resting(id, qty, price string) order {
	d.t.Helper()
	r := request(d.t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"`+qty+`","limit_price":"`+price+`"}`)
	r.ClientOrderID, r.Tag, r.OrchestratorAgentID = id, "the tag", "the agent"
	placed, err := d.service.Place(d.t.Context(), d.owner, "", r)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.read(placed.Order)
}

func change(t *testing.T, body string) trading.Replacement {
	t.Helper()
	var r trading.Replacement
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A replacement is a new order in place of the old one: it keeps what was not
// changed, its sender, agent and tag, and names the order that it replaces.
// However often and however fast it is asked for, the broker is asked once.
func TestReplace(t *testing.T) {
	d := newDesk(t)
	old := d.resting("old", "10", "100")
	var patched int
	var counting sync.Mutex
	d.watch = func(r *http.Request) {
		if r.Method == http.MethodPatch {
			counting.Lock()
			patched++
			counting.Unlock()
		}
	}
	var answers [5]trading.Placed
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() {
			var err error
			if answers[i], err = d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101","qty":"8"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	var o struct {
		order
		AlpacaID   uuid.UUID `json:"alpaca_order_id"`
		Action     string
		Replaces   string
		Qty        string
		LimitPrice string `json:"limit_price"`
		Tag        string
		Agent      string `json:"orchestrator_agent_id"`
	}
	for _, answer := range answers[1:] {
		if d.read(answer.Order).ID != d.read(answers[0].Order).ID {
			t.Errorf("answered %s and %s", answers[0].Order, answer.Order)
		}
	}
	again, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101","qty":"8"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again.Order, &o); err != nil {
		t.Fatal(err)
	}
	book := d.sim.Orders(d.seed.KeyID)
	if patched != 1 || len(book) != 2 {
		t.Errorf("the broker was asked %d times and has %d orders", patched, len(book))
	}
	if o.Action != "replace" || o.Qty != "8" || o.LimitPrice != "101" || o.Tag != "the tag" || o.Agent != "the agent" || o.Status != "pending_new" || o.State != "accepted" || *o.SubmittedBy != "u1" {
		t.Errorf("the new order is %s", again.Order)
	}
	for _, b := range book {
		if b.ClientOrderID == "old" && (b.Status != "replaced" || b.ID != o.Replaces) {
			t.Errorf("the broker's old order is %+v, and the new one replaces %s", b, o.Replaces)
		}
	}
	if got := d.stored("old"); got[:17] != "accepted replaced" {
		t.Errorf("the old order is %s", got)
	}

	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"102"}`)); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another change under the key: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, `{"limit_price":"102"}`)); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("an order that was replaced: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.owner, uuid.New(), "", change(t, `{"qty":"1"}`)); !problem.Is(err, problem.OrderNotFound) {
		t.Errorf("an order that is not there: %v", err)
	}
	if _, err := d.service.Replace(t.Context(), d.viewer, o.ID, "", change(t, `{"qty":"1"}`)); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	for _, bad := range []string{`{}`, `{"qty":"0"}`, `{"qty":"x"}`, `{"time_in_force":"never"}`, `{"trail":"-1"}`} {
		if _, err := d.service.Replace(t.Context(), d.owner, o.ID, "", change(t, bad)); !problem.Is(err, problem.InvalidOrder) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A replacement that may not have arrived waits to be looked up, and is not
// asked for again.
func TestReplaceLosesItsAnswer(t *testing.T) {
	d := newDesk(t)
	old := d.resting("old", "10", "100")
	d.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Drop, N: 1, On: http.MethodPatch})
	placed, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101"}`))
	if err != nil || placed.Known {
		t.Fatalf("known %v, %v", placed.Known, err)
	}
	again, err := d.service.Replace(t.Context(), d.owner, old.ID, "a key", change(t, `{"limit_price":"101"}`))
	if err != nil || again.Known || d.read(again.Order).ID != d.read(placed.Order).ID {
		t.Errorf("its retry: %s, %v", again.Order, err)
	}
	if n := len(d.sim.Orders(d.seed.KeyID)); n != 2 {
		t.Errorf("the broker has %d orders, want 2", n)
	}
}

// The guards check what an order would become, without counting the replaced
// order beside it.
func TestReplaceIsGuarded(t *testing.T) {
	d := newDesk(t)
	d.synced()
	old := d.resting("old", "10", "100")
	d.guards(`{"max_position_qty":"12","max_open_orders":1,"max_order_notional":"1200"}`)
	for body, want := range map[string]string{`{"qty":"13"}`: "[max_position_qty max_order_notional]", `{"limit_price":"121"}`: "[max_order_notional]"} {
		_, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, body))
		if got := fmt.Sprint(broken(t, err)); got != want {
			t.Errorf("%s is refused by %s, want %s", body, got, want)
		}
	}
	if _, err := d.service.Replace(t.Context(), d.owner, old.ID, "", change(t, `{"qty":"12"}`)); err != nil {
		t.Errorf("within the limits: %v", err)
	}
	if err := place(d, request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`)); fmt.Sprint(broken(t, err)) != "[max_position_qty max_open_orders]" {
		t.Errorf("one more is refused by %v", err)
	}
}

// Positions are closed by our own orders: whole, in part, long and short; once,
// however often it is asked for; and only as far as there is something to
// close.
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

	// A retry has the same result, although there is less to close by then.
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
	// A closing that never arrived is sent by its retry, for what is held by
	// then.
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

// A closing that a wind-down sent again and Alpaca took is placed, whatever its
// first sending was answered after that.
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

// A retry that finds nothing left to close, because the first request closed it
// after the retry had begun, gets the first one's result, and not a refusal.
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

// A closing that is still being prepared when its retry is refused sends
// nothing, even where it would be allowed by then.
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

// buy trades at the market, and waits until that is done.
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

// A pair of coins has a slash in orders and none in positions; it is one
// position, and closed by either name.
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
		d.turn("reduce_only") // selling all of it is accepted, so the guards know the position
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

// A position can be closed although its last closing order is still open in the
// mirror, because without a stream nothing says that it is over.
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

// An open exit holds what is to be sold: where asked to, closing cancels it
// first, and so does closing everything.
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
		d.turn("reduce_only") // the guards know at once that the exit holds nothing any more
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
	}
}

// An order with an unknown outcome counts until a person has looked. Only such
// an order can be dismissed, and only by somebody who may trade.
func TestDismiss(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.answers(say(500, `{}`))
	placed, err := d.service.Place(t.Context(), d.owner, "", request(t, buyLimit))
	if err != nil {
		t.Fatal(err)
	}
	id := d.read(placed.Order).ID
	d.guards(`{"max_open_orders":1}`)
	if _, err := d.service.Dismiss(t.Context(), d.owner, id); !problem.Is(err, problem.OrderNotUnknown) {
		t.Errorf("while it is looked for: %v", err)
	}
	d.exec(`update app.alpaca_orders set intent_state = 'unknown', status = 'unknown' where id = $1`, id)
	if got := broken(t, place(d, request(t, buyLimit))); fmt.Sprint(got) != "[max_open_orders]" {
		t.Errorf("beside an unclear order another is refused by %v", got)
	}
	if _, err := d.service.Dismiss(t.Context(), d.viewer, id); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	for range 2 {
		raw, err := d.service.Dismiss(t.Context(), d.owner, id)
		if o := d.read(raw); err != nil || o.State != "dismissed" || o.Status != "rejected" {
			t.Errorf("%s, %v", raw, err)
		}
	}
	d.answers(nil)
	if err := place(d, request(t, buyLimit)); err != nil {
		t.Errorf("once it is dismissed: %v", err)
	}
	if _, err := d.service.Dismiss(t.Context(), d.owner, uuid.New()); !problem.Is(err, problem.OrderNotFound) {
		t.Errorf("an order that is not there: %v", err)
	}
}

// A preview says what an order would cost and what is left, its market session
// and its collisions; and nothing is sent.
func TestPreview(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.sim.SetPrice("AAPL", decimal.NewFromInt(150))
	d.synced()
	d.holds("AAPL", "10", "150")
	preview := func(body string) *trading.Preview {
		t.Helper()
		p, err := d.service.Preview(t.Context(), d.owner, request(t, body))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := preview(`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100"}`)
	if p.EstimatedCost.String() != "200" || !p.BuyingPower.Now.Sub(*p.BuyingPower.After).Equal(decimal.NewFromInt(200)) || !p.BuyingPower.Enough || !p.Allowed || p.Held.String() != "10" || len(p.Warnings) != 0 {
		t.Errorf("a limit order: %+v", p)
	}
	if p.Session.Name != "regular" || p.Session.NextClose.IsZero() {
		t.Errorf("the session is %+v", p.Session)
	}
	p = preview(`{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"10","limit_price":"200"}`)
	if p.EstimatedCost.String() != "-2000" || !p.BuyingPower.Now.Equal(*p.BuyingPower.After) {
		t.Errorf("what closes takes nothing: cost %s, %+v", p.EstimatedCost, p.BuyingPower)
	}
	p = preview(`{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"20","limit_price":"200"}`)
	if !p.BuyingPower.Now.Sub(*p.BuyingPower.After).Equal(decimal.NewFromInt(2000)) {
		t.Errorf("the half that opens takes its worth: %+v", p.BuyingPower)
	}
	p = preview(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1000000"}`)
	if p.BuyingPower.Enough || len(p.Warnings) != 1 || p.Warnings[0].Code != problem.InsufficientBuyingPower {
		t.Errorf("too much: %+v", p)
	}
	p = preview(`{"symbol":"BTC/USD","side":"buy","type":"market","time_in_force":"gtc","notional":"12.34"}`)
	if p.EstimatedCost.String() != "12.34" || p.BuyingPower.Kind != "non_marginable_buying_power" || p.Session.Name != "continuous" {
		t.Errorf("coins: %+v", p)
	}
	p = preview(`{"symbol":"NOPE","side":"buy","type":"market","time_in_force":"day","qty":"1"}`)
	if p.EstimatedCost != nil || len(p.Warnings) != 1 || p.Warnings[0].Code != problem.AssetUnknown {
		t.Errorf("an unknown symbol: %+v", p)
	}
	d.resting("mine", "1", "90")
	p = preview(`{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`)
	var collisions []struct {
		ClientOrderID string `json:"client_order_id"`
	}
	if err := json.Unmarshal(p.Collisions, &collisions); err != nil || len(collisions) != 1 || collisions[0].ClientOrderID != "mine" {
		t.Errorf("collisions: %s", p.Collisions)
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent, want the one that rests", n)
	}
	if _, err := d.service.Preview(t.Context(), d.viewer, request(t, buyLimit)); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	if _, err := d.service.Preview(t.Context(), d.owner, request(t, `{"symbol":"AAPL"}`)); !problem.Is(err, problem.InvalidOrder) {
		t.Errorf("half an order: %v", err)
	}
}

// An order that Alpaca refuses as a possible wash trade names the other order.
func TestWashTradeNamesTheOrder(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.buy("AAPL", "buy", "5")
	mine := d.resting("mine", "1", "90")
	err := place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`))
	p := problem.Of(err)
	details, _ := p.Details.(map[string]any)
	orders, _ := details["collisions"].([]json.RawMessage)
	if p.Code != problem.OrderRejected || len(orders) != 1 || d.read(orders[0]).ID != mine.ID || p.Broker == nil || p.Broker.Code != 40310000 {
		t.Errorf("%v, details %v", err, p.Details)
	}

	// An order that was placed elsewhere is named by Alpaca's id alone.
	outside := alpaca.NewClient(alpaca.ClientOpts{APIKey: d.seed.KeyID, APISecret: d.seed.SecretKey, BaseURL: d.server.URL, RetryLimit: -1})
	if err := outside.CancelAllOrders(); err != nil {
		t.Fatal(err)
	}
	d.sim.Step()
	one, low := decimal.NewFromInt(1), decimal.NewFromInt(1)
	theirs, err := outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &one, Side: alpaca.Buy, Type: alpaca.Limit, TimeInForce: alpaca.GTC, LimitPrice: &low})
	if err != nil {
		t.Fatal(err)
	}
	p = problem.Of(place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`)))
	text, err := json.Marshal(p.Details)
	if want := `{"collisions":[],"existing_order_id":"` + theirs.ID + `"}`; err != nil || string(text) != want {
		t.Errorf("%v: the details are %s (%v), want %s", p, text, err, want)
	}
}

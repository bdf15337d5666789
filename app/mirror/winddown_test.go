package mirror_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/trading"
)

// turn turns the account's switch, with an idempotency key that may be empty.
func (w *world) turn(key string, to trading.Switch) trading.Turned {
	w.t.Helper()
	turned, err := w.trading().Turn(w.t.Context(), w.account, key, to)
	if err != nil {
		w.t.Fatal(err)
	}
	return turned
}

// windDown returns the state and the message of the newest wind-down.
func (w *world) windDown() string {
	w.t.Helper()
	return scan[string](w, `select coalesce((select state || ' ' || coalesce(message, '') from app.wind_downs where account_id = $1
		order by asked_at desc limit 1), 'none')`, w.account.Account)
}

// windsDown moves the market until the newest wind-down has the state want.
func (w *world) windsDown(want string) {
	w.t.Helper()
	state := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w.sim.Step()
		if state = scan[string](w, `select state from app.wind_downs where account_id = $1 order by asked_at desc limit 1`, w.account.Account); state == want {
			return
		}
	}
	w.t.Fatalf("the wind-down is %q, want %q: %s", state, want, scan[string](w, `select remaining::text from app.wind_downs order by asked_at desc limit 1`))
}

// wantFlat fails unless nothing is held at the broker and no order is open.
func (w *world) wantFlat() {
	w.t.Helper()
	if held := w.sim.Positions(w.seed.KeyID); len(held) != 0 {
		w.t.Errorf("still held: %+v", held)
	}
	for _, o := range w.sim.Orders(w.seed.KeyID) {
		if !broker.IsOver(o.Status) {
			w.t.Errorf("an order of %s %s is %s", o.Side, o.Symbol, o.Status)
		}
	}
}

// holding buys shares outside of Paddock and waits until the mirror has the
// position.
func (w *world) holding(symbol, qty string) {
	w.t.Helper()
	w.sim.SetAlwaysOpen(true)
	w.buy(symbol, qty, "opens "+symbol)
	w.sim.Step()
	w.eventually("the position", func() bool { return w.held(symbol) == qty })
}

// rests places a limit order outside of Paddock that is not filled.
func (w *world) rests(symbol, side, qty, limit, clientOrderID string) {
	w.t.Helper()
	amount, price := decimal.RequireFromString(qty), decimal.RequireFromString(limit)
	if _, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: symbol, Qty: &amount, Side: alpaca.Side(side), Type: alpaca.Limit,
		TimeInForce: alpaca.GTC, LimitPrice: &price, ClientOrderID: clientOrderID}); err != nil {
		w.t.Fatal(err)
	}
}

// A halt with all its options runs to its end. The switch turns first, then
// orders are canceled and positions closed by orders of Paddock's. Afterwards
// no order is accepted, and Alpaca refuses orders too.
func TestHaltWithEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.holding("AAPL", "10")
	w.rests("TSLA", "buy", "1", "1", "far")
	w.rests("AAPL", "sell", "10", "9000", "exit")
	yes := true
	turned := w.turn("", trading.Switch{To: "halted", Reason: "enough", Liquidate: true, SuspendTrade: &yes})
	if got := scan[string](w, `select switch from app.account_guards`); got != "halted" {
		t.Errorf("the switch is %s while positions are closed", got)
	}
	if len(turned.Steps) != 3 || turned.Steps[2].Name != "suspend_trade" || !turned.Steps[0].Done || turned.WindDown == nil {
		t.Errorf("%+v", turned)
	}
	w.windsDown("done")
	w.wantFlat()
	if _, err := w.trading().Place(t.Context(), w.account, "", orderRequest("after")); !problem.Is(err, problem.GuardRefused) {
		t.Errorf("afterwards: %v", err)
	}
	w.turn("", trading.Switch{To: "open"})
	if _, err := w.trading().Place(t.Context(), w.account, "", orderRequest("suspended")); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("an order that Alpaca is still to refuse: %v", err)
	}
	w.wantNoGap()
}

// A wind-down survives the end of its server: the account's next lease holder
// resumes it. Closings that are at the broker already are neither sent again
// nor canceled.
func TestAWindDownOutlivesItsServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.holding("AAPL", "10")
	w.turn("key", trading.Switch{To: "halted", Liquidate: true})
	w.eventually("the closing at the broker", func() bool {
		return scan[int](w, `select count(*) from app.alpaca_orders where wind_down_id is not null and intent_state = 'accepted'`) == 1
	})
	stop()
	w.run()
	time.Sleep(500 * time.Millisecond) // time for several rounds of the next holder
	if n := scan[int](w, `select count(*) from app.alpaca_orders where wind_down_id is not null`); n != 1 {
		t.Errorf("there are %d closings", n)
	}
	w.windsDown("done")
	w.wantFlat()
	// The retry of the request does not turn the switch and starts no
	// wind-down.
	w.turn("", trading.Switch{To: "open"})
	w.turn("key", trading.Switch{To: "halted", Liquidate: true})
	if got := scan[string](w, `select switch from app.account_guards`); got != "open" {
		t.Errorf("a retry turned the switch to %s", got)
	}
	if n := scan[int](w, `select count(*) from app.wind_downs`); n != 1 {
		t.Errorf("there are %d wind-downs", n)
	}
	if _, err := w.trading().Turn(t.Context(), w.account, "key", trading.Switch{To: "halted"}); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another request with its key: %v", err)
	}
}

// lostIntent inserts an intent without an answer, as a server leaves it that
// dies while it sends the order.
func (w *world) lostIntent(clientOrderID, side string, reduceOnly bool) {
	w.t.Helper()
	w.exec(`set session_replication_role = replica`)
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, request_hash, request, submitted_by, symbol, side, type, time_in_force, qty, reduce_only,
			position_intent, created_at, updated_at)
		values ($1, $2, '\x00', '{}', 'u1', 'AAPL', $3, 'market', 'day', 10, $4, case when $4 then $3 || '_to_close' end,
			now() - interval '5 seconds', now() - interval '5 seconds')`, w.account.Account, clientOrderID, side, reduceOnly)
	w.exec(`set session_replication_role = origin`)
}

// arrives places the order of a lost intent at the broker, as if it had arrived
// late.
func (w *world) arrives(clientOrderID, side string) {
	w.t.Helper()
	ten := decimal.NewFromInt(10)
	if _, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &ten, Side: alpaca.Side(side), Type: alpaca.Market,
		TimeInForce: alpaca.Day, ClientOrderID: clientOrderID}); err != nil {
		w.t.Fatal(err)
	}
}

// An order that was on its way when the account was halted is canceled, or what
// it opened is closed, whether or not the halt had anything else to do. What it
// only reduced stays.
func TestOrdersOnTheirWayWhenTheAccountHalts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		side, limit, before, after string
	}{
		"it rests":          {side: "buy", limit: "1", after: "nothing"},
		"it opens":          {side: "buy", after: "0"},
		"it opens more":     {side: "buy", before: "5", after: "5"},
		"it opens a short":  {side: "sell", after: "0"},
		"it reduces":        {side: "sell", before: "20", after: "10"},
		"it closes a third": {side: "sell", before: "30", after: "20"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.run()
			w.sim.SetAlwaysOpen(true)
			if c.before != "" {
				w.holding("AAPL", c.before)
			}
			w.eventually("the first agreement", func() bool { return w.agreed() != nil })
			w.lostIntent("late", c.side, false)
			if c.limit != "" {
				w.exec(`update app.alpaca_orders set type = 'limit', time_in_force = 'gtc', limit_price = $1::numeric where client_order_id = 'late'`, c.limit)
			}
			turned := w.turn("", trading.Switch{To: "halted"})
			if !turned.Running {
				t.Fatalf("no wind-down waits for the order on its way: %+v", turned)
			}
			if c.limit != "" {
				w.rests("AAPL", c.side, "10", c.limit, "late")
			} else {
				w.arrives("late", c.side)
				w.sim.Step() // the order fills before it can be canceled
			}
			w.windsDown("done")
			w.eventually("the position", func() bool { return w.held("AAPL") == c.after })
			if c.limit != "" {
				w.wantFlat()
			}
		})
	}
}

// A closing whose answer was lost is sent again under its own client_order_id,
// which Alpaca accepts only once. So it does not stop a liquidation, and
// nothing is sold twice, whether or not the first sending arrived.
func TestALostClosingIsSentAgainOnce(t *testing.T) {
	t.Parallel()
	for _, arrives := range []bool{false, true} {
		t.Run(fmt.Sprintf("arrives %v", arrives), func(t *testing.T) {
			w := newWorld(t)
			w.run()
			w.holding("AAPL", "10")
			w.lostIntent("lost", "sell", true)
			if arrives {
				w.front.orders.Store(0)
				ten := decimal.NewFromInt(10)
				if _, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &ten, Side: alpaca.Sell, Type: alpaca.Market,
					TimeInForce: alpaca.Day, ClientOrderID: "lost"}); err != nil {
					t.Fatal(err)
				}
			}
			w.turn("", trading.Switch{To: "halted", Liquidate: true})
			w.windsDown("done")
			w.wantFlat()
			sold := decimal.Zero
			for _, o := range w.sim.Orders(w.seed.KeyID) {
				if o.Side == "sell" {
					sold = sold.Add(o.FilledQty)
				}
			}
			if sold.String() != "10" {
				t.Errorf("%s were sold", sold)
			}
		})
	}
}

// A closing may be sent again because its first answer was lost, although the
// first sending may still arrive. So if the second sending is refused or does
// not arrive, the closing is neither rejected nor unsent.
func TestARefusedSecondSendingSaysNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"refused":           {http.StatusForbidden, `{"code":40310000,"message":"insufficient qty available for order (requested: 10, available: 0)"}`},
		"not processable":   {http.StatusUnprocessableEntity, `{"code":42210000,"message":"no"}`},
		"too many requests": {http.StatusTooManyRequests, `{"code":42910000,"message":"too many requests"}`},
		"away":              {http.StatusServiceUnavailable, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(func(c *mirror.Config) { c.WindDownPause = 100 * time.Millisecond })
			w.holding("AAPL", "10")
			w.front.orders.Store(0)
			w.front.answerOrders.Store(func(rw http.ResponseWriter, _ *http.Request) {
				rw.WriteHeader(answer.status)
				_, _ = rw.Write([]byte(answer.body)) // the client checks what arrives
			})
			w.lostIntent("lost", "sell", true)
			w.turn("", trading.Switch{To: "halted", Liquidate: true})
			w.eventually("the second sending", func() bool { return w.front.orders.Load() > 1 })
			if got := w.order("lost"); got != "submitting submitting 0" {
				t.Errorf("the closing is %s", got)
			}
			ten := decimal.NewFromInt(10)
			direct := alpaca.NewClient(alpaca.ClientOpts{APIKey: w.seed.KeyID, APISecret: w.seed.SecretKey, BaseURL: w.direct(), RetryLimit: -1})
			if _, err := direct.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &ten, Side: alpaca.Sell, Type: alpaca.Market,
				TimeInForce: alpaca.Day, ClientOrderID: "lost"}); err != nil {
				t.Fatal(err)
			}
			w.windsDown("done")
			w.wantFlat()
			if got := w.order("lost"); got != "accepted filled 10" {
				t.Errorf("the closing that had arrived is %s", got)
			}
		})
	}
}

// A wind-down that the broker refuses says what is left and why. It tries again
// when the switch is turned again.
func TestAWindDownThatIsRefusedTellsAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.WindDownPause = time.Millisecond })
	w.holding("AAPL", "10")
	w.front.refuseOrders.Store(true)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.windsDown("stuck")
	if got := scan[string](w, `select remaining->'positions'->0->>'message' from app.wind_downs`); got != "not today" {
		t.Errorf("the message is %q", got)
	}
	if n := scan[int](w, `select count(*) from app.account_events where kind = 'guard' and data->'wind_down'->>'state' = 'stuck'`); n != 1 {
		t.Errorf("%d events say that it is stuck", n)
	}
	w.front.refuseOrders.Store(false)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.windsDown("done")
	w.wantFlat()
}

// Without working keys nothing can be wound down, and the request says so at
// once. With new keys the wind-down continues.
func TestAWindDownWaitsForKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.holding("AAPL", "10")
	w.exec(`update private.user_credentials set rejected_at = now()`)
	turned := w.turn("", trading.Switch{To: "halted", Liquidate: true})
	if turned.Running || turned.Steps[1].Done {
		t.Errorf("without keys: %+v", turned)
	}
	if got := scan[string](w, `select switch from app.account_guards`); got != "halted" {
		t.Errorf("the switch is %s", got)
	}
	w.storeKeys()
	w.windsDown("done")
	w.wantFlat()
}

// Turning the switch again without asking for more does not end a wind-down. A
// turn that asks for something replaces it by one that also does what was asked
// before. Opening the account ends it.
func TestTurnsOfTheSwitchWhileItIsWoundDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.holding("AAPL", "10")
	stop()
	w.exec(`update app.stream_leases set holder = null`)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.turn("", trading.Switch{To: "halted", Reason: "again"})
	if got := w.windDown(); got != "running " {
		t.Errorf("after a turn that asks for nothing the wind-down is %s", got)
	}
	w.turn("", trading.Switch{To: "reduce_only", CancelOrders: true})
	if got := scan[string](w, `select string_agg(state || ' ' || liquidate, ', ' order by asked_at) from app.wind_downs`); got != "superseded true, running true" {
		t.Errorf("after a turn that asks for less the wind-downs are %s", got)
	}
	w.turn("", trading.Switch{To: "open"})
	if got := w.windDown(); got != "superseded " {
		t.Errorf("opened again, it is %s", got)
	}
}

// A closing that traded more than was held becomes an event. If the account's
// guards say so, the excess is traded back, on a halted account too.
func TestAnOvershootIsToldAndTradedBack(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		t.Run(fmt.Sprintf("trades back %v", back), func(t *testing.T) {
			w := newWorld(t)
			w.run()
			w.sim.SetAlwaysOpen(true)
			w.eventually("the first agreement", func() bool { return w.agreed() != nil })
			if _, err := w.trading().SetGuards(t.Context(), w.account, trading.Limits{BuyBackOvershoot: back}); err != nil {
				t.Fatal(err)
			}
			// Without a position_intent, as in closings of coins, Alpaca
			// accepts the order although it closes nothing.
			w.lostIntent("late", "sell", true)
			w.exec(`set session_replication_role = replica; update app.alpaca_orders set position_intent = null; set session_replication_role = origin`)
			w.arrives("late", "sell")
			w.sim.Step()
			w.eventually("the overshoot to be told", func() bool {
				return scan[int](w, `select count(*) from app.account_events where data->>'event' = 'overshot' and data->>'overshot_qty' = '10'`) == 1
			})
			if !back {
				if n := scan[int](w, `select count(*) from app.wind_downs`); n != 0 {
					t.Errorf("%d repairs, although the guards do not ask for one", n)
				}
				return
			}
			w.windsDown("done")
			w.wantFlat()
		})
	}
}

// A halt ends even if orders on their way never arrived and the account has few
// requests to Alpaca, because the wind-down leaves enough requests for the
// look-ups that mark those orders unknown.
func TestAHaltEndsWhereOrdersNeverArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *alpacasim.Config) { c.RateLimit = 120 })
	w.run(func(c *mirror.Config) { c.LookupWindow = 5 * time.Second })
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	for _, name := range []string{"one", "two"} {
		w.lostIntent(name, "buy", false)
	}
	w.turn("", trading.Switch{To: "halted", CancelOrders: true, Liquidate: true})
	w.windsDown("done")
	if got := scan[string](w, `select string_agg(distinct intent_state, ' ') from app.alpaca_orders where client_order_id in ('one', 'two')`); got != "unknown" {
		t.Errorf("the orders that never arrived are %s", got)
	}
}

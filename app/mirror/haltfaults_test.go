package mirror_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/trading"
)

// A repair, a wind-down that trades an overshoot back, does not delay a halt
// while it waits for the market: orders are canceled and positions closed at
// the same time.
func TestARepairKeepsNobodyFromHalting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.holding("AAPL", "10")
	w.exec(`insert into app.wind_downs (account_id, repair_symbol, repair_qty) values ($1, 'AAPL', 4)`, w.account.Account)
	w.eventually("the repair's closing at the broker", func() bool {
		return scan[int](w, `select count(*) from app.alpaca_orders where wind_down_id is not null and intent_state = 'accepted'`) == 1
	})
	w.rests("TSLA", "buy", "1", "1", "far")
	w.turn("", trading.Switch{To: "halted", CancelOrders: true})
	w.eventually("the open order to be canceled", func() bool {
		for _, o := range w.sim.Orders(w.seed.KeyID) {
			if o.Symbol == "TSLA" {
				return o.Status == "canceled"
			}
		}
		return false
	})
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.windsDown("done")
	w.wantFlat()
}

// A wind-down that waits for keys ends when the account is opened. Storing keys
// afterwards closes nothing.
func TestKeysResumeNoWindDownOfAnOpenAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.holding("AAPL", "10")
	w.exec(`update private.user_credentials set rejected_at = now()`)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.turn("", trading.Switch{To: "open"})
	w.storeKeys()
	if got := scan[string](w, `select state from app.wind_downs`); got != "superseded" {
		t.Errorf("after the account was opened and keys were stored, the wind-down is %s", got)
	}
}

// countWarnings counts the log records with one text.
type countWarnings struct {
	slog.Handler
	text string
	n    atomic.Int64
}

func (c *countWarnings) Handle(_ context.Context, r slog.Record) error {
	if r.Message == c.text {
		c.n.Add(1)
	}
	return nil
}

func (c *countWarnings) Enabled(context.Context, slog.Level) bool { return true }

func (c *countWarnings) WithAttrs([]slog.Attr) slog.Handler { return c }

// An outage of the broker, however long, does not end a wind-down. The
// wind-down reports the outage, and closes what is left when the broker
// responds again.
func TestAnOutageEndsNoWindDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rounds := &countWarnings{Handler: slog.DiscardHandler, text: "a round of a wind-down failed and is tried again"}
	w.run(func(c *mirror.Config) { c.WindDownPause, c.Logger = 1, slog.New(rounds) })
	w.holding("AAPL", "10")
	w.front.away.Store(true)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.eventually("twenty rounds, or a wind-down that gives up", func() bool { return rounds.n.Load() > 20 || w.windDown()[:5] == "stuck" })
	w.eventually("the outage to be told", func() bool { return w.windDown() != "running " })
	if got := w.windDown(); got[:7] != "running" {
		t.Errorf("during the outage it is %s", got)
	}
	w.front.away.Store(false)
	w.windsDown("done")
	w.wantFlat()
}

// A closing of a person whose answer was lost is sent again only if the halt is
// to close positions. Otherwise it is only looked up.
func TestAHaltSendsNoLostClosingOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.holding("AAPL", "10")
	w.lostIntent("lost", "sell", true)
	w.lostIntent("other", "buy", false)
	w.turn("", trading.Switch{To: "halted", CancelOrders: true})
	w.front.lookedUp.Store(0)
	w.eventually("rounds", func() bool {
		return scan[bool](w, `select canceled_at < clock_timestamp() - interval '2 seconds' from app.wind_downs`)
	})
	for _, o := range w.sim.Orders(w.seed.KeyID) {
		if o.ClientOrderID == "lost" {
			t.Error("a closing was sent after a halt that was not to close positions")
		}
	}
}

// If an order appears that was unknown or dismissed when its account was
// halted, it is canceled, and what it opened is closed.
func TestAnOrderThatAppearsOnAHaltedAccount(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]string{"it rests": "1", "it fills": ""} {
		for _, state := range []string{"unknown", "dismissed"} {
			t.Run(name+" "+state, func(t *testing.T) {
				w := newWorld(t)
				m, _ := w.run()
				w.sim.SetAlwaysOpen(true)
				w.eventually("the first agreement", func() bool { return w.agreed() != nil })
				w.lostIntent("late", "buy", false)
				w.exec(`update app.alpaca_orders set intent_state = $1, status = case $1 when 'unknown' then 'unknown' else 'rejected' end`, state)
				w.turn("", trading.Switch{To: "halted", CancelOrders: true})
				w.windsDown("done")
				if limit != "" {
					w.exec(`update app.alpaca_orders set type = 'limit', time_in_force = 'gtc', limit_price = $1::numeric where client_order_id = 'late'`, limit)
					w.rests("AAPL", "buy", "10", limit, "late")
				} else {
					w.arrives("late", "buy")
				}
				m.Wake()
				w.eventually("a wind-down of it", func() bool {
					w.sim.Step()
					return scan[int](w, `select count(*) from app.wind_downs`) == 2
				})
				w.windsDown("done")
				w.wantFlat()
			})
		}
	}
}

// A liquidation is done when the broker holds nothing. A position whose
// quantity cannot be read does not count as nothing: a person is told of it.
func TestALiquidationTellsOfAPositionThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.WindDownPause = time.Millisecond })
	w.holding("AAPL", "10")
	w.front.rewrite.Store(func(r *http.Request, answer []byte) []byte {
		if r.URL.Path != "/v2/positions" {
			return answer
		}
		odd := `{"symbol":"TSLA","qty":"","side":"long","asset_class":"us_equity"}`
		if rest := bytes.TrimPrefix(answer, []byte("[")); len(rest) > 3 {
			odd += ","
		}
		return append([]byte("["+odd), bytes.TrimPrefix(answer, []byte("["))...)
	})
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	w.windsDown("stuck")
	if got := scan[string](w, `select remaining->'positions'->0->>'symbol' from app.wind_downs`); got != "TSLA" {
		t.Errorf("what is left is %s", got)
	}
	w.wantFlat()
}

// What an order on its way opened counts as closed when its closing is filled,
// and not when that is accepted. A closing that ends unfilled later is made
// again.
func TestAClosingThatIsRejectedLaterIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.sim.SetAlwaysOpen(true)
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	w.lostIntent("late", "buy", false)
	w.turn("", trading.Switch{To: "halted"})
	w.buy("AAPL", "10", "late")
	w.sim.Step()
	closings := func() (open []string) {
		for _, o := range w.sim.Orders(w.seed.KeyID) {
			if o.Side == "sell" && o.Status != "canceled" {
				open = append(open, o.ID)
			}
		}
		return open
	}
	w.eventually("the closing to be waited for, or not", func() bool {
		state := w.windDown()
		return state == "done " || strings.Contains(state, "waits for the market")
	})
	if err := w.outside.CancelOrder(closings()[0]); err != nil {
		t.Fatal(err)
	}
	w.windsDown("done")
	w.wantFlat()
}

// A new turn of the switch takes over what orders on their way had opened, and
// what of that was closed already.
func TestATurnTakesOverWhatWasOnItsWay(t *testing.T) {
	t.Parallel()
	for _, closed := range []string{"0", "4"} {
		t.Run(closed+" closed", func(t *testing.T) {
			w := newWorld(t)
			_, stop := w.run()
			w.holding("AAPL", "5")
			w.lostIntent("late", "buy", false)
			stop()
			w.exec(`update app.stream_leases set holder = null`)
			w.turn("", trading.Switch{To: "halted"})
			// This is as if the order was found and filled, and partly closed,
			// before the server died.
			w.exec(`set session_replication_role = replica`)
			w.exec(`update app.alpaca_orders set intent_state = 'accepted', status = 'filled', filled_qty = 10, alpaca_order_id = gen_random_uuid() where client_order_id = 'late'`)
			w.exec(`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, reduce_only, wind_down_id, intent_state, status, filled_qty)
				select account_id, 'closing', 'u1', 'AAPL', 'sell', 'market', 'day', $1::numeric, true, id, 'accepted', 'filled', $1::numeric from app.wind_downs where $1::numeric > 0`, closed)
			w.exec(`update app.alpaca_positions set qty = 15 - $1::numeric`, closed)
			w.exec(`set session_replication_role = origin`)
			w.turn("", trading.Switch{To: "halted", CancelOrders: true})
			if got, want := scan[string](w, `select coalesce(trim_scale(sum(c.qty)), 0)::text from app.wind_downs w, app.closings_to_make(w.account_id, w.id) c
				where w.state = 'running'`), decimal.NewFromInt(10).Sub(decimal.RequireFromString(closed)).String(); got != want {
				t.Errorf("%s are to be closed, want %s", got, want)
			}
		})
	}
}

// If a bracket was on its way, its exits may have closed a part of what it
// opened. Only the rest is closed.
func TestWhatExitsClosedIsNotClosedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.holding("AAPL", "20")
	stop()
	w.lostIntent("late", "buy", false)
	w.turn("", trading.Switch{To: "halted"})
	w.exec(`set session_replication_role = replica`)
	w.exec(`update app.alpaca_orders set intent_state = 'accepted', order_class = 'bracket', status = 'filled', filled_qty = 10, alpaca_order_id = gen_random_uuid()
		where client_order_id = 'late'`)
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, intent_state, status, filled_qty,
			parent_alpaca_order_id, alpaca_order_id)
		select account_id, 'exit', 'u1', 'AAPL', 'sell', 'limit', 'gtc', 10, 'accepted', 'canceled', 4, alpaca_order_id, gen_random_uuid() from app.alpaca_orders
		where client_order_id = 'late'`)
	w.exec(`set session_replication_role = origin`)
	if got := scan[string](w, `select trim_scale(sum(c.qty))::text from app.wind_downs w, app.closings_to_make(w.account_id, w.id) c`); got != "6" {
		t.Errorf("%s are to be closed, want 6", got)
	}
}

// The retry of a turn changes nothing, even if the first request had nothing to
// do. So a late retry does not open an account that was halted meanwhile.
func TestTheRetryOfATurnTurnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turn("first", trading.Switch{To: "halted"})
	w.turn("second", trading.Switch{To: "open"})
	w.turn("third", trading.Switch{To: "halted"})
	w.turn("second", trading.Switch{To: "open"})
	if got := scan[string](w, `select switch from app.account_guards`); got != "halted" {
		t.Errorf("after the retry of an earlier turn the switch is %s", got)
	}
	if _, err := w.trading().Turn(t.Context(), w.account, "third", trading.Switch{To: "open"}); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another turn under the same key: %v", err)
	}
}

// A wind-down that pauses after a failure changes nothing on an account that
// was opened meanwhile.
func TestAnOpenedAccountIsNotWoundDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.WindDownPause = 6 * time.Second })
	w.holding("AAPL", "10")
	w.front.away.Store(true)
	w.turn("", trading.Switch{To: "halted", CancelOrders: true})
	w.eventually("the outage to be told", func() bool { return w.windDown() != "running " })
	w.turn("", trading.Switch{To: "open"})
	w.front.away.Store(false)
	w.rests("TSLA", "buy", "1", "1", "afterwards")
	w.eventually("the next round", func() bool {
		return scan[bool](w, `select updated_at < clock_timestamp() - interval '8 seconds' from app.wind_downs`)
	})
	for _, o := range w.sim.Orders(w.seed.KeyID) {
		if o.ClientOrderID == "afterwards" && o.Status == "canceled" {
			t.Error("an order of the open account was canceled")
		}
	}
}

// Opening the switch also ends what a wind-down does about orders on their way:
// what they open is not closed on an account that is open.
func TestOpeningEndsWhatWasOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.holding("AAPL", "5")
	w.lostIntent("late", "buy", false)
	stop()
	w.exec(`update app.stream_leases set holder = null`)
	for _, to := range []string{"halted", "reduce_only", "open", "open"} {
		w.turn("", trading.Switch{To: to})
		want := map[bool]int{true: 0, false: 1}[to == "open"]
		if got := scan[int](w, `select count(*) from app.wind_downs where state = 'running'`); got != want {
			t.Errorf("turned to %s, %d wind-downs run, want %d", to, got, want)
		}
	}
	w.arrives("late", "buy")
	w.sim.Step()
	w.run()
	w.eventually("the order to be found", func() bool {
		return scan[string](w, `select status from app.alpaca_orders where client_order_id = 'late'`) == "filled"
	})
	w.eventually("the mirror to agree", func() bool {
		return scan[string](w, `select coalesce(sum(qty), 0)::text from app.alpaca_positions where symbol = 'AAPL'`) == "15"
	})
	if n := scan[int](w, `select count(*) from app.alpaca_orders where reduce_only`); n != 0 {
		t.Errorf("%d closings were made", n)
	}
}

// If an order that a wind-down may not cancel holds what is to be closed, the
// wind-down says so, for the position and for itself, and continues when that
// order is over.
func TestAWindDownTellsWhichOrdersAreInItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.holding("AAPL", "5")
	stop()
	w.exec(`update app.stream_leases set holder = null`)
	w.lostIntent("late", "buy", false)
	w.turn("", trading.Switch{To: "halted"})
	w.arrives("late", "buy")
	w.sim.Step()
	w.rests("AAPL", "sell", "15", "9000", "exit")
	told := func() bool {
		position := scan[string](w, `select coalesce(remaining->'positions'->0->>'message', '') from app.wind_downs`)
		return strings.Contains(position, "trade AAPL already") && strings.HasPrefix(w.windDown(), "running Open orders that it does not cancel")
	}
	_, stop = w.run()
	w.eventually("the order in the way to be told", told)
	stop()

	// Another server that resumes it knows for how long it has been waiting.
	w.exec(`update app.wind_downs set message = null`)
	w.exec(`update app.stream_leases set holder = null`)
	lists := w.front.lists.Load()
	w.run()
	w.eventually("it to be told again", told)
	if n := w.front.lists.Load() - lists; n > 10 {
		t.Errorf("it was reported again only after orders were listed %d times", n)
	}
	for _, o := range w.sim.Orders(w.seed.KeyID) {
		if o.ClientOrderID == "exit" {
			if err := w.outside.CancelOrder(o.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.windsDown("done")
	if got := scan[string](w, `select qty::text from app.alpaca_positions where symbol = 'AAPL'`); got != "5" {
		t.Errorf("%s are held, want 5", got)
	}
}

// Alpaca accepts no market order for options while their market is closed. A
// closing of options then waits, says so, is not sent and refused again and
// again, and is sent when the market opens. Shares are closed with orders that
// wait at Alpaca.
func TestOptionsAreClosedWhenTheirMarketOpens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.WindDownPause = time.Millisecond })
	now, err := w.outside.GetClock()
	if err != nil {
		t.Fatal(err)
	}
	from := civil.DateOf(now.Timestamp)
	contracts, err := w.outside.GetOptionContracts(alpaca.GetOptionContractsRequest{
		UnderlyingSymbols: "AAPL", Type: alpaca.OptionTypeCall, ExpirationDateGTE: from.AddDays(14), ExpirationDateLTE: from.AddDays(30), TotalLimit: 1,
	})
	if err != nil || len(contracts) != 1 {
		t.Fatalf("contracts: %+v, %v", contracts, err)
	}
	option := contracts[0].Symbol
	w.holding(option, "2")
	w.holding("AAPL", "3")
	saturday := now.Timestamp.AddDate(0, 0, 1+int(time.Friday-now.Timestamp.Weekday()+7)%7) // the next Saturday
	w.sim.SetClock(time.Date(saturday.Year(), saturday.Month(), saturday.Day(), 12, 0, 0, 0, now.Timestamp.Location()))
	w.sim.SetAlwaysOpen(false)
	w.turn("", trading.Switch{To: "halted", Liquidate: true})
	var left string
	w.eventually("both to wait", func() bool {
		left = scan[string](w, "select coalesce(remaining->>'positions', '') from app.wind_downs")
		return strings.Contains(left, "market hours. It is sent again when the market opens.") && strings.Contains(w.windDown(), "waits for the market")
	})
	rounds := w.front.lists.Load()
	w.eventually("further rounds", func() bool { return w.front.lists.Load() > rounds+3 })
	refused := `select count(*) from app.alpaca_orders where symbol = $1 and intent_state = 'rejected'`
	if n := scan[int](w, refused, option); n != 1 || !strings.HasPrefix(w.windDown(), "running ") {
		t.Errorf("%d closings of the option were refused, the wind-down is %s: %s", n, w.windDown(), left)
	}
	w.sim.SetAlwaysOpen(true)
	w.windsDown("done")
	w.wantFlat()
	if n := scan[int](w, refused, option); n != 1 {
		t.Errorf("%d closings were refused in the end", n)
	}
}

package alpacasim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"paddock/app/alpacasim"
)

// When the market keeps hours, an order waits for a session in which it may
// trade, and its time in force decides when it expires.
func TestTimesInForce(t *testing.T) {
	const far, near = `"limit_price":"50"`, `"limit_price":"150"`
	const extended = `"extended_hours":true`
	for name, tt := range map[string]struct {
		placed string // New York's time
		order  string
		more   []string
		then   [][2]string // pairs of a time and the order's status after the market moved then
	}{
		"day, at night": {"2026-06-01 21:00", "buy 1 AAPL market day", nil, [][2]string{
			{"2026-06-01 22:00", "accepted"}, {"2026-06-02 09:29", "accepted"}, {"2026-06-02 09:30", "new"}, {"2026-06-02 09:31", "filled"}}},
		"day, never reached": {"2026-06-01 10:00", "buy 1 AAPL limit day", []string{far}, [][2]string{
			{"2026-06-01 15:59", "new"}, {"2026-06-01 16:00", "expired"}}},
		"day, of a half day": {"2026-11-27 10:00", "buy 1 AAPL limit day", []string{far}, [][2]string{
			{"2026-11-27 12:59", "new"}, {"2026-11-27 13:00", "expired"}}},
		"day, over the weekend": {"2026-06-05 17:00", "buy 1 AAPL limit day", []string{far}, [][2]string{
			{"2026-06-07 12:00", "accepted"}, {"2026-06-08 15:59", "new"}, {"2026-06-08 16:00", "expired"}}},
		"extended, before the market": {"2026-06-01 05:00", "buy 1 AAPL limit day", []string{near, extended}, [][2]string{{"2026-06-01 05:01", "filled"}}},
		"extended, overnight":         {"2026-05-31 20:30", "buy 1 AAPL limit day", []string{near, extended}, [][2]string{{"2026-05-31 20:31", "filled"}}},
		"extended, never reached": {"2026-06-01 10:00", "buy 1 AAPL limit day", []string{far, extended}, [][2]string{
			{"2026-06-01 16:30", "new"}, {"2026-06-01 20:00", "expired"}}},
		"not extended, after the market": {"2026-06-01 16:30", "buy 1 AAPL limit gtc", []string{near}, [][2]string{
			{"2026-06-01 16:31", "accepted"}, {"2026-06-02 09:30", "new"}, {"2026-06-02 09:31", "filled"}}},
		"good till canceled": {"2026-06-01 10:00", "buy 1 AAPL limit gtc", []string{far}, [][2]string{
			{"2026-06-02 10:00", "new"}, {"2026-08-30 12:00", "new"}, {"2026-09-01 10:00", "expired"}}},
		"on open": {"2026-06-01 09:00", "buy 1 AAPL market opg", nil, [][2]string{
			{"2026-06-01 09:29", "accepted"}, {"2026-06-01 09:30", "new"}, {"2026-06-01 09:31", "filled"}}},
		"on open, never reached": {"2026-06-01 19:30", "buy 1 AAPL limit opg", []string{far}, [][2]string{
			{"2026-06-02 09:29", "accepted"}, {"2026-06-02 09:30", "new"}, {"2026-06-02 09:31", "expired"}}},
		"on close": {"2026-06-01 11:00", "buy 1 AAPL market cls", nil, [][2]string{
			{"2026-06-01 15:59", "accepted"}, {"2026-06-01 16:00", "new"}, {"2026-06-01 16:01", "filled"}}},
		"at once, reached":       {"2026-06-01 10:00", "buy 1 AAPL limit ioc", []string{near}, [][2]string{{"2026-06-01 10:01", "filled"}}},
		"at once, not reached":   {"2026-06-01 10:00", "buy 1 AAPL limit ioc", []string{far}, [][2]string{{"2026-06-01 10:01", "canceled"}}},
		"at once, when closed":   {"2026-06-01 17:00", "buy 1 AAPL market ioc", nil, [][2]string{{"2026-06-01 17:01", "canceled"}}},
		"whole, not reached":     {"2026-06-01 10:00", "buy 1 AAPL limit fok", []string{far}, [][2]string{{"2026-06-01 10:01", "canceled"}}},
		"coins, on a Sunday":     {"2026-06-07 12:00", "buy 0.1 BTC/USD market gtc", nil, [][2]string{{"2026-06-07 12:01", "filled"}}},
		"an option, at night":    {"2026-06-01 21:00", "buy 1 AAPL270115C00100000 limit day", []string{`"limit_price":"90"`}, [][2]string{{"2026-06-02 09:00", "accepted"}, {"2026-06-02 09:30", "new"}, {"2026-06-02 09:31", "filled"}}},
		"a trailing stop at day": {"2026-06-01 10:00", "sell 1 AAPL trailing_stop day", []string{`"trail_price":"5"`}, [][2]string{{"2026-06-01 15:00", "new"}, {"2026-06-01 16:00", "expired"}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, keepHours)
			m.price("AAPL", "100")
			m.at(tt.placed)
			o := m.order(tt.order, tt.more...)
			for _, then := range tt.then {
				m.at(then[0])
				m.sim.Step()
				if got := m.now(o).text("status"); got != then[1] {
					t.Fatalf("at %s the order is %s, want %s", then[0], got, then[1])
				}
			}
		})
	}
}

// Orders for an auction are refused after its deadline.
func TestAuctionsHaveDeadlines(t *testing.T) {
	m := open(t, keepHours)
	for at, tif := range map[string]string{"2026-06-01 09:28": "opg", "2026-06-01 18:59": "opg", "2026-06-01 15:50": "cls"} {
		m.at(at)
		m.refused(422, 42210000, tif+" orders are accepted before", "buy 1 AAPL market "+tif)
	}
}

// A market order for options is refused while the market is closed, for one
// contract and for several.
func TestMarketOrdersForOptionsAreOfTheirHours(t *testing.T) {
	m := open(t, keepHours)
	for at, status := range map[string]int{"2026-06-01 09:29": 422, "2026-06-01 09:30": 200, "2026-06-01 15:59": 200, "2026-06-01 16:00": 422, "2026-06-06 12:00": 422} {
		m.at(at)
		for _, body := range []string{
			`{"symbol":"AAPL270115C00100000","qty":"1","side":"buy","type":"market","time_in_force":"day"}`,
			`{"order_class":"mleg","qty":"1","type":"market","time_in_force":"day","legs":[
				{"symbol":"AAPL270115C00100000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"},
				{"symbol":"AAPL270115C00110000","ratio_qty":"1","side":"sell","position_intent":"sell_to_open"}]}`,
		} {
			got, text := m.send("POST", "/v2/orders", body)
			if got != status || status == 422 && !strings.Contains(string(text), "options market orders are only allowed during market hours") {
				t.Errorf("at %s: %d %s, want %d", at, got, text, status)
			}
		}
	}
}

// The stream sends an update when an order is accepted to wait for the market,
// and another when it goes to the market.
func TestWaitingOrdersAreTold(t *testing.T) {
	m := open(t, keepHours)
	m.at("2026-06-01 21:00")
	o := m.order("buy 1 AAPL market day")
	if o.text("expires_at") != "2026-06-02T20:00:00Z" {
		t.Errorf("it expires at %s", o.text("expires_at"))
	}
	m.at("2026-06-02 09:30")
	m.sim.Step()
	m.step()
	m.wantStory("accepted market, new market, fill market")
}

// With overnight trading off, an account's orders are not filled overnight.
func TestNoOvernightTrading(t *testing.T) {
	m := open(t, keepHours)
	m.at("2026-06-01 21:00")
	m.call(200, "PATCH", "/v2/account/configurations", `{"disable_overnight_trading":true}`)
	o := m.order("buy 1 AAPL limit day", `"limit_price":"1000"`, `"extended_hours":true`)
	m.step()
	m.want("overnight", o, "accepted 0")
	m.at("2026-06-02 04:00")
	m.sim.Step()
	m.step()
	m.want("before the market", o, "filled 1")
}

// A fill plan divides orders into equal parts, one for each move of the market.
// An ioc order gets the first part, and a fok order is canceled, since it is
// not filled whole.
func TestFillPlans(t *testing.T) {
	m := open(t)
	m.sim.SetFillPlan("AAPL", 3)
	o := m.order("buy 10 AAPL market day")
	whole, some := m.order("buy 10 AAPL market fok"), m.order("buy 10 AAPL market ioc")
	for i, want := range []string{"partially_filled 3", "partially_filled 6", "filled 10"} {
		m.step()
		m.want(fmt.Sprint("after move ", i+1), o, want, whole, "canceled 0", some, "canceled 3")
	}
	m.sim.SetFillPlan("AAPL", 0)
	large := m.order("buy 1000 AAPL market fok", `"client_order_id":"large"`)
	m.call(200, "GET", "/v2/orders:by_client_order_id?client_order_id=large", "")
	m.step()
	m.want("a large order that takes all or nothing", large, "filled 1000")
}

// While a symbol is halted its orders wait, and orders of other symbols are
// filled.
func TestHalts(t *testing.T) {
	m := open(t)
	m.sim.Halt("AAPL", true)
	o, other := m.order("buy 1 AAPL market day"), m.order("buy 1 AMD market day")
	m.step()
	m.want("in the halt", o, "new 0", other, "filled 1")
	m.sim.Halt("AAPL", false)
	m.step()
	m.want("after it", o, "filled 1")
}

// The figures of the last close are taken at the close, and do not change until
// the next one.
func TestTheDayCloses(t *testing.T) {
	m := open(t, keepHours)
	m.at("2026-06-01 10:00")
	m.price("AAPL", "100")
	m.order("buy 100 AAPL market day")
	m.step()
	m.price("AAPL", "120")
	m.at("2026-06-01 16:00")
	m.sim.Step()
	closed := m.figures()
	if !closed.LastEquity.Equal(closed.Equity) || !closed.LastEquity.GreaterThan(dec("101900")) {
		t.Errorf("after the close the account has %+v", closed)
	}
	m.price("AAPL", "130")
	m.step()
	if now := m.figures(); !now.LastEquity.Equal(closed.LastEquity) || !now.Equity.GreaterThan(dec("102900")) {
		t.Errorf("later it has %+v", now)
	}
	p := m.call(200, "GET", "/v2/positions/AAPL", "")
	if off := dec(p.text("unrealized_intraday_pl")).Sub(dec("1000")).Abs(); off.GreaterThan(dec("20")) || !dec(p.text("unrealized_pl")).GreaterThan(dec("2900")) {
		t.Errorf("since the close it gained %s, and since the purchase %s", p.text("unrealized_intraday_pl"), p.text("unrealized_pl"))
	}
	if a := m.call(200, "GET", "/v2/account", ""); a.text("balance_asof") != "2026-06-01" {
		t.Errorf("the balance is as of %s", a.text("balance_asof"))
	}
}

// The clock and the market's hours can be set while the simulator runs, and
// keep their setting after a restart.
func TestClockIsSet(t *testing.T) {
	file := t.TempDir() + "/state"
	keep := func(c *alpacasim.Config) { c.StateFile, c.Control = file, true }
	m := open(t, keep)
	m.call(200, "POST", "/_sim/clock?at=2026-06-06T12:00:00Z&always_open=false", "") // a Saturday; the time and the hours are set in one request
	for _, wrong := range []string{"at=noon", "offset=soon", "always_open=perhaps"} {
		m.call(400, "POST", "/_sim/clock?"+wrong, "")
	}
	o := m.order("buy 1 AAPL market day")
	if o.text("status") != "accepted" || o.text("created_at") != "2026-06-06T12:00:00Z" {
		t.Errorf("on a Saturday: %v", o)
	}
	m = open(t, keep)
	m.step()
	m.want("after a restart", o, "accepted 0")
	m.done(m.control().SetClockOffset(t.Context(), 0))
	m.done(m.control().SetAlwaysOpen(t.Context(), true))
	m.step()
	m.step()
	m.want("when it never closes", o, "filled 1")
	if at, err := time.Parse(time.RFC3339, m.now(o).text("filled_at")); err != nil || at.After(m.clock.now()) {
		t.Errorf("filled at %v (%v)", at, err)
	}
}

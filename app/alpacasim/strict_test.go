package alpacasim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

const exitPair = `"order_class":"oco","take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"}`
const shortExitPair = `"order_class":"oco","take_profit":{"limit_price":"90"},"stop_loss":{"stop_price":"110"}`
const shortBracket = `"order_class":"bracket","take_profit":{"limit_price":"90"},"stop_loss":{"stop_price":"110"}`

// A bracket must open a position and an oco order must close one. An order of
// one class that does the other is refused.
func TestBracketsEnterAndPairsLeave(t *testing.T) {
	for name, tt := range map[string]struct{ first, order, class, refused string }{
		"a bracket from flat":             {"", "buy 1 AAPL market day", bracket, ""},
		"a bracket that adds":             {"buy 2 AAPL market day", "buy 1 AAPL market day", bracket, ""},
		"a bracket that reduces":          {"buy 2 AAPL market day", "sell 1 AAPL market day", shortBracket, "bracket orders must be entry orders"},
		"a bracket that turns a position": {"buy 2 AAPL market day", "sell 3 AAPL market day", shortBracket, "bracket orders must be entry orders"},
		"a bracket that covers":           {"sell 2 AAPL market day", "buy 1 AAPL market day", bracket, "bracket orders must be entry orders"},
		"a bracket that adds to a short":  {"sell 2 AAPL market day", "sell 1 AAPL market day", shortBracket, ""},
		"a pair from flat":                {"", "sell 1 AAPL limit day", exitPair, "oco orders must be exit orders"},
		"a pair that leaves":              {"buy 2 AAPL market day", "sell 1 AAPL limit day", exitPair, ""},
		"a pair that adds":                {"buy 2 AAPL market day", "buy 1 AAPL limit day", shortExitPair, "oco orders must be exit orders"},
		"a pair that covers":              {"sell 2 AAPL market day", "buy 1 AAPL limit day", shortExitPair, ""},
		"a pair that adds to a short":     {"sell 2 AAPL market day", "sell 1 AAPL limit day", exitPair, "oco orders must be exit orders"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			m.price("AAPL", "100")
			if tt.first != "" {
				m.order(tt.first)
				m.step()
				m.price("AAPL", "100")
			}
			if tt.refused == "" {
				m.order(tt.order, tt.class)
				return
			}
			before := len(m.sim.Orders(m.seeds[0].KeyID))
			m.refused(422, 42210000, tt.refused, tt.order, tt.class)
			if n := len(m.sim.Orders(m.seeds[0].KeyID)); n != before {
				t.Errorf("%d orders are left of it", n-before)
			}
		})
	}
}

// An order can be replaced only after the market has it, and not while it is
// being canceled or replaced.
func TestWhichStatesAreReplaced(t *testing.T) {
	m := open(t, keepHours)
	m.at("2026-06-01 21:00")
	o := m.order("buy 2 AAPL limit day", `"limit_price":"50"`)
	replace := func(want int, says string) {
		t.Helper()
		status, text := m.send("PATCH", "/v2/orders/"+o.text("id"), `{"qty":"3"}`)
		if status != want || !strings.Contains(string(text), says) {
			t.Errorf("an order that is %s: %d %s, want %d %q", m.now(o).text("status"), status, text, want, says)
		}
	}
	replace(422, "cannot replace order in accepted status")
	m.at("2026-06-02 09:30")
	m.sim.Step()
	m.sim.Inject(alpacasim.CancelReject, 1, 0)
	m.call(204, "DELETE", "/v2/orders/"+o.text("id"), "")
	replace(422, "cannot replace order in pending_cancel status")
	m.step()
	m.sim.Inject(alpacasim.ReplaceReject, 1, 0)
	replace(200, "pending_new")
	replace(422, "cannot replace order in pending_replace status")
	m.step()
	replace(200, `"qty":"3"`)
	if n := len(m.sim.Orders(m.seeds[0].KeyID)); n != 3 {
		t.Errorf("there are %d orders", n)
	}
}

// An order that opens a position must be worth at least a dollar. An order that
// closes one may be worth less.
func TestLeastCost(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	const says = "cost basis must be >= minimal amount of order 1"
	m.refused(403, 40310000, says, "buy 0.005 AAPL market day")
	m.refused(403, 40310000, says, "buy 0.00001 BTC/USD market gtc")
	m.refused(403, 40310000, says, "buy 1 AAPL limit day", `"limit_price":"0.99"`)
	status, text := m.send("POST", "/v2/orders", `{"symbol":"AAPL","notional":"0.99","side":"buy","type":"market","time_in_force":"day"}`)
	if status != 403 || !strings.Contains(string(text), "40310000") {
		t.Errorf("99 cents' worth: %d %s", status, text)
	}
	m.order("buy 1 AAPL limit day", `"limit_price":"1"`, `"client_order_id":"least"`)
	m.list(207, "DELETE", "/v2/orders")
	m.order("buy 0.5 AAPL market day")
	m.step()
	small := m.order("sell 0.005 AAPL market day")
	m.step()
	m.want("a small sale", small, "filled 0.005")
}

// Invalid numbers and terms are refused, and the nearest valid ones are
// accepted.
func TestNumbersAndTerms(t *testing.T) {
	const option, fund = "AAPL270115C00200000", "SPY270115C00560000"
	for name, tt := range map[string]struct{ order, more, refused string }{
		"nine places":                          {"buy 0.123456789 AAPL market day", "", ""},
		"ten places":                           {"buy 0.1234567891 AAPL market day", "", "qty must be limited to 9 decimal places"},
		"ten places that say nothing":          {"buy 0.1234567890 AAPL market day", "", ""},
		"ten places of a coin":                 {"buy 0.1234567891 BTC/USD market gtc", "", "qty must be limited to 9 decimal places"},
		"a stop at once":                       {"buy 1 AAPL stop ioc", `"stop_price":"300"`, "stop orders cannot be ioc"},
		"a stop, whole":                        {"buy 1 AAPL stop fok", `"stop_price":"300"`, "stop orders cannot be fok"},
		"a stop limit at once":                 {"buy 1 AAPL stop_limit ioc", `"stop_price":"300","limit_price":"301"`, "stop orders cannot be ioc"},
		"a coin's stop limit at once":          {"buy 1 ETH/USD stop_limit ioc", `"stop_price":"9000","limit_price":"9001"`, "stop orders cannot be ioc"},
		"a limit at once":                      {"buy 1 AAPL limit ioc", `"limit_price":"1"`, ""},
		"an option by the cent":                {"buy 1 " + option + " limit day", `"limit_price":"2.99"`, ""},
		"an option by half a cent":             {"buy 1 " + option + " limit day", `"limit_price":"2.995"`, "limit price must be limited to 2 decimal places"},
		"an option from 3 dollars on":          {"buy 1 " + option + " limit day", `"limit_price":"3.05"`, ""},
		"an option between steps":              {"buy 1 " + option + " limit day", `"limit_price":"3.01"`, "priced in steps of 0.05"},
		"an option of a fund that is by cents": {"buy 1 " + fund + " limit day", `"limit_price":"7.07"`, ""},
		"the same by half a cent":              {"buy 1 " + fund + " limit day", `"limit_price":"7.075"`, "limit price must be limited to 2 decimal places"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			var more []string
			if tt.more != "" {
				more = []string{tt.more}
			}
			if tt.refused == "" {
				m.order(tt.order, more...)
				return
			}
			m.refused(422, 42210000, tt.refused, tt.order, more...)
		})
	}
	m := open(t)
	for price, want := range map[string]int{"1.23": 200, "1.234": 422} { // spreads are priced in cents
		m.call(want, "POST", "/v2/orders", strings.Replace(callSpread, `"40"`, fmt.Sprintf("%q", price), 1))
	}
	o := m.order("buy 1 "+option+" limit day", `"limit_price":"2.99"`)
	m.call(422, "PATCH", "/v2/orders/"+o.text("id"), `{"limit_price":"3.01"}`)
	m.call(200, "PATCH", "/v2/orders/"+o.text("id"), `{"limit_price":"3.05"}`)
	status, text := m.send("POST", "/v2/orders", `{"symbol":"AAPL","notional":"10.0000000001","side":"buy","type":"market","time_in_force":"day"}`)
	if status != 422 || !strings.Contains(string(text), "notional must be limited") {
		t.Errorf("ten places of dollars: %d %s", status, text)
	}
}

// An order for the closing auction must come ten minutes before the close, on
// half days too. From the evening on it is for the next day's auction.
func TestClosingAuctionsOfHalfDays(t *testing.T) {
	for at, taken := range map[string]bool{
		"2026-06-01 15:49": true, "2026-06-01 15:50": false, "2026-06-01 18:59": false, "2026-06-01 19:00": true,
		"2026-11-27 12:49": true, "2026-11-27 12:50": false, "2026-11-27 13:30": false, "2026-11-27 19:00": true,
		"2026-11-28 15:55": true, // a Saturday
		"2026-12-25 15:55": true,
	} {
		m := open(t, keepHours)
		m.at(at)
		if taken {
			m.order("buy 1 AAPL market cls")
		} else {
			m.refused(422, 42210000, "cls orders are accepted before", "buy 1 AAPL market cls")
		}
	}
}

// A replacement of an order for a coin may have any quantity with up to nine
// decimal places.
func TestReplacingCoins(t *testing.T) {
	m := open(t)
	o := m.order("buy 0.5 BTC/USD limit gtc", `"limit_price":"20000"`)
	o = m.call(200, "PATCH", "/v2/orders/"+o.text("id"), `{"qty":"0.25"}`)
	o = m.call(200, "PATCH", "/v2/orders/"+o.text("id"), `{"qty":"1.5"}`)
	if o.text("qty") != "1.5" {
		t.Errorf("the new one is %v", o)
	}
	m.call(422, "PATCH", "/v2/orders/"+o.text("id"), `{"qty":"0.1234567891"}`)
	m.sim.SetPrice("BTC/USD", dec("19000"))
	m.step()
	m.want("at its limit", o, "filled 1.5")
}

// The response to a new order has the status from before the market has it,
// pending_new. A moment later the status is new.
func TestFirstStatus(t *testing.T) {
	m := open(t, keepHours)
	m.price("AAPL", "100")
	for at, want := range map[string][2]string{
		"2026-06-01 10:00": {"pending_new", "new"}, "2026-06-01 21:00": {"accepted", "accepted"}, "2026-06-06 12:00": {"accepted", "accepted"},
	} {
		m.at(at)
		for _, words := range []string{"buy 1 AAPL limit day", "buy 1 AAPL limit gtc"} {
			o := m.order(words, `"limit_price":"50"`)
			if o.text("status") != want[0] || m.now(o).text("status") != want[1] {
				t.Errorf("at %s %s is returned as %s and then %s, want %v", at, words, o.text("status"), m.now(o).text("status"), want)
			}
		}
	}
	m.at("2026-06-08 10:00")
	m.order("buy 1 MSFT market day")
	m.step()
	if o := m.call(200, "DELETE", "/v2/positions/MSFT", ""); o.text("status") != "pending_new" {
		t.Errorf("a closing order is returned as %s", o.text("status"))
	}
	spread := m.call(200, "POST", "/v2/orders", callSpread)
	if spread.text("status") != "pending_new" || spread.legs()[0].text("status") != "pending_new" {
		t.Errorf("a spread is returned as %v", spread)
	}
	for _, u := range m.updates(0) {
		if u.text("event") == "pending_new" {
			t.Errorf("the stream sent %v", u)
		}
	}
}

// A position of coins is named without a slash, or with an escaped slash.
func TestPositionsOfCoins(t *testing.T) {
	m := open(t)
	m.order("buy 0.5 BTC/USD market gtc")
	m.step()
	m.call(404, "GET", "/v2/positions/BTC/USD", "")
	m.call(404, "DELETE", "/v2/positions/BTC/USD", "")
	for _, name := range []string{"BTCUSD", "BTC%2FUSD"} {
		if p := m.call(200, "GET", "/v2/positions/"+name, ""); p.text("symbol") != "BTCUSD" || p.text("qty") != "0.5" {
			t.Errorf("%s: %v", name, p)
		}
	}
	m.call(200, "DELETE", "/v2/positions/BTCUSD", "")
}

// The bars of a single symbol without any are null, and not an empty list.
func TestNoBarsAreNull(t *testing.T) {
	m := open(t)
	for path, want := range map[string]string{
		"/v2/stocks/NOPE/bars?timeframe=1Day":                  `"bars":null`,
		"/v2/stocks/AAPL/bars?timeframe=1Day":                  `"bars":[`,
		"/v2/stocks/bars?symbols=NOPE&timeframe=1Day":          `"bars":{}`,
		"/v2/stocks/NOPE/trades":                               `"trades":[]`,
		"/v1beta3/crypto/us/bars?symbols=NO/PE&timeframe=1Day": `"bars":{}`,
	} {
		if status, text := m.send("GET", path, ""); status != 200 || !strings.Contains(strings.ReplaceAll(string(text), "\n", ""), want) {
			t.Errorf("%s: %d %s, want %s", path, status, text, want)
		}
	}
}

// A held stop is for the quantity that its take-profit has not filled: after a
// partial fill, after a correction, after a bust, and when the stop becomes
// active.
func TestHeldStopsFollow(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	entry := m.order("buy 9 AAPL market day", bracket)
	m.step()
	profit, stop := entry.legs()[0], entry.legs()[1]
	qty := func(want string) {
		t.Helper()
		if got := m.now(stop).text("qty"); got != want {
			t.Errorf("the stop is for %s, want %s", got, want)
		}
	}
	qty("9")
	m.sim.SetFillPlan("AAPL", 3)
	m.price("AAPL", "111")
	m.step()
	m.want("in part", profit, "partially_filled 3", stop, "held 0")
	qty("6")
	executions := m.sim.Executions(m.seeds[0].KeyID)
	m.sim.Correct(executions[len(executions)-1].ID, dec("111"), dec("2"))
	qty("7")
	executions = m.sim.Executions(m.seeds[0].KeyID)
	m.sim.Bust(executions[len(executions)-1].ID)
	qty("9")
	m.step()
	qty("6")
	m.sim.SetFillPlan("AAPL", 0)
	m.price("AAPL", "89")
	m.step()
	m.step()
	m.want("stopped", profit, "canceled 3", stop, "filled 6")
	if !m.holds("AAPL").IsZero() {
		t.Errorf("%s are left", m.holds("AAPL"))
	}

	m.price("AAPL", "100") // the same with an oco order
	m.order("buy 9 AAPL market day")
	m.step()
	m.price("AAPL", "100")
	pair := m.order("sell 9 AAPL limit day", exitPair)
	stop = pair.legs()[0]
	m.sim.SetFillPlan("AAPL", 3)
	m.price("AAPL", "111")
	m.step()
	qty("6")
}

// The calendar knows extraordinary closures of the exchange.
func TestClosures(t *testing.T) {
	m := open(t)
	for day, open := range map[string]int{"2018-12-04": 1, "2018-12-05": 0, "2018-12-06": 1, "2025-01-08": 1, "2025-01-09": 0, "2025-01-10": 1, "2012-10-29": 0, "2001-09-12": 0} {
		if days := m.list(200, "GET", "/v2/calendar?start="+day+"&end="+day); len(days) != open {
			t.Errorf("%s has %v", day, days)
		}
	}
}

// Crypto fees are 0.25 % for a taker and less for a maker, rounded up, in each
// form in which the simulator can charge them.
func TestFeesOfCoins(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Control = true })
	m.call(400, "POST", "/_sim/crypto-fees?on=true&shape=round", "")
	fees := func() object {
		t.Helper()
		list := m.list(200, "GET", "/v2/account/activities/CFEE")
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	trade := func(words string, more ...string) alpacasim.Execution {
		t.Helper()
		m.order(words, more...)
		m.step()
		all := m.sim.Executions(m.seeds[0].KeyID)
		return all[len(all)-1]
	}
	m.sim.SetPrice("ETH/USD", dec("3000"))
	m.done(m.control().SetCryptoFees(t.Context(), true, alpacasim.FeesAlpaca))
	trade("buy 0.000333333 ETH/USD market gtc")
	if f := fees(); f.text("qty") != "-0.000000834" || f.text("symbol") != "ETHUSD" || f.text("description") != "Coin Pair Transaction Fee (Non USD)" || f.text("net_amount") != "0" || f.text("created_at") == "" {
		t.Errorf("the fee of a purchase: %v", f)
	}
	x := trade("buy 2 ETH/USD limit gtc", `"limit_price":"3100"`)
	if f := fees(); !dec(f.text("qty")).Equal(x.Qty.Mul(dec("-0.0025"))) {
		t.Errorf("the fee of a limit order that was filled at once: %v", f)
	}
	m.order("buy 2 ETH/USD limit gtc", `"limit_price":"2900"`)
	m.step()
	m.sim.SetPrice("ETH/USD", dec("2890"))
	m.step()
	if f := fees(); f.text("qty") != "-0.003" {
		t.Errorf("the fee of a limit order that had been open: %v", f)
	}
	cash := m.figures().Cash
	x = trade("sell 0.3333 ETH/USD market gtc")
	want := x.Qty.Mul(x.Price).Mul(dec("0.0025")).RoundUp(2)
	f := fees()
	if !dec(f.text("net_amount")).Equal(want.Neg()) || f.text("symbol") != "" || f.text("qty") != "0" || f.text("description") != "Coin Pair Transaction Fee (USD)" {
		t.Errorf("the fee of a sale: %v, want %s", f, want)
	}
	if got := m.figures().Cash.Sub(cash); !got.Equal(x.Qty.Mul(x.Price).Sub(want)) {
		t.Errorf("the sale brought %s", got)
	}

	m.done(m.control().SetCryptoFees(t.Context(), true, alpacasim.FeesDated))
	trade("buy 1 ETH/USD market gtc")
	if f := fees(); f["created_at"] != nil || f.text("date") != "2026-06-01" || !strings.HasPrefix(f.text("id"), "20260601000000000::") || f["sim_posted"] != nil {
		t.Errorf("the fee of a day: %v", f)
	}
	m.done(m.control().SetCryptoFees(t.Context(), true, alpacasim.FeesDaily))
	known, held := fees().text("id"), m.holds("ETH/USD")
	x = trade("buy 1 ETH/USD market gtc")
	if f := fees(); f.text("id") != known || !m.holds("ETH/USD").Equal(held.Add(dec("0.9975"))) {
		t.Errorf("before the day has ended %v is posted, and %s are held", f, m.holds("ETH/USD"))
	}
	m.at("2026-06-02 00:00")
	m.sim.Step()
	if f := fees(); f.text("id") == known || f.text("date") != "2026-06-01" || f["created_at"] != nil || f.text("qty") != "-0.0025" {
		t.Errorf("after the day %v is posted", f)
	}
	m.call(200, "POST", "/_sim/crypto-fees?on=true", "") // without a shape: the plain form
	trade("sell 1 ETH/USD market gtc")
	if f := fees(); f.text("symbol") != "ETH/USD" {
		t.Errorf("the fee in the plain form: %v", f)
	}
}

// A split is one entry in the list of activities, or two as at Alpaca: one that
// removes the old shares, and later one that adds the new ones.
func TestSplitsInTwoEntries(t *testing.T) {
	for query, tt := range map[string]struct {
		want  []string // quantity and subtype of the activities, oldest first
		group bool
		apart time.Duration
	}{
		"ratio=4":                            {[]string{"30 "}, false, 0},
		"ratio=4&shape=one":                  {[]string{"30 "}, false, 0},
		"ratio=4&shape=two":                  {[]string{"-10 FSPLIT", "40 FSPLIT"}, false, 5 * time.Second},
		"ratio=0.1&shape=two&seconds=180":    {[]string{"-10 RSPLIT", "1 RSPLIT"}, false, 3 * time.Minute},
		"ratio=4&shape=two&group=true":       {[]string{"-10 FSPLIT", "40 FSPLIT"}, true, 5 * time.Second},
		"ratio=4&shape=two&seconds=0":        {[]string{"-10 FSPLIT", "40 FSPLIT"}, false, 0},
		"ratio=4&shape=two&seconds=3&short=": {[]string{"10 FSPLIT", "-40 FSPLIT"}, false, 3 * time.Second},
	} {
		file := t.TempDir() + "/state"
		keep := func(c *alpacasim.Config) { c.Control, c.StateFile = true, file }
		m := open(t, keep)
		side := "buy"
		if strings.HasSuffix(query, "short=") {
			side = "sell"
		}
		m.order(side + " 10 AAPL market day")
		m.step()
		m.call(200, "POST", "/_sim/corporate-action?symbol=AAPL&kind=split&"+query, "") // not through simclient, so that the endpoint's defaults apply
		held := m.holds("AAPL")
		at := m.clock.now()
		m = open(t, keep) // the second entry is still to come after a restart
		m.clock.tick(at.Sub(m.clock.now()) + tt.apart - time.Second)
		m.sim.Step()
		if n := len(m.list(200, "GET", "/v2/account/activities/SPLIT")); tt.apart > 0 && n != 1 {
			t.Errorf("%s: a second early there are %d entries", query, n)
		}
		m.clock.tick(time.Second)
		m.sim.Step()
		m.step()
		list := m.list(200, "GET", "/v2/account/activities/SPLIT?direction=asc")
		var got []string
		sum := decimal.Zero
		for _, a := range list {
			got = append(got, a.text("qty")+" "+a.text("activity_sub_type"))
			sum = sum.Add(dec(a.text("qty")))
			if (a.text("group_id") != "") != tt.group || a.text("symbol") != "AAPL" || a.text("created_at") == "" {
				t.Errorf("%s: %v", query, a)
			}
		}
		if strings.Join(got, ", ") != strings.Join(tt.want, ", ") {
			t.Errorf("%s: %v, want %v", query, got, tt.want)
		}
		first := dec("10")
		if side == "sell" {
			first = first.Neg()
		}
		if !m.holds("AAPL").Equal(held) || !first.Add(sum).Equal(held) {
			t.Errorf("%s: %s are held, and the entries come to %s", query, held, first.Add(sum))
		}
		if len(list) == 2 {
			from, _ := time.Parse(time.RFC3339Nano, list[0].text("created_at"))
			to, _ := time.Parse(time.RFC3339Nano, list[1].text("created_at"))
			if to.Sub(from) != tt.apart {
				t.Errorf("%s: they are %s apart", query, to.Sub(from))
			}
		}
	}
	m := open(t, func(c *alpacasim.Config) { c.Control = true })
	for _, bad := range []string{"shape=three", "shape=two&seconds=soon", "shape=two&seconds=-1", "shape=two&group=perhaps", "seconds=5", "shape=one&group=true"} {
		m.call(400, "POST", "/_sim/corporate-action?symbol=AAPL&kind=split&ratio=2&"+bad, "")
	}
}

// The Date header and the times in a response follow the simulator's clock,
// however that was set.
func TestSkew(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Control = true })
	ctx, control := t.Context(), m.control()
	for _, tt := range []struct {
		set func(context.Context, time.Duration) error
		off time.Duration
	}{
		{control.SetSkew, -90 * time.Second}, {control.SetSkew, 5 * time.Minute}, {control.SetSkew, 500 * time.Millisecond}, {control.SetSkew, 0},
		{control.SetClockOffset, -2 * time.Second},
	} {
		off := tt.off
		m.done(tt.set(ctx, off))
		want := m.clock.now().Add(off)
		response, err := http.Get(m.url + "/_sim/account?key_id=" + m.seeds[0].KeyID)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if date, err := http.ParseTime(response.Header.Get("Date")); err != nil || !date.Equal(want.Truncate(time.Second)) {
			t.Errorf("%s: the Date is %s (%v), want %s", off, date, err, want)
		}
		if o := m.order("buy 1 AAPL market day"); o.text("created_at") != want.Format(time.RFC3339Nano) {
			t.Errorf("%s: an order was created at %s, want %s", off, o.text("created_at"), want)
		}
	}
	for _, bad := range []string{"", "?seconds=", "?seconds=soon", "?seconds=NaN", "?seconds=1e99"} {
		m.call(400, "POST", "/_sim/skew"+bad, "")
	}
}

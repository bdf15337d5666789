package alpacasim_test

import (
	"strings"
	"testing"
)

const bracket = `"order_class":"bracket","take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"}`

// A bracket's exits are held until its entry is filled. When one exit is filled
// the other is canceled. If that is the stop-loss, its cancellation shows in
// look-ups only, and the stream does not send it.
func TestBracket(t *testing.T) {
	for name, tt := range map[string]struct {
		price        string
		profit, loss string
		story        string
	}{
		"take-profit": {"111", "filled 2", "canceled 0", "new market, fill market, new limit, fill limit"},
		"stop-loss":   {"89", "canceled 0", "filled 2", "new market, fill market, new limit, canceled limit, new stop, fill stop"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			m.price("AAPL", "100")
			entry := m.order("buy 2 AAPL market day", bracket)
			legs := entry.legs()
			if len(legs) != 2 || legs[0].text("type") != "limit" || legs[1].text("type") != "stop" || legs[0].text("side") != "sell" || legs[0]["legs"] != nil {
				t.Fatalf("the legs are %v", legs)
			}
			m.want("at first", entry, "new 0", legs[0], "held 0", legs[1], "held 0")
			m.step()
			m.want("after the entry", entry, "filled 2", legs[0], "new 0", legs[1], "held 0")
			m.price("AAPL", tt.price)
			m.step()
			m.step()
			m.want("at the end", legs[0], tt.profit, legs[1], tt.loss)
			m.wantStory(tt.story)
			if held := m.holds("AAPL"); !held.IsZero() {
				t.Errorf("%s are still held", held)
			}
		})
	}
}

// Canceling an entry cancels its exits, and canceling one exit cancels the
// other.
func TestCancelingBrackets(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	waiting := m.order("buy 1 AAPL limit gtc", `"limit_price":"95"`, bracket)
	m.call(204, "DELETE", "/v2/orders/"+waiting.text("id"), "")
	m.want("without its entry", waiting, "canceled 0", waiting.legs()[0], "canceled 0", waiting.legs()[1], "canceled 0")

	entered := m.order("buy 1 AAPL market day", bracket)
	m.step()
	m.call(204, "DELETE", "/v2/orders/"+entered.legs()[1].text("id"), "")
	m.want("without its stop", entered.legs()[0], "canceled 0", entered.legs()[1], "canceled 0")
}

// When one order of an oco pair is filled, the other is canceled. The pair's
// own order is the take-profit; the stop is its leg, and is held.
func TestOneCancelsOther(t *testing.T) {
	const exits = `"order_class":"oco","take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90","limit_price":"80"}`
	for price, want := range map[string][2]string{"112": {"filled 3", "canceled 0"}, "88": {"canceled 0", "filled 3"}} {
		m := open(t)
		m.price("AAPL", "100")
		m.order("buy 3 AAPL market day")
		m.step()
		pair := m.order("sell 3 AAPL limit gtc", exits)
		stop := pair.legs()[0]
		if pair.text("limit_price") != "110" || stop.text("type") != "stop_limit" {
			t.Errorf("placed %v", pair)
		}
		m.want("at first", pair, "new 0", stop, "held 0")
		m.price("AAPL", price)
		m.step()
		m.step()
		m.want("at "+price, pair, want[0], stop, want[1])
	}
}

// The one exit of an oto order becomes active once its entry is filled.
func TestOneTriggersOther(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	entry := m.order("sell 1 AAPL market day", `"order_class":"oto","stop_loss":{"stop_price":"105"}`)
	stop := entry.legs()[0]
	if stop.text("side") != "buy" || stop.text("position_intent") != "buy_to_close" {
		t.Errorf("a short sale's exit is %v", stop)
	}
	m.step()
	m.want("after the entry", entry, "filled 1", stop, "new 0")
	m.price("AAPL", "106")
	m.step()
	m.want("at the stop", stop, "filled 1")
}

// A take-profit or stop-loss on the wrong side of the market is refused, and
// the refusal states the price that it was compared with.
func TestWrongExits(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	o := m.refused(422, 42210000, "take_profit.limit_price must be >= base_price + 0.01", "buy 1 AAPL limit day", `"limit_price":"111"`, bracket)
	if o.text("base_price") != "111" {
		t.Errorf("it says %v", o)
	}
	m.refused(422, 42210000, "stop_loss.stop_price must be <=", "buy 1 AAPL limit day", `"limit_price":"85"`, bracket)
	m.refused(422, 42210000, "take_profit.limit_price must be <= base_price - 0.01", "sell 1 AAPL market day", bracket)
	m.refused(422, 40010001, "require stop_loss.stop_price", "buy 1 AAPL market day", `"order_class":"bracket","take_profit":{"limit_price":"110"}`)
	m.refused(422, 42210000, "fractional orders must be simple", "buy 1.5 AAPL market day", bracket)
	m.refused(422, 42210000, "must be day or gtc", "buy 1 AAPL market ioc", bracket)
	m.refused(422, 40010001, "invalid order_class", "buy 1 AAPL market day", `"order_class":"pair"`)
	if n := len(m.sim.Orders(m.seeds[0].KeyID)); n != 0 {
		t.Errorf("%d orders were accepted", n)
	}
}

// A trailing stop follows the market's best price and never moves back.
func TestTrailingStop(t *testing.T) {
	for name, tt := range map[string]struct {
		order  string
		trail  string
		prices string // PRICE:STOP pairs: the market's price, and the stop after it
		last   string
	}{
		"sell by price":    {"sell 1 AAPL trailing_stop gtc", `"trail_price":"5"`, "100:95 110:105 106:105 120:115", "114"},
		"buy by percent":   {"buy 1 AAPL trailing_stop day", `"trail_percent":"10"`, "100:110 90:99 95:99 80:88", "89"},
		"sell by a little": {"sell 1 AAPL trailing_stop gtc", `"trail_percent":"1"`, "100:99 200:198", "197"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			m.price("AAPL", "100")
			o := m.order(tt.order, tt.trail)
			for _, pair := range strings.Fields(tt.prices) {
				price, stop, _ := strings.Cut(pair, ":")
				m.price("AAPL", price)
				m.step()
				now := m.now(o)
				// A move changes a price by at most 0.02 %.
				if off := dec(now.text("stop_price")).Sub(dec(stop)).Abs(); off.GreaterThan(dec("0.1")) || now.text("status") != "new" || now.text("hwm") == "" {
					t.Errorf("at %s the stop is %s (%s), want %s", price, now.text("stop_price"), now.text("status"), stop)
				}
			}
			m.price("AAPL", tt.last)
			m.step()
			m.want("beyond the stop", o, "filled 1")
		})
	}
}

const callSpread = `{"order_class":"mleg","type":"limit","time_in_force":"day","qty":"2","limit_price":"40","legs":[
	{"symbol":"AAPL270115C00080000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"},
	{"symbol":"AAPL270115C00120000","ratio_qty":"2","position_intent":"sell_to_open"}]}`

// All legs of a multi-leg order are filled together, for no more than its limit
// price, and in one update.
func TestMultiLeg(t *testing.T) {
	m := open(t)
	m.price("AAPL", "200") // at this price, selling two and buying one earns about 60
	o := m.call(200, "POST", "/v2/orders", strings.Replace(callSpread, `"40"`, `"-70"`, 1))
	legs := o.legs()
	if len(legs) != 2 || o.text("symbol") != "" || o.text("side") != "" || legs[1].text("qty") != "4" || legs[1].text("side") != "sell" || legs[0].text("ratio_qty") != "1" {
		t.Fatalf("placed %v", o)
	}
	m.step()
	m.want("too dear", o, "new 0")
	m.price("AAPL", "300") // and at this price about 140
	m.step()
	m.want("at its price", o, "filled 2", legs[0], "filled 2", legs[1], "filled 4")
	if !m.holds("AAPL270115C00080000").Equal(dec("2")) || !m.holds("AAPL270115C00120000").Equal(dec("-4")) {
		t.Errorf("holds %v", m.sim.Positions(m.seeds[0].KeyID))
	}
	net := dec(m.now(o).text("filled_avg_price"))
	if paid := dec("100000").Sub(m.figures().Cash); !paid.Equal(net.Mul(dec("200"))) {
		t.Errorf("paid %s for two at %s", paid, net)
	}
	m.wantStory("new limit, fill limit")
	last := object(m.updates(0)[1])
	if told := last.legs(); len(told) != 2 || told[0].text("execution_id") != m.sim.Executions(m.seeds[0].KeyID)[0].ID || told[1].text("position_qty") != "-4" {
		t.Errorf("the update of the fill is %v", last)
	}
	for wrong, says := range map[string]string{
		strings.Replace(callSpread, `"ratio_qty":"1"`, `"ratio_qty":"0.5"`, 1):                                "whole ratio_qty",
		strings.Replace(callSpread, `AAPL270115C00120000`, `AAPL`, 1):                                         "no option contract",
		strings.Replace(callSpread, `"day"`, `"gtc"`, 1):                                                      "day orders",
		strings.Replace(callSpread, `AAPL270115C00120000`, `AAPL270115C00080000`, 1):                          "another contract",
		strings.Replace(callSpread, `"position_intent":"buy_to_open"`, `"position_intent":"sell_to_open"`, 1): "does not fit",
	} {
		if o := m.call(422, "POST", "/v2/orders", wrong); !strings.Contains(o.text("message"), says) {
			t.Errorf("%v, want %q", o, says)
		}
	}
}

// Orders that Alpaca does not allow for a class of assets are refused.
func TestClassesOfAssets(t *testing.T) {
	m := open(t)
	m.refused(422, 42210000, "fractional orders must be DAY orders", "buy 0.5 AAPL market gtc")
	m.order("buy 0.5 AAPL market day")
	m.refused(422, 42210000, "invalid crypto time_in_force", "buy 1 BTC/USD market day")
	m.refused(422, 42210000, "invalid order type for crypto", "buy 1 BTC/USD stop gtc", `"stop_price":"1"`)
	m.refused(422, 42210000, "crypto orders must be simple", "buy 1 BTC/USD market gtc", bracket)
	m.order("buy 0.5 ETHUSD market ioc")
	m.refused(422, 42210000, "invalid options time_in_force", "buy 1 AAPL270115C00100000 market gtc")
	m.refused(422, 42210000, "whole qty", "buy 1.5 AAPL270115C00100000 market day")
	m.refused(422, 42210000, "has expired", "buy 1 AAPL260115C00100000 market day")
	m.refused(422, 42210000, "not found", "buy 1 NOPE270115C00100000 market day")
	m.refused(422, 42210000, "extended hours orders must be", "buy 1 AAPL market day", `"extended_hours":true`)
	m.refused(422, 42210000, "sub-penny", "buy 1 AAPL limit day", `"limit_price":"100.001"`)
	m.refused(422, 42210000, "sub-penny", "buy 1 AAPL stop day", `"stop_price":"0.12345"`)
	m.order("buy 10 AAPL limit day", `"limit_price":"0.1234"`)
	m.refused(422, 40010001, "either trail_price or trail_percent", "sell 1 AAPL trailing_stop day")
	m.refused(422, 40010001, "are for trailing stop", "sell 1 AAPL market day", `"trail_price":"1"`)
	m.refused(422, 40010001, "does not fit the side", "buy 1 AAPL market day", `"position_intent":"sell_to_open"`)
	m.refused(422, 42210000, "position intent mismatch, inferred: buy_to_open, specified: buy_to_close", "buy 1 MSFT market day", `"position_intent":"buy_to_close"`)
	if o := m.order("sell 1 TSLA market day"); o.text("position_intent") != "sell_to_open" {
		t.Errorf("a short sale intends %v", o)
	}
}

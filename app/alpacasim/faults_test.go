package alpacasim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"paddock/app/alpacasim"
)

// Each fault does what its name says, once. Whether the order was accepted
// shows in the simulator's list of orders.
func TestFaults(t *testing.T) {
	for fault, accepted := range map[alpacasim.Fault]int{alpacasim.Drop: 1, alpacasim.Fail: 0, alpacasim.FailAfter: 1, alpacasim.Delay: 1} {
		m := open(t)
		m.sim.Inject(fault, 1, 50*time.Millisecond)
		began := time.Now()
		_, err := m.client(0).PlaceOrder(request(alpaca.Buy, "AAPL", "1"))
		if fault == alpacasim.Delay {
			if err != nil || time.Since(began) < 50*time.Millisecond {
				t.Errorf("%s: %v after %v", fault, err, time.Since(began))
			}
		} else if err == nil {
			t.Errorf("%s: the order got a response", fault)
		}
		if n := len(m.sim.Orders(m.seeds[0].KeyID)); n != accepted {
			t.Errorf("%s: %d orders were accepted, want %d", fault, n, accepted)
		}
		if _, err := m.client(0).PlaceOrder(request(alpaca.Buy, "AAPL", "1")); err != nil {
			t.Errorf("after %s: %v", fault, err)
		}
	}
}

// Requests that replace and cancel orders meet the same faults as those that
// place them, if the injection says so. Whether a request was carried out shows
// in the simulator's list of orders.
func TestFaultsOfReplacingAndCanceling(t *testing.T) {
	for fault, done := range map[alpacasim.Fault]bool{alpacasim.Drop: true, alpacasim.Fail: false, alpacasim.FailAfter: true, alpacasim.Delay: true} {
		m := open(t)
		c := m.client(0)
		o := m.place(c, request(alpaca.Buy, "AAPL", "1", limit("1")))
		m.sim.InjectFor(alpacasim.Injection{Fault: fault, On: "PATCH", N: 1, Delay: time.Millisecond})
		m.sim.InjectFor(alpacasim.Injection{Fault: fault, On: "DELETE", N: 1, Delay: time.Millisecond})
		answered := fault == alpacasim.Delay
		if _, err := c.ReplaceOrder(o.ID, alpaca.ReplaceOrderRequest{Qty: ptr("2")}); (err == nil) != answered {
			t.Errorf("%s: the replacement returned %v", fault, err)
		}
		book := m.sim.Orders(m.seeds[0].KeyID)
		if (len(book) == 2) != done {
			t.Errorf("%s: the book has %d orders", fault, len(book))
		}
		last := book[len(book)-1]
		if err := c.CancelOrder(last.ID); (err == nil) != answered {
			t.Errorf("%s: the cancellation returned %v", fault, err)
		}
		if now := m.sim.Orders(m.seeds[0].KeyID); (now[len(now)-1].Status == "canceled") != done {
			t.Errorf("%s: the order is %s", fault, now[len(now)-1].Status)
		}
	}
}

// A fault can be limited to one account and to a fraction of its requests. The
// seed decides which ones.
func TestFaultsAreAimed(t *testing.T) {
	fails := func() string {
		m := open(t)
		m.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Fail, KeyID: m.seeds[0].KeyID, N: -1, P: 0.3})
		var got strings.Builder
		for range 60 {
			status, _ := m.send("POST", "/v2/orders", orderBody("buy 1 AAPL market day"))
			fmt.Fprint(&got, status/100)
			m.place(m.client(1), request(alpaca.Buy, "AAPL", "1"))
		}
		m.sim.ClearFaults()
		m.order("buy 1 AAPL market day")
		return got.String()
	}
	first := fails()
	if n := strings.Count(first, "5"); n < 8 || n > 30 {
		t.Errorf("%d of 60 failed, want about 0.3 of them", n)
	}
	if again := fails(); again != first {
		t.Errorf("the same seed failed %s and then %s", first, again)
	}
}

// An order with the fault Late exists at once, but look-ups and lists do not
// show it until its delay has passed.
func TestLateOrders(t *testing.T) {
	m := open(t)
	m.sim.Inject(alpacasim.Late, 1, time.Second)
	o := m.order("buy 1 AAPL limit day", `"limit_price":"1"`, `"client_order_id":"late"`)
	const path = "/v2/orders:by_client_order_id?client_order_id=late"
	m.call(404, "GET", path, "")
	if list := m.list(200, "GET", "/v2/orders?status=all"); len(list) != 0 {
		t.Errorf("it is listed: %v", list)
	}
	m.refused(422, 40010001, "unique", "buy 1 AAPL market day", `"client_order_id":"late"`)
	m.clock.tick(time.Second)
	if found := m.call(200, "GET", path, ""); found.text("id") != o.text("id") {
		t.Errorf("found %v", found)
	}
	if list := m.list(200, "GET", "/v2/orders?status=all"); len(list) != 1 {
		t.Errorf("it is not listed: %v", list)
	}
}

// Each fault of a stream does what its name says, once: a client that reads
// again gets all updates, in order.
func TestFaultsOfStreams(t *testing.T) {
	for fault, want := range map[alpacasim.Fault]string{
		alpacasim.Duplicate: "new 1, new 1, new 2, new 3",
		alpacasim.Reorder:   "new 2, new 1, new 3",
		alpacasim.Lose:      "new 2, new 3",
		alpacasim.Burst:     "new 1, new 2, new 3",
		alpacasim.TooSlow:   "",
		alpacasim.Mute:      "",
		alpacasim.Cut:       "new 1",
	} {
		m := open(t)
		for i := range 3 {
			m.order("buy 1 AAPL limit day", `"limit_price":"1"`, fmt.Sprintf(`"client_order_id":"%d"`, i+1))
		}
		story := func() string {
			var all []string
			for _, u := range m.updates(0) {
				all = append(all, u.text("event")+" "+u.text("order", "client_order_id"))
			}
			return strings.Join(all, ", ")
		}
		m.sim.Inject(fault, 1, 0)
		if got := story(); got != want {
			t.Errorf("%s: sent %q, want %q", fault, got, want)
		}
		if got := story(); got != "new 1, new 2, new 3" {
			t.Errorf("after %s: sent %q", fault, got)
		}
	}
}

// A fault can be limited to one event of one class of orders, such as the fill
// of a multi-leg order.
func TestFaultsOfOneEvent(t *testing.T) {
	for in, want := range map[alpacasim.Injection]string{
		{Fault: alpacasim.Lose, N: 1, Event: "fill", Class: "mleg"}:     "new , new mleg, fill ",
		{Fault: alpacasim.Lose, N: -1, P: 1, Class: "mleg"}:             "new , fill ",
		{Fault: alpacasim.Lose, N: -1, P: 1, Event: "fill"}:             "new , new mleg",
		{Fault: alpacasim.Reorder, N: 1, Event: "new", Class: "mleg"}:   "new , fill , new mleg, fill mleg",
		{Fault: alpacasim.Duplicate, N: 1, Event: "fill", Class: "oto"}: "new , new mleg, fill , fill mleg",
	} {
		m := open(t, func(c *alpacasim.Config) { c.Control = true })
		m.order("buy 1 AMD market day")
		m.call(200, "POST", "/v2/orders", strings.Replace(callSpread, `"40"`, `"400"`, 1))
		m.step()
		m.done(m.control().Inject(t.Context(), in))
		var got []string
		for _, u := range m.updates(0) {
			got = append(got, u.text("event")+" "+u.text("order", "order_class"))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%+v: sent %q, want %q", in, strings.Join(got, ", "), want)
		}
	}
}

// A reader that is too slow for Alpaca gets a comment in the stream that says
// so.
func TestTooSlowIsTold(t *testing.T) {
	m := open(t)
	m.order("buy 1 AAPL limit day", `"limit_price":"1"`)
	m.sim.Inject(alpacasim.TooSlow, 1, 0)
	until := m.clock.now().Format(time.RFC3339Nano)
	m.clock.tick(time.Second)
	if _, text := m.send("GET", "/v2/events/trades?since=2000-01-01&until="+until, ""); string(text) != ": welcome\n\n: you are reading too slowly, dropped 10000 messages\n\n" {
		t.Errorf("sent %q", text)
	}
}

// A stream can be asked for a span of events, and can be refused with each
// status that Alpaca uses.
func TestSpansAndRefusals(t *testing.T) {
	m := open(t)
	var ids []string
	for range 4 {
		m.order("buy 1 AAPL limit day", `"limit_price":"1"`)
		m.clock.tick(time.Second)
	}
	for _, u := range m.updates(0) {
		ids = append(ids, u.text("event_id"))
	}
	for query, want := range map[string]int{
		"since=2026-06-01T14:00:01Z&until=2026-06-01T14:00:02Z": 2,
		"since=2026-06-01&until=2026-06-01T14:00:00Z":           1,
		"since_id=" + ids[0] + "&until_id=" + ids[2]:            2,
	} {
		status, text := m.send("GET", "/v2/events/trades?"+query, "")
		if got := strings.Count(string(text), "data: "); status != 200 || got != want {
			t.Errorf("%s: %d with %d updates, want %d", query, status, got, want)
		}
	}
	for _, wrong := range []string{"since=noon", "since=2026-06-01&since_id=1", "until=2026-06-01", "until_id=1"} {
		m.call(400, "GET", "/v2/events/trades?"+wrong, "")
	}
	for _, status := range []int{404, 403, 503} {
		m.sim.RefuseStreamsWith(status)
		m.call(status, "GET", "/v2/events/trades", "")
	}
}

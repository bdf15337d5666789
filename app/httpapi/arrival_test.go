package httpapi_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"paddock/tests/kit"
)

// The quote that an order meets is kept with it, so that what it cost beyond the middle is
// a query; an order whose quote cannot be had goes all the same.
func TestTheQuoteAtArrivalIsKept(t *testing.T) {
	var data atomic.Pointer[chan struct{}]
	var fails atomic.Bool
	blocked := make(chan struct{})
	s := newServer(t, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if wait := data.Load(); wait != nil && strings.Contains(r.URL.Path, "/quotes/latest") {
				<-*wait
				if fails.Load() {
					http.Error(w, "{}", http.StatusInternalServerError)
					return
				}
			}
			sim.ServeHTTP(w, r)
		})
	})
	s.trading.QuoteArrivals = true
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	id := ada.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"3","orchestrator_agent_id":"momentum"}`, "X-Account-ID", one).want(t, 201, "").field(t, "id")
	s.settle(one)
	quotes := func(id string) []string {
		t.Helper()
		return texts(t, s.db, "select bid || ' ' || ask from app.arrival_quotes where order_id = '"+id+"'")
	}
	kit.Eventually(t, "the quote", func() bool { return len(quotes(id)) == 1 })
	row := texts(t, s.db, `select concat_ws(' ', orchestrator_agent_id, slippage = (filled_avg_price - (bid + ask) / 2) * 3, bid < ask, trading_day = (now() at time zone 'America/New_York')::date)
		from (select o.*, q.bid, q.ask, (o.filled_avg_price - (q.bid + q.ask) / 2) * o.filled_qty as slippage, (o.created_at at time zone 'America/New_York')::date as trading_day
			from app.alpaca_orders o join app.arrival_quotes q on q.order_id = o.id where o.id = '`+id+`') x`)
	if len(row) != 1 || row[0] != "momentum t t t" {
		t.Errorf("it is %v, of %v", row, quotes(id))
	}

	// Market data does not answer, and nobody waits for it.
	data.Store(&blocked)
	resting := ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"limit","limit_price":"1","time_in_force":"day","qty":"1"}`, "X-Account-ID", one).want(t, 201, "").field(t, "id")
	data.Store(nil)
	close(blocked)
	kit.Eventually(t, "the quote that came after the order's answer", func() bool { return len(quotes(resting)) == 1 })

	// It fails.
	failed := make(chan struct{})
	data.Store(&failed)
	fails.Store(true)
	close(failed)
	none := ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"limit","limit_price":"1","time_in_force":"day","qty":"1"}`, "X-Account-ID", one).want(t, 201, "").field(t, "id")
	if got := quotes(none); len(got) > 0 {
		t.Errorf("it has a quote that nobody gave: %v", got)
	}
}

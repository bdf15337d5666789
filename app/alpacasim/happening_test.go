package alpacasim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// Sim.History returns the events in the order in which they happened, with the
// positions after each, even if the clock was set back.
func TestHistoryIsInOrder(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.History = true })
	m.order("buy 10 AAPL market day")
	m.step()
	m.sim.SetClock(m.clock.now().Add(-5 * time.Minute))
	m.order("sell 4 AAPL market day")
	m.step()
	m.sim.SplitAs("AAPL", decimal.NewFromInt(2), alpacasim.SplitShape{Two: true})
	m.sim.Bust(m.sim.Executions(m.seeds[0].KeyID)[1].ID)
	var got []string
	for _, h := range m.sim.History(m.seeds[0].KeyID) {
		got = append(got, fmt.Sprint(h.Event, " ", h.Held["AAPL"]))
	}
	want := "placed 0, new 0, fill 10, placed 10, new 10, fill 6, SPLIT 12, SPLIT 12, trade_bust 16"
	if strings.Join(got, ", ") != want {
		t.Errorf("the history is %s, want %s", strings.Join(got, ", "), want)
	}
	if other := open(t); len(other.sim.History(other.seeds[0].KeyID)) != 0 {
		t.Error("a history is kept without Config.History")
	}
}

// Setting the clock back delays nothing: orders are filled, an order that was
// to be found late is found, and a split's second entry is posted, each after
// the usual time.
func TestClockSetBackDelaysNothing(t *testing.T) {
	m := open(t)
	m.order("buy 10 AAPL market day")
	m.step()
	m.sim.Inject(alpacasim.Late, 1, time.Second)
	o := m.order("buy 1 MSFT market day", `"client_order_id":"late"`)
	m.sim.SplitAs("AAPL", decimal.NewFromInt(2), alpacasim.SplitShape{Two: true, Apart: time.Second})
	m.sim.SetClock(m.clock.now().Add(-5 * time.Minute))
	m.clock.tick(2 * time.Second)
	m.sim.Step()
	m.want("after the clock was set back", o, "filled 1")
	m.call(200, "GET", "/v2/orders:by_client_order_id?client_order_id=late", "")
	if entries := m.list(200, "GET", "/v2/account/activities/SPLIT"); len(entries) != 2 {
		t.Errorf("of the split %d entries are listed", len(entries))
	}
}

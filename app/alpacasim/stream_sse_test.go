package alpacasim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// replay reads n updates of an account with the official SDK, beginning after
// an event.
func (m *market) replay(account int, sinceID string, n int) []alpaca.TradeUpdate {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var got []alpaca.TradeUpdate
	if n == 0 {
		return nil
	}
	err := m.client(account).StreamTradeUpdates(ctx, func(u alpaca.TradeUpdate) {
		if got = append(got, u); len(got) == n {
			cancel()
		}
	}, alpaca.StreamTradeUpdatesRequest{SinceID: sinceID})
	if len(got) < n {
		m.t.Fatalf("after %d of %d updates the stream ended: %v", len(got), n, err)
	}
	return got[:n]
}

func told(updates []alpaca.TradeUpdate) string {
	var all []string
	for _, u := range updates {
		all = append(all, u.Event+" "+u.Order.ClientOrderID)
	}
	return strings.Join(all, ", ")
}

// Every change of an order is sent once and in order, and the stream can be
// read again from any event on.
func TestStreamReplays(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	c := m.client(0)
	m.place(c, request(alpaca.Buy, "AAPL", "2", id("a")))
	m.step()
	resting := m.place(c, request(alpaca.Buy, "MSFT", "1", limit("1"), id("b")))
	if err := c.CancelOrder(resting.ID); err != nil {
		t.Fatal(err)
	}
	m.place(m.client(1), request(alpaca.Buy, "AAPL", "9", id("of another")))

	all := m.replay(0, "0", 4)
	if got := told(all); got != "new a, fill a, new b, canceled b" {
		t.Fatalf("sent: %s", got)
	}
	fill := all[1]
	if fill.Qty == nil || !fill.Qty.Equal(dec("2")) || !fill.PositionQty.Equal(dec("2")) || fill.Price == nil || fill.ExecutionID == "" ||
		fill.Order.Status != "filled" || !fill.Order.FilledQty.Equal(dec("2")) {
		t.Errorf("the fill says %+v", fill)
	}
	if !slices.IsSortedFunc(all, func(a, b alpaca.TradeUpdate) int { return strings.Compare(a.EventID, b.EventID) }) {
		t.Error("event ids do not increase")
	}
	for i := range all[:3] {
		if got, want := told(m.replay(0, all[i].EventID, 3-i)), told(all[i+1:]); got != want {
			t.Errorf("after event %d: %s, want %s", i, got, want)
		}
	}
}

// A client gets updates as they happen, until its stream is cut. The update of
// a partial fill has the quantity of that execution.
func TestStreamIsLive(t *testing.T) {
	m := open(t)
	m.price("AMD", "10")
	c := m.client(0)
	heard := make(chan alpaca.TradeUpdate, 10)
	done := make(chan error)
	go func() {
		done <- c.StreamTradeUpdates(t.Context(), func(u alpaca.TradeUpdate) { heard <- u }, alpaca.StreamTradeUpdatesRequest{SinceID: "0"})
	}()
	m.place(c, request(alpaca.Buy, "AMD", "1500"))
	next := func() alpaca.TradeUpdate {
		t.Helper()
		select {
		case u := <-heard:
			return u
		case <-time.After(20 * time.Second):
			t.Fatal("no update arrived")
			panic("unreachable")
		}
	}
	if u := next(); u.Event != "new" || u.Qty != nil {
		t.Errorf("received %+v", u)
	}
	for _, want := range []string{"partial_fill 750 750 partially_filled", "fill 750 1500 filled"} {
		m.step()
		u := next()
		if got := fmt.Sprint(u.Event, " ", u.Qty, " ", u.PositionQty, " ", u.Order.Status); got != want {
			t.Errorf("received %s, want %s", got, want)
		}
	}
	m.sim.CutStreams()
	if err := <-done; err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	m.sim.RefuseStreams(true)
	if err := c.StreamTradeUpdates(t.Context(), func(alpaca.TradeUpdate) {}, alpaca.StreamTradeUpdatesRequest{}); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a refused stream: %v", err)
	}
}

package mirror_test

import (
	"testing"

	"paddock/app/trading"
)

// A position can be closed whatever orders are open at the broker. Orders that
// were placed elsewhere and are not recorded here yet are canceled with the
// others. The web process may not record them, and this must not make it fail
// after it has canceled them: the holder of the stream records them.
func TestClosingsCancelWhatIsNotKnownHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.awaitStream()
	w.holding("AAPL", "5")
	w.holding("MSFT", "5")
	stop()
	w.rests("AAPL", "sell", "5", "900", "elsewhere AAPL")
	w.rests("MSFT", "sell", "5", "900", "elsewhere MSFT")
	if placed, err := w.trading().Close(t.Context(), w.account, "", trading.Closing{Symbol: "AAPL", CancelOrders: true}); err != nil || !placed.Known {
		t.Errorf("AAPL is not closed: %s (%v)", placed.Order, err)
	}
	w.sim.Step()
	closed, _, err := w.trading().CloseAll(t.Context(), w.account, "", trading.Closing{CancelOrders: true})
	if err != nil || len(closed) != 1 || closed[0].Symbol != "MSFT" || closed[0].Err != nil {
		t.Errorf("what is left is not closed: %+v (%v)", closed, err)
	}
	w.sim.Step()
	w.run()
	w.eventually("the mirror to have all of it", func() bool {
		return w.held("AAPL") == "0" && w.held("MSFT") == "0" && w.order("elsewhere AAPL") == "accepted canceled 0" && w.order("elsewhere MSFT") == "accepted canceled 0"
	})
}

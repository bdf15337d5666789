package mirror_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/trading"
)

// rest places an order that the market does not reach, and returns its id in
// Paddock.
func (w *world) rest(clientOrderID string) uuid.UUID {
	w.t.Helper()
	limit := &trading.Amount{Decimal: decimal.NewFromInt(1)}
	qty := &trading.Amount{Decimal: decimal.NewFromInt(2)}
	_, err := w.trading().Place(w.t.Context(), w.account, "", trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "limit", TimeInForce: "gtc",
		Qty: qty, LimitPrice: limit, ClientOrderID: clientOrderID, Tag: "the tag"})
	if err != nil {
		w.t.Fatal(err)
	}
	return scan[uuid.UUID](w, `select id from app.alpaca_orders where account_id = $1 and client_order_id = $2`, w.account.Account, clientOrderID)
}

func cheaper(clientOrderID string) trading.Replacement {
	return trading.Replacement{LimitPrice: &trading.Amount{Decimal: decimal.NewFromInt(2)}, ClientOrderID: clientOrderID}
}

// A replacement ends here as at the broker: it takes the old order's place, or
// it is rejected after it was accepted, and then the old order stays. Each
// order stays linked to the one that it replaces.
func TestReplacementEndsAsItDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	old := w.rest("first")
	if _, err := w.trading().Replace(t.Context(), w.account, old, "", cheaper("second")); err != nil {
		t.Fatal(err)
	}
	w.waitForOrder("first", "accepted replaced 0")
	w.waitForOrder("second", "accepted new 0")
	linked := `select (select replaced_by from app.alpaca_orders where client_order_id = $1) = n.alpaca_order_id
		and n.replaces = (select alpaca_order_id from app.alpaca_orders where client_order_id = $1) and n.tag = 'the tag' from app.alpaca_orders n where n.client_order_id = $2`
	w.eventually("the chain", func() bool { return scan[bool](w, linked, "first", "second") })

	w.sim.Inject(alpacasim.ReplaceReject, 1, 0)
	second := scan[uuid.UUID](w, `select id from app.alpaca_orders where client_order_id = 'second'`)
	third := cheaper("third")
	third.LimitPrice.Decimal = decimal.NewFromInt(3)
	placed, err := w.trading().Replace(t.Context(), w.account, second, "", third)
	if err != nil || !placed.Known {
		t.Fatalf("known %v, %v", placed.Known, err)
	}
	w.sim.Step()
	w.waitForOrder("third", "accepted rejected 0")
	w.waitForOrder("second", "accepted new 0")
	for _, o := range w.sim.Orders(w.seed.KeyID) {
		if got := scan[string](w, `select status from app.alpaca_orders where alpaca_order_id = $1`, o.ID); got != o.Status {
			t.Errorf("%s is %s here and %s at the broker", o.ClientOrderID, got, o.Status)
		}
	}
}

// A replacement whose answer was lost is looked up, and both orders get the
// state that they have at the broker. A replacement that never arrived is
// marked unknown, and the old order stays.
func TestLostReplacementIsLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.LookupWindow = time.Second })
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	for fault, want := range map[alpacasim.Fault][2]string{
		alpacasim.Drop: {"accepted replaced 0", "accepted new 0"},
		alpacasim.Fail: {"accepted new 0", "unknown unknown 0"},
	} {
		old := w.rest("old-" + string(fault))
		w.sim.InjectFor(alpacasim.Injection{Fault: fault, N: 1, On: http.MethodPatch})
		placed, err := w.trading().Replace(t.Context(), w.account, old, "", cheaper("new-"+string(fault)))
		if err != nil || placed.Known {
			t.Fatalf("%s: known %v, %v", fault, placed.Known, err)
		}
		w.waitForOrder("new-"+string(fault), want[1])
		w.waitForOrder("old-"+string(fault), want[0])
	}
}

// An exit of a bracket can be replaced whatever the guards say, because it only
// closes what its entry opened, and the other exit does not sell the same
// shares too. Only an exit of more than its entry is refused.
func TestExitsAreMovedPastGuards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.SetAlwaysOpen(true)
	w.run()
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	amount := func(n int64) *trading.Amount { return &trading.Amount{Decimal: decimal.NewFromInt(n)} }
	_, err := w.trading().Place(t.Context(), w.account, "", trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "gtc", Qty: amount(10),
		OrderClass: "bracket", TakeProfit: &trading.TakeProfit{LimitPrice: amount(9000)}, StopLoss: &trading.StopLoss{StopPrice: amount(1)}, ClientOrderID: "entry"})
	if err != nil {
		t.Fatal(err)
	}
	w.sim.Step()
	w.waitForOrder("entry", "accepted filled 10")
	w.eventually("the position", func() bool { return w.held("AAPL") == "10" })
	exits := `select count(*) from app.alpaca_orders where account_id = $1 and parent_alpaca_order_id is not null and status in ('new', 'held')`
	w.eventually("the exits", func() bool { return scan[int](w, exits, w.account.Account) == 2 })
	one := 1
	if _, err := w.trading().SetGuards(t.Context(), w.account, trading.Limits{MaxOrderNotional: amount(1), MaxPositionQty: amount(1), MaxOpenOrders: &one, OrdersPerDay: &one}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.trading().Turn(t.Context(), w.account, "", trading.Switch{To: "reduce_only"}); err != nil {
		t.Fatal(err)
	}
	take := scan[uuid.UUID](w, `select id from app.alpaca_orders where account_id = $1 and parent_alpaca_order_id is not null and type = 'limit'`, w.account.Account)
	if _, err := w.trading().Replace(t.Context(), w.account, take, "", trading.Replacement{LimitPrice: amount(8000), ClientOrderID: "nearer"}); err != nil {
		t.Errorf("the exit cannot be replaced: %v", err)
	}
	w.waitForOrder("nearer", "accepted new 0")
	if _, err := w.trading().Replace(t.Context(), w.account, take, "", trading.Replacement{Qty: amount(11)}); !problem.Is(err, problem.GuardRefused) {
		t.Errorf("an exit of more than its entry: %v", err)
	}
}

package trading_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/app/trading"
)

// A preview states an order's cost, the buying power that is left, the market
// session and the orders that it collides with. Nothing is sent.
func TestPreview(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.sim.SetPrice("AAPL", decimal.NewFromInt(150))
	d.synced()
	d.holds("AAPL", "10", "150")
	preview := func(body string) *trading.Preview {
		t.Helper()
		p, err := d.service.Preview(t.Context(), d.owner, request(t, body))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := preview(`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100"}`)
	if p.EstimatedCost.String() != "200" || !p.BuyingPower.Now.Sub(*p.BuyingPower.After).Equal(decimal.NewFromInt(200)) || !p.BuyingPower.Enough || !p.Allowed || p.Held.String() != "10" || len(p.Warnings) != 0 {
		t.Errorf("a limit order: %+v", p)
	}
	if p.Session.Name != "regular" || p.Session.NextClose.IsZero() {
		t.Errorf("the session is %+v", p.Session)
	}
	p = preview(`{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"10","limit_price":"200"}`)
	if p.EstimatedCost.String() != "-2000" || !p.BuyingPower.Now.Equal(*p.BuyingPower.After) {
		t.Errorf("an order that closes: cost %s, %+v", p.EstimatedCost, p.BuyingPower)
	}
	p = preview(`{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"20","limit_price":"200"}`)
	if !p.BuyingPower.Now.Sub(*p.BuyingPower.After).Equal(decimal.NewFromInt(2000)) {
		t.Errorf("an order of which half opens: %+v", p.BuyingPower)
	}
	p = preview(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1000000"}`)
	if p.BuyingPower.Enough || len(p.Warnings) != 1 || p.Warnings[0].Code != problem.InsufficientBuyingPower {
		t.Errorf("too much: %+v", p)
	}
	p = preview(`{"symbol":"BTC/USD","side":"buy","type":"market","time_in_force":"gtc","notional":"12.34"}`)
	if p.EstimatedCost.String() != "12.34" || p.BuyingPower.Kind != "non_marginable_buying_power" || p.Session.Name != "continuous" {
		t.Errorf("coins: %+v", p)
	}
	p = preview(`{"symbol":"NOPE","side":"buy","type":"market","time_in_force":"day","qty":"1"}`)
	if p.EstimatedCost != nil || len(p.Warnings) != 1 || p.Warnings[0].Code != problem.AssetUnknown {
		t.Errorf("an unknown symbol: %+v", p)
	}
	d.resting("mine", "1", "90")
	p = preview(`{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`)
	var collisions []struct {
		ClientOrderID string `json:"client_order_id"`
	}
	if err := json.Unmarshal(p.Collisions, &collisions); err != nil || len(collisions) != 1 || collisions[0].ClientOrderID != "mine" {
		t.Errorf("collisions: %s", p.Collisions)
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent, want the one that rests", n)
	}
	if _, err := d.service.Preview(t.Context(), d.viewer, request(t, buyLimit)); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	if _, err := d.service.Preview(t.Context(), d.owner, request(t, `{"symbol":"AAPL"}`)); !problem.Is(err, problem.InvalidOrder) {
		t.Errorf("an incomplete order: %v", err)
	}
}

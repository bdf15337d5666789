package alpacasim_test

import (
	"strings"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// A position is closed, whole or in part, by an order, which the response
// shows.
func TestClosingPositions(t *testing.T) {
	for query, want := range map[string]string{"": "10", "?qty=4": "4", "?percentage=25": "2"} {
		m := open(t)
		m.order("buy 10 AAPL market day")
		m.step()
		o := m.call(200, "DELETE", "/v2/positions/AAPL"+query, "")
		if o.text("side") != "sell" || o.text("type") != "market" || o.text("qty") != want || o.text("position_intent") != "sell_to_close" {
			t.Errorf("%s: %v", query, o)
		}
		m.step()
		if held := m.holds("AAPL"); !held.Equal(dec("10").Sub(dec(want))) {
			t.Errorf("%s leaves %s", query, held)
		}
	}
	m := open(t)
	m.order("buy 10 AAPL market day")
	m.step()
	for query, status := range map[string]int{"AAPL?qty=11": 403, "AAPL?qty=-1": 422, "AAPL?percentage=101": 422, "AAPL?percentage=0.5": 422, "AAPL?qty=1&percentage=1": 422, "AMD": 404} {
		m.call(status, "DELETE", "/v2/positions/"+query, "")
	}
	p := m.call(200, "GET", "/v2/positions/AAPL", "")
	if byID := m.call(200, "GET", "/v2/positions/"+p.text("asset_id"), ""); byID.text("symbol") != "AAPL" {
		t.Errorf("by its asset's id: %v", byID)
	}
}

// Closing all positions returns a result for each.
func TestClosingAllPositions(t *testing.T) {
	m := open(t)
	for _, o := range []string{"buy 10 AAPL market day", "sell 5 TSLA market day", "buy 0.1 BTC/USD market gtc"} {
		m.order(o)
	}
	m.step()
	resting := m.order("sell 10 AAPL limit day", `"limit_price":"900"`)
	closed := map[string]string{}
	for _, r := range m.list(207, "DELETE", "/v2/positions") {
		closed[r.text("symbol")] = r.text("status") + " " + r.text("body", "side") + r.text("body", "code")
	}
	if closed["AAPL"] != "403 40310000" || closed["TSLA"] != "200 buy" || closed["BTCUSD"] != "200 sell" {
		t.Errorf("returned %v", closed)
	}
	m.step()
	m.want("without cancel_orders", resting, "new 0")
	if results := m.list(207, "DELETE", "/v2/positions?cancel_orders=true"); len(results) != 1 || results[0].text("status") != "200" {
		t.Errorf("returned %v", results)
	}
	m.step()
	m.want("with it", resting, "canceled 0")
	if left := m.sim.Positions(m.seeds[0].KeyID); len(left) != 0 {
		t.Errorf("still holds %v", left)
	}
	if list, err := m.client(0).GetPositions(); err != nil || len(list) != 0 {
		t.Errorf("the SDK sees %v (%v)", list, err)
	}
}

const call100 = "AAPL260619C00100000" // the day of its expiry is a holiday

// Exercising a contract buys its shares at the strike.
func TestExercise(t *testing.T) {
	m := open(t)
	m.price("AAPL", "150")
	m.order("buy 2 " + call100 + " market day")
	m.step()
	cash := m.figures().Cash
	m.call(200, "POST", "/v2/positions/"+call100+"/exercise", "")
	if !m.holds("AAPL").Equal(dec("200")) || !m.holds(call100).IsZero() || !m.figures().Cash.Equal(cash.Sub(dec("20000"))) {
		t.Errorf("holds %v and %s", m.sim.Positions(m.seeds[0].KeyID), m.figures().Cash)
	}
	list := m.list(200, "GET", "/v2/account/activities?category=non_trade_activity&direction=asc")
	if len(list) != 2 || list[0].text("activity_type") != "OPEXC" || list[0].text("qty") != "-2" || list[1].text("activity_type") != "OPTRD" ||
		list[1].text("net_amount") != "-20000" || list[0].text("group_id") != list[1].text("group_id") {
		t.Errorf("its activities are %v", list)
	}
	if o := m.call(403, "POST", "/v2/positions/"+call100+"/exercise", ""); o.text("message") != "no available position for the specified contract" {
		t.Errorf("a second time: %v", o)
	}
	m.call(422, "POST", "/v2/positions/AAPL/exercise", "")
	m.order("sell 1 " + call100 + " market day")
	m.step()
	for _, path := range []string{"/exercise", "/do-not-exercise"} {
		if o := m.call(403, "POST", "/v2/positions/"+call100+path, ""); o.text("code") != "40310001" {
			t.Errorf("a short position: %v", o)
		}
	}
}

// A contract that expires is exercised if that is worth something and its
// holder did not forbid it. It is gone either way.
func TestContractsExpire(t *testing.T) {
	const worthless, kept = "AAPL260619C00900000", "AAPL260619C00110000"
	m := open(t)
	m.price("AAPL", "150")
	for _, symbol := range []string{call100, worthless, kept} {
		m.order("buy 1 " + symbol + " market day")
	}
	m.step()
	m.call(200, "POST", "/v2/positions/"+kept+"/do-not-exercise", "")
	m.at("2026-06-22 17:00") // the first close after the day of expiry
	m.sim.Step()
	if held := m.sim.Positions(m.seeds[0].KeyID); len(held) != 1 || held[0].Symbol != "AAPL" || !held[0].Qty.Equal(dec("100")) {
		t.Errorf("holds %v", held)
	}
	var kinds []string
	for _, a := range m.list(200, "GET", "/v2/account/activities?category=non_trade_activity&direction=asc") {
		kinds = append(kinds, a.text("activity_type")+" "+a.text("symbol"))
	}
	if got := strings.Join(kinds, ", "); got != "OPEXC "+call100+", OPTRD AAPL, OPEXP "+kept+", OPEXP "+worthless {
		t.Errorf("its activities are %s", got)
	}
}

// The official SDK can read activities of trades.
func TestSDKReadsActivities(t *testing.T) {
	m := open(t)
	m.order("buy 1 AAPL market day")
	m.step()
	list, err := m.client(0).GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{"FILL"}})
	if err != nil || len(list) != 1 || list[0].Symbol != "AAPL" || !list[0].Qty.Equal(dec("1")) {
		t.Errorf("got %+v (%v)", list, err)
	}
}

// The official SDK can close positions and set configurations.
func TestSDKClosesAndConfigures(t *testing.T) {
	m := open(t)
	c := m.client(0)
	m.order("buy 10 AAPL market day")
	m.order("buy 1 AMD market day")
	m.step()
	if o, err := c.ClosePosition("AAPL", alpaca.ClosePositionRequest{Qty: dec("3")}); err != nil || !o.Qty.Equal(dec("3")) {
		t.Errorf("closed %+v (%v)", o, err)
	}
	m.step()
	orders, err := c.CloseAllPositions(alpaca.CloseAllPositionsRequest{CancelOrders: true})
	if err != nil || len(orders) != 2 || !orders[0].Qty.Equal(dec("7")) {
		t.Errorf("closed %+v (%v)", orders, err)
	}
	got, err := c.UpdateAccountConfigurations(alpaca.UpdateAccountConfigurationsRequest{SuspendTrade: true, FractionalTrading: true})
	if err != nil || got.TradeConfirmEmail != alpaca.All {
		t.Errorf("configured %+v (%v)", got, err)
	}
	if _, err := c.PlaceOrder(request(alpaca.Buy, "AAPL", "1")); err == nil {
		t.Error("trading was not suspended")
	}
}

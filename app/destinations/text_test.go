package destinations_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"paddock/app/destinations"
	"paddock/app/tenant"
)

// Each kind of event is told in a plain sentence, which has what happened and no id; and
// whatever others have written in it stays on one line.
func TestSentences(t *testing.T) {
	const order = `"order":{"id":"434b46b0-f3b8-41bc-81a3-b28d823551e7","symbol":"AAPL","side":"buy","qty":"10","type":"limit","limit_price":"187.5","status":`
	told := map[string]bool{}
	for _, c := range []struct{ kind, data, want string }{
		{"order", `{"event":"fill",` + order + `"filled","filled_qty":"10","filled_avg_price":"187.23"},"execution":{"qty":"4","price":"187.3"}}`, "Filled: bought 10 AAPL at 187.23"},
		{"order", `{"event":"partial_fill",` + order + `"partially_filled","filled_qty":"4","filled_avg_price":"187.3"},"execution":{"qty":"4","price":"187.3"}}`, "Filled in part: bought 4 AAPL at 187.3, of 10 ordered"},
		{"order", `{"event":"fill","order":{"symbol":null,"side":null,"qty":"2","filled_qty":"2","status":"filled","filled_avg_price":"1.1"},"execution":null}`, "Filled: traded 2 of a multi-leg order at 1.1"},
		{"order", `{"event":"fill","order":{"symbol":"BTC/USD","side":"sell","qty":null,"notional":"50","filled_qty":"0","status":"filled"},"execution":{"qty":"0.001","price":"50000"}}`, "Filled: sold 0.001 BTC/USD at 50000"},
		{"order", `{"event":"reconciled",` + order + `"filled","filled_qty":"10","filled_avg_price":"187.23"}}`, "Found filled at Alpaca: bought 10 AAPL at 187.23"},
		{"order", `{"event":"reconciled",` + order + `"pending_cancel","filled_qty":"0"}}`, "Found at Alpaca: buy 10 AAPL, limit 187.5, now pending cancel"},
		{"order", `{"event":"rejected",` + order + `"rejected","status_message":"insufficient\nbuying power"}}`, "Refused by Alpaca: buy 10 AAPL, limit 187.5. insufficient buying power"},
		{"order", `{"event":"canceled",` + order + `"canceled"}}`, "Canceled: buy 10 AAPL, limit 187.5"},
		{"order", `{"event":"unknown",` + order + `"unknown"}}`, "Nobody knows whether this order was placed: buy 10 AAPL, limit 187.5. Look at Alpaca, and dismiss it if it was not."},
		{"order", `{"event":"overshot","overshot_qty":"3",` + order + `"filled"}}`, "A closing has traded more than was held: 3 AAPL too much"},
		{"order", `{"event":"trade_bust",` + order + `"new","filled_qty":""}}`, "An execution was taken back by the exchange: buy 10 AAPL, limit 187.5. Filled now: nothing"},
		{"order", `{"event":"some_new_thing",` + order + `"new"}}`, "Order some new thing: buy 10 AAPL, limit 187.5"},
		{"order", `{"event":"unapplied","what":"update","id":"x","update":"{}"}`, "Alpaca sent something of an order that cannot be read. Look at the account's health."},
		{"guard", `{"event":"refused","violations":[{"guard":"max_order_notional","message":"One order may be worth 100 at most."}],"request":{"symbol":"AAPL","side":"buy","qty":"10"}}`, "Refused by the guards: buy 10 AAPL. One order may be worth 100 at most."},
		{"guard", `{"event":"changed","limits":{}}`, "The account's limits were changed."},
		{"guard", `{"event":"switch","switch":"halted","reason":"news"}`, "Trading is halted: news."},
		{"guard", `{"event":"switch","switch":"open","reason":null}`, "Trading is open again."},
		{"guard", `{"event":"sleeve","sleeve_id":"x","name":"momentum","switch":"halted"}`, "A sleeve, momentum is now halted."},
		{"guard", `{"event":"sleeve_transfer","amount":"500","from_sleeve_id":null}`, "$500 moved between sleeves."},
		{"guard", `{"event":"wind_down","wind_down":{"state":"stuck","message":"AAPL cannot be sold."}}`, "A wind-down is stuck and needs a person: AAPL cannot be sold."},
		{"job", `{"event":"failed","job":{"request":{"symbol":"AAPL","side":"buy","qty":"1"},"answer":{"message":"The account is paused."}}}`, "An order that waited was not sent: buy 1 AAPL. The account is paused."},
		{"job", `{"event":"canceled_all","canceled":3}`, "3 orders that waited to be sent were canceled."},
		{"approval", `{"event":"pending","approval":{"kind":"order","request":{"symbol":"AAPL","side":"buy","qty":"10"},"worth":"1872.3","reason":"dip","words":[],"expires_at":"2026-12-01T14:05:00Z"}}`, "Waits for approval until 1 Dec 14:05 UTC, an order: buy 10 AAPL, worth $1872.3. Why: dip"},
		{"approval", `{"event":"refused","approval":{"kind":"guards","request":{},"words":[{"word":"refuse","note":"no"}],"expires_at":"2026-12-01T14:05:00Z"}}`, "Refused by a person, a change of the account's limits. Note: no"},
		{"position", `{"positions":[{"symbol":"AAPL","qty":"10"}]}`, "Positions were found otherwise at Alpaca. Held now: 10 AAPL."},
		{"agent_log", `{"count":3,"levels":{"error":1,"info":2},"logs":[{"message":"a"},{"message":"order\r\nfailed"}]}`, "Agents logged 3 lines, 1 of them errors. The last: order failed"},
		{"account", `{"name":"Main","is_active":false,"stream_mode":"auto"}`, "The account's settings were changed: it is called Main and is paused."},
		{"credentials", `{"state":"needs_credentials"}`, "Alpaca refuses the account's API keys. Nothing is traded or read until new ones are stored."},
		{"credentials", `{"state":"stored","key_last4":"CGG8"}`, "API keys were stored that end with CGG8."},
		{"journal", `{"event":"differs","symbol":"AAPL","journal_qty":"9","broker_qty":"10"}`, "The journal holds 9 AAPL and Alpaca 10. No profit is shown of it until they agree."},
		{"history", `{"event":"imported","orders_read":900,"orders_added":880,"executions_added":1000}`, "The account's history was imported: 900 orders, 880 of them new."},
		{"webhook", `{"event":"off","webhook_id":"x","reason":"failing"}`, "A webhook was switched off, because nothing was taken for three days."},
		{"notice", `{"event":"off","notice_id":"x","reason":"no_access"}`, "A notice was switched off, because who made it may not read the account any more."},
		{"limit", `{"event":"near","limit":"daily_loss_limit","used":"410","most":"500","sleeve_id":null,"symbol":null}`, "Most of a limit is used, the loss of a day: 410 of 500."},
		{"limit", `{"event":"near","limit":"max_position_notional","used":"410","most":"500","sleeve_id":null,"symbol":"AAPL"}`, "Most of a limit is used, the worth of a position in AAPL: 410 of 500."},
		{"stream", `{"event":"behind","since":"2026-12-01T14:05:00Z","why":"The stream was cut."}`, "Alpaca's updates do not come at the moment: fills may be told late. The stream was cut."},
		{"stream", `{"event":"live","since":"2026-12-01T14:05:00Z"}`, "Alpaca's updates come live again."},
		{"summary", `{"notice_id":"x","day":"2026-12-01","orders":12,"orders_filled":10,"executions":14,"bought":"1000.00","sold":"900.00","round_trips_closed":1,"realized_pl":"45.10","fees":"0.30","refusals":2,"equity":"100500.00","equity_change":"120.00","agents":[{"orchestrator_agent_id":"momentum","orders":8}]}`,
			"The day until 2026-12-01: 12 orders, 10 filled; bought for $1000.00 and sold for $900.00; 1 round trip closed with $45.10, fees $0.30; 2 refusals; worth $100500.00, a change of $120.00; by agent momentum 8."},
		{"tomorrow", `{"event":"x"}`, "Something happened of the kind tomorrow, which this version of Paddock cannot tell."},
		{"order", `{"event":"fill",` + order + `17}}`, "Something happened of the kind order, which this version of Paddock cannot tell."},
	} {
		if got := destinations.Sentence(tenant.Event{Kind: c.kind, Data: json.RawMessage(c.data)}); got != c.want {
			t.Errorf("%s %s:\n%s\nwant\n%s", c.kind, c.data, got, c.want)
		}
		told[c.kind] = true
	}
	for _, kind := range destinations.Kinds {
		if !told[kind] {
			t.Errorf("events of the kind %s are not tried here", kind)
		}
	}
	// The kinds are those of the messages' schema and of the table.
	for _, file := range []string{"../push/schema/event.json", "../../sql/005_events.sql", "../../sql/015_destinations.sql"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range destinations.Kinds {
			if quoted := `"const": "` + kind + `"`; !strings.Contains(string(text), quoted) && !strings.Contains(string(text), "'"+kind+"'") {
				t.Errorf("%s lacks the kind %s", file, kind)
			}
		}
	}
	long := destinations.Sentence(tenant.Event{Kind: "guard", Data: json.RawMessage(`{"event":"switch","switch":"halted","reason":"` + strings.Repeat("x", 5000) + "\u202e\\u0007" + `"}`)})
	if n := len([]rune(long)); n != 700 || strings.ContainsAny(long, "\u202e\a\n") {
		t.Errorf("%d characters: %q", n, long)
	}
}

package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"paddock/tests/kit"
)

// What became of an order is one answer: who asked for it and through which token, the market
// that it met and what that cost, its executions, and what replaced it. Who may read sees all of
// it but for the audit, which is the owner's.
func TestTimelineOfAnOrder(t *testing.T) {
	s := newServer(t)
	s.trading.QuoteArrivals = true
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada, bob := s.signUp("ada"), s.signUp("bob")
	one := ada.connect("one", s.seeds[0])
	s.grant(one, "bob", "viewer")
	mine := []string{"X-Account-ID", one}
	var told struct {
		Order            struct{ ID, Status string }
		Names            map[string]string
		Quote            *struct{ Bid, Ask string }
		Slippage         *struct{ Mid, Total, Bps string }
		Executions       []struct{ Qty, Price, State string }
		Legs             []struct{ ID string }
		Parent, Replaces *struct{ ID string }
		ReplacedBy       *struct{ ID string } `json:"replaced_by"`
		Requests         []struct {
			Action, Actor string
			RequestID     string `json:"request_id"`
		}
	}
	look := func(u *user, id string) {
		t.Helper()
		told.Quote, told.Slippage, told.Parent, told.Replaces, told.ReplacedBy = nil, nil, nil, nil, nil
		answer := u.do("GET", "/api/orders/"+id+"/timeline", "", mine...).want(t, 200, "")
		if err := json.Unmarshal([]byte(answer.text), &told); err != nil {
			t.Fatal(err)
		}
	}

	placed := ada.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"3","reason":"cheap","tag":"t"}`, mine...).want(t, 201, "")
	id := placed.field(t, "id")
	s.settle(one)
	kit.Eventually(t, "the execution and the quote", func() bool { look(ada, id); return len(told.Executions) > 0 && told.Slippage != nil })
	if told.Executions[0].Qty != "3" || told.Executions[0].State != "live" || told.Quote.Bid == "" || told.Order.ID != id {
		t.Errorf("it is told as %+v", told)
	}
	var user string
	for by, name := range told.Names {
		if user = by; name != "ada" {
			t.Errorf("it was asked for by %s", name)
		}
	}
	if len(told.Requests) != 1 || told.Requests[0].Action != "order.place" || told.Requests[0].RequestID != placed.header.Get("X-Request-ID") || told.Requests[0].Actor != user {
		t.Errorf("the requests are %+v, of %s", told.Requests, placed.header.Get("X-Request-ID"))
	}
	// The same figures as in report.slippage.
	if same := texts(t, s.db, `select concat_ws(' ', mid = '`+told.Slippage.Mid+`'::numeric, slippage = '`+told.Slippage.Total+`'::numeric, abs(slippage_bps - '`+told.Slippage.Bps+`'::numeric) < 0.0001)
		from report.slippage where order_id = '`+id+`'`); len(same) != 1 || same[0] != "t t t" {
		t.Errorf("slippage is %+v, and not as report.slippage has it: %v", told.Slippage, same)
	}
	if look(bob, id); len(told.Requests) != 0 || told.Names[user] != "ada" {
		t.Errorf("a viewer is told %+v and %v", told.Requests, told.Names)
	}

	// An order, what replaced it, and its legs, by our id and by Alpaca's.
	first := ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc","qty":"1","order_class":"bracket",
		"take_profit":{"limit_price":"900"},"stop_loss":{"stop_price":"0.5"}}`, mine...).want(t, 201, "")
	s.settle(one)
	if look(ada, first.field(t, "alpaca_order_id")); told.Order.ID != first.field(t, "id") || len(told.Legs) != 2 {
		t.Errorf("by Alpaca's id it is %+v", told)
	}
	leg := told.Legs[0].ID
	if look(ada, leg); told.Parent == nil || told.Parent.ID != first.field(t, "id") {
		t.Errorf("the order of the leg is %+v", told.Parent)
	}
	resting := ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc","qty":"1"}`, mine...).want(t, 201, "").field(t, "id")
	next := ada.do("PATCH", "/api/orders/"+resting, `{"limit_price":"2"}`, mine...).want(t, 200, "").field(t, "id")
	s.settle(one)
	kit.Eventually(t, "the replacement", func() bool { look(ada, resting); return told.ReplacedBy != nil })
	if told.ReplacedBy.ID != next {
		t.Errorf("it was replaced by %s, want %s", told.ReplacedBy.ID, next)
	}
	if look(ada, next); told.Replaces == nil || told.Replaces.ID != resting {
		t.Errorf("it replaces %+v, want %s", told.Replaces, resting)
	}
	ada.do("DELETE", "/api/orders/"+next, "", mine...).want(t, 202, "")
	kit.Eventually(t, "the cancellation", func() bool {
		look(ada, next)
		return len(told.Requests) == 2 && told.Requests[1].Action == "order.cancel" && told.Order.Status == "canceled"
	})
}

// Another tenant's order is as unknown as one that never was: the answers to both are alike,
// whoever asks and by which of its ids.
func TestTimelineOfAnothersOrder(t *testing.T) {
	s := newServer(t)
	ada, eve := s.signUp("ada"), s.signUp("eve")
	one, hers := ada.connect("one", s.seeds[0]), eve.connect("hers", s.seeds[1])
	placed := ada.do("POST", "/api/orders", buyOne, "X-Account-ID", one).want(t, 201, "")
	unknown := eve.do("GET", "/api/orders/"+uuid.NewString()+"/timeline", "", "X-Account-ID", hers).want(t, 404, "order_not_found")
	for _, id := range []string{placed.field(t, "id"), placed.field(t, "alpaca_order_id")} {
		if answer := eve.do("GET", "/api/orders/"+id+"/timeline", "", "X-Account-ID", hers).want(t, 404, "order_not_found"); answer.field(t, "message") != unknown.field(t, "message") {
			t.Errorf("of another tenant's order it says %s", answer.text)
		}
		eve.do("GET", "/api/orders/"+id+"/timeline", "", "X-Account-ID", one).want(t, 403, "account_forbidden")
	}
}

package protocol

import (
	"strings"
	"testing"
)

const order = `{"id":"7d444840-9dc0-11d1-b245-5ffdce74fad2","alpaca_order_id":null,"client_order_id":"c","symbol":"AAPL","side":"buy",
	"type":"market","order_type":"market","time_in_force":"day","order_class":"simple","position_intent":null,"qty":"2","notional":null,
	"limit_price":null,"stop_price":null,"trail_price":null,"trail_percent":null,"hwm":null,"extended_hours":false,"filled_qty":"0",
	"filled_avg_price":null,"status":"new","intent_state":"accepted","status_message":null,"action":"place","parent_alpaca_order_id":null,
	"replaces":null,"replaced_by":null,"submitted_by":null,"token_id":null,"orchestrator_agent_id":null,"tag":null,"reason":null,"sleeve_id":null,"broker_request_id":null,
	"created_at":"2026-01-01T00:00:00Z","submitted_at":null,"filled_at":null,"canceled_at":null,"expired_at":null,"failed_at":null,
	"replaced_at":null,"updated_at":"2026-01-01T00:00:00Z","asset_id":null,"asset_class":null,"expires_at":null,"ratio_qty":null}`

// An order in an event must have the shape that the API's description gives orders.
func TestCheckOrders(t *testing.T) {
	event := func(order string) []byte {
		return []byte(`{"type":"event","account_id":"7d444840-9dc0-11d1-b245-5ffdce74fad2","cursor":1,"resume":"1-6507f","kind":"order","at":"2026-01-01T00:00:00Z",
			"data":{"event":"new","order":` + order + `,"execution":null,"position_qty":null}}`)
	}
	if err := Check(event(order)); err != nil {
		t.Error(err)
	}
	for _, broken := range []string{
		strings.Replace(order, `"qty":"2"`, `"qty":2`, 1),
		strings.Replace(order, `"status":"new",`, ``, 1),
		strings.Replace(order, `"side":"buy"`, `"side":"bought"`, 1),
	} {
		if err := Check(event(broken)); err == nil {
			t.Errorf("%s passes for an order", broken)
		}
	}
}

// An event of the guards must have the fields that its schema gives it.
func TestCheckGuards(t *testing.T) {
	event := func(data string) []byte {
		return []byte(`{"type":"event","account_id":"7d444840-9dc0-11d1-b245-5ffdce74fad2","cursor":1,"resume":"1-6507f","kind":"guard","at":"2026-01-01T00:00:00Z",
			"data":` + data + `}`)
	}
	if err := Check(event(`{"event":"switch","switch":"halted","reason":null}`)); err != nil {
		t.Error(err)
	}
	for _, broken := range []string{`{"event":"switch","switch":"shut","reason":null}`, `{"event":"changed"}`, `{"event":"wind_down","wind_down":{}}`} {
		if err := Check(event(broken)); err == nil {
			t.Errorf("%s passes for an event of the guards", broken)
		}
	}
}

package trading_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"
)

// Three places define the fields of an order, because a list reads columns
// faster than it builds JSON, and a list of the broker's is shown without
// storing it. All three must give the same fields and values.
func TestAnOrderHasOneShape(t *testing.T) {
	d := newDesk(t)
	made := d.resting("a", "2", "100.5")
	columns, err := d.service.Order(t.Context(), d.owner, made.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	// Without this, the stored order would count as newer than the broker's,
	// because it has a time of the broker's.
	d.exec("update app.alpaca_orders set broker_updated_at = null where id = $1", made.ID)
	var written, listed json.RawMessage
	err = d.pg.Conn(t, "admin").QueryRow(t.Context(), `select app.order_json(o), app.order_json(b)
		from app.alpaca_orders o cross join lateral app.orders_from_broker_json($1, jsonb_build_array(o.broker_order)) b where o.id = $2`,
		d.owner.Account, made.ID).Scan(&written, &listed)
	if err != nil {
		t.Fatal(err)
	}
	want := fields(t, columns)
	if got := fields(t, written); !reflect.DeepEqual(got, want) {
		t.Errorf("app.order_json says %v, and orderColumns %v", got, want)
	}
	got := fields(t, listed)
	delete(got, "updated_at") // one is the broker's time and the other is ours
	rest := maps.Clone(want)
	delete(rest, "updated_at")
	if !reflect.DeepEqual(got, rest) {
		t.Errorf("app.orders_from_broker_json says %v, and orderColumns %v", got, rest)
	}
	for _, name := range []string{"tag", "orchestrator_agent_id", "submitted_by", "limit_price", "alpaca_order_id", "broker_request_id"} {
		if want[name] == nil {
			t.Errorf("the order has no %s, so that it is not compared", name)
		}
	}
}

package trading

import (
	"encoding/json"
	"reflect"
	"testing"
)

// An order that passes Check is sent to the broker as it is stored: no field
// and no digit is lost, added or changed.
func FuzzOrderForBroker(f *testing.F) {
	for _, body := range []string{
		`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1","client_order_id":"a","tag":"t","orchestrator_agent_id":"o"}`,
		`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","notional":"12.340","position_intent":"buy_to_open"}`,
		`{"symbol":"BTC/USD","side":"sell","type":"limit","time_in_force":"gtc","qty":0.000000000000000001,"limit_price":"65000.01","extended_hours":true}`,
		`{"symbol":"AAPL","side":"sell","type":"stop_limit","time_in_force":"gtc","qty":"123456789012345678","limit_price":1e3,"stop_price":5.0}`,
		`{"symbol":"AAPL","side":"sell","type":"trailing_stop","time_in_force":"gtc","qty":1,"trail_price":"1.5"}`,
		`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","order_class":"oco","qty":1,"take_profit":{"limit_price":"2"},"stop_loss":{"stop_price":"1","limit_price":"0.9"}}`,
		`{"type":"limit","time_in_force":"day","order_class":"mleg","qty":1,"limit_price":"-1.5","legs":[{"symbol":"AAPL260116C00200000","ratio_qty":"1","position_intent":"buy_to_open"},{"symbol":"AAPL260116C00210000","ratio_qty":2,"side":"sell"}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r OrderRequest
		if json.Unmarshal(body, &r) != nil || r.Check() != nil {
			return
		}
		here, _ := requestText(r)
		there, err := json.Marshal(r.forBroker())
		if err != nil {
			t.Fatal(err)
		}
		kept, told := fields(t, here), fields(t, there)
		delete(kept, "tag") // Alpaca has neither of the two
		delete(kept, "orchestrator_agent_id")
		if !reflect.DeepEqual(kept, told) {
			t.Errorf("%s is sent to the broker as %s", here, there)
		}
	})
}

// fields returns the fields of a JSON object that are not empty.
func fields(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return saying(all).(map[string]any)
}

func saying(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner = saying(inner); inner == nil || inner == "" || inner == false {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = saying(v[i])
		}
	}
	return v
}

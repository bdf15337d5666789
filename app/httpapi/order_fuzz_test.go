package httpapi

import (
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"paddock/app/problem"
	"paddock/app/trading"
)

// namesField matches a field's name, in quotes, in a message.
var namesField = regexp.MustCompile(`"[^"]+"`)

// A body of an order is either refused, with a documented code and a message
// that names a field, or becomes an order with exactly the fields and amounts
// that were sent.
func FuzzOrderBody(f *testing.F) {
	const market = `"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day"`
	for _, body := range []string{
		`{` + market + `,"qty":"1","client_order_id":"a","tag":"t","orchestrator_agent_id":"o"}`,
		`{` + market + `,"qty":0.10000000000000001}`,
		`{` + market + `,"notional":1e2,"qty":null}`,
		`{"symbol":"BTC/USD","side":"sell","type":"limit","time_in_force":"gtc","qty":"0.000000001","limit_price":"65000.01","extended_hours":true}`,
		`{"symbol":"AAPL","side":"sell","type":"stop_limit","time_in_force":"gtc","qty":"12345678901234567","limit_price":"+.5","stop_price":5.0}`,
		`{"symbol":"AAPL","side":"sell","type":"trailing_stop","time_in_force":"gtc","qty":1,"trail_percent":"1.5"}`,
		`{` + market + `,"order_class":"bracket","qty":1,"take_profit":{"limit_price":"2"},"stop_loss":{"stop_price":"1","limit_price":"0.9"}}`,
		`{"type":"limit","time_in_force":"day","order_class":"mleg","qty":1,"limit_price":"-1.5","legs":[` +
			`{"symbol":"AAPL260116C00200000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"},{"symbol":"AAPL260116C00210000","ratio_qty":2,"side":"sell"}]}`,
		`{` + market + `,"qty":"1","qty":"2"}`,
		`{` + market + `,"qty":"1","QTY":"2"}`,
		`{` + market + `,"qty":"1","time_in_\u212aorce":"day"}`,
		`{` + market + `,"qty":"1","ſymbol":"MSFT"}`,
		`{` + market + `,"qty":"1e999999999"}`, `{` + market + `,"qty":"\u0031"}`, `{` + market + `,"qty":[1]}`, `{` + market + `,"legs":{}}`,
		`{` + market + `,"tag":"\ud800"}`, `{` + market + `,"tag":"\u0000"}`, "{\"tag\":\"\xff\"}", `{` + market + `,"tag":null}`, `{` + market + `,"legs":[null]}`,
		`{` + market + `,"price":1}`, `{` + market + `}{}`, `{`, `null`, `5`, `[]`, `"x"`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/api/orders", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		var order trading.OrderRequest
		err := readBody(r, &order)
		if err == nil {
			err = order.Check()
		}
		if err != nil {
			wantRefusal(t, body, err)
			return
		}
		kept, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		if sent, got := said(t, body), said(t, kept); !reflect.DeepEqual(sent, got) {
			t.Errorf("%q became %s: %v, want %v", body, kept, got, sent)
		}
	})
}

// A body with a repeated field is refused, whatever the case of its letters and
// the depth.
func TestOrderFieldsAreThereOnce(t *testing.T) {
	for _, body := range []string{
		`{"qty":"1","type":"market","qty":"1"}`,
		`{"qty":"1","Qty":"2"}`,
		`{"symbol":"AAPL","ſymbol":"MSFT"}`,
		`{"take_profit":{"limit_price":"1"},"take_profit":{}}`,
		`{"stop_loss":{"stop_price":"1","stop_price":"2"}}`,
		`{"legs":[{"symbol":"A","side":"buy"}],"legs":[{"symbol":"B"}]}`,
		`{"legs":[{"symbol":"A","SYMBOL":"B"}]}`,
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/orders", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if err := readBody(r, new(trading.OrderRequest)); !problem.Is(err, problem.RepeatedField) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func wantRefusal(t *testing.T, body []byte, err error) {
	t.Helper()
	p := problem.Of(err)
	if p.Kind() != problem.KindInvalid {
		t.Errorf("%q: %v, of kind %v", body, err, p.Kind())
	}
	switch p.Code {
	case problem.InvalidJSON, problem.InvalidText: // there may be no field to name
	case problem.InvalidOrder, problem.UnknownField, problem.RepeatedField:
		if p.Code == problem.InvalidOrder && !namesField.MatchString(p.Message) {
			t.Errorf("%q: the message names no field: %s", body, p.Message)
		}
	default:
		t.Errorf("%q: an unexpected code: %v", body, err)
	}
	if p.Message == "" || strings.Contains(p.Message, `The field ""`) {
		t.Errorf("%q: the message is empty or names an empty field: %v", body, err)
	}
}

// said returns what a JSON text means: without fields whose value means the
// same as their absence, and with amounts as exact fractions.
func said(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return meaning("", v)
}

// amounts matches the names of the fields that are amounts.
var amounts = regexp.MustCompile(`^(qty|notional|limit_price|stop_price|trail_price|trail_percent|ratio_qty)$`)

func meaning(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, inner := range v {
			if m := meaning(foldCase(name), inner); m != nil {
				kept[foldCase(name)] = m
			}
		}
		return kept
	case []any:
		var kept []any
		for _, inner := range v {
			kept = append(kept, meaning("", inner))
		}
		if kept == nil {
			return nil
		}
		return kept
	case json.Number:
		return amount(v.String())
	case string:
		if amounts.MatchString(name) {
			return amount(v)
		}
		if v == "" {
			return nil
		}
		return v
	case bool:
		if v {
			return v
		}
	}
	return nil
}

func amount(text string) any {
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		return "no number: " + text
	}
	return exact.RatString()
}

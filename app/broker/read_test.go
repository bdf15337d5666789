package broker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paddock/app/broker"
)

const anOrder = `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"mine","symbol":"AAPL","side":"buy","type":"limit",` +
	`"time_in_force":"day","order_class":"","status":"partially_filled","qty":"10","notional":null,"filled_qty":"4","filled_avg_price":"190.5",` +
	`"limit_price":"191","extended_hours":false,"legs":null,"created_at":"2026-11-25T14:30:00Z","updated_at":"2026-11-25T14:31:00Z","submitted_at":"2026-11-25T14:30:00Z"}`

// with returns a JSON object with a field set to a raw value, or without the
// field if value is "".
func with(object, field, value string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		panic(err)
	}
	if delete(fields, field); value != "" {
		fields[field] = json.RawMessage(value)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// An order that is not in the documented form keeps everything that can be
// read. What cannot be read is reported, and the quantity that may still trade
// is never assumed to be smaller than it may be.
func TestOddOrders(t *testing.T) {
	for name, tt := range map[string]struct {
		raw, field, value string // value is the field's value afterwards; "" for an order that must not be recorded
		unharmed, uncount bool   // unharmed: not odd at all; uncount: its quantity cannot be read
	}{
		"in form":                    {raw: anOrder, field: "qty", value: `"10"`, unharmed: true},
		"fields nobody knows":        {raw: with(anOrder, "invented", `{"a":""}`), field: "invented", value: `{"a":""}`, unharmed: true},
		"a status nobody knows":      {raw: with(anOrder, "status", `"pending_review"`), field: "status", value: `"pending_review"`, unharmed: true},
		"amounts as numbers":         {raw: with(anOrder, "qty", `10.5`), field: "qty", value: `10.5`, unharmed: true},
		"a flag as a text":           {raw: with(anOrder, "extended_hours", `"false"`), field: "extended_hours", value: `false`},
		"another":                    {raw: with(anOrder, "extended_hours", `"True"`), field: "extended_hours", value: `true`},
		"a flag as a number":         {raw: with(anOrder, "extended_hours", `1`), field: "extended_hours", value: `true`},
		"an empty flag":              {raw: with(anOrder, "extended_hours", `""`), field: "extended_hours", value: `null`},
		"an empty notional":          {raw: with(anOrder, "notional", `""`), field: "notional", value: `null`},
		"an empty qty":               {raw: with(anOrder, "qty", `""`), field: "qty", value: `null`, uncount: true},
		"an empty qty, a notional":   {raw: with(with(anOrder, "qty", `""`), "notional", `"100"`), field: "qty", value: `null`},
		"a qty that is none":         {raw: with(anOrder, "qty", `"ten"`), field: "qty", value: `null`, uncount: true},
		"a qty that is NaN":          {raw: with(anOrder, "qty", `"NaN"`), field: "qty", value: `null`, uncount: true},
		"a qty without end":          {raw: with(anOrder, "qty", `"1e400000000"`), field: "qty", value: `null`, uncount: true},
		"a negative qty":             {raw: with(anOrder, "qty", `"-3"`), field: "qty", value: `null`, uncount: true},
		"a list for a price":         {raw: with(anOrder, "limit_price", `[1]`), field: "limit_price", value: `null`},
		"an empty time":              {raw: with(anOrder, "submitted_at", `""`), field: "submitted_at", value: `null`},
		"a time as a number":         {raw: with(anOrder, "submitted_at", `1764081000`), field: "submitted_at", value: `null`},
		"a time without a zone":      {raw: with(anOrder, "submitted_at", `"2026-11-25 14:30:00.5"`), field: "submitted_at", value: `"2026-11-25T14:30:00.5Z"`},
		"the year 0":                 {raw: with(anOrder, "submitted_at", `"0000-01-01T00:00:00Z"`), field: "submitted_at", value: `null`},
		"no last change":             {raw: with(anOrder, "updated_at", `""`), field: "updated_at", value: `"2026-11-25T14:30:00Z"`},
		"legs as an object":          {raw: with(anOrder, "legs", `{}`), field: "legs", value: `null`},
		"legs as an empty text":      {raw: with(anOrder, "legs", `""`), field: "legs", value: `null`},
		"legs by their names":        {raw: with(anOrder, "legs", `{"0":`+with(anOrder, "qty", `"7"`)+`}`), field: "legs", value: `[` + with(anOrder, "qty", `"7"`) + `]`},
		"one leg":                    {raw: with(anOrder, "legs", with(anOrder, "qty", `"7"`)), field: "legs", value: `[` + with(anOrder, "qty", `"7"`) + `]`},
		"legs that are a number":     {raw: with(anOrder, "legs", `7`), field: "legs", value: `null`, uncount: true},
		"a leg that is a text":       {raw: with(anOrder, "legs", `["x",`+anOrder+`]`), field: "legs", value: `[` + anOrder + `]`, uncount: true},
		"a leg that is odd":          {raw: with(anOrder, "legs", `[`+with(anOrder, "notional", `""`)+`]`), field: "legs", value: `[` + with(anOrder, "notional", `null`) + `]`},
		"a short sale":               {raw: with(anOrder, "side", `"sell_short"`), field: "side", value: `"sell"`},
		"a side nobody knows":        {raw: with(anOrder, "side", `"undisclosed"`), field: "side", value: `null`, uncount: true},
		"no side":                    {raw: with(anOrder, "side", ``), field: "qty", value: `"10"`, uncount: true},
		"no symbol":                  {raw: with(anOrder, "symbol", `null`), field: "symbol", value: `null`, uncount: true},
		"no status":                  {raw: with(anOrder, "status", `null`), field: "status", value: `"accepted"`},
		"a word of ours":             {raw: with(anOrder, "status", `"unknown"`), field: "status", value: `"accepted"`},
		"no status, and canceled":    {raw: with(with(anOrder, "status", ``), "canceled_at", `"2026-11-25T14:32:00Z"`), field: "status", value: `"canceled"`},
		"no name":                    {raw: with(anOrder, "client_order_id", `null`), field: "client_order_id", value: `"61e69015-8549-4bfd-b9c3-01e75843f47d"`},
		"a name that is too long":    {raw: with(anOrder, "client_order_id", `"`+strings.Repeat("x", 129)+`"`), field: "client_order_id", value: `"61e69015-8549-4bfd-b9c3-01e75843f47d"`},
		"a name with a NUL":          {raw: with(anOrder, "client_order_id", `"mine\u0000"`), field: "client_order_id", value: `"61e69015-8549-4bfd-b9c3-01e75843f47d"`},
		"a name of half a character": {raw: with(anOrder, "client_order_id", `"\ud800"`), field: "client_order_id", value: `"61e69015-8549-4bfd-b9c3-01e75843f47d"`},
		"less than nothing filled":   {raw: with(with(anOrder, "status", `"new"`), "filled_qty", `"-1"`), uncount: true},
		"a name that is a number":    {raw: with(anOrder, "client_order_id", `7`), field: "client_order_id", value: `"7"`},
		"an empty id of another":     {raw: with(anOrder, "replaced_by", `""`), field: "replaced_by", value: `null`},
		"a NUL in a text":            {raw: with(anOrder, "symbol", `"AA\u0000PL"`), field: "symbol", value: `"AAPL"`},
		"half a character":           {raw: with(anOrder, "source", `"\ud800"`), field: "source", value: `"` + "\uFFFD" + `"`},
		"a whole one in two halves":  {raw: strings.Replace(anOrder, `"mine"`, `"\ud83d\ude00"`, 1), field: "client_order_id", value: `"\ud83d\ude00"`, unharmed: true},
		"over, of unknown size":      {raw: with(with(anOrder, "status", `"canceled"`), "qty", `""`), field: "qty", value: `null`},
		"nothing filled, unsaid":     {raw: with(with(with(anOrder, "status", `"new"`), "filled_avg_price", `null`), "filled_qty", `""`), field: "filled_qty", value: `"0"`},
		"all filled, unsaid":         {raw: with(with(anOrder, "status", `"filled"`), "filled_qty", `""`), field: "filled_qty", value: `"10"`},
		"partly filled, unsaid":      {raw: with(anOrder, "filled_qty", `""`), uncount: true},
		"no id":                      {raw: with(anOrder, "id", `""`), uncount: true},
		"an id that is none":         {raw: with(anOrder, "id", `"x"`), uncount: true},
		"over, and no id":            {raw: with(with(anOrder, "status", `"expired"`), "id", ``)},
		"a text":                     {raw: `"order"`, uncount: true},
		"null":                       {raw: `null`, uncount: true},
		"a list of an order":         {raw: `[` + anOrder + `]`, uncount: true},
	} {
		t.Run(name, func(t *testing.T) {
			clean, odd := broker.ReadOrder([]byte(tt.raw))
			switch {
			case tt.unharmed && (odd != nil || string(clean) != tt.raw):
				t.Fatalf("it was reported as odd, %+v, and read as\n%s", odd, clean)
			case !tt.unharmed && odd == nil:
				t.Fatalf("it was not reported as odd")
			case odd != nil && (odd.What != "order" || odd.Text != tt.raw || odd.Why == "" || odd.Unread != (tt.value == "") || odd.Uncounted != tt.uncount):
				t.Errorf("reported as %+v", odd)
			}
			if tt.value == "" {
				if clean != nil {
					t.Errorf("read as %s", clean)
				}
				return
			}
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(clean, &fields); err != nil || string(fields[tt.field]) != tt.value {
				t.Errorf("%q is read as %s, want %s (%v)", tt.field, fields[tt.field], tt.value, err)
			}
		})
	}
	// A leg of a multi-leg order that has no client_order_id is skipped,
	// because it is not an order of its own.
	if clean, odd := broker.ReadOrder([]byte(with(with(anOrder, "client_order_id", `""`), "order_class", `"mleg"`))); clean != nil || odd != nil {
		t.Errorf("a nameless leg is %s, %+v", clean, odd)
	}
}

// The report of an odd item names the field, and never its value.
func TestOddItemsShowNoValues(t *testing.T) {
	_, odd := broker.ReadOrder([]byte(with(anOrder, "limit_price", `"`+secretKey+`"`)))
	if odd == nil || strings.Contains(odd.Why, secretKey) || !strings.Contains(odd.Why, "limit_price") {
		t.Errorf("reported as %+v", odd)
	}
}

// An odd item does not affect other items of its list. A list that is null is
// empty.
func TestListsAreReadItemByItem(t *testing.T) {
	const aPosition = `{"symbol":"AAPL","asset_class":"us_equity","qty":"10","avg_entry_price":"190"}`
	const aFill = `{"id":"20261125::1","activity_type":"FILL","order_id":"o","qty":"1","price":"190","transaction_time":"2026-11-25T14:30:00Z"}`
	body, status := "", 200
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { say(status, body)(w, r) })
	client := newClient(t, url)
	lists := map[string]struct {
		item  string
		odd   []string // the odd items; kept and value say how many of them are left
		ask   func() (n int, raw json.RawMessage, odd []broker.Odd, err error)
		kept  int // how many of the odd items are in Raw
		value int // how many of the odd items are in Value
	}{
		"orders": {anOrder, []string{`null`, `7`, `{}`, with(anOrder, "legs", `{}`), with(anOrder, "extended_hours", `"false"`), with(anOrder, "asset_id", `[]`)}, func() (int, json.RawMessage, []broker.Odd, error) {
			a, err := client.OrdersBy(t.Context(), map[string][]string{"status": {"all"}})
			return len(a.Value), a.Raw, a.Odd, err
		}, 3, 3},
		"positions": {aPosition, []string{`"AAPL"`, with(aPosition, "symbol", `"MSFT"`), with(with(aPosition, "qty", `""`), "symbol", `"TSLA"`), with(aPosition, "symbol", ``)}, func() (int, json.RawMessage, []broker.Odd, error) {
			a, err := client.Positions(t.Context())
			return len(a.Value), a.Raw, a.Odd, err
		}, 4, 1},
		"activities": {aFill, []string{`[]`, with(aFill, "id", ``), with(aFill, "date", `"2026-11-25T00:00:00Z"`), with(aFill, "qty", `""`), with(aFill, "transaction_time", `""`)}, func() (int, json.RawMessage, []broker.Odd, error) {
			a, err := client.Activities(t.Context(), []string{"FILL"}, time.Time{}, "")
			return len(a.Value), a.Raw, a.Odd, err
		}, 3, 3},
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			body = "[" + strings.Join(append(list.odd, list.item, list.item), ",") + "]"
			n, raw, odd, err := list.ask()
			var items []json.RawMessage
			if jsonErr := json.Unmarshal(raw, &items); err != nil || jsonErr != nil || len(items) != list.kept+2 || n != list.value+2 {
				t.Fatalf("%d were read and %d kept, want %d and %d: %s (%v)", n, len(items), list.value+2, list.kept+2, raw, err)
			}
			if string(items[len(items)-1]) != list.item {
				t.Errorf("the last, which is in form, is %s", items[len(items)-1])
			}
			if len(odd) < len(list.odd)-1 {
				t.Errorf("%d odd items were reported, want %d: %+v", len(odd), len(list.odd), odd)
			}
			for _, empty := range []string{"null", "[]", " null\n"} {
				body = empty
				if n, raw, odd, err := list.ask(); err != nil || n != 0 || string(raw) != "[]" || odd != nil {
					t.Errorf("%q is %s, %d, %+v (%v)", empty, raw, n, odd, err)
				}
			}
			for _, none := range []string{`{}`, `"x"`, `7`, ``, `[1`} {
				body = none
				if _, _, _, err := list.ask(); err == nil {
					t.Errorf("%q is accepted as a list", none)
				}
			}
		})
	}
}

// An odd response with a single order is returned with what could be read. If
// nothing in it can be used it is an error, and the read is not repeated.
func TestOddAnswers(t *testing.T) {
	body := with(anOrder, "extended_hours", `"false"`)
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) { say(200, body)(w, r) })
	client := newClient(t, url)
	answer, err := client.PlaceOrder(t.Context(), order())
	if err != nil || answer.Value.Symbol != "AAPL" || len(answer.Odd) != 1 || answer.Odd[0].Text != body {
		t.Errorf("got %+v (%v)", answer, err)
	}
	body = `{"id":""}`
	before := requests.Load()
	_, err = client.Order(t.Context(), "an-id")
	if e := asError(t, err); e.Kind != broker.Unavailable || e.Odd == nil || e.Odd.Text != body || requests.Load() != before+1 {
		t.Errorf("got %+v after %d requests", e, requests.Load()-before)
	}
	_, err = client.PlaceOrder(t.Context(), order())
	if e := asError(t, err); e.Kind != broker.Ambiguous {
		t.Errorf("got %v, want ambiguous: it was placed", e)
	}
}

// The account and the market's prices are read field by field, so one odd field
// does not affect the others.
func TestOddFields(t *testing.T) {
	account := `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","equity":null,"last_equity":"1000.5","cash":"","multiplier":4,"shorting_enabled":"true","created_at":""}`
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/account":
			say(200, account)(w, r)
		case "/v2/stocks/quotes/latest":
			say(200, `{"quotes":{"AAPL":{"ap":"","bp":190.25},"MSFT":7,"TSLA":{"ap":12.5,"bp":null},"SPY":null}}`)(w, r)
		default:
			say(200, `{"trades":{"AAPL":{"p":190.5},"MSFT":{"p":""},"SPY":7}}`)(w, r)
		}
	})
	client := newClient(t, url)
	got, err := client.Account(t.Context())
	if err != nil || got.Value.LastEquity.String() != "1000.5" || string(got.Raw) != account {
		t.Errorf("got %+v (%v)", got, err)
	}
	for field, want := range map[string]string{"equity": "", "last_equity": "1000.5", "cash": "", "multiplier": "4", "created_at": "", "none": ""} {
		amount, known := broker.Amount(got.Raw, field)
		if known != (want != "") || known && amount.String() != want {
			t.Errorf("%s is %s, %v; want %q", field, amount, known, want)
		}
	}
	prices, err := client.Prices(t.Context(), []string{"AAPL", "MSFT", "TSLA", "SPY"})
	if err != nil || fmt.Sprint(prices) != "map[AAPL:190.5 TSLA:12.5]" {
		t.Errorf("got %v (%v)", prices, err)
	}
}

// A number that becomes long when it is written, in a field that nobody knows,
// is left out, and the item is otherwise as it was. An item that is too large
// is not recorded, and counts as unknown where it may still be filled.
func TestItemsThatGrow(t *testing.T) {
	position := `{"symbol":"AAPL","qty":"3"}`
	activity := `{"id":"a","activity_type":"FEE"}`
	update := `{"event_id":"01A","event":"new","order":` + anOrder + `}`
	leg := with(anOrder, "legs", `[`+anOrder+`]`)
	large := `"` + strings.Repeat("x", 100_000) + `"`
	for what, tt := range map[string]struct {
		raw  string
		read func([]byte) (json.RawMessage, *broker.Odd)
	}{
		"an order": {anOrder, broker.ReadOrder}, "an order with legs": {leg, broker.ReadOrder}, "a position": {position, broker.ReadPosition},
		"an activity": {activity, broker.ReadActivity}, "an update": {update, broker.ReadUpdate},
	} {
		for value, want := range map[string]string{
			"1e131071": "null", "0e-16383": "null", "-1e-16000": "null", "1E+401": "null", `[1,{"a":1e9999999999}]`: `[1,{"a":null}]`,
		} {
			raw := with(tt.raw, "invented", value)
			clean, odd := tt.read([]byte(raw))
			if odd == nil || odd.Unread || odd.Uncounted || !strings.Contains(odd.Why, "more digits") || string(clean) != with(tt.raw, "invented", want) {
				t.Errorf("%s with %s is %s, %+v", what, value, clean, odd)
			}
		}
		if clean, odd := tt.read([]byte(with(tt.raw, "invented", "1e399"))); odd != nil || string(clean) != with(tt.raw, "invented", "1e399") {
			t.Errorf("%s with a number that can be kept is %s, %+v", what, clean, odd)
		}
		for _, value := range []string{large, "[" + strings.Repeat("1e399,", 1000) + "1]"} {
			clean, odd := tt.read([]byte(with(tt.raw, "invented", value)))
			counts := strings.Contains(what, "order") || what == "a position"
			if odd == nil || !odd.Unread || odd.Uncounted != counts || len(clean) > 2 {
				t.Errorf("%s that is large is %.100s, %+v", what, clean, odd)
			}
		}
	}
	if _, odd := broker.ReadOrder([]byte(with(with(anOrder, "invented", large), "status", `"filled"`))); odd == nil || odd.Uncounted {
		t.Errorf("an order that is over and large is %+v", odd)
	}
	deep := with(anOrder, "legs", `[`+with(anOrder, "invented", "1e131071")+`]`)
	if clean, odd := broker.ReadOrder([]byte(deep)); odd == nil || bytes.Contains(clean, []byte("1e131071")) {
		t.Errorf("a leg with a long number is %s, %+v", clean, odd)
	}
}

// A trade update is read as leniently as its order, and so are the executions
// of its legs.
func TestOddUpdates(t *testing.T) {
	update := `{"event_id":"01A","event":"fill","execution_id":"e","at":"2026-11-25T14:31:00Z","price":"190","qty":"4","position_qty":"4","order":` + anOrder + `}`
	if clean, odd := broker.ReadUpdate([]byte(update)); string(clean) != update || odd != nil {
		t.Errorf("an update in the documented form is read as %s, %+v", clean, odd)
	}
	for name, tt := range map[string]struct{ field, value, want string }{
		"an empty position":     {"position_qty", `""`, `null`},
		"a price in a list":     {"price", `[190]`, `null`},
		"an id that's a number": {"execution_id", `7`, `"7"`},
		"a time as a number":    {"at", `1764081000`, `null`},
		"an odd order":          {"order", with(anOrder, "notional", `""`), with(anOrder, "notional", `null`)},
		"legs as an object":     {"legs", `{}`, `null`},
		"an odd leg":            {"legs", `[{"qty":""},7]`, `[{"qty":null}]`},
	} {
		raw := with(update, tt.field, tt.value)
		clean, odd := broker.ReadUpdate([]byte(raw))
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(clean, &fields); err != nil || odd == nil || odd.ID != "01A" || odd.Text != raw || string(fields[tt.field]) != tt.want {
			t.Errorf("%s: %s, %+v; want %s (%v)", name, fields[tt.field], odd, tt.want, err)
		}
	}
	for _, raw := range []string{`7`, `{}`, with(update, "order", `null`), with(update, "order", with(anOrder, "id", ``))} {
		if clean, odd := broker.ReadUpdate([]byte(raw)); clean != nil || odd == nil || !odd.Unread || odd.What != "update" {
			t.Errorf("%s is read as %s, %+v", raw, clean, odd)
		}
	}
}

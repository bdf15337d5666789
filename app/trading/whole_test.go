package trading_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/trading"
	"paddock/tests/kit"
)

// fields returns the fields of a JSON object.
func fields(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return o
}

// Every field of Alpaca's order is returned under its own name, wherever the
// order is read. If Alpaca has a field with the name of one of ours, ours is
// returned.
func TestOrdersAreAlpacasWhole(t *testing.T) {
	d := newDesk(t)
	d.synced()
	more := `"asset_id":"904837e3-3b76-47ec-b432-046db621571b","asset_class":"us_equity","expires_at":"2026-04-05T20:00:00Z","ratio_qty":null,"order_type":"limit",
		"source":null,"commission":"0.10","invented":{"later":[1,2.50]},"legs_text":"a \"quote\" and ü","intent_state":"theirs","tag":"theirs","submitted_by":"theirs",`
	d.answers(say(200, strings.Replace(bracketAnswer, "{", "{"+more, 1)))
	placed, err := d.service.Place(t.Context(), d.owner, "", request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100",
		"order_class":"bracket","client_order_id":"b","take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"}}`))
	if err != nil {
		t.Fatal(err)
	}
	answered := fields(t, placed.Order)
	one, err := d.service.OrderByClientOrderID(t.Context(), d.owner, "b")
	if err != nil {
		t.Fatal(err)
	}
	q, err := trading.ParseOrderList(map[string][]string{"symbols": {"AAPL"}})
	if err != nil {
		t.Fatal(err)
	}
	listed := func() map[string]any {
		t.Helper()
		body, err := d.service.Orders(t.Context(), d.owner, &q)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range fields(t, body)["orders"].([]any) {
			if o := o.(map[string]any); o["client_order_id"] == "b" {
				return o
			}
		}
		t.Fatalf("the order is not listed: %s", body)
		return nil
	}
	d.exec("update app.stream_cursors set agreed_at = now() where account_id = $1", d.owner.Account)
	for where, o := range map[string]map[string]any{"the answer": answered, "one order": fields(t, one), "a list": listed()} {
		for name, want := range map[string]any{
			"asset_id": "904837e3-3b76-47ec-b432-046db621571b", "asset_class": "us_equity", "expires_at": "2026-04-05T20:00:00Z", "ratio_qty": nil,
			"order_type": "limit", "type": "limit", "source": nil, "commission": "0.10", "legs_text": `a "quote" and ü`,
			"intent_state": "accepted", "tag": nil, "submitted_by": "u1",
		} {
			if got, is := o[name]; !is || got != want {
				t.Errorf("%s has %s %v, want %v", where, name, got, want)
			}
		}
		if text, _ := json.Marshal(o["invented"]); string(text) != `{"later":[1,2.5]}` {
			t.Errorf("%s has the unknown field as %s", where, text)
		}
		if a, b := slices.Sorted(maps.Keys(o)), slices.Sorted(maps.Keys(answered)); !slices.Equal(a, b) {
			t.Errorf("%s has the fields %v, want %v", where, a, b)
		}
	}

	// An order without an answer from Alpaca has the same fields.
	d.answers(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	lost, err := d.service.Place(t.Context(), d.owner, "", market("lost", 1))
	if err != nil || lost.Known {
		t.Fatalf("%v, known %v", err, lost.Known)
	}
	o := fields(t, lost.Order)
	for _, name := range []string{"asset_id", "asset_class", "expires_at", "ratio_qty"} {
		if got, is := o[name]; !is || got != nil {
			t.Errorf("an order without an answer has %s %v", name, got)
		}
	}
	if o["order_type"] != "market" {
		t.Errorf("an order without an answer has order_type %v", o["order_type"])
	}
}

// A list that is read at the broker has all of the broker's fields too.
func TestListsFromTheBrokerAreWhole(t *testing.T) {
	d := newDesk(t) // its mirror has never agreed, so lists are read at the broker
	if _, err := d.service.Place(t.Context(), d.owner, "", request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`)); err != nil {
		t.Fatal(err)
	}
	d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
	for _, query := range []string{"", "nested=true"} {
		body := d.page(query)
		order := fields(t, body)["orders"].([]any)[0].(map[string]any)
		if id, _ := order["asset_id"].(string); uuid.Validate(id) != nil || order["asset_class"] != "us_equity" || order["order_type"] != "limit" || !strings.Contains(string(body), `"source":"broker"`) {
			t.Errorf("%q: %s", query, body)
		}
	}
}

// page returns the response to a list of orders.
func (d *desk) page(query string) []byte {
	d.t.Helper()
	body, err := d.orders(query)
	if err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return body
}

func (d *desk) orders(query string) ([]byte, error) {
	d.t.Helper()
	r := httptest.NewRequest("GET", "/?"+query, nil)
	l, err := trading.ParseOrderList(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return d.service.Orders(d.t.Context(), d.owner, &l)
}

// clientIDs returns the client_order_ids of a list, one after the other.
func clientIDs(t *testing.T, list []byte) (all string) {
	t.Helper()
	for _, o := range fields(t, list)["orders"].([]any) {
		all += o.(map[string]any)["client_order_id"].(string)
	}
	return all
}

// before_order_id and after_order_id list the orders before or after an order.
// They accept our ids and the broker's, can be combined with other parameters,
// and work for lists from the mirror and from the broker.
func TestOrdersBesideAnother(t *testing.T) {
	d := newDesk(t)
	d.exec(`insert into app.alpaca_orders (account_id, id, client_order_id, intent_state, status, alpaca_order_id, symbol, side, type, qty, time_in_force, created_at, submitted_at)
		select $1, ('00000000-0000-4000-8000-00000000000' || n)::uuid, n::text, 'accepted', case when n % 2 = 0 then 'new' else 'filled' end,
			('00000000-0000-4000-9000-00000000000' || n)::uuid, 'AAPL', 'buy', 'market', 1, 'day', moment, moment
		from generate_series(1, 6) n, lateral (select timestamptz '2026-01-05 15:00:00Z' + (n / 2) * interval '1 minute') m (moment)`, d.owner.Account)
	d.synced()
	ours, theirs := "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-9000-00000000000"
	ids := func(query string) string {
		t.Helper()
		return clientIDs(t, d.page(query))
	}
	for query, want := range map[string]string{
		"":                              "654321",
		"before_order_id=" + ours + "4": "321", "before_order_id=" + theirs + "4": "321",
		"after_order_id=" + ours + "4": "65", "after_order_id=" + theirs + "4": "65",
		"after_order_id=" + ours + "2&direction=asc":         "3456",
		"before_order_id=" + ours + "5&direction=asc":        "1234",
		"before_order_id=" + ours + "5&status=open":          "42",
		"after_order_id=" + ours + "2&status=closed":         "53",
		"before_order_id=" + ours + "5&symbols=aapl&limit=2": "43",
		"before_order_id=" + ours + "5&side=sell":            "",
		"after_order_id=" + ours + "3&nested=true":           "654",
		"before_order_id=" + theirs + "3&nested=true":        "21",
		"before_order_id=" + ours + "1":                      "",
		"after_order_id=" + ours + "6":                       "",
	} {
		if got := ids(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, code := range map[string]problem.Code{
		"before_order_id=x": problem.InvalidQuery, "after_order_id=00000000-0000-0000-0000-000000000000": problem.InvalidQuery,
		"before_order_id=" + ours + "1&after_order_id=" + ours + "2":    problem.InvalidQuery,
		"before_order_id=" + ours + "1&after=2026-01-05":                problem.InvalidQuery,
		"after_order_id=" + ours + "1&until=2026-01-05":                 problem.InvalidQuery,
		"before_order_id=" + ours + "9":                                 problem.OrderNotFound,
		"after_order_id=" + ours + "9&nested=true&symbols=AAPL&limit=1": problem.OrderNotFound,
	} {
		if _, err := d.orders(query); !problem.Is(err, code) {
			t.Errorf("%s: %v, want %s", query, err, code)
		}
	}

	// The same works at the broker, for orders that the mirror does not have.
	d.exec("delete from app.stream_cursors where account_id = $1", d.owner.Account)
	d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
	var placed []string
	for _, id := range []string{"a", "b", "c"} {
		r := request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1","client_order_id":"`+id+`"}`)
		made, err := d.service.Place(t.Context(), d.owner, "", r)
		if err != nil {
			t.Fatal(err)
		}
		placed = append(placed, fields(t, made.Order)["alpaca_order_id"].(string))
	}
	check := func(where string) {
		t.Helper()
		for query, want := range map[string]string{
			"before_order_id=" + placed[1]: "a", "after_order_id=" + placed[1]: "c", "after_order_id=" + placed[0] + "&direction=asc": "bc",
			"before_order_id=" + placed[2] + "&nested=true": "ba",
		} {
			var body []byte
			kit.Eventually(t, "the broker to have time for a list", func() bool {
				var err error
				body, err = d.orders(query)
				return !problem.Is(err, problem.BrokerUnavailable) && !problem.Is(err, problem.BrokerRateLimited)
			})
			if got := clientIDs(t, body); got != want {
				t.Errorf("%s, %s: %s, want %s", where, query, got, want)
			}
		}
		if _, err := d.orders("before_order_id=" + ours + "1"); !problem.Is(err, problem.OrderNotFound) {
			t.Errorf("%s, an unknown order: %v", where, err)
		}
	}
	check("behind")
	d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
	check("empty")

	// Where the broker cannot be asked nobody knows whether there is such an order.
	d.front = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusServiceUnavailable) }
	if _, err := d.orders("before_order_id=" + placed[1]); !problem.Is(err, problem.BrokerUnavailable) {
		t.Errorf("while the broker is away: %v", err)
	}
}

// Orders before or after another are read from an index, like any list.
func TestBesidePlans(t *testing.T) {
	d := newDesk(t)
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, alpaca_order_id, created_at)
		select $1, 'order-' || n, 'accepted', case when n % 500 = 0 then 'new' else 'filled' end, gen_random_uuid(), now() - n * interval '1 minute'
		from generate_series(1, 5000) n`, d.owner.Account)
	d.exec("vacuum analyze app.alpaca_orders")
	for _, query := range []string{"before_order_id=" + uuid.NewString(), "after_order_id=" + uuid.NewString() + "&direction=asc", "before_order_id=" + uuid.NewString() + "&status=open"} {
		l, err := trading.ParseOrderList(httptest.NewRequest("GET", "/?"+query, nil).URL.Query())
		if err != nil {
			t.Fatal(err)
		}
		plan := d.plan(l.Statement(), "'"+uuid.NewString()+"'")
		if strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%q runs as\n%s", query, plan)
		}
	}
}

// Fields that the SDK does not know, of an order and of a replacement, are sent
// to Alpaca as they were given, together with those that it knows.
func TestInstructionsReachTheBroker(t *testing.T) {
	d := newDesk(t)
	var sent map[string]any
	hear := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = nil
		if err := json.Unmarshal(body, &sent); err != nil || r.ContentLength != int64(len(body)) {
			t.Errorf("the broker was sent %s of length %d: %v", body, r.ContentLength, err)
		}
	}
	d.answers(func(w http.ResponseWriter, r *http.Request) {
		hear(r)
		_, _ = io.WriteString(w, strings.NewReplacer(`"bracket"`, `""`, `"limit_price":"100"`, `"limit_price":"100.10"`).Replace(bracketAnswer))
	})
	const instructions = `{"algorithm":"VWAP","display_qty":100,"max_percentage":"0.314","start_time":"2025-07-21T09:30:00-04:00"}`
	r := request(t, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100.10","client_order_id":"b","advanced_instructions":`+instructions+`}`)
	placed, err := d.service.Place(t.Context(), d.owner, "", r)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(sent["advanced_instructions"])
	if string(text) != `{"algorithm":"VWAP","display_qty":"100","max_percentage":"0.314","start_time":"2025-07-21T09:30:00-04:00"}` || sent["limit_price"] != "100.1" || sent["qty"] != "2" || sent["symbol"] != "AAPL" {
		t.Errorf("the broker was sent %v", sent)
	}

	d.watch = func(r *http.Request) {
		if r.Method == http.MethodPatch {
			hear(r)
		}
	}
	for body, want := range map[string]map[string]string{
		`{"notional":"750"}`:                             {"notional": `"750"`, "qty": "null"},
		`{"advanced_instructions":` + instructions + `}`: {"advanced_instructions": `{"algorithm":"VWAP","display_qty":"100","max_percentage":"0.314","start_time":"2025-07-21T09:30:00-04:00"}`},
		`{"limit_price":"99","advanced_instructions":{"algorithm":"DMA","destination":"NYSE"}}`: {"limit_price": `"99"`, "advanced_instructions": `{"algorithm":"DMA","destination":"NYSE"}`},
		`{"qty":"3"}`: {"qty": `"3"`},
	} {
		var change trading.Replacement
		if err := json.Unmarshal([]byte(body), &change); err != nil {
			t.Fatal(err)
		}
		_, err := d.service.Replace(t.Context(), d.owner, d.read(placed.Order).ID, "", change)
		if problem.Is(err, problem.InvalidOrder) {
			t.Errorf("%s: %v", body, err)
		}
		for name, value := range want {
			if got, _ := json.Marshal(sent[name]); string(got) != value {
				t.Errorf("%s reached the broker with %s %s, want %s", body, name, got, value)
			}
		}
		if _, is := sent["notional"]; is != strings.Contains(body, "notional") {
			t.Errorf("%s reached the broker as %v", body, sent)
		}
	}
	for body, want := range map[string]string{
		`{"qty":"1","notional":"5"}`:                                                `either "qty" or "notional"`,
		`{"notional":"0"}`:                                                          `"notional" must be greater than 0`,
		`{"advanced_instructions":{"max_percentage":"1"}}`:                          `greater than 0 and less than 1`,
		`{"advanced_instructions":{"display_qty":"-1"}}`:                            `"advanced_instructions.display_qty" must be greater than 0`,
		`{"advanced_instructions":{"start_time":"tomorrow"}}`:                       `"advanced_instructions.start_time" must be a time`,
		`{"advanced_instructions":{"algorithm":"` + strings.Repeat("x", 33) + `"}}`: `"advanced_instructions.algorithm" is too long`,
	} {
		var change trading.Replacement
		if err := json.Unmarshal([]byte(body), &change); err != nil {
			t.Fatal(err)
		}
		if err := change.Check(); !problem.Is(err, problem.InvalidOrder) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// The other fields of Alpaca's refusals, such as the orders that reserve the
// shares, are returned, in the first response and in each retry's.
func TestRefusalsAreAlpacasWhole(t *testing.T) {
	d := newDesk(t)
	const said = `{"code":40310000,"message":"insufficient qty available for order (requested: 10, available: 0)","available":"0","existing_qty":"10","held_for_orders":"10",
		"related_orders":["61e69015-8549-4bfd-b9c3-01e75843f47d"],"symbol":"AAPL"}`
	d.answers(say(403, said))
	for _, when := range []string{"the first time", "its retry"} {
		_, err := d.service.Place(t.Context(), d.owner, "", market("a", 10))
		p := problem.Of(err)
		if p.Code != problem.OrderRejected || p.Broker == nil {
			t.Fatalf("%s: %v", when, err)
		}
		text, err := json.Marshal(p.Broker)
		if err != nil {
			t.Fatal(err)
		}
		want := fields(t, []byte(said))
		want["request_id"] = "request-1"
		if got := fields(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}

	// If a refusal repeats the account's keys, they are masked in what is returned.
	d.answers(say(403, `{"code":40310000,"message":"no","held_for_orders":"10","key":"`+d.seed.SecretKey+`"}`))
	_, err := d.service.Place(t.Context(), d.owner, "", market("b", 10))
	p := problem.Of(err)
	text, jsonErr := json.Marshal(p.Broker)
	if p.Code != problem.OrderRejected || jsonErr != nil || strings.Contains(string(text)+err.Error(), d.seed.SecretKey) || string(p.Broker.More["held_for_orders"]) != `"10"` {
		t.Errorf("%v, with %s (%v)", err, text, jsonErr)
	}
}

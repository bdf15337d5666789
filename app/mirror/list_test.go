package mirror_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/problem"
	"paddock/app/trading"
)

// unlimited raises the rate limit, so that a test can list as often as it
// likes.
func unlimited(c *alpacasim.Config) { c.RateLimit = 100_000 }

// listed is a page of GET /api/orders.
type listed struct {
	Orders []map[string]any
	Next   *string    `json:"next_cursor"`
	AsOf   *time.Time `json:"as_of"`
	Source string
}

// ids returns the client_order_ids of a page, in its order, each followed by
// the types of its legs.
func (l listed) ids() string {
	var all []string
	for _, o := range l.Orders {
		id := o["client_order_id"].(string)
		var legs []string
		nested, _ := o["legs"].([]any)
		for _, leg := range nested {
			legs = append(legs, leg.(map[string]any)["type"].(string))
		}
		if len(legs) > 0 {
			slices.Sort(legs)
			id += "(" + strings.Join(legs, " ") + ")"
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

// list reads a page of orders.
func (w *world) list(query string) listed {
	w.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	asked, err := trading.ParseOrderList(q)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := w.trading().Orders(w.t.Context(), w.account, &asked)
	if err != nil {
		w.t.Fatal(err)
	}
	var l listed
	if err := json.Unmarshal(body, &l); err != nil {
		w.t.Fatalf("%s: %v", body, err)
	}
	return l
}

// listFrom reads a page until it comes from the given source. Lists may use
// only a part of the account's requests, so this can take a while.
func (w *world) listFrom(source, query string) (l listed) {
	w.t.Helper()
	w.eventually("a list from the "+source, func() bool { l = w.list(query); return l.Source == source })
	return l
}

// place places an order outside of Paddock.
func (w *world) place(id, symbol string, side alpaca.Side, kind alpaca.OrderType, limit string, change func(*alpaca.PlaceOrderRequest)) {
	w.t.Helper()
	one := decimal.NewFromInt(1)
	r := alpaca.PlaceOrderRequest{Symbol: symbol, Qty: &one, Side: side, Type: kind, TimeInForce: alpaca.GTC, ClientOrderID: id}
	if limit != "" {
		price := decimal.RequireFromString(limit)
		r.LimitPrice = &price
	}
	if change != nil {
		change(&r)
	}
	if _, err := w.outside.PlaceOrder(r); err != nil {
		w.t.Fatalf("%s: %v", id, err)
	}
	time.Sleep(2 * time.Millisecond) // so that no two orders have the same time
}

// Every filter of a list has the same effect in the mirror and at Alpaca: both
// return the same orders in the same order. Before the mirror has agreed with
// the broker, lists are read at the broker.
func TestListsAreAlpacas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.place("filled", "AAPL", alpaca.Buy, alpaca.Market, "", nil)
	w.place("crypto", "BTC/USD", alpaca.Buy, alpaca.Limit, "1000", nil)
	w.sim.Step()
	clock, err := w.outside.GetClock() // the broker's clock, by which its lists are ordered
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	w.place("open", "MSFT", alpaca.Buy, alpaca.Limit, "1", nil)
	w.place("sell", "AAPL", alpaca.Sell, alpaca.Limit, "100000", nil)
	w.place("bracket", "NVDA", alpaca.Buy, alpaca.Limit, "2", func(r *alpaca.PlaceOrderRequest) {
		gain, loss := decimal.NewFromInt(3), decimal.NewFromInt(1)
		r.OrderClass, r.TakeProfit, r.StopLoss = alpaca.Bracket, &alpaca.TakeProfit{LimitPrice: &gain}, &alpaca.StopLoss{StopPrice: &loss}
	})
	at := url.QueryEscape(clock.Timestamp.UTC().Format(time.RFC3339Nano))
	queries := map[string]string{
		"symbols=AAPL,BTCUSD": "sell crypto filled", "symbols=BTC/USD": "crypto", "side=sell&symbols=AAPL": "sell", "asset_class=crypto": "crypto",
		"asset_class=us_equity,crypto&symbols=AAPL,BTC/USD": "sell crypto filled", "asset_class=all&symbols=MSFT": "open",
		"status=open&symbols=AAPL,MSFT": "sell open", "status=closed": "filled",
		"until=" + at: "crypto filled", "until=" + at + "&direction=asc": "filled crypto", "after=" + at + "&symbols=AAPL,MSFT&direction=asc": "open sell",
		"nested=true": "bracket(limit stop) sell open crypto filled", "nested=true&status=open&direction=asc": "crypto open sell bracket(limit stop)",
		"nested=true&status=closed": "filled", "nested=true&side=sell": "bracket(limit stop) sell", "symbols=NONE": "",
		"limit=2&nested=true": "bracket(limit stop) sell", "limit=2&direction=asc": "filled crypto",
	}
	fromBroker := map[string]listed{}
	for query, want := range queries {
		l := w.listFrom("broker", query)
		if l.AsOf == nil || time.Since(*l.AsOf) > time.Minute {
			t.Fatalf("%s: the list is as of %v", query, l.AsOf)
		}
		if got := l.ids(); got != want {
			t.Errorf("%s from the broker: %s, want %s", query, got, want)
		}
		fromBroker[query] = l
	}
	w.run()
	w.eventually("the agreement", func() bool { return w.agreed() != nil })
	for query, want := range queries {
		l := w.list(query)
		if l.Source != "mirror" || !l.AsOf.Equal(*w.agreed()) {
			t.Errorf("%s: it comes from the %s as of %v, want the mirror as of %v", query, l.Source, l.AsOf, w.agreed())
		}
		if got := l.ids(); got != want {
			t.Errorf("%s from the mirror: %s, want %s", query, got, want)
		}
		if (l.Next == nil) != (fromBroker[query].Next == nil) {
			t.Errorf("%s: only one of the two lists has a next page", query)
		}
		for i, o := range l.Orders {
			if told := fromBroker[query].Orders[i]; !reflect.DeepEqual(common(o), common(told)) {
				t.Errorf("%s: the mirror has\n%v\nand the broker\n%v", query, common(o), common(told))
			}
		}
	}
}

// common removes the fields that differ between the mirror and the broker: our
// id, the time of the mirror's row, and the parent, which a flat list of the
// broker's lacks.
func common(o map[string]any) map[string]any {
	for _, name := range []string{"id", "updated_at", "parent_alpaca_order_id"} {
		delete(o, name)
	}
	nested, _ := o["legs"].([]any)
	for _, leg := range nested {
		common(leg.(map[string]any))
	}
	return o
}

// The pages of a list contain every order once, in both directions, from the
// mirror and from the broker.
func TestListsArePaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	var newest, oldest []string
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		w.place(id, "AAPL", alpaca.Buy, alpaca.Limit, "1", nil)
		newest, oldest = append([]string{id}, newest...), append(oldest, id)
	}
	check := func(source string) {
		t.Helper()
		for direction, want := range map[string][]string{"desc": newest, "asc": oldest} {
			for _, limit := range []string{"1", "2", "4", "5", "6"} {
				var seen []string
				query := "limit=" + limit + "&direction=" + direction
				for cursor := ""; ; {
					l := w.listFrom(source, query+cursor)
					seen = append(seen, strings.Fields(l.ids())...)
					if l.Next == nil || len(seen) > 5 {
						break
					}
					cursor = "&before=" + *l.Next
				}
				if !slices.Equal(seen, want) {
					t.Errorf("%s from the %s: %v, want %v", query, source, seen, want)
				}
			}
		}
	}
	check("broker")
	_, stop := w.run()
	w.eventually("the agreement", func() bool { return w.agreed() != nil })
	check("mirror")
	stop()
	// Now no stream keeps the mirror current.
	w.exec("update app.stream_cursors set agreed_at = agreed_at - interval '11 minutes'")
	check("broker")
}

// sorted returns the client_order_ids of a page in alphabetical order. Intents
// are ordered by our clock and orders by the broker's, so the order on the page
// can vary.
func (l listed) sorted() string {
	ids := strings.Fields(l.ids())
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// A list comes from the mirror if the mirror agreed a moment ago, or if an
// unbroken stream has kept it since and reconciliation goes on. Otherwise it is
// read at the broker. If that fails it comes from the mirror, with the time at
// which that last agreed.
func TestMirrorBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.place("here", "AAPL", alpaca.Buy, alpaca.Limit, "1", nil)
	_, stop := w.run()
	w.eventually("the agreement", func() bool { return w.agreed() != nil })
	w.streams("sse")
	stop()
	w.place("unseen", "AAPL", alpaca.Buy, alpaca.Limit, "1", nil)
	set := func(agreed, unbroken string) {
		w.exec(`update app.stream_cursors set agreed_at = now() - $1::interval, unbroken_since = now() - nullif($2, '')::interval,
			streaming = case when $2 <> '' then 'sse' end`, agreed, unbroken)
	}
	for _, tt := range []struct{ agreed, unbroken, source, health string }{
		{"10 seconds", "", "mirror", "ok"},
		{"2 minutes", "", "broker", "behind"},
		{"2 minutes", "5 minutes", "mirror", "ok"},
		{"2 minutes", "1 minute", "broker", "behind"},    // the stream was broken after the mirror agreed
		{"11 minutes", "20 minutes", "broker", "behind"}, // the stream is connected, but nothing reconciles
	} {
		set(tt.agreed, tt.unbroken)
		l, want := w.listFrom(tt.source, ""), map[string]string{"mirror": "here", "broker": "unseen here"}[tt.source]
		if l.ids() != want {
			t.Errorf("agreed %s ago, unbroken for %q: %s from the %s", tt.agreed, tt.unbroken, l.ids(), l.Source)
		}
		if h := w.health(); h.Status != tt.health {
			t.Errorf("agreed %s ago, unbroken for %q: the health is %+v", tt.agreed, tt.unbroken, h)
		}
	}
	// An intent that has no answer from the broker is in the list too.
	w.sim.Inject(alpacasim.Fail, 1, 0)
	if placed, err := w.trading().Place(t.Context(), w.account, "", orderRequest("lost")); err != nil || placed.Known {
		t.Fatalf("the answer is known: %v (%v)", placed.Known, err)
	}
	if l := w.listFrom("broker", ""); l.sorted() != "here lost unseen" || !slices.ContainsFunc(l.Orders, func(o map[string]any) bool {
		return o["client_order_id"] == "lost" && o["intent_state"] == "submitting"
	}) {
		t.Errorf("with a lost answer: %s from the %s", l.ids(), l.Source)
	}
	if l := w.list("status=closed"); l.ids() != "" {
		t.Errorf("closed: %s", l.ids())
	}

	w.front.away.Store(true)
	l := w.list("")
	if l.Source != "mirror" || l.sorted() != "here lost" || l.AsOf == nil || !l.AsOf.Equal(*w.agreed()) {
		t.Errorf("without the broker: %s from the %s as of %v", l.ids(), l.Source, l.AsOf)
	}
	w.front.away.Store(false)
	w.front.refuseKeys.Store(true)
	if l := w.list(""); l.Source != "mirror" {
		t.Errorf("without keys it comes from the %s", l.Source)
	}
	if h := w.health(); h.Status != "needs_credentials" {
		t.Errorf("the health is %+v", h)
	}
}

// A list that is read at Alpaca has every order once, and also the intents that
// Alpaca does not know. This holds however many orders have the same second or
// the same time, in both directions and with pages of any size.
func TestListsFromTheBrokerAreWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n      int
		spread time.Duration
		limits []int
	}{
		"fifteen seconds": {1405, 15 * time.Second, []int{100, 499, 500}}, "one second": {620, time.Second, []int{50, 500}},
		"one time": {620, 0, []int{7, 500}}, "one by one": {40, 0, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unlimited)
			w.front.list.Store(manyOrders(tt.n, tt.spread, false))
			// These are intents that Alpaca never accepted, with times before,
			// among and after its orders.
			for i, at := range []string{"2026-11-25T14:00:00Z", "2026-11-25T14:30:00.500000Z", "2026-11-25T14:30:00.500000Z", "2026-11-25T15:00:00Z"} {
				w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, side, qty, created_at)
					values ($1, $2, 'unsent', 'rejected', 'AAPL', 'buy', 1, $3)`, w.account.Account, fmt.Sprint("ours-", i), at)
			}
			w.exec("update app.alpaca_orders set created_at = '2026-11-25T14:00:00Z' where client_order_id = 'ours-0'") // a trigger sets it on insert
			w.exec("update app.alpaca_orders set created_at = '2026-11-25T14:30:00.5Z' where client_order_id in ('ours-1', 'ours-2')")
			w.exec("update app.alpaca_orders set created_at = '2026-11-25T15:00:00Z' where client_order_id = 'ours-3'")
			for _, limit := range tt.limits {
				for _, direction := range []string{"desc", "asc"} {
					seen := map[string]bool{}
					var order []string // the broker's orders
					var ours []string
					pages := 0
					query := fmt.Sprintf("limit=%d&direction=%s", limit, direction)
					for cursor := ""; ; pages++ {
						l := w.listFrom("broker", query+cursor)
						if len(l.Orders) > limit {
							t.Fatalf("%s: a page has %d orders", query, len(l.Orders))
						}
						for _, id := range strings.Fields(l.ids()) {
							if seen[id] {
								t.Fatalf("%s: %s is there twice", query, id)
							}
							seen[id] = true
							if strings.HasPrefix(id, "ours") {
								ours = append(ours, id)
							} else {
								order = append(order, id)
							}
						}
						if l.Next == nil {
							break
						}
						cursor = "&before=" + *l.Next
					}
					sorted := slices.IsSorted(order)
					if direction == "desc" {
						slices.Reverse(order)
						sorted = slices.IsSorted(order)
						slices.Reverse(ours)
					}
					if len(order) != tt.n || !sorted || len(ours) != 4 || ours[0] != "ours-0" || ours[3] != "ours-3" {
						t.Errorf("%s: %d of %d orders on %d pages, sorted %v, and of ours %v", query, len(order), tt.n, pages, sorted, ours)
					}
				}
			}
		})
	}
}

// A page of as many orders as Alpaca gives at once is not the end of its list, also
// where no intents of our own come after it.
func TestAFullPageIsNotTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.list.Store(manyOrders(1005, time.Minute, false))
	seen, cursor := 0, ""
	for {
		l := w.listFrom("broker", "limit=500"+cursor)
		seen += len(l.Orders)
		if l.Next == nil {
			break
		}
		cursor = "&before=" + *l.Next
	}
	if seen != 1005 {
		t.Errorf("%d of 1005 orders are listed", seen)
	}
}

// All pages of a list come from the source of the first. If that is Alpaca and
// it cannot be reached, the next page fails and says so.
func TestListGoesOnWhereItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.list.Store(manyOrders(10, time.Second, false))
	first := w.listFrom("broker", "limit=4&after=2026-11-25T14:30:00.15Z&until=2026-11-25T14:30:00.85Z")
	if first.ids() != "many-0008 many-0007 many-0006 many-0005" || first.Next == nil {
		t.Fatalf("the first page is %s", first.ids())
	}
	q, err := url.ParseQuery("limit=4&after=2026-11-25T14:30:00.15Z&until=2026-11-25T14:30:00.85Z&before=" + *first.Next)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := trading.ParseOrderList(q)
	if err != nil {
		t.Fatal(err)
	}
	w.front.away.Store(true)
	if body, err := w.trading().Orders(t.Context(), w.account, &asked); !problem.Is(err, problem.BrokerUnavailable) {
		t.Errorf("while Alpaca is away: %s, %v", body, err)
	}
	w.front.away.Store(false)
	// Now the mirror has agreed with the broker, but has none of these orders.
	w.exec("insert into app.stream_cursors (account_id, agreed_at) values ($1, now())", w.account.Account)
	l := w.list(q.Encode())
	if l.Source != "broker" || l.ids() != "many-0004 many-0003 many-0002" || l.Next != nil {
		t.Errorf("the second page is %s, from the %s, and its next cursor is %v", l.ids(), l.Source, l.Next)
	}
}

// The lists before and after an order together have every other order once.
// This also holds if the order is hidden by a filter and others have the same
// time, with pages of any size and in both directions.
func TestBothSidesOfAHiddenOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	type order struct {
		id       uuid.UUID
		at       time.Time
		name     string
		side     string
		listedAs string
	}
	begin := time.Date(2026, 11, 25, 14, 30, 0, 123456789, time.UTC)
	var all []order // oldest first; all but the first and the last have the same time
	for i := range 9 {
		o := order{id: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, "beside ", i)), at: begin, name: fmt.Sprint("o", i), side: []string{"buy", "buy", "sell"}[i%3]}
		switch i {
		case 0:
			o.at = begin.Add(-time.Second)
		case 8:
			o.at = begin.Add(time.Second)
		}
		o.listedAs = fmt.Sprintf(`{"id":%q,"client_order_id":%q,"symbol":"AAPL","asset_class":"us_equity","side":%q,"type":"limit","time_in_force":"day","order_class":"",`+
			`"status":"canceled","qty":"1","filled_qty":"0","limit_price":"1","created_at":%[4]q,"submitted_at":%[4]q,"updated_at":%[4]q}`, o.id, o.name, o.side, o.at.Format(time.RFC3339Nano))
		all = append(all, o)
		w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, alpaca_order_id, status, symbol, side, qty, type, time_in_force, created_at, submitted_at)
			values ($1, $2, 'accepted', $3, 'canceled', 'AAPL', $4, 1, 'limit', 'day', $5, $5)`, w.account.Account, o.name, o.id, o.side, o.at)
	}
	w.front.list.Store(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		orders := slices.Clone(all)
		at := func(name string) int {
			return slices.IndexFunc(orders, func(o order) bool { return o.id.String() == q.Get(name) })
		}
		if i := at("before_order_id"); i >= 0 {
			orders = orders[:i]
		}
		orders = orders[at("after_order_id")+1:]
		after, _ := time.Parse(time.RFC3339, q.Get("after"))
		until, _ := time.Parse(time.RFC3339, q.Get("until"))
		if q.Get("direction") != "asc" {
			slices.Reverse(orders)
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		page := []string{}
		for _, o := range orders {
			if (q.Get("side") == "" || q.Get("side") == o.side) && (until.IsZero() || o.at.Before(until)) && o.at.After(after) && len(page) < limit {
				page = append(page, o.listedAs)
			}
		}
		fmt.Fprint(rw, "["+strings.Join(page, ",")+"]")
	}))
	for i, beside := range all {
		for _, side := range []string{"", "buy", "sell"} {
			var before, after []string
			for j, o := range all {
				if side != "" && o.side != side || j == i {
					continue
				}
				if j < i {
					before = append(before, o.name)
				} else {
					after = append(after, o.name)
				}
			}
			for name, oldest := range map[string][]string{"before_order_id": before, "after_order_id": after} {
				for _, direction := range []string{"asc", "desc"} {
					for _, limit := range []int{1, 2, 500} {
						want := slices.Clone(oldest)
						if direction == "desc" {
							slices.Reverse(want)
						}
						query := fmt.Sprintf("%s=%s&direction=%s&limit=%d", name, beside.id, direction, limit)
						if side != "" {
							query += "&side=" + side
						}
						var seen []string
						for cursor := ""; ; {
							l := w.listFrom("broker", query+cursor)
							seen = append(seen, strings.Fields(l.ids())...)
							if l.Next == nil || len(seen) > len(all) {
								break
							}
							cursor = "&before=" + *l.Next
						}
						if !slices.Equal(seen, want) {
							t.Errorf("%s of %s, %q, %s, by %d: %v, want %v", name, beside.name, side, direction, limit, seen, want)
						}
					}
				}
			}
		}
	}
}

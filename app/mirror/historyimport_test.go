package mirror_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/tests/kit"
)

// bookOfOld is a broker's lists of orders and of activities from years ago, newest
// first, in Alpaca's JSON. It serves them in place of the simulator's.
type bookOfOld struct {
	mu         sync.Mutex
	orders     []map[string]any
	activities []map[string]any
	// onOrders and onActivities, if set, are called before a page is answered, with
	// how many were before it; what they return is the status, 0 for the page.
	onOrders, onActivities    func(page int) int
	orderPages, activityPages int
}

func oldID(what string, n int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d", what, n)).String()
}

// order adds an order that is older than those before, with an execution if it was
// filled, and returns it.
func (o *bookOfOld) order(n int, at time.Time, changes map[string]any) map[string]any {
	order := map[string]any{
		"id": oldID("order", n), "client_order_id": "old-" + strconv.Itoa(n), "created_at": at, "submitted_at": at, "updated_at": at.Add(time.Second),
		"filled_at": at.Add(time.Second), "symbol": "MSFT", "asset_class": "us_equity", "qty": "1", "filled_qty": "1", "filled_avg_price": "100", "side": []string{"buy", "sell"}[n%2],
		"type": "market", "order_type": "market", "time_in_force": "day", "order_class": "", "status": "filled", "extended_hours": false, "legs": nil,
	}
	for name, value := range changes {
		order[name] = value
	}
	o.orders = append(o.orders, order)
	if order["status"] == "filled" {
		o.execution(order)
	}
	return order
}

// execution adds the one execution of an order.
func (o *bookOfOld) execution(order map[string]any) {
	at := order["filled_at"].(time.Time)
	o.activities = append(o.activities, map[string]any{
		"id": at.Format("20060102150405000") + "::" + oldID("execution "+order["id"].(string), 0), "activity_type": "FILL", "transaction_time": at, "type": "fill",
		"price": order["filled_avg_price"], "qty": order["filled_qty"], "side": order["side"], "symbol": order["symbol"], "order_id": order["id"], "order_status": "filled",
	})
}

// serve has the proxy answer with these lists.
func (o *bookOfOld) serve(w *world) {
	w.front.list.Store(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		q := r.URL.Query()
		all := o.orders
		if q.Get("status") == "open" {
			all = slices.DeleteFunc(slices.Clone(all), func(order map[string]any) bool { return order["status"] != "new" })
		} else if q.Has("before_order_id") || q.Has("until") {
			if o.onOrders != nil {
				if status := o.onOrders(o.orderPages); status != 0 {
					rw.WriteHeader(status)
					return
				}
			}
			o.orderPages++
		}
		if after := q.Get("after"); after != "" {
			from, _ := time.Parse(time.RFC3339, after)
			all = slices.DeleteFunc(slices.Clone(all), func(order map[string]any) bool { return !order["submitted_at"].(time.Time).After(from) })
		}
		if until := q.Get("until"); until != "" {
			to, _ := time.Parse(time.RFC3339, until)
			all = slices.DeleteFunc(slices.Clone(all), func(order map[string]any) bool { return !order["submitted_at"].(time.Time).Before(to) })
		}
		if id := q.Get("before_order_id"); id != "" {
			at := slices.IndexFunc(all, func(order map[string]any) bool { return order["id"] == id })
			all = all[at+1:]
		}
		_ = json.NewEncoder(rw).Encode(all[:min(500, len(all))])
	}))
	w.front.activities.Store(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		q := r.URL.Query()
		kinds := strings.Split(q.Get("activity_types"), ",")
		all := slices.DeleteFunc(slices.Clone(o.activities), func(a map[string]any) bool { return !slices.Contains(kinds, a["activity_type"].(string)) })
		if len(kinds) > 1 && slices.Contains(kinds, "FILL") {
			if o.onActivities != nil {
				if status := o.onActivities(o.activityPages); status != 0 {
					rw.WriteHeader(status)
					return
				}
			}
			o.activityPages++
		}
		if token := q.Get("page_token"); token != "" {
			at := slices.IndexFunc(all, func(a map[string]any) bool { return a["id"] == token })
			all = all[at+1:]
		}
		_ = json.NewEncoder(rw).Encode(all[:min(100, len(all))])
	}))
}

// history returns how far the import is, as the API tells it.
func (w *world) history() accounts.HistoryImport {
	w.t.Helper()
	h, err := accounts.New(w.db, w.keys, w.broker).History(w.t.Context(), w.account)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// sometime is eventually for what comes after a few pages.
func (w *world) sometime(what string, check func() bool) {
	w.t.Helper()
	kit.Within(w.t, 4*time.Minute, what, func() error {
		if !check() {
			return fmt.Errorf("it says %+v", w.history())
		}
		return nil
	})
}

// awaitHistory waits until the import is done.
func (w *world) awaitHistory() accounts.HistoryImport {
	w.t.Helper()
	var h accounts.HistoryImport
	kit.Within(w.t, 4*time.Minute, "the import of the history", func() error {
		if h = w.history(); h.State != "done" {
			return fmt.Errorf("it is %+v", h)
		}
		return nil
	})
	return h
}

// wantHistory fails unless all orders of the book are here once, with their
// executions, and the journal has closed round trips for pairs of them.
func (w *world) wantHistory(orders, executions, trips int) {
	w.t.Helper()
	for what, q := range map[string]struct {
		sql  string
		want int
	}{
		"orders":                              {"select count(*)::int from app.alpaca_orders where account_id = $1", orders},
		"executions":                          {"select count(*)::int from app.fills where account_id = $1 and state = 'live'", executions},
		"closed round trips":                  {"select count(*)::int from app.trading_positions where account_id = $1 and closed_at is not null", trips},
		"orders whose executions are missing": {"select count(*)::int from app.alpaca_orders where account_id = $1 and (fills_differ or fills_awaited)", 0},
		"symbols that wait":                   {"select count(*)::int from app.round_trips_due where account_id = $1", 0},
	} {
		if got := scan[int](w, q.sql, w.account.Account); got != q.want {
			w.t.Errorf("there are %d %s, want %d", got, what, q.want)
		}
	}
}

// manyRequests has the simulator allow requests for a whole history in a test's time.
func manyRequests(c *alpacasim.Config) { c.RateLimit = 100_000 }

// newHistory returns a world whose broker has n orders from years ago, a minute apart.
func newHistory(t *testing.T, n int) (*world, *bookOfOld) {
	t.Helper()
	w, book := newWorld(t, manyRequests), &bookOfOld{}
	start := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	for i := range n {
		book.order(n-i, start.Add(-time.Duration(i)*time.Minute), nil)
	}
	book.serve(w)
	return w, book
}

// An account that has traded for years has all of its orders, executions and round
// trips here some time after it was connected, by itself and once; and they make no
// events but the one that says so.
func TestHistoryIsImported(t *testing.T) {
	t.Parallel()
	const n = 1200
	w, _ := newHistory(t, n)
	w.run()
	h := w.awaitHistory()
	w.wantHistory(n, n, n/2)
	if h.AskedBy != nil || h.OrdersAdded != n-500 || h.OrdersRead <= h.OrdersAdded || h.Problem != nil {
		t.Errorf("it says %+v", h)
	}
	if got := w.eventsOf("old-1"); got != "" {
		t.Errorf("an order of the history has the events %q", got)
	}
	if got := scan[string](w, "select string_agg(data::text, ' ') from app.account_events where account_id = $1 and kind = 'history'", w.account.Account); !strings.Contains(got, `"orders_added": 700`) {
		t.Errorf("the event is %s", got)
	}
	if got := scan[int](w, "select count(*)::int from app.alpaca_positions where account_id = $1 and qty <> 0", w.account.Account); got != 0 {
		t.Errorf("the history has moved %d positions", got)
	}

	// Asked for again it adds nothing, and what was forgotten comes back.
	w.exec("delete from app.alpaca_orders where account_id = $1 and client_order_id in ('old-1', 'old-77')", w.account.Account)
	again, err := accounts.New(w.db, w.keys, w.broker).ImportHistory(t.Context(), w.account)
	if err != nil || again.State != "waiting" || again.AskedBy == nil || *again.AskedBy != "u1" {
		t.Errorf("asked for again it is %+v (%v)", again, err)
	}
	if h = w.awaitHistory(); h.OrdersAdded != 2 || h.ExecutionsAdded != 2 {
		t.Errorf("the second one says %+v", h)
	}
	w.wantHistory(n, n, n/2)
}

// An account whose first reconciliation has read everything needs no import.
func TestAShortHistoryNeedsNoImport(t *testing.T) {
	t.Parallel()
	w, book := newHistory(t, 30)
	if h := w.history(); h.State != "none" {
		t.Errorf("before the first reconciliation it says %+v", h)
	}
	w.run()
	if h := w.awaitHistory(); h.OrdersRead != 30 || h.FinishedAt == nil {
		t.Errorf("it says %+v", h)
	}
	if book.orderPages != 0 {
		t.Errorf("%d pages of the history were read", book.orderPages)
	}
}

// An import goes on where it was when its server was killed, or its lease went to
// another instance, at any page: no order is lost, none is there twice, and no page
// that is recorded is read again.
func TestAHistoryOutlivesItsServer(t *testing.T) {
	t.Parallel()
	const n = 1700
	w, book := newHistory(t, n)
	moves := make(chan struct{}, 100)
	moved := func(page int) int {
		moves <- struct{}{}
		return 0
	}
	book.onOrders = moved
	book.onActivities = func(page int) int {
		if page%6 == 0 {
			moves <- struct{}{}
		}
		return 0
	}
	over := make(chan struct{})
	defer close(over)
	_, stop := w.run()
	w.run(func(c *mirror.Config) { c.MaxStreams = 1 })
	done := make(chan accounts.HistoryImport)
	go func() { done <- w.awaitHistory() }()
	kills := 0
	var h accounts.HistoryImport
	for h.State != "done" {
		select {
		case h = <-done:
		case <-moves:
			// The page is on its way. Half of the time another instance takes over at
			// once, without the old one having ended; the old one may write nothing more.
			if kills++; kills%2 == 0 {
				w.exec("update app.stream_leases set holder = null where account_id = $1", w.account.Account)
				continue
			}
			stop()
			_, stop = w.run()
		}
	}
	if kills < 6 {
		t.Errorf("the import was interrupted %d times", kills)
	}
	w.wantHistory(n, n, n/2)
	if pages := n/500 + kills; book.orderPages > pages+1 {
		t.Errorf("%d pages of orders were read, with %d interruptions", book.orderPages, kills)
	}
}

// An import whose account has no working keys waits for some, says so, and goes on.
func TestAHistoryWaitsForKeys(t *testing.T) {
	t.Parallel()
	const n = 1600
	w, book := newHistory(t, n)
	var revoked atomic.Bool
	book.onOrders = func(page int) int {
		if page == 1 && revoked.CompareAndSwap(false, true) {
			w.front.refuseKeys.Store(true)
			return http.StatusUnauthorized
		}
		return 0
	}
	w.run()
	w.sometime("the import that waits", func() bool {
		h := w.history()
		return h.State == "orders" && h.Problem != nil && strings.Contains(*h.Problem, "no working API keys")
	})
	if _, err := accounts.New(w.db, w.keys, w.broker).ImportHistory(t.Context(), w.account); !problem.Is(err, problem.NeedsCredentials) {
		t.Errorf("an import without keys was answered %v", err)
	}
	w.front.refuseKeys.Store(false)
	w.storeKeys()
	if h := w.awaitHistory(); h.Problem != nil {
		t.Errorf("it says %+v", h)
	}
	w.wantHistory(n, n, n/2)
}

// A broker that fails in the middle is asked again, and the import says why it does
// not go on.
func TestAHistoryOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	const n = 1100
	w, book := newHistory(t, n)
	var away atomic.Bool
	away.Store(true)
	book.onOrders = func(page int) int {
		if page == 1 && away.Load() {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	w.run()
	w.sometime("the problem", func() bool {
		h := w.history()
		return h.State == "orders" && h.Problem != nil && h.OrdersRead > 0
	})
	away.Store(false)
	if h := w.awaitHistory(); h.Problem != nil || h.ProblemAt != nil {
		t.Errorf("it says %+v", h)
	}
	w.wantHistory(n, n, n/2)
}

// What the mirror knows of an order stays, whatever a page says: the page may have
// been made before that.
func TestAnOldPageOverwritesNothing(t *testing.T) {
	t.Parallel()
	const n = 900
	w, book := newHistory(t, n)
	newer := map[string]any{}
	for name, value := range book.orders[700] {
		newer[name] = value
	}
	newer["status"], newer["filled_avg_price"], newer["updated_at"] = "filled", "77", time.Now()
	older := map[string]any{}
	for name, value := range book.orders[701] {
		older[name] = value
	}
	older["filled_avg_price"], older["updated_at"] = "55", time.Now().Add(-9*365*24*time.Hour)
	book.onOrders = func(page int) int {
		// The stream tells of two of the page's orders while it is on its way.
		text, err := json.Marshal([]any{newer, older})
		if err != nil {
			panic(err)
		}
		if _, err := w.admin.Exec(t.Context(), `insert into app.alpaca_orders (account_id, client_order_id, intent_state, symbol, side, type, time_in_force, qty,
				alpaca_order_id, status, filled_qty, filled_avg_price, broker_updated_at, broker_order, submitted_at)
			select $1, o->>'client_order_id', 'accepted', o->>'symbol', o->>'side', o->>'type', 'day', 1, (o->>'id')::uuid, o->>'status', 1, (o->>'filled_avg_price')::numeric,
				(o->>'updated_at')::timestamptz, o, (o->>'submitted_at')::timestamptz
			from jsonb_array_elements($2::jsonb) o on conflict do nothing`, w.account.Account, string(text)); err != nil {
			panic(err)
		}
		return 0
	}
	w.run()
	w.awaitHistory()
	if got := scan[string](w, "select string_agg(trim_scale(filled_avg_price)::text, ' ' order by filled_avg_price) from app.alpaca_orders where account_id = $1 and alpaca_order_id = any ($2)",
		w.account.Account, []uuid.UUID{uuid.MustParse(newer["id"].(string)), uuid.MustParse(older["id"].(string))}); got != "55 77" {
		t.Errorf("after the import their prices are %s, want 55 77", got)
	}
	if got := scan[int](w, "select count(*)::int from app.alpaca_orders where account_id = $1", w.account.Account); got != n {
		t.Errorf("there are %d orders, want %d", got, n)
	}
}

// More orders than a page holds may have been submitted at one time, at the edges
// of pages too.
func TestAHistoryOfEqualTimes(t *testing.T) {
	t.Parallel()
	w, book := newWorld(t, manyRequests), &bookOfOld{}
	at := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	const n = 1800
	for i := range n {
		book.order(n-i, at.Add(-time.Duration(i/1300)*time.Hour), map[string]any{"side": "buy", "status": "canceled", "filled_qty": "0", "filled_avg_price": nil, "filled_at": nil})
	}
	book.serve(w)
	w.run()
	w.awaitHistory()
	w.wantHistory(n, 0, 0)
}

// Chains of replacements and the legs of brackets are imported as what they are: legs
// belong to their order, one that was known alone too. What cannot be recorded goes
// where the broker's other odd items go, and everything else is imported.
func TestAHistoryOfEveryShape(t *testing.T) {
	t.Parallel()
	w, book := newHistory(t, 700)
	at := book.orders[len(book.orders)-1]["submitted_at"].(time.Time).Add(-time.Hour)
	before := func() time.Time { at = at.Add(-time.Minute); return at }
	unfilled := func(more map[string]any) map[string]any {
		all := map[string]any{"status": "canceled", "filled_qty": "0", "filled_avg_price": nil, "filled_at": nil, "canceled_at": at}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	book.order(3000, before(), map[string]any{"replaces": oldID("order", 3001), "symbol": "AMZN", "side": "buy"})
	book.order(3001, before(), unfilled(map[string]any{"status": "replaced", "replaced_by": oldID("order", 3000), "symbol": "AMZN"}))

	leg := func(n int, changes map[string]any) map[string]any {
		legs := &bookOfOld{}
		made := legs.order(n, at, changes)
		book.activities = append(book.activities, legs.activities...)
		return made
	}
	exit := leg(4001, map[string]any{"symbol": "NVDA", "side": "sell", "order_class": "bracket", "type": "limit", "limit_price": "110"})
	stop := leg(4002, unfilled(map[string]any{"symbol": "NVDA", "side": "sell", "order_class": "bracket", "type": "stop", "stop_price": "90"}))
	book.order(4000, before(), map[string]any{"symbol": "NVDA", "side": "buy", "order_class": "bracket", "legs": []any{exit, stop}})

	// A bracket whose stop waits since years: a flat list of open orders tells of it
	// alone.
	waits := leg(5001, unfilled(map[string]any{"symbol": "TSLA", "side": "sell", "order_class": "oto", "type": "stop", "stop_price": "10", "status": "new", "time_in_force": "gtc", "canceled_at": nil}))
	book.order(5000, before(), unfilled(map[string]any{"symbol": "TSLA", "side": "buy", "order_class": "oto", "legs": []any{waits}, "filled_at": nil}))

	book.order(6000, before(), map[string]any{"symbol": strings.Repeat("X", 70_000), "side": "buy"})   // larger than is kept
	book.order(6001, before(), map[string]any{"type": "lim\u0000it", "symbol": "ORCL", "side": "buy"}) // a character that Postgres cannot store
	book.order(6002, before(), map[string]any{"client_order_id": "old-1", "symbol": "ORCL", "side": "sell"})
	book.order(6003, before(), map[string]any{"id": "no id"})
	book.orders = append(book.orders, waits) // the open one, for the list of open orders
	w.run()
	w.awaitHistory()

	row := func(n int) string {
		return scan[string](w, `select coalesce((select concat_ws(' ', o.status, p.broker_order->>'client_order_id', o.replaces is not null, o.replaced_by is not null, trim_scale(o.fills_qty))
			from app.alpaca_orders o left join app.alpaca_orders p on p.account_id = o.account_id and p.alpaca_order_id = o.parent_alpaca_order_id
			where o.account_id = $1 and o.alpaca_order_id = $2), 'missing')`, w.account.Account, uuid.MustParse(oldID("order", n)))
	}
	for n, want := range map[int]string{
		3000: "filled t f 1", 3001: "replaced f t 0", 4000: "filled f f 1", 4001: "filled old-4000 f f 1", 4002: "canceled old-4000 f f 0",
		5000: "canceled f f 0", 5001: "new old-5000 f f 0", 6000: "missing", 6001: "filled f f 1", 6002: "filled f f 1",
	} {
		if got := row(n); got != want {
			t.Errorf("order %d is %q, want %q", n, got, want)
		}
	}
	if got := scan[int](w, "select count(*)::int from app.alpaca_orders where account_id = $1 and broker_order->>'client_order_id' = 'old-1'", w.account.Account); got != 2 {
		t.Errorf("of two orders with one client_order_id there are %d", got)
	}
	if got := scan[int](w, "select count(*)::int from app.odd_items where account_id = $1 and what = 'order' and unread", w.account.Account); got != 2 {
		t.Errorf("%d items are odd, want 2", got)
	}
	if got := scan[string](w, "select string_agg(symbol, ' ' order by symbol) from app.trading_positions where account_id = $1 and closed_at is not null and symbol in ('NVDA', 'ORCL')", w.account.Account); got != "NVDA ORCL" {
		t.Errorf("the round trips are %s", got)
	}
}

// A lost intent that turns up in the history is found as it would be anywhere, and an
// order that was moved here from another program gets the broker's description and
// its executions.
func TestAHistoryKnowsWhatIsHere(t *testing.T) {
	t.Parallel()
	const n = 800
	w, _ := newHistory(t, n)
	w.exec(`insert into private.imports (account_id, id, source, mapping, made_account, state, ended_at) values ($1, $2, 'old', '{}', false, 'done', now())`, w.account.Account, uuidOf(1))
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, symbol, side, type, time_in_force, qty, alpaca_order_id, status, filled_qty, import_id, orchestrator_agent_id)
		values ($1, 'old-10', 'accepted', 'MSFT', 'buy', 'market', 'day', 1, $2, 'filled', 1, $3, 'robot')`, w.account.Account, uuid.MustParse(oldID("order", 10)), uuidOf(1))
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, side, type, time_in_force, qty, submitted_by, created_at)
		values ($1, 'old-20', 'dismissed', 'dismissed', 'MSFT', 'buy', 'market', 'day', 1, 'u1', now() - interval '1 year')`, w.account.Account)
	w.run()
	w.awaitHistory()
	if got := scan[int](w, "select count(*)::int from app.alpaca_orders where account_id = $1", w.account.Account); got != n {
		t.Errorf("there are %d orders, want %d", got, n)
	}
	if got := scan[string](w, `select string_agg(concat_ws(' ', client_order_id, intent_state, status, orchestrator_agent_id, submitted_by, broker_updated_at is not null), ', ' order by client_order_id)
		from app.alpaca_orders where account_id = $1 and client_order_id in ('old-10', 'old-20')`, w.account.Account); got != "old-10 accepted filled robot t, old-20 accepted filled u1 t" {
		t.Errorf("they are %s", got)
	}
	if got := scan[string](w, "select string_agg(orchestrator_agent_id, ' ') from app.fills where account_id = $1 and orchestrator_agent_id is not null", w.account.Account); got != "robot" {
		t.Errorf("the executions of agents are those of %q", got)
	}
}

// What a user may have stored in a day holds for histories too: the import waits, says
// so, and goes on when the day is over.
func TestAHistoryMeetsTheLimitOfStorage(t *testing.T) {
	t.Parallel()
	const n = 1400
	w, _ := newHistory(t, n)
	w.exec("update private.storage_limit set history_a_day = 900000")
	w.run()
	w.sometime("the import that waits", func() bool {
		h := w.history()
		return h.Problem != nil && strings.Contains(*h.Problem, "in a day")
	})
	if h := w.history(); h.State != "orders" || h.OrdersAdded >= n-500 {
		t.Errorf("it says %+v", h)
	}
	w.exec("update private.storage_limit set history_a_day = 1000000000")
	w.exec("update private.stored_bytes set since = since - interval '1 day'")
	w.run() // another instance does not wait as long as this one
	w.exec("update app.stream_leases set holder = null where account_id = $1", w.account.Account)
	w.awaitHistory()
	w.wantHistory(n, n, n/2)
}

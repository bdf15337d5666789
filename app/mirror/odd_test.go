package mirror_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/app/trading"
)

// spoil makes the broker change the items of its lists, and single orders, on
// paths that begin with path.
func (w *world) spoil(path string, change func(item map[string]json.RawMessage) json.RawMessage) {
	w.front.rewrite.Store(func(r *http.Request, body []byte) []byte {
		if !strings.HasPrefix(r.URL.Path, path) {
			return body
		}
		one := func(raw json.RawMessage) json.RawMessage {
			var item map[string]json.RawMessage
			if json.Unmarshal(raw, &item) != nil {
				return raw
			}
			if changed := change(item); changed != nil {
				return changed
			}
			return raw
		}
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil {
			return one(body)
		}
		for i := range list {
			list[i] = one(list[i])
		}
		text, err := json.Marshal(list)
		if err != nil {
			panic(err)
		}
		return text
	})
}

func (w *world) inForm() {
	w.front.rewrite.Store(func(_ *http.Request, body []byte) []byte { return body })
}

// setting returns an item as JSON, with a field set to a value.
func setting(item map[string]json.RawMessage, field, value string) json.RawMessage {
	item[field] = json.RawMessage(value)
	text, err := json.Marshal(item)
	if err != nil {
		panic(err)
	}
	return text
}

// sync makes a reconciliation as POST /api/sync does.
func (w *world) sync() {
	w.t.Helper()
	w.exec("update app.syncs set answered_at = answered_at - interval '1 minute'") // otherwise the last report would be returned again
	if _, err := w.trading().Sync(w.t.Context(), w.account); err != nil {
		w.t.Fatalf("the reconciliation failed: %v", err)
	}
}

// unapplied counts the events that report odd items.
func (w *world) unapplied() int {
	w.t.Helper()
	return scan[int](w, `select count(*) from app.account_events where account_id = $1 and data->>'event' = 'unapplied'`, w.account.Account)
}

// waits places an order that is never filled.
func (w *world) waits(id string) {
	w.place(id, "AAPL", alpaca.Buy, alpaca.Limit, "1", nil)
}

// One order in an undocumented form does not prevent the reconciliation of
// other orders and positions. What can be read of it is recorded. It is
// reported in one event, and in the account's health until it comes in the
// documented form.
func TestOddOrderStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.streams.Store(http.StatusNotFound)
	w.waits("odd")
	w.waits("good")
	fields := map[string]string{
		"extended_hours": `"false"`, "notional": `""`, "legs": `{}`, "submitted_at": `""`, "asset_id": `7`, "limit_price": `"a lot"`,
		"replaced_by": `""`, "type": `["limit"]`, "hwm": `1e400`, "invented": `1e400000`, "source": `"half a \ud800"`,
		"grows": `1e131071`, "has_zeros": `0e-16383`, "is_deep": `{"a":[{"b":[-1e-16000]}]}`,
	}
	w.run()
	w.eventually("the first reconciliation", func() bool { return w.agreed() != nil })
	for field, value := range fields {
		w.spoil("/v2/orders", func(item map[string]json.RawMessage) json.RawMessage {
			if string(item["client_order_id"]) != `"odd"` {
				return nil
			}
			// The item needs a new time, because what was recorded before is
			// not recorded again.
			item["updated_at"] = fmt.Appendf(nil, "%q", time.Now().UTC().Format(time.RFC3339Nano))
			return setting(item, field, value)
		})
		before := w.unapplied()
		w.sync()
		w.sync()
		if odd, good := w.order("odd"), w.order("good"); odd != "accepted new 0" || good != "accepted new 0" {
			t.Errorf("%s %s: the orders are %s and %s", field, value, odd, good)
		}
		if field == "asset_id" {
			continue // this field is not recorded, so its value is not odd
		}
		h := w.health()
		if h.Status != "ok" || h.OddTotal != 1 || len(h.Odd) != 1 || h.Odd[0].What != "order" || !h.Odd[0].Recorded || h.Odd[0].Uncounted {
			t.Errorf("%s: the health is %+v", field, h)
		}
		if told := w.unapplied() - before; told != 1 {
			t.Errorf("%s: it was reported %d times, want once", field, told)
		}
	}
	if large := scan[int](w, "select max(octet_length(broker_order::text)) from app.alpaca_orders where account_id = $1", w.account.Account); large > 10_000 {
		t.Errorf("an order takes %d bytes", large)
	}
	w.inForm()
	w.sync()
	if h := w.health(); h.OddTotal != 0 || len(h.Odd) != 0 {
		t.Errorf("the order is in the documented form again, and the health is %+v", h)
	}
	w.wantNoGap()
}

// The size of an open order without a readable quantity is unknown. Until the
// order is over, guards refuse other orders, because the account is not in step
// with the broker.
func TestUncountedOrderIsNoZero(t *testing.T) {
	t.Parallel()
	ten := decimal.NewFromInt(10)
	for name, spoil := range map[string]func(item map[string]json.RawMessage) json.RawMessage{
		"no qty":          func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "qty", `""`) },
		"no side":         func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "side", `"undisclosed"`) },
		"no id":           func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "id", `null`) },
		"unknown filling": func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "filled_qty", `"some"`) },
		"a text":          func(map[string]json.RawMessage) json.RawMessage { return json.RawMessage(`"order"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unlimited)
			w.front.streams.Store(http.StatusNotFound)
			w.waits("odd")
			w.spoil("/v2/orders", func(item map[string]json.RawMessage) json.RawMessage {
				if string(item["client_order_id"]) != `"odd"` || string(item["status"]) == `"canceled"` {
					return nil
				}
				return spoil(item)
			})
			w.run()
			w.eventually("the first reconciliation", func() bool { return w.agreed() != nil })
			if _, err := w.trading().SetGuards(t.Context(), w.account, trading.Limits{MaxPositionQty: &trading.Amount{Decimal: ten}}); err != nil {
				t.Fatal(err)
			}
			_, err := w.trading().Place(t.Context(), w.account, "", orderRequest("mine"))
			if !problem.Is(err, problem.AccountNotSynced) {
				t.Errorf("with an order of unknown size: %v, want account_not_synced", err)
			}
			if h := w.health(); !strings.Contains(h.Message, "cannot be read") || len(h.Odd) != 1 || !h.Odd[0].Uncounted {
				t.Errorf("the health is %+v", h)
			}
			if err := w.outside.CancelAllOrders(); err != nil {
				t.Fatal(err)
			}
			w.eventually("an order to be accepted again", func() bool {
				w.sync() // an earlier reconciliation may have read the order before it was canceled
				_, err := w.trading().Place(t.Context(), w.account, "", orderRequest("mine"))
				if err != nil && !problem.Is(err, problem.AccountNotSynced) {
					t.Fatalf("after the odd order is over: %v, %+v", err, w.health().Odd)
				}
				return err == nil
			})
		})
	}
}

// A position that cannot be read stays as it was, and other positions are
// recorded. A list that is null is empty.
func TestOddPositionStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.streams.Store(http.StatusNotFound)
	w.buy("AAPL", "3", "a")
	w.buy("MSFT", "2", "m")
	w.sim.Step()
	w.run()
	w.eventually("the positions", func() bool { return w.held("AAPL") == "3" && w.held("MSFT") == "2" })
	w.buy("MSFT", "5", "more")
	w.sim.Step()
	for what, spoil := range map[string]func(map[string]json.RawMessage) json.RawMessage{
		"no qty":    func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "qty", `""`) },
		"no symbol": func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "symbol", `null`) },
		"too large": func(item map[string]json.RawMessage) json.RawMessage {
			return setting(item, "invented", `"`+strings.Repeat("x", 100_000)+`"`)
		},
		"a list": func(map[string]json.RawMessage) json.RawMessage { return json.RawMessage(`[]`) },
	} {
		w.spoil("/v2/positions", func(item map[string]json.RawMessage) json.RawMessage {
			if string(item["symbol"]) == `"AAPL"` {
				return spoil(item)
			}
			return nil
		})
		w.sync()
		if aapl, msft := w.held("AAPL"), w.held("MSFT"); aapl != "3" || msft != "7" {
			t.Errorf("%s: AAPL is %s and MSFT %s, want 3 and 7", what, aapl, msft)
		}
		if !scan[bool](w, "select app.has_uncounted_items($1)", w.account.Account) {
			t.Errorf("%s: the position counts as known", what)
		}
		if _, err := w.trading().Positions(t.Context(), w.account); err != nil {
			t.Errorf("%s: the positions cannot be listed: %v", what, err)
		}
	}
	// A number that becomes long is left out, and the position counts.
	w.spoil("/v2/positions", func(item map[string]json.RawMessage) json.RawMessage { return setting(item, "invented", `[1e131071]`) })
	w.buy("AAPL", "1", "one more")
	w.sim.Step()
	w.sync()
	if aapl, large := w.held("AAPL"), scan[int](w, "select max(octet_length(broker_position::text)) from app.alpaca_positions where account_id = $1", w.account.Account); aapl != "4" || large > 10_000 {
		t.Errorf("with a number that becomes long AAPL is %s, want 4; a position takes %d bytes", aapl, large)
	}
	w.front.rewrite.Store(func(r *http.Request, body []byte) []byte {
		if r.URL.Path == "/v2/positions" {
			return []byte("null")
		}
		return body
	})
	w.sync()
	if aapl, msft := w.held("AAPL"), w.held("MSFT"); aapl != "0" || msft != "0" {
		t.Errorf("null: AAPL is %s and MSFT %s, want 0 and 0", aapl, msft)
	}
	if scan[bool](w, "select app.has_uncounted_items($1)", w.account.Account) {
		t.Error("nothing is held, and a position counts as unknown")
	}
}

// An activity in an undocumented form keeps no other activity out of the
// journal, and the mirror agrees with the broker.
func TestOddActivityStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.streams.Store(http.StatusNotFound)
	w.buy("AAPL", "3", "a")
	w.buy("MSFT", "2", "m")
	w.sim.Step()
	w.spoil("/v2/account/activities", func(item map[string]json.RawMessage) json.RawMessage {
		switch string(item["symbol"]) {
		case `"AAPL"`:
			return setting(item, "date", `"2026-11-25T00:00:00Z"`)
		case `"MSFT"`:
			return setting(item, "qty", `"two"`)
		}
		return nil
	})
	w.run()
	w.eventually("the fill", func() bool {
		return scan[int](w, "select count(*) from app.fills where account_id = $1 and symbol = 'AAPL'", w.account.Account) == 1
	})
	w.sync()
	h := w.health()
	if h.Status != "ok" || h.OddTotal != 2 {
		t.Errorf("the health is %+v", h)
	}
}

// An update in an undocumented form is applied as far as it can be read and
// stored as it came, and leads to a reconciliation.
func TestOddUpdatesAreAppliedAndKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	odd := strings.Replace(update("01A", "new", now, map[string]any{"client_order_id": "odd", "extended_hours": "false", "notional": ""}, nil), `"qty":"10"`, `"qty":10`, 1)
	w.front.script.Store(lines(odd, update("01B", "new", now, map[string]any{"client_order_id": "good"}, nil), "data: 7\n\n"))
	w.run()
	w.waitForOrder("good", "accepted new 0")
	w.waitForOrder("odd", "accepted new 0")
	w.eventually("both to be kept", func() bool { return w.unapplied() == 2 })
	if kept := scan[string](w, `select string_agg(what || ' ' || said, '; ' order by said) from app.odd_items where account_id = $1`, w.account.Account); kept != "update 7; update "+string(payload(odd)) {
		t.Errorf("the stored update is %s", kept)
	}
}

// If the broker responds to every request with 403, the account's health says
// so.
func TestForbiddenShowsInHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.front.forbidden.Store(true)
	w.run()
	w.eventually("the reason", func() bool { return w.health().SyncError != nil })
	h := w.health()
	if h.Status != "starting" || !strings.Contains(*h.SyncError, "403: account is blocked") || !strings.Contains(h.Message, "403") || h.SyncErrorAt == nil {
		t.Errorf("the health is %+v, %s", h, *h.SyncError)
	}
	w.front.forbidden.Store(false)
	w.eventually("the agreement", func() bool { h := w.health(); return h.SyncError == nil && h.Status == "ok" })
	ahead := time.Until(w.brokerTime()).Milliseconds()
	if h := w.health(); h.ClockSkewMS == nil || max(*h.ClockSkewMS-ahead, ahead-*h.ClockSkewMS) > 1500 {
		t.Errorf("the health is %+v, want a clock skew of %d ms", h, ahead)
	}
}

// However many orders have the same second, or the same time, each one is
// found, at the first reconciliation and later.
func TestReconcilesManyOrdersOfOneTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spread time.Duration
		noIDs  bool // the broker does not accept order ids for paging
	}{"one time": {}, "one second": {spread: time.Second}, "fifteen seconds, without ids": {15 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unlimited)
			w.front.streams.Store(http.StatusNotFound)
			w.front.list.Store(manyOrders(620, tt.spread, tt.noIDs))
			w.run()
			w.eventually("all of them", func() bool {
				return w.agreed() != nil && scan[int](w, "select count(*) from app.alpaca_orders where account_id = $1", w.account.Account) == 620
			})
			w.exec("delete from app.alpaca_orders")
			w.exec("update app.stream_cursors set newest_order_at = newest_order_at - interval '1 minute'")
			w.sync()
			if n := scan[int](w, "select count(*) from app.alpaca_orders where account_id = $1", w.account.Account); n != 620 {
				t.Errorf("%d were found again, want 620", n)
			}
		})
	}
}

// A list that cannot be read to its end does not count as complete.
func TestListThatIsStuckIsNotWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.front.streams.Store(http.StatusNotFound)
	w.front.list.Store(manyOrders(620, 0, true))
	w.run()
	w.eventually("the reason", func() bool { return w.health().SyncError != nil })
	if w.agreed() != nil {
		t.Error("the mirror agreed with a list that it could not read to its end")
	}
}

// manyOrders serves a broker's list of n canceled orders, submitted within
// spread, in either direction and in pages as at Alpaca. With noIDs it ignores
// order ids in the query.
func manyOrders(n int, spread time.Duration, noIDs bool) http.HandlerFunc {
	type listed struct {
		at   time.Time
		id   string
		text string
	}
	begin := time.Date(2026, 11, 25, 14, 30, 0, 0, time.UTC)
	all := make([]listed, n) // oldest first
	for i := range all {
		at := begin.Add(spread * time.Duration(i) / time.Duration(n))
		id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, "order ", i)).String()
		all[i] = listed{at, id, fmt.Sprintf(`{"id":%q,"client_order_id":"many-%04d","symbol":"AAPL","asset_class":"us_equity","side":"buy","type":"limit","time_in_force":"day",`+
			`"order_class":"","status":"canceled","qty":"1","filled_qty":"0","limit_price":"1","created_at":%[3]q,"submitted_at":%[3]q,"updated_at":%[3]q}`,
			id, i, at.Format(time.RFC3339Nano))}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		after, _ := time.Parse(time.RFC3339, q.Get("after"))
		until, _ := time.Parse(time.RFC3339, q.Get("until"))
		from, to := 0, n
		for i, o := range all {
			if o.id == q.Get("before_order_id") && !noIDs {
				to = i
			}
			if o.id == q.Get("after_order_id") && !noIDs {
				from = i + 1
			}
		}
		var page []string
		for i := from; i < to && len(page) < min(limit, 500); i++ {
			o := all[i]
			if q.Get("direction") != "asc" {
				o = all[to-1-(i-from)]
			}
			if q.Get("status") != "open" && (until.IsZero() || o.at.Before(until)) && (after.IsZero() || o.at.After(after)) {
				page = append(page, o.text)
			}
		}
		fmt.Fprint(w, "["+strings.Join(page, ",")+"]")
	}
}

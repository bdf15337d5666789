package mirror_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/underway"
)

// If the broker sends updates again after a reconnection, each update still
// changes order, position and log once, and none is missed. Orders from outside
// of Paddock are mirrored like Paddock's own.
func TestUpdatesAreAppliedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.front.replayAll.Store(true)
	w.run()
	w.eventually("the first connection", func() bool { return w.front.connects.Load() > 0 && w.agreed() != nil })
	w.buy("AAPL", "2", "a")
	w.sim.Step()
	w.waitForOrder("a", "accepted filled 2")
	for i, id := range []string{"b", "c", "d"} {
		before := w.front.connects.Load()
		w.sim.CutStreams()
		w.eventually("another connection", func() bool { return w.front.connects.Load() > before })
		w.buy("AAPL", "1", id)
		w.sim.Step()
		w.waitForOrder(id, "accepted filled 1")
		if want := []string{"3", "4", "5"}[i]; w.held("AAPL") != want {
			w.eventually("the position", func() bool { return w.held("AAPL") == want })
		}
	}
	w.eventually("the log", func() bool {
		return scan[int](w, `select count(*) from app.account_events where account_id = $1 and broker_event_id is not null`, w.account.Account) == 8
	})
	for _, id := range []string{"a", "b", "c", "d"} {
		// A reconciliation may have recorded the order before its update came.
		var events []string
		for _, e := range strings.Fields(w.eventsOf(id)) {
			if e != "imported" && e != "reconciled" {
				events = append(events, e)
			}
		}
		if got := strings.Join(events, " "); got != "new fill" {
			t.Errorf("of %s the log says %s", id, got)
		}
	}
	w.wantNoGap()
}

// Where the database comes back older than it was, so shortly that the lease is
// still held, the stream begins again where the database is, and tells what was
// lost.
func TestAnOlderDatabaseIsToldAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.awaitStream()
	w.buy("AAPL", "1", "kept")
	w.sim.Step()
	w.waitForOrder("kept", "accepted filled 1")
	const newest = "select last_event_id from app.stream_cursors where account_id = $1"
	w.eventually("the stream to have told of it", func() bool { return w.eventsOf("kept") == "new fill" })
	kept := scan[string](w, newest, w.account.Account)
	w.buy("AAPL", "2", "lost")
	w.sim.Step()
	w.eventually("the stream to have told of it", func() bool { return w.eventsOf("lost") == "new fill" })

	w.exec(`with cursor as (update app.stream_cursors set last_event_id = $2 where account_id = $1),
			lost as (delete from app.account_events where account_id = $1 and broker_event_id > $2 returning seq),
			fills as (delete from app.fills where account_id = $1 and qty = 2),
			orders as (delete from app.alpaca_orders where account_id = $1 and client_order_id = 'lost')
		update app.event_heads h set last_seq = e.seq, last_at = e.at from app.account_events e
			where h.account_id = $1 and e.account_id = $1 and e.seq = (select min(seq) - 1 from lost)`, w.account.Account, kept)
	w.waitForOrder("lost", "accepted filled 2")
	// A reconciliation may tell of the order as well, before, between or after.
	w.eventually("the events to be told again", func() bool {
		return strings.HasSuffix(strings.ReplaceAll(w.eventsOf("lost"), " reconciled", ""), "new fill")
	})
	w.wantNoGap()
}

// Whatever the order in which updates arrive, an order keeps its latest state,
// and the log has all updates. A bust lowers the filled quantity, because the
// broker is right even if a quantity goes down.
func TestOlderUpdatesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(s int) time.Time { return time.Date(2026, 6, 1, 14, 0, s, 0, time.UTC) }
	a := func(status, filled string) map[string]any {
		return map[string]any{"client_order_id": "a", "status": status, "filled_qty": filled}
	}
	w.front.script.Store(lines(
		update("01A", "fill", at(2), a("filled", "10"), map[string]any{"qty": "10", "price": "1", "position_qty": "10"}),
		update("01B", "new", at(1), a("new", "0"), nil), // arrives late
		update("01C", "trade_bust", at(3), a("partially_filled", "4"), nil),
		update("01D", "invented_later", at(2), a("filled", "10"), nil), // arrives late too
		update("01A", "fill", at(2), a("filled", "10"), nil),           // arrives a second time
		update("01E", "new", at(4), map[string]any{"client_order_id": "end"}, nil),
	))
	w.run()
	w.waitForOrder("end", "accepted new 0")
	if got := w.order("a"); got != "accepted partially_filled 4" {
		t.Errorf("the order is %s", got)
	}
	got := scan[string](w, `select string_agg(concat_ws(' ', data->>'event', data->'order'->>'status', data->'order'->>'filled_qty'), ', ' order by seq)
		from app.account_events where account_id = $1 and data->'order'->>'client_order_id' = 'a'`, w.account.Account)
	if want := "fill filled 10, new filled 10, trade_bust partially_filled 4, invented_later partially_filled 4"; got != want {
		t.Errorf("the log says %s, want %s", got, want)
	}
	w.wantNoGap()
}

// An update that the database refuses does not stop later updates, and leads to
// a reconciliation.
func TestBadUpdateStopsNoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.front.script.Store(lines(
		update("01A", "new", now, map[string]any{"client_order_id": "negative", "filled_qty": "-1"}, nil),
		update("01B", "new", now, map[string]any{"client_order_id": "no-id", "id": "not a uuid"}, nil),
		"data: {\"event_id\":\"01C\"}\n\n: dropped 3 messages\n\n",
		update("01D", "new", now, map[string]any{"client_order_id": "good"}, nil),
	))
	w.run()
	w.waitForOrder("good", "accepted new 0")
	for _, id := range []string{"negative", "no-id"} {
		if got := w.order(id); got != "missing" {
			t.Errorf("%s is %s", id, got)
		}
	}
}

// An update with bytes that are not UTF-8 cannot be stored as it is. It is
// stored with replacement characters, and the stream continues.
func TestUpdateThatIsNotUTF8StopsNoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.front.script.Store(lines(
		strings.ReplaceAll(update("01A", "new", now, map[string]any{"client_order_id": "bad-BYTE"}, nil), "BYTE", "\xff"),
		update("01B", "new", now, map[string]any{"client_order_id": "good"}, nil),
	))
	w.run()
	w.waitForOrder("good", "accepted new 0")
	if kept := scan[int](w, `select count(*) from app.account_events where account_id = $1 and data->>'event' = 'unapplied'
		and data->>'id' = '01A' and data->>'update' like '%bad-�%'`, w.account.Account); kept != 1 {
		t.Errorf("the update was stored %d times", kept)
	}
}

// An order that cannot be recorded does not prevent the reconciliation of other
// orders and positions.
func TestBadOrderStopsNoReconciliation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.front.streams.Store(http.StatusNotFound) // no stream, so that only reconciliation records orders
	w.buy("AAPL", "1", "bad\x00")
	w.buy("AAPL", "2", "good")
	w.sim.Step()
	w.run()
	w.eventually("agreement", func() bool { return w.agreed() != nil })
	w.waitForOrder("good", "accepted filled 2")
	if got := w.held("AAPL"); got != "3" {
		t.Errorf("holds %s", got)
	}
}

// If the broker says that it dropped messages, the mirror reconciles, and the
// stream continues.
func TestDroppedMessagesAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.buy("AAPL", "2", "a")
	say := make(chan string)
	w.front.live.Store(say)
	w.run()
	w.waitForOrder("a", "accepted new 0")
	w.sim.Step() // a fill that the stream does not send
	unbroken := *w.health().Stream.UnbrokenSince
	say <- ": heartbeat\n\n"
	say <- ": you are reading too slowly, dropped 10000 messages\n\n"
	w.waitForOrder("a", "accepted filled 2")
	w.eventually("the stream to count as broken", func() bool {
		since := w.health().Stream.UnbrokenSince
		return since != nil && since.After(unbroken)
	})
	if n := w.front.connects.Load(); n != 1 {
		t.Errorf("%d streams were requested", n)
	}
}

// Several updates may record the same new order at once. All of them succeed,
// and the order is recorded once.
func TestNewOrderIsRecordedByAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leases, err := w.worker.Claim(t.Context(), uuidOf(1), time.Minute, 10)
	if err != nil || len(leases) != 1 {
		t.Fatalf("holds %+v (%v)", leases, err)
	}
	const orders, writers = 20, 6
	for n := range orders {
		var writing sync.WaitGroup
		for i := range writers {
			u := payload(update(fmt.Sprintf("01A%02d%d", n, i), "new", time.Now(), map[string]any{"client_order_id": fmt.Sprint(n)}, nil))
			writing.Go(func() {
				err := w.worker.Tx(t.Context(), leases[0], func(b *tenant.Batch) { b.Queue("select app.apply_trade_update($1, $2)", w.account.Account, u) })
				if err != nil {
					t.Error(err)
				}
			})
		}
		writing.Wait()
	}
	if n := scan[int](w, `select count(*) from app.alpaca_orders where account_id = $1`, w.account.Account); n != orders {
		t.Errorf("there are %d orders, want %d", n, orders)
	}
	w.wantNoGap()
}

// If a deadlock makes Postgres end an update's transaction, the update is tried
// again and not skipped.
func TestUpdateOutlivesADeadlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	say := make(chan string)
	w.front.script.Store(update("01A", "new", now, map[string]any{"client_order_id": "a"}, nil))
	w.front.live.Store(say)
	w.run()
	w.waitForOrder("a", "accepted new 0")
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })

	// This transaction locks the head of the log and then the order. An update
	// locks them in the opposite order.
	other, err := w.pg.Conn(t, "admin").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "update app.event_heads set last_seq = last_seq where account_id = $1", w.account.Account); err != nil {
		t.Fatal(err)
	}
	say <- update("01B", "fill", now.Add(time.Second), map[string]any{"client_order_id": "a", "status": "filled", "filled_qty": "10"}, nil)
	w.eventually("the update to wait", func() bool {
		return scan[bool](w, `select exists (select from pg_stat_activity where datname = current_database() and usename = 'paddock_worker' and wait_event_type = 'Lock')`)
	})
	_, deadlocked := other.Exec(t.Context(), "update app.alpaca_orders set tag = tag where account_id = $1", w.account.Account)
	if err := other.Rollback(t.Context()); err != nil && deadlocked == nil {
		t.Fatal(err)
	}
	w.waitForOrder("a", "accepted filled 10")
	if got := w.eventsOf("a"); !strings.HasSuffix(got, "new fill") {
		t.Errorf("the log says %s", got)
	}
	w.wantNoGap()
}

// Without a stream, or while it is down, reconciliation finds missed fills and
// positions.
func TestReconciliationFindsMissedFills(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int64{"an account without a stream": 404, "a stream that is down": 503} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.buy("MSFT", "1", "history")
			w.sim.Step()
			w.front.streams.Store(status)
			w.run(func(c *mirror.Config) { c.Reconcile = 200 * time.Millisecond })
			w.waitForOrder("history", "accepted filled 1")
			w.eventually("the first agreement", func() bool { return w.agreed() != nil }) // orders that the first reconciliation finds count as imported
			w.buy("AAPL", "2", "a")
			w.waitForOrder("a", "accepted new 0")
			w.sim.Step()
			w.waitForOrder("a", "accepted filled 2")
			w.eventually("the position", func() bool { return w.held("AAPL") == "2" && w.held("MSFT") == "1" })
			if got := w.eventsOf("a"); got != "reconciled reconciled" {
				t.Errorf("the log says %s", got)
			}
			if got := w.eventsOf("history"); got != "imported" {
				t.Errorf("of history the log says %s", got)
			}
			w.wantNoGap()
		})
	}
	t.Run("a stream that is cut", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.run()
		w.buy("AAPL", "2", "a")
		w.waitForOrder("a", "accepted new 0")
		w.eventually("the first agreement", func() bool { return w.agreed() != nil })
		w.front.streams.Store(503)
		w.sim.CutStreams()
		w.eventually("the cut", func() bool { return w.front.open.Load() == 0 })
		w.sim.Step()
		w.buy("AAPL", "1", "meanwhile")
		w.sim.Step()
		cut := time.Now()
		if got := w.order("a"); got != "accepted new 0" {
			t.Fatalf("without a stream the order became %s", got)
		}
		w.front.streams.Store(0)
		w.waitForOrder("a", "accepted filled 2")
		w.waitForOrder("meanwhile", "accepted filled 1")
		w.eventually("an agreement after the cut", func() bool { return w.agreed().After(cut) && w.held("AAPL") == "3" })
		w.wantNoGap()
	})
}

// An order whose answer was lost is looked up by its client_order_id and never
// sent again. If it is found it is recorded. If it is not found it is marked
// unknown, but only after the look-up window has passed.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.trading()
	for id, fault := range map[string]alpacasim.Fault{"dropped": alpacasim.Drop, "failed-after": alpacasim.FailAfter, "never-there": alpacasim.Fail} {
		w.sim.Inject(fault, 1, 0)
		placed, err := service.Place(t.Context(), w.account, "", orderRequest(id))
		if err != nil || placed.Known {
			t.Fatalf("%s: the answer is known: %v (%v)", id, placed.Known, err)
		}
		if got := w.order(id); got != "submitting submitting 0" {
			t.Fatalf("%s is %s", id, got)
		}
	}
	w.front.streams.Store(404) // no stream of either kind
	w.exec(`insert into app.stream_cursors (account_id, agreed_at) values ($1, now())`, w.account.Account)
	const window = time.Second
	w.run(func(c *mirror.Config) { c.LookupWindow = window })
	w.waitForOrder("dropped", "accepted new 0")
	w.waitForOrder("failed-after", "accepted new 0")
	w.waitForOrder("never-there", "unknown unknown 0")
	if lookups := scan[int](w, `select lookups from app.alpaca_orders where account_id = $1 and client_order_id = 'never-there'`, w.account.Account); lookups < 1 {
		t.Errorf("it was marked unknown after %d look-ups", lookups)
	}
	if waited := scan[time.Duration](w, `select updated_at - looked_up_at from app.alpaca_orders where account_id = $1 and client_order_id = 'never-there'`, w.account.Account); waited < window {
		t.Errorf("it was marked unknown after %v, want %v", waited, window)
	}
	if told := w.eventsOf("never-there"); told != "submitting unknown" {
		t.Errorf("the log says %s", told)
	}
	if sent, there := w.front.orders.Load(), len(w.sim.Orders(w.seed.KeyID)); sent != 3 || there != 2 {
		t.Errorf("%d orders were sent and %d are there, want 3 and 2", sent, there)
	}
	// A retry returns the outcome of the first request and sends nothing. If
	// the outcome is unknown, the retry does not say that the order is placed.
	again, err := service.Place(t.Context(), w.account, "", orderRequest("dropped"))
	if err != nil || !again.Known || !strings.Contains(string(again.Order), `"status": "new"`) {
		t.Errorf("dropped again: %s, known %v (%v)", again.Order, again.Known, err)
	}
	if _, err := service.Place(t.Context(), w.account, "", orderRequest("never-there")); !problem.Is(err, problem.OrderUnknown) {
		t.Errorf("never-there again: %v", err)
	}
	if sent := w.front.orders.Load(); sent != 3 {
		t.Errorf("%d orders were sent, want 3", sent)
	}
}

// An order is marked unknown because the broker does not find it, and not
// because of an outage. After an outage its window begins anew, with the first
// look-up that succeeds.
func TestParkedAWindowAfterTheBrokerIsBack(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int64{"503": 503, "500": 500, "too many requests": 429, "cut off": -1, "forbidden": 403} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sim.Inject(alpacasim.Fail, 1, 0)
			if placed, err := w.trading().Place(t.Context(), w.account, "", orderRequest("lost")); err != nil || placed.Known {
				t.Fatalf("the answer is known: %v (%v)", placed.Known, err)
			}
			w.front.streams.Store(404) // no stream of either kind
			w.exec(`insert into app.stream_cursors (account_id, agreed_at) values ($1, now())`, w.account.Account)
			const window = 2 * time.Second
			w.run(func(c *mirror.Config) { c.LookupWindow = window })
			lookups := func() int {
				return scan[int](w, `select lookups from app.alpaca_orders where account_id = $1 and client_order_id = 'lost'`, w.account.Account)
			}
			w.eventually("a look-up", func() bool { return lookups() > 0 })
			w.front.lookUps.Store(status)
			known := time.Now() // the broker's last "not found" was before this
			w.eventually("an outage longer than the window", func() bool { return w.front.lookedUp.Load() > 1 && time.Since(known) > window })
			if got := w.order("lost"); got != "submitting submitting 0" {
				t.Fatalf("during the outage it is %s", got)
			}
			back := scan[time.Time](w, "select clock_timestamp()")
			w.front.lookUps.Store(0)
			w.waitForOrder("lost", "unknown unknown 0")
			parked := scan[time.Time](w, `select updated_at from app.alpaca_orders where account_id = $1 and client_order_id = 'lost'`, w.account.Account)
			if waited := parked.Sub(back); waited < window {
				t.Errorf("it was marked unknown %v after the broker was back, want %v", waited, window)
			}
		})
	}
}

// The id of the request that placed an order, which Alpaca's support asks for,
// is stored even if the stream's update of the order arrives before the answer.
func TestRequestIDIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := payload(update("01A", "new", time.Now(), map[string]any{"client_order_id": "a"}, nil))
	const record = `select app.record_order($1, $2::jsonb->'order', $3)`
	w.exec(record, w.account.Account, order, "")
	w.exec(record, w.account.Account, order, "request-1")
	w.exec(record, w.account.Account, order, "request-2")
	if got := scan[*string](w, `select broker_request_id from app.alpaca_orders where account_id = $1 and client_order_id = 'a'`, w.account.Account); got == nil || *got != "request-1" {
		t.Errorf("the request's id is %v, want request-1", got)
	}
}

// Without working keys a lost order cannot be looked up. It is marked unknown
// after the window has passed, and then the account can be deleted.
func TestLostAnswersWithoutKeys(t *testing.T) {
	t.Parallel()
	for name, loseKeys := range map[string]func(*world){
		"deleted": func(w *world) {
			if err := accounts.New(w.db, w.keys, w.broker).DeleteCredentials(t.Context(), w.account, true); err != nil {
				t.Fatal(err)
			}
		},
		"refused": func(w *world) { w.front.refuseKeys.Store(true); w.sim.CutStreams() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(func(c *mirror.Config) { c.LookupWindow = 4 * time.Second })
			w.awaitStream()
			w.sim.Inject(alpacasim.Fail, 1, 0)
			if placed, err := w.trading().Place(t.Context(), w.account, "", orderRequest("lost")); err != nil || placed.Known {
				t.Fatalf("the answer is known: %v (%v)", placed.Known, err)
			}
			loseKeys(w)
			service := accounts.New(w.db, w.keys, w.broker)
			if err := service.Delete(t.Context(), w.account, true); !problem.Is(err, problem.AccountHasUnresolvedOrders) {
				t.Fatalf("deleting the account with a lost order: %v", err)
			}
			w.waitForOrder("lost", "unknown unknown 0")
			if err := service.Delete(t.Context(), w.account, true); err != nil {
				t.Errorf("the account cannot be deleted: %v", err)
			}
		})
	}
}

// If an order is sent again, its window begins at the second sending. So an
// hour after the first it is not yet marked unknown.
func TestRetriedOrderHasItsWholeWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Inject(alpacasim.Fail, 2, 0)
	for range 2 {
		if placed, err := w.trading().Place(t.Context(), w.account, "", orderRequest("again")); err != nil || placed.Known {
			t.Fatalf("the answer is known: %v (%v)", placed.Known, err)
		}
		if w.front.orders.Load() == 1 {
			w.exec(`update app.alpaca_orders set intent_state = 'unsent', status = 'rejected', created_at = now() - interval '1 hour'`)
		}
	}
	service := accounts.New(w.db, w.keys, w.broker)
	if err := service.DeleteCredentials(t.Context(), w.account, true); err != nil {
		t.Fatal(err)
	}
	sent := time.Now()
	w.run(func(c *mirror.Config) { c.LookupWindow = 4 * time.Second })
	w.waitForOrder("again", "unknown unknown 0")
	if early := time.Since(sent); early < 3*time.Second {
		t.Errorf("marked unknown after %s, in the middle of its window", early)
	}
}

// A long transaction on an account does not keep its lease from being renewed,
// and the stream continues.
func TestLeasesAreRenewedPastWriters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.LeaseTTL = 2 * time.Second })
	w.eventually("the lease", func() bool { return scan[int](w, "select count(*) from app.stream_leases") == 1 })
	lease := scan[string](w, "select holder || ' ' || fence from app.stream_leases")
	// A worker's admission holds this lock until its transaction ends.
	tx, err := w.pg.Conn(t, "admin").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "select from app.stream_leases for key share"); err != nil {
		t.Fatal(err)
	}
	for range 50 { // more than twice as long as a lease lasts
		time.Sleep(100 * time.Millisecond)
		if !scan[bool](w, "select bool_and(private.is_live(holder)) from app.stream_leases") {
			t.Fatal("a lease ran out during a transaction")
		}
	}
	if now := scan[string](w, "select holder || ' ' || fence from app.stream_leases"); now != lease {
		t.Errorf("the lease is %s, was %s", now, lease)
	}
}

// Keys that the broker refuses end the stream, with one event. New keys start
// it again.
func TestRefusedKeysEndTheStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, _ := w.run()
	w.awaitStream()
	w.front.refuseKeys.Store(true)
	w.sim.CutStreams()
	leases := func() int {
		return scan[int](w, `select count(*) from app.stream_leases where private.is_live(holder)`)
	}
	rejected := func() int {
		return scan[int](w, `select count(*) from app.account_events where account_id = $1 and kind = 'credentials' and data->>'state' = 'needs_credentials'`, w.account.Account)
	}
	w.eventually("the end of the lease", func() bool { return leases() == 0 && rejected() == 1 })
	before := w.front.connects.Load()
	time.Sleep(500 * time.Millisecond) // time for ten renewals of leases, and for two more attempts of a stream that had not ended
	if n := w.front.connects.Load(); n != before || w.front.open.Load() != 0 {
		t.Errorf("%d streams were requested after the keys were refused", n-before)
	}
	if n := rejected(); n != 1 {
		t.Errorf("there are %d events about the refusal", n)
	}
	if _, err := w.trading().Positions(t.Context(), w.account); !problem.Is(err, problem.NeedsCredentials) {
		t.Errorf("a request meanwhile: %v", err)
	}

	w.front.refuseKeys.Store(false)
	w.storeKeys()
	m.Wake()
	w.eventually("the stream again", func() bool { return w.front.open.Load() == 1 })
	w.buy("AAPL", "1", "a")
	w.waitForOrder("a", "accepted new 0")
	w.wantNoGap()
}

// A running stream starts to use keys that replace its own.
func TestReplacedKeysAreTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.eventually("the stream", func() bool { return w.front.open.Load() == 1 })
	before := w.front.connects.Load()
	w.storeKeys()
	w.eventually("another connection", func() bool { return w.front.connects.Load() > before && w.front.open.Load() == 1 })
}

// Only one instance has an account's lease. When another has taken it, the old
// holder can neither read nor write the account, even if it does not know this
// yet. Each change of the holder increases the fence.
func TestLeaseIsFenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := uuidOf(1), uuidOf(2)
	claim := func(holder [16]byte, ttl time.Duration) []tenant.Lease {
		t.Helper()
		leases, err := w.worker.Claim(t.Context(), holder, ttl, 10)
		if err != nil {
			t.Fatal(err)
		}
		return leases
	}
	write := func(l tenant.Lease, eventID string) error {
		return w.worker.Tx(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(update(eventID, "new", time.Now(), map[string]any{"client_order_id": eventID}, nil)))
		})
	}
	old := claim(first, time.Second)
	if len(old) != 1 || old[0].Account != w.account.Account || old[0].Environment != string(broker.Paper) || old[0].LastEventID != "" {
		t.Fatalf("the first holds %+v", old)
	}
	if err := write(old[0], "01A"); err != nil {
		t.Fatal(err)
	}
	if again := claim(first, time.Second); len(again) != 1 || again[0].Fence != old[0].Fence || again[0].LastEventID != "01A" {
		t.Errorf("renewed, the lease is %+v", again)
	}
	var taken []tenant.Lease
	w.eventually("the lease to run out", func() bool { taken = claim(second, time.Minute); return len(taken) == 1 })
	if taken[0].Fence <= old[0].Fence || taken[0].LastEventID != "01A" {
		t.Errorf("the lease went from %+v to %+v", old[0], taken[0])
	}
	if held := claim(first, time.Minute); len(held) != 0 {
		t.Errorf("the first still holds %+v", held)
	}
	forged := taken[0]
	forged.Holder = first
	ahead := taken[0]
	ahead.Fence++
	for what, l := range map[string]tenant.Lease{"the old lease": old[0], "the new fence with the old holder": forged, "a fence that is not yet": ahead} {
		if err := write(l, "01B"); !problem.Is(err, problem.AccountForbidden) {
			t.Errorf("%s: %v", what, err)
		}
		err := w.worker.Tx(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select 1").QueryRow(func(row pgx.Row) error { var n int; return row.Scan(&n) })
		})
		if !problem.Is(err, problem.AccountForbidden) {
			t.Errorf("%s reads: %v", what, err)
		}
	}
	if err := write(taken[0], "01C"); err != nil {
		t.Error(err)
	}
	if a, b, c := w.order("01A"), w.order("01B"), w.order("01C"); a == "missing" || b != "missing" || c == "missing" {
		t.Errorf("the orders are %s, %s and %s", a, b, c)
	}
	// A lease that is released can be taken at once, and its fence keeps
	// growing.
	if err := w.worker.Release(t.Context(), second, nil); err != nil {
		t.Fatal(err)
	}
	if back := claim(first, time.Minute); len(back) != 1 || back[0].Fence <= taken[0].Fence {
		t.Errorf("released and taken again, the lease is %+v", back)
	}
}

// An instance that stops hands over its accounts at once. The next instance
// continues after the last update that was applied, and two instances never
// stream the same account.
func TestInstancesShareAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.eventually("the first instance", func() bool { return w.front.open.Load() == 1 })
	w.buy("AAPL", "1", "a")
	w.eventually("the first update", func() bool { return strings.Contains(w.eventsOf("a"), "new") })
	w.run()
	time.Sleep(300 * time.Millisecond) // time for six renewals by the second instance
	if n := w.front.connects.Load(); n != 1 {
		t.Errorf("two instances requested %d streams", n)
	}
	stop()
	w.sim.Step() // a fill that probably happens while no instance streams
	w.waitForOrder("a", "accepted filled 1")
	w.eventually("the fill from the second instance", func() bool { return strings.Contains(w.eventsOf("a"), "fill") })
	if got := w.eventsOf("a"); strings.Count(got, "new") != 1 || strings.Count(got, "fill") != 1 || w.front.open.Load() != 1 {
		t.Errorf("the log says %s, and %d streams are open", got, w.front.open.Load())
	}
	w.wantNoGap()
}

// An update of an order waits until the answer to the order's request was recorded, or
// has taken too long. So the client, who waits for the answer, does not wait for both.
func TestUpdatesLetTheAnswerGoFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := underway.New()
	sent.Most = 300 * time.Millisecond
	w.run(func(c *mirror.Config) { c.UnderWay = sent })
	w.awaitStream()
	defer sent.Send(w.account.Account, "a")()
	began := time.Now()
	w.buy("AAPL", "1", "a")
	w.eventually("the update", func() bool { return strings.HasPrefix(w.eventsOf("a"), "new") })
	if took := time.Since(began); took < sent.Most {
		t.Errorf("the update was recorded after %s, before the answer", took)
	}
}

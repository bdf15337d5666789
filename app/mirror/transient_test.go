package mirror_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/tests/pgtest"
)

// What the broker says while Postgres cannot write is applied when it can again:
// on a full disk, as a server that takes no changes, and without a connection.
// None of it is kept as unapplied, and no order is given up.
func TestNothingIsLostWhilePostgresCannotWrite(t *testing.T) {
	t.Parallel()
	disk := pgtest.StartOnSmallDisk(t)
	w := newWorldOn(t, disk.DB)
	faults := []struct {
		name        string
		begin, over func()
	}{
		{"full disk", disk.Fill, disk.Empty},
		{"read-only", func() {
			w.exec("alter system set default_transaction_read_only = on")
			w.exec("select pg_reload_conf()")
		}, func() {
			w.exec("alter system reset default_transaction_read_only")
			w.exec("select pg_reload_conf()")
		}},
		{"no connection", func() {
			w.exec("alter role paddock_worker connection limit 0; alter role paddock_app connection limit 0")
			w.exec("select pg_terminate_backend(pid) from pg_stat_activity where usename in ('paddock_worker', 'paddock_app')")
		}, func() {
			w.exec("alter role paddock_worker connection limit -1; alter role paddock_app connection limit -1")
		}},
	}
	live := make(chan string, 100)
	w.front.live.Store(live)
	log := counting{slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}), "could not be applied yet", new(atomic.Int64)}
	w.run(func(c *mirror.Config) {
		c.Logger, c.RetryPause, c.LookupWindow = slog.New(log), 100*time.Millisecond, time.Second
	})
	w.awaitStream()
	for n, fault := range faults {
		fault.begin()
		before := log.seen.Load()
		for i := range 9 {
			id := fmt.Sprintf("%d-%d", n, i)
			live <- update(fmt.Sprintf("0%dA%d", n, i), "new", time.Now(), map[string]any{"client_order_id": id, "notes": fmt.Sprintf("%04000d", i)}, nil)
		}
		w.eventually("an update to wait: "+fault.name, func() bool { return log.seen.Load() > before })
		fault.over()
		for i := range 9 {
			w.waitForOrder(fmt.Sprintf("%d-%d", n, i), "accepted new 0")
		}

		// The broker takes an order, and the answer cannot be recorded.
		w.front.answerOrders.Store(func(rw http.ResponseWriter, r *http.Request) {
			w.front.simulated(rw, r)
			fault.begin()
		})
		mine := fmt.Sprint("mine-", n)
		placed, err := w.trading().Place(t.Context(), w.account, "", orderRequest(mine))
		if err != nil && problem.Of(err).Kind() != problem.KindUnavailable {
			t.Errorf("%s: the order ended with %v (%+v)", fault.name, err, placed)
		}
		w.front.answerOrders.Store(func(rw http.ResponseWriter, r *http.Request) { w.front.simulated(rw, r) })
		time.Sleep(2 * time.Second) // longer than the window in which an order is looked up
		fault.over()
		w.eventually("the order's answer: "+fault.name, func() bool { return w.order(mine) == "accepted new 0" || w.order(mine) == "accepted accepted 0" })
	}
	if n := scan[int](w, `select count(*) from app.account_events where data->>'event' in ('unapplied', 'unknown')`); n != 0 {
		t.Errorf("%d updates were kept as unapplied or orders as unknown", n)
	}
	if n := scan[int](w, `select count(*) from app.account_events where broker_event_id is not null`); n != 9*len(faults) {
		t.Errorf("%d updates are in the log, want %d", n, 9*len(faults))
	}
	w.wantNoGap()
}

package mirror_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/mirror"
	"paddock/app/tenant"
)

// countingBell counts rings.
type countingBell struct{ n atomic.Int64 }

func (b *countingBell) Ring(uuid.UUID) { b.n.Add(1) }

// Where a reconciliation finds nothing new, nobody's bell rings: each ring would
// have every instance look.
func TestReconciliationsRingForNewsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bell := &countingBell{}
	w.run(func(c *mirror.Config) { c.Worker = tenant.NewWorker(w.pg.Pool(t, "paddock_worker"), bell) })
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	w.sync() // whatever is left of the order is recorded
	w.sync()
	before, events := bell.n.Load(), scan[int](w, "select count(*) from app.account_events")
	w.sync()
	w.sync()
	if after, now := bell.n.Load(), scan[int](w, "select count(*) from app.account_events"); after != before || now != events {
		t.Errorf("two reconciliations of what is known rang %d times, of %d events", after-before, now-events)
	}
	w.trade("MSFT", "buy", "1", "", "")
	w.eventually("a ring for a fill", func() bool { return bell.n.Load() > before })
}

// An account at rest is reconciled seldom: its stream is up, nothing differed and no
// order is open. What the stream tells ends the rest, and so does an open order of
// which it tells nothing.
func TestAnAccountAtRestIsReconciledSeldom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.Reconcile, c.ReconcileAtRest = 200*time.Millisecond, time.Hour })
	w.awaitStream()
	rests := func(what string) {
		t.Helper()
		lists, since := w.front.lists.Load(), time.Now()
		w.eventually("rest "+what, func() bool {
			if now := w.front.lists.Load(); now != lists {
				lists, since = now, time.Now()
			}
			return time.Since(since) > 2*time.Second // eight times the longest pause of an account that is not at rest
		})
	}
	stirs := func(what string, most int64) { // one reconciliation takes two lists, or four
		t.Helper()
		lists := w.front.lists.Load()
		w.eventually("reconciliations "+what, func() bool { return w.front.lists.Load() >= lists+most })
	}
	rests("at the beginning")
	w.buy("AAPL", "1", "a")
	stirs("while an order is open", 20)
	w.sim.Step()
	w.waitForOrder("a", "accepted filled 1")
	rests("once it was filled")
	w.sim.CutStreams()
	stirs("after the stream was cut", 2)
	rests("with another stream")
	w.exec("update app.user_accounts set stream_mode = 'off'")
	stirs("without a stream", 20)
}

// Where a list of positions differs from what is counted, the transaction that compares
// the two records no agreement: orders are read again first. Where they are the same, it
// does.
func TestAListThatDiffersIsNoAgreement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	holder := uuidOf(1)
	w.instance(holder, 10)
	leases := w.claim(holder, time.Minute, 10)
	if len(leases) == 0 {
		t.Fatal("there is no lease")
	}
	l := leases[0]
	w.exec(`insert into app.stream_cursors (account_id, agreed_at) values ($1, '2026-01-01') on conflict (account_id) do update set agreed_at = excluded.agreed_at`, l.Account)
	w.exec("insert into app.alpaca_positions (account_id, symbol, asset_class, qty, as_of) values ($1, 'AAPL', 'us_equity', 1, now())", l.Account)
	for _, list := range []struct {
		qty    string
		agrees bool
	}{{"2", false}, {"1", true}} {
		var unsettled []string
		err := w.worker.Tx(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.settle_positions($1, $2, now(), app.position_moves($1), '{}', 0, '1 minute', null)", l.Account,
				[]byte(`[{"symbol":"AAPL","asset_class":"us_equity","side":"long","qty":"`+list.qty+`","avg_entry_price":"1"}]`)).
				QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled) })
		})
		agreed := scan[bool](w, "select agreed_at > '2026-01-01' from app.stream_cursors where account_id = $1", l.Account)
		if err != nil || (len(unsettled) == 0) != list.agrees || agreed != list.agrees {
			t.Errorf("a list of %s where 1 is counted: unsettled are %v, an agreement is recorded: %v (%v)", list.qty, unsettled, agreed, err)
		}
	}
}

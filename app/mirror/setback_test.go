package mirror_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// After the broker's clock was set back, an execution that is busted or
// corrected has a time before what is known, and its order is over. If no
// update arrives, a reconciliation finds the bust or the correction, also if
// the clock is right again by then.
func TestTakenBackAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"it stays so": false, "it is right again": true} {
		t.Run(name, func(t *testing.T) { t.Parallel(); takenBack(t, again) })
	}
}

func takenBack(t *testing.T, rightAgain bool) {
	w := newWorld(t)
	w.run()
	w.awaitStream()
	for _, symbol := range []string{"AAPL", "MSFT"} {
		w.trade(symbol, "buy", "4", "", "")
	}
	w.eventually("the fills", func() bool { return w.held("AAPL") == "4" && w.held("MSFT") == "4" })
	w.sim.SetClock(time.Now().Add(-5 * time.Minute))
	for _, event := range []string{"trade_bust", "trade_correct"} {
		w.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Lose, Event: event, N: -1})
	}
	executions := w.sim.Executions(w.seed.KeyID)
	w.sim.Bust(executions[0].ID)
	w.sim.Correct(executions[1].ID, decimal.NewFromInt(77), decimal.NewFromInt(3))
	if rightAgain {
		w.sim.SetClock(time.Now())
		w.exec("update app.alpaca_orders set updated_at = updated_at - interval '2 minutes'") // as if two minutes had passed
	}
	w.sync()
	w.eventually("what was taken back", func() bool {
		return w.held("AAPL") == "0" && w.held("MSFT") == "3" &&
			scan[string](w, "select trim_scale(filled_qty) || ' at ' || trim_scale(filled_avg_price) from app.alpaca_orders where account_id = $1 and symbol = 'MSFT'", w.account.Account) == "3 at 77"
	})
	w.journalBecomesTheBrokers()
}

// If only the price of an execution was corrected and no update arrived, the
// order's average price shows it, and the fill gets the new price.
func TestACorrectedPriceIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.trade("MSFT", "buy", "4", "", "")
	w.eventually("the fills", func() bool { return w.held("AAPL") == "4" && w.held("MSFT") == "4" })
	w.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Lose, Event: "trade_correct", N: -1})
	w.sim.Correct(w.sim.Executions(w.seed.KeyID)[0].ID, decimal.NewFromInt(77), decimal.NewFromInt(4))
	w.sync()
	w.eventually("the price", func() bool {
		return scan[string](w, "select trim_scale(price)::text from app.fills where account_id = $1 and symbol = 'AAPL' and state = 'live'", w.account.Account) == "77"
	})
	w.journalBecomesTheBrokers()
}

// The executions of an order that has changed are read at once, however often
// they were read without success before.
func TestWhatWasAskedInVainIsAskedAgainOnceItChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	w.exec("update app.alpaca_orders set fills_asked = 8, fills_asked_at = clock_timestamp() where account_id = $1", w.account.Account)
	w.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Lose, Event: "trade_bust", N: -1})
	w.sim.Bust(w.sim.Executions(w.seed.KeyID)[0].ID)
	w.sync()
	w.eventually("the journal without it", func() bool {
		return scan[int](w, "select count(*) from app.fills where account_id = $1 and state = 'live'", w.account.Account) == 0
	})
	w.journalBecomesTheBrokers()
}

// How often an order's executions were asked for in vain counts from its last
// change: else one that fills in many parts, while the broker's list of activities
// is behind, would be asked for again after hours only.
func TestAskingInVainCountsFromAnOrdersLastChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	stop()
	ask := func() int {
		t.Helper()
		err := w.worker.TxNotify(t.Context(), w.lease(), func(b *tenant.Batch) {
			b.Queue("select app.replace_fills($1, o.id, '[]') from app.alpaca_orders o where o.account_id = $1", w.account.Account)
		})
		if err != nil {
			t.Fatal(err)
		}
		return scan[int](w, "select fills_asked from app.alpaca_orders where account_id = $1", w.account.Account)
	}
	w.exec("update app.alpaca_orders set fills_asked = 6, fills_asked_at = updated_at + interval '1 second', filled_qty = 5 where account_id = $1", w.account.Account)
	if n := ask(); n != 7 {
		t.Errorf("without a change it was asked in vain %d times, want 7", n)
	}
	w.exec("update app.alpaca_orders set updated_at = clock_timestamp(), filled_qty = 6 where account_id = $1", w.account.Account)
	if n := ask(); n != 1 {
		t.Errorf("after a change it was asked in vain %d times, want 1", n)
	}
	if n := ask(); n != 2 {
		t.Errorf("then %d times, want 2", n)
	}
}

// If the broker rounds an order's average price more than we do, its executions
// are not read again without end.
func TestARoundedAverageIsBelievedInTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	stop()
	w.exec("update app.alpaca_orders set filled_avg_price = filled_avg_price + 0.01 where account_id = $1", w.account.Account)
	for n := range 4 {
		var settled bool
		err := w.worker.TxNotify(t.Context(), w.lease(), func(b *tenant.Batch) {
			b.Queue(`select app.replace_fills($1, o.id, (select jsonb_agg(jsonb_build_object('id', f.execution_id, 'qty', f.qty, 'price', f.price, 'transaction_time', f.at))
				from app.fills f where f.account_id = $1 and f.order_id = o.id)) from app.alpaca_orders o where o.account_id = $1`, w.account.Account).
				QueryRow(func(row pgx.Row) error { return row.Scan(&settled) })
		})
		if err != nil || settled != (n == 3) {
			t.Errorf("after %d earlier readings: it is settled: %v, %v", n, settled, err)
		}
	}
}

// An execution that was busted or corrected long ago is found where no update
// tells of it, whatever was traded since, and however often its order was
// reread without finding anything, for a gap of an earlier day.
func TestTakenBackOfAnEarlierTrip(t *testing.T) {
	t.Parallel()
	for name, rereads := range map[string]int{"never reread": 0, "often reread": 8} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			w.awaitStream()
			for range 3 {
				w.trade("AAPL", "buy", "2", "", "")
				w.trade("AAPL", "sell", "2", "", "")
			}
			w.eventually("the fills", func() bool {
				return scan[int](w, "select count(*) from app.trading_positions where account_id = $1 and scope = 'account' and closed_at is not null", w.account.Account) == 3
			})
			w.exec(`update app.alpaca_orders set submitted_at = submitted_at - interval '1 day', updated_at = updated_at - interval '1 day',
				fills_asked = $2, fills_asked_at = case when $2 > 0 then clock_timestamp() end where account_id = $1`, w.account.Account, rereads)
			for _, event := range []string{"trade_bust", "trade_correct"} {
				w.sim.InjectFor(alpacasim.Injection{Fault: alpacasim.Lose, Event: event, N: -1})
			}
			executions := w.sim.Executions(w.seed.KeyID)
			w.front.rewrite.Store(func(r *http.Request, body []byte) []byte {
				if r.URL.Path == "/v2/orders" {
					return []byte("[]") // they ended long ago, and are in no list of recent orders
				}
				return body
			})
			w.sim.Bust(executions[0].ID)
			w.sim.Correct(executions[3].ID, decimal.NewFromInt(77), decimal.NewFromInt(1))
			w.eventually("what was taken back", func() bool {
				w.sync()
				return w.held("AAPL") == "-1" && scan[string](w, `select string_agg(trim_scale(filled_qty)::text, ' ' order by created_at)
					from app.alpaca_orders where account_id = $1`, w.account.Account) == "0 2 2 1 2 2"
			})
			w.front.rewrite.Store(func(_ *http.Request, body []byte) []byte { return body })
			w.journalBecomesTheBrokers()
		})
	}
}

// newWorldThatBought returns a world whose account has bought 4 AAPL, and whose stream has
// ended since, with a lease of it.
func newWorldThatBought(t *testing.T) (*world, tenant.Lease) {
	t.Helper()
	w := newWorld(t)
	_, stop := w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	stop()
	return w, w.lease()
}

// An answer that took long to arrive undoes nothing that was recorded in the
// meantime. If the broker's clock shows the order of two answers, that order
// counts.
func TestOldAnswersUndoNothing(t *testing.T) {
	t.Parallel()
	w, l := newWorldThatBought(t)
	record := func(told, age time.Duration) (changed bool) {
		t.Helper()
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue(`select (app.record_order($1, broker_order || jsonb_build_object('filled_qty', '1', 'updated_at', broker_updated_at - interval '1 minute'),
					'', null, true, broker_updated_at + $2::interval, $3::interval)).changed
				from app.alpaca_orders where account_id = $1`, l.Account, told, age).QueryRow(func(row pgx.Row) error { return row.Scan(&changed) })
		}); err != nil {
			t.Fatal(err)
		}
		return changed
	}
	for name, c := range map[string]struct{ told, age time.Duration }{
		"asked for before that was learnt": {-time.Minute, time.Hour},
		"told after it, by its clock":      {time.Second, 0},
		"told in the same second":          {-time.Second, 0},
		"soon after, and it does not say":  {time.Hour, 0},
	} {
		if record(c.told, c.age) || w.held("AAPL") != "4" {
			t.Errorf("%s: an older state of the order was recorded", name)
		}
	}
	if !record(-time.Minute, 0) || w.held("AAPL") != "1" {
		t.Errorf("after the clock was set back: the broker's present state was not recorded, %s is held", w.held("AAPL"))
	}
}

// An answer that was on its way while the broker's clock was set back has a later time than
// what was told since. It undoes neither a fill nor an end: only a bust or a correction takes
// something back, and opens an order that is over.
func TestAnAnswerFromBeforeTheClockWasSetBackUndoesNothing(t *testing.T) {
	t.Parallel()
	w, l := newWorldThatBought(t)
	record := func(what, change string, takesBack bool) (state string) {
		t.Helper()
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue(`select app.record_order($1, broker_order || jsonb_build_object('updated_at', broker_updated_at + interval '5 minutes') || $2::jsonb, '', null, $3)
				from app.alpaca_orders where account_id = $1`, l.Account, change, takesBack)
		}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return scan[string](w, "select status || ' ' || trim_scale(filled_qty) from app.alpaca_orders where account_id = $1", l.Account)
	}
	for _, c := range []struct {
		what, change string
		takesBack    bool
		want, held   string
	}{
		{"a fill undone", `{"status": "new", "filled_qty": "0", "filled_avg_price": null, "filled_at": null}`, false, "filled 4", "4"},
		{"a part of one undone", `{"filled_qty": "1"}`, false, "filled 4", "4"},
		{"an end undone", `{"status": "partially_filled"}`, false, "filled 4", "4"},
		{"an end undone by what takes nothing back", `{"status": "partially_filled"}`, true, "filled 4", "4"},
		{"another end", `{"status": "canceled"}`, false, "canceled 4", "4"},
		{"a bust", `{"status": "canceled", "filled_qty": "3"}`, true, "canceled 3", "3"},
		{"a bust that opens it", `{"status": "partially_filled", "filled_qty": "2"}`, true, "partially_filled 2", "2"},
	} {
		if got, held := record(c.what, c.change, c.takesBack), w.held("AAPL"); got != c.want || held != c.held {
			t.Errorf("%s: the order is %s and %s are held, want %s and %s", c.what, got, held, c.want, c.held)
		}
	}
}

// An answer is as old as it was when it began to wait for the account's lock: what the stream
// wrote meanwhile is newer, whatever the times of the broker say.
func TestAnAnswerThatWaitedUndoesNothing(t *testing.T) {
	t.Parallel()
	w, l := newWorldThatBought(t)
	stream := w.pg.Conn(t, "admin")
	for name, c := range map[string]struct{ said, told time.Duration }{
		"the clock seems to be set back": {-time.Minute, -time.Minute},
		"it has a later time":            {5 * time.Minute, 5 * time.Minute},
	} {
		asked := tenant.Age(time.Now())
		tx, err := stream.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select from app.event_heads where account_id = $1 for update", l.Account); err != nil {
			t.Fatal(err)
		}
		recorded := make(chan error, 1)
		go func() {
			recorded <- w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
				b.Queue(`select app.record_order($1, broker_order || jsonb_build_object('filled_qty', '1', 'updated_at', broker_updated_at + $2::interval),
						'', null, true, broker_updated_at + $3::interval, $4)
					from app.alpaca_orders where account_id = $1`, l.Account, c.said, c.told, asked)
			})
		}()
		w.eventually("the answer waits", func() bool {
			return scan[bool](w, "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')")
		})
		if _, err := tx.Exec(t.Context(), "update app.alpaca_orders set updated_at = clock_timestamp() where account_id = $1", l.Account); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // by which it would be too young
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-recorded; err != nil || w.held("AAPL") != "4" {
			t.Errorf("%s: %s are held, want 4: %v", name, w.held("AAPL"), err)
		}
	}
}

// The order of a corrected execution may be over for so long that it is in no
// list of recent orders, and its own state may have a time before what is
// known, because the clock was set back. If the update of the correction
// arrives, the order gets its new state nevertheless.
func TestTakenBackOfAnOrderThatIsLongOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "4", "", "")
	w.eventually("the fill", func() bool { return w.held("AAPL") == "4" })
	w.exec("update app.stream_cursors set newest_order_at = now() + interval '1 hour'") // so that the order counts as old
	w.sim.SetClock(time.Now().Add(-5 * time.Minute))
	w.sim.Correct(w.sim.Executions(w.seed.KeyID)[0].ID, decimal.NewFromInt(77), decimal.NewFromInt(3))
	w.eventually("the correction", func() bool {
		return scan[string](w, "select trim_scale(fills_qty)::text from app.alpaca_orders where account_id = $1", w.account.Account) == "3"
	})
	w.sync()
	w.eventually("the order as the broker has it", func() bool {
		return scan[string](w, "select trim_scale(filled_qty) || ' at ' || trim_scale(filled_avg_price) from app.alpaca_orders where account_id = $1", w.account.Account) == "3 at 77"
	})
	w.journalBecomesTheBrokers()
}

// A database that came back older than it was takes no update from a stream that is
// ahead of it: what lies between would be passed over for good.
func TestAnOlderDatabaseTakesNoLaterUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lease()
	apply := func(applied, id string) error {
		return w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.require_cursor($1, $2)", l.Account, applied)
			b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(update(id, "new", time.Now(), map[string]any{"client_order_id": id}, nil)))
		})
	}
	must(t, apply("", "01A"))
	must(t, apply("01A", "01B"))
	must(t, apply("01A", "01C")) // the cursor may be ahead
	if err := apply("01D", "01E"); !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("an update after one that the database lacks: %v", err)
	}
	if got := scan[string](w, "select last_event_id from app.stream_cursors where account_id = $1", l.Account); got != "01C" {
		t.Errorf("the cursor is %s", got)
	}
}

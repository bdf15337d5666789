package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/app/eventlog"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// timed is something whose duration is measured.
type timed struct {
	name string
	do   func() time.Duration // does it once and returns how long it took
	took []time.Duration
}

func (t *timed) at(percentile int) float64 { return ms(t.took, percentile) }

// compareTimes runs the contenders in turn, and reports how many times as long as the
// first each of the others takes.
func compareTimes(b *testing.B, title string, times int, all ...*timed) {
	b.Helper()
	for i := range times + times/5 {
		for _, c := range all {
			if took := c.do(); i >= times/5 { // the first ones fill caches
				c.took = append(c.took, took)
			}
		}
	}
	fmt.Printf("\n%s\n", title)
	for i, c := range all {
		slices.Sort(c.took)
		fmt.Printf("  %-58s p50 %7.3f ms  p99 %7.3f ms\n", c.name, c.at(50), c.at(99))
		if i > 0 {
			b.ReportMetric(c.at(50)/all[0].at(50), word(c.name)+"/"+word(all[0].name))
		}
	}
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// once returns how long do takes, which must not fail.
func once(b *testing.B, do func() error) time.Duration {
	b.Helper()
	began := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

const fillEvents = `
insert into app.account_events (account_id, seq, kind, at, data)
	select o.account_id, row_number() over (partition by o.account_id order by o.created_at), 'order', now() - interval '1 minute',
		jsonb_build_object('event', 'fill', 'order', app.order_json(o), 'execution', jsonb_build_object('id', gen_random_uuid(), 'qty', o.qty, 'price', '190.24', 'at', now()))
	from app.alpaca_orders o;
update app.event_heads h set last_seq = (select count(*) from app.account_events e where e.account_id = h.account_id), last_at = now() - interval '1 minute';
`

// BenchmarkEvents compares GET /api/events of the built binary, a page of 100, with
// pgbench, which sends the same statements in one pipeline to the same Postgres.
func BenchmarkEvents(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 100)
	execAll(b, db.AdminURL, fillEvents, "vacuum analyze app.account_events")
	same := script(b, record(b, db, func(ctx context.Context, pool *tenant.DB) error {
		page, err := eventlog.New(pool).Page(ctx, tenant.Admission{Token: token(1), Account: uuid.MustParse(account(1))}, tenant.Cursor{}, 100)
		if len(page) < 100*100 {
			return fmt.Errorf("the page has %d bytes", len(page))
		}
		return err
	}))
	addr := startServer(b, db)
	compare(b, fmt.Sprintf("GET /api/events, a page of 100 for %d tenants, %d connections", tenants, connections),
		&contender{name: "pgbench, the same statements in one pipeline", run: func() float64 { return pgbench(b, db, same, connections) }},
		&contender{name: "http, the whole product", run: func() float64 { return load(b, addr, "/api/events?since=0", connections) }},
	)
}

// BenchmarkGuards measures what an account's guards say of an order, with every limit
// set, when 0, 10 and 10,000 orders were sent on the same day, beside an account that
// has no limits.
func BenchmarkGuards(b *testing.B) {
	const calls = 20 // in one statement, because the transaction around it costs more
	db := pgtest.New(b)
	fillAccounts(b, db, 4, 0)
	execAll(b, db.AdminURL, "update app.stream_cursors set max_age = '1 hour'") // the mirror stays current while orders are made
	pool := tenant.NewDB(db.Pool(b, "paddock_app"), kit.SilentBell{})
	var all []*timed
	for n, sent := range []int{0, 0, 10, 10_000} {
		owner := tenant.Admission{Token: token(n + 1), Account: uuid.MustParse(account(n + 1))}
		name := "unlimited, no guard is set"
		if n > 0 {
			name = fmt.Sprintf("%d orders of the day before it", sent)
			limits := trading.Limits{MaxOrderNotional: amount(1e6), MaxPositionNotional: amount(1e9), MaxPositionQty: amount(1e9), MaxOpenOrders: pointer(1000000),
				OrdersPerMinute: pointer(100_000), OrdersPerDay: pointer(100_000), DailyLossLimit: amount(1e6), AllowedSymbols: []string{"AAPL", "MSFT"}, AllowedSides: []string{"buy"}}
			if _, err := trading.New(pool, nil, nil).SetGuards(b.Context(), owner, limits); err != nil {
				b.Fatal(err)
			}
			execAll(b, db.AdminURL, "set session_replication_role = replica", // no guard and no trigger
				fmt.Sprintf(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty,
					limit_price, alpaca_order_id, status, filled_qty, created_at, request_hash)
				select '%[1]s', 'sent-' || i, 'accepted', 'bench-user-1', 'AAPL', 'buy', 'limit', 'day', 1, 190, gen_random_uuid(), 'filled', 1,
					midnight.at + (now() - midnight.at) * i / (%[2]d + 1), '\x00'
				from generate_series(1, %[2]d) i, (select date_trunc('day', now() at time zone 'America/New_York') at time zone 'America/New_York') midnight (at)`, owner.Account, sent),
				fmt.Sprintf("insert into app.order_counts (account_id, day, sent) values ('%s', (now() at time zone 'America/New_York')::date, %d)", owner.Account, sent))
		}
		row, err := json.Marshal(map[string]any{"account_id": owner.Account, "client_order_id": "next", "symbol": "AAPL", "side": "buy", "type": "limit",
			"time_in_force": "day", "order_class": "simple", "qty": "1", "limit_price": "190", "filled_qty": "0"})
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, &timed{name: name, do: func() time.Duration {
			var took float64 // ms, by Postgres' own clock
			err := pool.Tx(b.Context(), owner, func(b *tenant.Batch) {
				b.Queue(`with began as materialized (select clock_timestamp() as at), asked as materialized (
						select count(app.check_guards(jsonb_populate_record(null::app.alpaca_orders, $1 || jsonb_build_object('client_order_id', began.at || i::text)))) as n
						from began, generate_series(1, $2) i)
					select 1000 * extract(epoch from clock_timestamp() - began.at)::float8 / asked.n from began, asked`, row, calls).
					QueryRow(func(row pgx.Row) error { return row.Scan(&took) })
			})
			if err != nil {
				b.Fatal(err)
			}
			return time.Duration(took * float64(time.Millisecond))
		}})
	}
	execAll(b, db.AdminURL, "vacuum analyze app.alpaca_orders")
	compareTimes(b, "What an account's guards say of an order", 100, all...)
}

func amount(n int64) *trading.Amount { return &trading.Amount{Decimal: decimal.NewFromInt(n)} }

func pointer(n int) *int { return &n }

// BenchmarkFill measures an update of the stream that fills an order, for the journal's
// 100th execution of a symbol and for its 10,000th.
func BenchmarkFill(b *testing.B) {
	db := pgtest.New(b)
	fillAccounts(b, db, 2, 0)
	newDesk(b, db, 2)
	worker := tenant.NewWorker(db.Pool(b, "paddock_worker"), kit.SilentBell{})
	leases, err := worker.Claim(b.Context(), uuid.New(), time.Hour, 10)
	if err != nil || len(leases) != 2 {
		b.Fatalf("%v, %v", leases, err)
	}
	var all []*timed
	for i, before := range []int{100, 10_000} {
		l, n := leases[i], 0
		fill := func() time.Duration {
			n++
			side := "buy"
			if n%3 == 0 { // two purchases and then a sale, so that the round trip never ends
				side = "sell"
			}
			at := time.Date(2026, 6, 1, 14, 0, n, 0, time.UTC)
			update, err := json.Marshal(map[string]any{"event_id": fmt.Sprintf("%026d", n), "event": "fill", "execution_id": fmt.Sprint("x", n), "at": at, "timestamp": at,
				"qty": "1", "price": "190", "order": map[string]any{"id": uuid.New(), "client_order_id": fmt.Sprint("o", n), "symbol": "AAPL", "asset_class": "us_equity", "side": side,
					"type": "market", "time_in_force": "day", "order_class": "", "qty": "1", "filled_qty": "1", "filled_avg_price": "190", "status": "filled", "created_at": at, "updated_at": at, "submitted_at": at}})
			if err != nil {
				b.Fatal(err)
			}
			return once(b, func() error {
				return worker.TxNotify(b.Context(), l, func(b *tenant.Batch) { b.Queue("select app.apply_trade_update($1, $2)", l.Account, update) })
			})
		}
		for range before {
			fill()
		}
		all = append(all, &timed{name: fmt.Sprintf("%d executions of the symbol before it", before), do: fill})
	}
	execAll(b, db.AdminURL, "vacuum analyze")
	compareTimes(b, "An update of the stream that fills an order", 300, all...)
}

// BenchmarkCredentials measures what opening an account's keys adds to an admitted
// transaction: two layers of encryption taken off, and the row that the audit gets.
func BenchmarkCredentials(b *testing.B) {
	db := pgtest.New(b)
	fillAccounts(b, db, 1, 0)
	sim, owner := newDesk(b, db, 1)
	open := func() error {
		_, err := sim.keys.Open(b.Context(), owner, sim.pool.Tx, nil)
		return err
	}
	admit := func() error { return sim.pool.Tx(b.Context(), owner, func(*tenant.Batch) {}) }
	compareTimes(b, "Opening an account's keys", 1000,
		&timed{name: "admitted, a transaction that does nothing", do: func() time.Duration { return once(b, admit) }},
		&timed{name: "opened, with the keys decrypted and audited", do: func() time.Duration { return once(b, open) }},
	)
}

// BenchmarkPreview measures what a preview adds to the calls to the broker that it
// makes at the same time.
func BenchmarkPreview(b *testing.B) {
	db := pgtest.New(b)
	fillAccounts(b, db, 1, 0)
	sim, owner := newDesk(b, db, 1)
	service := trading.New(sim.pool, sim.keys, slog.New(slog.DiscardHandler))
	admit := func() error { return sim.pool.Tx(b.Context(), owner, func(*tenant.Batch) {}) }
	preview := func() time.Duration {
		sim.busy.Store(0)
		took := once(b, func() error {
			_, err := service.Preview(b.Context(), owner, trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "day", Qty: amount(1)})
			return err
		})
		return took - time.Duration(sim.busy.Load())
	}
	compareTimes(b, "A preview of an order, without the broker's time", 100,
		&timed{name: "admitted, a transaction that does nothing", do: func() time.Duration { return once(b, admit) }},
		&timed{name: "previewed, market, guards, buying power and collisions", do: preview},
	)
}

// desk is a simulated Alpaca, and the pool of a server that has keys for it.
type desk struct {
	pool *tenant.DB
	keys *credentials.Opener
	busy atomic.Int64 // how long the broker was busy, in nanoseconds, with the longest call
}

// newDesk stores the keys of so many accounts, and returns the admission of the first
// one's owner.
func newDesk(b testing.TB, db *pgtest.DB, accountsHere int) (d *desk, owner tenant.Admission) {
	b.Helper()
	var seeds []alpacasim.AccountSeed
	for n := range accountsHere {
		seeds = append(seeds, seedOf(n+1))
	}
	sim, err := alpacasim.New(alpacasim.Config{Seed: 1, Accounts: seeds, RateLimit: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	sim.SetAlwaysOpen(true)
	d = &desk{}
	handler := sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		handler.ServeHTTP(w, r)
		took := int64(time.Since(began))
		for was := d.busy.Load(); took > was && !d.busy.CompareAndSwap(was, took); was = d.busy.Load() {
		}
	}))
	b.Cleanup(server.Close)
	alpaca, keys := kit.Broker(b, server.URL), kit.Keys(b)
	d.pool = tenant.NewDB(db.Pool(b, "paddock_app"), kit.SilentBell{})
	d.keys = credentials.NewOpener(d.pool, keys, alpaca, slog.New(slog.DiscardHandler))
	for n, seed := range seeds {
		a := tenant.Admission{Token: token(n + 1), Account: uuid.MustParse(account(n + 1))}
		if _, err := accounts.New(d.pool, keys, alpaca).PutCredentials(b.Context(), a, seed.KeyID, seed.SecretKey); err != nil {
			b.Fatal(err)
		}
		if n == 0 {
			owner = a
		}
	}
	return d, owner
}

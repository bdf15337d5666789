package reporting_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// newYork is where days begin.
var newYork = func() *time.Location {
	place, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return place
}()

// at returns a time of day in New York, days after a Monday.
func at(days, hour, minute int) time.Time {
	return time.Date(2026, 3, 2+days, hour, minute, 0, 0, newYork)
}

// book writes fills and adjustments into an account's journal, as the broker tells
// them.
type book struct {
	w       *world
	admin   *pgx.Conn
	account uuid.UUID
	order   uuid.UUID
	n       int
}

// newBook empties the account's journal.
func newBook(t *testing.T, w *world, account uuid.UUID) *book {
	t.Helper()
	b := &book{w: w, admin: w.db.Conn(t, "admin"), account: account}
	for _, table := range []string{"fills", "journal_adjustments", "trading_positions", "journal_gaps", "agent_logs"} {
		run(t, b.admin, "delete from app."+table+" where account_id = $1", account)
	}
	if err := b.admin.QueryRow(t.Context(), "select id from app.alpaca_orders where account_id = $1", account).Scan(&b.order); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *book) id() string { b.n++; return fmt.Sprintf("id-%05d", b.n) }

func (b *book) fill(t *testing.T, when time.Time, symbol, side, qty, price, agent string) {
	t.Helper()
	class, multiplier := "us_equity", 1
	switch {
	case strings.Contains(symbol, "/"):
		class = "crypto"
	case len(symbol) > 15:
		class, multiplier = "us_option", 100
	}
	run(t, b.admin, `insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source, orchestrator_agent_id)
		values ($1, $2, $3, $3, $4, $10, $11::int, $5, $6::text::numeric, $7::text::numeric, $8, 'stream', nullif($9, ''))`,
		b.account, b.id(), b.order, symbol, side, qty, price, when, agent, class, multiplier)
}

func (b *book) adjust(t *testing.T, when time.Time, kind, symbol, qty, netAmount string) (id string) {
	t.Helper()
	id = b.id()
	run(t, b.admin, `insert into app.journal_adjustments (account_id, activity_id, kind, symbol, at, day, qty, price, net_amount)
		values ($1, $2, $3, nullif($4, ''), $5, ($5::timestamptz at time zone 'America/New_York')::date, nullif($6, '')::numeric, 100, $7::text::numeric)`,
		b.account, id, kind, symbol, when, qty, netAmount)
	return id
}

// compute makes the round trips from all that was written.
func (b *book) compute(t *testing.T) {
	t.Helper()
	run(t, b.admin, "delete from app.trading_positions where account_id = $1", b.account)
	run(t, b.admin, "select app.pair_splits($1, s.symbol) from (select distinct symbol from app.journal_adjustments where account_id = $1 and kind = 'SPLIT') s", b.account)
	run(t, b.admin, "select app.recompute_round_trips($1, s.symbol, '-infinity', '') from (select distinct symbol from app.fills where account_id = $1) s", b.account)
}

// lines returns the rows of a query as texts.
func lines(t *testing.T, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
			if v == nil {
				texts[i] = "-"
			}
		}
		return strings.Join(texts, " "), err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s is\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// The history of positions says for each day exactly what the journal holds after
// the executions and adjustments up to that day: after splits, expiries, exercises,
// assignments and fees in coins too.
func TestPositionHistoryIsTheJournals(t *testing.T) {
	w := newWorld(t)
	b := newBook(t, w, w.accounts[0])
	name, password := w.create(t, w.accounts[0])
	report := w.login(t, name, password)
	const days = 8
	random := rand.New(rand.NewPCG(1, 2))
	for symbol, plain := range map[string]string{"AAPL": "AAPL", "BTC/USD": "BTCUSD", "AAPL261218C00100000": "AAPL261218C00100000"} {
		held := 0
		for day := range days {
			for step := range 3 {
				when, n := at(day, 10+step, random.IntN(60)), 1+random.IntN(5)
				switch kind := random.IntN(6); {
				case kind == 0 && plain == "AAPL" && held > 0: // 2 for 1, in two entries
					b.adjust(t, when, "SPLIT", plain, fmt.Sprint(-held), "0")
					b.adjust(t, when.Add(time.Second), "SPLIT", plain, fmt.Sprint(2*held), "0")
					held *= 2
				case kind == 0 && plain == "BTCUSD" && held > 1:
					b.adjust(t, when, "CFEE", plain, "-1", "0")
					held--
				case kind == 0 && len(plain) > 6 && plain != "BTCUSD" && held != 0:
					b.adjust(t, when, "OPEXP", plain, fmt.Sprint(-held), "0")
					held = 0
				case kind == 1 && len(plain) > 6 && held > 0:
					b.adjust(t, when, "OPEXC", plain, "-1", "0")
					held--
				case kind == 1 && len(plain) > 6 && held < 0:
					b.adjust(t, when, "OPASN", plain, "1", "0")
					held++
				case kind < 4 || plain == "BTCUSD" && held < n:
					b.fill(t, when, symbol, "buy", fmt.Sprint(n), "100", "")
					held += n
				default:
					b.fill(t, when, symbol, "sell", fmt.Sprint(n), "100", "")
					held -= n
				}
			}
		}
	}
	b.adjust(t, at(1, 12, 0), "FEE", "", "", "-0.05") // of the whole account: it is no position
	history := map[string]string{}
	b.compute(t)
	for day := range days {
		date := at(day, 0, 0).Format(time.DateOnly)
		for _, line := range lines(t, report, `select symbol || ' ' || trim_scale(end_qty) from report.position_history
			where trading_day <= $1::text::date and coalesce(until_day, 'infinity') >= $1::text::date and end_qty <> 0 and complete order by 1`, date) {
			history[date] += line + ", "
		}
	}
	for day := days - 1; day >= 0; day-- {
		for _, table := range []string{"fills", "journal_adjustments"} {
			run(t, b.admin, "delete from app."+table+" where account_id = $1 and at >= $2", b.account, at(day+1, 0, 0))
		}
		b.compute(t)
		journal := ""
		for _, line := range lines(t, b.admin, `select replace(symbol, '/', '') || ' ' || trim_scale((entry_qty - exit_qty) * case direction when 'long' then 1 else -1 end)
			from app.trading_positions where account_id = $1 and scope = 'account' and closed_at is null order by 1`, b.account) {
			journal += line + ", "
		}
		if date := at(day, 0, 0).Format(time.DateOnly); history[date] != journal {
			t.Errorf("on %s the history says %q, the journal %q", date, history[date], journal)
		} else if day == 3 && journal == "" {
			t.Errorf("on %s nothing is held, which proves nothing", date)
		}
	}
}

// A day of the history tells what was bought and sold and what came otherwise, and
// lasts until the next. Days are New York's: what is traded there in the evening
// counts for it, and not for the day that it is in London.
func TestDaysAreNewYorks(t *testing.T) {
	w := newWorld(t)
	b := newBook(t, w, w.accounts[0])
	name, password := w.create(t, w.accounts[0])
	report := w.login(t, name, password)
	b.fill(t, at(0, 9, 30), "AAPL", "buy", "5", "100", "a")
	b.fill(t, at(0, 19, 59), "AAPL", "sell", "1", "110", "a") // 00:59 of the next day in London
	b.adjust(t, at(2, 9, 0), "SPLIT", "AAPL", "4", "0")
	b.fill(t, at(3, 23, 30), "AAPL", "sell", "8", "60", "a")
	b.adjust(t, at(3, 23, 59), "FEE", "", "", "-0.04")
	b.adjust(t, at(4, 23, 59), "FEE", "", "", "-0.5")
	b.compute(t)
	same(t, "the history", lines(t, report, `select trading_day::text, until_day::text, trim_scale(bought_qty)::text, trim_scale(sold_qty)::text,
		trim_scale(adjusted_qty)::text, trim_scale(end_qty)::text, complete from position_history order by trading_day`),
		"2026-03-02 2026-03-03 5 1 0 4 true", "2026-03-04 2026-03-04 0 0 4 8 true", "2026-03-05 - 0 8 0 0 true")
	// 5 for 500, then 1 at 110 and the rest at 60 after a split of 2 for 1.
	same(t, "the days", lines(t, report, `select trading_day::text, trips, won, lost, incomplete, trim_scale(realized_pl)::text, trim_scale(fees)::text,
		trim_scale(other_fees)::text, trim_scale(net_pl)::text from daily_profit_and_loss where scope = 'account' order by trading_day`),
		"2026-03-05 1 1 0 0 90 0 0.04 89.96", "2026-03-06 0 0 0 0 0 0 0.5 -0.5")
	same(t, "the agent's days", lines(t, report, `select scope_value, trading_day::text, trips, trim_scale(net_pl)::text from daily_profit_and_loss where scope = 'agent'`),
		"a 2026-03-05 1 90")
	same(t, "the cash flows", lines(t, report, `select trading_day::text, category, trim_scale(amount)::text from cash_flows order by at`),
		"2026-03-05 fee -0.04", "2026-03-06 fee -0.5")

	// Where the broker holds something else there is no profit, and none of the sums.
	run(t, b.admin, "insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ($1, 'AAPL', 0, 1, $2)", b.account, at(0, 9, 30))
	same(t, "the days with a gap", lines(t, report, `select trading_day::text, trips, incomplete, realized_pl::text, net_pl::text from daily_profit_and_loss
		where scope = 'account' order by trading_day`), "2026-03-05 1 1 - -", "2026-03-06 0 0 0 -0.5")
	same(t, "the history with a gap", lines(t, report, `select distinct complete from position_history`), "false")
}

// The curve has the last reading of each hour, and an older reading that comes late
// changes nothing. Nobody but the trigger writes it.
func TestEquityCurveKeepsEachHour(t *testing.T) {
	w := newWorld(t)
	account := w.accounts[0]
	name, password := w.create(t, account)
	report, admin, app := w.login(t, name, password), w.db.Conn(t, "admin"), w.db.Conn(t, "paddock_app")
	run(t, admin, "delete from app.balance_history where account_id = $1", account)
	for _, reading := range []struct {
		at           time.Time
		equity, cash string
	}{
		{at(0, 10, 5), "100", "50"}, {at(0, 10, 55), "101", "51"}, {at(0, 12, 0), "99.5", ""}, {at(0, 23, 10), "98", "48"},
	} {
		run(t, admin, `update app.account_balances set equity = $2::text::numeric, last_equity = 97, cash = nullif($3, '')::numeric, as_of = $4 where account_id = $1`,
			account, reading.equity, reading.cash, reading.at)
	}
	run(t, admin, "update app.account_balances set equity = 1, as_of = $2 where account_id = $1", account, at(0, 10, 30)) // late
	same(t, "the curve", lines(t, report, `select to_char(hour at time zone 'America/New_York', 'HH24:MI'), trading_day::text, trim_scale(equity)::text,
		trim_scale(cash)::text, trim_scale(last_equity)::text, trim_scale(day_change)::text from equity_curve order by hour`),
		"10:00 2026-03-02 101 51 97 4", "12:00 2026-03-02 99.5 - 97 2.5", "23:00 2026-03-02 98 48 97 1")
	for _, conn := range []*pgx.Conn{app, w.db.Conn(t, "paddock_worker"), report} {
		for _, statement := range []string{"insert into app.balance_history (account_id, hour, equity, last_equity, as_of) values ($1, date_trunc('hour', now(), 'UTC'), 1, 1, now())",
			"update app.balance_history set equity = 0 where account_id = $1", "delete from app.balance_history where account_id = $1"} {
			if _, err := conn.Exec(t.Context(), statement, account); err == nil {
				t.Errorf("allowed: %s", statement)
			}
		}
	}
}

// Exposure adds long and short up, and says of each position what part of that it
// is.
func TestExposure(t *testing.T) {
	w := newWorld(t)
	account := w.accounts[0]
	name, password := w.create(t, account)
	admin := w.db.Conn(t, "admin")
	run(t, admin, "delete from app.alpaca_positions where account_id = $1", account)
	for _, p := range []string{"('AAPL', 3, 300)", "('MSFT', -1, -100)", "('GONE', 0, null)", "('NEW', 1, null)"} {
		run(t, admin, "insert into app.alpaca_positions (account_id, symbol, qty, market_value, as_of) select $1, v.s, v.q, v.m::numeric, now() from (values "+p+") v (s, q, m)", account)
	}
	same(t, "the exposure", lines(t, w.login(t, name, password), `select symbol, direction, gross_exposure::text, round(share_of_gross, 2)::text
		from exposure_by_symbol order by symbol`), "AAPL long 300 0.75", "MSFT short 100 0.25", "NEW long - -")
}

// An agent's day counts its orders, executions and log lines, and no other's.
func TestAgentActivity(t *testing.T) {
	w := newWorld(t)
	b := newBook(t, w, w.accounts[0])
	name, password := w.create(t, w.accounts[0])
	run(t, b.admin, "delete from app.alpaca_orders where account_id = $1", b.account)
	run(t, b.admin, "set session_replication_role = replica")
	for i, status := range []string{"filled", "canceled", "rejected", "filled"} {
		run(t, b.admin, `insert into app.alpaca_orders (account_id, id, client_order_id, symbol, side, qty, status, orchestrator_agent_id, created_at)
			values ($1, $2, $3, 'AAPL', 'buy', 1, $3::text, $4, $5) on conflict do nothing`, b.account, uuid.New(), status, []string{"a", "a", "a", "b"}[i], at(0, 10, i))
	}
	run(t, b.admin, "reset session_replication_role")
	run(t, b.admin, "update app.alpaca_orders set status = client_order_id where account_id = $1", b.account)
	if err := b.admin.QueryRow(t.Context(), "select id from app.alpaca_orders where account_id = $1 and status = 'filled'", b.account).Scan(&b.order); err != nil {
		t.Fatal(err)
	}
	b.fill(t, at(0, 10, 1), "AAPL", "buy", "2", "100", "a")
	b.fill(t, at(0, 11, 0), "AAPL261218C00100000", "sell", "1", "1.5", "a")
	b.fill(t, at(1, 11, 0), "AAPL", "sell", "1", "100", "b")
	run(t, b.admin, "insert into app.agent_logs (account_id, orchestrator_agent_id, level, message, at) values ($1, 'a', 'error', 'x', $2), ($1, 'a', 'info', 'y', $3)",
		b.account, at(0, 9, 0), at(1, 9, 0))
	same(t, "the activity", lines(t, w.login(t, name, password), `select orchestrator_agent_id, trading_day::text, orders, filled, canceled, rejected, fills,
		trim_scale(traded)::text, logs, warnings, errors from agent_activity order by 1, 2`),
		"a 2026-03-02 3 1 1 1 2 350 1 0 1", "a 2026-03-03 0 0 0 0 0 0 1 0 0", "b 2026-03-03 0 0 0 0 1 100 0 0 0")
}

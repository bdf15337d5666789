package mirror_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/journal"
	"paddock/app/tenant"
	"paddock/tests/plainjournal"
)

// counted is a set of round trips in an answer.
type counted struct {
	Key                 string
	Trips, Wins, Losses int
	Rate                *string `json:"win_rate"`
	Realized            string  `json:"realized_pl"`
	Fees                string
	Net                 string `json:"net_pl"`
	Profit, Loss        string
	Factor              *string `json:"profit_factor"`
	AverageWin          *string `json:"average_win"`
	AverageLoss         *string `json:"average_loss"`
	Expectancy          *string
	Run                 int `json:"longest_losing_run"`
	Best, Worst         *struct{ ID string }
	Incomplete          int
}

func orNone(text *string) string {
	if text == nil {
		return "none"
	}
	return *text
}

func (c counted) line(name string) string {
	return fmt.Sprintf("%s: %d trips %d won %d lost rate %s realized %s fees %s net %s", name, c.Trips, c.Wins, c.Losses, orNone(c.Rate), c.Realized, c.Fees, c.Net)
}

// resultsOf returns results as the API tells them, in the form of package plainjournal.
func (w *world) resultsOf(s plainjournal.Selection, kinds ...string) []string {
	w.t.Helper()
	f := journal.ResultsFilter{Filter: journal.Filter{Scope: s.Scope, ScopeValue: s.Value, Symbol: s.Symbol, Period: journal.Period{From: s.From, To: s.To}}, GroupBy: kinds}
	body, err := journal.New(w.db).Results(w.t.Context(), w.account, f)
	if err != nil {
		w.t.Fatal(err)
	}
	var said struct {
		Figures counted
		Groups  map[string][]counted
	}
	if err := json.Unmarshal(body, &said); err != nil {
		w.t.Fatalf("%v: %s", err, body)
	}
	best, worst := "none", "none"
	if f := said.Figures; f.Best != nil && f.Worst != nil {
		best, worst = f.Best.ID, f.Worst.ID
	}
	f0 := said.Figures
	lines := []string{f0.line("all") + fmt.Sprintf(" profit %s loss %s factor %s wins %s losses %s expectancy %s run %d best %s worst %s", f0.Profit, f0.Loss, orNone(f0.Factor),
		orNone(f0.AverageWin), orNone(f0.AverageLoss), orNone(f0.Expectancy), f0.Run, best, worst)}
	for kind, groups := range said.Groups {
		for _, g := range groups {
			lines = append(lines, g.line(kind+" "+g.Key))
		}
	}
	slices.Sort(lines)
	return lines
}

// Whatever is executed, busted, corrected, split, charged or expired, and in whatever
// order it arrives, the results are those of a simple computation from all that has
// arrived: of the account and of each agent, tag, sleeve, user and API token, for any
// period and symbol, as a whole and by groups, to the last digit.
func TestResultsEqualPlainComputation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := 0
	all := append([]string{"month", "symbol"}, plainjournal.Scopes...)
	for _, seed := range []uint64{1, 2, rand.Uint64N(1 << 40)} { // the last differs in each run
		w.forgetTrades()
		l := w.lease()
		h := newTrial(seed, 90)
		w.alreadyPlaced(h.orders)
		order := slices.Clone(h.told)
		if seed%2 == 0 {
			h.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		for i, m := range order {
			if err := w.tell(l, i+1, m); err != nil {
				t.Fatalf("seed %d, message %d (%s): %v", seed, i, m.event, err)
			}
		}
		middle := time.Date(2026, 6, 1, 14, 1, 0, 0, time.UTC)
		fills, adjustments := known(order)
		closed += scan[int](w, "select count(*) from app.trading_positions where closed_at is not null and scope = 'account'")
		periods := [][2]time.Time{{}, {middle, middle.Add(time.Minute)}, {middle, middle}}
		for _, x := range h.executions[10:12] { // a period that begins or ends at the moment of a closing
			periods = append(periods, [2]time.Time{x.at, {}}, [2]time.Time{{}, x.at})
		}
		for _, p := range periods {
			for _, s := range []plainjournal.Selection{{Scope: "account"}, {Scope: "account", Symbol: "BTC/USD"}, {Scope: "account", Symbol: "AAPL"}, {Scope: "agent"}, {Scope: "agent", Value: "one"},
				{Scope: "tag", Value: "slow", Symbol: "AAPL"}, {Scope: "sleeve", Value: uuidOf(71).String()}, {Scope: "user"}, {Scope: "token", Value: uuidOf(74).String()}, {Scope: "tag", Value: "nobody's"}} {
				s.From, s.To = p[0], p[1]
				kinds := all
				if s.Scope != "account" {
					kinds = []string{"month", "symbol", s.Scope}
				}
				if d := differences(w.resultsOf(s, kinds...), plainjournal.Results(fills, adjustments, s, kinds...)); d != "" {
					t.Fatalf("seed %d, %+v:%s", seed, s, d)
				}
			}
		}
	}
	if closed < 10 {
		t.Errorf("%d round trips were closed: the test proves little", closed)
	}
}

// A trip that the broker's book does not bear out is in no sum, and a break-even is
// neither won nor lost and ends a run of losses.
func TestWhatCountsInResults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 3, 1, 4, 30, 0, 0, time.UTC) // the evening of the last of February in New York
	trip := func(symbol, net, fees string, open bool) {
		t.Helper()
		at = at.Add(time.Minute)
		w.exec(`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id,
				closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
			values ($1, gen_random_uuid(), 'account', '', $2, 'us_equity', 1, 'long', $3, 'x', 1, $3, 'x', case when $6 then null else $3::timestamptz end,
				1, 100, case when $6 then 0 else 1 end, case when $6 then 0 else 100 + $4::numeric + $5::numeric end, case when $6 then 100 else 0 end, 1, $5::numeric, 2)`,
			w.account.Account, symbol, at, net, fees, open)
	}
	for _, net := range []string{"-1", "-2", "0", "-1", "-1", "-1", "7.000000001", "-3"} {
		trip("AAPL", net, "0.5", false)
	}
	trip("GAP", "1000", "0", false)
	trip("OPEN", "0", "0.25", true)
	w.exec("insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ($1, 'GAP', 1, 0, '2026-01-01')", w.account.Account)
	w.exec(`insert into app.journal_adjustments (account_id, activity_id, kind, symbol, at, day, net_amount, canceled) values
		($1, 'a', 'FEE', null, $2, '2026-02-28', -0.07, false), ($1, 'b', 'FEE', null, $2, '2026-02-28', -9, true), ($1, 'c', 'FEE', null, '2025-01-01', '2025-01-01', -9, false)`, w.account.Account, at)
	body, err := journal.New(w.db).Results(t.Context(), w.account, journal.ResultsFilter{Filter: journal.Filter{Period: journal.Period{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}, GroupBy: []string{"month", "symbol"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"trips" : 8, "wins" : 1, "losses" : 6, "incomplete" : 1, "win_rate" : "0.125", "realized_pl" : "2.000000001", "fees" : "4", "net_pl" : "-1.999999999"`,
		`"profit" : "7.000000001", "loss" : "9", "profit_factor" : "0.777777778", "average_win" : "7.000000001", "average_loss" : "1.5", "expectancy" : "-0.25", "longest_losing_run" : 3`,
		`"open":{"trips" : 1, "realized_pl" : "0", "fees" : "0.25", "incomplete" : 0}`, `"other_fees":"0.07"`,
		`"month":[{"key" : "2026-02", "from" : "2026-02-01T05:00:00Z", "to" : "2026-03-01T05:00:00Z", "trips" : 8,`,
		`{"key" : "GAP", "trips" : 0, "wins" : 0, "losses" : 0, "incomplete" : 1, "win_rate" : null, "realized_pl" : "0"`,
	} {
		if !strings.Contains(string(body), part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
	none, err := journal.New(w.db).Results(t.Context(), w.account, journal.ResultsFilter{Filter: journal.Filter{Scope: "sleeve", ScopeValue: uuid.NewString()}})
	if err != nil || !strings.Contains(string(none), `"win_rate" : null`) || !strings.Contains(string(none), `"best" : null`) || !strings.Contains(string(none), `"other_fees":null`) {
		t.Errorf("of nobody: %s (%v)", none, err)
	}
	// Another user's admission, and one to another account, read nothing of this one.
	for _, other := range []tenant.Admission{{Token: "nobody's", Account: w.account.Account}, {Token: w.account.Token, Account: uuid.New()}} {
		if body, err := journal.New(w.db).Results(t.Context(), other, journal.ResultsFilter{}); err == nil {
			t.Errorf("somebody else reads %s", body)
		}
	}
}

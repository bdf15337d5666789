package alpacasim_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// Assets differ in what they allow, can be filtered by it, and are found by
// symbol, by pair and by id.
func TestAssets(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) {
		c.Assets = []alpacasim.AssetSeed{{Symbol: "soL/usd", Class: "crypto", Price: dec("150.5")}, {Symbol: "AAPL", Name: "Another Apple", NotShortable: true}}
	})
	call := m.caller(t)
	for query, want := range map[string]string{
		"status=inactive":                                  "GONE",
		"asset_class=crypto":                               "BTC/USD ETH/USD SOL/USD",
		"exchange=NYSE&status=active":                      "HARD WHOL PIPE",
		"attributes=ptp_no_exception,has_options":          "SPY PIPE",
		"attributes=has_options&exchange=ARCA":             "SPY",
		"attributes=ipo":                                   "",
		"status=ACTIVE&asset_class=us_equity&exchange=OTC": "",
	} {
		var all []alpaca.Asset
		if err := json.Unmarshal(call("GET", "/v2/assets?"+query, "", 200), &all); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range all {
			got = append(got, a.Symbol)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	for _, tt := range []struct {
		symbol                                    string
		tradable, marginable, shortable, fraction bool
	}{
		{"MSFT", true, true, true, true}, {"HARD", true, true, false, true}, {"WHOL", true, true, true, false},
		{"GONE", false, false, false, false}, {"BTC/USD", true, false, false, true}, {"AAPL", true, true, false, true},
	} {
		a, err := m.client(0).GetAsset(tt.symbol)
		if err != nil || a.Tradable != tt.tradable || a.Marginable != tt.marginable || a.Shortable != tt.shortable || a.EasyToBorrow != tt.shortable || a.Fractionable != tt.fraction {
			t.Errorf("%s is %+v (%v)", tt.symbol, a, err)
			continue
		}
		for _, name := range []string{a.ID, strings.ToLower(tt.symbol), strings.ReplaceAll(tt.symbol, "/", ""), strings.ReplaceAll(tt.symbol, "/", "%2F")} {
			if again, err := m.client(0).GetAsset(name); err != nil || again.ID != a.ID {
				t.Errorf("%s by %s is %+v (%v)", tt.symbol, name, again, err)
			}
		}
	}
	coin := string(call("GET", "/v2/assets/SOLUSD", "", 200))
	for _, want := range []string{`"min_order_size":"0.00664451`, `"min_trade_increment":"0.000000001"`, `"price_increment":"0.01"`, `"maintenance_margin_requirement":100`} {
		if !strings.Contains(coin, want) {
			t.Errorf("a coin is %s, without %s", coin, want)
		}
	}
	for name, bad := range map[string]alpacasim.AssetSeed{
		"symbol": {}, "class": {Symbol: "X", Class: "bond"}, "pair": {Symbol: "X", Class: "crypto"}, "price": {Symbol: "X", Price: dec("-1")},
	} {
		if _, err := alpacasim.New(alpacasim.Config{Assets: []alpacasim.AssetSeed{bad}}); err == nil {
			t.Errorf("an asset with a bad %s was accepted", name)
		}
	}
}

// Contracts are listed by rules: they have OCC symbols and expire on Fridays,
// or on the day before a holiday. Without a filter, those are listed that
// expire before the next weekend.
func TestOptionContracts(t *testing.T) {
	m := open(t, hours)
	c := m.client(0)
	week, err := c.GetOptionContracts(alpaca.GetOptionContractsRequest{UnderlyingSymbols: "AAPL"})
	if err != nil || len(week) != 38 {
		t.Fatalf("this week has %d contracts (%v)", len(week), err)
	}
	if first := week[0]; first.Symbol != "AAPL260605C00145000" || first.Type != "call" || !first.StrikePrice.Equal(dec("145")) || first.ExpirationDate.String() != "2026-06-05" ||
		!first.Tradable || first.ClosePrice == nil || first.ClosePriceDate.String() != "2026-05-29" || first.UnderlyingSymbol != "AAPL" {
		t.Errorf("the first is %+v", first)
	}
	calls, err := c.GetOptionContracts(alpaca.GetOptionContractsRequest{
		UnderlyingSymbols: "AAPL,SPY", Type: "call", StrikePriceGTE: dec("190"), StrikePriceLTE: dec("195.5"), ShowDeliverable: true,
		ExpirationDateGTE: day("2026-06-06"), ExpirationDateLTE: day("2026-06-30"), PageLimit: 2,
	})
	var got []string
	for _, x := range calls {
		got = append(got, x.Symbol)
		if len(x.Deliverables) != 1 || !x.Deliverables[0].Amount.Equal(dec("100")) {
			t.Errorf("%s delivers %+v", x.Symbol, x.Deliverables)
		}
	}
	// 19 June 2026 is a holiday.
	want := "AAPL260612C00190000 AAPL260612C00195000 AAPL260618C00190000 AAPL260618C00195000 AAPL260626C00190000 AAPL260626C00195000"
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %v (%v), want %s", got, err, want)
	}
	one, err := c.GetOptionContract(calls[0].ID)
	if err != nil || one.Symbol != calls[0].Symbol {
		t.Errorf("by its id it is %+v (%v)", one, err)
	}
	past, err := c.GetOptionContracts(alpaca.GetOptionContractsRequest{Status: "inactive", PageLimit: 10_000})
	if err != nil || len(past) == 0 || past[0].Tradable || past[0].Status != "inactive" {
		t.Errorf("%d contracts are listed as expired (%v)", len(past), err)
	}
	_, err = c.GetOptionContract("AAPL260606C00190000") // a Saturday
	wantRefusal(t, "no such contract", err, 404, 40410000, "not found")
}

func day(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// With Config.Hours the clock and both calendars follow New York's hours, with
// holidays and half days.
func TestClocksAndCalendars(t *testing.T) {
	m := open(t, hours)
	c := m.client(0)
	for _, tt := range []struct{ now, phase, nextOpen, nextClose string }{
		{"2026-06-01T13:29:59Z", "pre", "2026-06-01T13:30:00Z", "2026-06-01T20:00:00Z"},
		{"2026-06-01T13:30:00Z", "core", "2026-06-02T13:30:00Z", "2026-06-01T20:00:00Z"},
		{"2026-06-05T20:00:00Z", "post", "2026-06-08T13:30:00Z", "2026-06-08T20:00:00Z"},
		{"2026-06-19T15:00:00Z", "closed", "2026-06-22T13:30:00Z", "2026-06-22T20:00:00Z"}, // Juneteenth
		{"2026-11-27T17:59:00Z", "core", "2026-11-30T14:30:00Z", "2026-11-27T18:00:00Z"},   // after Thanksgiving
		{"2026-11-27T18:00:00Z", "post", "2026-11-30T14:30:00Z", "2026-11-30T21:00:00Z"},
		{"2026-11-27T22:00:00Z", "closed", "2026-11-30T14:30:00Z", "2026-11-30T21:00:00Z"},
	} {
		now := must(t, tt.now)
		m.sim.SetClock(now)
		clock, err := c.GetClock()
		if err != nil || !clock.Timestamp.Equal(now) || clock.IsOpen != (tt.phase == "core") || !clock.NextOpen.Equal(must(t, tt.nextOpen)) || !clock.NextClose.Equal(must(t, tt.nextClose)) {
			t.Errorf("at %s the clock says %+v (%v)", tt.now, clock, err)
		}
		var newer struct {
			Clocks []struct {
				Phase         string
				NextMarketDay bool      `json:"is_market_day"`
				Until         time.Time `json:"phase_until"`
			}
		}
		if err := json.Unmarshal(m.caller(t)("GET", "/v3/clock?markets=NYSE,XNAS", "", 200), &newer); err != nil || len(newer.Clocks) != 2 || newer.Clocks[0].Phase != tt.phase || !newer.Clocks[0].Until.After(now) {
			t.Errorf("at %s the newer clock says %+v (%v)", tt.now, newer, err)
		}
	}
	m.sim.SetAlwaysOpen(true)
	if clock, err := c.GetClock(); err != nil || !clock.IsOpen {
		t.Errorf("the clock of a market that never closes says %+v (%v)", clock, err)
	}

	days, err := c.GetCalendar(alpaca.GetCalendarRequest{Start: must(t, "2026-11-24T12:00:00Z"), End: must(t, "2026-11-30T12:00:00Z")})
	if got := fmt.Sprint(days); err != nil || got != "[{2026-11-24 09:30 16:00} {2026-11-25 09:30 16:00} {2026-11-27 09:30 13:00} {2026-11-30 09:30 16:00}]" {
		t.Errorf("the days are %s (%v)", got, err)
	}
	for path, want := range map[string][]string{
		"/v2/calendar?start=2026-11-27&end=2026-11-27":                      {`"session_open":"0400"`, `"session_close":"1700"`, `"settlement_date":"2026-11-30"`},
		"/v2/calendar?start=2026-11-30&end=2026-11-30&date_type=SETTLEMENT": {`"date":"2026-11-27"`},
		"/v3/calendar/NYSE?start=2026-11-27&end=2026-11-27":                 {`"core_end":"2026-11-27T13:00:00-05:00"`, `"post_end":"2026-11-27T17:00:00-05:00"`, `"acronym":"NYSE"`},
		"/v3/calendar/NYSE?start=2026-11-27&end=2026-11-27&timezone=UTC":    {`"core_end":"2026-11-27T18:00:00Z"`},
	} {
		text := string(m.caller(t)("GET", path, "", 200))
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %s, without %s", path, text, part)
			}
		}
	}
}

func must(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A watchlist belongs to one account, can be read and changed by every request
// that Alpaca has for it, and is kept over a restart.
func TestWatchlists(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	keep := func(c *alpacasim.Config) { c.StateFile = file }
	m := open(t, keep)
	c := m.client(0)
	shown := func(l *alpaca.Watchlist, err error) string {
		if err != nil {
			return err.Error()
		}
		text := l.Name + ":"
		for _, a := range l.Assets {
			text += " " + a.Symbol
		}
		return text
	}
	first, err := c.CreateWatchlist(alpaca.CreateWatchlistRequest{Name: "mine", Symbols: []string{"AAPL", "btcusd", "AAPL"}})
	if got := shown(first, err); got != "mine: AAPL BTC/USD" {
		t.Fatal(got)
	}
	_, err = c.CreateWatchlist(alpaca.CreateWatchlistRequest{Name: "mine"})
	wantRefusal(t, "the same name", err, 422, 42210000, "unique")
	if other, err := m.client(1).CreateWatchlist(alpaca.CreateWatchlistRequest{Name: "mine"}); err != nil || other.AccountID == first.AccountID {
		t.Errorf("another account's is %+v (%v)", other, err)
	}
	_, err = m.client(1).GetWatchlist(first.ID)
	wantRefusal(t, "another's list", err, 404, 40410000, "not found")
	wantRefusal(t, "another's list to delete", m.client(1).DeleteWatchlist(first.ID), 404, 40410000, "not found")

	if got := shown(c.AddSymbolToWatchlist(first.ID, alpaca.AddSymbolToWatchlistRequest{Symbol: "TSLA"})); got != "mine: AAPL BTC/USD TSLA" {
		t.Error(got)
	}
	_, err = c.AddSymbolToWatchlist(first.ID, alpaca.AddSymbolToWatchlistRequest{Symbol: "TSLA"})
	wantRefusal(t, "a symbol twice", err, 422, 42210000, "duplicate")
	if err := c.RemoveSymbolFromWatchlist(first.ID, alpaca.RemoveSymbolFromWatchlistRequest{Symbol: "BTC/USD"}); err != nil {
		t.Error(err)
	}
	wantRefusal(t, "a symbol that is not in it", c.RemoveSymbolFromWatchlist(first.ID, alpaca.RemoveSymbolFromWatchlistRequest{Symbol: "MSFT"}), 404, 40410000, "not in")
	if got := shown(c.UpdateWatchlist(first.ID, alpaca.UpdateWatchlistRequest{Name: "renamed", Symbols: []string{"MSFT", "AAPL"}})); got != "renamed: MSFT AAPL" {
		t.Error(got)
	}

	m = open(t, keep)
	if all, err := m.client(0).GetWatchlists(); err != nil || len(all) != 1 || all[0].Name != "renamed" || all[0].Assets != nil {
		t.Errorf("after a restart there are %+v (%v)", all, err)
	}
	if got := shown(m.client(0).GetWatchlist(first.ID)); got != "renamed: MSFT AAPL" {
		t.Error(got)
	}
	if err := m.client(0).DeleteWatchlist(first.ID); err != nil {
		t.Error(err)
	}
	if all, err := m.client(0).GetWatchlists(); err != nil || len(all) != 0 {
		t.Errorf("after the deletion there are %+v (%v)", all, err)
	}
}

// A portfolio history begins with the account's opening equity, follows its
// equity, and ends with its present equity.
func TestPortfolioHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	m := open(t, hours, func(c *alpacasim.Config) { c.StateFile = file })
	c := m.client(0)
	flat, err := c.GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: "1W", TimeFrame: alpaca.Day1})
	if err != nil || len(flat.Equity) != 5 || !flat.BaseValue.Equal(dec("100000")) || !flat.Equity[0].Equal(dec("100000")) || !flat.ProfitLoss[4].IsZero() {
		t.Fatalf("got %+v (%v)", flat, err)
	}
	m.price("AAPL", "100")
	m.place(c, request(alpaca.Buy, "AAPL", "100"))
	m.step()
	worth := map[int64]decimal.Decimal{} // equity, by the minute after it was noted
	note := func() {
		account, err := c.GetAccount()
		if err != nil {
			t.Fatal(err)
		}
		worth[m.clock.now().Truncate(time.Minute).Add(time.Minute).Unix()] = account.Equity.Round(2)
	}
	note()
	for _, price := range []string{"101", "99", "120"} {
		m.clock.tick(5 * time.Minute)
		m.price("AAPL", price)
		m.sim.Step()
		note()
	}
	m.clock.tick(2 * time.Minute)
	m.price("AAPL", "110") // a change that the history does not have yet
	minutes, err := c.GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: "1D", TimeFrame: alpaca.Min1})
	if err != nil || len(minutes.Equity) != 48 { // 9:30 to 10:17
		t.Fatalf("there are %d minutes (%v)", len(minutes.Equity), err)
	}
	last := dec("100000")
	for i, at := range minutes.Timestamp[:47] {
		if known, ok := worth[at]; ok {
			last = known
		}
		if at != time.Date(2026, 6, 1, 13, 30+i, 0, 0, time.UTC).Unix() || !minutes.Equity[i].Equal(last) || !minutes.ProfitLoss[i].Equal(last.Sub(dec("100000"))) {
			t.Errorf("at %s the account was worth %s, with a profit of %s; want %s", time.Unix(at, 0).UTC(), minutes.Equity[i], minutes.ProfitLoss[i], last)
		}
	}
	account, err := c.GetAccount()
	if now := minutes.Equity[len(minutes.Equity)-1]; err != nil || !now.Equal(account.Equity.Round(2)) {
		t.Errorf("the history ends with %s, the account is worth %s (%v)", now, account.Equity, err)
	}

	m.sim.Step()
	m.clock.tick(24 * time.Hour)
	m.sim.Step() // when a new day begins, the day before is written to the state file
	m2 := open(t, hours, func(c *alpacasim.Config) { c.StateFile = file })
	m2.clock.tick(m.clock.now().Sub(m2.clock.now()))
	days, err := m2.client(0).GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: "3D", TimeFrame: alpaca.Day1})
	if err != nil || len(days.Equity) != 3 || !days.BaseValue.Equal(dec("100000")) {
		t.Fatalf("after a restart: %+v (%v)", days, err)
	}
	if monday := days.ProfitLoss[1]; monday.LessThan(dec("900")) || monday.GreaterThan(dec("1100")) {
		t.Errorf("the profits are %s, want some 1000 on Monday, for a rise from 100 to 110", days.ProfitLoss)
	}

	for _, bad := range []string{
		"period=1Z", "timeframe=2Min", "timeframe=1Min&period=3M", "start=2026-06-01T00:00:00Z&end=2026-06-01T14:00:00Z&period=1D", "start=x",
		"intraday_reporting=never", "pnl_reset=maybe", "start=2026-06-01T12:00:00Z&end=2026-06-01T10:00:00Z", "date_end=x",
	} {
		m.caller(t)("GET", "/v2/account/portfolio/history?"+bad, "", 422)
	}
	for query, want := range map[string]string{ // queries about Friday, and how many points their histories have
		"period=1D&timeframe=15Min&end=2026-05-29T23:00:00Z":                                             "27",
		"period=1D&timeframe=1H&end=2026-05-29T23:59:59Z&intraday_reporting=extended_hours":              "16",
		"start=2026-05-29T00:00:00Z&end=2026-05-29T23:59:00Z&timeframe=1H&intraday_reporting=continuous": "24",
	} {
		var history alpaca.PortfolioHistory
		if err := json.Unmarshal(m.caller(t)("GET", "/v2/account/portfolio/history?"+query, "", 200), &history); err != nil || fmt.Sprint(len(history.Equity)) != want {
			t.Errorf("%s has %d points (%v), want %s", query, len(history.Equity), err, want)
		}
	}
}

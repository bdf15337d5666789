package alpacasim_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"paddock/app/alpacasim"
)

// The example in the documentation is a valid seed file, and a simulator that
// starts from it has what it describes.
func TestSeedFile(t *testing.T) {
	file, err := os.Open("../../docs/simulator-seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seed, err := alpacasim.ReadSeed(file)
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state.json")
	start := func(c *alpacasim.Config) {
		seed.Apply(c)
		c.StateFile = state
	}
	m := open(t, start)
	m.seeds = seed.Accounts
	c := m.client(0)
	if clock, err := c.GetClock(); err != nil || clock.IsOpen || !clock.Timestamp.Equal(must(t, "2026-06-01T13:25:00Z")) {
		t.Errorf("the clock says %+v (%v)", clock, err)
	}
	positions, err := c.GetPositions()
	if err != nil || len(positions) != 2 || positions[0].Symbol != "AAPL" || !positions[0].Qty.Equal(dec("100")) || !positions[0].AvgEntryPrice.Equal(dec("150")) || !positions[0].MarketValue.Equal(dec("20000")) {
		t.Errorf("the account holds %+v (%v)", positions, err)
	}
	account, err := c.GetAccount()
	if err != nil || !account.Cash.Equal(dec("25000")) {
		t.Errorf("the account is %+v (%v)", account, err)
	}
	history, err := c.GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: "5D", TimeFrame: alpaca.Day1})
	if err != nil || !history.BaseValue.Equal(account.Equity) {
		t.Errorf("its history begins with %s, it is worth %s (%v)", history.BaseValue, account.Equity, err)
	}
	settings, err := m.client(1).GetAccountConfigurations()
	if err != nil || !settings.NoShorting || settings.TradeConfirmEmail != "all" {
		t.Errorf("the second account's configuration is %+v (%v)", settings, err)
	}
	if a, err := c.GetAsset("SOL/USD"); err != nil || !a.Tradable {
		t.Errorf("the coin is %+v (%v)", a, err)
	}
	trade, err := m.data().GetLatestTrade("AAPL", marketdata.GetLatestTradeRequest{})
	if err != nil || trade.Price != 200 {
		t.Errorf("AAPL is at %+v (%v)", trade, err)
	}

	// Where there is saved state, it is used and not the seed.
	m.price("AAPL", "210")
	m.clock.tick(time.Hour)
	m.sim.SetAlwaysOpen(true)
	again := open(t, start)
	again.seeds = seed.Accounts
	if clock, err := again.client(0).GetClock(); err != nil || !clock.IsOpen {
		t.Errorf("after a restart the clock says %+v (%v)", clock, err)
	}
	if a, err := again.client(0).GetPosition("AAPL"); err != nil || !a.CurrentPrice.Equal(dec("210")) {
		t.Errorf("after a restart it holds %+v (%v)", a, err)
	}
}

// An invalid seed is an error of one line that says what is wrong.
func TestWrongSeeds(t *testing.T) {
	for text, want := range map[string]string{
		`{"acounts":[]}`:        "acounts",
		`{"accounts":[]} x`:     "after the seed",
		`[{"key_id":1}]`:        "not what it must be",
		`{"prices":{"AAPL":1}}`: "",
		`[]`:                    "",
		`{"prices":{"NOPE":1}}`: "NOPE, which is no asset",
		`{"prices":{"AAPL":0}}`: "above 0",
		`{"assets":[{}]}`:       "no symbol",
		`[{"key_id":"PK1"}]`:    "lacks its key_id or its secret_key",
		`[{"key_id":"PK1","secret_key":"s","cash":"-1"}]`:                                                  "must not be negative",
		`[{"key_id":"PK1","secret_key":"s","positions":[{"symbol":"NOPE","qty":"1"}]}]`:                    "holds NOPE",
		`[{"key_id":"PK1","secret_key":"s","positions":[{"symbol":"AAPL","qty":"0"}]}]`:                    "leave it out",
		`[{"key_id":"PK1","secret_key":"s","positions":[{"symbol":"HARD","qty":"-1"}]}]`:                   "cannot be sold short",
		`[{"key_id":"PK1","secret_key":"s","configuration":{"no_shortin":true}}]`:                          "no_shortin",
		`[{"key_id":"PK1","secret_key":"s","configuration":{"max_margin_multiplier":"3"}}]`:                "must be 1, 2 or 4",
		`{"assets":[{"symbol":"NEW","price":"12.5"}],"prices":{"NEW":"13"},"market":{"always_open":true}}`: "",
	} {
		seed, err := alpacasim.ReadSeed(strings.NewReader(text))
		if err == nil {
			var c alpacasim.Config
			seed.Apply(&c)
			_, err = alpacasim.New(c)
		}
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Faults that the command line sets stay on, with the probability given there.
func TestParseFault(t *testing.T) {
	for text, want := range map[string]alpacasim.Injection{
		"drop":         {Fault: alpacasim.Drop, N: -1},
		"fail=0.25":    {Fault: alpacasim.Fail, N: -1, P: 0.25},
		"burst=0.5:1s": {Fault: alpacasim.Burst, N: -1, P: 0.5, Delay: time.Second},
		"delay=0.1:2s": {Fault: alpacasim.Delay, N: -1, P: 0.1, Delay: 2 * time.Second},
		"late:500ms":   {Fault: alpacasim.Late, N: -1, Delay: 500 * time.Millisecond},
	} {
		if got, err := alpacasim.ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %+v (%v), want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "rain", "drop=", "drop=2", "drop=-1", "drop=0", "delay", "delay=0.1", "burst", "lose:1s", "drop:2s", "delay:soon", "late:-1s", "drop=NaN"} {
		if got, err := alpacasim.ParseFault(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
	always := open(t, func(c *alpacasim.Config) {
		c.Faults = []alpacasim.Injection{{Fault: alpacasim.Fail, N: -1}}
		c.StreamRefusal = 404
	})
	for range 3 {
		if _, err := always.client(0).PlaceOrder(request(alpaca.Buy, "AAPL", "1")); err == nil {
			t.Error("an order was accepted despite the fault")
		}
	}
	always.caller(t)("GET", "/v2/events/trades", "", 404)
}

// docs/simulator.md names every fault and every control endpoint.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range alpacasim.AllFaults {
		if !strings.Contains(string(text), "| `"+string(fault)+"` |") {
			t.Errorf("docs/simulator.md lacks the fault %s", fault)
		}
	}
	for _, endpoint := range alpacasim.ControlEndpoints() {
		_, name, _ := strings.Cut(endpoint, "/_sim/")
		if !strings.Contains(string(text), "/_sim/"+name) && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/simulator.md lacks %s", endpoint)
		}
	}
}

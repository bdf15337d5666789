package options

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// Parse reads a contract from its symbol, and refuses texts that have the form
// of a symbol but name no possible contract.
func TestSymbols(t *testing.T) {
	c, ok := Parse("AAPL261127C00212500")
	if !ok || c.Root != "AAPL" || c.Kind != "call" || c.Strike.String() != "212.5" || c.Day() != "2026-11-27" || c.Name() != "AAPL Nov 27 2026 212.5 Call" {
		t.Errorf("parsed %+v, %t, named %s", c, ok, c.Name())
	}
	if close := "2026-11-27T18:00:00Z"; c.Expires.UTC().Format(time.RFC3339) != close { // the close of a half day
		t.Errorf("it expires at %s, want %s", c.Expires, close)
	}
	for symbol, wantRoot := range map[string]string{
		"AAPL261327C00212500": "AAPL", // no such month
		"AAPL261127C00000000": "AAPL", // no strike
		"AAPL261127X00212500": "",
		"AAPL":                "",
		"":                    "",
	} {
		if root, ok := Root(symbol); root != wantRoot || ok != (wantRoot != "") {
			t.Errorf("the root of %q is %q, %t, want %q", symbol, root, ok, wantRoot)
		}
		if c, ok := Parse(symbol); ok {
			t.Errorf("%q is %+v", symbol, c)
		}
	}
}

// Each contract of a chain is what Parse reads from its symbol, and the symbols
// are in order.
func TestChainsAreWhatTheirSymbolsSay(t *testing.T) {
	chain := Chain("AAPL", 19_000, time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC))
	if len(chain) < 200 {
		t.Fatalf("there are %d contracts", len(chain))
	}
	for i, c := range chain {
		parsed, ok := Parse(c.Symbol)
		if !ok || parsed.Root != c.Root || parsed.Kind != c.Kind || !parsed.Strike.Equal(c.Strike) || !parsed.Expires.Equal(c.Expires) {
			t.Errorf("%s is %+v, and listed as %+v", c.Symbol, parsed, c)
		}
		if i > 0 && chain[i-1].Symbol >= c.Symbol {
			t.Errorf("%s comes before %s", chain[i-1].Symbol, c.Symbol)
		}
	}
}

// Prices below three dollars move by one cent, and from three dollars on by
// five. Those of some funds always move by one.
func TestTicks(t *testing.T) {
	for _, tt := range []struct{ root, price, want string }{
		{"AAPL", "2.99", "0.01"}, {"AAPL", "3", "0.05"}, {"SPY", "3", "0.01"}, {"SPY", "300", "0.01"},
	} {
		if got := Tick(tt.root, decimal.RequireFromString(tt.price)); got.String() != tt.want {
			t.Errorf("at %s the price of %s moves by %s, want %s", tt.price, tt.root, got, tt.want)
		}
	}
}

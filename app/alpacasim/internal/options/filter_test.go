package options

import (
	"net/url"
	"testing"
	"time"
)

// A filter takes the contracts that its query names, and an invalid query is an
// error.
func TestFilters(t *testing.T) {
	c, _ := Parse("AAPL261127C00212500")
	friday := time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC) // the close of a half day
	for query, want := range map[string]bool{
		"":                           true,
		"type=call":                  true,
		"type=put":                   false,
		"root_symbol=SPY":            false,
		"style=american":             true,
		"style=european":             false,
		"ppind=false":                false,
		"strike_price_gte=212.50":    true,
		"strike_price_gte=212.51":    false,
		"strike_price_lte=212.50":    true,
		"strike_price_lte=212.49":    false,
		"expiration_date=2026-11-27": true,
		"expiration_date=2026-11-26": false,
		"expiration_date_gte=2026-11-27&expiration_date_lte=2026-11-27": true,
		"expiration_date_gte=2026-11-28":                                false,
		"expiration_date_lte=2026-11-26":                                false,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseFilter(q.Get)
		if err != nil || f.Takes(c) != want {
			t.Errorf("%q takes the contract: %t (%v), want %t", query, f.Takes(c), err, want)
		}
		if f.OrThisWeek(friday.Add(-time.Second)).Takes(c) != want {
			t.Errorf("%q, in the contract's last week, takes it: %t, want %t", query, !want, want)
		}
	}
	next, _ := Parse("AAPL261204C00212500")
	if before, after := (Filter{}).OrThisWeek(friday.Add(-time.Second)), (Filter{}).OrThisWeek(friday); before.Takes(next) || !after.Takes(next) {
		t.Errorf("next week's contract is taken %t before Friday's close and %t after it", before.Takes(next), after.Takes(next))
	}
	for _, query := range []string{"type=both", "style=asian", "expiration_date=friday", "expiration_date_gte=2026-13-01", "strike_price_lte=much"} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseFilter(q.Get); err == nil {
			t.Errorf("%q is parsed", query)
		}
	}
}

package alpacasim_test

import (
	"strings"
	"testing"
	"time"
)

// Lists of orders have all of Alpaca's filters. Legs are listed beside their
// parents, or nested in them.
func TestFiltersOfLists(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	names := map[string]string{}
	note := func(name string, o object) {
		names[o.text("id")] = name
		for i, leg := range o.legs() {
			names[leg.text("id")] = name + []string{"-first", "-second"}[i]
		}
		m.clock.tick(time.Second)
	}
	note("entry", m.order("buy 1 AAPL limit gtc", `"limit_price":"95"`, bracket))
	note("coin", m.order("buy 0.1 BTC/USD limit gtc", `"limit_price":"10"`))
	note("short", m.order("sell 1 TSLA limit gtc", `"limit_price":"900"`))
	note("option", m.order("buy 1 AAPL270115C00200000 limit day", `"limit_price":"0.01"`))
	note("spread", m.call(200, "POST", "/v2/orders", strings.Replace(callSpread, `"40"`, `"-900"`, 1)))
	note("done", m.order("buy 1 AMD market day"))
	m.step()
	id := func(name string) string {
		for id, known := range names {
			if known == name {
				return id
			}
		}
		return ""
	}
	for query, want := range map[string]string{
		"":                                         "spread option short coin entry-second entry-first entry",
		"nested=true":                              "spread option short coin entry",
		"status=closed":                            "done",
		"status=all&limit=2":                       "done spread",
		"status=all&limit=2&direction=asc":         "entry entry-first",
		"side=sell":                                "spread short entry-second entry-first",
		"side=sell&nested=true":                    "spread short entry",
		"symbols=BTCUSD,TSLA":                      "short coin",
		"symbols=BTC/USD":                          "coin",
		"asset_class=crypto":                       "coin",
		"asset_class=us_option":                    "spread option",
		"asset_class=us_option&symbols=AAPL":       "spread option",
		"asset_class=us_equity&nested=true":        "short entry",
		"after_order_id=" + id("coin"):             "spread option short",
		"before_order_id=" + id("short"):           "coin entry-second entry-first entry",
		"after=2026-06-01T14:00:02Z":               "spread option",
		"until=2026-06-01T14:00:01Z&direction=asc": "entry entry-first entry-second",
	} {
		var got []string
		for _, o := range m.list(200, "GET", "/v2/orders?"+query) {
			got = append(got, names[o.text("id")])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, want %s", query, got, want)
		}
	}
	for _, wrong := range []string{"status=some", "limit=0", "after=noon", "after_order_id=none", "after_order_id=" + id("coin") + "&before_order_id=" + id("coin")} {
		m.call(422, "GET", "/v2/orders?"+wrong, "")
	}
	if o := m.call(200, "GET", "/v2/orders/"+id("entry"), ""); o["legs"] != nil {
		t.Errorf("without nested it shows its legs: %v", o)
	}
	if o := m.call(200, "GET", "/v2/orders/"+id("spread"), ""); len(o.legs()) != 2 {
		t.Errorf("a multi-leg order does not show its legs: %v", o)
	}
}

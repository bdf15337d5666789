package broker_test

import (
	"errors"
	"net/http"
	"testing"

	"paddock/app/broker"
)

// A price is the most that a unit may cost, with all of its digits: the ask if
// the quote is plausible, and otherwise the highest of bid, ask and last trade.
// A bid alone, or an implausible quote alone, gives no price. A symbol that
// does not exist, or whose data the account may not see, has none.
func TestPrices(t *testing.T) {
	answers := map[string]string{
		"/v2/stocks/quotes/latest": `{"quotes":{"AAPL":{"ap":190.1234567890123,"bp":190.1},"TSLA":{"ap":0,"bp":12.5},"THIN":{"ap":0,"bp":0},"BIDS":{"ap":0,"bp":7},
			"STUB":{"ap":199999.99,"bp":0.01},"WIDE":{"ap":30,"bp":10},"ASKS":{"ap":4,"bp":0},"DEEP":{"ap":2,"bp":1},"LOW":{"ap":0.01,"bp":0}}}`,
		"/v2/stocks/trades/latest":         `{"trades":{"THIN":{"p":3.0001},"TSLA":{"p":13},"STUB":{"p":20.5},"WIDE":{"p":12},"DEEP":{"p":5},"LOW":{"p":9}}}`,
		"/v1beta3/crypto/us/latest/quotes": `{"quotes":{"BTC/USD":{"ap":61234.5,"bp":61230}}}`,
		"/v1beta3/crypto/us/latest/trades": `{"trades":{}}`,
		"/v1beta1/options/quotes/latest":   "",
		"/v1beta1/options/trades/latest":   "",
	}
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, known := answers[r.URL.Path]
		switch {
		case !known:
			t.Errorf("an unexpected request for %s", r.URL.Path)
		case body == "":
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(body))
	})
	got, err := newClient(t, url).Prices(t.Context(), []string{"AAPL", "TSLA", "THIN", "BIDS", "STUB", "WIDE", "ASKS", "DEEP", "LOW", "NONE", "BTC/USD", "BTCUSD", "btcusd", "ETH/USD", "ETHUSD", "AAPL261218C00200000"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"AAPL": "190.1234567890123", "TSLA": "13", "THIN": "3.0001", "STUB": "20.5", "WIDE": "30", "ASKS": "4", "DEEP": "5", "LOW": "9", "BTC/USD": "61234.5", "BTCUSD": "61234.5", "btcusd": "61234.5"}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for symbol, price := range want {
		if got[symbol].String() != price {
			t.Errorf("%s costs %s, want %s", symbol, got[symbol], price)
		}
	}

	// Refused keys are an error, and not a missing price.
	url, _ = serve(t, say(401, `{"code":40110000,"message":"request is not authorized"}`))
	var e *broker.Error
	if _, err := newClient(t, url).Prices(t.Context(), []string{"AAPL"}); !errors.As(err, &e) || e.Kind != broker.Unauthorized {
		t.Errorf("wrong keys: %v", err)
	}
}

package broker_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"paddock/app/broker"
)

// Snapshots are asked for in one call for each kind of symbols. The price is the last
// trade's with all of its digits; of an option the middle of a fair quote. A symbol
// without a price, or of a kind that the account may not see, is left out.
func TestSnapshots(t *testing.T) {
	answers := map[string]string{
		"/v2/stocks/snapshots": `{"AAPL":{"latestTrade":{"p":190.1234567890123,"t":"2026-01-02T15:04:05.123456789Z"},"latestQuote":{"ap":190.2,"bp":190.1}},
			"BRK.B":{"latestTrade":null,"latestQuote":{"ap":10,"bp":8,"t":"2026-01-02T15:04:05Z"}},"STUB":{"latestQuote":{"ap":199999.99,"bp":0.01}},"NONE":null}`,
		"/v1beta3/crypto/us/snapshots": `{"snapshots":{"BTC/USD":{"latestTrade":{"p":61234.5},"latestQuote":{"ap":61236,"bp":61230}}}}`,
		"/v1beta1/options/snapshots":   `{"snapshots":{"AAPL261218C00200000":{"latestTrade":{"p":9},"latestQuote":{"ap":5.1,"bp":5}},"AAPL261218P00200000":{"latestTrade":{"p":9},"latestQuote":{"ap":0,"bp":5}}}}`,
	}
	calls := 0
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	})
	got, err := newClient(t, url).Snapshots(t.Context(), []string{"AAPL", "aapl", "BRK.B", "STUB", "NONE", "BTCUSD", "BTC/USD", "AAPL261218C00200000", "AAPL261218P00200000"})
	if err != nil || calls != 3 {
		t.Fatalf("%d calls: %v", calls, err)
	}
	want := map[string]string{"AAPL": "190.1234567890123", "BRK.B": "9", "BTC/USD": "61234.5", "AAPL261218C00200000": "5.05", "AAPL261218P00200000": "9"}
	if len(got) != len(want) {
		t.Errorf("got %+v", got)
	}
	for _, s := range got {
		if s.Price.String() != want[s.Symbol] {
			t.Errorf("%s trades at %s, want %s", s.Symbol, s.Price, want[s.Symbol])
		}
		if s.Symbol == "AAPL" && (s.At.Nanosecond() != 123456789 || s.Bid.String() != "190.1" || s.Ask.String() != "190.2") {
			t.Errorf("AAPL: %+v", s)
		}
	}

	for status, kind := range map[int]broker.Kind{401: broker.Unauthorized, 400: broker.Invalid} {
		url, _ = serve(t, say(status, `{"message":"no"}`))
		var e *broker.Error
		if _, err := newClient(t, url).Snapshots(t.Context(), []string{"AAPL"}); !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%d: %v", status, err)
		}
	}
	url, _ = serve(t, say(403, `{"message":"no"}`))
	if got, err := newClient(t, url).Snapshots(t.Context(), []string{"AAPL"}); err != nil || len(got) != 0 {
		t.Errorf("what the account may not see: %v (%v)", got, err)
	}
}

// More symbols than one call takes are asked for in several.
func TestSnapshotsInSeveralCalls(t *testing.T) {
	most := 0
	url, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		most = max(most, len(strings.Split(r.URL.Query().Get("symbols"), ",")))
		_, _ = w.Write([]byte(`{}`))
	})
	var symbols []string
	for i := range 250 {
		symbols = append(symbols, "S"+strconv.Itoa(i))
	}
	if _, err := newClient(t, url).Snapshots(t.Context(), symbols); err != nil || n.Load() != 3 || most != 100 {
		t.Errorf("%d calls of up to %d symbols: %v", n.Load(), most, err)
	}
}

// Who goes behind all others asks nothing where Alpaca says that little is left, though
// nothing was asked from here. Others ask.
func TestSpareLeavesWhatIsLeft(t *testing.T) {
	left := "60"
	url, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Limit", "200")
		w.Header().Set("X-Ratelimit-Remaining", left)
		_, _ = w.Write([]byte(`{}`))
	})
	c := newClient(t, url)
	ask := func(c *broker.Client) error {
		_, err := c.Snapshots(t.Context(), []string{"AAPL"})
		return err
	}
	for _, now := range []string{"60", "49"} {
		left = now
		if err := ask(c.Spare()); err != nil {
			t.Fatal(err)
		}
	}
	before := n.Load()
	if err := ask(c.Spare()); !broker.IsKind(err, broker.RateLimited) || n.Load() != before {
		t.Errorf("with 49 of 200 left: %v", err)
	}
	left = "60"
	if err := errors.Join(ask(c.LowPriorityNoWait()), ask(c.Spare())); err != nil {
		t.Error(err)
	}
	for range 60 { // the bucket of this process
		if err := ask(c.Spare()); err != nil {
			if !broker.IsKind(err, broker.RateLimited) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("it used up the bucket of others")
}

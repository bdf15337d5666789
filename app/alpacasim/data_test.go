package alpacasim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"paddock/app/alpacasim"
)

// data returns the official SDK's client for market data, with the keys of the
// first account.
func (m *market) data() *marketdata.Client {
	return marketdata.NewClient(marketdata.ClientOpts{APIKey: m.seeds[0].KeyID, APISecret: m.seeds[0].SecretKey, BaseURL: m.url, RetryLimit: -1})
}

// hours is an option that makes the market keep New York's hours.
func hours(c *alpacasim.Config) { c.Hours = true }

// today is the Monday on which the tests run, at midnight in New York.
var today = time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC)

// A bar summarises the trades of its timeframe, whatever its length.
func TestBarsAddUp(t *testing.T) {
	m := open(t, hours)
	c := m.data()
	start, end := today.AddDate(0, 0, -14), today
	trades, err := c.GetTrades("AAPL", marketdata.GetTradesRequest{Start: start, End: end, PageLimit: 10_000})
	if err != nil || len(trades) < 10_000 {
		t.Fatalf("there are %d trades (%v)", len(trades), err)
	}
	for _, frame := range []marketdata.TimeFrame{
		marketdata.OneMin, marketdata.NewTimeFrame(7, marketdata.Min), marketdata.NewTimeFrame(4, marketdata.Hour), marketdata.OneDay, marketdata.OneWeek,
	} {
		bars, err := c.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: frame, Start: start, End: end, PageLimit: 10_000})
		if err != nil || len(bars) == 0 {
			t.Fatalf("there are %d bars of %s (%v)", len(bars), frame, err)
		}
		left := trades
		for i, b := range bars {
			last := end
			if i+1 < len(bars) {
				last = bars[i+1].Timestamp
			}
			want, worth := marketdata.Bar{Timestamp: b.Timestamp, VWAP: b.VWAP}, 0.0
			for len(left) > 0 && left[0].Timestamp.Before(last) {
				x := left[0]
				left = left[1:]
				if x.Timestamp.Before(b.Timestamp) {
					t.Fatalf("no bar of %s has the trade at %s", frame, x.Timestamp)
				}
				if want.TradeCount == 0 {
					want.Open, want.High, want.Low = x.Price, x.Price, x.Price
				}
				want.High, want.Low, want.Close = max(want.High, x.Price), min(want.Low, x.Price), x.Price
				want.Volume += uint64(x.Size)
				want.TradeCount++
				worth += x.Price * float64(x.Size)
			}
			if b.TradeCount != want.TradeCount && last.Equal(end) {
				continue // this bar continues after the end of the request
			}
			if b != want || math.Abs(worth/float64(want.Volume)-b.VWAP) > 0.001 {
				t.Fatalf("a bar of %s is %+v, its trades come to %+v, at %f on average", frame, b, want, worth/float64(want.Volume))
			}
		}
	}
}

// Bars begin at the same times as Alpaca's, and there is none for a timeframe
// without trades.
func TestTimeframes(t *testing.T) {
	m := open(t, hours)
	for _, tt := range []struct {
		path, start, end string
		want             string // the bars' beginnings
	}{
		{"/v2/stocks/AAPL/bars?timeframe=1Min", "2026-05-29T13:30:30Z", "2026-05-29T13:33:00Z", "05-29T13:31 05-29T13:32 05-29T13:33"},
		{"/v2/stocks/AAPL/bars?timeframe=59T", "2026-05-29T09:00:00Z", "2026-05-29T11:00:00Z", "05-29T09:54 05-29T10:53"},
		{"/v2/stocks/AAPL/bars?timeframe=1Min", "2026-05-29T23:58:00Z", "2026-06-01T08:01:00Z", "05-29T23:58 05-29T23:59 06-01T08:00 06-01T08:01"},
		{"/v2/stocks/AAPL/bars?timeframe=1H", "2026-05-29T22:00:00Z", "2026-06-01T09:00:00Z", "05-29T22:00 05-29T23:00 06-01T08:00 06-01T09:00"},
		{"/v2/stocks/AAPL/bars?timeframe=23Hour", "2026-05-28", "2026-05-30", "05-28T04:00 05-29T04:00"},
		{"/v2/stocks/AAPL/bars?timeframe=1Day", "2026-05-27", "2026-06-01", "05-27T04:00 05-28T04:00 05-29T04:00 06-01T04:00"},
		{"/v2/stocks/AAPL/bars?timeframe=1W", "2026-05-10", "2026-06-01", "05-11T04:00 05-18T04:00 05-25T04:00 06-01T04:00"},
		{"/v2/stocks/AAPL/bars?timeframe=1Month", "2026-01-01", "2026-04-30", "01-01T05:00 02-01T05:00 03-01T05:00 04-01T04:00"},
		{"/v2/stocks/AAPL/bars?timeframe=6M", "2025-01-01", "2026-05-30", "01-01T05:00 07-01T04:00 01-01T05:00"},
		{"/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=1D", "2026-05-29T00:00:00Z", "2026-06-01T00:00:00Z", "05-29T00:00 05-30T00:00 05-31T00:00 06-01T00:00"},
		{"/v1beta1/options/bars?timeframe=1H&symbols=" + option, "2026-05-29", "2026-05-30", "05-29T13:00 05-29T14:00 05-29T15:00 05-29T16:00 05-29T17:00 05-29T18:00 05-29T19:00"},
	} {
		for _, sort := range []string{"asc", "desc"} {
			var got []string
			for _, b := range m.points(t, tt.path+"&start="+tt.start+"&end="+tt.end+"&sort="+sort, 1000) {
				got = append(got, b.at.Format("01-02T15:04"))
			}
			if sort == "desc" {
				slices.Reverse(got)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%s, %s: %s, want %s", tt.path, sort, strings.Join(got, " "), tt.want)
			}
		}
	}
	for _, frame := range []string{"", "0Min", "60Min", "24Hour", "2Day", "2Week", "5Month", "1min", "Min", "-1Min", "1Minute"} {
		m.caller(t)("GET", "/v2/stocks/AAPL/bars?timeframe="+frame, "", 400)
	}
}

// point is one bar, quote or trade of a history, as it was sent.
type point struct {
	symbol string
	at     time.Time
	text   string
}

// points reads a whole history, in pages of at most limit points.
func (m *market) points(t *testing.T, path string, limit int) []point {
	t.Helper()
	var all []point
	call := m.caller(t)
	token := ""
	for {
		text := call("GET", fmt.Sprintf("%s&limit=%d&page_token=%s", path, limit, url.QueryEscape(token)), "", 200)
		var page map[string]json.RawMessage
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		n := 0
		for _, name := range []string{"bars", "quotes", "trades"} {
			lists := map[string][]json.RawMessage{}
			if page["symbol"] != nil && page[name] != nil {
				lists["one"] = nil
				var list []json.RawMessage
				if err := json.Unmarshal(page[name], &list); err != nil {
					t.Fatal(err)
				}
				lists["one"] = list
			} else if page[name] != nil {
				if err := json.Unmarshal(page[name], &lists); err != nil {
					t.Fatal(err)
				}
			}
			var symbols []string
			for symbol := range lists {
				symbols = append(symbols, symbol)
			}
			slices.Sort(symbols)
			for _, symbol := range symbols {
				for _, one := range lists[symbol] {
					var when struct{ T time.Time }
					if err := json.Unmarshal(one, &when); err != nil {
						t.Fatal(err)
					}
					all = append(all, point{symbol, when.T, string(one)})
					n++
				}
			}
		}
		if n > limit {
			t.Fatalf("a page of %d has %d points", limit, n)
		}
		var next *string
		if err := json.Unmarshal(page["next_page_token"], &next); err != nil {
			t.Fatal(err)
		}
		if next == nil {
			return all
		}
		if n == 0 {
			t.Fatalf("%s: a page with a next one is empty", path)
		}
		token = *next
	}
}

// A history is the same in pages of any size, in either direction, on a later
// day and in another simulator with the same seed. With another seed it
// differs.
func TestHistoriesCanBeMadeAgain(t *testing.T) {
	m, later := open(t, hours), open(t, hours)
	later.clock.tick(100 * 24 * time.Hour)
	other := open(t, func(c *alpacasim.Config) { c.Seed = 2 })
	for _, path := range []string{
		"/v2/stocks/bars?symbols=MSFT,AAPL,NOPE&timeframe=1Min&start=2026-05-29T19:30:00Z&end=2026-06-01T08:30:00Z",
		"/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-01-01&end=2026-05-01",
		"/v2/stocks/AAPL/trades?start=2026-05-29T19:58:00Z&end=2026-05-29T20:02:00Z",
		"/v2/stocks/quotes?symbols=AAPL,MSFT&start=2026-05-29T19:58:00Z&end=2026-05-29T20:02:00Z",
		"/v1beta3/crypto/us/trades?symbols=BTC/USD,ETH/USD&start=2026-05-30T19:58:00Z&end=2026-05-30T20:02:00Z",
	} {
		whole := m.points(t, path, 10_000)
		if len(whole) < 20 {
			t.Errorf("%s has %d points", path, len(whole))
		}
		for _, size := range []int{1, 7, 100} {
			if got := m.points(t, path, size); !slices.Equal(got, whole) && (size > 1 || len(whole) < 200) {
				t.Errorf("%s in pages of %d differs", path, size)
			}
		}
		if got := later.points(t, path, 1000); !slices.Equal(got, whole) {
			t.Errorf("%s differs a hundred days later", path)
		}
		if got := other.points(t, path, 1000); slices.Equal(got, whole) {
			t.Errorf("%s is the same with another seed", path)
		}
		byTime := func(points []point) map[string][]point {
			split := map[string][]point{}
			for _, p := range points {
				split[p.symbol] = append(split[p.symbol], p)
			}
			return split
		}
		forward, back := byTime(whole), byTime(m.points(t, path+"&sort=desc", 7))
		for symbol := range forward {
			slices.Reverse(back[symbol])
			if !slices.Equal(forward[symbol], back[symbol]) {
				t.Errorf("%s of %s, from the newest on, differs", path, symbol)
			}
		}
	}
}

// A history ends near the live price, also after a price was set and after
// hours of trading, and has nothing in the future.
func TestHistoryJoinsUpWithLivePrices(t *testing.T) {
	m := open(t, hours)
	near := func(when string) {
		t.Helper()
		c := m.data()
		for _, symbol := range []string{"AAPL", "SPY", "BTC/USD"} {
			var live, past float64
			var at time.Time
			if symbol == "BTC/USD" {
				bars, err := c.GetCryptoBars(symbol, marketdata.GetCryptoBarsRequest{TimeFrame: marketdata.OneMin, Start: m.clock.now().Add(-time.Hour)})
				trade, tradeErr := c.GetLatestCryptoTrade(symbol, marketdata.GetLatestCryptoTradeRequest{})
				if err != nil || tradeErr != nil || len(bars) < 60 {
					t.Fatalf("%d bars (%v, %v)", len(bars), err, tradeErr)
				}
				live, past, at = trade.Price, bars[len(bars)-1].Close, bars[len(bars)-1].Timestamp
			} else {
				bars, err := c.GetBars(symbol, marketdata.GetBarsRequest{TimeFrame: marketdata.OneMin, Start: m.clock.now().Add(-time.Hour)})
				snapshot, snapshotErr := c.GetSnapshot(symbol, marketdata.GetSnapshotRequest{})
				if err != nil || snapshotErr != nil || len(bars) < 60 {
					t.Fatalf("%d bars (%v, %v)", len(bars), err, snapshotErr)
				}
				live, past, at = snapshot.LatestTrade.Price, bars[len(bars)-1].Close, bars[len(bars)-1].Timestamp
				if want := bars[len(bars)-2]; *snapshot.MinuteBar != want && *snapshot.MinuteBar != bars[len(bars)-1] {
					t.Errorf("%s: the snapshot's minute is %+v, not %+v", symbol, *snapshot.MinuteBar, want)
				}
			}
			if math.Abs(live-past)/live > 0.01 || at.After(m.clock.now()) {
				t.Errorf("%s, %s: history ends with %f at %s, and %f is live", when, symbol, past, at, live)
			}
		}
	}
	near("at first")
	m.price("AAPL", "123.45")
	near("after a price was set")
	for range 2_000 {
		m.clock.tick(5 * time.Second)
		m.sim.Step()
	}
	near("three hours later")
}

// Snapshots, quotes and order books agree with each other, and bids are below
// asks.
func TestLatestData(t *testing.T) {
	m := open(t, hours)
	m.price("BTC/USD", "60000")
	c := m.data()
	books, err := c.GetCryptoSnapshots([]string{"BTC/USD", "ETH/USD", "DOGE/USD"}, marketdata.GetCryptoSnapshotRequest{})
	if err != nil || len(books) != 2 || books["BTC/USD"].LatestTrade.Price != 60_000 || books["BTC/USD"].LatestQuote.BidPrice != 59_999.99 {
		t.Errorf("got %+v (%v)", books, err)
	}
	var answer struct {
		Orderbooks map[string]struct{ A, B []struct{ P, S float64 } }
	}
	if err := json.Unmarshal(m.caller(t)("GET", "/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD", "", 200), &answer); err != nil {
		t.Fatal(err)
	}
	book := answer.Orderbooks["BTC/USD"]
	if len(book.A) != 10 || len(book.B) != 10 || book.B[0].P != 59_999.99 || book.A[0].P != 60_000.01 {
		t.Errorf("the book is %+v", book)
	}
	for i := range 9 {
		if book.A[i].P >= book.A[i+1].P || book.B[i].P <= book.B[i+1].P || book.A[i].S <= 0 {
			t.Errorf("the book is out of order: %+v", book)
		}
	}
	snapshot, err := c.GetSnapshot("AAPL", marketdata.GetSnapshotRequest{})
	if err != nil || !snapshot.DailyBar.Timestamp.Equal(today) || !snapshot.PrevDailyBar.Timestamp.Equal(today.AddDate(0, 0, -3)) {
		t.Errorf("the snapshot is %+v (%v)", snapshot, err)
	}
}

// Options are priced by a model: at a higher strike calls are worth less and
// puts more, and the greeks have the right signs. A chain is paged like any
// list.
func TestOptionData(t *testing.T) {
	m := open(t, hours)
	c := m.data()
	var last *marketdata.OptionSnapshot
	for _, strike := range []string{"180", "185", "190", "195"} {
		call, err := c.GetOptionSnapshot("AAPL260612C00"+strike+"000", marketdata.GetOptionSnapshotRequest{})
		put, putErr := c.GetOptionSnapshot("AAPL260612P00"+strike+"000", marketdata.GetOptionSnapshotRequest{})
		if err != nil || putErr != nil || call == nil || put == nil {
			t.Fatalf("%+v, %+v (%v, %v)", call, put, err, putErr)
		}
		if last != nil && call.LatestTrade.Price >= last.LatestTrade.Price || call.Greeks.Delta <= 0 || put.Greeks.Delta >= 0 || call.Greeks.Theta >= 0 || call.ImpliedVolatility != 0.3 {
			t.Errorf("at %s: %+v and %+v", strike, *call, *put)
		}
		if math.Abs(call.Greeks.Delta-put.Greeks.Delta-1) > 0.001 || call.LatestQuote.BidPrice >= call.LatestQuote.AskPrice {
			t.Errorf("at %s: %+v and %+v", strike, *call.Greeks, *put.Greeks)
		}
		last = call
	}
	chain, err := c.GetOptionChain("AAPL", marketdata.GetOptionChainRequest{PageLimit: 7, Type: marketdata.Call})
	if err != nil || len(chain)%19 != 0 || len(chain) < 100 {
		t.Errorf("the chain has %d contracts (%v)", len(chain), err)
	}
	bars, err := c.GetOptionBars(option, marketdata.GetOptionBarsRequest{TimeFrame: marketdata.OneMin, Start: today.AddDate(0, 0, -3)})
	if err != nil || len(bars) != 390+30 { // Friday, and half an hour of Monday
		t.Errorf("there are %d minutes (%v)", len(bars), err)
	}
}

// Crypto data needs no keys, but wrong keys are refused. All other data needs
// keys.
func TestPublicData(t *testing.T) {
	m := open(t)
	for path, want := range map[string]int{"/v1beta3/crypto/us/latest/trades?symbols=BTC/USD": 200, "/v2/stocks/AAPL/trades/latest": 401, "/v2/account": 401} {
		for _, key := range []string{"", "PKWRONG"} {
			r, err := http.NewRequest("GET", m.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if key != "" {
				r.Header.Set("APCA-API-KEY-ID", key)
				want = 401
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s with the key %q: %d, want %d", path, key, response.StatusCode, want)
			}
		}
	}
}

// News are computed from the seed, come newest first, and are found by each of
// their symbols.
func TestNews(t *testing.T) {
	m := open(t)
	c := m.data()
	all, err := c.GetNews(marketdata.GetNewsRequest{Start: today.AddDate(0, 0, -10), NoTotalLimit: true, PageLimit: 7, IncludeContent: true})
	if err != nil || len(all) < 110 {
		t.Fatalf("there are %d articles (%v)", len(all), err)
	}
	for i := range all[1:] {
		if !all[i].CreatedAt.After(all[i+1].CreatedAt) || all[i].Content == "" {
			t.Errorf("%+v comes before %+v", all[i], all[i+1])
		}
	}
	some, err := c.GetNews(marketdata.GetNewsRequest{Start: today.AddDate(0, 0, -10), NoTotalLimit: true, Symbols: []string{"AAPL", "BTC/USD"}, Sort: "asc"})
	if err != nil || len(some) == 0 || len(some) >= len(all) {
		t.Fatalf("there are %d articles on two of them (%v)", len(some), err)
	}
	for _, a := range some {
		if !slices.Contains(a.Symbols, "AAPL") && !slices.Contains(a.Symbols, "BTCUSD") {
			t.Errorf("%q is on %v", a.Headline, a.Symbols)
		}
	}
}

// A long history is sent while it is computed: its first bars arrive long
// before its last ones.
func TestLongHistories(t *testing.T) {
	m := open(t, hours)
	bars, err := m.data().GetBars("SPY", marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC), PageLimit: 10_000})
	if err != nil || len(bars) < 740 || len(bars) > 760 {
		t.Errorf("three years have %d days (%v)", len(bars), err)
	}
	r, err := http.NewRequest("GET", m.url+"/v2/stocks/SPY/bars?timeframe=1Day&start=2016-01-01&limit=10000", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("APCA-API-KEY-ID", m.seeds[0].KeyID)
	r.Header.Set("APCA-API-SECRET-KEY", m.seeds[0].SecretKey)
	began := time.Now()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	start := make([]byte, 1000)
	if _, err := io.ReadFull(response.Body, start); err != nil || !strings.Contains(string(start), `"t":"2016-01-04`) {
		t.Fatalf("the response begins with %s (%v)", start, err)
	}
	first := time.Since(began)
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	if whole := time.Since(began); first > whole/2 {
		t.Errorf("the whole response took %v, and its first thousand bytes %v", whole, first)
	}
}

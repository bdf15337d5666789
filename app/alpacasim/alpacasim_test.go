package alpacasim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// clock is a clock that moves only when tick is called.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) tick(d time.Duration) {
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.mu.Unlock()
}

// market is a simulator whose clock and prices the test sets.
type market struct {
	t     *testing.T
	sim   *alpacasim.Sim
	clock *clock
	url   string
	seeds []alpacasim.AccountSeed
}

func open(t *testing.T, change ...func(*alpacasim.Config)) *market {
	t.Helper()
	m := &market{t: t, clock: &clock{at: time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)}, seeds: alpacasim.DemoAccounts(1)}
	c := alpacasim.Config{Seed: 1, Accounts: m.seeds, FillDelay: 100 * time.Millisecond, Clock: m.clock.now}
	for _, f := range change {
		f(&c)
	}
	var err error
	if m.sim, err = alpacasim.New(c); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(m.sim.Handler())
	m.url = server.URL
	t.Cleanup(func() {
		m.sim.CutStreams()
		server.CloseClientConnections()
		server.Close()
	})
	return m
}

// client returns a client of the official SDK with the keys of an account.
func (m *market) client(account int) *alpaca.Client { return m.clientWith(m.seeds[account]) }

func (m *market) clientWith(s alpacasim.AccountSeed) *alpaca.Client {
	return alpaca.NewClient(alpaca.ClientOpts{APIKey: s.KeyID, APISecret: s.SecretKey, BaseURL: m.url, RetryLimit: -1, HTTPClient: &http.Client{Timeout: 20 * time.Second}})
}

// step lets the fill delay pass and moves the market once.
func (m *market) step() {
	m.clock.tick(200 * time.Millisecond)
	m.sim.Step()
}

func (m *market) price(symbol, to string) {
	m.t.Helper()
	if !m.sim.SetPrice(symbol, dec(to)) {
		m.t.Fatalf("%s has no price", symbol)
	}
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }
func ptr(text string) *decimal.Decimal {
	d := dec(text)
	return &d
}

type orderOption func(*alpaca.PlaceOrderRequest)

func limit(at string) orderOption {
	return func(r *alpaca.PlaceOrderRequest) { r.Type, r.LimitPrice = alpaca.Limit, ptr(at) }
}

func stop(at string) orderOption {
	return func(r *alpaca.PlaceOrderRequest) { r.Type, r.StopPrice = alpaca.Stop, ptr(at) }
}

func id(clientOrderID string) orderOption {
	return func(r *alpaca.PlaceOrderRequest) { r.ClientOrderID = clientOrderID }
}

func request(side alpaca.Side, symbol, qty string, options ...orderOption) alpaca.PlaceOrderRequest {
	r := alpaca.PlaceOrderRequest{Symbol: symbol, Qty: ptr(qty), Side: side, Type: alpaca.Market, TimeInForce: alpaca.GTC}
	for _, f := range options {
		f(&r)
	}
	return r
}

func (m *market) place(c *alpaca.Client, r alpaca.PlaceOrderRequest) *alpaca.Order {
	m.t.Helper()
	o, err := c.PlaceOrder(r)
	if err != nil {
		m.t.Fatal(err)
	}
	return o
}

// wantOrder fails unless the order has this status and filled quantity.
func (m *market) wantOrder(c *alpaca.Client, o *alpaca.Order, status, filled string) *alpaca.Order {
	m.t.Helper()
	now, err := c.GetOrder(o.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	if now.Status != status || !now.FilledQty.Equal(dec(filled)) {
		m.t.Fatalf("the order is %s with %s filled, want %s with %s", now.Status, now.FilledQty, status, filled)
	}
	return now
}

// wantRefusal fails unless err is an error of Alpaca's API with this status,
// code and text.
func wantRefusal(t *testing.T, what string, err error, status, code int, words string) {
	t.Helper()
	var e *alpaca.APIError
	if !errors.As(err, &e) || e.StatusCode != status || e.Code != code || !strings.Contains(e.Body, words) {
		t.Errorf("%s: %#v, want %d, code %d, %q", what, err, status, code, words)
	}
}

// An order is filled once the market reaches its price, and not before, at the
// market's price. The account's cash, position and equity then add up.
func TestOrdersAreFilled(t *testing.T) {
	for name, tt := range map[string]struct {
		order       alpaca.PlaceOrderRequest
		before, now string // prices of AAPL, which costs 100 when the order is placed: before is not enough to fill it, now is
		filledAt    string
	}{
		"market buy":  {request(alpaca.Buy, "AAPL", "3"), "", "100", "100"},
		"limit buy":   {request(alpaca.Buy, "AAPL", "3", limit("95")), "96", "94", "94"},
		"limit sell":  {request(alpaca.Sell, "AAPL", "3", limit("105")), "104", "106", "106"},
		"stop buy":    {request(alpaca.Buy, "AAPL", "3", stop("105")), "104", "106", "106"},
		"stop sell":   {request(alpaca.Sell, "AAPL", "3", stop("95")), "96", "94", "94"},
		"market sell": {request(alpaca.Sell, "AAPL", "3"), "", "100", "100"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			m.price("AAPL", "100")
			c := m.client(0)
			o := m.place(c, tt.order)
			m.sim.Step() // within the fill delay
			m.wantOrder(c, o, "new", "0")
			if tt.before != "" {
				m.price("AAPL", tt.before)
				m.step()
				m.wantOrder(c, o, "new", "0")
			}
			m.price("AAPL", tt.now)
			m.step()
			filled := m.wantOrder(c, o, "filled", "3")
			// A move changes a price by at most 0.02 %, and trades happen a
			// cent beside the middle of bid and ask.
			if off := filled.FilledAvgPrice.Sub(dec(tt.filledAt)).Abs(); off.GreaterThan(dec("0.05")) || filled.FilledAt == nil {
				t.Errorf("filled at %s (%v), want about %s", filled.FilledAvgPrice, filled.FilledAt, tt.filledAt)
			}

			held := map[bool]string{true: "3", false: "-3"}[tt.order.Side == alpaca.Buy]
			position, err := c.GetPosition("AAPL")
			if err != nil || !position.Qty.Equal(dec(held)) || !position.AvgEntryPrice.Equal(*filled.FilledAvgPrice) {
				t.Errorf("holds %+v (%v), want %s", position, err, held)
			}
			account, err := c.GetAccount()
			if err != nil || !account.Cash.Equal(dec("100000").Sub(dec(held).Mul(*filled.FilledAvgPrice))) {
				t.Errorf("has %+v (%v)", account, err)
			}
			if !account.Equity.Equal(account.Cash.Add(*position.MarketValue)) {
				t.Errorf("equity %s is not cash %s and %s", account.Equity, account.Cash, position.MarketValue)
			}
		})
	}
}

// A large order is filled in parts, and its average price is over all parts.
func TestLargeOrdersAreFilledInParts(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Accounts[0].Cash = dec("1000000") })
	m.price("AAPL", "100")
	c := m.client(0)
	o := m.place(c, request(alpaca.Buy, "AAPL", "1001"))
	m.step()
	half := m.wantOrder(c, o, "partially_filled", "500")
	m.price("AAPL", "110")
	m.step()
	whole := m.wantOrder(c, o, "filled", "1001")
	if !whole.FilledAvgPrice.GreaterThan(half.FilledAvgPrice.Add(dec("4"))) || !whole.FilledAvgPrice.LessThan(dec("106")) {
		t.Errorf("the average went from %s to %s", half.FilledAvgPrice, whole.FilledAvgPrice)
	}
}

// A notional order is filled with the quantity that its amount of money buys.
func TestNotionalOrders(t *testing.T) {
	m := open(t)
	c := m.client(0)
	o := m.place(c, alpaca.PlaceOrderRequest{Symbol: "BTC/USD", Notional: ptr("500"), Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC})
	m.step()
	now, err := c.GetOrder(o.ID)
	if err != nil || now.Status != "filled" || now.FilledQty.Mul(*now.FilledAvgPrice).Sub(dec("500")).Abs().GreaterThan(dec("0.01")) {
		t.Errorf("got %+v (%v)", now, err)
	}
}

// An order that Alpaca would not accept is refused with Alpaca's code and text,
// and changes nothing.
func TestRefusals(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	c := m.client(0)
	resting := m.place(c, request(alpaca.Buy, "AAPL", "10", limit("50"), id("first")))
	for name, tt := range map[string]struct {
		order        alpaca.PlaceOrderRequest
		status, code int
		words        string
	}{
		"a wash trade":           {request(alpaca.Sell, "AAPL", "1"), 403, 40310000, "wash trade"},
		"which order it meets":   {request(alpaca.Sell, "AAPL", "1", limit("200")), 403, 40310000, resting.ID},
		"too little money":       {request(alpaca.Buy, "MSFT", "100000"), 403, 40310000, "insufficient buying power"},
		"money that is promised": {request(alpaca.Buy, "AAPL", "3991", limit("50")), 403, 40310000, "insufficient buying power"},
		"crypto sold short":      {request(alpaca.Sell, "BTC/USD", "1"), 403, 40310000, "insufficient balance for BTC (requested: 1, available: 0)"},
		"the same id again":      {request(alpaca.Buy, "MSFT", "1", id("first")), 422, 40010001, "client_order_id must be unique"},
		"no such asset":          {request(alpaca.Buy, "NOPE", "1"), 422, 42210000, "not found"},
		"no quantity":            {request(alpaca.Buy, "AAPL", "0"), 422, 40010001, "positive"},
		"a negative one":         {request(alpaca.Buy, "AAPL", "-1"), 422, 40010001, "positive"},
		"an astronomical one":    {request(alpaca.Buy, "AAPL", "1e999"), 422, 40010001, "sensible"},
		"a limit without one":    {alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: ptr("1"), Side: alpaca.Buy, Type: alpaca.Limit, TimeInForce: alpaca.Day}, 422, 40010001, "limit price"},
		"neither amount":         {alpaca.PlaceOrderRequest{Symbol: "AAPL", Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day}, 422, 40010001, "qty or notional"},
		"a long id":              {request(alpaca.Buy, "AAPL", "1", id(strings.Repeat("x", 129))), 422, 40010001, "128"},
	} {
		_, err := c.PlaceOrder(tt.order)
		wantRefusal(t, name, err, tt.status, tt.code, tt.words)
	}
	_, err := c.GetOrder("00000000-0000-4000-8000-000000000000")
	wantRefusal(t, "an unknown order", err, 404, 40410000, "order not found")
	_, err = c.GetOrderByClientOrderID("second")
	wantRefusal(t, "an unknown client_order_id", err, 404, 40410000, "order not found")
	_, err = c.GetPosition("AAPL")
	wantRefusal(t, "no position", err, 404, 40410000, "position does not exist")
	if book := m.sim.Orders(m.seeds[0].KeyID); len(book) != 1 {
		t.Errorf("the book has %d orders, want 1", len(book))
	}
}

// A sale of more shares than are held, or of shares that open orders reserve,
// is refused.
func TestSharesAreSoldOnce(t *testing.T) {
	m := open(t)
	c := m.client(0)
	m.place(c, request(alpaca.Buy, "AAPL", "10"))
	m.step()
	m.place(c, request(alpaca.Sell, "AAPL", "7", limit("1000")))
	_, err := c.PlaceOrder(request(alpaca.Sell, "AAPL", "4"))
	wantRefusal(t, "four of three", err, 403, 40310000, "available: 3")
	m.place(c, request(alpaca.Sell, "AAPL", "3"))
}

// An open order can be canceled once; a closed order cannot be canceled.
func TestCancel(t *testing.T) {
	m := open(t)
	c := m.client(0)
	resting := m.place(c, request(alpaca.Buy, "AAPL", "1", limit("1")))
	other := m.place(c, request(alpaca.Buy, "MSFT", "1", limit("1")))
	if err := c.CancelOrder(resting.ID); err != nil {
		t.Fatal(err)
	}
	if o := m.wantOrder(c, resting, "canceled", "0"); o.CanceledAt == nil {
		t.Error("the canceled order has no canceled_at")
	}
	wantRefusal(t, "canceled twice", c.CancelOrder(resting.ID), 422, 42210000, "already")
	wantRefusal(t, "an unknown order", c.CancelOrder("00000000-0000-4000-8000-000000000000"), 404, 40410000, "order not found")
	filled := m.place(c, request(alpaca.Buy, "AMD", "1"))
	m.step()
	wantRefusal(t, "a filled order", c.CancelOrder(filled.ID), 422, 42210000, "filled")
	if err := c.CancelAllOrders(); err != nil {
		t.Fatal(err)
	}
	m.wantOrder(c, other, "canceled", "0")
}

// Filters of lists of orders work as at Alpaca.
func TestListsOfOrders(t *testing.T) {
	m := open(t)
	c := m.client(0)
	for i, symbol := range []string{"AAPL", "AMD", "MSFT", "NVDA"} {
		m.place(c, request(alpaca.Buy, symbol, "1", limit(map[bool]string{true: "1", false: "1000"}[i%2 == 0]), id(symbol)))
		m.clock.tick(time.Second)
	}
	m.step() // AMD and NVDA are filled
	for name, tt := range map[string]struct {
		request alpaca.GetOrdersRequest
		want    string
	}{
		"open, newest first": {alpaca.GetOrdersRequest{}, "MSFT AAPL"},
		"all, oldest first":  {alpaca.GetOrdersRequest{Status: "all", Direction: "asc"}, "AAPL AMD MSFT NVDA"},
		"closed":             {alpaca.GetOrdersRequest{Status: "closed"}, "NVDA AMD"},
		"the newest two":     {alpaca.GetOrdersRequest{Status: "all", Limit: 2}, "NVDA MSFT"},
		"until":              {alpaca.GetOrdersRequest{Status: "all", Until: m.seedTime().Add(2 * time.Second)}, "AMD AAPL"},
		"after":              {alpaca.GetOrdersRequest{Status: "all", After: m.seedTime().Add(time.Second)}, "NVDA MSFT"},
		"by symbol":          {alpaca.GetOrdersRequest{Status: "all", Symbols: []string{"AMD", "AAPL"}}, "AMD AAPL"},
	} {
		list, err := c.GetOrders(tt.request)
		var got []string
		for _, o := range list {
			got = append(got, o.ClientOrderID)
		}
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, tt.want)
		}
	}
}

func (m *market) seedTime() time.Time { return time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC) }

// A key gives access to its own account, and only with its own secret. Each
// response, errors included, has its own X-Request-ID. An error's body is
// Alpaca's {code, message} and nothing else.
func TestAnswersAreAlpacas(t *testing.T) {
	m := open(t)
	first, second := m.seeds[0], m.seeds[1]
	m.place(m.client(0), request(alpaca.Buy, "AAPL", "1"))
	if list, err := m.client(1).GetOrders(alpaca.GetOrdersRequest{Status: "all"}); err != nil || len(list) != 0 {
		t.Errorf("another account sees %d orders (%v)", len(list), err)
	}
	_, err := m.clientWith(alpacasim.AccountSeed{KeyID: first.KeyID, SecretKey: second.SecretKey}).GetAccount()
	wantRefusal(t, "another's secret", err, 401, 40110000, "not authorized")
	_, err = m.clientWith(alpacasim.AccountSeed{KeyID: "PKNOBODY", SecretKey: "x"}).GetAccount()
	wantRefusal(t, "an unknown key", err, 401, 40110000, "not authorized")

	seen := map[string]bool{}
	for _, tt := range []struct {
		method, path, body string
		signed             bool
		status             int
	}{
		{"GET", "/v2/account", "", true, 200},
		{"GET", "/v2/account", "", false, 401},
		{"GET", "/v2/orders/x", "", true, 404},
		{"GET", "/v2/wallets/transfers", "", true, 404},
		{"GET", "/_sim/orders", "", true, 404}, // control endpoints are served only with Config.Control
		{"PATCH", "/v2/orders/x", "{}", true, 404},
		{"POST", "/v2/orders", "{", true, 400},
		{"POST", "/v2/orders", `{"symbol":"` + strings.Repeat("x", 100<<10) + `"}`, true, 400},
		{"POST", "/v2/orders", `{"symbol":"AAPL"}`, true, 422},
	} {
		r, err := http.NewRequest(tt.method, m.url+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if tt.signed {
			r.Header.Set("APCA-API-KEY-ID", first.KeyID)
			r.Header.Set("APCA-API-SECRET-KEY", first.SecretKey)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		requestID := response.Header.Get("X-Request-ID")
		if err != nil || response.StatusCode != tt.status || requestID == "" || seen[requestID] {
			t.Errorf("%s %s: %d %s, request %q (%v)", tt.method, tt.path, response.StatusCode, text, requestID, err)
		}
		seen[requestID] = true
		if response.StatusCode >= 400 {
			var body map[string]any
			if err := json.Unmarshal(text, &body); err != nil || len(body) != 2 || body["code"] == nil || body["message"] == nil {
				t.Errorf("%s %s returned %s", tt.method, tt.path, text)
			}
		} else if response.Header.Get("X-Ratelimit-Limit") != "200" {
			t.Errorf("%s %s does not state the rate limit", tt.method, tt.path)
		}
	}
}

// The SDK can read quotes, and a bid is below its ask.
func TestQuotes(t *testing.T) {
	m := open(t)
	m.price("AAPL", "123.45")
	c := marketdata.NewClient(marketdata.ClientOpts{APIKey: m.seeds[0].KeyID, APISecret: m.seeds[0].SecretKey, BaseURL: m.url, RetryLimit: -1})
	q, err := c.GetLatestQuote("AAPL", marketdata.GetLatestQuoteRequest{})
	if err != nil || q.BidPrice != 123.44 || q.AskPrice != 123.46 {
		t.Errorf("got %+v (%v)", q, err)
	}
}

// The clock and the list of assets can be read, and an unknown asset is a 404.
func TestClockAndAssets(t *testing.T) {
	m := open(t)
	c := m.client(0)
	if clock, err := c.GetClock(); err != nil || !clock.IsOpen {
		t.Errorf("the clock says %+v (%v)", clock, err)
	}
	if all, err := c.GetAssets(alpaca.GetAssetsRequest{AssetClass: "crypto"}); err != nil || len(all) != 2 {
		t.Errorf("there are %d coins (%v)", len(all), err)
	}
	if a, err := c.GetAsset("AAPL"); err != nil || !a.Tradable || a.Symbol != "AAPL" {
		t.Errorf("got %+v (%v)", a, err)
	}
	_, err := c.GetAsset("NOPE")
	wantRefusal(t, "no such asset", err, 404, 40410000, "asset not found")
}

// fingerprint returns, as text, everything that a run did, as responses show
// it.
func (m *market) fingerprint() string {
	var all strings.Builder
	for i, s := range m.seeds {
		text, err := json.Marshal(m.sim.Orders(s.KeyID))
		if err != nil {
			m.t.Fatal(err)
		}
		account, err := m.client(i).GetAccount()
		if err != nil {
			m.t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %s %+v\n%s\n", s.KeyID, s.SecretKey, account, text)
		for _, u := range m.replay(i, "0", 6) {
			fmt.Fprintf(&all, "%+v %s %s\n", u.EventID, u.ExecutionID, u.Price)
		}
	}
	return all.String()
}

// With the same seed, clock and requests the simulator does the same things,
// including ids and the order of events across accounts.
func TestSeedDecidesEverything(t *testing.T) {
	run := func(seed int64) string {
		m := open(t, func(c *alpacasim.Config) { c.Seed = seed })
		for i := range m.seeds {
			for _, symbol := range []string{"AAPL", "MSFT", "BTC/USD"} {
				m.place(m.client(i), request(alpaca.Buy, symbol, "1"))
			}
		}
		for range 5 {
			m.step()
		}
		return m.fingerprint()
	}
	first := run(1)
	for range 5 { // so that a dependence on the random order of Go's maps would show
		again := strings.Split(run(1), "\n")
		for i, line := range strings.Split(first, "\n") {
			if again[i] != line {
				t.Fatalf("the same seed did\n%s\nand then\n%s", line, again[i])
			}
		}
	}
	if run(2) == first {
		t.Error("two different seeds gave the same result")
	}
	one, again, two := alpacasim.DemoAccounts(1), alpacasim.DemoAccounts(1), alpacasim.DemoAccounts(2)
	for i := range one {
		if one[i].KeyID != again[i].KeyID || one[i].SecretKey != again[i].SecretKey || one[i].KeyID == two[i].KeyID || one[i].SecretKey == two[i].SecretKey {
			t.Errorf("demo account %d does not follow from the seed", i)
		}
	}
}

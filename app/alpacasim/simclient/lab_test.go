package simclient_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/coder/websocket"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// lab is a simulator with its control endpoints and a client for them.
type lab struct {
	t     *testing.T
	sim   *alpacasim.Sim
	url   string
	seed  alpacasim.AccountSeed
	start time.Time
	*simclient.Client

	mu    sync.Mutex
	asked []string // the control endpoints that were called, such as POST /_sim/price

	left chan struct{} // receives a value each time the server has ended a WebSocket
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, seed: alpacasim.DemoAccounts(1)[0], start: time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC), left: make(chan struct{}, 10)}
	l.seed.Positions = []alpacasim.PositionSeed{{Symbol: "AAPL", Qty: decimal.NewFromInt(10), Avg: decimal.NewFromInt(100)}}
	var err error
	l.sim, err = alpacasim.New(alpacasim.Config{
		Seed: 1, Accounts: []alpacasim.AccountSeed{l.seed}, FillDelay: time.Nanosecond, Clock: l.clock(), Control: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := l.sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sim/") {
			l.mu.Lock()
			l.asked = append(l.asked, r.Method+" "+r.URL.Path)
			l.mu.Unlock()
		}
		handler.ServeHTTP(w, r)
		if r.URL.Path == "/stream" {
			l.left <- struct{}{}
		}
	}))
	t.Cleanup(func() {
		l.sim.CutStreams()
		server.CloseClientConnections()
		server.Close()
	})
	l.url, l.Client = server.URL, simclient.New(server.URL+"/", server.Client())
	return l
}

// clock returns a clock that advances by a millisecond each time it is read.
func (l *lab) clock() func() time.Time {
	var mu sync.Mutex
	at := l.start
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Millisecond)
		return at
	}
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// alpaca returns a client of the official SDK for the lab's simulator.
func (l *lab) alpaca() *alpaca.Client {
	return alpaca.NewClient(alpaca.ClientOpts{APIKey: l.seed.KeyID, APISecret: l.seed.SecretKey, BaseURL: l.url, RetryLimit: -1})
}

func (l *lab) place(symbol, qty string) (*alpaca.Order, error) {
	n := dec(qty)
	return l.alpaca().PlaceOrder(alpaca.PlaceOrderRequest{Symbol: symbol, Qty: &n, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC})
}

// buy places a market order and fails the test if it is refused.
func (l *lab) buy(symbol, qty string) {
	l.t.Helper()
	if _, err := l.place(symbol, qty); err != nil {
		l.t.Fatal(err)
	}
}

// ok fails the test if err is not nil.
func (l *lab) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// want fails the test unless the two values are deeply equal.
func (l *lab) want(what string, got, want any) {
	l.t.Helper()
	if !reflect.DeepEqual(got, want) {
		l.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// price buys a share and returns the price at which that was filled, in whole
// dollars.
func (l *lab) price(symbol string) string {
	l.t.Helper()
	l.buy(symbol, "1")
	l.sim.Step()
	all := l.sim.Executions(l.seed.KeyID)
	return all[len(all)-1].Price.Round(0).String()
}

// status returns the status of the response to a stream of Server-Sent Events.
func (l *lab) status() int {
	l.t.Helper()
	r, err := http.NewRequest("GET", l.url+"/v2/events/trades?since=2026-01-01&until=2026-01-02", nil)
	l.ok(err)
	r.Header.Set("APCA-API-KEY-ID", l.seed.KeyID)
	r.Header.Set("APCA-API-SECRET-KEY", l.seed.SecretKey)
	response, err := http.DefaultClient.Do(r)
	l.ok(err)
	response.Body.Close()
	return response.StatusCode
}

// ahead returns by how many seconds the simulator's clock is ahead of the clock
// that it was given.
func (l *lab) ahead() int {
	l.t.Helper()
	clock, err := l.alpaca().GetClock()
	l.ok(err)
	return int(clock.Timestamp.Sub(l.start).Round(time.Second) / time.Second)
}

func (l *lab) activities(kind string) []alpaca.AccountActivity {
	l.t.Helper()
	all, err := l.alpaca().GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{kind}, Direction: "asc"})
	l.ok(err)
	return all
}

// same fails the test unless the two values have the same JSON and are not
// empty.
func (l *lab) same(what string, got, want any) {
	l.t.Helper()
	a, err := json.Marshal(got)
	l.ok(err)
	b, err := json.Marshal(want)
	l.ok(err)
	if string(a) != string(b) || len(a) < 10 {
		l.t.Errorf("%s: %s, want %s", what, a, b)
	}
}

// socket opens a WebSocket and closes it again, and reports whether it could be
// opened. It returns after the server has noticed that it is closed.
func (l *lab) socket(ctx context.Context) bool {
	l.t.Helper()
	keys := http.Header{"Apca-Api-Key-Id": {l.seed.KeyID}, "Apca-Api-Secret-Key": {l.seed.SecretKey}}
	c, _, err := websocket.Dial(ctx, strings.Replace(l.url, "http", "ws", 1)+"/stream", &websocket.DialOptions{HTTPHeader: keys})
	if err == nil {
		_ = c.CloseNow() // it always returns an error
	}
	select {
	case <-l.left:
	case <-time.After(10 * time.Second):
		l.t.Fatal("the server does not notice that the WebSocket is closed")
	}
	return err == nil
}

package broker_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"paddock/app/broker"
)

// refusals is a broker that answers some requests with 401, and counts.
type refusals struct {
	refuses  func(*http.Request) bool
	account  atomic.Int64 // the status of GET /v2/account; 0 is 200
	checked  atomic.Int64 // how often the account was asked for
	requests atomic.Int64 // all other requests
}

func (f *refusals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/v2/account" {
		f.checked.Add(1)
		if status := f.account.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		fmt.Fprint(w, `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d"}`)
		return
	}
	f.requests.Add(1)
	if f.refuses(r) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code":40110000,"message":"request is not authorized"}`)
		return
	}
	fmt.Fprint(w, `[]`)
}

// A 401 means that the keys are wrong only where the trading host says so for
// the account itself; anything less is Unavailable, whichever host, path or
// stream said it and how often.
func TestOnlyAConfirmed401IsUnauthorized(t *testing.T) {
	always := func(*http.Request) bool { return true }
	on := func(path string) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, path) }
	}
	position := broker.Request{Method: "GET", Path: []string{"v2", "positions", "AAPL"}, Kind: "v2/positions"}
	relay := func(r broker.Request) func(*testing.T, *broker.Client) error {
		return func(t *testing.T, c *broker.Client) error { _, err := relayed(t.Context(), c, r); return err }
	}
	positions := func(t *testing.T, c *broker.Client) error { _, err := c.Positions(t.Context()); return err }
	place := func(t *testing.T, c *broker.Client) error {
		_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
		return err
	}
	account := func(t *testing.T, c *broker.Client) error { _, err := c.Account(t.Context()); return err }
	stream := func(t *testing.T, c *broker.Client) error {
		return c.ConfirmUnauthorized(t.Context(), &broker.Error{Kind: broker.Unauthorized})
	}
	for name, tt := range map[string]struct {
		refuses  func(*http.Request) bool
		account  int64
		ask      func(*testing.T, *broker.Client) error
		want     broker.Kind
		requests int64
	}{
		"market data":                          {on("/v2/stocks"), 0, relay(bars), broker.Unavailable, 2},
		"one path of the trading host":         {on("/v2/positions/AAPL"), 0, relay(position), broker.Unavailable, 2},
		"a change":                             {always, 0, relay(rename), broker.Unavailable, 1},
		"a list":                               {always, 0, positions, broker.Unavailable, 2},
		"an order":                             {always, 0, place, broker.Unavailable, 1},
		"a stream":                             {always, 0, stream, broker.Unavailable, 0},
		"market data, and the account too":     {always, 401, relay(bars), broker.Unauthorized, 1},
		"an order, and the account too":        {always, 401, place, broker.Unauthorized, 1},
		"a stream, and the account too":        {always, 401, stream, broker.Unauthorized, 0},
		"the account, twice":                   {always, 401, account, broker.Unauthorized, 0},
		"an order, and the account is away":    {always, 503, place, broker.Unavailable, 1},
		"an order, and the account is limited": {always, 429, place, broker.Unavailable, 1},
		"an order, and the account is blocked": {always, 403, place, broker.Unavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &refusals{refuses: tt.refuses}
			f.account.Store(tt.account)
			url, _ := serve(t, f.ServeHTTP)
			if err := tt.ask(t, newClient(t, url)); !broker.IsKind(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if n := f.requests.Load(); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
		})
	}
}

// A read that is refused once is answered when it is asked again.
func TestOneRefusalIsForgotten(t *testing.T) {
	var refused atomic.Bool
	f := &refusals{refuses: func(*http.Request) bool { return !refused.Swap(true) }}
	url, _ := serve(t, f.ServeHTTP)
	if _, err := newClient(t, url).Positions(t.Context()); err != nil {
		t.Errorf("refused once and then answered, it is %v", err)
	}
}

// A burst of refusals from elsewhere costs one request to the trading host, and
// does not keep it from confirming a later one of its own.
func TestABurstOfRefusalsIsCheckedOnce(t *testing.T) {
	f := &refusals{refuses: func(*http.Request) bool { return true }}
	url, _ := serve(t, f.ServeHTTP)
	client := newClient(t, url)
	var all sync.WaitGroup
	for range 15 {
		all.Go(func() {
			if _, err := relayed(t.Context(), client, bars); !broker.IsKind(err, broker.Unavailable) {
				t.Errorf("a refused read: %v", err)
			}
		})
	}
	all.Wait()
	if n := f.checked.Load(); n != 1 {
		t.Errorf("the account was asked for %d times, want once", n)
	}
}

// Keys that are to be stored are checked by the host's own word, and once.
func TestCheckingKeysAsksOnce(t *testing.T) {
	f := &refusals{}
	f.account.Store(401)
	url, _ := serve(t, f.ServeHTTP)
	if _, err := newClient(t, url).CheckKeys(t.Context()); !broker.IsKind(err, broker.Unauthorized) || f.checked.Load() != 1 {
		t.Errorf("%v after %d requests", err, f.checked.Load())
	}
}

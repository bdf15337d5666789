package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/tests/kit"
)

// refusing is a proxy before the simulated broker that answers with 401 where
// refuses says so.
type refusing struct{ refuses atomic.Value } // of func(*http.Request) bool

func (f *refusing) front(sim http.Handler) http.Handler {
	f.where(func(*http.Request) bool { return false })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.refuses.Load().(func(*http.Request) bool)(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		sim.ServeHTTP(w, r)
	})
}

func (f *refusing) where(refuses func(*http.Request) bool) { f.refuses.Store(refuses) }

// A 401 takes an account's keys out of use only where the trading host says so
// of the account itself. Market data, one odd path, a stream, an order and a
// burst of all that are no proof: trading goes on.
func TestOneHostsWordTakesNoKeys(t *testing.T) {
	f := &refusing{}
	s := newServer(t, f.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	account := []string{"X-Account-ID", id}
	const bars, asset, orders = "/api/data/v2/stocks/bars?symbols=AAPL&timeframe=1Day", "/api/assets/AAPL", "/api/orders"
	stillTrades := func(after string) {
		t.Helper()
		f.where(func(*http.Request) bool { return false })
		u.do("POST", orders, buyOne, account...).want(t, 201, "")
		if h := u.do("GET", "/api/accounts/"+id, ""); h.field(t, "status") == "needs_credentials" {
			t.Errorf("%s took the keys out of use: %s", after, h.text)
		}
	}
	for name, tt := range map[string]struct{ path, asks string }{
		"market data":                  {"/v2/stocks/", bars},
		"one path of the trading host": {"/v2/assets/AAPL", asset},
		"the trading host's positions": {"/v2/positions", "/api/positions"},
	} {
		f.where(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, tt.path) })
		if refused := u.do("GET", tt.asks, "", account...).want(t, 503, "broker_unavailable"); refused.header.Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to come back", name)
		}
		stillTrades(name)
	}

	// An order that is refused so was never placed, and its retry places it.
	f.where(func(r *http.Request) bool { return r.Method == http.MethodPost })
	once := append(account, "Idempotency-Key", "once")
	u.do("POST", orders, buyOne, once...).want(t, 503, "broker_unavailable")
	f.where(func(*http.Request) bool { return false })
	u.do("POST", orders, buyOne, once...).want(t, 201, "")

	// Once, then fine: also on the account's own endpoint.
	for path, asks := range map[string]string{"/v2/account": "/api/account", "/v2/assets/AAPL": asset, "/v2/stocks/": bars} {
		var refused atomic.Bool
		f.where(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, path) && !refused.Swap(true) })
		u.do("GET", asks, "", account...).want(t, 200, "")
	}

	f.where(func(r *http.Request) bool { return r.URL.Path != "/v2/account" })
	var all sync.WaitGroup
	for range 10 {
		for _, path := range []string{bars, asset, "/api/positions"} {
			all.Go(func() { u.do("GET", path, "", account...) })
		}
	}
	all.Wait()
	stillTrades("a burst")

	// Streams and reconciliation of the account's own holder are no proof either.
	var streams, lists atomic.Int64
	f.where(func(r *http.Request) bool {
		switch r.URL.Path {
		case "/v2/events/trades":
			streams.Add(1)
		case "/v2/orders":
			lists.Add(1)
		}
		return r.URL.Path != "/v2/account"
	})
	s.stream()
	kit.Eventually(t, "the stream and the reconciliation to be refused", func() bool { return streams.Load() > 1 && lists.Load() > 1 })
	stillTrades("a stream")

	// What the trading host says of the account counts, also on a call elsewhere.
	f.where(func(*http.Request) bool { return true })
	kit.Within(t, 20*time.Second, "the keys to be taken out of use", func() error {
		if a := u.do("GET", bars, "", account...); a.code() != "needs_credentials" {
			return fmt.Errorf("it is answered %d %s", a.status, a.text)
		}
		return nil
	})
	f.where(func(*http.Request) bool { return false })
	u.do("POST", orders, buyOne, account...).want(t, 409, "needs_credentials")
	u.do("PUT", "/api/accounts/"+id+"/credentials", `{"key_id":"`+s.seeds[0].KeyID+`","secret_key":"`+s.seeds[0].SecretKey+`"}`).want(t, 200, "")
	u.do("POST", orders, buyOne, account...).want(t, 201, "")
}

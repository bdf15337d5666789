package broker_test

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"paddock/app/broker"
)

// A pattern of a path has none of what names something: each path that is passed
// through is itself, with {} for its variables, and whatever is no word of
// Alpaca's is {} too.
func TestPathPattern(t *testing.T) {
	for path, want := range map[string]string{
		"/v2/orders": "/v2/orders", "/v2/orders/0a1b2c3d-0000-4000-8000-000000000000": "/v2/orders/{}", "/v2/positions/AAPL": "/v2/positions/{}",
		"/v2/positions/BTC/USD": "/v2/positions/{}/{}", "/v2/watchlists/1/AAPL": "/v2/watchlists/{}/{}", "": "", "/": "/", "/secret": "/{}", "/v2/Orders": "/v2/{}",
		"/v2/orders:by_client_order_id": "/v2/orders:by_client_order_id",
	} {
		if got := broker.PathPattern(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	routes, err := os.ReadFile("../httpapi/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	variable, seen := regexp.MustCompile(`\{[a-z_]+\}`), 0
	for _, m := range regexp.MustCompile(`"(/v[0-9][^" ]*)"`).FindAllStringSubmatch(string(routes), -1) {
		seen++
		if got, want := broker.PathPattern(variable.ReplaceAllString(m[1], "XYZ")), variable.ReplaceAllString(m[1], "{}"); got != want {
			t.Errorf("%s is %s, want %s", m[1], got, want)
		}
	}
	if seen < 50 {
		t.Errorf("only %d paths were seen", seen)
	}
}

// Each call is told once, with the kind of its host and how it ended, also one
// that was not sent.
func TestCallsAreTold(t *testing.T) {
	var status atomic.Int32
	status.Store(http.StatusOK)
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write([]byte(`{"timestamp":"2026-06-01T10:00:00Z"}`))
	})
	var told []string
	b := newBroker(t, url, func(c *broker.Config) {
		c.OnCall = func(_ context.Context, call broker.Call) func(broker.Outcome) {
			return func(o broker.Outcome) {
				told = append(told, strings.Join([]string{call.Host, call.Endpoint, o.Result, o.Method, o.Path}, " "))
			}
		}
	})
	client, err := b.Client(broker.Paper, keys(), broker.WithAccount("1", "2"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, next := range []int32{http.StatusOK, http.StatusForbidden, http.StatusUnprocessableEntity} {
		status.Store(next)
		_, _ = client.Clock(ctx)
	}
	status.Store(http.StatusOK)
	if response, err := client.Relay(ctx, broker.Request{Host: broker.Data, Method: http.MethodGet, Path: []string{"v2", "stocks", "AAPL", "bars"}, Kind: "v2/stocks"}); err == nil {
		response.Body.Close()
	}
	for range 60 { // as many as the account may make at once, and more
		_, _ = client.LowPriorityNoWait().Clock(ctx)
	}
	cancel()
	_, _ = client.Clock(ctx)
	want := []string{"paper clock ok GET /v2/clock", "paper clock forbidden GET /v2/clock", "paper clock invalid GET /v2/clock", "data v2/stocks ok GET /v2/stocks/{}/bars"}
	if len(told) != 65 || !slices.Equal(told[:4], want) || !slices.Contains(told, "paper clock held_back  ") || told[64] != "paper clock canceled  " {
		t.Errorf("%d calls were told: %q", len(told), told)
	}
	if left := b.State().LeastLeft; left <= 0 || left >= 1 {
		t.Errorf("%g of the requests are left", left)
	}
}

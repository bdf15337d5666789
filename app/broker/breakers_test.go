package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// stand is a broker at the other end whose answers change while a test runs.
type stand struct {
	t        *testing.T
	broker   *Broker
	answer   atomic.Value // of http.HandlerFunc
	requests atomic.Int64
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{t: t}
	s.say(200, "[]")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // so that a client that leaves is noticed
		s.answer.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(server.Close)
	b, err := New(Config{PaperURL: server.URL, LiveURL: server.URL, DataURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	s.broker = b
	return s
}

func (s *stand) say(status int, body string, headers ...string) {
	s.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func (s *stand) client(account string) *Client {
	s.t.Helper()
	c, err := s.broker.Client(Paper, Credentials{NewSecret("PK" + account), NewSecret("secret")}, WithAccount(account))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// wants fails unless err is a failed call of this kind.
func wants(t *testing.T, what string, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("%s: %v, want %v", what, err, kind)
	}
	return e
}

// One tenant cannot close the door for the others: neither wrong keys, nor
// orders that are refused, nor calls that it does not wait for open a breaker.
func TestNoTenantOpensTheBreaker(t *testing.T) {
	for name, misbehave := range map[string]func(*stand, *Client){
		"wrong keys": func(s *stand, c *Client) {
			s.say(401, `{"code":40110000,"message":"request is not authorized"}`)
			_, err := c.Positions(t.Context())
			wants(t, "read", err, Unauthorized)
			_, err = c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, Unauthorized)
		},
		"refused orders": func(s *stand, c *Client) {
			s.say(403, `{"code":40310000,"message":"insufficient buying power"}`)
			_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, Forbidden)
		},
		"too many requests": func(s *stand, c *Client) {
			s.say(429, ``)
			_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, RateLimited)
		},
		"questions that the broker breaks on": func(s *stand, c *Client) {
			s.say(500, `{"message":"internal server error"}`)
			_, err := c.Relay(t.Context(), Request{Method: "GET", Path: []string{"v2", "positions"}, Kind: "positions"})
			wants(t, "relay", err, Unavailable)
		},
		"leaving": func(s *stand, c *Client) {
			for what, call := range map[string]func(context.Context) error{
				"read":   func(ctx context.Context) error { _, err := c.Positions(ctx); return err },
				"cancel": func(ctx context.Context) error { return c.CancelOrder(ctx, "an-id") },
				"place":  func(ctx context.Context) error { _, err := c.PlaceOrder(ctx, alpaca.PlaceOrderRequest{}); return err },
			} {
				ctx, cancel := context.WithCancel(t.Context())
				s.answer.Store(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
				if call(ctx) == nil {
					t.Errorf("a %s that nobody waited for was answered", what)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			for range 15 {
				misbehave(s, s.client("one"))
			}
			s.say(200, "[]")
			if _, err := s.client("another").Positions(t.Context()); err != nil {
				t.Errorf("another tenant's read: %v", err)
			}
			s.say(200, "{}")
			if _, err := s.client("another").PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{}); err != nil {
				t.Errorf("another tenant's order: %v", err)
			}
			s.say(204, "")
			if err := s.client("another").CancelOrder(t.Context(), "an-id"); err != nil {
				t.Errorf("another tenant's cancel: %v", err)
			}
		})
	}
}

// A broker that keeps failing is left in peace for a while, at that kind of
// endpoint: calls fail at once, and surely nothing was sent.
func TestFailuresOpenTheBreaker(t *testing.T) {
	s := newStand(t)
	s.say(500, "")
	for range 10 {
		_, err := s.client("one").PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
		wants(t, "a failing call", err, Ambiguous)
	}
	before := s.requests.Load()
	_, err := s.client("another").PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
	if e := wants(t, "while it is open", err, Unavailable); e.RetryAfter <= 0 || s.requests.Load() != before {
		t.Errorf("%v, retry after %v, and %d requests were sent", e, e.RetryAfter, s.requests.Load()-before)
	}
	s.say(200, "[]")
	if _, err := s.client("one").Positions(t.Context()); err != nil {
		t.Errorf("another endpoint: %v", err)
	}
}

// After its time one call may try: what becomes of it closes the breaker or
// opens it again, and one whose caller left decides nothing.
func TestBreakerClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreakers(slog.New(slog.DiscardHandler))
		open := func() bool { _, refused := b.allow("host orders"); return refused != nil }
		try := func(outcome *Error) {
			t.Helper()
			done, refused := b.allow("host orders")
			if refused != nil {
				t.Fatalf("not let through: %v", refused)
			}
			done(outcome)
		}
		for range 10 {
			try(&Error{Kind: Unavailable})
		}
		if !open() {
			t.Fatal("ten failures in a row did not open it")
		}
		time.Sleep(openFor + time.Second)
		try(&Error{Kind: Ambiguous})
		if !open() {
			t.Fatal("the failure of the one that tried did not open it again")
		}
		time.Sleep(openFor + time.Second)
		try(&Error{Kind: Canceled})
		done, refused := b.allow("host orders")
		if refused != nil || !open() {
			t.Fatalf("one call at a time may try: %v", refused)
		}
		done(nil)
		for range 20 {
			try(&Error{Kind: Unauthorized})
		}
		if open() {
			t.Fatal("it is open after a success")
		}
	})
}

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

// fakeBroker is a broker whose response can be changed during a test.
type fakeBroker struct {
	t        *testing.T
	broker   *Broker
	answer   atomic.Value // an http.HandlerFunc
	requests atomic.Int64
}

func newStand(t *testing.T) *fakeBroker {
	t.Helper()
	s := &fakeBroker{t: t}
	s.say(200, "[]")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // the server notices that a client left only after it has read the body
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

func (s *fakeBroker) say(status int, body string, headers ...string) {
	s.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

// client returns a client of an account whose owner has no other.
func (s *fakeBroker) client(account string) *Client {
	s.t.Helper()
	return s.clientOf(account, account)
}

func (s *fakeBroker) clientOf(owner, account string) *Client {
	s.t.Helper()
	c, err := s.broker.Client(Paper, Credentials{NewSecret("PK" + account), NewSecret("secret")}, WithAccount(account, owner))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// wants fails unless err is an *Error of this kind, and returns it.
func wants(t *testing.T, what string, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("%s: %v, want %v", what, err, kind)
	}
	return e
}

// failed fails unless err says that the broker did not respond.
func failed(t *testing.T, what string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != Unavailable && e.Kind != Ambiguous {
		t.Fatalf("%s: %v, want a failure", what, err)
	}
}

// One tenant cannot block the others, with however many accounts, and whatever
// the broker answers to it or does not answer: wrong keys, refused orders,
// answers that cannot be read, calls that it does not wait for.
func TestNoTenantOpensTheBreaker(t *testing.T) {
	for name, misbehave := range map[string]func(*fakeBroker, *Client){
		"wrong keys": func(s *fakeBroker, c *Client) {
			s.say(401, `{"code":40110000,"message":"request is not authorized"}`)
			_, err := c.Positions(t.Context())
			wants(t, "read", err, Unauthorized)
			_, err = c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, Unauthorized)
		},
		"refused orders": func(s *fakeBroker, c *Client) {
			s.say(403, `{"code":40310000,"message":"insufficient buying power"}`)
			_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, Forbidden)
		},
		"too many requests": func(s *fakeBroker, c *Client) {
			s.say(429, ``)
			_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			wants(t, "place", err, RateLimited)
		},
		"questions that the broker breaks on": func(s *fakeBroker, c *Client) {
			s.say(500, `{"message":"internal server error"}`)
			_, err := c.Relay(t.Context(), Request{Method: "GET", Path: []string{"v2", "positions"}, Kind: "positions"})
			wants(t, "relay", err, Unavailable)
		},
		"5xx for this account alone": func(s *fakeBroker, c *Client) {
			s.say(503, "")
			_, err := c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			failed(t, "place", err)
			_, err = c.Positions(t.Context())
			failed(t, "read", err)
			failed(t, "cancel", c.CancelOrder(t.Context(), "an-id"))
		},
		"answers that cannot be read": func(s *fakeBroker, c *Client) {
			for _, body := range []string{`<html>`, `{"not":"a list"}`, `"text"`, ``} {
				s.say(200, body)
				_, err := c.Positions(t.Context())
				wants(t, "read", err, Unavailable)
				_, err = c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
				wants(t, "place", err, Ambiguous)
			}
		},
		"pages that are no JSON": func(s *fakeBroker, c *Client) {
			s.say(200, `<html>`, "Content-Type", "text/html")
			_, err := c.Relay(t.Context(), Request{Method: "GET", Path: []string{"v2", "positions"}, Kind: "positions"})
			wants(t, "relay", err, Unavailable)
		},
		"answers that break off": func(s *fakeBroker, c *Client) {
			s.say(200, "[", "Content-Length", "5")
			_, err := c.Positions(t.Context())
			failed(t, "read", err)
		},
		"answers that are no HTTP": func(s *fakeBroker, c *Client) {
			s.answer.Store(garbled)
			_, err := c.Positions(t.Context())
			failed(t, "read", err)
			_, err = c.PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
			failed(t, "place", err)
		},
		"a page that the broker is too busy for": func(s *fakeBroker, c *Client) {
			s.say(503, "")
			_, err := c.Relay(t.Context(), Request{Method: "GET", Path: []string{"v2", "assets", "ODD"}, Kind: "positions"})
			failed(t, "relay", err)
		},
		"answers that are too large": func(s *fakeBroker, c *Client) {
			s.broker.config.MaxBody = 8
			defer func() { s.broker.config.MaxBody = 16 << 20 }()
			s.say(200, `["much longer than that"]`)
			_, err := c.Positions(t.Context())
			failed(t, "read", err)
		},
		"leaving": func(s *fakeBroker, c *Client) {
			for what, call := range map[string]func(context.Context) error{
				"read":   func(ctx context.Context) error { _, err := c.Positions(ctx); return err },
				"cancel": func(ctx context.Context) error { return c.CancelOrder(ctx, "an-id") },
				"place":  func(ctx context.Context) error { _, err := c.PlaceOrder(ctx, alpaca.PlaceOrderRequest{}); return err },
			} {
				ctx, cancel := context.WithCancel(t.Context())
				s.answer.Store(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
				if call(ctx) == nil {
					t.Errorf("a %s that was given up succeeded", what)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			for i := range 15 {
				misbehave(s, s.clientOf("one", fmt.Sprint("account ", i%5)))
			}
			s.say(200, "[]")
			if _, err := s.client("another").Positions(t.Context()); err != nil {
				t.Errorf("another tenant's read: %v", err)
			}
			s.say(200, `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"x"}`)
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

// garbled answers with something that is no HTTP.
var garbled = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	wire, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // cannot happen: nothing was written yet
	}
	defer wire.Close()
	fmt.Fprint(wire, "220 ready\r\n")
})

// Answers that are odd, and not surely the broker's failure, block nobody but
// the accounts that get them, however many those are.
func TestOddAnswersAreNobodyElses(t *testing.T) {
	s := newStand(t)
	for what, odd := range map[string]http.HandlerFunc{
		"no HTTP": garbled,
		"an answer that breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			fmt.Fprint(w, "[")
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
	} {
		s.answer.Store(odd)
		for i := range 2 * failuresToOpen {
			_, err := s.client(fmt.Sprint(what, i)).Positions(t.Context())
			failed(t, what, err)
			_, err = s.client(fmt.Sprint(what, i)).Relay(t.Context(), Request{Method: "GET", Path: []string{"v2", "assets", "ODD"}, Kind: "positions"})
			failed(t, what, err)
		}
		s.say(200, "[]")
		if _, err := s.client("another").Positions(t.Context()); err != nil {
			t.Errorf("after %s for many: %v", what, err)
		}
	}
}

// A complete 2xx response never counts as a failure, not even for the account
// for which it could not be parsed.
func TestAnswersOpenNothing(t *testing.T) {
	s := newStand(t)
	for range 3 * failuresToOpen {
		s.say(200, `{"not":"a list"}`)
		_, err := s.client("one").Positions(t.Context())
		wants(t, "a list that is none", err, Unavailable)
	}
	s.say(200, "null")
	if got, err := s.client("one").Positions(t.Context()); err != nil || string(got.Raw) != "[]" || len(got.Value) != 0 {
		t.Errorf("null is %s (%v), want an empty list", got.Raw, err)
	}
}

// After repeated failures, calls to that kind of endpoint fail at once for a
// while, and it is certain that nothing was sent. Failures of one account count
// for its own calls only.
func TestFailuresOpenTheBreaker(t *testing.T) {
	s := newStand(t)
	s.say(500, "")
	fail := func(account string) {
		t.Helper()
		_, err := s.client(account).PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
		wants(t, "a failing call", err, Ambiguous)
	}
	shut := func(account string) {
		t.Helper()
		before := s.requests.Load()
		_, err := s.client(account).PlaceOrder(t.Context(), alpaca.PlaceOrderRequest{})
		if e := wants(t, "while it is open", err, Unavailable); e.RetryAfter <= 0 || s.requests.Load() != before {
			t.Errorf("%v, retry after %v, and %d requests were sent", e, e.RetryAfter, s.requests.Load()-before)
		}
	}
	for range failuresToOpen {
		fail("one")
	}
	shut("one")
	fail("another") // two owners are not several
	fail("a third")
	shut("a fourth")
	s.say(200, "[]")
	if _, err := s.client("one").Positions(t.Context()); err != nil {
		t.Errorf("another endpoint: %v", err)
	}
}

// While one account gets responses, failures of others do not open the breaker
// for all.
func TestAnAnswerKeepsTheDoorOpen(t *testing.T) {
	s := newStand(t)
	for i := range 3 * failuresToOpen {
		s.say(503, "")
		_, err := s.client(fmt.Sprint("failing ", i)).Positions(t.Context()) // two requests, because reads are retried once
		failed(t, "a failing call", err)
		s.say(200, "[]")
		if _, err := s.client("answered").Positions(t.Context()); err != nil {
			t.Fatalf("after %d failures of others: %v", i, err)
		}
	}
}

// allow asks for a call of an account whose owner has no other.
func allow(b *breakers, account, endpoint string) (func(fault), *Error) {
	return b.allow(account, account, endpoint)
}

// After openFor one call may try: its outcome closes the breaker or opens it
// again, and a call whose caller left decides nothing. An account whose try
// failed leaves the next try to another, for a while.
func TestBreakerClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreakers(slog.New(slog.DiscardHandler))
		n := 0
		fresh := func() string { n++; return fmt.Sprint("account ", n) }
		open := func(account string) bool { _, refused := allow(b, account, "host orders"); return refused != nil }
		try := func(account string, outcome fault) {
			t.Helper()
			done, refused := allow(b, account, "host orders")
			if refused != nil {
				t.Fatalf("the breaker refused the call: %v", refused)
			}
			done(outcome)
		}
		for range failuresToOpen {
			try(fresh(), brokerFault)
		}
		if !open(fresh()) {
			t.Fatal("ten failures in a row of ten accounts did not open it")
		}
		time.Sleep(openFor + time.Second)
		try("always failing", brokerFault)
		if !open(fresh()) {
			t.Fatal("it is not open again after the call that tried failed")
		}
		time.Sleep(openFor + time.Second)
		if !open("always failing") {
			t.Fatal("the account whose try failed may try again before any other")
		}
		try(fresh(), callerLeft)
		done, refused := allow(b, fresh(), "host orders")
		if refused != nil || !open(fresh()) {
			t.Fatalf("want one call that may try, and no second one: %v", refused)
		}
		done(noFault)
		for range 20 {
			try(fresh(), noFault)
			try("has wrong keys", noFault)
			try(fresh(), callFault)
		}
		if open(fresh()) {
			t.Fatal("it is open after a success")
		}

		// If no other account calls, the same one may try again.
		for range failuresToOpen {
			try(fresh(), brokerFault)
		}
		time.Sleep(openFor + time.Second)
		try("alone", brokerFault)
		time.Sleep(2*openFor + time.Second)
		try("alone", noFault)
		if open(fresh()) {
			t.Fatal("it is open after the only account's success")
		}
	})
}

// Failures that may be an account's own do not open the shared breaker: that
// takes ten in a row that are surely the broker's, of three owners, within
// the time for which failures count.
func TestOnlyTheBrokersFailuresAreEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreakers(slog.New(slog.DiscardHandler))
		n := 0
		fresh := func() string { n++; return fmt.Sprint("account ", n) }
		try := func(account string, outcome fault) {
			t.Helper()
			done, refused := allow(b, account, "host orders")
			if refused != nil {
				t.Fatalf("the breaker refused %s: %v", account, refused)
			}
			done(outcome)
		}
		for range 2 * failuresToOpen {
			try(fresh(), callFault)
		}
		for range failuresToOpen - 1 {
			try(fresh(), brokerFault)
			try(fresh(), callerLeft)
			try(fresh(), callFault)
		}
		try(fresh(), brokerFault)
		if _, refused := allow(b, fresh(), "host orders"); refused == nil {
			t.Fatal("ten failures of the broker's, of ten accounts, did not open it")
		}

		// However many accounts an owner has, that is one owner.
		of := func(owner string, i int) {
			if done, refused := b.allow(owner, fmt.Sprint(owner, i), "host watchlists"); refused == nil {
				done(brokerFault)
			}
		}
		for i := range 10 * failuresToOpen {
			of("one", i)
			of("another", i)
		}
		if _, refused := allow(b, fresh(), "host watchlists"); refused != nil {
			t.Error("failures of two owners' accounts opened everybody's breaker")
		}

		// Failures from before somebody got an answer do not count.
		try = func(account string, outcome fault) {
			if done, refused := allow(b, account, "host activities"); refused == nil {
				done(outcome)
			}
		}
		for range severalOwners {
			try(fresh(), brokerFault)
		}
		try(fresh(), noFault)
		for range 2 * failuresToOpen {
			try("alone", brokerFault)
		}
		if _, refused := allow(b, fresh(), "host activities"); refused != nil {
			t.Error("one account's failures opened everybody's breaker, with failures from before an answer")
		}
		if _, refused := allow(b, "alone", "host activities"); refused == nil {
			t.Error("an account's own failures do not open its breaker")
		}
		for range failuresToOpen {
			try("odd answers", callFault)
		}
		if _, refused := allow(b, "odd answers", "host activities"); refused == nil {
			t.Error("the account's own breaker is not open after its responses all broke off")
		}

		// Failures of other accounts from longer ago than countFor do not
		// count.
		try = func(account string, outcome fault) {
			if done, refused := allow(b, account, "host positions"); refused == nil {
				done(outcome)
			}
		}
		try(fresh(), brokerFault)
		try(fresh(), brokerFault)
		time.Sleep(countFor + time.Second)
		for range 2 * failuresToOpen {
			try("one", brokerFault)
		}
		if _, refused := allow(b, fresh(), "host positions"); refused != nil {
			t.Error("one account's failures opened everybody's breaker")
		}
	})
}

// A failure is blamed on the broker only if it did not respond in time, or
// responded with a 5xx, and the caller had not left.
func TestBlame(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, end := context.WithTimeout(t.Context(), 0)
	defer end()
	some := http.Header{}
	for name, tt := range map[string]struct {
		ctx    context.Context // the caller's
		status int
		header http.Header
		kind   Kind
		want   fault
	}{
		"wrong keys":                          {t.Context(), 401, some, Unauthorized, noFault},
		"a refused order":                     {t.Context(), 403, some, Forbidden, noFault},
		"too many requests":                   {t.Context(), 429, some, RateLimited, noFault},
		"a 5xx":                               {t.Context(), 503, some, Unavailable, brokerFault},
		"a 5xx to an order":                   {t.Context(), 500, some, Ambiguous, brokerFault},
		"a 5xx to one who left":               {gone, 503, some, Unavailable, brokerFault},
		"no connection":                       {t.Context(), 0, nil, Unavailable, brokerFault},
		"no answer in time":                   {t.Context(), 0, nil, Ambiguous, brokerFault},
		"an answer that is no HTTP":           {t.Context(), 0, nil, Ambiguous, callFault},
		"no answer to one who left":           {gone, 0, nil, Ambiguous, callerLeft},
		"its turn did not come":               {t.Context(), 0, nil, Canceled, callerLeft},
		"an answer that is cut off":           {t.Context(), 200, some, Unavailable, callFault},
		"an answer to an order, too large":    {t.Context(), 200, some, Ambiguous, callFault},
		"an answer that leads elsewhere":      {t.Context(), 302, some, Unavailable, callFault},
		"an answer of which the headers came": {t.Context(), 0, some, Unavailable, callFault},
	} {
		x := roundTrip{ctx: t.Context(), status: tt.status, header: tt.header}
		x.onWire.Store(name != "no connection")
		if name == "no answer in time" {
			x.ctx = late
		}
		if got := blame(tt.ctx, &x, &Error{Kind: tt.kind}); got != tt.want {
			t.Errorf("%s: blamed on %v, want %v", name, got, tt.want)
		}
	}
}

// Breakers of accounts that make no calls any more are removed.
func TestBreakersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreakers(slog.New(slog.DiscardHandler))
		for i := range maxBuckets {
			b.get(fmt.Sprint(i), "host orders")
		}
		time.Sleep(3 * countFor)
		if b.get("another", "host orders"); len(b.own) != 1 {
			t.Errorf("%d breakers are kept, want 1", len(b.own))
		}
	})
}

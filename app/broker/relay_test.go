package broker_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"paddock/app/broker"
)

var (
	bars   = broker.Request{Host: broker.Data, Method: "GET", Path: []string{"v2", "stocks", "bars"}, Query: url.Values{"symbols": {"AAPL,MSFT"}}, Kind: "stocks"}
	rename = broker.Request{Method: "PUT", Path: []string{"v2", "watchlists", "an-id"}, Body: []byte(`{"name":"x"}`), Kind: "watchlists"}
)

// relayed makes a passed-through request and reads the response to its end.
func relayed(ctx context.Context, c *broker.Client, r broker.Request) (string, error) {
	answer, err := c.Relay(ctx, r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// A passed-through request arrives as it was given, on the right host and with
// the account's keys. A value in the path stays one segment.
func TestRelaySendsWhatIsMeant(t *testing.T) {
	type seen struct{ method, uri, body, kind, key string }
	hear := func(into *seen) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			*into = seen{r.Method, r.RequestURI, "", r.Header.Get("Content-Type"), r.Header.Get("APCA-API-KEY-ID") + "/" + r.Header.Get("APCA-API-SECRET-KEY")}
			w.Header().Set("X-Request-ID", "request-1")
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			w.WriteHeader(201)
			fmt.Fprint(w, `{"invented_later":1}`)
		}
	}
	var atTrading, atData seen
	trading, _ := serve(t, hear(&atTrading))
	data, _ := serve(t, hear(&atData))
	client := newClient(t, trading, func(c *broker.Config) { c.DataURL = data })

	answer, err := client.Relay(t.Context(), broker.Request{Method: "GET", Path: []string{"v2", "assets", "BTC/USD"}, Kind: "assets"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil || string(text) != `{"invented_later":1}` || answer.Status != 201 || answer.RequestID != "request-1" || answer.Length != int64(len(text)) {
		t.Errorf("got %+v, %s (%v)", answer, text, err)
	}
	answer.Body.Close()
	if want := (seen{"GET", "/v2/assets/BTC%2FUSD", "", "", keyID + "/" + secretKey}); atTrading != want {
		t.Errorf("got %+v, want %+v", atTrading, want)
	}
	for _, r := range []broker.Request{bars, rename} {
		if _, err := relayed(t.Context(), client, r); err != nil {
			t.Fatal(err)
		}
	}
	if want := (seen{"GET", "/v2/stocks/bars?symbols=AAPL%2CMSFT", "", "", keyID + "/" + secretKey}); atData != want {
		t.Errorf("got %+v, want %+v", atData, want)
	}
	if want := (seen{"PUT", "/v2/watchlists/an-id", "", "application/json", keyID + "/" + secretKey}); atTrading != want {
		t.Errorf("got %+v, want %+v", atTrading, want)
	}
	for _, segment := range []string{"", ".", "..", "a/../b", "..\\b"} {
		before := atTrading
		if _, err := client.Relay(t.Context(), broker.Request{Method: "DELETE", Path: []string{"v2", "assets", segment}}); err == nil || atTrading != before {
			t.Errorf("%q was sent as a segment of a path (%v)", segment, err)
		}
	}
}

// A page is passed on while it arrives, however long it takes as a whole, and
// decompressed.
func TestRelayStreams(t *testing.T) {
	more := make(chan struct{})
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v2/assets" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, `["whole"]`)
			z.Close()
			return
		}
		flush := http.NewResponseController(w)
		for i := range 5 {
			fmt.Fprint(w, i)
			_ = flush.Flush()
			<-more
		}
	})
	client := newClient(t, server, func(c *broker.Config) { c.Timeout = 400 * time.Millisecond })
	answer, err := client.Relay(t.Context(), bars)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for i := range 5 {
		part := make([]byte, 10)
		n, err := answer.Body.Read(part)
		if err != nil || string(part[:n]) != fmt.Sprint(i) {
			t.Fatalf("part %d: %q (%v)", i, part[:n], err)
		}
		time.Sleep(150 * time.Millisecond) // 750 ms in total, more than Timeout
		if i == 2 {
			time.Sleep(500 * time.Millisecond) // a slow reader is not a silent broker
		}
		more <- struct{}{}
	}
	if n, err := answer.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the end is %d, %v", n, err)
	}
	if text, err := relayed(t.Context(), client, broker.Request{Method: "GET", Path: []string{"v2", "assets"}}); err != nil || text != `["whole"]` {
		t.Errorf("got %q (%v)", text, err)
	}
}

// A page that ends early gives an error and never looks complete: cut off,
// silent, larger than the bound or longer than its time.
func TestRelayTellsABrokenPage(t *testing.T) {
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"bars":[`)
		_ = http.NewResponseController(w).Flush()
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		change func(*broker.Config)
		says   string
	}{
		"cut":    {func(w http.ResponseWriter, _ *http.Request) { half(w); panic(http.ErrAbortHandler) }, func(*broker.Config) {}, "unexpected EOF"},
		"silent": {func(w http.ResponseWriter, r *http.Request) { half(w); silence(w, r) }, func(c *broker.Config) { c.Timeout = 200 * time.Millisecond }, "silent"},
		"large": {func(w http.ResponseWriter, _ *http.Request) {
			half(w)
			fmt.Fprint(w, strings.Repeat("1,", 1000))
		}, func(c *broker.Config) { c.MaxPage = 1000 }, "too large"},
		"long": {func(w http.ResponseWriter, r *http.Request) {
			for half(w); r.Context().Err() == nil; time.Sleep(20 * time.Millisecond) {
				half(w)
			}
		}, func(c *broker.Config) { c.PageTime = 300 * time.Millisecond }, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, requests := serve(t, tt.answer)
			for r, kind := range map[*broker.Request]broker.Kind{&bars: broker.Unavailable, &rename: broker.Ambiguous} {
				text, err := relayed(t.Context(), newClient(t, server, tt.change), *r)
				if e := asError(t, err); e.Kind != kind || !strings.Contains(e.Error(), tt.says) || !strings.HasPrefix(text, `{"bars":[`) {
					t.Errorf("%s: got %q and %v, want %v, %s", r.Method, text, err, kind, tt.says)
				}
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("%d requests, want 2: what was partly passed on cannot be tried again", n)
			}
		})
	}
}

// When its reader closes a page, or its context ends, the call at the broker
// ends. An account with many pages open cannot open more of them, and other
// accounts can.
func TestRelayEndsWithItsReader(t *testing.T) {
	left := make(chan struct{}, 100)
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "[")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		left <- struct{}{}
	})
	b := newBroker(t, server)
	one, err := b.Client(broker.Paper, keys(), broker.WithAccount("one", "one"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Client(broker.Paper, keys(), broker.WithAccount("other", "other"))
	if err != nil {
		t.Fatal(err)
	}
	ask := broker.Request{Method: "POST", Path: []string{"v2", "x"}}
	var open []*broker.Response
	for {
		answer, err := one.Relay(t.Context(), ask)
		if err != nil {
			if e := asError(t, err); e.Kind != broker.RateLimited || e.RetryAfter == 0 || len(open) < 8 {
				t.Fatalf("after %d pages: %v", len(open), err)
			}
			break
		}
		open = append(open, answer)
	}
	ctx, cancel := context.WithCancel(t.Context())
	answer, err := other.Relay(ctx, ask)
	if err != nil {
		t.Fatalf("another account: %v", err)
	}
	if _, err := answer.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-left
	if _, err := answer.Body.Read(make([]byte, 1)); asError(t, err).Kind != broker.Canceled {
		t.Errorf("the reader left: %v", err)
	}
	answer.Body.Close()
	for _, answer := range open {
		answer.Body.Close()
		<-left
	}
	again, err := one.Relay(t.Context(), ask)
	if err != nil {
		t.Fatalf("after all were closed: %v", err)
	}
	again.Body.Close()
}

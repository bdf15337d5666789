package broker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
)

// newBroker makes a Broker that uses url for every host.
func newBroker(t *testing.T, url string, change ...func(*broker.Config)) *broker.Broker {
	t.Helper()
	c := broker.Config{PaperURL: url, LiveURL: url, DataURL: url, Timeout: 20 * time.Second}
	for _, f := range change {
		f(&c)
	}
	b, err := broker.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func newClient(t *testing.T, url string, change ...func(*broker.Config)) *broker.Client {
	t.Helper()
	client, err := newBroker(t, url, change...).Client(broker.Paper, keys(), broker.WithAccount("one", "one"))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// serve runs a broker that responds with h, and counts its requests.
func serve(t *testing.T, h http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // the server notices that a client left only after it has read the body
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// say returns a handler that responds with a status and a body. Headers are
// given in pairs of name and value.
func say(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// cutAfter returns a handler that sends raw bytes and closes the connection.
func cutAfter(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprint(conn, raw)
		conn.Close()
	}
}

func silence(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func order() alpaca.PlaceOrderRequest {
	qty := decimal.NewFromInt(1)
	return alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &qty, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day, ClientOrderID: "mine"}
}

// calls are calls of the client, by what they do at the broker.
var calls = map[string]func(context.Context, *broker.Client) error{
	"read":   func(ctx context.Context, c *broker.Client) error { _, err := c.Positions(ctx); return err },
	"place":  func(ctx context.Context, c *broker.Client) error { _, err := c.PlaceOrder(ctx, order()); return err },
	"cancel": func(ctx context.Context, c *broker.Client) error { return c.CancelOrder(ctx, "an-id") },
	"relay":  func(ctx context.Context, c *broker.Client) error { _, err := relayed(ctx, c, bars); return err },
	"change": func(ctx context.Context, c *broker.Client) error { _, err := relayed(ctx, c, rename); return err },
}

// safe are the calls that change nothing at the broker.
var safe = map[string]bool{"read": true, "relay": true}

func asError(t *testing.T, err error) *broker.Error {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *broker.Error", err)
	}
	return e
}

// The kind of an error follows from what happened on the wire. A change whose
// response cannot be used is Ambiguous, because it may have been carried out,
// and no other error is. A change is sent once, and a read that is Unavailable
// once more.
func TestFailuresAreExplained(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, tt := range map[string]struct {
		answer               http.HandlerFunc
		url                  string // used instead of a server with answer
		read, place          broker.Kind
		code                 int
		message              string
		status               int
		retryAfter, notAfter time.Duration
		change               func(*broker.Config)
	}{
		"400":             {answer: say(400, `{"code":40010001,"message":"qty must be > 0"}`), read: broker.Invalid, place: broker.Invalid, code: 40010001, message: "qty must be > 0", status: 400},
		"401":             {answer: say(401, `{"code":40110000,"message":"request is not authorized"}`), read: broker.Unauthorized, place: broker.Unauthorized, code: 40110000, message: "request is not authorized", status: 401},
		"403":             {answer: say(403, `{"code":40310000,"message":"insufficient buying power"}`), read: broker.Forbidden, place: broker.Forbidden, code: 40310000, message: "insufficient buying power", status: 403},
		"404":             {answer: say(404, `{"code":40410000,"message":"order not found"}`), read: broker.NotFound, place: broker.NotFound, code: 40410000, message: "order not found", status: 404},
		"422":             {answer: say(422, `{"code":42210000,"message":"client_order_id must be unique"}`), read: broker.Invalid, place: broker.Invalid, code: 42210000, message: "client_order_id must be unique", status: 422},
		"422 in HTML":     {answer: say(422, `<html>no</html>`), read: broker.Invalid, place: broker.Invalid, status: 422},
		"429 in seconds":  {answer: say(429, `{"code":42910000,"message":"too many requests"}`, "Retry-After", "7"), read: broker.RateLimited, place: broker.RateLimited, code: 42910000, message: "too many requests", status: 429, retryAfter: 7 * time.Second, notAfter: 7 * time.Second},
		"429 until":       {answer: say(429, ``, "X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)), read: broker.RateLimited, place: broker.RateLimited, status: 429, retryAfter: 5 * time.Minute, notAfter: 10 * time.Minute},
		"429 until 1970":  {answer: say(429, ``, "X-Ratelimit-Reset", "1"), read: broker.RateLimited, place: broker.RateLimited, status: 429, retryAfter: time.Second, notAfter: time.Second},
		"429 nonsense":    {answer: say(429, ``, "Retry-After", "-9", "X-Ratelimit-Reset", "soon"), read: broker.RateLimited, place: broker.RateLimited, status: 429, retryAfter: time.Second, notAfter: time.Second},
		"500":             {answer: say(500, `{"code":50010000,"message":"internal server error occurred"}`), read: broker.Unavailable, place: broker.Ambiguous, code: 50010000, message: "internal server error occurred", status: 500},
		"503":             {answer: say(503, `upstream`), read: broker.Unavailable, place: broker.Ambiguous, status: 503},
		"garbage":         {answer: say(200, `<html>welcome</html>`), read: broker.Unavailable, place: broker.Ambiguous, status: 200},
		"half of a body":  {answer: say(200, `{"id":"x"`, "Content-Length", "1000", "Content-Type", "application/json"), read: broker.Unavailable, place: broker.Ambiguous},
		"too large":       {answer: say(200, `["`+strings.Repeat("x", 2000)+`"]`), read: broker.Unavailable, place: broker.Ambiguous, change: func(c *broker.Config) { c.MaxBody, c.MaxPage = 1000, 1000 }},
		"a lost link":     {answer: cutAfter(""), read: broker.Unavailable, place: broker.Ambiguous},
		"no HTTP":         {answer: cutAfter("220 mail.example ESMTP\r\n\r\n"), read: broker.Unavailable, place: broker.Ambiguous},
		"a late answer":   {answer: silence, read: broker.Unavailable, place: broker.Ambiguous, change: func(c *broker.Config) { c.Timeout = 300 * time.Millisecond }},
		"nobody there":    {url: closed.URL, read: broker.Unavailable, place: broker.Unavailable},
		"no TLS in sight": {url: silentServer(t), read: broker.Unavailable, place: broker.Unavailable, change: func(c *broker.Config) { c.Timeout = 300 * time.Millisecond }},
	} {
		for what, call := range calls {
			if what == "cancel" && tt.status == 200 {
				continue // the response to a cancellation has no body
			}
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				url, requests := tt.url, new(atomic.Int64)
				if tt.answer != nil {
					url, requests = serve(t, tt.answer)
				}
				client := newClient(t, url, func(c *broker.Config) {
					if tt.change != nil {
						tt.change(c)
					}
				})
				e := asError(t, call(t.Context(), client))
				want := tt.place
				if safe[what] {
					want = tt.read
				}
				if e.Kind != want || e.HTTPStatus != tt.status || e.Code != tt.code || e.Message != tt.message {
					t.Errorf("got %v, HTTP %d, code %d, %q; want %v, HTTP %d, code %d, %q", e.Kind, e.HTTPStatus, e.Code, e.Message, want, tt.status, tt.code, tt.message)
				}
				if e.RetryAfter < tt.retryAfter || e.RetryAfter > tt.notAfter {
					t.Errorf("retry after %v, want %v to %v", e.RetryAfter, tt.retryAfter, tt.notAfter)
				}
				sent := int64(1)
				if (what == "read" || what == "relay" && name != "half of a body") && want == broker.Unavailable || want == broker.Unauthorized {
					sent = 2 // a read is tried again, and a refusal of the keys confirmed
				}
				if n := requests.Load(); tt.answer != nil && n != sent {
					t.Errorf("%d requests were sent, want %d", n, sent)
				}
				wantNoKeys(t, "the error", fmt.Sprintf("%v %+v %#v", e, e, e))
			})
		}
	}
}

// silentServer listens and never sends anything. A client that waits for its
// TLS handshake has sent no request.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "https://" + l.Addr().String()
}

// No call follows a redirect. The broker never redirects, and Go's client would
// send the keys to any host that a redirect names.
func TestRedirectsAreRefused(t *testing.T) {
	elsewhere, visits := serve(t, say(200, "[]"))
	for _, status := range []int{301, 302, 303, 307, 308} {
		url, _ := serve(t, say(status, "", "Location", elsewhere+"/v2/orders", "X-Request-ID", "request-1"))
		client := newClient(t, url)
		for what, call := range calls {
			e := asError(t, call(t.Context(), client))
			if want := map[bool]broker.Kind{true: broker.Unavailable, false: broker.Ambiguous}[safe[what]]; e.Kind != want {
				t.Errorf("%d to a %s: %v, want %v", status, what, e.Kind, want)
			}
			if !strings.Contains(e.Error(), "redirect") || e.RequestID != "request-1" {
				t.Errorf("%d to a %s: %v", status, what, e)
			}
		}
		err := newBroker(t, url).StreamTrades(t.Context(), broker.Paper, keys(), "", func(broker.Message) error { return nil })
		if e := asError(t, err); e.Kind != broker.Unavailable {
			t.Errorf("%d to a stream: %v", status, err)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("another host was visited %d times", n)
	}
}

// Each request has the keys of its own tenant, whatever requests run at the
// same time.
func TestEveryClientHasItsOwnKeys(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		// In hex, since they would be masked as they are.
		fmt.Fprintf(w, `{"account_number":"%x/%x"}`, r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY"))
	})
	b := newBroker(t, url)
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			id, secret := fmt.Sprintf("PK%d", i), fmt.Sprintf("secret-%d", i)
			client, err := b.Client(broker.Paper, broker.Credentials{KeyID: broker.NewSecret(id), SecretKey: broker.NewSecret(secret)}, broker.WithAccount(id, id))
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				answer, err := client.Account(t.Context())
				if err != nil || answer.Value.AccountNumber != fmt.Sprintf("%x/%x", id, secret) {
					t.Fatalf("a request of %s arrived with the keys %v (%v)", id, answer.Value, err)
				}
			}
		})
	}
}

// Keys, control characters and long texts in the broker's responses reach
// neither people nor logs.
func TestWordsOfTheBrokerAreCleaned(t *testing.T) {
	body, err := json.Marshal(map[string]any{"code": 40010001, "message": "bad key " + keyID + " with " + secretKey + "\x1b[2J\r\nsecond line " + strings.Repeat("é", 2000)})
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"a refusal":     say(422, string(body), "X-Request-ID", keyID),
		"a failure":     say(500, string(body), "X-Request-ID", secretKey),
		"no HTTP":       cutAfter("HTTP/1.1 " + keyID + secretKey + "\r\n\r\n"),
		"a header":      cutAfter("HTTP/1.1 200 OK\r\n" + secretKey + "\r\n\r\n"),
		"an odd length": cutAfter("HTTP/1.1 200 OK\r\nContent-Length: " + keyID + "\r\n\r\n"),
	} {
		url, _ := serve(t, answer)
		for _, call := range calls {
			e := asError(t, call(t.Context(), newClient(t, url)))
			wantNoKeys(t, name, fmt.Sprintf("%v %#v %v %s", e, e, e.Cause, e.Message))
			if strings.ContainsAny(e.Message, "\x1b\r\n") || len(e.Message) > 600 {
				t.Errorf("%s: the message is %q", name, e.Message)
			}
		}
	}
	url, _ := serve(t, say(422, string(body)))
	if e := asError(t, calls["place"](t.Context(), newClient(t, url))); !strings.HasPrefix(e.Message, "bad key "+strings.Repeat("*", len(keyID))+" with "+strings.Repeat("*", len(secretKey))) {
		t.Errorf("the message is %q", e.Message)
	}
}

// A response is kept as Alpaca sent it, with fields that the SDK does not know,
// and with the X-Request-ID that Alpaca's support asks for. Errors have that id
// too.
func TestAnswersAreKeptWhole(t *testing.T) {
	const body = `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"mine","symbol":"AAPL","side":"buy","status":"new",` +
		`"qty":"1.000000001","filled_qty":"0","updated_at":"2026-11-25T14:30:00.123456789Z","invented_later":{"a":[1]}}`
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			say(404, `{"code":40410000,"message":"order not found"}`, "X-Request-ID", "request-2")(w, r)
			return
		}
		say(200, body, "X-Request-ID", "request-1")(w, r)
	})
	client := newClient(t, url)
	answer, err := client.PlaceOrder(t.Context(), order())
	if err != nil || string(answer.Raw) != body || answer.RequestID != "request-1" || answer.Value.ClientOrderID != "mine" || answer.Value.Qty.String() != "1.000000001" {
		t.Errorf("got %s of request %q (%v)", answer.Raw, answer.RequestID, err)
	}
	_, err = client.OrderByClientOrderID(t.Context(), "mine")
	if e := asError(t, err); e.RequestID != "request-2" || !strings.Contains(e.Error(), "request-2") {
		t.Errorf("got %v", err)
	}
}

// When its context ends a call ends too, though no method of the SDK takes a
// context, and the broker notices. A read is then Canceled, and no failure of
// the broker; a change is Ambiguous, because it may have been carried out.
func TestContextCancelsACall(t *testing.T) {
	for what, call := range calls {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			arrived, left := make(chan struct{}), make(chan struct{})
			url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				close(arrived)
				<-r.Context().Done()
				close(left)
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			want := broker.Ambiguous
			if safe[what] {
				want = broker.Canceled
			}
			if e := asError(t, call(ctx, newClient(t, url))); e.Kind != want {
				t.Errorf("got %v, want %v", e, want)
			}
			<-left
		})
	}
	for what, call := range calls { // before anything was sent
		url, requests := serve(t, say(200, "[]"))
		for name, ctx := range ended(t) {
			if e := asError(t, call(ctx, newClient(t, url))); e.Kind != broker.Canceled || requests.Load() != 0 {
				t.Errorf("%s with a context that was %s: %v, and %d requests", what, name, e, requests.Load())
			}
		}
	}
}

// ended returns contexts that have already ended.
func ended(t *testing.T) map[string]context.Context {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	t.Cleanup(cancel)
	return map[string]context.Context{"canceled": canceled, "too late": late}
}

// A change is sent once, with its whole body. If the SDK sent the request
// again, the body would be missing.
func TestOrderIsSentOnceAndWhole(t *testing.T) {
	bodies := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(bufio.NewReader(r.Body))
		if err != nil {
			t.Error(err)
		}
		bodies <- string(text)
		say(429, "", "Retry-After", "0")(w, r)
	}))
	defer server.Close()
	if e := asError(t, calls["place"](t.Context(), newClient(t, server.URL))); e.Kind != broker.RateLimited {
		t.Errorf("got %v", e)
	}
	if body := <-bodies; !strings.Contains(body, `"client_order_id":"mine"`) || len(bodies) != 0 {
		t.Errorf("sent %s, and %d more", body, len(bodies))
	}
}

// What an asset is and when a day trades is the same for all accounts, and asked
// once for each environment; an asset that the broker does not know is asked for again.
func TestSharedAnswersAreAskedOnce(t *testing.T) {
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/NOPE"):
			http.Error(w, `{"code":40410000,"message":"asset not found"}`, http.StatusNotFound)
		case strings.Contains(r.URL.Path, "/assets/"):
			fmt.Fprint(w, `{"id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","symbol":"AAPL","status":"active","tradable":true}`)
		default:
			fmt.Fprint(w, `[{"date":"2026-11-30","open":"09:30","close":"16:00"}]`)
		}
	})
	b := newBroker(t, url)
	ask := func(env broker.Environment, account string, want int64) {
		t.Helper()
		c, err := b.Client(env, keys(), broker.WithAccount(account, account))
		if err != nil {
			t.Fatal(err)
		}
		before := requests.Load()
		asset, err := c.KeptAsset(t.Context(), "AAPL")
		if err != nil || !asset.Value.Tradable {
			t.Errorf("%+v %v", asset.Value, err)
		}
		day, err := c.KeptCalendarDay(t.Context(), time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC))
		if err != nil || !strings.Contains(string(day.Raw), "09:30") {
			t.Errorf("%s %v", day.Raw, err)
		}
		if _, err := c.KeptAsset(t.Context(), "NOPE"); !broker.IsKind(err, broker.NotFound) {
			t.Errorf("an unknown asset: %v", err)
		}
		if n := requests.Load() - before; n != want {
			t.Errorf("%s: %d requests, want %d", account, n, want)
		}
	}
	ask(broker.Paper, "one", 3)
	ask(broker.Paper, "two", 1)
	ask(broker.Live, "three", 3)
}

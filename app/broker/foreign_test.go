package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/coder/websocket"

	"paddock/app/broker"
)

// echoed is what a broken broker sends back: the keys, as they are, as JSON may
// spell them, and the second one without its end.
var echoed = keyID + " " + secretKey + ` ` + escaped(keyID) + ` ` + escaped(secretKey)

func escaped(text string) (spelled string) {
	for _, c := range []byte(text) {
		spelled += fmt.Sprintf(`\u%04x`, c)
	}
	return spelled
}

// wantNothingOfTheKeys fails when text shows a key, or more than half of one.
func wantNothingOfTheKeys(t *testing.T, what, text string) {
	t.Helper()
	wantNoKeys(t, what, text)
	for _, secret := range []string{keyID, secretKey} {
		for _, part := range []string{secret[:len(secret)/2], secret[len(secret)/2:], escaped(secret)[:40]} {
			if strings.Contains(text, part) {
				t.Errorf("%s shows a part of a key: %.600s", what, text)
				return
			}
		}
	}
}

// answers are what a broken broker answers any request with.
func brokenAnswers() map[string]http.HandlerFunc {
	const chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
	list := map[string]http.HandlerFunc{
		"no HTTP":             cutAfter(echoed + "\r\n\r\n"),
		"a version":           cutAfter("HTTP/" + echoed + " 200 OK\r\n\r\n"),
		"a status":            cutAfter("HTTP/1.1 " + echoed + "\r\n\r\n"),
		"a status line":       cutAfter("HTTP/1.1 422 " + echoed + "\r\nContent-Length: 0\r\n\r\n"),
		"a malformed header":  cutAfter("HTTP/1.1 200 OK\r\n" + echoed + "\r\n\r\n"),
		"a header's name":     cutAfter("HTTP/1.1 200 OK\r\n" + keyID + " x: y\r\n\r\n"),
		"a length":            cutAfter("HTTP/1.1 200 OK\r\nContent-Length: " + echoed + "\r\n\r\n"),
		"an encoding":         cutAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + echoed + "\r\n\r\n"),
		"a chunk's size":      cutAfter(chunked + "\r\n" + secretKey + "\r\n"),
		"after a chunk":       cutAfter(chunked + "\r\n2\r\n[]" + echoed + "\r\n"),
		"a trailer":           cutAfter(chunked + "Trailer: X\r\n\r\n2\r\n[]\r\n0\r\n" + echoed + "\r\n\r\n"),
		"an early answer":     cutAfter("HTTP/1.1 103 " + echoed + "\r\n" + echoed + "\r\n\r\n"),
		"a cut body":          cutAfter("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n[\"" + secretKey[:len(secretKey)-3]),
		"a redirect":          say(302, echoed, "Location", "http://"+keyID+".invalid/"+secretKey, "X-Request-ID", echoed),
		"a type":              say(200, "[]", "Content-Type", echoed, "X-Request-ID", echoed),
		"a Date":              say(422, "{}", "Date", echoed, "X-Ratelimit-Limit", echoed, "Retry-After", echoed),
		"a body that is none": say(200, echoed, "Content-Type", "application/json"),
		"a failure's body":    say(500, echoed, "X-Request-ID", echoed),
		"a list":              say(200, `[{"id":"`+echoed+`","`+keyID+`":"`+echoed+`","symbol":"`+echoed+`","qty":"`+echoed+`"},"`+echoed+`"]`, "Content-Type", "application/json"),
		"an order": say(200, `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"`+echoed+`","symbol":"`+echoed+`","side":"`+echoed+`","status":"`+echoed+
			`","qty":"1","filled_qty":"0","legs":"`+echoed+`","invented":{"`+secretKey+`":["`+echoed+`"]}}`, "Content-Type", "application/json"),
	}
	for _, status := range []int{400, 401, 403, 404, 422, 429, 500} {
		list[fmt.Sprint("a refusal with ", status)] = say(status,
			`{"code":1,"message":"`+echoed+`","existing_order_id":"`+echoed+`","headers":{"`+keyID+`":"`+echoed+`"}}`, "X-Request-ID", echoed)
	}
	return list
}

// every request that the broker's client makes.
func requests() map[string]func(context.Context, *broker.Client) (any, error) {
	list := map[string]func(context.Context, *broker.Client) (any, error){
		"account":   func(ctx context.Context, c *broker.Client) (any, error) { return c.Account(ctx) },
		"positions": func(ctx context.Context, c *broker.Client) (any, error) { return c.Positions(ctx) },
		"orders": func(ctx context.Context, c *broker.Client) (any, error) {
			return c.Orders(ctx, alpaca.GetOrdersRequest{})
		},
		"order": func(ctx context.Context, c *broker.Client) (any, error) { return c.OrderByClientOrderID(ctx, "mine") },
		"clock": func(ctx context.Context, c *broker.Client) (any, error) { return c.Clock(ctx) },
		"asset": func(ctx context.Context, c *broker.Client) (any, error) { return c.Asset(ctx, "AAPL") },
		"place": func(ctx context.Context, c *broker.Client) (any, error) { return c.PlaceOrder(ctx, order()) },
		"replace": func(ctx context.Context, c *broker.Client) (any, error) {
			return c.ReplaceOrder(ctx, "an-id", alpaca.ReplaceOrderRequest{})
		},
		"cancel": func(ctx context.Context, c *broker.Client) (any, error) { return nil, c.CancelOrder(ctx, "an-id") },
		"relay":  func(ctx context.Context, c *broker.Client) (any, error) { return relayed(ctx, c, bars) },
		"change": func(ctx context.Context, c *broker.Client) (any, error) { return relayed(ctx, c, rename) },
	}
	return list
}

// Whatever a broker sends back of what it was sent, in whatever place, no answer
// and no error has the keys in it, and no log.
func TestNothingShowsEchoedKeys(t *testing.T) {
	for place, answer := range brokenAnswers() {
		t.Run(strings.ReplaceAll(place, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var asking sync.WaitGroup
			for what, ask := range requests() {
				url, asked := serve(t, answer)
				var out text
				log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
				client := newClient(t, url, func(c *broker.Config) { c.Logger = log })
				asking.Go(func() {
					got, err := ask(t.Context(), client)
					if asked.Load() == 0 {
						t.Errorf("%s: nothing was asked", what)
					}
					log.Info("it ended", "err", err, "answer", got)
					wantNothingOfTheKeys(t, what, fmt.Sprintf("%v %+v %#v %s %s", err, err, got, got, out.String()))
					var e *broker.Error
					if errors.As(err, &e) {
						wantNothingOfTheKeys(t, what, fmt.Sprintf("%+v %#v %s %v %+v", *e, *e, e.MoreJSON(), e.Cause, e.Odd))
					}
				})
			}
			asking.Wait()
		})
	}
}

// The same of both streams, before they begin and while they tell.
func TestNoStreamShowsEchoedKeys(t *testing.T) {
	check := func(t *testing.T, what string, stream func(*broker.Broker, func(broker.Message) error) error, url string) {
		t.Helper()
		var out text
		log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		heard := 0
		err := stream(newBroker(t, url, func(c *broker.Config) { c.Logger = log }), func(m broker.Message) error {
			heard++
			log.Info("heard", "kind", m.Kind, "id", m.EventID, "text", m.Text, "update", string(m.Update))
			return nil
		})
		log.Info("it ended", "err", err)
		wantNothingOfTheKeys(t, what, fmt.Sprintf("%v %+v %#v %s", err, err, err, out.String()))
		var e *broker.Error
		if errors.As(err, &e) {
			wantNothingOfTheKeys(t, what, fmt.Sprintf("%+v %#v %v", *e, *e, e.Cause))
		}
	}
	events := func(b *broker.Broker, handle func(broker.Message) error) error {
		return b.StreamTrades(t.Context(), broker.Paper, keys(), "", handle)
	}
	socket := func(b *broker.Broker, handle func(broker.Message) error) error {
		return b.StreamSocket(t.Context(), broker.Paper, keys(), handle)
	}
	for place, answer := range brokenAnswers() {
		url, _ := serve(t, answer)
		check(t, "events, "+place, events, url)
		check(t, "socket, "+place, socket, url)
	}
	for place, told := range map[string]string{
		"a comment":      ": dropped " + echoed + "\n\n",
		"an event":       "event: " + echoed + "\nid: " + echoed + "\ndata: " + echoed + "\n\n",
		"an update":      `data: {"event_id":"` + echoed + `","event":"` + echoed + `","order":{"id":"` + echoed + `"}}` + "\n\n",
		"no update":      `data: {"` + echoed + `":"` + echoed + `"}` + "\n\n",
		"two lines":      "data: {\ndata: \"event_id\":\"" + echoed + "\",\"event\":\"x\",\"order\":{\"id\":\"" + echoed + "\"}}\n\n",
		"without an end": "data: " + echoed,
	} {
		url, _ := serve(t, say(200, told, "Content-Type", "text/event-stream"))
		check(t, "events, "+place, events, url)
	}
	url, _ := serve(t, cutAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n:\n\r\n"+secretKey+"\r\n"))
	check(t, "events, a chunk's size", events, url)

	update := `{"stream":"trade_updates","data":{"event":"` + echoed + `","execution_id":"` + echoed + `","timestamp":"2026-11-25T14:30:00.123Z","order":{"id":"` + echoed + `"}}}`
	for place, answers := range map[string][]string{
		"a refusal":          {`{"stream":"authorization","data":{"status":"unauthorized","message":"` + echoed + `"}}`},
		"no stream":          {authorized, `{"stream":"listening","data":{"streams":[],"error":"` + echoed + `"}}`},
		"frames":             {authorized, listening},
		"frames for nothing": {`{"stream":"` + echoed + `"}` + "\n" + authorized, listening},
	} {
		url, _ := serveSocket(t, answers, func(ctx context.Context, c *websocket.Conn) {
			for _, frame := range []string{update, `{"stream":"trade_updates","data":"` + echoed + `"}`, echoed} {
				_ = c.Write(ctx, websocket.MessageText, []byte(frame)) // the reader checks what arrives
			}
			_ = c.Close(websocket.StatusPolicyViolation, keyID+" "+secretKey)
		})
		check(t, "socket, "+place, socket, url)
	}
	url, _ = serve(t, cutAfter("HTTP/1.1 101 "+echoed+"\r\nUpgrade: "+echoed+"\r\nConnection: "+echoed+"\r\nSec-WebSocket-Accept: "+echoed+"\r\n\r\n"))
	check(t, "socket, an upgrade", socket, url)
}

// text is a log in memory.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

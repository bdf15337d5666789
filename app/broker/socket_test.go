package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/broker"
)

const (
	authorized = `{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}`
	listening  = `{"stream":"listening","data":{"streams":["trade_updates"]}}`
	aFill      = `{"event":"fill","execution_id":"e1","timestamp":"2026-11-25T14:30:00.123Z","qty":"0.10","order":{"id":"x","client_order_id":"y"}}`
)

// serveSocket runs a server in place of Alpaca's WebSocket. It responds to each
// message with the next of answers, and then calls talk. What it receives is
// sent to heard.
func serveSocket(t *testing.T, answers []string, talk func(context.Context, *websocket.Conn)) (url string, heard chan string) {
	t.Helper()
	heard = make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for _, answer := range answers {
			_, text, err := c.Read(ctx)
			if err != nil {
				return
			}
			heard <- r.URL.Path + " " + string(text)
			for _, frame := range strings.Split(answer, "\n") {
				_ = c.Write(ctx, websocket.MessageBinary, []byte(frame)) // the test checks what arrives
			}
		}
		talk(ctx, c)
	}))
	t.Cleanup(func() { cancel(); server.Close() })
	return server.URL, heard
}

// says returns a function that sends each text, in a text frame and in a binary
// frame, and closes the connection.
func says(texts ...string) func(context.Context, *websocket.Conn) {
	return func(ctx context.Context, c *websocket.Conn) {
		for _, text := range texts {
			for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
				_ = c.Write(ctx, kind, []byte(text)) // the test checks what arrives
			}
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
}

// followSocket reads a WebSocket to its end and returns what was delivered.
func followSocket(t *testing.T, b *broker.Broker) (heard []string, err error) {
	t.Helper()
	err = b.StreamSocket(t.Context(), broker.Paper, keys(), func(m broker.Message) error {
		switch m.Kind {
		case broker.Connected:
			heard = append(heard, "connected")
		case broker.Dropped:
			heard = append(heard, "dropped "+m.Text)
		case broker.Update:
			heard = append(heard, m.EventID+" "+string(m.Update))
		}
		return nil
	})
	return heard, err
}

// Updates in text frames and in binary frames are delivered in Alpaca's JSON.
// An update that cannot be read is delivered as Dropped, so that the caller
// reconciles. Messages of other streams are ignored.
func TestSocketDelivers(t *testing.T) {
	const update = `{"event_id":"01A","event":"invented_later","order":{"id":"x","client_order_id":"y"},"qty":"0.10","more":{"b":[1]}}`
	url, asked := serveSocket(t, []string{authorized, `{"stream":"other","data":{}}` + "\n" + listening}, says(
		`{"stream":"trade_updates","data":`+update+`}`, `{"stream":"invented","data":1}`, `not JSON`, `{"stream":"trade_updates","data":{"event":"fill"}}`))
	heard, err := followSocket(t, newBroker(t, url))
	if !errors.Is(err, broker.ErrCut) {
		t.Errorf("it ended with %v", err)
	}
	const unread = "dropped an update could not be read"
	if want := []string{"connected", "01A " + update, "01A " + update, unread, unread, unread, unread}; !slices.Equal(heard, want) {
		t.Errorf("received\n%s\nwant\n%s", strings.Join(heard, "\n"), strings.Join(want, "\n"))
	}
	for _, want := range []string{
		`/stream {"action":"auth","key":"` + keyID + `","secret":"` + secretKey + `"}`,
		`/stream {"action":"listen","data":{"streams":["trade_updates"]}}`,
	} {
		if got := <-asked; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

// An update without an id gets one in Alpaca's form. The same update always
// gets the same id and different updates get different ones, and the ids sort
// by time among Alpaca's own.
func TestSocketNamesUpdates(t *testing.T) {
	later := strings.Replace(aFill, "00.123Z", "00.124Z", 1)
	other := strings.Replace(aFill, `"e1"`, `"e2"`, 1)
	noExecution := strings.Replace(aFill, `"execution_id":"e1",`, "", 1)
	nullID := strings.Replace(aFill, `{"event"`, `{"event_id":null,"event"`, 1)
	timeless := strings.Replace(aFill, "timestamp", "time", 1)
	var texts []string
	for _, u := range []string{aFill, later, other, noExecution, strings.Replace(noExecution, "0.10", "0.20", 1), nullID, timeless} {
		texts = append(texts, `{"stream":"trade_updates","data":`+u+`}`)
	}
	url, _ := serveSocket(t, []string{authorized, listening}, says(texts...))
	heard, err := followSocket(t, newBroker(t, url))
	if !errors.Is(err, broker.ErrCut) || len(heard) != 15 {
		t.Fatalf("received %q, and it ended with %v", heard, err)
	}
	var ids []string
	for i, text := range heard[1:13] {
		id, update, _ := strings.Cut(text, " ")
		var fields struct {
			EventID string          `json:"event_id"`
			Qty     json.RawMessage `json:"qty"`
		}
		if err := json.Unmarshal([]byte(update), &fields); err != nil || fields.EventID != id || !strings.Contains(string(fields.Qty), `"0.`) {
			t.Errorf("%s says %s (%v)", id, update, err)
		}
		if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{26}$`).MatchString(id) {
			t.Errorf("%q is not a ULID", id)
		}
		if i%2 == 1 && id != ids[len(ids)-1] {
			t.Errorf("the same update is %s and %s", ids[len(ids)-1], id)
		} else if i%2 == 0 {
			ids = append(ids, id)
		}
	}
	if ids[5] != ids[0] {
		t.Errorf("with the id null it becomes %s, and without an id %s", ids[5], ids[0])
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(ids[:5]))); len(distinct) != 5 {
		t.Errorf("five updates have the ids %q", distinct)
	}
	// 2026-11-25T14:30:00.123Z is 1795617000123 ms, in Crockford's base 32:
	if begins := "01M89HT2NV"; !strings.HasPrefix(ids[0], begins) || ids[1] <= ids[0] {
		t.Errorf("the ids are %s and, a millisecond later, %s; want the first to begin with %s", ids[0], ids[1], begins)
	}
	for _, text := range heard[13:] {
		if !strings.HasPrefix(text, "dropped ") {
			t.Errorf("an update without a time became %s", text)
		}
	}
}

// The reason for a refusal decides what the caller does next. That a second
// connection is refused says nothing about the keys.
func TestSocketRefusals(t *testing.T) {
	for status, want := range map[int]any{
		401: broker.Unauthorized, 403: broker.ErrNotSupported, 404: broker.ErrNotSupported, 429: broker.RateLimited,
		500: broker.Unavailable, 503: broker.Unavailable, 200: broker.Unavailable,
	} {
		url, _ := serve(t, say(status, "", "X-Request-ID", "request-1 "+keyID))
		heard, err := followSocket(t, newBroker(t, url))
		if len(heard) != 0 {
			t.Errorf("%d: received %q", status, heard)
		}
		switch want := want.(type) {
		case error:
			if !errors.Is(err, want) {
				t.Errorf("%d: %v", status, err)
			}
		case broker.Kind:
			if e := asError(t, err); e.Kind != want || e.HTTPStatus != status || e.RequestID != "request-1 "+strings.Repeat("*", len(keyID)) {
				t.Errorf("%d: %v", status, e)
			}
		}
	}
	for said, want := range map[string]broker.Kind{
		`{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}`:                                       broker.Unauthorized,
		`{"stream":"authorization","data":{"status":"unauthorized","message":"access key verification failed for ` + keyID + `"}}`:  broker.Unauthorized,
		`{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate","message":"connection limit exceeded"}}`: broker.RateLimited,
	} {
		url, _ := serveSocket(t, []string{said}, says())
		heard, err := followSocket(t, newBroker(t, url))
		if e := asError(t, err); e.Kind != want || len(heard) != 0 {
			t.Errorf("%s: %v, and received %q", said, e, heard)
		}
		wantNoKeys(t, said, fmt.Sprintf("%v", err))
	}
	for what, answers := range map[string][]string{
		"told of no stream":   {authorized, `{"stream":"listening","data":{"streams":[]}}`},
		"told of an error":    {authorized, `{"stream":"listening","data":{"error":"internal","streams":["trade_updates"]}}`},
		"cut while it begins": {authorized},
	} {
		url, _ := serveSocket(t, answers, says())
		if heard, err := followSocket(t, newBroker(t, url)); asError(t, err).Kind != broker.Unavailable || len(heard) != 0 {
			t.Errorf("%s: %v, and received %q", what, err, heard)
		}
	}
}

// The keys are sent to no other host, even if the broker redirects.
func TestSocketFollowsNoRedirect(t *testing.T) {
	elsewhere, asked := serveSocket(t, []string{authorized, listening}, says())
	url, _ := serve(t, say(307, "", "Location", elsewhere+"/stream"))
	heard, err := followSocket(t, newBroker(t, url))
	if e := asError(t, err); e.Kind != broker.Unavailable || len(heard) != 0 || len(asked) != 0 {
		t.Errorf("%v, and received %q", e, heard)
	}
}

// A message that is too large ends the stream before it fills the memory.
func TestSocketIsBounded(t *testing.T) {
	url, _ := serveSocket(t, []string{authorized, listening}, says(`{"stream":"trade_updates","data":"`+strings.Repeat("x", 1<<20)+`"}`))
	if heard, err := followSocket(t, newBroker(t, url)); !errors.Is(err, broker.ErrCut) || !slices.Equal(heard, []string{"connected"}) {
		t.Errorf("received %d messages, and it ended with %v", len(heard), err)
	}
}

// A connection that sends no pongs is closed. One that sends them is kept,
// however quiet it is, and so is one whose handler is busy.
func TestSilentSocketIsGivenUp(t *testing.T) {
	short := func(c *broker.Config) { c.StreamIdle = 200 * time.Millisecond }
	url, _ := serveSocket(t, []string{authorized, listening}, func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() })
	if heard, err := followSocket(t, newBroker(t, url, short)); !errors.Is(err, broker.ErrIdle) || !slices.Equal(heard, []string{"connected"}) {
		t.Errorf("received %q, and it ended with %v", heard, err)
	}
	url, _ = serveSocket(t, []string{authorized, listening}, func(ctx context.Context, c *websocket.Conn) {
		reading := c.CloseRead(ctx) // responds to pings
		time.Sleep(time.Second)
		_ = c.Write(reading, websocket.MessageText, []byte(`{"stream":"trade_updates","data":`+aFill+`}`))
		time.Sleep(100 * time.Millisecond)
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
	updates := 0
	err := newBroker(t, url, short).StreamSocket(t.Context(), broker.Paper, keys(), func(m broker.Message) error {
		if m.Kind == broker.Update {
			updates++
			time.Sleep(time.Second) // as if the database were slow
		}
		return nil
	})
	if !errors.Is(err, broker.ErrCut) || updates != 1 {
		t.Errorf("%d updates came, and it ended with %v", updates, err)
	}
}

// A stream ends when its context does, or with its handler's error. It closes
// the WebSocket properly, so that Alpaca knows at once that the account may
// connect again. It ends soon even if the other side does not respond.
func TestSocketEndsWhenTold(t *testing.T) {
	left := make(chan websocket.StatusCode, 2)
	url, _ := serveSocket(t, []string{authorized, listening}, func(ctx context.Context, c *websocket.Conn) {
		_, _, err := c.Read(ctx)
		left <- websocket.CloseStatus(err)
	})
	deaf, _ := serveSocket(t, []string{authorized, listening}, func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() })
	for _, url := range []string{url, deaf} {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		err := newBroker(t, url).StreamSocket(ctx, broker.Paper, keys(), func(broker.Message) error { cancel(); return nil })
		if took := time.Since(began); !errors.Is(err, context.Canceled) || took > 3*time.Second {
			t.Errorf("it ended after %s with %v", took, err)
		}
	}
	reason := errors.New("the database is gone")
	for _, url := range []string{url, deaf} {
		if err := newBroker(t, url).StreamSocket(t.Context(), broker.Paper, keys(), func(broker.Message) error { return reason }); !errors.Is(err, reason) {
			t.Errorf("it ended with %v", err)
		}
	}
	for range 2 {
		if status := <-left; status != websocket.StatusNormalClosure {
			t.Errorf("the other side saw the connection end with %v", status)
		}
	}
}

// Streams are read at their configured URL and path, or at the trading host if
// none is set. An invalid path and an unsafe URL are refused.
func TestStreamsHaveTheirPlaces(t *testing.T) {
	paths := make(chan string, 2)
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { paths <- r.URL.Path; w.WriteHeader(503) })
	moved := func(c *broker.Config) {
		c.PaperURL, c.StreamPaperURL, c.EventsPath, c.SocketPath = "http://127.0.0.1:1", url+"/", "/v2/stream/trades", "/v3/socket"
	}
	if _, err := follow(t, newBroker(t, url, moved), ""); err == nil || <-paths != "/v2/stream/trades" {
		t.Errorf("Server-Sent Events were not read at the configured path: %v", err)
	}
	if _, err := followSocket(t, newBroker(t, url, moved)); err == nil || <-paths != "/v3/socket" {
		t.Errorf("the WebSocket was not read at the configured path: %v", err)
	}
	for name, c := range map[string]broker.Config{
		"PADDOCK_ALPACA_STREAM_PAPER_URL must be": {StreamPaperURL: "http://stream.example"},
		"PADDOCK_ALPACA_STREAM_LIVE_URL must be":  {StreamLiveURL: "wss://stream.example"},
		"PADDOCK_ALPACA_STREAM_SSE_PATH must be":  {EventsPath: "v2/events"},
		"PADDOCK_ALPACA_STREAM_WS_PATH must be":   {SocketPath: "//elsewhere/stream"},
	} {
		if _, err := broker.New(c); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"paddock/app/broker"
)

// follow reads a stream to its end and returns what was delivered.
func follow(t *testing.T, b *broker.Broker, sinceID string) (heard []string, err error) {
	t.Helper()
	err = b.StreamTrades(t.Context(), broker.Paper, keys(), sinceID, func(m broker.Message) error {
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

// Updates are delivered in Alpaca's JSON, also with unknown fields and events.
// Updates that were lost, at Alpaca or here, are delivered as Dropped, so that
// the caller reconciles.
func TestStreamDelivers(t *testing.T) {
	const update = `{"event_id":"01A","event":"invented_later","order":{"id":"x","client_order_id":"y"},"qty":"0.10","more":{"b":[1]}}`
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/events/trades" || r.Header.Get("APCA-API-KEY-ID") != keyID || r.Header.Get("APCA-API-SECRET-KEY") != secretKey {
			w.WriteHeader(401)
			return
		}
		fmt.Fprint(w, ": welcome\n\ndata: "+update+"\n\n: you are reading too slowly, dropped 10000 messages\n\n",
			"data: {\"event_id\":\"01B\"\n\n",                // invalid JSON
			`data: {"event_id":"01C","event":"fill"}`+"\n\n", // without an order
			"data: []\n\n: heartbeat\n\n",
			"event: trade\r\nid: 01D\r\ndata: {\"event_id\":\"01D\",\r\ndata: \"event\":\"fill\",\"order\":{\"id\":\"x\",\"client_order_id\":\"y\"}}\r\n\r\n")
	})
	heard, err := follow(t, newBroker(t, url), "")
	if !errors.Is(err, broker.ErrCut) {
		t.Errorf("it ended with %v", err)
	}
	want := []string{
		"connected", "01A " + update, "dropped you are reading too slowly, dropped 10000 messages",
		"dropped an update could not be read", "dropped an update could not be read", "dropped an update could not be read",
		"01D {\"event_id\":\"01D\",\n\"event\":\"fill\",\"order\":{\"id\":\"x\",\"client_order_id\":\"y\"}}",
	}
	if !slices.Equal(heard, want) {
		t.Errorf("received\n%s\nwant\n%s", strings.Join(heard, "\n"), strings.Join(want, "\n"))
	}
}

// A stream begins after the update with the given id, or with present updates
// if no id is given.
func TestStreamGoesOnAfterAnID(t *testing.T) {
	asked := make(chan string, 1)
	url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.RawQuery })
	for id, want := range map[string]string{"": "", "01HCM8Y1AGZ3XV": "since_id=01HCM8Y1AGZ3XV", "a&until=b c": "since_id=a%26until%3Db+c"} {
		if _, err := follow(t, newBroker(t, url), id); !errors.Is(err, broker.ErrCut) {
			t.Errorf("it ended with %v", err)
		}
		if got := <-asked; got != want {
			t.Errorf("after %q it requested %q, want %q", id, got, want)
		}
	}
}

// The reason for a refusal decides what the caller does next: with wrong keys
// it stops, without such a stream it uses reconciliation alone, and in other
// cases it tries again.
func TestStreamRefusals(t *testing.T) {
	for status, want := range map[int]any{
		401: broker.Unauthorized, 403: broker.ErrNotSupported, 404: broker.ErrNotSupported,
		429: broker.RateLimited, 500: broker.Unavailable, 503: broker.Unavailable, 204: broker.Unavailable,
	} {
		url, _ := serve(t, say(status, "", "X-Request-ID", "request-1 "+keyID))
		heard, err := follow(t, newBroker(t, url), "")
		if len(heard) != 0 {
			t.Errorf("%d: received %q", status, heard)
		}
		switch want := want.(type) {
		case error:
			if !errors.Is(err, want) {
				t.Errorf("%d: %v", status, err)
			}
		case broker.Kind:
			e := asError(t, err)
			if e.Kind != want || e.HTTPStatus != status || e.RequestID != "request-1 "+strings.Repeat("*", len(keyID)) {
				t.Errorf("%d: %v", status, e)
			}
		}
	}
}

// A connection on which nothing arrives, not even a heartbeat, is closed,
// because the network may have dropped it.
func TestSilentStreamIsGivenUp(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, ": welcome\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	heard, err := follow(t, newBroker(t, url, func(c *broker.Config) { c.StreamIdle = 200 * time.Millisecond }), "")
	if !errors.Is(err, broker.ErrIdle) || !slices.Equal(heard, []string{"connected"}) {
		t.Errorf("received %q, and it ended with %v", heard, err)
	}
}

// A stream ends when its context does, and with its handler's error.
func TestStreamEndsOnDemand(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	b := newBroker(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.StreamTrades(ctx, broker.Paper, keys(), "", func(broker.Message) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("with its context it ended with %v", err)
	}
	full := errors.New("the database is full")
	if err := b.StreamTrades(t.Context(), broker.Paper, keys(), "", func(broker.Message) error { return full }); err != full {
		t.Errorf("with its handler it ended with %v", err)
	}
}

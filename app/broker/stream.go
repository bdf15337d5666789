package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Why a stream of trade updates ended, besides Unauthorized and the context's
// own error.
var (
	// ErrNotSupported: the broker offers no such stream to this account (403, 404).
	ErrNotSupported = errors.New("the broker does not offer this stream to the account")
	// ErrIdle: nothing arrived for the idle time, not even a heartbeat.
	ErrIdle = errors.New("the stream was silent for too long")
	// ErrCut: the connection ended, properly or not.
	ErrCut = errors.New("the stream was cut")
)

// MessageKind is what a stream delivers.
type MessageKind int

// The kinds of message.
const (
	Connected MessageKind = iota // the stream is connected; reconcile now
	Update                       // a trade update
	Dropped                      // messages were left out, or one could not be read; reconcile
)

// Message is one delivery of a stream.
type Message struct {
	Kind    MessageKind
	EventID string          // of an Update
	Update  json.RawMessage // Alpaca's JSON, unknown fields included; of a Dropped, the unreadable message, if any
	Text    string          // of a Dropped: the broker's text
}

// StreamTrades reads the account's trade updates by Server-Sent Events, from
// the event after sinceID or, where that is "", from now. handle is called for
// each message in order; its error ends the stream. StreamTrades returns when
// the stream ends, always with an error.
//
// The SDK's own reader is not used: it drops comments, by which Alpaca says
// that messages were lost, has no idle timeout, and ends without an error.
func (b *Broker) StreamTrades(ctx context.Context, env Environment, c Credentials, sinceID string, handle func(Message) error) error {
	base, err := b.streamURL(env)
	if err != nil {
		return err
	}
	target := base + b.config.EventsPath
	if sinceID != "" {
		target += "?since_id=" + url.QueryEscape(sinceID)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return fmt.Errorf("make the stream's request: %w", err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("APCA-API-KEY-ID", c.KeyID.Reveal())
	request.Header.Set("APCA-API-SECRET-KEY", c.SecretKey.Reveal())

	response, err := foreign{b.streaming, c}.RoundTrip(request) // follows no redirect
	if err != nil {
		return streamEnd(ctx, err)
	}
	defer response.Body.Close()
	if err := refusedStream(response, http.StatusOK); err != nil {
		return err
	}

	idle := time.AfterFunc(b.config.StreamIdle, func() { cancel(ErrIdle) })
	defer idle.Stop()
	if err := handle(Message{Kind: Connected}); err != nil {
		return err
	}
	err = readEvents(response.Body, func(e serverEvent) error {
		idle.Reset(b.config.StreamIdle)
		return deliver(e, handle)
	})
	return streamEnd(ctx, err)
}

// streamEnd prefers the reason for which the context was ended.
func streamEnd(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// refusedStream returns the error for an answer that does not begin a stream.
func refusedStream(response *http.Response, begins int) error {
	e := &Error{Kind: Unavailable, HTTPStatus: response.StatusCode, RequestID: clean(response.Header.Get("X-Request-ID"))}
	switch response.StatusCode {
	case begins:
		return nil
	case http.StatusForbidden, http.StatusNotFound:
		return ErrNotSupported
	case http.StatusUnauthorized:
		e.Kind = Unauthorized
	case http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = RateLimited, retryAfter(response.Header)
	}
	return e
}

// deliver turns a server-sent event into messages.
func deliver(e serverEvent, handle func(Message) error) error {
	if e.comment != "" && bytes.Contains([]byte(e.comment), []byte("dropped")) {
		return handle(Message{Kind: Dropped, Text: clean(e.comment)})
	}
	if len(e.data) == 0 {
		return nil // a heartbeat
	}
	head, ok := readUpdate(e.data)
	if !ok || head.EventID == "" {
		return handle(Message{Kind: Dropped, Text: unreadable, Update: bytes.Clone(e.data)})
	}
	return handle(Message{Kind: Update, EventID: string(head.EventID), Update: bytes.Clone(e.data)})
}

// unreadable is the text of a Dropped for an update that could not be read.
const unreadable = "an update could not be read"

// updateHead has the fields that identify an update.
type updateHead struct {
	EventID     looseText `json:"event_id"`
	Event       looseText `json:"event"`
	ExecutionID looseText `json:"execution_id"`
	At          looseText `json:"at"`
	Timestamp   looseText `json:"timestamp"`
	Order       struct {
		ID        looseText `json:"id"`
		UpdatedAt looseText `json:"updated_at"`
	} `json:"order"`
}

// looseText is a text, or a number's digits, and "" for anything else.
type looseText string

// UnmarshalJSON takes anything.
func (l *looseText) UnmarshalJSON(raw []byte) error {
	text, _ := textOf(raw)
	*l = looseText(text)
	return nil
}

// readUpdate reports whether text is an update of an order. ReadUpdate says
// what else is odd about it.
func readUpdate(text []byte) (head updateHead, ok bool) {
	err := json.Unmarshal(text, &head)
	return head, err == nil && head.Event != "" && head.Order.ID != ""
}

// UpdateTime returns when an update was sent, by the broker's clock, and the
// zero time where it does not say.
func UpdateTime(update []byte) time.Time {
	head, _ := readUpdate(update)
	for _, text := range []looseText{head.At, head.Timestamp} {
		if at, err := time.Parse(time.RFC3339, string(text)); err == nil {
			return at
		}
	}
	return time.Time{}
}

package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"paddock/sql/jsonb"
)

// Kind is what a failed call means for its caller.
type Kind int

// The kinds of failure. After an order was sent, only Ambiguous leaves open
// whether it was placed; with every other kind it surely was not.
const (
	// Unavailable: the broker was not reached, or could not answer a read. Or it
	// refused the keys (401) and the trading host, asked for the account, did not
	// confirm that.
	Unavailable Kind = iota
	// Unauthorized: the keys are wrong. The trading host says so for the
	// account's own endpoint (401).
	Unauthorized
	// Forbidden: the account may not do this, lacks the money or the shares, or
	// would trade with itself (403).
	Forbidden
	// NotFound: 404.
	NotFound
	// Invalid: the broker refused the request (400, 422, and other 4xx).
	Invalid
	// RateLimited: too many requests, here or at the broker (429).
	RateLimited
	// Ambiguous: a change was, or may have been, sent, and no usable answer
	// came back: a timeout, a lost connection, a 5xx, or an answer that could
	// not be read.
	Ambiguous
	// Canceled: the caller's context ended before a change was sent, or before
	// a read was answered.
	Canceled
)

var kindNames = [...]string{"unavailable", "unauthorized", "forbidden", "not found", "invalid", "rate limited", "ambiguous", "canceled"}

func (k Kind) String() string { return kindNames[k] }

// Error is a failed call. It never contains keys or headers.
type Error struct {
	Kind       Kind
	HTTPStatus int           // 0 without an answer
	Code       int           // Alpaca's own, such as 40310000
	Message    string        // Alpaca's own sentence
	RequestID  string        // the answer's X-Request-ID
	RetryAfter time.Duration // for RateLimited and Unavailable, where known
	// ExistingOrderID is the broker's id of the order with which this one would
	// trade. Alpaca sends it and does not document it.
	ExistingOrderID string
	// Odd is an order of which nothing could be used; asking again would bring
	// the same.
	Odd *Odd
	// More is what else Alpaca sent, by field: held_for_orders, related_orders
	// and others.
	More  map[string]json.RawMessage
	Cause error
}

// Refusal returns why an order was surely not placed; nil where it may be at the
// broker, because its answer was lost.
func Refusal(err error) *Error {
	var e *Error
	if !errors.As(err, &e) || e.Kind == Ambiguous || e.Kind == Canceled {
		return nil
	}
	return e
}

// IsKind reports whether an error is the broker's, of one of these kinds.
func IsKind(err error, kinds ...Kind) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(kinds, e.Kind)
}

// Error describes the failure, for the log.
func (e *Error) Error() string {
	text := "alpaca: " + e.Kind.String()
	if e.HTTPStatus != 0 {
		text += fmt.Sprintf(" (HTTP %d, code %d, request %s): %s", e.HTTPStatus, e.Code, e.RequestID, e.Message)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// MoreJSON returns More as a JSON object; nil where there is no more.
func (e *Error) MoreJSON() []byte {
	if e.More == nil {
		return nil
	}
	text, err := json.Marshal(e.More)
	if err != nil {
		panic(err) // cannot happen: it was parsed from JSON
	}
	return text
}

// canceled is the failure of a call whose caller did not wait.
func canceled(ctx context.Context) *Error { return &Error{Kind: Canceled, Cause: ctx.Err()} }

// maxMore bounds the size of More, in bytes as Postgres writes it.
const maxMore = 8 << 10

// more returns the fields of a refusal besides its code and message. It returns
// nil where the body is no object or is long.
func more(body []byte) map[string]json.RawMessage {
	var said map[string]json.RawMessage
	if len(body) > maxMore || json.Unmarshal(body, &said) != nil || jsonb.Size(body) > maxMore {
		return nil
	}
	delete(said, "code")
	delete(said, "message")
	if len(said) == 0 {
		return nil
	}
	return said
}

// maxMessage bounds the broker's message, in bytes.
const maxMessage = 500

// clean makes the broker's text safe to show: short, and without control
// characters. The keys were masked when it was read (see foreign).
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, ""))
}

// Package problem is the error that reaches a person: a kind that decides the
// HTTP status, a stable code to search for, and a sentence that says what to
// do. The cause stays inside, for the log.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of thing went wrong; httpapi turns it into a status.
type Kind int

// The kinds of problem, with the HTTP status that each becomes.
const (
	Internal        Kind = iota // 500
	Invalid                     // 400
	Unauthenticated             // 401
	Forbidden                   // 403
	NotFound                    // 404
	Conflict                    // 409
	Gone                        // 410
	TooLarge                    // 413
	Unsupported                 // 415
	Unprocessable               // 422
	TooMany                     // 429
	Unavailable                 // 503
)

// Problem is an error with a code and a message that a person can act on.
type Problem struct {
	Kind       Kind
	Code       string        // stable, snake_case
	Message    string        // a sentence that says what to do; never holds a secret
	RetryAfter time.Duration // for TooMany and Unavailable; 0 leaves it out
	Broker     *Broker       // the broker's own words, where it was the broker that refused
	Details    any           // what a program needs to go on, as JSON; nil for nothing
	Cause      error         // for the log alone
}

// Broker is what the broker said, passed on unchanged.
type Broker struct {
	Code      int
	Message   string
	RequestID string                     // the broker's X-Request-ID, which its support asks for
	More      map[string]json.RawMessage // what else it said, such as held_for_orders
}

// MarshalJSON writes what the broker said under its names.
func (b Broker) MarshalJSON() ([]byte, error) {
	said := map[string]any{}
	for name, value := range b.More {
		said[name] = value
	}
	if b.Code != 0 {
		said["code"] = b.Code
	}
	for name, text := range map[string]string{"message": b.Message, "request_id": b.RequestID} {
		if text != "" {
			said[name] = text
		}
	}
	return json.Marshal(said)
}

// New makes a Problem.
func New(kind Kind, code, format string, args ...any) *Problem {
	return &Problem{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because adds the cause and answers the same Problem.
func (p *Problem) Because(err error) *Problem {
	p.Cause = err
	return p
}

// Error gives code, sentence and cause, for the log.
func (p *Problem) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", p.Code, p.Message, p.Cause)
	}
	return p.Code + ": " + p.Message
}

// Unwrap answers the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Of answers the Problem in err's chain. Any other error becomes an Internal
// one, whose cause it is.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return New(Internal, "internal", "Something went wrong on our side. Try again, and give the request id when you ask for help.").Because(err)
}

// Is reports whether err is a Problem with this code.
func Is(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}

// Package problem is the error that reaches a person: a stable code to search
// for, whose kind decides the HTTP status, and a sentence that says what to do.
// The cause stays inside, for the log. All codes that there are stand in this
// package's lists.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Problem is an error with a code and a message that a person can act on.
type Problem struct {
	Code       Code
	Message    string        // a sentence that says what to do; never holds a secret
	RetryAfter time.Duration // for TooMany and Unavailable; 0 leaves it out
	Broker     *Broker       // the broker's own words, where it was the broker that refused
	Details    any           // what a program needs to go on, as JSON; nil for nothing
	Cause      error         // for the log alone
	later      bool          // see Later
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
func New(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Kind returns what sort of problem it is: its code's kind, but after Later.
func (p *Problem) Kind() Kind {
	if p.later {
		return KindUnavailable
	}
	return p.Code.Kind()
}

// Later makes it a problem that asking again may mend: its kind is
// KindUnavailable whatever its code's kind is. It is for a request that waited
// for work in the background and says why that failed, which only POST
// /api/sync does. It returns the same Problem.
func (p *Problem) Later(retryAfter time.Duration) *Problem {
	p.later, p.RetryAfter = true, retryAfter
	return p
}

// Because sets the cause and returns the same Problem.
func (p *Problem) Because(err error) *Problem {
	p.Cause = err
	return p
}

// Error gives code, sentence and cause, for the log.
func (p *Problem) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", p.Code, p.Message, p.Cause)
	}
	return p.Code.String() + ": " + p.Message
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Of returns the Problem in err's chain. Any other error becomes an Internal
// one, whose cause it is.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return New(Internal, "Something went wrong on our side. Try again, and give the request id when you ask for help.").Because(err)
}

// Is reports whether err is a Problem with this code.
func Is(err error, code Code) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}

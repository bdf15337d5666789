package broker

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// breakers keep one circuit breaker a host and kind of endpoint. Only a broker
// that does not answer trips one: a refusal, a wrong key above all, is an
// answer, and a caller that did not wait proves nothing, so one tenant cannot
// close the door for the others.
type breakers struct {
	mu  sync.Mutex
	all map[string]*gobreaker.TwoStepCircuitBreaker[any]
	log *slog.Logger
}

func newBreakers(log *slog.Logger) *breakers {
	return &breakers{all: map[string]*gobreaker.TwoStepCircuitBreaker[any]{}, log: log}
}

// openFor is how long a tripped breaker waits before it lets one call try.
const openFor = 5 * time.Second

func (b *breakers) get(key string) *gobreaker.TwoStepCircuitBreaker[any] {
	b.mu.Lock()
	defer b.mu.Unlock()
	cb, ok := b.all[key]
	if !ok {
		cb = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			Name: key, MaxRequests: 1, Interval: 30 * time.Second, Timeout: openFor,
			IsExcluded: func(err error) bool {
				var e *Error
				return errors.As(err, &e) && e.Kind == Canceled
			},
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 10 },
			OnStateChange: func(name string, from, to gobreaker.State) {
				b.log.Warn("circuit breaker", "endpoint", name, "from", from.String(), "to", to.String())
			},
		})
		b.all[key] = cb
	}
	return cb
}

// allow answers what to call with the outcome, or Unavailable while the
// breaker is open: nothing was sent then. A caller that left, Canceled, says
// nothing about the broker and counts neither way.
func (b *breakers) allow(key string) (func(*Error), *Error) {
	done, err := b.get(key).Allow()
	if err != nil {
		return nil, &Error{Kind: Unavailable, Message: "the broker has not answered lately", RetryAfter: openFor, Cause: err}
	}
	return func(e *Error) {
		if e != nil && (e.Kind == Unavailable || e.Kind == Ambiguous || e.Kind == Canceled) {
			done(e)
			return
		}
		done(nil)
	}, nil
}

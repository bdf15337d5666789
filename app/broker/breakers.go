package broker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// fault is who is to blame for a call without a usable answer.
type fault int

const (
	noFault     fault = iota // there was an answer; a refusal is one, above all of wrong keys
	callerLeft               // the caller did not wait, which proves nothing
	callFault                // maybe due to this request or account, and so not held against others
	brokerFault              // no connection, no answer in time, or a 5xx
)

// blame returns whose fault a failure is.
func blame(ctx context.Context, x *roundTrip, failure *Error) fault {
	switch {
	case failure.Kind == Canceled, x.status == 0 && ctx.Err() != nil:
		return callerLeft // it is not the broker that gave up
	case failure.Kind != Unavailable && failure.Kind != Ambiguous:
		return noFault
	case x.status >= http.StatusInternalServerError, x.header == nil && (!x.onWire.Load() || x.ctx.Err() != nil || isDialing(failure.Cause)):
		return brokerFault
	}
	return callFault // an answer that is no HTTP, too large, broke off, or is a redirect
}

// isDialing reports whether there was no connection at all.
func isDialing(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// breakers keep circuit breakers for each host and kind of endpoint: one for
// each account, and one that all accounts share. An account's own opens after
// repeated failures of any kind. The shared one opens only for failures that
// are surely the broker's, where accounts of several owners have them and none
// gets an answer. So neither a user, with however many accounts, nor anything
// that Alpaca answers to one, can block the others.
type breakers struct {
	mu     sync.Mutex
	own    map[string]*ownBreaker
	shared map[string]*sharedBreaker
	opened atomic.Int64 // how often one opened
	log    *slog.Logger
}

type breaker = gobreaker.TwoStepCircuitBreaker[any]

type ownBreaker struct {
	*breaker
	used time.Time
}

type sharedBreaker struct {
	*breaker
	mu      sync.Mutex
	failing map[string]time.Time // owners whose accounts' calls failed since any account got an answer, and when
	// The owner whose account tried last while the breaker was open, and when.
	// Another one's tries next, so that an account with a fault of its own does
	// not keep the breaker open.
	tried   string
	triedAt time.Time
}

func newBreakers(log *slog.Logger) *breakers {
	return &breakers{own: map[string]*ownBreaker{}, shared: map[string]*sharedBreaker{}, log: log}
}

const (
	// openFor is how long a breaker stays open before it lets one call try.
	openFor = 5 * time.Second
	// countFor is how long failures count.
	countFor = 30 * time.Second
	// failuresToOpen is how many failures in a row open a breaker.
	failuresToOpen = 10
	// severalOwners is how many owners' calls must have failed to open a shared
	// breaker.
	severalOwners = 3
)

var (
	errLeft   = errors.New("the caller left")
	errFailed = errors.New("the call failed")
)

func (b *breakers) make(name string, open func(gobreaker.Counts) bool) *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name: name, MaxRequests: 1, Interval: countFor, Timeout: openFor, ReadyToTrip: open,
		IsExcluded: func(err error) bool { return errors.Is(err, errLeft) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.opened.Add(1)
			}
			b.log.Warn("circuit breaker", "of", name, "from", from.String(), "to", to.String())
		},
	})
}

func (b *breakers) get(account, endpoint string) (*ownBreaker, *sharedBreaker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	key := account + " " + endpoint
	own, ok := b.own[key]
	if !ok {
		if len(b.own) >= maxBuckets {
			for k, old := range b.own {
				if now.Sub(old.used) > 2*countFor {
					delete(b.own, k)
				}
			}
		}
		own = &ownBreaker{breaker: b.make(key, func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresToOpen })}
		b.own[key] = own
	}
	own.used = now
	shared, ok := b.shared[endpoint]
	if !ok {
		shared = &sharedBreaker{failing: map[string]time.Time{}}
		shared.breaker = b.make("everybody's "+endpoint, func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= failuresToOpen && shared.failsForSeveral()
		})
		b.shared[endpoint] = shared
	}
	return own, shared
}

// failsForSeveral reports whether calls of several owners' accounts failed lately.
func (s *sharedBreaker) failsForSeveral() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for owner, at := range s.failing {
		if time.Since(at) > countFor {
			delete(s.failing, owner)
		}
	}
	return len(s.failing) >= severalOwners
}

// mayTry reports whether an account of this owner may make the call that tries
// an open breaker.
func (s *sharedBreaker) mayTry(owner string) bool {
	if s.State() != gobreaker.StateHalfOpen {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried == owner && time.Since(s.triedAt) < 2*openFor {
		return false
	}
	s.tried, s.triedAt = owner, time.Now()
	return true
}

// record notes the outcome of a call of one of the owner's accounts.
func (s *sharedBreaker) record(owner string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f {
	case noFault:
		clear(s.failing)
	case brokerFault:
		s.failing[owner] = time.Now()
	}
}

// allow returns a function to call with the outcome of an account's call, or
// Unavailable while a breaker is open; then nothing was sent.
func (b *breakers) allow(owner, account, endpoint string) (func(fault), *Error) {
	refuse := func(err error) (func(fault), *Error) {
		return nil, &Error{Kind: Unavailable, Message: "the broker has not answered lately", RetryAfter: openFor, Cause: err}
	}
	own, shared := b.get(account, endpoint)
	ownDone, err := own.Allow()
	if err != nil {
		return refuse(err)
	}
	if !shared.mayTry(owner) {
		ownDone(errLeft)
		return refuse(gobreaker.ErrOpenState)
	}
	sharedDone, err := shared.Allow()
	if err != nil {
		ownDone(errLeft)
		return refuse(err)
	}
	return func(f fault) {
		shared.record(owner, f)
		switch f {
		case noFault:
			ownDone(nil)
			sharedDone(nil)
		case callerLeft:
			ownDone(errLeft)
			sharedDone(errLeft)
		case callFault:
			ownDone(errFailed)
			sharedDone(errLeft)
		case brokerFault:
			ownDone(errFailed)
			sharedDone(errFailed)
		}
	}, nil
}

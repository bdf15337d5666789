package broker

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// fault is whose it is that a call came to nothing.
type fault int

const (
	nobody      fault = iota // there was an answer: a refusal, a wrong key above all, is one
	left                     // the caller's, who did not wait: it says nothing
	ofTheCall                // it may be what was asked, or this account: no other is to suffer from it
	ofTheBroker              // no connection, no answer in time, or a 5xx
)

// blame says whose fault a failure is.
func blame(ctx context.Context, x *exchange, failure *Error) fault {
	switch {
	case failure.Kind == Canceled, x.status == 0 && ctx.Err() != nil:
		return left // it is not the broker that gave up
	case failure.Kind != Unavailable && failure.Kind != Ambiguous:
		return nobody
	case x.status >= http.StatusInternalServerError, x.status == 0 && x.header == nil:
		return ofTheBroker
	}
	return ofTheCall // an answer that is too large, is cut off, or leads elsewhere
}

// breakers keep circuit breakers by host and kind of endpoint: one of each
// account, and one that all share. An account's own opens for whatever fails
// again and again. The shared one opens for what is surely the broker's, where
// it fails for several accounts and answers none: so no account, and nothing
// that Alpaca answers to one account, closes the door for the others.
type breakers struct {
	mu     sync.Mutex
	own    map[string]*ownBreaker
	shared map[string]*sharedBreaker
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
	failing map[string]time.Time // accounts whose calls failed since any was answered
	// The account that tried last while it was open, and when: another tries
	// next, lest one that alone fails keeps it open.
	tried   string
	triedAt time.Time
}

func newBreakers(log *slog.Logger) *breakers {
	return &breakers{own: map[string]*ownBreaker{}, shared: map[string]*sharedBreaker{}, log: log}
}

const (
	// openFor is how long a tripped breaker waits before it lets one call try.
	openFor = 5 * time.Second
	// countFor is how long failures count.
	countFor = 30 * time.Second
	// failuresToOpen is how many in a row open a breaker.
	failuresToOpen = 10
	// severalAccounts is of how many accounts they must be to open a shared one.
	severalAccounts = 3
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
			return c.ConsecutiveFailures >= failuresToOpen && shared.several()
		})
		b.shared[endpoint] = shared
	}
	return own, shared
}

// several says whether calls of several accounts have failed lately.
func (s *sharedBreaker) several() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for account, at := range s.failing {
		if time.Since(at) > countFor {
			delete(s.failing, account)
		}
	}
	return len(s.failing) >= severalAccounts
}

// mayTry says whether an account may be the one that tries while it is open.
func (s *sharedBreaker) mayTry(account string) bool {
	if s.State() != gobreaker.StateHalfOpen {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried == account && time.Since(s.triedAt) < 2*openFor {
		return false
	}
	s.tried, s.triedAt = account, time.Now()
	return true
}

// heard notes what became of an account's call.
func (s *sharedBreaker) heard(account string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f {
	case nobody:
		clear(s.failing)
	case ofTheBroker:
		s.failing[account] = time.Now()
	}
}

// allow answers what to call with the outcome, or Unavailable while a breaker is
// open: nothing was sent then.
func (b *breakers) allow(account, endpoint string) (func(fault), *Error) {
	refuse := func(err error) (func(fault), *Error) {
		return nil, &Error{Kind: Unavailable, Message: "the broker has not answered lately", RetryAfter: openFor, Cause: err}
	}
	own, shared := b.get(account, endpoint)
	ownDone, err := own.Allow()
	if err != nil {
		return refuse(err)
	}
	if !shared.mayTry(account) {
		ownDone(errLeft)
		return refuse(gobreaker.ErrOpenState)
	}
	sharedDone, err := shared.Allow()
	if err != nil {
		ownDone(errLeft)
		return refuse(err)
	}
	return func(f fault) {
		shared.heard(account, f)
		switch f {
		case nobody:
			ownDone(nil)
			sharedDone(nil)
		case left:
			ownDone(errLeft)
			sharedDone(errLeft)
		case ofTheCall:
			ownDone(errFailed)
			sharedDone(errLeft)
		case ofTheBroker:
			ownDone(errFailed)
			sharedDone(errFailed)
		}
	}, nil
}

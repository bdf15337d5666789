package broker

import (
	"context"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The kinds of host that a call can go to.
const (
	HostPaper = "paper" // the trading host of paper accounts
	HostLive  = "live"  // the trading host of live accounts
	HostData  = "data"  // market data
)

// Call is one call of the broker, without anything of the account's.
type Call struct {
	Host     string // a kind of host
	Endpoint string // a kind of endpoint, such as "place" or "v2/assets"
}

// Outcome is how a call ended.
type Outcome struct {
	Result string // one of Results
	Method string // "" where nothing was sent
	Path   string // the path with {} in place of what names something: see PathPattern
	Status int    // 0 without an answer
}

// The results of calls that are no Kind of an Error.
const (
	ResultOK      = "ok"
	ResultHeld    = "held_back"    // not sent: the account has used up its requests for the moment
	ResultBreaker = "breaker_open" // not sent: the broker has not answered lately
)

// Results returns every result that an Outcome can have.
func Results() []string {
	all := []string{ResultOK, ResultHeld, ResultBreaker}
	for k := range kindNames {
		all = append(all, Kind(k).result())
	}
	return all
}

// result returns the kind as one word.
func (k Kind) result() string { return strings.ReplaceAll(k.String(), " ", "_") }

// begin tells the observer that a call begins, to the trading host or to that of
// market data. It returns a function to call with how it ended: with failure nil
// where it succeeded, and x nil where nothing was sent.
func (c *Client) begin(ctx context.Context, to Host, endpoint string) func(x *roundTrip, failure *Error) {
	if c.broker.config.OnCall == nil {
		return func(*roundTrip, *Error) {}
	}
	kind := string(c.env)
	if to == Data {
		kind = HostData
	}
	end := c.broker.config.OnCall(ctx, Call{Host: kind, Endpoint: endpoint})
	return func(x *roundTrip, failure *Error) { end(outcomeOf(x, failure)) }
}

func outcomeOf(x *roundTrip, failure *Error) Outcome {
	o := Outcome{Result: ResultOK}
	if x != nil {
		o.Method, o.Path, o.Status = x.method, PathPattern(x.path), x.status
	}
	switch {
	case failure == nil:
	case x == nil && failure.Kind == RateLimited:
		o.Result = ResultHeld
	case x == nil && failure.Kind == Unavailable:
		o.Result = ResultBreaker
	default:
		o.Result = failure.Kind.result()
	}
	return o
}

// words are the parts of Alpaca's paths that name no one thing.
var words = func() map[string]bool {
	known := map[string]bool{}
	for _, word := range strings.Fields(`v1 v1beta1 v1beta3 v2 v3 account accounts activities announcements assets auctions bars calendar clock
		conditions configurations contracts corporate-actions corporate_actions crypto do-not-exercise events exchanges exercise
		fixed_income forex history indices latest meta most-actives movers news options orderbooks orders portfolio positions prices
		quotes rates screener snapshot snapshots stocks stream trades us_corporates us_treasuries values watchlists
		orders:by_client_order_id watchlists:by_name`) {
		known[word] = true
	}
	return known
}()

// PathPattern returns a path of Alpaca's with {} in place of every part that is
// not one of the words which its paths are made of, such as an id or a symbol.
func PathPattern(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part != "" && !words[part] {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// State is what an operator may know of an instance's calls as a whole.
type State struct {
	// LeastLeft is how much is left of the requests of the account that has the
	// least left, of those that were used in the last minute: from 0 to 1, and 1
	// where there is none.
	LeastLeft float64
	// How many circuit breakers are open now: those of one account, and those
	// that all accounts share.
	OwnOpen, SharedOpen int
	Opened              int64 // how often one opened since the start
}

// State returns the state. It looks at each account that was used lately.
func (b *Broker) State() State {
	own, shared := b.breakers.open()
	return State{LeastLeft: b.limits.leastLeft(), OwnOpen: own, SharedOpen: shared, Opened: b.breakers.opened.Load()}
}

// leastLeft returns the smallest part that is left of a bucket.
func (l *limits) leastLeft() float64 {
	least, now := 1.0, time.Now()
	l.mu.Lock()
	lately := make([]*bucket, 0, len(l.buckets))
	for _, b := range l.buckets {
		if now.Sub(b.used) < time.Minute {
			lately = append(lately, b)
		}
	}
	l.mu.Unlock()
	for _, b := range lately {
		least = min(least, max(0, b.Tokens()/float64(b.Burst())))
	}
	return least
}

// open returns how many breakers are open.
func (b *breakers) open() (own, shared int) {
	b.mu.Lock()
	var ownBreakers, sharedBreakers []*breaker
	for _, o := range b.own {
		ownBreakers = append(ownBreakers, o.breaker)
	}
	for _, s := range b.shared {
		sharedBreakers = append(sharedBreakers, s.breaker)
	}
	b.mu.Unlock()
	return countOpen(ownBreakers), countOpen(sharedBreakers)
}

func countOpen(all []*breaker) (open int) {
	for _, b := range all {
		if b.State() == gobreaker.StateOpen {
			open++
		}
	}
	return open
}

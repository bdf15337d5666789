package broker

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Alpaca allows 200 requests a minute an account on most plans, and says in
// X-Ratelimit-Limit where it is another number.
const defaultPerMinute = 200

// maxWait is how long a call may queue for its turn before the caller is told
// to come back later.
const maxWait = 3 * time.Second

// limits keep one token bucket an account and host.
type limits struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

// maxBuckets bounds the memory; buckets idle for longer than a minute are full
// again, so that forgetting them changes nothing.
const maxBuckets = 10_000

func newLimits() *limits { return &limits{buckets: map[string]*bucket{}} }

func (l *limits) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= maxBuckets {
			for k, old := range l.buckets {
				if now.Sub(old.used) > time.Minute {
					delete(l.buckets, k)
				}
			}
		}
		b = &bucket{Limiter: rate.NewLimiter(perMinute(defaultPerMinute), defaultPerMinute/4)}
		l.buckets[key] = b
	}
	b.used = now
	return b.Limiter
}

func perMinute(n int) rate.Limit { return rate.Limit(float64(n) / 60) }

// wait takes a token, or says RateLimited with the time after which there
// would be one.
func (l *limits) wait(ctx context.Context, key string) *Error {
	if ctx.Err() != nil {
		return gone(ctx)
	}
	r := l.bucket(key).Reserve()
	delay := r.Delay()
	deadline, bounded := ctx.Deadline()
	if delay > maxWait || bounded && time.Now().Add(delay).After(deadline) {
		r.Cancel()
		return &Error{Kind: RateLimited, Message: "this account has used up its requests for the moment", RetryAfter: delay}
	}
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			r.Cancel()
			return gone(ctx)
		}
	}
	return nil
}

// maxBehind is how long background work lets others go first.
const maxBehind = 30 * time.Second

// waitBehind takes a token while more than half of the bucket is there for
// others. An account whose people leave no half gets wait after a while, so
// that its mirror does not stand still.
func (l *limits) waitBehind(ctx context.Context, key string) *Error {
	for began := time.Now(); time.Since(began) < maxBehind; {
		b := l.bucket(key)
		if b.Tokens() > float64(b.Burst())/2 && b.Allow() {
			return nil
		}
		timer := time.NewTimer(250 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return gone(ctx)
		}
	}
	return l.wait(ctx, key)
}

// spare takes a token while more than half of the bucket is there for others,
// and waits for none.
func (l *limits) spare(ctx context.Context, key string) *Error {
	if ctx.Err() != nil {
		return gone(ctx)
	}
	if b := l.bucket(key); b.Tokens() > float64(b.Burst())/2 && b.Allow() {
		return nil
	}
	return &Error{Kind: RateLimited, Message: "the rest of this account's requests is left to others for the moment", RetryAfter: time.Second}
}

// learn takes the account's real limit from an answer.
func (l *limits) learn(key string, h http.Header) {
	n, err := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	if err != nil || n < 1 || n > 100_000 {
		return
	}
	if b := l.bucket(key); b.Limit() != perMinute(n) {
		b.SetLimit(perMinute(n))
		b.SetBurst(max(n/4, 1))
	}
}

// retryAfter reads when a 429 says to come back: X-Ratelimit-Reset is a Unix
// time in seconds, by the broker's clock, as the answer's Date is.
func retryAfter(h http.Header) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 && s < 3600 {
		return time.Duration(s) * time.Second
	}
	if at, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
		date, err := http.ParseTime(h.Get("Date"))
		if d := time.Unix(at, 0).Sub(date); err == nil && d > 0 && d < time.Hour {
			return d
		}
	}
	return time.Second
}

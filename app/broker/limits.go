package broker

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Alpaca allows most accounts 200 requests a minute; X-Ratelimit-Limit says
// where it is another number.
const defaultPerMinute = 200

// maxWait is how long a call may wait for its turn before it ends with
// RateLimited.
const maxWait = 3 * time.Second

// limits keep a token bucket for each account and host.
type limits struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	shares  map[string]map[string]*share // by bucket and who uses it: see waitShared
	spares  map[string]*rate.Limiter     // by bucket: see waitUrgent
}

type bucket struct {
	*rate.Limiter
	used time.Time
	told told // what Alpaca said was left
}

// maxBuckets bounds the memory. A bucket that was idle for over a minute is
// full again, so that dropping it changes nothing.
const maxBuckets = 10_000

func newLimits() *limits {
	return &limits{buckets: map[string]*bucket{}, shares: map[string]map[string]*share{}, spares: map[string]*rate.Limiter{}}
}

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
					delete(l.shares, k)
					delete(l.spares, k)
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

// wait takes a token, or returns RateLimited with the time until there would be
// one.
func (l *limits) wait(ctx context.Context, key string) *Error {
	if ctx.Err() != nil {
		return canceled(ctx)
	}
	return waitFor(ctx, l.bucket(key), "this account has used up its requests for the moment")
}

// waitFor takes a token of b, for which it waits maxWait at most, or returns RateLimited
// with why.
func waitFor(ctx context.Context, b *rate.Limiter, why string) *Error {
	r := b.Reserve()
	delay := r.Delay()
	deadline, bounded := ctx.Deadline()
	if delay > maxWait || bounded && time.Now().Add(delay).After(deadline) {
		r.Cancel()
		return &Error{Kind: RateLimited, Message: why, RetryAfter: delay}
	}
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			r.Cancel()
			return canceled(ctx)
		}
	}
	return nil
}

// maxLowPriorityWait is how long a call of low priority waits for others.
const maxLowPriorityWait = 30 * time.Second

// waitLowPriority waits until the bucket is more than half full and takes a
// token. After maxLowPriorityWait it takes one as wait does, so that the mirror
// of a busy account does not stand still.
func (l *limits) waitLowPriority(ctx context.Context, key string) *Error {
	for began := time.Now(); time.Since(began) < maxLowPriorityWait; {
		b := l.bucket(key)
		if b.Tokens() > float64(b.Burst())/2 && b.Allow() {
			return nil
		}
		timer := time.NewTimer(250 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return canceled(ctx)
		}
	}
	return l.wait(ctx, key)
}

// tryLowPriority takes a token if the bucket is more than half full, and does
// not wait.
func (l *limits) tryLowPriority(ctx context.Context, key string) *Error {
	if ctx.Err() != nil {
		return canceled(ctx)
	}
	if b := l.bucket(key); b.Tokens() > float64(b.Burst())/2 && b.Allow() {
		return nil
	}
	return &Error{Kind: RateLimited, Message: "the rest of this account's requests is left to others for the moment", RetryAfter: time.Second}
}

// trySpare is tryLowPriority that also heeds what Alpaca said last of what is left.
func (l *limits) trySpare(ctx context.Context, key string) *Error {
	if left := l.left(key, ""); left.Told != nil && *left.Told < left.PerMinute/4 {
		return &Error{Kind: RateLimited, Message: "Alpaca says that little is left of this account's requests, which is left to others", RetryAfter: time.Minute}
	}
	return l.tryLowPriority(ctx, key)
}

// Pace returns the time between two requests of a caller that takes this share of
// the account's requests, such as 0.3.
func (c *Client) Pace(share float64) time.Duration {
	perSecond := float64(c.broker.limits.bucket(c.account + " " + c.base).Limit())
	return time.Duration(float64(time.Second) / (share * perSecond))
}

// update sets the account's real limit from the headers of an answer, and keeps what
// they say is left of it.
func (l *limits) update(key string, h http.Header) {
	l.note(key, h)
	n, err := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	if err != nil || n < 1 || n > 100_000 {
		return
	}
	if b := l.bucket(key); b.Limit() != perMinute(n) {
		b.SetLimit(perMinute(n))
		b.SetBurst(max(n/4, 1))
	}
}

// retryAfter returns how long to wait after a 429. X-Ratelimit-Reset is a Unix
// time in seconds by the broker's clock, as is the answer's Date.
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

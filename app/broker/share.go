package broker

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// Who uses an account at the same time shares its requests: each API token by itself, and
// people together. Each is sure of an equal part, so that no program, however fast, takes
// the others' turns; what nobody needs at the moment anybody may take.

// share is the part of an account's requests that somebody is sure of.
type share struct {
	*rate.Limiter
	used time.Time
}

// startShare is how many requests somebody has at once who comes while others are there.
const startShare = 5

// sharesFor is for how long somebody counts who asks for nothing more.
const sharesFor = time.Minute

// WithSharer names who uses the account's requests.
func WithSharer(name string) Option { return func(c *Client) { c.sharer = name } }

// Urgent returns a client whose calls go before all others: those that cancel an order or
// close a position. They count in nobody's share, and when the account's requests are
// used up, a few go all the same.
func (c *Client) Urgent() *Client {
	first := *c
	first.urgent = true
	return &first
}

// share returns somebody's share of a bucket, as large as it is now, and reports whether
// nobody else uses the bucket.
func (l *limits) share(key, sharer string) (own *rate.Limiter, alone bool) {
	b := l.bucket(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	shares := l.sharesOf(key, now)
	s, there := shares[sharer]
	if !there {
		s = &share{Limiter: rate.NewLimiter(b.Limit(), b.Burst())}
		if len(shares) > 0 { // what has gathered is used up by the others
			s.AllowN(now, max(b.Burst()-startShare, 0))
		}
		shares[sharer] = s
	}
	s.used = now
	n := len(shares)
	s.SetLimit(b.Limit() / rate.Limit(n))
	s.SetBurst(shareBurst(b, n))
	return s.Limiter, n == 1
}

// sharesOf returns the shares of a bucket, of those who asked for something lately. mu is
// locked.
func (l *limits) sharesOf(key string, now time.Time) map[string]*share {
	shares := l.shares[key]
	if shares == nil {
		shares = map[string]*share{}
		l.shares[key] = shares
	}
	for name, s := range shares {
		if now.Sub(s.used) > sharesFor {
			delete(shares, name)
		}
	}
	return shares
}

// shareBurst is how many requests somebody's share has at most, where there are n.
func shareBurst(bucket *rate.Limiter, n int) int { return max(bucket.Burst()/n, 1) }

// waitShared takes a token of the bucket, of one's own share if there are others: beyond
// it only as long as the bucket is more than half full. Otherwise it waits until the share
// has one, as wait does.
func (l *limits) waitShared(ctx context.Context, key, sharer string) *Error {
	own, alone := l.share(key, sharer)
	within := own.Allow()
	if alone {
		return l.wait(ctx, key)
	}
	if within {
		// All shares together are what the account has. Who was alone until now may have
		// emptied the bucket and stand in line, behind which nobody has to wait.
		_ = l.bucket(key).Allow()
		return nil
	}
	if b := l.bucket(key); b.Tokens() > float64(b.Burst())/2 && b.Allow() {
		return nil
	}
	if err := waitFor(ctx, own, "others use this account as well, and your share of its requests is used up for the moment"); err != nil {
		return err
	}
	return l.wait(ctx, key)
}

// Urgent calls may go beyond what the bucket has: so many at once, and in a minute.
const (
	urgentBurst     = 10
	urgentPerMinute = 20
)

// waitUrgent takes a token at once where there is one, or one of the few that are kept for
// this, and waits in line only after that.
func (l *limits) waitUrgent(ctx context.Context, key string) *Error {
	if ctx.Err() != nil {
		return canceled(ctx)
	}
	if l.bucket(key).Allow() || l.spare(key).Allow() {
		return nil
	}
	return l.wait(ctx, key)
}

// spare returns the bucket of what is kept for urgent calls.
func (l *limits) spare(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spares[key] == nil {
		l.spares[key] = rate.NewLimiter(perMinute(urgentPerMinute), urgentBurst)
	}
	return l.spares[key]
}

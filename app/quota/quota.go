// Package quota bounds what one user takes of a server: how many requests in a
// second, and how many at once. Its input are a request's session and whose
// sessions they are; it returns whether the request may go on.
package quota

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paddock/app/problem"
)

// Config is what a user may take. A zero is no bound.
type Config struct {
	PerSecond int // requests in a second, in the long run; four times as many in a burst
	AtOnce    int // requests under way
	Logs      int // requests that add to agents' logs in a second, in the long run; four times as many in a burst
}

// Kind is what a request is for.
type Kind int

// The kinds of requests. One that is urgent stops something, and may use the reserve.
// One that logs has a rate of its own as well: each is an event of its account, and one may
// have many lines.
const (
	Ordinary Kind = iota
	Urgent
	Logging
)

// burstOf is how many seconds' requests a user may make at once.
const burstOf = 4

// The reserve is for requests that stop something, such as a cancellation: a
// user who has used up the bounds makes these from it.
const (
	reservePerSecond = 5
	reserveBurst     = 20
	reserveAtOnce    = 8
)

// The most users, and sessions, that are kept: this bounds the memory.
const (
	maxUsers    = 10_000
	maxSessions = 50_000
)

// idle is how long after the last request a user is forgotten: everything that
// the user had used up is there again by then.
const idle = time.Minute

// Quota counts the requests of each user. Until the database has told whose a
// session is, it counts by session.
type Quota struct {
	config Config

	mu    sync.Mutex
	users map[string]*usage
	owner map[string]string // of a session; a user's id
}

// usage is what a user takes.
type usage struct {
	main, reserve bounds
	logs          *rate.Limiter // nil for no bound
	used          time.Time
}

// bounds are a rate and a number of requests at once.
type bounds struct {
	rate   *rate.Limiter
	atOnce int // under way
	most   int
}

// New makes a Quota.
func New(c Config) *Quota {
	return &Quota{config: c, users: map[string]*usage{}, owner: map[string]string{}}
}

// SetOwner says whose a session is. Sessions never change hands.
func (q *Quota) SetOwner(session, user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.owner[session] == user {
		return
	}
	if len(q.owner) >= maxSessions {
		clear(q.owner) // they are told again with their next requests
	}
	q.owner[session] = user
}

// Enter counts a request, and returns a function to call, once or more, when it
// has ended. It ends with too_many_requests where the user has had as many as
// one may.
func (q *Quota) Enter(session string, kind Kind) (leave func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.usage(session)
	err = u.main.enter()
	by := &u.main
	if err != nil && kind == Urgent && u.reserve.enter() == nil {
		by, err = &u.reserve, nil
	}
	if err == nil && kind == Logging && u.logs != nil && !u.logs.Allow() {
		by.atOnce--
		err = tooMany(time.Second, "You may send logs %d times in a second, and %d times in a burst. Put more lines into one request, and wait as Retry-After says.",
			int(u.logs.Limit()), u.logs.Burst())
	}
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		by.atOnce--
	}), nil
}

// Left is what a user may still ask of this server.
type Left struct {
	PerSecond *int `json:"per_second"` // nil is no bound
	Now       *int `json:"left"`       // at once
}

// Left returns what is left to the user of a session. It counts nothing.
func (q *Quota) Left(session string) Left {
	if q == nil || q.config.PerSecond == 0 {
		return Left{}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	perSecond, now := q.config.PerSecond, max(0, int(q.usage(session).main.rate.Tokens()))
	return Left{&perSecond, &now}
}

// usage returns what the user of a session takes.
func (q *Quota) usage(session string) *usage {
	who, known := q.owner[session]
	if known {
		who = "user " + who
	} else {
		who = "session " + session
	}
	now := time.Now()
	u := q.users[who]
	if u == nil {
		if len(q.users) >= maxUsers {
			q.forgetIdle(now)
		}
		u = &usage{main: newBounds(q.config.PerSecond, burstOf*q.config.PerSecond, q.config.AtOnce), reserve: newBounds(reservePerSecond, reserveBurst, reserveAtOnce)}
		if n := q.config.Logs; n > 0 {
			u.logs = rate.NewLimiter(rate.Limit(n), burstOf*n)
		}
		q.users[who] = u
	}
	u.used = now
	return u
}

// forgetIdle forgets users who ask for nothing any more.
func (q *Quota) forgetIdle(now time.Time) {
	for who, u := range q.users {
		if now.Sub(u.used) > idle && u.main.atOnce+u.reserve.atOnce == 0 {
			delete(q.users, who)
		}
	}
}

func newBounds(perSecond, burst, most int) bounds {
	b := bounds{most: most}
	if perSecond > 0 {
		b.rate = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
	return b
}

// enter counts a request, or returns why it is one too many.
func (b *bounds) enter() error {
	if b.most > 0 && b.atOnce >= b.most {
		return tooMany(time.Second, "You may have %d requests under way at once: wait until one of them has ended.", b.most)
	}
	if b.rate != nil && !b.rate.Allow() {
		return tooMany(time.Second, "You may make %d requests in a second, and %d in a burst. Wait as Retry-After says.", int(b.rate.Limit()), b.rate.Burst())
	}
	b.atOnce++
	return nil
}

func tooMany(wait time.Duration, format string, args ...any) error {
	p := problem.New(problem.TooManyRequests, format, args...)
	p.RetryAfter = wait
	return p
}

type freeKey struct{}

// Free returns a context for a request that a program of this process makes beside one
// that is counted. No request that came over the network has such a context.
func Free(ctx context.Context) context.Context { return context.WithValue(ctx, freeKey{}, true) }

// IsFree reports whether a request is not to be counted.
func IsFree(ctx context.Context) bool { return ctx.Value(freeKey{}) != nil }

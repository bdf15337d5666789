// Package push sends accounts' events from Postgres to clients, over WebSockets
// and as Server-Sent Events. Its input is the doorbell, a NOTIFY that only
// names accounts with news. What is new, and which session may read it at that
// moment, it asks the database (private.read_events).
package push

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/eventlog"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Config is what a Hub needs. Zero values take the defaults.
type Config struct {
	Worker        *tenant.Worker
	Log           *eventlog.Log                            // for snapshots
	Connect       func(context.Context) (*pgx.Conn, error) // opens the listener's own connection
	Session       func(*http.Request) (token string, ok bool)
	OriginAllowed func(*http.Request) bool
	OnRing        func() // called at every ring that is heard
	// HasRung reports whether a notification of this process of the server's is of
	// a ring by which Ring or RingAll was called already; nil where none are.
	HasRung func(backend uint32) bool
	Quotes  Quotes
	Logger  *slog.Logger

	Poll                 time.Duration // between two looks at a connection without a ring, so how late news are where one is lost; 900 ms
	QuoteEvery           time.Duration // between two calls for an account's quotes while somebody looks; 3 s
	MaxAccounts          int           // to which a connection may subscribe; 100
	MaxSockets           int           // of one user; 20
	Queue                int           // messages that may be queued for a connection; 1,000
	QueueBytes           int           // size of them together; 1 MiB
	WriteTimeout         time.Duration // of one message; 10 s
	IdleTimeout          time.Duration // of a socket that answers no ping; 60 s
	eventsPerRead        int           // of one subscription
	subscriptionsPerRead int           // in one query
	bytesPerRead         int           // that one query returns, about
}

// Hub holds the connections of this instance.
type Hub struct {
	Config
	wake       chan struct{} // pending is not empty
	wakeLate   chan struct{} // late is not empty
	wakeSweep  chan struct{} // all connections are to be looked at
	wakeQuotes chan struct{} // unasked is not empty
	reads      chan struct{} // a place in it for each query that runs
	quoting    chan struct{} // a place in it for each call for quotes
	counts     counts

	mu        sync.Mutex
	followers turns
	perUser   map[string]int
	follows   map[accountHash]map[*follower]struct{}
	pending   map[accountHash]struct{}
	late      map[place]struct{}
	watches   map[uuid.UUID]watch    // by account; those for which quotes are asked, or are about to be
	unasked   map[uuid.UUID]struct{} // accounts for which asking is to begin
	closed    bool
}

// accountHash is how a ring names an account: the last 32 bits of its id.
// Accounts with the same hash are read together.
type accountHash uint32

func hashOf(account uuid.UUID) accountHash { return accountHash(binary.BigEndian.Uint32(account[12:])) }

// New makes a Hub. It reads while Run runs.
func New(c Config) *Hub {
	orDefault(&c.Poll, 900*time.Millisecond)
	orDefault(&c.QuoteEvery, 3*time.Second)
	orDefault(&c.WriteTimeout, 10*time.Second)
	orDefault(&c.IdleTimeout, 60*time.Second)
	orDefault(&c.MaxAccounts, 100)
	orDefault(&c.MaxSockets, 20)
	orDefault(&c.Queue, 1000)
	orDefault(&c.QueueBytes, 1<<20)
	orDefault(&c.eventsPerRead, min(100, c.Queue/2))
	orDefault(&c.subscriptionsPerRead, 250)
	orDefault(&c.bytesPerRead, 4<<20)
	if c.OnRing == nil {
		c.OnRing = func() {}
	}
	if c.HasRung == nil {
		c.HasRung = func(uint32) bool { return false }
	}
	return &Hub{
		Config: c, wake: make(chan struct{}, 1), wakeLate: make(chan struct{}, 1), wakeSweep: make(chan struct{}, 1), reads: make(chan struct{}, readsAtOnce),
		wakeQuotes: make(chan struct{}, 1), quoting: make(chan struct{}, quotesAtOnce),
		perUser: map[string]int{}, follows: map[accountHash]map[*follower]struct{}{}, pending: map[accountHash]struct{}{},
		late: map[place]struct{}{}, watches: map[uuid.UUID]watch{}, unasked: map[uuid.UUID]struct{}{},
	}
}

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// Run listens and reads until ctx ends, then closes every connection.
func (h *Hub) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){h.listen, h.readPending, h.readPending, h.readPending, h.readLate, h.sweep, h.askQuotes} {
		parts.Go(func() { part(ctx) })
	}
	<-ctx.Done()
	h.closeAll()
	parts.Wait()
	return nil
}

// Ring makes the hub read for the followers of an account that has news. It is
// for those who write in this process, and does not wait: it says no more than a
// notification would, so that what is delivered is the database's to say.
func (h *Hub) Ring(account uuid.UUID) { h.wakeFollowers(hashOf(account)) }

// RingAll makes the hub look at all of its connections, since somebody's session
// has ended in this process. It does not wait.
func (h *Hub) RingAll() { signal(h.wakeSweep) }

// wakeFollowers makes readPending read for the followers of these accounts.
// Calls that come while it reads are served together by the next read.
func (h *Hub) wakeFollowers(accounts ...accountHash) {
	h.mu.Lock()
	for _, a := range accounts {
		if len(h.follows[a]) > 0 {
			h.pending[a] = struct{}{}
		}
	}
	waiting := len(h.pending) > 0
	h.mu.Unlock()
	if waiting {
		signal(h.wake)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// closeAll ends every connection, because the instance is stopping.
func (h *Hub) closeAll() {
	h.mu.Lock()
	h.closed = true
	all := slices.Collect(h.followers.all())
	h.mu.Unlock()
	for _, f := range all {
		f.end(websocket.StatusGoingAway, problem.GoingAway, "the server is going away: reconnect and resume by cursor")
	}
	for _, f := range all {
		<-f.ended
	}
}

var errTooMany = errors.New("too many connections")

// add registers a follower, unless its user has too many or the hub is closed.
func (h *Hub) add(f *follower) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errors.New("going away")
	}
	if h.perUser[f.user] >= h.MaxSockets {
		return errTooMany
	}
	h.perUser[f.user]++
	h.followers.add(f)
	h.counts.following(f.wire).Add(1)
	return nil
}

func (h *Hub) remove(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers.remove(f)
	h.counts.following(f.wire).Add(-1)
	if h.perUser[f.user]--; h.perUser[f.user] <= 0 {
		delete(h.perUser, f.user)
	}
	for account := range f.accounts() {
		h.removeFollowerLocked(f, hashOf(account))
		h.unwatchLocked(f, account)
	}
}

// follow registers f for the rings of an account.
func (h *Hub) follow(f *follower, account uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.followers.has(f) || !f.follows(account) {
		return // it has ended or unsubscribed meanwhile
	}
	of := h.follows[hashOf(account)]
	if of == nil {
		of = map[*follower]struct{}{}
		h.follows[hashOf(account)] = of
	}
	of[f] = struct{}{}
}

// unfollow undoes follow, unless f follows another account with the same hash,
// or this one again.
func (h *Hub) unfollow(f *follower, account uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range f.accounts() {
		if hashOf(other) == hashOf(account) {
			return
		}
	}
	h.removeFollowerLocked(f, hashOf(account))
}

func (h *Hub) removeFollowerLocked(f *follower, account accountHash) {
	delete(h.follows[account], f)
	if len(h.follows[account]) == 0 {
		delete(h.follows, account)
	}
}

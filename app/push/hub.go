// Package push brings events from Postgres to WebSockets and Server-Sent
// Events. NOTIFY is only a doorbell: what is new, and who may read it now, the
// database answers.
package push

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/eventlog"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Config is what a Hub is made of. Zero values take the defaults.
type Config struct {
	Worker        *tenant.Worker
	Log           *eventlog.Log                            // for snapshots
	Connect       func(context.Context) (*pgx.Conn, error) // the listener's own connection
	Session       func(*http.Request) (token string, ok bool)
	OriginAllowed func(*http.Request) bool
	OnRing        func() // called at every ring, beside reading
	Logger        *slog.Logger

	Poll           time.Duration // how long a lost ring may cost; 900 ms
	MaxAccounts    int           // a connection may subscribe to; 100
	MaxSockets     int           // a user may have; 20
	Queue          int           // messages that may wait for a connection; 1,000
	QueueBytes     int           // and their size together; 1 MiB
	WriteTimeout   time.Duration // for one message; 10 s
	IdleTimeout    time.Duration // a socket that answers no ping; 60 s
	eventsPerRead  int           // of one interest
	interestsARead int           // that one query asks for
	bytesARead     int           // that one query answers, about
}

// Hub holds the connections of this instance.
type Hub struct {
	Config
	rung  chan struct{} // somebody has news
	sweep chan struct{} // everybody is to be looked at

	mu        sync.Mutex
	followers map[*follower]struct{}
	perUser   map[string]int
	follows   map[hint]map[*follower]struct{}
	news      map[hint]struct{}
	closed    bool
}

// hint is what a ring says of an account: its id's last 32 bits. Accounts that
// share them are read for together.
type hint uint32

func hintOf(account uuid.UUID) hint { return hint(binary.BigEndian.Uint32(account[12:])) }

// New makes a Hub; Run makes it read.
func New(c Config) *Hub {
	orDefault(&c.Poll, 900*time.Millisecond)
	orDefault(&c.WriteTimeout, 10*time.Second)
	orDefault(&c.IdleTimeout, 60*time.Second)
	orDefault(&c.MaxAccounts, 100)
	orDefault(&c.MaxSockets, 20)
	orDefault(&c.Queue, 1000)
	orDefault(&c.QueueBytes, 1<<20)
	orDefault(&c.eventsPerRead, min(100, c.Queue/2))
	orDefault(&c.interestsARead, 250)
	orDefault(&c.bytesARead, 4<<20)
	if c.OnRing == nil {
		c.OnRing = func() {}
	}
	return &Hub{
		Config: c, rung: make(chan struct{}, 1), sweep: make(chan struct{}, 1), followers: map[*follower]struct{}{},
		perUser: map[string]int{}, follows: map[hint]map[*follower]struct{}{}, news: map[hint]struct{}{},
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
	for _, part := range []func(context.Context){h.listen, h.readRung, h.readAll} {
		parts.Go(func() { part(ctx) })
	}
	<-ctx.Done()
	h.closeAll()
	parts.Wait()
	return nil
}

// ring makes the reader look for those who follow these accounts; rings that
// come while it reads are one.
func (h *Hub) ring(accounts ...hint) {
	h.mu.Lock()
	for _, a := range accounts {
		if len(h.follows[a]) > 0 {
			h.news[a] = struct{}{}
		}
	}
	waiting := len(h.news) > 0
	h.mu.Unlock()
	if waiting {
		signal(h.rung)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// closeAll ends every connection: the instance is going away.
func (h *Hub) closeAll() {
	h.mu.Lock()
	h.closed = true
	all := make([]*follower, 0, len(h.followers))
	for f := range h.followers {
		all = append(all, f)
	}
	h.mu.Unlock()
	for _, f := range all {
		f.end(websocket.StatusGoingAway, problem.GoingAway, "the server is going away: reconnect and resume by cursor")
	}
	for _, f := range all {
		<-f.done
	}
}

var errTooMany = errors.New("too many connections")

// add takes a follower in, unless its user has too many or the hub is closed.
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
	h.followers[f] = struct{}{}
	return nil
}

func (h *Hub) remove(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.followers, f)
	if h.perUser[f.user]--; h.perUser[f.user] <= 0 {
		delete(h.perUser, f.user)
	}
	for account := range f.accounts() {
		h.forgetLocked(f, hintOf(account))
	}
}

// follow notes that f wants the rings of an account.
func (h *Hub) follow(f *follower, account uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, here := h.followers[f]; !here || !f.has(account) {
		return // it has ended meanwhile, or been refused
	}
	of := h.follows[hintOf(account)]
	if of == nil {
		of = map[*follower]struct{}{}
		h.follows[hintOf(account)] = of
	}
	of[f] = struct{}{}
}

// unfollow is follow's end, unless f follows another account of the same hint,
// or this one again.
func (h *Hub) unfollow(f *follower, account uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range f.accounts() {
		if hintOf(other) == hintOf(account) {
			return
		}
	}
	h.forgetLocked(f, hintOf(account))
}

func (h *Hub) forgetLocked(f *follower, account hint) {
	delete(h.follows[account], f)
	if len(h.follows[account]) == 0 {
		delete(h.follows, account)
	}
}

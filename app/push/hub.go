// Package push brings events from Postgres to WebSockets. NOTIFY is only a
// doorbell: what is new, and who may read it now, the database answers.
package push

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgxlisten"

	"paddock/app/tenant"
)

// Config is what a Hub is made of. Zero values take the defaults.
type Config struct {
	Worker        *tenant.Worker
	Connect       func(context.Context) (*pgx.Conn, error) // the listener's own connection
	Session       func(*http.Request) (token string, ok bool)
	OriginAllowed func(*http.Request) bool
	OnRing        func() // called at every ring, beside reading
	Logger        *slog.Logger

	Poll           time.Duration // how long a lost ring may cost; 2 s
	MaxAccounts    int           // a socket may subscribe to; 100
	MaxSockets     int           // a session may have; 20
	Queue          int           // messages that may wait for a socket; 1,000
	QueueBytes     int           // and their size together; 1 MiB
	WriteTimeout   time.Duration // for one message; 10 s
	IdleTimeout    time.Duration // a socket that answers no ping; 60 s
	eventsPerRead  int           // of one interest
	interestsARead int           // that one query asks for
	bytesARead     int           // that one query answers, about
}

// Hub holds the sockets of this instance.
type Hub struct {
	Config
	wake chan struct{}

	mu         sync.Mutex
	sockets    map[*socket]struct{}
	perSession map[string]int // sockets by session token
	closed     bool
}

// New makes a Hub; Run makes it read.
func New(c Config) *Hub {
	orDefault(&c.Poll, 2*time.Second)
	orDefault(&c.WriteTimeout, 10*time.Second)
	orDefault(&c.IdleTimeout, 60*time.Second)
	orDefault(&c.MaxAccounts, 100)
	orDefault(&c.MaxSockets, 20)
	orDefault(&c.Queue, 1000)
	orDefault(&c.QueueBytes, 1<<20)
	orDefault(&c.eventsPerRead, min(100, c.Queue/2))
	orDefault(&c.interestsARead, 500)
	orDefault(&c.bytesARead, 4<<20)
	if c.OnRing == nil {
		c.OnRing = func() {}
	}
	return &Hub{Config: c, wake: make(chan struct{}, 1), sockets: map[*socket]struct{}{}, perSession: map[string]int{}}
}

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// Run listens and reads until ctx ends, then closes every socket.
func (h *Hub) Run(ctx context.Context) error {
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		h.listen(ctx)
	}()
	tick := time.NewTicker(h.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.closeAll()
			<-listening
			return nil
		case <-h.wake:
		case <-tick.C:
		}
		h.read(ctx)
	}
}

// wakeUp makes the reader look; rings that come while it reads are one.
func (h *Hub) wakeUp() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// listen hears the doorbell, and reconnects by itself. The channel's name is a
// secret of the database, so that it is asked for first.
func (h *Hub) listen(ctx context.Context) {
	channel := ""
	for channel == "" {
		var err error
		if channel, err = h.Worker.Channel(ctx); err != nil {
			if !sleep(ctx, time.Second) {
				return
			}
		}
	}
	listener := &pgxlisten.Listener{
		Connect: h.Connect, ReconnectDelay: 500 * time.Millisecond,
		LogError: func(ctx context.Context, err error) {
			if ctx.Err() == nil {
				h.Logger.Warn("the listener lost its connection; events come by polling until it is back", "err", err)
			}
		},
	}
	listener.Handle(channel, bell{h})
	if err := listener.Listen(ctx); err != nil && ctx.Err() == nil {
		h.Logger.Error("the listener ended", "err", err)
	}
}

// bell is what the listener calls.
type bell struct{ h *Hub }

// HandleNotification wakes the reader.
func (b bell) HandleNotification(context.Context, *pgconn.Notification, *pgx.Conn) error {
	b.h.wakeUp()
	b.h.OnRing()
	return nil
}

// HandleBacklog wakes the reader after a connection was made anew: rings may
// have been missed.
func (b bell) HandleBacklog(context.Context, string, *pgx.Conn) error {
	b.h.wakeUp()
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// read asks once for the news of all subscriptions together and hands them
// out. Who is still behind then is read again with everyone else: a tenant
// with much to catch up on holds up no other.
func (h *Hub) read(ctx context.Context) {
	places := map[tenant.Interest][]*socket{} // sockets of a session that stand alike are read for once
	h.mu.Lock()
	for s := range h.sockets {
		for _, in := range s.interests() {
			places[in] = append(places[in], s)
		}
	}
	h.mu.Unlock()
	asked := slices.Collect(maps.Keys(places))
	behind := false
	for part := range slices.Chunk(asked, h.interestsARead) {
		behind = h.readPart(ctx, part, places) || behind
	}
	if behind {
		h.wakeUp()
	}
}

// readPart asks for some interests, and says whether one of them has more to
// come. Where that takes too long, halves of it are tried: one tenant's bad
// luck is not to be everyone's.
func (h *Hub) readPart(ctx context.Context, part []tenant.Interest, places map[tenant.Interest][]*socket) (behind bool) {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	bytes := max(h.bytesARead/len(part), 16<<10)
	events, err := h.Worker.ReadEvents(once, part, h.eventsPerRead, bytes)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil && once.Err() != nil && len(part) > 1:
		half := len(part) / 2
		first := h.readPart(ctx, part[:half], places)
		return h.readPart(ctx, part[half:], places) || first
	case err != nil:
		h.Logger.Warn("events could not be read; they are asked for again", "err", err)
		return false
	}
	got, size := make([]int, len(part)), make([]int, len(part))
	for _, e := range events {
		in := part[e.Index]
		got[e.Index]++
		size[e.Index] += len(e.Data)
		for _, s := range places[in] {
			if e.Standing != tenant.StandingOK {
				s.lost(in.Account, e.Standing)
			} else {
				s.deliver(in.Account, e)
			}
		}
	}
	for i := range part {
		if got[i] == h.eventsPerRead || size[i] >= bytes {
			behind = true
		}
	}
	return behind
}

// closeAll ends every socket: the instance is going away.
func (h *Hub) closeAll() {
	h.mu.Lock()
	h.closed = true
	all := make([]*socket, 0, len(h.sockets))
	for s := range h.sockets {
		all = append(all, s)
	}
	h.mu.Unlock()
	for _, s := range all {
		s.end(websocket.StatusGoingAway, "the server is going away: reconnect and resume by cursor")
	}
	for _, s := range all {
		<-s.done
	}
}

// add takes a socket in, unless its session has too many or the hub is closed.
func (h *Hub) add(s *socket) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errors.New("going away")
	}
	if h.perSession[s.token] >= h.MaxSockets {
		return errTooManySockets
	}
	h.perSession[s.token]++
	h.sockets[s] = struct{}{}
	return nil
}

var errTooManySockets = errors.New("too many sockets")

func (h *Hub) remove(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
	if h.perSession[s.token]--; h.perSession[s.token] <= 0 {
		delete(h.perSession, s.token)
	}
}

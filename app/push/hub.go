// Package push brings events from Postgres to WebSockets. NOTIFY is only a
// doorbell: what is new, and who may read it now, the database answers.
package push

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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
	WriteTimeout   time.Duration // for one message; 10 s
	IdleTimeout    time.Duration // a socket that answers no ping; 60 s
	eventsPerRead  int
	interestsARead int
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
	orDefault(&c.eventsPerRead, c.Queue/2)
	orDefault(&c.interestsARead, 500)
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

// place is one subscription of one socket, as it stood when it was read.
type place struct {
	socket *socket
	in     tenant.Interest
}

// read asks for the news of all subscriptions together and hands them out,
// until there are none.
func (h *Hub) read(ctx context.Context) {
	var all []place
	h.mu.Lock()
	for s := range h.sockets {
		all = s.interests(all)
	}
	h.mu.Unlock()
	for len(all) > 0 && ctx.Err() == nil {
		var behind []place
		for from := 0; from < len(all); from += h.interestsARead {
			part := all[from:min(from+h.interestsARead, len(all))]
			more, err := h.readPart(ctx, part)
			if err != nil {
				if ctx.Err() == nil {
					h.Logger.Warn("events could not be read; they are asked for again", "err", err)
				}
				return
			}
			behind = append(behind, more...)
		}
		all = behind
	}
}

// readPart answers those places that have more to come.
func (h *Hub) readPart(ctx context.Context, part []place) ([]place, error) {
	ask := make([]tenant.Interest, len(part))
	for i, p := range part {
		ask[i] = p.in
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	events, err := h.Worker.ReadEvents(ctx, ask, h.eventsPerRead)
	if err != nil {
		return nil, err
	}
	got := make([]int, len(part))
	for _, e := range events {
		p := &part[e.Index]
		if e.Standing != tenant.StandingOK {
			p.socket.lost(p.in.Account, e.Standing)
			continue
		}
		if p.socket.deliver(p.in.Account, e) {
			p.in.Cursor = e.Seq
			got[e.Index]++
		}
	}
	var behind []place
	for i, n := range got {
		if n == h.eventsPerRead && !part[i].socket.hasNoRoom() {
			behind = append(behind, part[i])
		}
	}
	return behind, nil
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

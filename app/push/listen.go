package push

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgxlisten"

	"paddock/app/wait"
)

// listen receives the doorbell's notifications, and reconnects by itself. It asks
// for the channel's name, which is a secret of the database, before each
// connection: a database that was restored has another.
func (h *Hub) listen(ctx context.Context) {
	var socket atomic.Pointer[net.Conn] // the listener's
	go h.relisten(ctx, &socket)
	for ctx.Err() == nil {
		channel, err := h.Worker.Channel(ctx)
		if err != nil {
			wait.For(ctx, time.Second)
			continue
		}
		h.listenOn(ctx, channel, &socket)
	}
}

// listenOn listens on a channel until the database has another one.
func (h *Hub) listenOn(ctx context.Context, channel string, socket *atomic.Pointer[net.Conn]) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	listener := &pgxlisten.Listener{
		Connect: func(ctx context.Context) (*pgx.Conn, error) {
			if now, err := h.Worker.Channel(ctx); err != nil || now != channel {
				if err == nil {
					end()
				}
				return nil, errors.Join(err, ctx.Err())
			}
			conn, err := h.Connect(ctx)
			if err == nil {
				c := conn.PgConn().Conn()
				socket.Store(&c)
			}
			return conn, err
		},
		ReconnectDelay: 500 * time.Millisecond,
		LogError: func(ctx context.Context, err error) {
			if ctx.Err() == nil {
				h.Logger.Warn("the listener lost its connection; events come by polling until it is back", "err", err)
			}
		},
	}
	listener.Handle(channel, notificationHandler{h})
	if err := listener.Listen(ctx); err != nil && ctx.Err() == nil {
		h.Logger.Error("the listener ended", "err", err)
		wait.For(ctx, time.Second)
	}
}

// relistenEvery is how often the queue of notifications is looked at.
const relistenEvery = 10 * time.Second

// relisten ends the listener's connection, which is then made again, while the
// server's queue of notifications is half full. Postgres tells a listener of
// what was committed alone: where notifications of transactions that failed
// fill the queue, an idle listener keeps them in it for ever, and nobody can
// notify any more.
func (h *Hub) relisten(ctx context.Context, socket *atomic.Pointer[net.Conn]) {
	for wait.For(ctx, relistenEvery) {
		usage, err := h.Worker.QueueUsage(ctx)
		if c := socket.Load(); err == nil && usage >= 0.5 && c != nil {
			_ = (*c).Close() // it may have ended by itself
		}
	}
}

// notificationHandler is called by the listener.
type notificationHandler struct{ h *Hub }

// HandleNotification wakes readPending for the accounts that the ring names.
// Where it names none, because somebody's access has changed, it wakes sweep. A
// ring that was heard in the process already wakes nobody again.
func (b notificationHandler) HandleNotification(_ context.Context, n *pgconn.Notification, _ *pgx.Conn) error {
	b.h.counts.rings.Add(1)
	accounts := parsePayload(n.Payload)
	switch {
	case b.h.HasRung(n.PID):
	case len(accounts) > 0:
		b.h.wakeFollowers(accounts...)
	default:
		b.h.RingAll()
	}
	b.h.OnRing()
	return nil
}

// HandleBacklog wakes sweep after a reconnection: rings may have been missed.
func (b notificationHandler) HandleBacklog(context.Context, string, *pgx.Conn) error {
	b.h.RingAll()
	b.h.OnRing()
	return nil
}

// parsePayload returns the accounts that a ring names, by eight hexadecimal
// digits each. It returns none for anything else: any login may notify with any
// text, which costs one read for everybody.
func parsePayload(payload string) []accountHash {
	if len(payload)%8 != 0 {
		return nil
	}
	accounts := make([]accountHash, 0, len(payload)/8)
	for at := 0; at < len(payload); at += 8 {
		n, err := strconv.ParseUint(payload[at:at+8], 16, 32)
		if err != nil {
			return nil
		}
		accounts = append(accounts, accountHash(n))
	}
	return accounts
}

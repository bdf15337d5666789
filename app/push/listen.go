package push

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgxlisten"
)

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

// HandleNotification wakes a reader: the one of those who follow the accounts
// that the ring names, or the one of everybody, where it names none or says
// that somebody's access has changed.
func (b bell) HandleNotification(_ context.Context, n *pgconn.Notification, _ *pgx.Conn) error {
	if accounts := named(n.Payload); len(accounts) > 0 {
		b.h.ring(accounts...)
	} else {
		signal(b.h.sweep)
	}
	b.h.OnRing()
	return nil
}

// HandleBacklog wakes the reader after a connection was made anew: rings may
// have been missed.
func (b bell) HandleBacklog(context.Context, string, *pgx.Conn) error {
	signal(b.h.sweep)
	b.h.OnRing()
	return nil
}

// named reads a ring's payload: eight hexadecimal digits an account. Anything
// else names none: any login may send what it likes, and that costs one look.
func named(payload string) []hint {
	if len(payload)%8 != 0 {
		return nil
	}
	accounts := make([]hint, 0, len(payload)/8)
	for at := 0; at < len(payload); at += 8 {
		n, err := strconv.ParseUint(payload[at:at+8], 16, 32)
		if err != nil {
			return nil
		}
		accounts = append(accounts, hint(n))
	}
	return accounts
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

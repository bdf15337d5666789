package stream

import (
	"context"
	"errors"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// The ways to read trade updates.
const (
	events = "sse" // Server-Sent Events, which replay what was missed
	socket = "ws"  // the WebSocket, which does not
)

// retryEvents is after how long an account that fell back to the WebSocket
// tries Server-Sent Events again.
const retryEvents = 24 * time.Hour

// read follows the broker's stream, again and again, in the way that the
// account is set to.
func (a *account) read(ctx context.Context) {
	a.isDown(ctx, "", "")
	if a.lease.StreamMode == "off" {
		signal(a.gap) // from here on the timer keeps the mirror
		return
	}
	defer func() {
		// Nobody else may take the account up for a while.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		a.isDown(last, "", "")
	}()
	way := road{mode: a.lease.StreamMode, kind: events}
	if way.mode == socket {
		way.kind = socket
	}
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		err := a.connect(ctx, way)
		if ctx.Err() != nil {
			return
		}
		if problem.Is(err, problem.AccountForbidden) {
			a.leave() // the lease is another's
			return
		}
		if a.refused(ctx, err) {
			return
		}
		a.log.Info("the stream ended and starts again", "stream", way.kind, "err", err)
		a.isDown(ctx, way.note, sentence(way.kind, err))
		if way.turn(err) {
			attempt = -1
			continue
		}
		if attempt == 0 {
			signal(a.gap) // the mirror does not wait for a stream that may not come
		}
		wait := backoff
		switch {
		case errors.Is(err, broker.ErrNotSupported):
			// Reconciliation alone keeps the mirror until this is tried again.
			attempt = 7
			signal(a.gap)
		case isKind(err, broker.RateLimited):
			wait = backoffReaped
		case time.Since(began) > 30*time.Second:
			attempt = 0
		}
		if !wait(ctx, attempt) {
			return
		}
	}
}

// road is the way in which an account's updates are read.
type road struct {
	mode     string // what is asked for
	kind     string // what is tried
	note     string // why that is another
	fellBack time.Time
}

// turn chooses what is tried after a stream that ended with err, and says
// whether that is done at once.
func (r *road) turn(err error) (now bool) {
	unsupported := errors.Is(err, broker.ErrNotSupported)
	switch {
	case r.mode != "auto":
	case r.kind == events && unsupported:
		r.kind, r.note, r.fellBack = socket, fellBackNote, time.Now()
		return true
	case r.kind == socket && (unsupported || time.Since(r.fellBack) > retryEvents):
		r.kind, r.note = events, ""
	}
	return false
}

// connect reads one stream to its end.
func (a *account) connect(ctx context.Context, way road) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer a.up.isDown()
	leave, ok := take(ctx, a.m.connecting)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	handle := func(m broker.Message) error {
		switch m.Kind {
		case broker.Connected:
			leave()
			a.isUp(ctx, way, end)
			signal(a.wanted)
		case broker.Dropped:
			a.log.Warn("the broker's stream left something out", "said", m.Text)
			if m.Update != nil {
				a.keepUnread(ctx, m.Update)
			}
			a.isUp(ctx, way, end)
			signal(a.gap)
		case broker.Update:
			return a.apply(ctx, m)
		}
		return nil
	}
	if way.kind == events {
		return a.m.Broker.StreamTrades(ctx, a.opened.Environment, a.opened.Credentials, a.lastID, handle)
	}
	err := a.m.Broker.StreamSocket(ctx, a.opened.Environment, a.opened.Credentials, handle)
	if isKind(err, broker.Unauthorized) {
		// The WebSocket's word alone takes no account's keys away: it refuses
		// for other reasons in the same way.
		if _, asked := a.client.Account(ctx); asked != nil {
			return asked
		}
		return &broker.Error{Kind: broker.RateLimited, Cause: err}
	}
	return err
}

func isKind(err error, kind broker.Kind) bool {
	var e *broker.Error
	return errors.As(err, &e) && e.Kind == kind
}

// fellBackNote says why an account has another stream than the first choice.
const fellBackNote = "Alpaca offers this account no Server-Sent Events, so that its WebSocket is read. " +
	"It takes one connection an account: a program of your own that uses it and this one shut each other out."

// sentence says in words for people why a stream ended.
func sentence(kind string, err error) string {
	switch {
	case errors.Is(err, broker.ErrNotSupported) && kind == events:
		return `Alpaca offers this account no Server-Sent Events. Set "stream_mode" to auto or ws.`
	case errors.Is(err, broker.ErrNotSupported):
		return "Alpaca offers this account no WebSocket of trade updates. Orders are reconciled every few minutes."
	case errors.Is(err, broker.ErrIdle):
		return "The stream was silent for too long, and is begun anew."
	case errors.Is(err, errDeaf):
		return "The stream was connected and told nothing of an order that changed. It is begun anew."
	case errors.Is(err, broker.ErrCut):
		return "The stream was cut, and is begun anew."
	case isKind(err, broker.RateLimited):
		return "Alpaca refuses another stream for the moment: this account may have one WebSocket, and another program may hold it, or an old one is not forgotten yet."
	case isKind(err, broker.Unavailable):
		return "Alpaca's stream cannot be had at the moment. It is tried again."
	}
	return "The stream ended for a reason of Paddock's own, and is begun anew."
}

// isUp notes that the stream tells everything from now on. What happened before
// may be missing, which puts the mirror in doubt until it is reconciled.
func (a *account) isUp(ctx context.Context, way road, end func(error)) {
	a.up.isUp(end)
	a.note(ctx, func(b *tenant.Batch) {
		b.Queue(`insert into app.stream_cursors as c (account_id, streaming, unbroken_since, note) values ($1, $2, clock_timestamp(), nullif($3, ''))
			on conflict (account_id) do update set streaming = excluded.streaming, unbroken_since = excluded.unbroken_since,
				note = excluded.note, doubts = c.doubts + 1, updated_at = now()`, a.lease.Account, way.kind, way.note)
	})
}

// isDown notes that there is no stream, and why; "" is no reason. The mirror is
// in doubt from here on.
func (a *account) isDown(ctx context.Context, note, why string) {
	a.note(ctx, func(b *tenant.Batch) {
		b.Queue(`insert into app.stream_cursors as c (account_id, note, last_error, last_error_at)
				values ($1, nullif($2, ''), nullif($3, ''), case when $3 <> '' then clock_timestamp() end)
			on conflict (account_id) do update set streaming = null, unbroken_since = null, note = excluded.note, doubts = c.doubts + 1, updated_at = now(),
				last_error = coalesce(excluded.last_error, c.last_error), last_error_at = coalesce(excluded.last_error_at, c.last_error_at)`,
			a.lease.Account, note, why)
	})
}

// note writes what the stream does. Where that fails the stream goes on: a
// mirror that counts as behind is asked of the broker.
func (a *account) note(ctx context.Context, queue func(*tenant.Batch)) {
	err := a.m.Worker.Tx(ctx, a.lease, queue)
	if err != nil && ctx.Err() == nil && !problem.Is(err, problem.AccountForbidden) {
		a.log.Warn("could not note what the stream does", "err", err)
	}
}

package mirror

import (
	"context"
	"errors"
	"time"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// The transports of trade updates.
const (
	transportSSE    = "sse" // Server-Sent Events, which replay missed updates
	transportSocket = "ws"  // the WebSocket, which does not
)

// retryEvents is how long after falling back to the WebSocket an account tries
// Server-Sent Events again.
const retryEvents = 24 * time.Hour

// streamLoop reads the broker's stream, again after each end, by the transport
// that the account is set to.
func (a *account) streamLoop(ctx context.Context) {
	note := ""
	if a.lease.Streamless {
		note = streamlessNote
	}
	a.noteDown(ctx, note, "")
	if !a.lease.Streams() {
		signal(a.gap) // reconcile now; from here on only the timer does
		return
	}
	defer func() {
		// No other instance may take the account over for a while.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		a.noteDown(last, "", "")
	}()
	way := transport{mode: a.lease.StreamMode, kind: transportSSE}
	if way.mode == transportSocket {
		way.kind = transportSocket
	}
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		err := a.connect(ctx, way)
		if ctx.Err() != nil {
			return
		}
		if problem.Is(err, problem.AccountForbidden) {
			a.stop() // another instance has the lease
			a.m.leaseLost()
			return
		}
		if a.handleRefusedKeys(ctx, err) {
			return
		}
		a.log.Info("the stream ended and starts again", "stream", way.kind, "err", err)
		a.noteDown(ctx, way.note, sentence(way.kind, err))
		if way.fallBack(err) {
			attempt = -1
			continue
		}
		if attempt == 0 {
			signal(a.gap) // reconcile now, since the stream may take long to come back
		}
		wait := backoff
		switch {
		case errors.Is(err, broker.ErrNotSupported):
			// There is no stream: reconciliation alone keeps the mirror until
			// the next try.
			attempt = longestBackoff
			signal(a.gap)
		case broker.IsKind(err, broker.RateLimited):
			wait = backoffSocket
		case time.Since(began) > 30*time.Second:
			attempt = 0
		}
		if !wait(ctx, attempt) {
			return
		}
	}
}

// transport is how an account's updates are read.
type transport struct {
	mode     string // what the account is set to
	kind     string // what is used now
	note     string // why that is not the first choice
	fellBack time.Time
}

// fallBack chooses the transport to use after a stream that ended with err, and
// reports whether to try it at once.
func (r *transport) fallBack(err error) (now bool) {
	unsupported := errors.Is(err, broker.ErrNotSupported)
	switch {
	case r.mode != "auto":
	case r.kind == transportSSE && unsupported:
		r.kind, r.note, r.fellBack = transportSocket, fellBackNote, time.Now()
		return true
	case r.kind == transportSocket && (unsupported || time.Since(r.fellBack) > retryEvents):
		r.kind, r.note = transportSSE, ""
	}
	return false
}

// connect reads one stream until it ends.
func (a *account) connect(ctx context.Context, way transport) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer a.monitor.stopped()
	leave, ok := acquireSlot(ctx, a.m.connectSlots)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	counted := int64(0) // 1 once it is connected
	defer func() { a.m.counts.connected(way.kind).Add(-counted) }()
	handle := func(m broker.Message) error {
		switch m.Kind {
		case broker.Connected:
			a.m.counts.connected(way.kind).Add(1 - counted)
			counted = 1
			err := a.noteUp(ctx, way, end)
			leave() // not before: thousands that connect at once would wait for the database at once
			if err != nil {
				return err
			}
			signal(a.reconcileNow)
		case broker.Dropped:
			a.log.Warn("the broker's stream left something out", "said", m.Text)
			if m.Update != nil {
				a.saveUnreadable(ctx, m.Update)
			}
			if err := a.noteUp(ctx, way, end); err != nil {
				return err
			}
			signal(a.gap)
		case broker.Update:
			return a.apply(ctx, m)
		}
		return nil
	}
	if way.kind == transportSSE {
		return a.client.ConfirmUnauthorized(ctx, a.m.Broker.StreamTrades(ctx, a.opened.Environment, a.opened.Credentials, a.lastID.Load().(string), handle))
	}
	err := a.m.Broker.StreamSocket(ctx, a.opened.Environment, a.opened.Credentials, handle)
	confirmed := a.client.ConfirmUnauthorized(ctx, err)
	if broker.IsKind(err, broker.Unauthorized) && !broker.IsKind(confirmed, broker.Unauthorized) {
		// The WebSocket says "unauthorized" for a second connection too.
		return &broker.Error{Kind: broker.RateLimited, Cause: err}
	}
	return confirmed
}

// fellBackNote says why an account does not have the first choice of transport.
const fellBackNote = "Alpaca offers this account no Server-Sent Events, so that its WebSocket is read. " +
	"It takes one connection an account: a program of your own that uses it and this one shut each other out."

// streamlessNote says why an account has no stream at all.
const streamlessNote = "Paddock has as many streams as its operator lets it have, so that this account's orders are reconciled every few minutes."

// sentence says for people why a stream ended.
func sentence(kind string, err error) string {
	switch {
	case errors.Is(err, broker.ErrNotSupported) && kind == transportSSE:
		return `Alpaca offers this account no Server-Sent Events. Set "stream_mode" to auto or ws.`
	case errors.Is(err, broker.ErrNotSupported):
		return "Alpaca offers this account no WebSocket of trade updates. Orders are reconciled every few minutes."
	case errors.Is(err, broker.ErrIdle):
		return "The stream was silent for too long, and is begun anew."
	case errors.Is(err, errMissedUpdate):
		return "The stream was connected and told nothing of an order that changed. It is begun anew."
	case errors.Is(err, broker.ErrCut):
		return "The stream was cut, and is begun anew."
	case broker.IsKind(err, broker.RateLimited):
		return "Alpaca refuses another stream for the moment: this account may have one WebSocket, and another program may hold it, or an old one is not forgotten yet."
	case broker.IsKind(err, broker.Unavailable):
		return "Alpaca's stream cannot be had at the moment. It is tried again."
	}
	return "The stream ended for a reason of Paddock's own, and is begun anew."
}

// noteUp records that the stream is connected and sends everything from now on.
// Updates from before may be missing, which casts doubt on the mirror until it
// is reconciled. It is tried again until it is recorded, and nothing is read
// meanwhile: otherwise the mirror of a stream that is up would count as behind for
// as long as it is.
func (a *account) noteUp(ctx context.Context, way transport, end func(error)) error {
	a.monitor.started(end)
	for attempt := 0; ; attempt++ {
		err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue(`insert into app.stream_cursors as c (account_id, streaming, unbroken_since, note) values ($1, $2, clock_timestamp(), nullif($3, ''))
				on conflict (account_id) do update set streaming = excluded.streaming, unbroken_since = excluded.unbroken_since,
					note = excluded.note, doubts = c.doubts + 1, updated_at = now()`, a.lease.Account, way.kind, way.note)
		})
		switch {
		case err == nil || problem.Is(err, problem.AccountForbidden):
			return err
		case attempt == 0 && ctx.Err() == nil:
			a.log.Warn("could not note that the stream is up; it is tried again", "err", err)
		}
		if !backoff(ctx, attempt) {
			return ctx.Err()
		}
	}
}

// noteDown records that there is no stream, and why, if there is a reason. This
// casts doubt on the mirror.
func (a *account) noteDown(ctx context.Context, note, why string) {
	a.note(ctx, func(b *tenant.Batch) {
		b.Queue(`insert into app.stream_cursors as c (account_id, note, last_error, last_error_at)
				values ($1, nullif($2, ''), nullif($3, ''), case when $3 <> '' then clock_timestamp() end)
			on conflict (account_id) do update set streaming = null, unbroken_since = null, note = excluded.note, doubts = c.doubts + 1, updated_at = now(),
				last_error = coalesce(excluded.last_error, c.last_error), last_error_at = coalesce(excluded.last_error_at, c.last_error_at)`,
			a.lease.Account, note, why)
	})
}

// note writes the state of the stream. Where that fails the stream goes on; the
// mirror then counts as behind, and the broker is asked instead.
func (a *account) note(ctx context.Context, queue func(*tenant.Batch)) {
	err := a.m.Worker.Tx(ctx, a.lease, queue)
	if err != nil && ctx.Err() == nil && !problem.Is(err, problem.AccountForbidden) {
		a.log.Warn("could not note what the stream does", "err", err)
	}
}

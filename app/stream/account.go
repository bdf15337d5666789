package stream

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// account is the stream of one account, under one lease and one set of keys.
type account struct {
	m       *Manager
	lease   tenant.Lease
	log     *slog.Logger
	opened  accounts.Opened
	client  *broker.Client
	lookNow chan struct{} // an order's answer is missing
	gap     chan struct{} // updates may have been missed
	wanted  chan struct{} // a reconciliation should not wait: somebody asks for it, or a stream is up
	silent  chan struct{} // an open order has been silent for too long
	winding chan struct{} // the account is being wound down
	lastID  string        // the newest update applied
	leave   func()        // ends follow
	looked  time.Time     // when open orders were last looked at
	// askedAlone are those that were asked for one by one since the last
	// reconciliation.
	askedAlone map[uuid.UUID]bool
	missing    map[lost]missing // of the intents whose answer is missing; resolve's own
	odd        []broker.Odd     // what a look at the broker has found; tend's own
	leftOver   bool             // the reconciliation has left orders to the next; tend's own

	asked    atomic.Int64 // the newest reconciliation that somebody waits for
	answered atomic.Int64 // the newest that was answered
	up       upstream
}

// start begins an account's stream in the background, after the one before it
// is over.
func (m *Manager) start(ctx context.Context, l tenant.Lease, before *running) *running {
	ctx, cancel := context.WithCancel(ctx)
	a := &account{
		m: m, lease: l, log: m.Logger.With("account", l.Account), lastID: l.LastEventID,
		lookNow: make(chan struct{}, 1), gap: make(chan struct{}, 1), wanted: make(chan struct{}, 1), silent: make(chan struct{}, 1), winding: make(chan struct{}, 1),
		askedAlone: map[uuid.UUID]bool{}, missing: map[lost]missing{},
	}
	r := &running{lease: l, cancel: cancel, done: make(chan struct{}), account: a}
	m.running[l.Account] = r
	go func() {
		defer close(r.done)
		defer cancel()
		if before != nil {
			<-before.done
		}
		a.run(ctx)
	}()
	return r
}

// told takes what a look at the leases says of the account.
func (a *account) told(l tenant.Lease) {
	if l.Unresolved {
		signal(a.lookNow)
	}
	if l.Silent >= a.m.Silence {
		signal(a.silent)
	}
	if l.Sync > a.answered.Load() && l.Sync > a.asked.Load() {
		a.asked.Store(l.Sync)
		signal(a.wanted)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run opens the keys and follows the account with them, again after the broker
// has refused them: until new ones come, lost orders must still be parked.
func (a *account) run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := a.open(ctx)
		switch {
		case err == nil:
			a.follow(ctx)
		case problem.Is(err, problem.NeedsCredentials):
			a.parkAll(ctx) // without keys, nobody can ask what became of them
		case ctx.Err() == nil:
			a.log.Warn("the stream could not open its credentials", "err", err)
		}
		if !backoff(ctx, attempt) {
			return
		}
	}
}

// follow reads the stream and, beside it, reconciles and looks up lost orders,
// until the keys are refused or the lease is lost.
func (a *account) follow(ctx context.Context) {
	ctx, a.leave = context.WithCancel(ctx)
	defer a.leave()
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){a.read, a.tend, a.resolve, a.windDowns} {
		parts.Go(func() { part(ctx) })
	}
	parts.Wait()
}

// open reads the account's credentials. They stay in memory while the stream
// runs, as the open connection itself does.
func (a *account) open(ctx context.Context) error {
	leave, ok := take(ctx, a.m.connecting)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { a.m.Keys.QueueOpen(b, a.lease.Account, &a.opened) })
	if err == nil {
		err = a.opened.Usable()
	}
	if err == nil {
		a.client, err = a.m.Broker.Client(a.opened.Environment, a.opened.Credentials,
			broker.WithAccount(a.lease.Account.String()), broker.InBackground())
	}
	return err
}

// apply writes one update: order, position, event and cursor, in one
// transaction. One that was applied before changes nothing. One that is odd is
// applied as far as it can be read, and kept as it came; reconciliation brings
// the rest.
func (a *account) apply(ctx context.Context, msg broker.Message) error {
	update, odd := broker.ReadUpdate(msg.Update)
	if update == nil {
		return a.keep(ctx, msg, errors.New(odd.Why))
	}
	var doubtful bool
	for attempt := 0; ; attempt++ {
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue("select app.apply_trade_update($1, $2)", a.lease.Account, []byte(update))
			if odd != nil {
				queueOddItems(b, a.lease.Account, "update", []broker.Odd{*odd}, nil, false, a.tellOdd("update"))
			}
			b.Queue("select c.agreed_at is not null and c.doubts <> c.doubts_settled from app.stream_cursors c where c.account_id = $1", a.lease.Account).
				QueryRow(func(row pgx.Row) error { return row.Scan(&doubtful) })
		})
		if err == nil {
			a.lastID = msg.EventID
			a.up.tells(update)
			if odd != nil || doubtful {
				signal(a.gap)
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if problem.Of(err).Kind() == problem.KindUnavailable {
			if !backoff(ctx, attempt) {
				return ctx.Err()
			}
			continue // the database is away, or chose us to end a deadlock: nothing is skipped, the broker waits
		}
		if problem.Is(err, problem.AccountForbidden) {
			return err
		}
		return a.keep(ctx, msg, err)
	}
}

// keep writes an update that cannot be applied into the log as it came: it
// must not stop the others, and nothing that the broker said may be lost.
// Reconciliation brings the order as it is now.
func (a *account) keep(ctx context.Context, msg broker.Message, reason error) error {
	a.log.Error("a trade update could not be applied and is kept as it came", "event_id", msg.EventID, "err", reason)
	said := strings.ReplaceAll(strings.ToValidUTF8(string(msg.Update), "\uFFFD"), "\x00", "\uFFFD")
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select private.append_event('order', jsonb_build_object('event', 'unapplied', 'what', 'update', 'id', $2::text, 'update', $1::text), $2)",
			said, msg.EventID)
		b.Queue("select app.advance_stream_cursor($1, $2)", a.lease.Account, msg.EventID)
		b.Queue("select app.doubt_mirror($1)", a.lease.Account)
	})
	if err != nil {
		return err // the stream starts again from the update before it
	}
	a.lastID = msg.EventID
	a.up.leftOut()
	signal(a.gap)
	return nil
}

// keepUnread keeps what came over the stream and is no update, so that nothing
// says up to where it was read.
func (a *account) keepUnread(ctx context.Context, said []byte) {
	odd := broker.Unreadable("update", said)
	a.note(ctx, func(b *tenant.Batch) {
		b.LockLog()
		queueOddItems(b, a.lease.Account, "update", []broker.Odd{odd}, nil, false, a.tellOdd("update"))
	})
}

// refused notes keys that the broker no longer takes and ends what follows the
// account with them, and says whether that is what err means.
func (a *account) refused(ctx context.Context, err error) bool {
	var b *broker.Error
	if !errors.As(err, &b) || b.Kind != broker.Unauthorized {
		return false
	}
	noted := a.m.Worker.TxNotify(ctx, a.lease, func(batch *tenant.Batch) {
		batch.Queue("select private.mark_credentials_rejected($1)", a.opened.Generation)
	})
	if noted != nil {
		a.log.Warn("could not note that the broker refuses the keys", "err", noted)
		return false
	}
	a.leave()
	a.m.Wake()
	return true
}

// resolve looks up lost orders when told that there are any.
func (a *account) resolve(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.lookNow:
		}
		if err := a.lookUp(ctx); err != nil && ctx.Err() == nil && !a.refused(ctx, err) {
			a.log.Warn("lost orders could not be looked up; it is tried again", "err", err)
		}
	}
}

// queueOrderEvent records an order as the broker describes it and, if that
// changed anything, tells the account of it.
func queueOrderEvent(b *tenant.Batch, l tenant.Lease, order json.RawMessage, what, requestID string) {
	b.Queue(`with r as (select * from app.record_order($1, $2, $3))
		select private.append_event('order', app.order_event($4::text, r.recorded), null) from r where r.changed`, l.Account, []byte(order), requestID, what)
}

package mirror

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

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// account runs the stream of one account, under one lease and one set of keys.
type account struct {
	m            *Manager
	lease        tenant.Lease
	log          *slog.Logger
	opened       credentials.Opened
	client       *broker.Client
	lookUpNow    chan struct{} // an order's answer is missing
	gap          chan struct{} // updates may have been missed: reconcile
	reconcileNow chan struct{} // reconcile without waiting: somebody asks for it, or a stream has connected
	silent       chan struct{} // an open order had no update for too long
	stirred      chan struct{} // an update came: the account is not at rest
	windDownNow  chan struct{} // the account is to be wound down
	importNow    chan struct{} // the account's history is to be imported
	lastID       atomic.Value  // event id of the newest update applied, a string
	stop         func()        // ends follow
	lastRead     time.Time     // when open orders were last read
	// askedSingly holds the orders that were asked for one by one since the
	// last reconciliation.
	askedSingly map[uuid.UUID]bool
	missing     map[lostIntent]lookUpState // of lost intents; used by one lookUp at a time
	odd         []broker.Odd               // odd items that were just read; used by reconcileLoop alone
	moreToRead  bool                       // the reconciliation left orders to the next; used by reconcileLoop alone
	atRest      bool                       // the last reconciliation found nothing to wait for; used by reconcileLoop alone

	syncAsked    atomic.Int64 // number of the newest reconciliation that somebody waits for
	syncAnswered atomic.Int64 // number of the newest that was answered
	monitor      streamMonitor
}

// start runs an account's stream in the background, once the one before it has
// ended.
func (m *Manager) start(ctx context.Context, l tenant.Lease, before *running) *running {
	ctx, cancel := context.WithCancel(ctx)
	a := &account{
		m: m, lease: l, log: m.Logger.With("account", l.Account),
		lookUpNow: make(chan struct{}, 1), gap: make(chan struct{}, 1), reconcileNow: make(chan struct{}, 1), silent: make(chan struct{}, 1), stirred: make(chan struct{}, 1), windDownNow: make(chan struct{}, 1), importNow: make(chan struct{}, 1),
		askedSingly: map[uuid.UUID]bool{}, missing: map[lostIntent]lookUpState{},
	}
	a.lastID.Store(l.LastEventID)
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

// ask has the account reconciled for those who wait for reconciliation number n.
func (a *account) ask(n int64) {
	if n > a.syncAnswered.Load() && n > a.syncAsked.Load() {
		a.syncAsked.Store(n)
		signal(a.reconcileNow)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run reads the account's keys and follows the account with them, and does so
// again after the broker has refused them: until new keys come, lost orders
// must still be marked unknown.
func (a *account) run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := a.open(ctx)
		switch {
		case err == nil:
			a.follow(ctx)
		case problem.Is(err, problem.NeedsCredentials):
			a.markAllUnknown(ctx) // without keys nobody can ask what became of them
		case ctx.Err() == nil:
			a.log.Warn("the stream could not open its credentials", "err", err)
		}
		if !backoff(ctx, attempt) {
			return
		}
	}
}

// follow reads the stream, reconciles, looks up lost orders, carries out
// wind-downs and imports the account's history, until the keys are refused or the lease is lost.
func (a *account) follow(ctx context.Context) {
	ctx, a.stop = context.WithCancel(ctx)
	defer a.stop()
	var parts sync.WaitGroup
	parts.Go(func() { a.reconcileLoop(ctx) })
	parts.Go(func() { a.errands(ctx) })
	parts.Go(func() { a.historyLoop(ctx) })
	a.streamLoop(ctx)
	parts.Wait()
}

// errands looks up lost orders and carries out wind-downs when there are any. Each
// wind-down goes its own way: one that buys back an overshoot and waits for the
// market does not delay a halt.
func (a *account) errands(ctx context.Context) {
	lookUpNow, lookedUp := a.lookUpNow, make(chan struct{})
	underWay := map[uuid.UUID]bool{} // wind-downs
	ended := make(chan uuid.UUID)
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-lookUpNow:
			lookUpNow = nil // one look at a time
			all.Go(func() {
				a.lookUp(ctx)
				select {
				case lookedUp <- struct{}{}:
				case <-ctx.Done():
				}
			})
		case <-lookedUp:
			lookUpNow = a.lookUpNow
		case id := <-ended:
			delete(underWay, id)
		case <-a.windDownNow:
			for _, w := range a.windDownsToRun(ctx) {
				if underWay[w.ID] {
					continue
				}
				underWay[w.ID] = true
				all.Go(func() {
					a.windDown(ctx, w)
					select {
					case ended <- w.ID:
					case <-ctx.Done():
					}
				})
			}
		}
	}
}

// open reads the account's credentials. They stay in memory while the stream
// runs, as the stream's connection needs them anyway.
func (a *account) open(ctx context.Context) error {
	leave, ok := acquireSlot(ctx, a.m.connectSlots)
	if !ok {
		return ctx.Err()
	}
	defer leave()
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { a.m.Keys.QueueOpen(b, a.lease.Account, &a.opened) })
	if err == nil {
		err = a.opened.Usable()
	}
	if err == nil {
		a.client, err = a.opened.Client(a.m.Broker, a.lease.Account, broker.WithLowPriority())
	}
	return err
}

// requireCursorSQL ends a transaction as one without the lease where the database has
// come back older than what was applied last: the next look at all accounts finds
// that, and begins the stream again where the database is.
const requireCursorSQL = "select app.require_cursor($1, $2)"

// apply writes one update in one transaction: order, position, event and
// cursor. An update that was applied before changes nothing. An odd one is
// applied as far as it can be read and kept as it came; reconciliation brings
// the rest.
func (a *account) apply(ctx context.Context, msg broker.Message) error {
	update, odd := broker.ReadUpdate(msg.Update)
	if update == nil {
		return a.saveUnapplied(ctx, msg, errors.New(odd.Why))
	}
	a.letAnswerGoFirst(ctx, update)
	var doubtful bool // there is a reason not to trust the mirror: a reconciliation must settle it
	for attempt := 0; ; attempt++ {
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue(requireCursorSQL, a.lease.Account, a.lastID.Load())
			b.Queue("select app.apply_trade_update($1, $2)", a.lease.Account, []byte(update))
			if odd != nil {
				queueOddItems(b, a.lease.Account, "update", []broker.Odd{*odd}, nil, false, a.tellOdd("update"))
			}
			b.Queue("select c.agreed_at is not null and c.doubts <> c.doubts_settled from app.stream_cursors c where c.account_id = $1", a.lease.Account).
				QueryRow(func(row pgx.Row) error { return row.Scan(&doubtful) })
		})
		if err == nil {
			a.lastID.Store(msg.EventID)
			a.monitor.sawUpdate(update)
			signal(a.stirred)
			a.observeUpdate(msg, true)
			if odd != nil || doubtful {
				signal(a.gap)
			}
			return nil
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case problem.Is(err, problem.AccountForbidden):
			return err
		case unrecordable(err), attempt >= strangeAttempts && problem.Of(err).Kind() != problem.KindUnavailable:
			return a.saveUnapplied(ctx, msg, err)
		}
		// The database is away, takes no changes or ended this transaction in a
		// deadlock. It is tried again, and nothing further is read meanwhile.
		if attempt == 0 {
			a.log.Warn("a trade update could not be applied yet; it is tried again", "event_id", msg.EventID, "err", err)
		}
		if !backoff(ctx, attempt) {
			return ctx.Err()
		}
	}
}

// letAnswerGoFirst waits for the broker's answer to a request of this process, where
// there is one for the order that an update tells of: the client waits for that, and both
// are recorded under one lock.
func (a *account) letAnswerGoFirst(ctx context.Context, update json.RawMessage) {
	var said struct {
		Order struct {
			ClientOrderID string `json:"client_order_id"`
		} `json:"order"`
	}
	if json.Unmarshal(update, &said) == nil { // it was parsed before
		a.m.UnderWay.Wait(ctx, a.lease.Account, said.Order.ClientOrderID)
	}
}

// strangeAttempts is how often an update is tried again, within about a minute,
// after an error that blames neither its values nor the state of the database.
const strangeAttempts = 6

// saveUnapplied keeps an update that cannot be applied in the event log as it
// came, so that it does not stop the updates after it and nothing of the
// broker's is lost. Reconciliation brings the order's state.
func (a *account) saveUnapplied(ctx context.Context, msg broker.Message, reason error) error {
	a.log.Error("a trade update could not be applied and is kept as it came", "event_id", msg.EventID, "err", reason)
	said := strings.ReplaceAll(strings.ToValidUTF8(string(msg.Update), "\uFFFD"), "\x00", "\uFFFD")
	err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(requireCursorSQL, a.lease.Account, a.lastID.Load())
		b.Queue("select private.append_event('order', jsonb_build_object('event', 'unapplied', 'what', 'update', 'id', $2::text, 'update', $1::text), $2)",
			said, msg.EventID)
		b.Queue("select app.advance_stream_cursor($1, $2)", a.lease.Account, msg.EventID)
		b.Queue("select app.doubt_mirror($1)", a.lease.Account)
	})
	if err != nil {
		return err // the stream resumes at the update before this one
	}
	a.lastID.Store(msg.EventID)
	a.observeUpdate(msg, false)
	a.monitor.skippedUpdate()
	signal(a.gap)
	return nil
}

// saveUnreadable keeps a message of the stream that is no update at all. It has
// no event id, so that the cursor stays where it is.
func (a *account) saveUnreadable(ctx context.Context, said []byte) {
	odd := broker.Unreadable("update", said)
	a.note(ctx, func(b *tenant.Batch) {
		b.LockLog()
		queueOddItems(b, a.lease.Account, "update", []broker.Odd{odd}, nil, false, a.tellOdd("update"))
	})
}

// handleRefusedKeys reports whether err means that the broker no longer takes
// the keys. If so it records that and ends follow.
func (a *account) handleRefusedKeys(ctx context.Context, err error) bool {
	if !credentials.Refused(err) {
		return false
	}
	if noted := a.m.Worker.TxNotify(ctx, a.lease, a.opened.QueueRefused); noted != nil {
		a.log.Warn("could not note that the broker refuses the keys", "err", noted)
		return false
	}
	a.stop()
	a.m.Wake()
	return true
}

// lookUp looks up lost orders.
func (a *account) lookUp(ctx context.Context) {
	if err := a.lookUpLost(ctx); err != nil && ctx.Err() == nil && !a.handleRefusedKeys(ctx, err) {
		a.log.Warn("lost orders could not be looked up; it is tried again", "err", err)
	}
}

// queueOrderEvent records an order as the broker describes it, and appends an
// event if that changed anything.
func queueOrderEvent(b *tenant.Batch, l tenant.Lease, order json.RawMessage, what, requestID string) {
	b.Queue(`with r as (select * from app.record_order($1, $2, $3))
		select private.append_event('order', app.order_event($4::text, r.recorded), null) from r where r.changed`, l.Account, []byte(order), requestID, what)
}

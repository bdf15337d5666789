package push

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// follower is one client's connection. It follows one or more accounts.
type follower struct {
	hub                *Hub
	wire               wire
	token              string
	user               string
	requestID          string        // of the request that began it, for the log
	wake               chan struct{} // the queue has messages, for write; nil where writeQueue writes
	quit               chan struct{} // closed when the connection is to end
	ended              chan struct{} // closed when it has ended
	lastSent           atomic.Int64  // when something was last sent, in nanoseconds since 1970
	pingAfter          time.Duration // of silence: then the client is pinged
	singleSubscription bool          // the connection ends with its only subscription
	turn               int           // at which a sweep looks at it; the hub's

	once   sync.Once
	reason closeReason

	writing   sync.Mutex     // held by who writes to a WebSocket
	finishing sync.WaitGroup // finish, of a WebSocket that ends

	mu      sync.Mutex
	cursors map[uuid.UUID]tenant.Cursor // the last event queued of each account that it follows
	behind  map[uuid.UUID]struct{}      // of these, the accounts that readLate reads; nil for none
	queue   []item
	size    int  // bytes of the queue
	busy    bool // writeQueue runs, or has failed
	paused  bool // events stay in the log until the client has read more
}

// item is a message to send, with the cursor to resume from after it, or the zero one.
type item struct {
	text   []byte
	cursor tenant.Cursor
}

// wire sends a follower's messages: over a WebSocket or as Server-Sent Events.
type wire interface {
	send(i item, within time.Duration) error
	keepAlive(within time.Duration) error
	close(g closeReason)
	closeNow() // without a closing message
}

// closeReason is why a connection ends.
type closeReason struct {
	status websocket.StatusCode
	code   problem.Code // of the error message that ends a stream of Server-Sent Events
	reason string
}

func (h *Hub) newFollower(token, user string, w wire, quiet time.Duration) *follower {
	f := &follower{
		hub: h, wire: w, token: token, user: user, quit: make(chan struct{}), ended: make(chan struct{}),
		cursors: map[uuid.UUID]tenant.Cursor{}, pingAfter: quiet,
	}
	f.lastSent.Store(time.Now().UnixNano())
	return f
}

// end makes the connection close. Only the first call counts.
func (f *follower) end(status websocket.StatusCode, code problem.Code, reason string) {
	f.once.Do(func() {
		f.reason = closeReason{status, code, reason}
		if status == closeSlowReader {
			f.hub.counts.slow.Add(1)
		}
		close(f.quit)
		if f.wake == nil {
			f.finishing.Go(f.finish)
		}
	})
}

func (f *follower) tooSlow() {
	f.end(closeSlowReader, problem.SlowReader, "too slow: reconnect and resume by cursor")
}

func (f *follower) follows(account uuid.UUID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, follows := f.cursors[account]
	return follows
}

// accounts returns the accounts that it follows, with their cursors.
func (f *follower) accounts() map[uuid.UUID]tenant.Cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.cursors)
}

// write sends queued messages until the connection is to end, and then ends it.
func (f *follower) write() {
	for {
		select {
		case <-f.wake:
		case <-f.quit:
			f.sayGoodbye()
			return
		}
		if !f.sendQueue() {
			return
		}
	}
}

// writeQueue sends what is queued. A WebSocket has a goroutine for it only while
// there is something: thousands that wait would keep their stacks.
func (f *follower) writeQueue() {
	f.writing.Lock()
	defer f.writing.Unlock()
	defer f.recoverPanic()
	f.sendQueue()
}

// finish ends a WebSocket that is to end.
func (f *follower) finish() {
	f.writing.Lock()
	defer f.writing.Unlock()
	defer f.wire.closeNow()
	defer f.recoverPanic()
	f.sayGoodbye()
}

// sendQueue sends what is queued, and reports whether the connection is to go on:
// a slow reader gets nothing more, and resumes by cursor.
func (f *follower) sendQueue() bool {
	if f.sendAll(f.hub.WriteTimeout) != nil {
		f.tooSlow()
		f.wire.closeNow()
		return false
	}
	return true
}

// sayGoodbye sends the messages that are left, but for a slow reader, and why the
// connection ends.
func (f *follower) sayGoodbye() {
	if f.reason.status != closeSlowReader {
		_ = f.sendAll(time.Second) // the connection ends either way
	}
	f.wire.close(f.reason)
}

// sendAll sends all queued messages, each within the given time.
func (f *follower) sendAll(within time.Duration) error {
	for {
		next, ok, resume := f.take()
		if resume != nil {
			f.hub.fallBehind(f, resume...)
		}
		if !ok {
			return nil
		}
		if err := f.wire.send(next, within); err != nil {
			return err
		}
		f.lastSent.Store(time.Now().UnixNano())
	}
}

// take removes the next message from the queue. Where the queue was full and
// now has room, resume names the accounts whose events are to be read again.
func (f *follower) take() (next item, ok bool, resume []uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		f.queue, f.busy = nil, false // an idle connection keeps no memory for it
		return item{}, false, nil
	}
	next, f.queue[0] = f.queue[0], item{}
	f.queue = f.queue[1:]
	f.size -= len(next.text)
	if f.paused && len(f.queue) <= f.hub.Queue/4 && f.size <= f.hub.QueueBytes/4 {
		f.paused = false
		resume = slices.Collect(maps.Keys(f.cursors))
	}
	return next, true, resume
}

// pauseIfFull reports whether a page of events might not fit into the queue,
// and pauses reading then. f.mu must be held.
func (f *follower) pauseIfFull() bool {
	if len(f.queue) <= f.hub.Queue/2 && f.size <= f.hub.QueueBytes/2 {
		return false
	}
	f.paused = true
	return true
}

// waitForRoom waits until most of the queue has been sent, since the next reply
// may be large.
func (f *follower) waitForRoom() {
	for {
		f.mu.Lock()
		full := f.pauseIfFull()
		f.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-f.quit:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// enqueue queues a message. f.mu must be held, so that messages are queued in
// the order of their cursors. A client for which too much is queued, because it
// asks for more than it reads, is closed and resumes by cursor.
func (f *follower) enqueue(text []byte, cursor tenant.Cursor) {
	select {
	case <-f.quit:
		return
	default:
	}
	if len(f.queue) >= f.hub.Queue || f.size > 2*f.hub.QueueBytes {
		f.tooSlow()
		return
	}
	f.queue = append(f.queue, item{text, cursor})
	f.size += len(text)
	switch {
	case f.wake != nil:
		signal(f.wake)
	case !f.busy:
		f.busy = true
		go f.writeQueue()
	}
}

func (f *follower) sendMessage(m message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.enqueue(m.text(), tenant.Cursor{})
}

// deliver queues an event if it is the next one of its account and there is
// room. Any other was queued before, or will be read again.
func (f *follower) deliver(account uuid.UUID, cursor tenant.Cursor, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, follows := f.cursors[account]; !follows || cursor.Seq != last.Seq+1 || f.pauseIfFull() {
		return
	}
	f.cursors[account] = cursor
	f.enqueue(text, cursor)
	f.hub.counts.events.Add(1)
}

// follow starts or moves a subscription, and queues its first messages.
func (f *follower) follow(account uuid.UUID, cursor tenant.Cursor, first ...message) {
	f.mu.Lock()
	f.cursors[account] = cursor
	for _, m := range first {
		f.enqueue(m.text(), cursor)
	}
	f.mu.Unlock()
	f.hub.follow(f, account)
	f.hub.fallBehind(f, account)
}

// unsubscribe ends a subscription and reports whether there was one.
func (f *follower) unsubscribe(account uuid.UUID) bool {
	f.mu.Lock()
	_, followed := f.cursors[account]
	delete(f.cursors, account)
	delete(f.behind, account)
	f.mu.Unlock()
	if followed {
		f.hub.unwatch(f, account)
		f.hub.unfollow(f, account)
	}
	return followed
}

// revoke ends a subscription that the client may no longer have, or the whole
// connection where the session has ended.
func (f *follower) revoke(account uuid.UUID, why tenant.Access) {
	if why == tenant.NoSession {
		f.end(closeUnauthenticated, problem.SessionEnded, sessionEnded)
		return
	}
	if f.unsubscribe(account) {
		f.sendMessage(unsubscribed(account, why))
		if f.singleSubscription {
			f.end(websocket.StatusNormalClosure, problem.Code{}, "") // the message before says why
		}
	}
}

// lose ends a subscription that cannot be read any more. One whose cursor alone
// was the reason may have begun again meanwhile.
func (f *follower) lose(s tenant.Subscription, why tenant.Access) {
	if why == tenant.CursorExpired || why == tenant.CursorAhead {
		f.mu.Lock()
		moved := f.cursors[s.Account] != s.Cursor
		f.mu.Unlock()
		if moved {
			return
		}
	}
	f.revoke(s.Account, why)
}

// keepAlive pings a client that was sent nothing for a while. The hub's mutex
// must be held.
func (f *follower) keepAlive() {
	now := time.Now()
	if now.Sub(time.Unix(0, f.lastSent.Load())) < f.pingAfter {
		return
	}
	f.lastSent.Store(now.UnixNano())
	go func() {
		if f.wire.keepAlive(f.hub.IdleTimeout/2) != nil {
			f.tooSlow()
		}
	}()
}

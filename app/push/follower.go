package push

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// follower is one client's connection, shared by all accounts that it follows.
type follower struct {
	hub   *Hub
	wire  wire
	token string
	user  string
	waits chan struct{} // something waits to be sent
	quit  chan struct{} // closed when the connection is to end
	done  chan struct{} // closed when it has
	used  atomic.Int64  // when something was last sent, in nanoseconds since 1970
	quiet time.Duration // after which it is looked whether the client is there
	one   bool          // it ends with its only subscription

	once sync.Once
	last goodbye

	mu      sync.Mutex
	cursors map[uuid.UUID]int64 // of the accounts that it follows: the last event queued
	queue   []item
	size    int  // bytes of the queue
	full    bool // events are left in the log until the client has read more
}

// item is a message on its way, and the cursor to resume from after it, if any.
type item struct {
	text   []byte
	cursor int64
}

// wire is what a follower's messages go over.
type wire interface {
	send(i item, within time.Duration) error
	keepAlive(within time.Duration) error
	close(g goodbye)
	cut() // at once
}

// goodbye is why a connection ends.
type goodbye struct {
	status websocket.StatusCode
	code   problem.Code // as an error message says it, over Server-Sent Events
	reason string
}

func (h *Hub) newFollower(token, user string, w wire, quiet time.Duration) *follower {
	f := &follower{
		hub: h, wire: w, token: token, user: user, waits: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		cursors: map[uuid.UUID]int64{}, quiet: quiet,
	}
	f.used.Store(time.Now().UnixNano())
	return f
}

// end makes the connection close, with the first reason that is given.
func (f *follower) end(status websocket.StatusCode, code problem.Code, reason string) {
	f.once.Do(func() {
		f.last = goodbye{status, code, reason}
		close(f.quit)
	})
}

func (f *follower) tooSlow() {
	f.end(closeSlowReader, problem.SlowReader, "too slow: reconnect and resume by cursor")
}

func (f *follower) has(account uuid.UUID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, follows := f.cursors[account]
	return follows
}

// accounts answers which accounts it follows.
func (f *follower) accounts() map[uuid.UUID]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.cursors)
}

// write sends what waits until the connection is to end, and then what it
// should still hear. A slow reader gets nothing more: it resumes by cursor.
func (f *follower) write() {
	for {
		select {
		case <-f.waits:
		case <-f.quit:
			if f.last.status != closeSlowReader {
				_ = f.sendAll(time.Second) // it ends either way
			}
			f.wire.close(f.last)
			return
		}
		if f.sendAll(f.hub.WriteTimeout) != nil {
			f.tooSlow()
			f.wire.cut()
			return
		}
	}
}

// sendAll sends what waits, each message within the time that it may take.
func (f *follower) sendAll(within time.Duration) error {
	for {
		next, ok, room := f.take()
		if room != nil {
			f.hub.ring(room...)
		}
		if !ok {
			return nil
		}
		if err := f.wire.send(next, within); err != nil {
			return err
		}
		f.used.Store(time.Now().UnixNano())
	}
}

// take takes the next message off the queue. Where there was no room for events
// and now is, room names the accounts that are to be read for again.
func (f *follower) take() (next item, ok bool, room []hint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		f.queue = nil // an idle connection keeps no memory for it
		return item{}, false, nil
	}
	next, f.queue[0] = f.queue[0], item{}
	f.queue = f.queue[1:]
	f.size -= len(next.text)
	if f.full && len(f.queue) <= f.hub.Queue/4 && f.size <= f.hub.QueueBytes/4 {
		f.full = false
		for account := range f.cursors {
			room = append(room, hintOf(account))
		}
	}
	return next, true, room
}

// hasNoRoom tells whether a page of events might not fit. f.mu is held.
func (f *follower) hasNoRoom() bool {
	if len(f.queue) <= f.hub.Queue/2 && f.size <= f.hub.QueueBytes/2 {
		return false
	}
	f.full = true
	return true
}

// waitForRoom waits until what was asked for before has mostly been read: the
// next answer may be large.
func (f *follower) waitForRoom() {
	for {
		f.mu.Lock()
		full := f.hasNoRoom()
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

// put queues a message. f.mu is held, so that messages are queued in the order
// in which their cursors move. A client for which too much waits, because it
// asks more than it reads, is closed and resumes by cursor.
func (f *follower) put(text []byte, cursor int64) {
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
	signal(f.waits)
}

func (f *follower) tell(m message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(m.text(), 0)
}

// deliver queues an event if it is the next one of its account and there is
// room. Any other was sent already, or comes with the next read.
func (f *follower) deliver(account uuid.UUID, seq int64, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, follows := f.cursors[account]; !follows || seq != last+1 || f.hasNoRoom() {
		return
	}
	f.cursors[account] = seq
	f.put(text, seq)
}

// follow starts or moves a subscription, with the messages that begin it.
func (f *follower) follow(account uuid.UUID, cursor int64, first ...message) {
	f.mu.Lock()
	f.cursors[account] = cursor
	for _, m := range first {
		f.put(m.text(), cursor)
	}
	f.mu.Unlock()
	f.hub.follow(f, account)
	f.hub.ring(hintOf(account))
}

// leave ends a subscription and says whether there was one.
func (f *follower) leave(account uuid.UUID) bool {
	f.mu.Lock()
	_, followed := f.cursors[account]
	delete(f.cursors, account)
	f.mu.Unlock()
	if followed {
		f.hub.unfollow(f, account)
	}
	return followed
}

// lose ends a subscription that cannot go on, or the connection of a session
// that has ended.
func (f *follower) lose(account uuid.UUID, why tenant.Verdict) {
	if why == tenant.NoSession {
		f.end(closeUnauthenticated, problem.SessionEnded, "the session has ended: sign in again")
		return
	}
	if f.leave(account) {
		f.tell(unsubscribed(account, why))
		if f.one {
			f.end(websocket.StatusNormalClosure, problem.Code{}, "") // it has been told why
		}
	}
}

// keepAlive looks whether a client that was sent nothing for a while is there.
// The hub's mutex is held.
func (f *follower) keepAlive() {
	now := time.Now()
	if now.Sub(time.Unix(0, f.used.Load())) < f.quiet {
		return
	}
	f.used.Store(now.UnixNano())
	go func() {
		if f.wire.keepAlive(f.hub.IdleTimeout/2) != nil {
			f.tooSlow()
		}
	}()
}

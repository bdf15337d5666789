package push

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// readPending reads for the followers of accounts that rings have named, all of
// them together, whenever rings come.
func (h *Hub) readPending(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		set := readSet{}
		h.mu.Lock()
		for account := range h.pending {
			for f := range h.follows[account] {
				set.add(f, account)
			}
		}
		clear(h.pending)
		h.mu.Unlock()
		h.read(ctx, set)
	}
}

// readAll reads for all followers at each Poll, and after a ring that names no
// account: rings may be lost, and access may end without one. It runs beside
// readPending and does not delay it.
func (h *Hub) readAll(ctx context.Context) {
	tick := time.NewTicker(h.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeAll:
		case <-tick.C:
		}
		set, idle := readSet{}, []*follower{}
		h.mu.Lock()
		for f := range h.followers {
			if !set.addAll(f) {
				idle = append(idle, f)
			}
			f.keepAlive()
		}
		h.mu.Unlock()
		h.read(ctx, set)
		for part := range slices.Chunk(idle, h.subscriptionsPerRead) {
			h.checkSessions(ctx, part)
		}
	}
}

// readSet holds the followers to read for, by subscription: those with the same
// session, account and cursor share one read.
type readSet map[tenant.Subscription][]*follower

// add adds the follower with its cursors in the accounts that have this hash.
func (p readSet) add(f *follower, account accountHash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pauseIfFull() {
		return // its events stay in the log, where they cost no memory
	}
	for id, cursor := range f.cursors {
		if hashOf(id) == account {
			in := tenant.Subscription{Token: f.token, Account: id, Cursor: cursor}
			p[in] = append(p[in], f)
		}
	}
}

// addAll adds the follower with all of its cursors, and reports whether it has
// any to read. One that follows nothing, or has no room, only has its session
// checked; its events stay in the log.
func (p readSet) addAll(f *follower) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.cursors) == 0 || f.pauseIfFull() {
		return false
	}
	for id, cursor := range f.cursors {
		in := tenant.Subscription{Token: f.token, Account: id, Cursor: cursor}
		p[in] = append(p[in], f)
	}
	return true
}

// read reads the news of all subscriptions and delivers them. Accounts with
// more to read are read again together with the others, so that a tenant with
// much to catch up on delays nobody.
func (h *Hub) read(ctx context.Context, p readSet) {
	var behind []accountHash
	for part := range slices.Chunk(slices.Collect(maps.Keys(p)), h.subscriptionsPerRead) {
		behind = append(behind, h.readBatch(ctx, part, p)...)
	}
	h.wakeFollowers(behind...)
}

// retryAfter is after how long a failed read is tried again.
const retryAfter = 500 * time.Millisecond

// readBatch reads for some subscriptions, and returns the accounts that have
// more to come. Where that takes too long it tries each half by itself, so that
// one slow tenant does not fail everyone's read.
func (h *Hub) readBatch(ctx context.Context, part []tenant.Subscription, p readSet) (behind []accountHash) {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	bytes := max(h.bytesPerRead/len(part), 16<<10)
	events, err := h.Worker.ReadEvents(once, part, h.eventsPerRead, bytes)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && once.Err() != nil && len(part) > 1:
		half := len(part) / 2
		return append(h.readBatch(ctx, part[:half], p), h.readBatch(ctx, part[half:], p)...)
	case err != nil:
		h.Logger.Warn("events could not be read; they are asked for again", "err", err)
		var unread []accountHash
		for _, in := range part {
			unread = append(unread, hashOf(in.Account))
		}
		time.AfterFunc(retryAfter, func() { h.wakeFollowers(unread...) })
		return nil
	}
	type amount struct{ events, bytes int }
	got := map[uuid.UUID]amount{}
	for _, e := range events {
		account := part[e.For[0]].Account
		if e.Access != tenant.AccessOK {
			for _, i := range e.For {
				for _, f := range p[part[i]] {
					f.lose(part[i], e.Access)
				}
			}
			continue
		}
		text := EventText(account, e)
		for _, i := range e.For {
			for _, f := range p[part[i]] {
				f.deliver(account, e.Cursor(), text)
			}
		}
		sum := got[account]
		got[account] = amount{sum.events + 1, sum.bytes + len(e.Data)}
	}
	for account, sum := range got {
		if sum.events >= h.eventsPerRead || sum.bytes >= bytes {
			behind = append(behind, hashOf(account))
		}
	}
	return behind
}

// checkSessions ends the followers whose session has ended.
func (h *Hub) checkSessions(ctx context.Context, part []*follower) {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	questions := make([]tenant.AccessQuestion, len(part))
	for i, f := range part {
		questions[i].Token = f.token
	}
	states, err := h.Worker.CheckAccess(once, questions)
	if err != nil {
		if ctx.Err() == nil {
			h.Logger.Warn("sessions could not be looked at; it is tried again", "err", err)
		}
		return
	}
	for i, s := range states {
		if s.Access == tenant.NoSession {
			part[i].revoke(uuid.Nil, s.Access)
		}
	}
}

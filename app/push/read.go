package push

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"paddock/app/tenant"
)

// readPending reads for the followers of accounts that rings have named, all of
// them together, whenever rings come. Several of it run, so that a ring waits for
// no read that is under way. Two may read for one follower at once: each begins
// after its last event, and what came already is not delivered again.
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
		more, failed := h.read(ctx, set)
		for _, in := range more {
			set.fallBehind(in)
		}
		if len(failed) > 0 {
			time.AfterFunc(retryAfter, func() {
				for _, in := range failed {
					h.wakeFollowers(hashOf(in.Account))
				}
			})
		}
	}
}

// readSet holds the followers to read for, by subscription: those with the same
// session, account and cursor share one read.
type readSet map[tenant.Subscription][]*follower

// add adds the follower with its cursors in the accounts that have this hash,
// but for those that are behind.
func (p readSet) add(f *follower, account accountHash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pauseIfFull() {
		return // its events stay in the log, where they cost no memory
	}
	for id, cursor := range f.cursors {
		if _, behind := f.behind[id]; hashOf(id) == account && !behind {
			in := tenant.Subscription{Token: f.token, Account: id, Cursor: cursor}
			p[in] = append(p[in], f)
		}
	}
}

// readsAtOnce is how many queries run at once, so that others have connections of
// the pool too, and partsAtOnce how many of one read, so that others have queries:
// while the answer of one is delivered, the database works on another.
const (
	readsAtOnce = 3
	partsAtOnce = 2
)

// retryAfter is after how long a failed read is tried again.
const retryAfter = 500 * time.Millisecond

// read reads a page of news for each subscription and delivers them. It returns
// the subscriptions that have more to come, and those that could not be read.
func (h *Hub) read(ctx context.Context, p readSet) (more, failed []tenant.Subscription) {
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(partsAtOnce)
	for part := range slices.Chunk(slices.Collect(maps.Keys(p)), h.subscriptionsPerRead) {
		reading.Go(func() error {
			m, f := h.readBatch(ctx, part, p)
			mu.Lock()
			defer mu.Unlock()
			more, failed = append(more, m...), append(failed, f...)
			return nil
		})
	}
	_ = reading.Wait() // no part returns an error
	return more, failed
}

// readBatch is read for so many subscriptions as one query may have. Where that
// takes too long it tries each half by itself, so that one slow tenant does not
// fail everyone's read.
func (h *Hub) readBatch(ctx context.Context, part []tenant.Subscription, p readSet) (more, failed []tenant.Subscription) {
	bytes := max(h.bytesPerRead/len(part), 16<<10)
	h.reads <- struct{}{}
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	events, err := h.Worker.ReadEvents(once, part, h.eventsPerRead, bytes)
	<-h.reads
	switch {
	case ctx.Err() != nil:
		return nil, nil
	case err != nil && once.Err() != nil && len(part) > 1:
		half := len(part) / 2
		more, failed = h.readBatch(ctx, part[:half], p)
		m, f := h.readBatch(ctx, part[half:], p)
		return append(more, m...), append(failed, f...)
	case err != nil:
		h.Logger.Warn("events could not be read; they are asked for again", "err", err)
		return nil, part
	}
	type amount struct{ events, bytes int }
	got := map[int]amount{} // by the first of the subscriptions that share a page
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
		sum := got[e.For[0]]
		sum = amount{sum.events + 1, sum.bytes + len(e.Data)}
		if got[e.For[0]] = sum; sum.events == h.eventsPerRead || sum.bytes >= bytes && sum.bytes-len(e.Data) < bytes {
			for _, i := range e.For {
				more = append(more, part[i])
			}
		}
	}
	return more, nil
}

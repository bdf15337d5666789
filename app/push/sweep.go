package push

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// turns shares the connections out over the turns of a sweep. A connection keeps
// its turn, so that it is looked at once in each Poll, and never twice that late.
type turns [16]map[*follower]struct{}

// turnSize is up to how many connections have the first turn alone: a question
// about some costs hardly more than one about a single connection.
const turnSize = 100

// add gives the follower the first turn that is not full, or the smallest one.
func (t *turns) add(f *follower) {
	for i := range t {
		if len(t[i]) < turnSize {
			f.turn = i
			break
		}
		if len(t[i]) < len(t[f.turn]) {
			f.turn = i
		}
	}
	if t[f.turn] == nil {
		t[f.turn] = map[*follower]struct{}{}
	}
	t[f.turn][f] = struct{}{}
}

func (t *turns) remove(f *follower) { delete(t[f.turn], f) }

func (t *turns) has(f *follower) bool {
	_, has := t[f.turn][f]
	return has
}

func (t *turns) all() iter.Seq[*follower] {
	return func(yield func(*follower) bool) {
		for _, of := range t {
			for f := range of {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// sweep looks at each connection once in Poll, at some of them at a time: rings
// may be lost, and access may end without one. After a ring that names no account
// it looks at all of them at once. It runs beside readPending, which it tells of
// what is to be read.
func (h *Hub) sweep(ctx context.Context) {
	tick := time.NewTicker(max(h.Poll/time.Duration(len(h.followers)), 1))
	defer tick.Stop()
	for turn := 0; ; {
		var some []*follower
		select {
		case <-ctx.Done():
			return
		case <-h.wakeSweep:
			h.mu.Lock()
			some = slices.Collect(h.followers.all())
		case <-tick.C:
			h.mu.Lock()
			some = slices.Collect(maps.Keys(h.followers[turn]))
			turn = (turn + 1) % len(h.followers)
		}
		for _, f := range some {
			f.keepAlive()
		}
		h.mu.Unlock()
		h.look(ctx, some)
	}
}

// look asks the database which of these followers may no longer read what they
// follow, ends that, and has accounts read that have news.
func (h *Hub) look(ctx context.Context, followers []*follower) {
	set := readSet{}
	for _, f := range followers {
		set.addAll(f)
	}
	for part := range slices.Chunk(slices.Collect(maps.Keys(set)), h.subscriptionsPerRead) {
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		changes, err := h.Worker.ChangedPlaces(once, part)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				h.Logger.Warn("connections could not be looked at; they are looked at again", "err", err)
			}
			continue
		}
		for _, c := range changes {
			if c.Access == tenant.AccessOK {
				h.wakeFollowers(hashOf(part[c.Index].Account))
				continue
			}
			for _, f := range set[part[c.Index]] {
				f.lose(part[c.Index], c.Access)
			}
		}
	}
}

// addAll adds the follower with all of its cursors, or with its session alone
// where it follows nothing.
func (p readSet) addAll(f *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, cursor := range f.cursors {
		in := tenant.Subscription{Token: f.token, Account: id, Cursor: cursor}
		p[in] = append(p[in], f)
	}
	if len(f.cursors) == 0 {
		in := tenant.Subscription{Token: f.token, Account: uuid.Nil}
		p[in] = append(p[in], f)
	}
}

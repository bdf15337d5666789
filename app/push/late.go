package push

import (
	"context"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// place is a follower's place in an account's log.
type place struct {
	f       *follower
	account uuid.UUID
}

// fallBehind has a follower's accounts read by readLate until they have caught
// up. Rings have nothing read for them until then.
func (h *Hub) fallBehind(f *follower, accounts ...uuid.UUID) {
	f.mu.Lock()
	for _, account := range accounts {
		if _, follows := f.cursors[account]; follows {
			f.behind = with(f.behind, account)
		}
	}
	f.mu.Unlock()
	h.readAgain(f, accounts...)
}

// with returns the set with an account in it.
func with(set map[uuid.UUID]struct{}, account uuid.UUID) map[uuid.UUID]struct{} {
	if set == nil {
		set = map[uuid.UUID]struct{}{}
	}
	set[account] = struct{}{}
	return set
}

// readAgain makes readLate read these places.
func (h *Hub) readAgain(f *follower, accounts ...uuid.UUID) {
	h.mu.Lock()
	for _, account := range accounts {
		h.late[place{f, account}] = struct{}{}
	}
	h.mu.Unlock()
	signal(h.wakeLate)
}

// readLate reads for places that are behind, a page of each and all of them
// together, beside readPending: so who has much to catch up on delays nobody who
// has not.
func (h *Hub) readLate(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeLate:
		}
		h.mu.Lock()
		late := h.late
		h.late = map[place]struct{}{}
		h.mu.Unlock()
		set := readSet{}
		for at := range late {
			set.addLate(at)
		}
		more, failed := h.read(ctx, set)
		unread := map[tenant.Subscription]struct{}{}
		for _, in := range more {
			unread[in] = struct{}{}
			set.fallBehind(in)
		}
		for _, in := range failed {
			unread[in] = struct{}{}
			time.AfterFunc(retryAfter, func() { set.fallBehind(in) })
		}
		for in, followers := range set {
			if _, is := unread[in]; is {
				continue
			}
			for _, f := range followers {
				if f.catchUp(in.Account) {
					h.readAgain(f, in.Account)
				}
			}
		}
	}
}

// fallBehind has the places of this subscription read by readLate.
func (p readSet) fallBehind(in tenant.Subscription) {
	for _, f := range p[in] {
		f.hub.fallBehind(f, in.Account)
	}
}

// addLate adds a place, unless its follower has no room: it falls behind again
// when it has.
func (p readSet) addLate(at place) {
	at.f.mu.Lock()
	defer at.f.mu.Unlock()
	cursor, follows := at.f.cursors[at.account]
	if !follows || at.f.pauseIfFull() {
		return
	}
	in := tenant.Subscription{Token: at.f.token, Account: at.account, Cursor: cursor}
	p[in] = append(p[in], at.f)
}

// catchUp says that all there was has been read, and reports whether the account
// was behind: then it is to be read once more, because a ring may have come for
// it meanwhile. From now on rings have it read.
func (f *follower) catchUp(account uuid.UUID) (was bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, was = f.behind[account]
	if delete(f.behind, account); len(f.behind) == 0 {
		f.behind = nil
	}
	return was
}

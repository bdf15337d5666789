package push

import (
	"slices"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// FollowUnasked makes every connection follow an account, without checking
// whether it may.
func (h *Hub) FollowUnasked(account uuid.UUID, cursor int64) {
	h.mu.Lock()
	all := slices.Collect(h.followers.all())
	h.mu.Unlock()
	for _, f := range all {
		f.follow(account, tenant.Cursor{Seq: cursor})
	}
}

// Held returns how many connections, users and accounts the hub holds.
func (h *Hub) Held() (connections, users, accounts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(slices.Collect(h.followers.all())), len(h.perUser), len(h.follows)
}

// WatchUnasked makes every connection follow an account and look at it, without checking
// whether it may.
func (h *Hub) WatchUnasked(account uuid.UUID) {
	h.FollowUnasked(account, 0)
	h.mu.Lock()
	all := slices.Collect(h.followers.all())
	h.mu.Unlock()
	for _, f := range all {
		h.watch(f, account, nil)
	}
}

// Watched returns for how many accounts the hub asks for quotes.
func (h *Hub) Watched() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watches)
}

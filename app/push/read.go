package push

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// readRung reads for those who follow accounts that rings have named, all of
// them together, as often as rings come.
func (h *Hub) readRung(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.rung:
		}
		places := places{}
		h.mu.Lock()
		for account := range h.news {
			for f := range h.follows[account] {
				places.add(f, account)
			}
		}
		clear(h.news)
		h.mu.Unlock()
		h.read(ctx, places)
	}
}

// readAll reads for everybody now and then, and when a ring does not say for
// whom it is: rings may be lost, and access ends without one. It does not stand
// in readRung's way.
func (h *Hub) readAll(ctx context.Context) {
	tick := time.NewTicker(h.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.sweep:
		case <-tick.C:
		}
		places, idle := places{}, []*follower{}
		h.mu.Lock()
		for f := range h.followers {
			if !places.addAll(f) {
				idle = append(idle, f)
			}
			f.keepAlive()
		}
		h.mu.Unlock()
		h.read(ctx, places)
		for part := range slices.Chunk(idle, h.interestsARead) {
			h.checkSessions(ctx, part)
		}
	}
}

// places are where followers stand: those of one session that stand alike are
// read for once.
type places map[tenant.Interest][]*follower

// add takes the follower's place in the logs of the accounts hinted at.
func (p places) add(f *follower, account hint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hasNoRoom() {
		return // its events stay in the log, where they cost no memory
	}
	for id, cursor := range f.cursors {
		if hintOf(id) == account {
			in := tenant.Interest{Token: f.token, Account: id, Cursor: cursor}
			p[in] = append(p[in], f)
		}
	}
}

// addAll takes all of the follower's places, and says whether it has any: one
// without waits for the end of its session alone, and so does one that has no
// room, whose events stay in the log.
func (p places) addAll(f *follower) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.cursors) == 0 || f.hasNoRoom() {
		return false
	}
	for id, cursor := range f.cursors {
		in := tenant.Interest{Token: f.token, Account: id, Cursor: cursor}
		p[in] = append(p[in], f)
	}
	return true
}

// read asks for the news of all places and hands them out. Who is still behind
// then is read for again with everyone else: a tenant with much to catch up on
// holds up no other.
func (h *Hub) read(ctx context.Context, p places) {
	var behind []hint
	for part := range slices.Chunk(slices.Collect(maps.Keys(p)), h.interestsARead) {
		behind = append(behind, h.readPart(ctx, part, p)...)
	}
	h.ring(behind...)
}

// retryAfter is when what could not be read is asked for again.
const retryAfter = 500 * time.Millisecond

// readPart asks for some interests, and answers the accounts that have more to
// come. Where that takes too long, halves of it are tried: one tenant's bad
// luck is not to be everyone's.
func (h *Hub) readPart(ctx context.Context, part []tenant.Interest, p places) (behind []hint) {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	bytes := max(h.bytesARead/len(part), 16<<10)
	events, err := h.Worker.ReadEvents(once, part, h.eventsPerRead, bytes)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && once.Err() != nil && len(part) > 1:
		half := len(part) / 2
		return append(h.readPart(ctx, part[:half], p), h.readPart(ctx, part[half:], p)...)
	case err != nil:
		h.Logger.Warn("events could not be read; they are asked for again", "err", err)
		var lacking []hint
		for _, in := range part {
			lacking = append(lacking, hintOf(in.Account))
		}
		time.AfterFunc(retryAfter, func() { h.ring(lacking...) })
		return nil
	}
	type amount struct{ events, bytes int }
	got := map[uuid.UUID]amount{}
	for _, e := range events {
		account := part[e.For[0]].Account
		if e.Verdict != tenant.OK {
			for _, i := range e.For {
				for _, f := range p[part[i]] {
					f.lose(part[i].Account, e.Verdict)
				}
			}
			continue
		}
		text := eventText(account, e)
		for _, i := range e.For {
			for _, f := range p[part[i]] {
				f.deliver(account, e.Seq, text)
			}
		}
		sum := got[account]
		got[account] = amount{sum.events + 1, sum.bytes + len(e.Data)}
	}
	for account, sum := range got {
		if sum.events >= h.eventsPerRead || sum.bytes >= bytes {
			behind = append(behind, hintOf(account))
		}
	}
	return behind
}

// checkSessions ends those whose session has ended.
func (h *Hub) checkSessions(ctx context.Context, part []*follower) {
	once, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	interests := make([]tenant.Interest, len(part))
	for i, f := range part {
		interests[i].Token = f.token
	}
	standings, err := h.Worker.Stand(once, interests)
	if err != nil {
		if ctx.Err() == nil {
			h.Logger.Warn("sessions could not be looked at; it is tried again", "err", err)
		}
		return
	}
	for i, s := range standings {
		if s.Verdict == tenant.NoSession {
			part[i].lose(uuid.Nil, s.Verdict)
		}
	}
}

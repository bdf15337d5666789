package mirror

import (
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// errMissedUpdate ends a stream that is connected and did not send an update of
// a change.
var errMissedUpdate = errors.New("the stream told nothing of an order that changed")

// streamMonitor finds out whether a connected stream misses updates. It
// compares what the stream sent with what reconciliations read. An order that
// was filled or ended between two readings, with the stream connected since
// before the first of them, must come over the stream too, at the latest a
// while after the second reading. No clock is compared.
type streamMonitor struct {
	mu       sync.Mutex
	end      func(error)     // ends the stream; nil while none is connected
	number   int             // of the stream; grows with each connection, and each time the stream left something out
	baseline int             // number of the stream during the last complete reconciliation
	reading  bool            // a reading of the broker is under way
	seen     map[string]bool // orders in updates since that began
	missing  map[string]bool // changed orders without an update yet
}

// started notes that a stream is connected.
func (u *streamMonitor) started(end func(error)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reset(end)
}

func (u *streamMonitor) stopped() { u.started(nil) }

// skippedUpdate notes that the stream sent something unreadable, of an unknown
// order.
func (u *streamMonitor) skippedUpdate() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reset(u.end)
}

func (u *streamMonitor) reset(end func(error)) {
	u.end = end
	u.number++
	u.missing = map[string]bool{}
}

// sawUpdate notes the orders in an update that was applied.
func (u *streamMonitor) sawUpdate(update json.RawMessage) {
	var said struct {
		Order struct {
			ID, Replaces string
			ReplacedBy   string                `json:"replaced_by"`
			Legs         []struct{ ID string } `json:"legs"`
		} `json:"order"`
	}
	if err := json.Unmarshal(update, &said); err != nil {
		return // it was parsed before
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	ids := []string{said.Order.ID, said.Order.Replaces, said.Order.ReplacedBy}
	for _, leg := range said.Order.Legs {
		ids = append(ids, leg.ID)
	}
	for _, id := range ids {
		delete(u.missing, id)
		if u.reading {
			u.seen[id] = true
		}
	}
}

// isUnbroken reports whether stream number is connected, and has left nothing
// out since.
func (u *streamMonitor) isUnbroken(number int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.end != nil && u.number == number
}

// beginRead notes that reading the broker begins, and returns the number of the
// stream at that moment.
func (u *streamMonitor) beginRead() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading, u.seen = true, map[string]bool{}
	return u.number
}

// endRead notes that a reading has ended which began during stream number, and
// found these orders filled or ended. whole means that it was a complete
// reconciliation. If an update of one of them is still missing after a while,
// the stream is restarted.
func (u *streamMonitor) endRead(number int, whole bool, changed []string, after time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.reading, u.seen = false, nil
	if number != u.number || u.end == nil {
		return
	}
	if u.baseline != number { // what was found may have changed before the stream connected
		if whole {
			u.baseline = number
		}
		return
	}
	var unseen []string
	for _, id := range changed {
		if !seen[id] {
			u.missing[id] = true
			unseen = append(unseen, id)
		}
	}
	if unseen != nil {
		time.AfterFunc(after, func() { u.restartIfMissed(number, unseen) })
	}
}

// restartIfMissed ends stream number if an update of one of these orders is
// still missing.
func (u *streamMonitor) restartIfMissed(number int, unseen []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if number != u.number || u.end == nil {
		return
	}
	for _, id := range unseen {
		if u.missing[id] {
			u.end(errMissedUpdate)
			return
		}
	}
}

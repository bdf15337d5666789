package stream

import (
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// errDeaf ends a stream that is connected and did not tell of a change.
var errDeaf = errors.New("the stream told nothing of an order that changed")

// upstream is the stream that is up, as the reconciler sees it. It finds out
// that a stream is deaf by what came when, and by no clock: an order that was
// filled or ended between two looks at the broker, with the stream up from
// before the first of them, must be told of by the stream too, at the latest a
// while after the second.
type upstream struct {
	mu      sync.Mutex
	end     func(error)     // nil while none is up
	number  int             // of the stream; grows with each, and with all that it left out
	based   int             // the stream that was up during a whole reconciliation
	looking bool            // a look at the broker is under way
	told    map[string]bool // orders that the stream has told of since that began
	suspect map[string]bool // orders that it has not told of yet
}

// isUp notes a stream that tells everything from now on.
func (u *upstream) isUp(end func(error)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.begin(end)
}

func (u *upstream) isDown() { u.isUp(nil) }

// leftOut notes that the stream told something that could not be read: of which
// order, nobody knows.
func (u *upstream) leftOut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.begin(u.end)
}

func (u *upstream) begin(end func(error)) {
	u.end = end
	u.number++
	u.suspect = map[string]bool{}
}

// tells notes the orders that an update tells of, once it is applied.
func (u *upstream) tells(update json.RawMessage) {
	var said struct {
		Order struct {
			ID, Replaces string
			ReplacedBy   string                `json:"replaced_by"`
			Legs         []struct{ ID string } `json:"legs"`
		} `json:"order"`
	}
	if err := json.Unmarshal(update, &said); err != nil {
		return // it was read before
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	ids := []string{said.Order.ID, said.Order.Replaces, said.Order.ReplacedBy}
	for _, leg := range said.Order.Legs {
		ids = append(ids, leg.ID)
	}
	for _, id := range ids {
		delete(u.suspect, id)
		if u.looking {
			u.told[id] = true
		}
	}
}

// look begins a look at the broker, and returns the number of the stream that is
// up.
func (u *upstream) look() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.looking, u.told = true, map[string]bool{}
	return u.number
}

// looked ends a look that began while the stream was that of number, and found
// these orders filled or ended. whole says that it was a reconciliation that saw
// all there is. Where the stream has not told of one of them after a while, it is
// ended.
func (u *upstream) looked(number int, whole bool, changed []string, after time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	told := u.told
	u.looking, u.told = false, nil
	if number != u.number || u.end == nil {
		return
	}
	if u.based != number { // what this look found may have been so before
		if whole {
			u.based = number
		}
		return
	}
	var untold []string
	for _, id := range changed {
		if !told[id] {
			u.suspect[id] = true
			untold = append(untold, id)
		}
	}
	if untold != nil {
		time.AfterFunc(after, func() { u.judge(number, untold) })
	}
}

// judge ends the stream of number if it still has not told of one of the orders.
func (u *upstream) judge(number int, untold []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if number != u.number || u.end == nil {
		return
	}
	for _, id := range untold {
		if u.suspect[id] {
			u.end(errDeaf)
			return
		}
	}
}

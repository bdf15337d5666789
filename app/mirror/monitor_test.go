package mirror

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A stream missed an update if it was connected while an order was filled, and
// has still not sent the update some time after reading the orders showed the
// fill. Only the order of events decides this, and no clock of the broker's.
func TestMissedUpdates(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Second
	tells := func(u *streamMonitor, id string) {
		u.sawUpdate(json.RawMessage(fmt.Sprintf(`{"event":"fill","order":{"id":%q}}`, id)))
	}
	look := func(u *streamMonitor, whole bool, changed ...string) {
		u.endRead(u.beginRead(), whole, changed, patience)
	}
	for name, tt := range map[string]struct {
		missed bool
		do     func(u *streamMonitor, end func(error))
	}{
		"told nothing": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
		}},
		"told nothing between two reconciliations": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, true, "a")
		}},
		"told of another": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			tells(u, "b")
		}},
		"told of one of two": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a", "b")
			tells(u, "b")
		}},
		"told of it before the look": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			tells(u, "a")
			look(u, false, "a")
		}},
		"a silent look after it": {true, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			look(u, true)
		}},
		"told of it during the look": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			number := u.beginRead()
			tells(u, "a")
			u.endRead(number, false, []string{"a"}, patience)
		}},
		"told of it later": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			time.Sleep(patience * 9 / 10)
			tells(u, "a")
		}},
		"told of it as a leg": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			u.sawUpdate(json.RawMessage(`{"order":{"id":"b","legs":[{"id":"a"}]}}`))
		}},
		"told of what replaced it": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			u.sawUpdate(json.RawMessage(`{"order":{"id":"b","replaces":"a","legs":null}}`))
		}},
		"filled before it came up": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true, "a")
		}},
		"no whole look yet": {false, func(u *streamMonitor, _ func(error)) {
			look(u, false)
			look(u, false, "a")
		}},
		"the look before began without it": {false, func(u *streamMonitor, end func(error)) {
			u.stopped()
			number := u.beginRead()
			u.started(end)
			u.endRead(number, true, nil, patience)
			look(u, true, "a")
		}},
		"it came up during the look": {false, func(u *streamMonitor, end func(error)) {
			look(u, true)
			number := u.beginRead()
			u.started(end)
			u.endRead(number, true, []string{"a"}, patience)
		}},
		"begun anew meanwhile": {false, func(u *streamMonitor, end func(error)) {
			look(u, true)
			look(u, false, "a")
			u.started(end)
		}},
		"told something that nobody can read": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			u.skippedUpdate()
			look(u, true, "a")
		}},
		"down": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			u.stopped()
			look(u, true)
			look(u, true, "a")
		}},
		"nothing changed": {false, func(u *streamMonitor, _ func(error)) {
			look(u, true)
			look(u, true)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var u streamMonitor
				var ended atomic.Int32
				end := func(error) { ended.Add(1) }
				u.started(end)
				tt.do(&u, end)
				time.Sleep(patience / 20)
				if tt.missed && ended.Load() > 0 {
					t.Error("the stream was ended before its update could arrive")
				}
				time.Sleep(2 * patience)
				if ended.Load() > 0 != tt.missed {
					t.Errorf("the stream was ended %d times", ended.Load())
				}
			})
		})
	}
}

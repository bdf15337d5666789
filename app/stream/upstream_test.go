package stream

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A stream is deaf that was up while an order was filled, and has not told of it
// a while after a look has. What came when decides, and no clock: nothing here
// has a time of the broker's.
func TestDeafness(t *testing.T) {
	const patience = 10 * time.Second
	tells := func(u *upstream, id string) {
		u.tells(json.RawMessage(fmt.Sprintf(`{"event":"fill","order":{"id":%q}}`, id)))
	}
	look := func(u *upstream, whole bool, changed ...string) { u.looked(u.look(), whole, changed, patience) }
	for name, tt := range map[string]struct {
		deaf bool
		do   func(u *upstream, end func(error))
	}{
		"told nothing": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
		}},
		"told nothing between two reconciliations": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, true, "a")
		}},
		"told of another": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			tells(u, "b")
		}},
		"told of one of two": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a", "b")
			tells(u, "b")
		}},
		"told of it before the look": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			tells(u, "a")
			look(u, false, "a")
		}},
		"a silent look after it": {true, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			look(u, true)
		}},
		"told of it during the look": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			number := u.look()
			tells(u, "a")
			u.looked(number, false, []string{"a"}, patience)
		}},
		"told of it later": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			time.Sleep(patience * 9 / 10)
			tells(u, "a")
		}},
		"told of it as a leg": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			u.tells(json.RawMessage(`{"order":{"id":"b","legs":[{"id":"a"}]}}`))
		}},
		"told of what replaced it": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, false, "a")
			u.tells(json.RawMessage(`{"order":{"id":"b","replaces":"a","legs":null}}`))
		}},
		"filled before it came up": {false, func(u *upstream, _ func(error)) {
			look(u, true, "a")
		}},
		"no whole look yet": {false, func(u *upstream, _ func(error)) {
			look(u, false)
			look(u, false, "a")
		}},
		"the look before began without it": {false, func(u *upstream, end func(error)) {
			u.isDown()
			number := u.look()
			u.isUp(end)
			u.looked(number, true, nil, patience)
			look(u, true, "a")
		}},
		"it came up during the look": {false, func(u *upstream, end func(error)) {
			look(u, true)
			number := u.look()
			u.isUp(end)
			u.looked(number, true, []string{"a"}, patience)
		}},
		"begun anew meanwhile": {false, func(u *upstream, end func(error)) {
			look(u, true)
			look(u, false, "a")
			u.isUp(end)
		}},
		"told something that nobody can read": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			u.leftOut()
			look(u, true, "a")
		}},
		"down": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			u.isDown()
			look(u, true)
			look(u, true, "a")
		}},
		"nothing changed": {false, func(u *upstream, _ func(error)) {
			look(u, true)
			look(u, true)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var u upstream
				ended := 0
				end := func(error) { ended++ }
				u.isUp(end)
				tt.do(&u, end)
				time.Sleep(patience / 20)
				if tt.deaf && ended > 0 {
					t.Error("it was ended before it could tell")
				}
				time.Sleep(2 * patience)
				if ended > 0 != tt.deaf {
					t.Errorf("it was ended %d times", ended)
				}
			})
		})
	}
}

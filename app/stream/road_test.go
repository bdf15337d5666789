package stream

import (
	"errors"
	"testing"
	"time"

	"paddock/app/broker"
)

// Only an account that leaves the choice to Paddock changes its road, only
// where Alpaca offers none, and back after a day.
func TestRoads(t *testing.T) {
	cut := errors.New("cut")
	long := time.Now().Add(-retryEvents - time.Minute)
	for name, tt := range map[string]struct {
		way  road
		err  error
		kind string
		now  bool
	}{
		"cut":                    {road{mode: "auto", kind: events}, cut, events, false},
		"refused":                {road{mode: "auto", kind: events}, broker.ErrNotSupported, socket, true},
		"refused, and chosen":    {road{mode: events, kind: events}, broker.ErrNotSupported, events, false},
		"the socket is cut":      {road{mode: "auto", kind: socket, fellBack: time.Now()}, cut, socket, false},
		"a day later":            {road{mode: "auto", kind: socket, fellBack: long}, cut, events, false},
		"a day later, chosen":    {road{mode: socket, kind: socket, fellBack: long}, cut, socket, false},
		"neither":                {road{mode: "auto", kind: socket, fellBack: time.Now()}, broker.ErrNotSupported, events, false},
		"the socket, and chosen": {road{mode: socket, kind: socket}, broker.ErrNotSupported, socket, false},
	} {
		now := tt.way.turn(tt.err)
		if tt.way.kind != tt.kind || now != tt.now || (tt.way.note != "") != (name == "refused") {
			t.Errorf("%s: it becomes %+v, at once: %v", name, tt.way, now)
		}
	}
}

package mirror

import (
	"errors"
	"testing"
	"time"

	"paddock/app/broker"
)

// The transport changes in mode auto only: to the other one if Alpaca does not
// offer the present one, and back to Server-Sent Events after a day.
func TestTransports(t *testing.T) {
	t.Parallel()
	cut := errors.New("cut")
	long := time.Now().Add(-retryEvents - time.Minute)
	for name, tt := range map[string]struct {
		way  transport
		err  error
		kind string
		now  bool
	}{
		"cut":                    {transport{mode: "auto", kind: transportSSE}, cut, transportSSE, false},
		"refused":                {transport{mode: "auto", kind: transportSSE}, broker.ErrNotSupported, transportSocket, true},
		"refused, and chosen":    {transport{mode: transportSSE, kind: transportSSE}, broker.ErrNotSupported, transportSSE, false},
		"the socket is cut":      {transport{mode: "auto", kind: transportSocket, fellBack: time.Now()}, cut, transportSocket, false},
		"a day later":            {transport{mode: "auto", kind: transportSocket, fellBack: long}, cut, transportSSE, false},
		"a day later, chosen":    {transport{mode: transportSocket, kind: transportSocket, fellBack: long}, cut, transportSocket, false},
		"neither":                {transport{mode: "auto", kind: transportSocket, fellBack: time.Now()}, broker.ErrNotSupported, transportSSE, false},
		"the socket, and chosen": {transport{mode: transportSocket, kind: transportSocket}, broker.ErrNotSupported, transportSocket, false},
	} {
		now := tt.way.fallBack(tt.err)
		if tt.way.kind != tt.kind || now != tt.now || (tt.way.note != "") != (name == "refused") {
			t.Errorf("%s: it becomes %+v, at once: %v", name, tt.way, now)
		}
	}
}

package alpacasim

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong.
type Fault string

// Faults of requests that place, replace or cancel. They meet POST unless an
// Injection names another method.
const (
	Delay     Fault = "delay"      // the answer comes late
	Drop      Fault = "drop"       // the request is done and the connection closed without an answer
	Fail      Fault = "fail"       // 500, and nothing is done
	FailAfter Fault = "fail_after" // 500, although the request was done
	Late      Fault = "late"       // look-ups by client_order_id and lists find a new order only after a delay
)

// Faults of what follows a request that was answered well, at the market's
// next move.
const (
	CancelRace    Fault = "cancel_race"    // the cancel is refused after its 204, and the order filled
	CancelReject  Fault = "cancel_reject"  // the cancel is refused after its 204, and the order stays
	ReplaceReject Fault = "replace_reject" // the new order is rejected after its 200, and the old one stays
)

// Faults of streams. Each meets one event, on one connection.
const (
	Cut       Fault = "cut"       // the connection ends after it
	Mute      Fault = "mute"      // the connection stays, with heartbeats, and tells nothing from it on
	Duplicate Fault = "duplicate" // it is sent twice
	Reorder   Fault = "reorder"   // it is sent after the one that follows it
	Lose      Fault = "lose"      // it is not sent on this connection
	Burst     Fault = "burst"     // it and those after it wait, and then are sent at once
	TooSlow   Fault = "too_slow"  // it and those at hand are dropped, which Server-Sent Events say in a comment
)

var allFaults = []Fault{Delay, Drop, Fail, FailAfter, Late, CancelRace, CancelReject, ReplaceReject, Cut, Mute, Duplicate, Reorder, Lose, Burst, TooSlow}

// Injection says what goes wrong, for whom and how often.
type Injection struct {
	Fault Fault
	KeyID string        // of the account; "" is any
	On    string        // the method of a request: POST, PATCH or DELETE; "" is POST
	N     int           // how often; below 0 always, and 0 no more
	P     float64       // how likely each time, in (0, 1]; 0 is 1. The seed decides
	Delay time.Duration // of Delay, Late and Burst
	// Event and Class, where they are not "", let a fault of streams meet those
	// updates alone: fill, new and so on, and of orders of a class, such as mleg.
	Event, Class string
}

// faults are those still to come.
type faults struct {
	mu            sync.Mutex
	left          []*Injection
	dice          *rand.Rand
	streamRefusal int // the status that streams are refused with
}

// Inject makes the next n orders, or events, meet a fault; delay is for Delay
// and Late alone.
func (s *Sim) Inject(f Fault, n int, delay time.Duration) {
	s.InjectFor(Injection{Fault: f, N: n, Delay: delay})
}

// InjectFor makes what an injection says go wrong. One of the same fault,
// account, method, event and class takes the place of an earlier one.
func (s *Sim) InjectFor(in Injection) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.left = slices.DeleteFunc(s.faults.left, func(old *Injection) bool {
		return old.Fault == in.Fault && old.KeyID == in.KeyID && old.On == in.On && old.Event == in.Event && old.Class == in.Class
	})
	s.faults.left = append(s.faults.left, &in)
}

// ClearFaults lets nothing go wrong any more.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.left, s.faults.streamRefusal = nil, 0
}

// meets uses up one fault of a kind, if any is left for the account. method is
// that of the request that it is a fault of, or "".
func (s *Sim) meets(f Fault, method string, a *account) (Injection, bool) {
	return s.meetsOf(f, method, a, nil)
}

// meetsOf is meets, of an update where there is one.
func (s *Sim) meetsOf(f Fault, method string, a *account, e *event) (Injection, bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, in := range s.faults.left {
		on := in.On
		if on == "" {
			on = "POST"
		}
		if in.Fault != f || in.N == 0 || in.KeyID != "" && in.KeyID != a.KeyID || method != "" && on != method {
			continue
		}
		if e != nil && (in.Event != "" && in.Event != e.Name || in.Class != "" && in.Class != e.Class) {
			continue
		}
		if in.P > 0 && s.faults.dice.Float64() >= in.P {
			continue
		}
		if in.N > 0 {
			in.N--
		}
		return *in, true
	}
	return Injection{}, false
}

func (s *Sim) met(f Fault, method string, a *account) bool {
	_, is := s.meets(f, method, a)
	return is
}

// CutStreams ends all streams now; readers may come back.
func (s *Sim) CutStreams() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

// RefuseStreams answers 503 to streams, or takes them again.
func (s *Sim) RefuseStreams(refuse bool) {
	status := 0
	if refuse {
		status = 503
	}
	s.RefuseStreamsWith(status)
}

// RefuseStreamsWith answers streams of Server-Sent Events with a status: 404
// is how an account sees them for which they are not offered, 403 how one that
// may not have them. 429 and 503 are for WebSockets too, and 0 refuses none.
func (s *Sim) RefuseStreamsWith(status int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.streamRefusal = status
}

func (s *Sim) streamRefusal() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.streamRefusal
}

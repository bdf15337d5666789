package alpacasim

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong.
type Fault string

// Faults of requests that place, replace or cancel. They apply to POST unless
// an Injection names another method.
const (
	Delay     Fault = "delay"      // the response comes late
	Drop      Fault = "drop"       // the request is carried out and the connection closed without a response
	Fail      Fault = "fail"       // 500, and nothing is done
	FailAfter Fault = "fail_after" // 500, although the request was carried out
	Late      Fault = "late"       // look-ups by client_order_id and lists find a new order only after a delay
)

// Faults that happen after a successful response, at the market's next move.
const (
	CancelRace    Fault = "cancel_race"    // the cancel is refused after its 204, and the order filled
	CancelReject  Fault = "cancel_reject"  // the cancel is refused after its 204, and the order stays
	ReplaceReject Fault = "replace_reject" // the new order is rejected after its 200, and the old one stays
)

// Faults of streams. Each applies to one event, on one connection.
const (
	Cut       Fault = "cut"       // the connection ends after it
	Mute      Fault = "mute"      // the connection stays, with heartbeats, and sends no update from it on
	Duplicate Fault = "duplicate" // it is sent twice
	Reorder   Fault = "reorder"   // it is sent after the one that follows it
	Lose      Fault = "lose"      // it is not sent on this connection
	Burst     Fault = "burst"     // it and those after it wait, and then are sent at once
	TooSlow   Fault = "too_slow"  // it and those that wait are dropped; Server-Sent Events say so in a comment
)

var allFaults = []Fault{Delay, Drop, Fail, FailAfter, Late, CancelRace, CancelReject, ReplaceReject, Cut, Mute, Duplicate, Reorder, Lose, Burst, TooSlow}

// Injection says what goes wrong, for whom and how often.
type Injection struct {
	Fault Fault
	KeyID string        // of the account; "" is any
	On    string        // the method of a request: POST, PATCH or DELETE; "" is POST
	N     int           // how often; below 0 always, and 0 no more
	P     float64       // probability each time, in (0, 1]; 0 is 1. The seed decides
	Delay time.Duration // of Delay, Late and Burst
	// Event and Class, where they are not "", restrict a fault of streams to
	// updates with this event (fill, new and so on), and of orders with this
	// class, such as mleg.
	Event, Class string
}

// faults are those that are still to happen.
type faults struct {
	mu            sync.Mutex
	left          []*Injection
	dice          *rand.Rand
	streamRefusal int // the status that streams are refused with
}

// Inject makes a fault happen to the next n orders, or events; delay is for
// Delay and Late alone.
func (s *Sim) Inject(f Fault, n int, delay time.Duration) {
	s.InjectFor(Injection{Fault: f, N: n, Delay: delay})
}

// InjectFor makes a fault happen as described. It replaces an earlier one with
// the same fault, account, method, event and class.
func (s *Sim) InjectFor(in Injection) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.left = slices.DeleteFunc(s.faults.left, func(old *Injection) bool {
		return old.Fault == in.Fault && old.KeyID == in.KeyID && old.On == in.On && old.Event == in.Event && old.Class == in.Class
	})
	s.faults.left = append(s.faults.left, &in)
}

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.left, s.faults.streamRefusal = nil, 0
}

// meets uses up one fault of a kind, if there is one for the account, and
// reports whether there was. method is the request's, or "".
func (s *Sim) meets(f Fault, method string, a *account) (Injection, bool) {
	return s.meetsOf(f, method, a, nil)
}

// meetsOf is meets for an update, if there is one.
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

// CutStreams ends all streams now; clients may connect again.
func (s *Sim) CutStreams() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

// RefuseStreams makes streams end with 503, or accepts them again.
func (s *Sim) RefuseStreams(refuse bool) {
	status := 0
	if refuse {
		status = 503
	}
	s.RefuseStreamsWith(status)
}

// RefuseStreamsWith refuses streams with a status. 404 is Alpaca's where it
// does not offer Server-Sent Events to an account, 403 where an account may not
// have them; these apply to Server-Sent Events alone. 429 and 503 apply to
// WebSockets too, and 0 refuses none.
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

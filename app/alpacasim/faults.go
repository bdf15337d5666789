package alpacasim

import (
	"sync"
	"time"
)

// Fault is something that goes wrong with the next answers to POST /v2/orders.
type Fault string

// The faults that can be asked for.
const (
	Delay     Fault = "delay"      // the answer comes late
	Drop      Fault = "drop"       // the order is accepted and the connection closed without an answer
	Fail      Fault = "fail"       // 500, and the order is not accepted
	FailAfter Fault = "fail_after" // 500, although the order was accepted
)

// faults are those still to come.
type faults struct {
	mu            sync.Mutex
	left          map[Fault]int
	delay         time.Duration
	refuseStreams bool
}

// Inject makes the next n orders meet a fault; delay is for Delay alone.
func (s *Sim) Inject(f Fault, n int, delay time.Duration) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.left == nil {
		s.faults.left = map[Fault]int{}
	}
	s.faults.left[f] = n
	if f == Delay {
		s.faults.delay = delay
	}
}

// meets uses up one fault of a kind, if any is left.
func (s *Sim) meets(f Fault) bool {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.left[f] == 0 {
		return false
	}
	s.faults.left[f]--
	return true
}

// lateness is how late a delayed answer comes.
func (s *Sim) lateness() time.Duration {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.delay
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
	s.faults.mu.Lock()
	s.faults.refuseStreams = refuse
	s.faults.mu.Unlock()
}

// Orders answers an account's book, oldest first, by its key.
func (s *Sim) Orders(keyID string) []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Order
	if a := s.byKey[keyID]; a != nil {
		for _, o := range a.Orders {
			all = append(all, *o)
		}
	}
	return all
}

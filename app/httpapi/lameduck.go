package httpapi

import (
	"sync/atomic"

	"paddock/app/problem"
)

// LameDuck is the state of an instance that is about to stop and serves on for a
// while, so that balancers notice and send their requests elsewhere.
type LameDuck struct{ leaving atomic.Bool }

// Leave begins it: /readyz says 503 from now on, and each answer ends its
// connection, so that the next request takes a new one.
func (l *LameDuck) Leave() { l.leaving.Store(true) }

// isLeaving reports whether Leave was called. A nil LameDuck never leaves.
func (l *LameDuck) isLeaving() bool { return l != nil && l.leaving.Load() }

// Ready returns not_ready where the instance is leaving.
func (l *LameDuck) Ready() error {
	if l.isLeaving() {
		return problem.New(problem.NotReady, "The server is going away.")
	}
	return nil
}

package push

import "sync/atomic"

// State is what this instance's connections do.
type State struct {
	Sockets      int64 // WebSockets that are open
	EventStreams int64 // streams of Server-Sent Events that are open
	Events       int64 // events that were queued for connections since the start, counted for each
	Rings        int64 // rings of the doorbell that were heard since the start
	Slow         int64 // how often a connection was ended because it did not read
}

// counts are what State tells.
type counts struct{ sockets, streams, events, rings, slow atomic.Int64 }

// following returns the count of open connections of a wire's kind.
func (c *counts) following(w wire) *atomic.Int64 {
	if _, is := w.(*eventStream); is {
		return &c.streams
	}
	return &c.sockets
}

// State returns the state.
func (h *Hub) State() State {
	return State{
		Sockets: h.counts.sockets.Load(), EventStreams: h.counts.streams.Load(),
		Events: h.counts.events.Load(), Rings: h.counts.rings.Load(), Slow: h.counts.slow.Load(),
	}
}

package alpacasim

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// feed is a connection to which trade updates are written.
type feed interface {
	update(text json.RawMessage) error
	tooSlow() error // says that updates were dropped for a slow reader, if the protocol can
	heartbeat(ctx context.Context) error
}

// errCut ends a connection because of a fault.
var errCut = errors.New("the stream is cut")

// follower sends an account's updates to one connection, with the faults that
// apply.
type follower struct {
	s     *Sim
	a     *account
	out   feed
	next  int               // of the account's events
	ended func(*event) bool // reports whether an event, or nil for none yet, is beyond the requested span
	muted bool
	held  json.RawMessage // an update that waits for the one after it

	dammed []event          // updates that wait to be sent together
	opens  <-chan time.Time // fires when they are sent; nil while none wait
}

// follow sends the updates from next on, past and future, until ctx ends, the
// streams are cut, or the requested span ends.
func (f *follower) follow(ctx context.Context, cut <-chan struct{}) error {
	heartbeat := time.NewTicker(f.s.config.Heartbeat)
	defer heartbeat.Stop()
	for {
		f.s.mu.Lock()
		news, changed := f.a.Events[f.next:], f.s.changed
		f.next += len(news)
		over := f.ended(nil)
		f.s.mu.Unlock()
		for i := range news {
			if f.ended(&news[i]) {
				news, over = news[:i], true
				break
			}
		}
		if err := f.send(news); err != nil {
			return err
		}
		if over {
			return errors.Join(f.burst(), f.release())
		}
		if len(news) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			if err := errors.Join(f.release(), f.out.heartbeat(ctx)); err != nil {
				return err
			}
		case <-f.opens:
			if err := f.burst(); err != nil {
				return err
			}
		case <-cut:
			return errCut
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send writes updates, as changed by faults.
func (f *follower) send(news []event) error {
	for i, e := range news {
		if f.met(Mute, &e) {
			f.muted = true
		}
		if f.muted {
			return nil
		}
		if f.opens != nil {
			f.dammed = append(f.dammed, news[i:]...)
			return nil
		}
		if in, is := f.s.meetsOf(Burst, "", f.a, &e); is {
			f.dammed, f.opens = append(f.dammed, news[i:]...), time.After(in.Delay)
			return nil
		}
		if f.met(Lose, &e) {
			continue
		}
		if f.met(TooSlow, &e) {
			return f.out.tooSlow() // those that wait behind it are lost too
		}
		if f.held == nil && f.met(Reorder, &e) {
			f.held = e.JSON
			continue
		}
		cut := f.met(Cut, &e)
		times := 1
		if f.met(Duplicate, &e) {
			times = 2
		}
		for range times {
			if err := f.out.update(e.JSON); err != nil {
				return err
			}
		}
		if err := f.release(); err != nil {
			return err
		}
		if cut {
			return errCut
		}
	}
	return nil
}

// met is Sim.meetsOf for an update.
func (f *follower) met(fault Fault, e *event) bool {
	_, is := f.s.meetsOf(fault, "", f.a, e)
	return is
}

// burst sends the waiting updates together.
func (f *follower) burst() error {
	for _, e := range f.dammed {
		if err := f.out.update(e.JSON); err != nil {
			return err
		}
	}
	f.dammed, f.opens = nil, nil
	return nil
}

// release sends the update that was held back.
func (f *follower) release() error {
	held := f.held
	if f.held = nil; held == nil || f.muted {
		return nil
	}
	return f.out.update(held)
}

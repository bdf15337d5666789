package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// tend reconciles after every gap, when somebody asks for it and now and then,
// and looks at open orders that have been silent.
func (a *account) tend(ctx context.Context) {
	// With jitter, else all accounts that began together reconcile together.
	timer := time.NewTimer(a.m.Reconcile/2 + rand.N(a.m.Reconcile))
	defer timer.Stop()
	r := retry{first: a.m.RetryPause}
	again := time.NewTimer(0) // after a failure
	defer again.Stop()
	again.Stop()
	for {
		gap := a.gap
		if r.failing {
			gap = nil // whatever it is, the next attempt is for it too
		}
		silent := false
		select {
		case <-ctx.Done():
			return
		case <-a.silent:
			silent = true
		case <-a.wanted:
			if r.failing {
				again.Reset(r.hurry())
				continue
			}
		case <-gap:
		case <-again.C:
		case <-timer.C:
			timer.Reset(a.m.Reconcile*3/4 + rand.N(a.m.Reconcile/2))
		}
		var err error
		if silent {
			err = a.lookAtOpen(ctx)
		} else {
			drain(a.gap)
			drain(a.wanted)
			err = a.reconcile(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && !silent:
			r.succeed()
			again.Stop()
		case err != nil:
			a.answerProblem(ctx, err)
			if a.refused(ctx, err) {
				return
			}
			a.noteFailure(ctx, err)
			if silent && r.failing {
				continue // the next attempt's time is set
			}
			pause := r.fail()
			a.log.Warn("reconciliation failed and is tried again", "err", err, "in", pause)
			again.Reset(pause)
		}
	}
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// The pause after a reconciliation that failed, but for its jitter, is mostPause
// at the longest, and leastPause where somebody waits for it.
const (
	mostPause  = 30 * time.Second
	leastPause = 500 * time.Millisecond
)

// retry says when a reconciliation that failed is tried again: ever more seldom,
// since each attempt costs the account requests.
type retry struct {
	first   time.Duration // the pause after the first failure
	failing bool
	doubled int       // how often the pause was
	last    time.Time // when it failed
}

func (r *retry) succeed() { r.failing, r.doubled = false, 0 }

// fail notes a failure, and returns the pause after it.
func (r *retry) fail() time.Duration {
	d := min(r.first<<min(r.doubled, 16), max(r.first, mostPause))
	r.failing, r.last = true, time.Now()
	r.doubled++
	return d/4 + rand.N(d)
}

// hurry begins with short pauses again, and returns what is left to wait now:
// nothing, but where it failed a moment ago, since many may ask.
func (r *retry) hurry() time.Duration {
	r.doubled = 0
	return max(leastPause-time.Since(r.last), 0)
}

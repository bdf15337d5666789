package mirror

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause returns how long to wait for the next reconciliation where nothing asks
// for one. It has jitter, so that accounts which began together do not reconcile
// together.
//
// An account is at rest whose stream has been unbroken since before the last
// reconciliation, at which nothing differed and no order was open. All that can
// change there without a word on the stream is what Alpaca books by itself, such
// as a split, or that the stream went dead. Guards trust no agreement that is older
// than ten minutes (app.is_fresh), so that these bound the pause.
func (a *account) pause() time.Duration {
	if a.atRest {
		return a.m.ReconcileAtRest*7/8 + rand.N(a.m.ReconcileAtRest/4) // #nosec G404 -- it only spreads the times out
	}
	return a.m.Reconcile*3/4 + rand.N(a.m.Reconcile/2) // #nosec G404 -- it only spreads the times out
}

// reconcileLoop reconciles after every gap, when somebody asks for it and every
// few minutes, and checks open orders that have had no update for long.
func (a *account) reconcileLoop(ctx context.Context) {
	timer := time.NewTimer(a.m.Reconcile/2 + rand.N(a.m.Reconcile)) // #nosec G404 -- it only spreads the times out
	defer timer.Stop()
	r := retry{first: a.m.RetryPause}
	again := time.NewTimer(0) // after a failure
	defer again.Stop()
	again.Stop()
	for {
		gap := a.gap
		if r.failing {
			gap = nil // the next attempt covers it too
		}
		silent := false
		select {
		case <-ctx.Done():
			return
		case <-a.stirred:
			a.stir(timer)
			continue
		case <-a.silent:
			a.stir(timer)
			silent = true
		case <-a.reconcileNow:
			if r.failing {
				again.Reset(r.hurry())
				continue
			}
		case <-gap:
		case <-again.C:
		case <-timer.C:
		}
		var err error
		if silent {
			err = a.checkOpenOrders(ctx)
		} else {
			drain(a.gap)
			drain(a.reconcileNow)
			began := time.Now()
			if err = a.reconcile(ctx); ctx.Err() == nil {
				a.observeReconciliation(began, err)
			}
			timer.Reset(a.pause())
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && !silent:
			r.succeed()
			again.Stop()
		case err != nil:
			a.answerSyncProblem(ctx, err)
			if a.handleRefusedKeys(ctx, err) {
				return
			}
			a.noteFailure(ctx, err)
			if silent && r.failing {
				continue // the next attempt is scheduled already
			}
			pause := r.fail()
			a.log.Warn("reconciliation failed and is tried again", "err", err, "in", pause)
			again.Reset(pause)
		}
	}
}

// stir notes that the account is not at rest, and shortens the pause.
func (a *account) stir(timer *time.Timer) {
	if a.atRest {
		a.atRest = false
		timer.Reset(a.pause())
	}
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// The longest pause after a reconciliation that failed, before jitter, and the
// shortest where somebody waits for it.
const (
	maxPause = 30 * time.Second
	minPause = 500 * time.Millisecond
)

// retry decides when a failed reconciliation is tried again: ever more rarely,
// since each attempt uses up requests of the account.
type retry struct {
	first   time.Duration // the pause after the first failure
	failing bool
	doubled int       // how often the pause was doubled
	last    time.Time // when it last failed
}

func (r *retry) succeed() { r.failing, r.doubled = false, 0 }

// fail notes a failure and returns the pause after it.
func (r *retry) fail() time.Duration {
	d := min(r.first<<min(r.doubled, 16), max(r.first, maxPause))
	r.failing, r.last = true, time.Now()
	r.doubled++
	return d/4 + rand.N(d) // #nosec G404 -- it only spreads the times out
}

// hurry starts with short pauses again and returns how long to wait now: not at
// all, or briefly after a recent failure, since many may ask.
func (r *retry) hurry() time.Duration {
	r.doubled = 0
	return max(minPause-time.Since(r.last), 0)
}

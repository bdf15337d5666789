package doctor

import (
	"context"
	"time"
)

const (
	// behindAfter is how long ago an account may have agreed with Alpaca. It is
	// reconciled every three minutes, whatever its stream does.
	behindAfter = 10 * time.Minute
	// sealKeyAge is how old the seal's key may be. Instances renew it each hour.
	sealKeyAge = 2 * time.Hour
)

func checkStreams(ctx context.Context, e *examination) (found []Finding) {
	state, unknown := e.deploymentState(ctx)
	if unknown != nil {
		return unknown
	}
	if state.Instances == 0 {
		return []Finding{warning("start paddock serve", "no instance of paddock serve is alive; accounts with keys: %d", state.Accounts)}
	}
	if missing := state.Accounts - state.Leased; missing > 0 {
		found = append(found, warning("look again in a minute; if it stays so, look in the log of serve for: leases could not be renewed",
			"%d of %d accounts with keys are looked after by no instance", missing, state.Accounts))
	}
	if state.Behind > 0 {
		found = append(found, failure("look at sync_error and last_error in app.stream_cursors, and in the log of serve",
			"%d of %d accounts with keys have not agreed with Alpaca for %s%s", state.Behind, state.Accounts, behindAfter, oldest(state.OldestAgreement)))
	}
	if found == nil {
		return []Finding{fine("%d accounts with keys are looked after by %d instances", state.Accounts, state.Instances)}
	}
	return found
}

func oldest(at *time.Time) string {
	if at == nil {
		return ""
	}
	return "; the oldest agreement is of " + at.UTC().Format(time.RFC3339)
}

func checkSealKey(ctx context.Context, e *examination) []Finding {
	state, unknown := e.deploymentState(ctx)
	if unknown != nil {
		return unknown
	}
	switch {
	case state.SealKeyMade == nil:
		return []Finding{failure("run paddock migrate, or start paddock serve: both make one", "the seal has no key, so that nobody can be admitted")}
	case time.Since(*state.SealKeyMade) > sealKeyAge && state.Instances > 0:
		return []Finding{warning("look in the log of serve for: the seal's key could not be renewed", "the seal's key is of %s, and instances should renew it each hour", state.SealKeyMade.UTC().Format(time.RFC3339))}
	}
	return nil
}

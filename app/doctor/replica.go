package doctor

import (
	"context"
	"time"

	"paddock/app/tenant"
)

// replicaPatience is how far behind the primary a standby may be here.
const replicaPatience = 2 * time.Second

// checkReplica finds standbys to which no read goes. Nothing is broken by one: all
// reads go to the primary then.
func checkReplica(ctx context.Context, e *examination) []Finding {
	primary := e.logins[0]
	if primary.conn == nil {
		return noConnection()
	}
	if e.replica == nil {
		return []Finding{fine("no standby is given")}
	}
	const setting = "PADDOCK_REPLICA_DATABASE_URL"
	if e.replica.conn == nil {
		return []Finding{warning("correct "+setting+", or see to the standby", "%s", e.replica.err)}
	}
	reason, err := tenant.CheckReplica(ctx, primary.conn, e.replica.conn, replicaPatience)
	if err != nil {
		return refused(err)
	}
	says, known := map[string]Finding{
		"": {Status: OK},
		"no_run": warning("start paddock serve with this standby, which notes it",
			"the primary has not been noted since its start, by which its standbys are known"),
		"login":    warning("give "+setting+" the login paddock_app", "%s has another login than paddock_app", setting),
		"promoted": warning("let "+setting+" lead to a standby", "%s leads to a server that is no standby", setting),
		"clock":    warning("let its clock be set by NTP", "the standby's clock is behind the primary's"),
		"behind": warning("look at pg_stat_replication on the primary, and at pg_is_wal_replay_paused() and recovery_min_apply_delay on the standby",
			"the standby is more than %s behind the primary", replicaPatience),
		"another_history": warning("make the standby anew from this primary",
			"the standby does not follow this primary: it is one of another, or of this one before another was promoted"),
	}[reason]
	switch {
	case !known:
		return unchecked("", "the standby was refused as %q", reason)
	case says.Status == OK:
		return nil
	}
	return []Finding{says}
}

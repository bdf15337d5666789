package eventlog

import (
	"context"
	"log/slog"
	"time"

	"paddock/app/tenant"
)

// Maintainer makes the partitions of the event log, the audit and agents' logs for the
// months to come, and drops what is older than their retentions. It also deletes
// what has ended: sessions, tokens of sign-in, and counts of limits.
type Maintainer struct {
	worker *tenant.Worker
	log    *slog.Logger
}

// NewMaintainer makes a Maintainer. Any number of instances may run one.
func NewMaintainer(worker *tenant.Worker, log *slog.Logger) *Maintainer {
	return &Maintainer{worker, log}
}

// Run does all of it at once and every hour until ctx ends.
func (k *Maintainer) Run(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		k.maintain(ctx, "event log", k.worker.MaintainEventLog)
		k.maintain(ctx, "audit", k.worker.MaintainAudit)
		k.maintain(ctx, "agents' logs", k.worker.MaintainAgentLogs)
		k.purge(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-hour.C:
		}
	}
}

func (k *Maintainer) maintain(ctx context.Context, log string, do func(context.Context) (made, dropped int, err error)) {
	made, dropped, err := do(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		k.log.Warn("partitions could not be looked after; it is tried again within the hour", "of", log, "err", err)
	case made > 0 || dropped > 0:
		k.log.Info("partitions", "of", log, "made", made, "dropped", dropped)
	}
}

// purgeBatch is how many rows of a kind are deleted in one transaction.
const purgeBatch = 1000

func (k *Maintainer) purge(ctx context.Context) {
	all := 0
	for more := true; more; {
		var deleted int
		var err error
		deleted, more, err = k.worker.PurgeExpired(ctx, purgeBatch)
		all += deleted
		if err != nil && ctx.Err() == nil {
			k.log.Warn("rows that have ended could not be deleted; it is tried again within the hour", "err", err)
		}
		if err != nil {
			break
		}
	}
	if all > 0 {
		k.log.Info("rows that have ended were deleted", "rows", all)
	}
}

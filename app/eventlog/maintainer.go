package eventlog

import (
	"context"
	"log/slog"
	"time"

	"paddock/app/tenant"
)

// Maintainer makes the log's partitions for the months to come and drops events
// older than the retention.
type Maintainer struct {
	worker *tenant.Worker
	log    *slog.Logger
}

// NewMaintainer makes a Maintainer. Any number of instances may run one.
func NewMaintainer(worker *tenant.Worker, log *slog.Logger) *Maintainer {
	return &Maintainer{worker, log}
}

// Run maintains the log at once and every hour until ctx ends.
func (k *Maintainer) Run(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		made, dropped, err := k.worker.MaintainEventLog(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			k.log.Warn("the event log's partitions could not be looked after; it is tried again within the hour", "err", err)
		case made > 0 || dropped > 0:
			k.log.Info("the event log's partitions", "made", made, "dropped", dropped)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hour.C:
		}
	}
}

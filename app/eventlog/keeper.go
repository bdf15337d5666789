package eventlog

import (
	"context"
	"log/slog"
	"time"

	"paddock/app/tenant"
)

// Keeper makes room in the log for the months to come and drops those that are
// older than the retention.
type Keeper struct {
	worker *tenant.Worker
	log    *slog.Logger
}

// NewKeeper makes a Keeper. Any number of instances may run one.
func NewKeeper(worker *tenant.Worker, log *slog.Logger) *Keeper { return &Keeper{worker, log} }

// Run looks after the log at once and every hour until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
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

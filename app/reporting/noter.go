package reporting

import (
	"context"
	"log/slog"
	"time"

	"paddock/app/tenant"
)

// Noter has the audit say which reporting logins are connected. It is apart from
// the Watchdog, whose connection must stay usable while the server's table of
// locks is full.
type Noter struct {
	worker *tenant.Worker
	log    *slog.Logger
}

// NewNoter makes a Noter. Any number of instances may run one.
func NewNoter(worker *tenant.Worker, log *slog.Logger) *Noter { return &Noter{worker, log} }

// Run looks at the sessions until ctx ends. One that begins and ends between two
// looks is not seen.
func (n *Noter) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var quiet time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := n.worker.NoteReportSessions(limited)
		cancel()
		if err != nil && ctx.Err() == nil && time.Now().After(quiet) {
			quiet = time.Now().Add(quietFor)
			n.log.WarnContext(ctx, "the audit could not be told which reporting logins are connected; it is tried again", "err", err)
		}
	}
}

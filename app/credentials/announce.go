package credentials

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// How often a running instance says which versions it has, and how long that
// counts. It is longer than requests may take to end after a shutdown.
const (
	announceEvery = 5 * time.Second
	announceFor   = 30 * time.Second
)

// Announcement tells the database which versions of the master key this instance
// has, so that no rotation goes to one that it lacks.
type Announcement struct {
	keys   *Keyring
	worker *tenant.Worker
	log    *slog.Logger
	holder uuid.UUID
}

// Announce tells it for the first time, which must be before the instance serves.
// Its errors are one sentence for the operator.
func (k *Keyring) Announce(ctx context.Context, w *tenant.Worker, log *slog.Logger) (*Announcement, error) {
	a := &Announcement{keys: k, worker: w, log: log, holder: uuid.New()}
	if err := a.announce(ctx); tenant.SQLState(err) == "PD501" {
		return nil, a.lacksStoring()
	} else if err != nil {
		return nil, fmt.Errorf("note which versions of the master key this instance has: %w", err)
	}
	return a, nil
}

// Run tells it again until ctx ends. It ends before, with one sentence for the
// operator, where the instance lacks the key that stores: because it could not
// reach the database for so long that a rotation did not wait for it.
func (a *Announcement) Run(ctx context.Context) error {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := a.announce(ctx)
		if tenant.SQLState(err) == "PD501" {
			return a.lacksStoring()
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn("the versions of the master key that this instance has could not be noted; it is tried again", "err", err)
		}
	}
}

// End says that the instance is over.
func (a *Announcement) End(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := a.worker.WithdrawKeyring(limited, a.holder); err != nil {
		a.log.Warn("the end of this instance could not be noted; a rotation may wait half a minute for it", "err", err)
	}
}

func (a *Announcement) announce(ctx context.Context) error {
	versions, _ := a.keys.checks()
	return a.worker.AnnounceKeyring(ctx, a.holder, versions, announceFor)
}

func (a *Announcement) lacksStoring() error {
	return fmt.Errorf("%s lacks the key under which this database stores API keys since its rotation: add it, and start again", a.keys.name)
}

package tenant

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// sealKeyLook is how often an instance looks whether the seal's key is old. The
// database decides whether it is, so that more looks renew it no sooner.
const sealKeyLook = 5 * time.Minute

// MaintainSealKey makes a new key for the seal if there is none or the current
// one is old, and reports whether it did.
func (w *Worker) MaintainSealKey(ctx context.Context) (renewed bool, err error) {
	var b Batch
	b.Queue("select private.maintain_seal_key()").QueryRow(func(row pgx.Row) error { return row.Scan(&renewed) })
	err = run(ctx, w.pool, &b)
	return renewed, err
}

// MaintainSealKeys calls MaintainSealKey at once and every few minutes until ctx
// ends. Any number of instances may run it.
func (w *Worker) MaintainSealKeys(ctx context.Context, log *slog.Logger) error {
	look := time.NewTicker(sealKeyLook)
	defer look.Stop()
	for {
		switch renewed, err := w.MaintainSealKey(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("the seal's key could not be renewed; it is tried again in a few minutes", "err", err)
		case renewed:
			log.Info("the seal has a new key")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

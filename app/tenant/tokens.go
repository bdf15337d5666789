package tenant

import (
	"context"
	"time"
)

// NoteTokenUses notes when API tokens were last used, by their digests.
func (w *Worker) NoteTokenUses(ctx context.Context, digests [][]byte, at []time.Time) error {
	var b Batch
	b.Queue("select private.note_token_uses($1, $2)", digests, at)
	return run(ctx, w.pool, &b)
}

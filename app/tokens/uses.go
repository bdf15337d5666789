package tokens

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"paddock/app/tenant"
	"paddock/app/wait"
)

// Uses notes when tokens are used. It keeps the times in memory and writes them once a
// minute, so that a request costs no write.
type Uses struct {
	worker *tenant.Worker
	log    *slog.Logger

	mu    sync.Mutex
	times map[string]time.Time // by digest
}

// NewUses makes a Uses, which writes while Run runs.
func NewUses(worker *tenant.Worker, log *slog.Logger) *Uses {
	return &Uses{worker: worker, log: log, times: map[string]time.Time{}}
}

// Note notes that a session or a token was admitted now.
func (u *Uses) Note(token string) {
	if !strings.HasPrefix(token, prefix) {
		return
	}
	key := string(digest(token))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.times[key] = time.Now()
}

// writeEvery is how often times are written, and so how old last_used_at may be.
const writeEvery = time.Minute

// Run writes until ctx ends, and then once more.
func (u *Uses) Run(ctx context.Context) error {
	for wait.For(ctx, writeEvery) {
		u.write(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	u.write(last)
	return nil
}

// write writes what was noted. Where that fails it is left out: the next use is noted again.
func (u *Uses) write(ctx context.Context) {
	u.mu.Lock()
	times := u.times
	u.times = map[string]time.Time{}
	u.mu.Unlock()
	if len(times) == 0 {
		return
	}
	digests, at := make([][]byte, 0, len(times)), make([]time.Time, 0, len(times))
	for d, t := range times {
		digests, at = append(digests, []byte(d)), append(at, t)
	}
	if err := u.worker.NoteTokenUses(ctx, digests, at); err != nil {
		u.log.Warn("when API tokens were used could not be noted", "err", err)
	}
}

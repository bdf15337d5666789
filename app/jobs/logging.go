package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// seldomEvery is how often a message is logged at most.
const seldomEvery = time.Minute

// seldom passes warnings and errors on, the same message once a minute at most, and
// then with how many were left out. River looks ten times a second and complains each
// time that it cannot: a log that is full of it hides what else goes wrong while the
// database is away. It tells of each cleaning too, which nobody needs to know.
type seldom struct {
	slog.Handler
	told *told
}

// told is what was logged, by its message. Handlers with attributes of their own share it.
type told struct {
	mu      sync.Mutex
	last    map[string]time.Time
	leftOut map[string]int
}

// newSeldom makes a logger that passes on to a handler.
func newSeldom(h slog.Handler) *slog.Logger {
	return slog.New(seldom{h, &told{last: map[string]time.Time{}, leftOut: map[string]int{}}})
}

// Enabled reports whether a level is logged.
func (s seldom) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && s.Handler.Enabled(ctx, level)
}

// Handle passes a record on where it is time.
func (s seldom) Handle(ctx context.Context, r slog.Record) error {
	leftOut, isTime := s.told.ask(r.Message, time.Now())
	if !isTime {
		return nil
	}
	if leftOut > 0 {
		r.AddAttrs(slog.Int("left_out", leftOut))
	}
	return s.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that adds attributes.
func (s seldom) WithAttrs(attrs []slog.Attr) slog.Handler {
	return seldom{s.Handler.WithAttrs(attrs), s.told}
}

// WithGroup returns a handler that puts attributes into a group.
func (s seldom) WithGroup(name string) slog.Handler {
	return seldom{s.Handler.WithGroup(name), s.told}
}

// ask reports whether it is time to log a message again, and how many like it were left
// out since the last.
func (t *told) ask(message string, now time.Time) (leftOut int, isTime bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, is := t.last[message]; is && now.Sub(last) < seldomEvery {
		t.leftOut[message]++
		return 0, false
	}
	leftOut = t.leftOut[message]
	t.last[message] = now
	delete(t.leftOut, message)
	return leftOut, true
}

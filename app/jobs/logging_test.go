package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What is complained of ten times a second is logged once a minute, with how often it was
// left out, while other messages are logged at once.
func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newSeldom(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		queue := log.With("queue", "jobs")
		for range 900 { // a minute and a half
			queue.Error("cannot fetch")
			log.Error("cannot fetch", "queue", "destinations")
			log.Info("cleaned")
			time.Sleep(100 * time.Millisecond)
		}
		log.Warn("another")
		want := []string{
			`level=ERROR msg="cannot fetch" queue=jobs`,
			`level=ERROR msg="cannot fetch" queue=jobs left_out=1199`,
			`level=WARN msg=another`,
		}
		if got := strings.Split(strings.TrimSpace(out.String()), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

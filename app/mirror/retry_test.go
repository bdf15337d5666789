package mirror

import (
	"testing"
	"testing/synctest"
	"time"
)

// What fails again and again is tried ever more rarely, up to half a minute,
// with jitter. After a success, and for somebody who asks, it is tried soon
// again.
func TestFailuresAreRetriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := retry{first: 2 * time.Second}
		within := func(what string, got, d time.Duration) {
			t.Helper()
			if got < d/4 || got >= d*5/4 {
				t.Errorf("%s: the pause is %s, want about %s", what, got, d)
			}
		}
		grows := func(what string) {
			t.Helper()
			for _, d := range []time.Duration{2, 4, 8, 16, 30, 30} {
				within(what, r.fail(), d*time.Second)
			}
		}
		grows("at first")
		for range 100 {
			within("for long", r.fail(), 30*time.Second)
		}
		different := map[time.Duration]bool{}
		for range 10 {
			different[r.fail()] = true
		}
		if len(different) < 5 {
			t.Error("there is no jitter")
		}

		// Whoever asks a moment after a failure waits a moment, however many
		// ask.
		for range 3 {
			if left := r.hurry(); left != 500*time.Millisecond {
				t.Errorf("asked for at once, it is tried after %s", left)
			}
		}
		time.Sleep(time.Second)
		if left := r.hurry(); left != 0 {
			t.Errorf("asked for later, it is tried after %s", left)
		}
		if !r.failing {
			t.Error("being asked is taken for success")
		}
		grows("after somebody asked")

		r.succeed()
		if r.failing {
			t.Error("it counts as failing after it succeeded")
		}
		grows("after a success")
	})
}

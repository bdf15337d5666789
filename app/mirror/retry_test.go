package mirror

import (
	"testing"
	"testing/synctest"
	"time"
)

// After each failure the pause before the next attempt grows, up to half a
// minute, with jitter. After a success it is short again, and hurry shortens it
// for somebody who waits.
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

		// hurry leaves a pause of half a second right after a failure, however
		// often it is called.
		for range 3 {
			if left := r.hurry(); left != 500*time.Millisecond {
				t.Errorf("right after a failure, hurry leaves a pause of %s", left)
			}
		}
		time.Sleep(time.Second)
		if left := r.hurry(); left != 0 {
			t.Errorf("a second after a failure, hurry leaves a pause of %s", left)
		}
		if !r.failing {
			t.Error("a call of hurry counts as a success")
		}
		grows("after somebody asked")

		r.succeed()
		if r.failing {
			t.Error("it counts as failing after it succeeded")
		}
		grows("after a success")
	})
}

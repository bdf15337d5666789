package broker

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// An answer is kept for its time, and an error is not.
func TestAnswersAreKeptForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, asked := newKept[int](time.Minute), 0
		ask := func(key string, fails bool) (int, error) {
			return k.ask(key, func() (int, error) {
				if asked++; fails {
					return 0, errors.New("away")
				}
				return asked, nil
			})
		}
		if _, err := ask("AAPL", true); err == nil {
			t.Error("an error is an answer")
		}
		for _, want := range []struct {
			after time.Duration
			key   string
			n     int
		}{{0, "AAPL", 2}, {59 * time.Second, "AAPL", 2}, {0, "MSFT", 3}, {time.Second, "AAPL", 4}, {0, "MSFT", 3}} {
			time.Sleep(want.after)
			if n, err := ask(want.key, false); err != nil || n != want.n {
				t.Errorf("%s after %s: answer %d (%v), want %d", want.key, want.after, n, err, want.n)
			}
		}
		for i := range mostKept {
			_, _ = k.ask(time.Duration(i).String(), func() (int, error) { return i, nil })
		}
		if len(k.by) > mostKept {
			t.Errorf("%d answers are kept", len(k.by))
		}
	})
}

package broker

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// However fast one program asks, each other that uses the account gets its share without
// a wait; alone it may use all of it.
func TestSharesAreEqual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		ctx := t.Context()
		for range defaultPerMinute / 4 {
			if err := l.waitShared(ctx, "one", "flood"); err != nil {
				t.Fatalf("alone within the burst: %v", err)
			}
		}
		time.Sleep(2 * time.Minute) // its share is nobody's by now

		asked := map[string]int{}
		stop := make(chan struct{})
		for range 20 { // at once, and again as soon as one is through
			go func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					_ = l.waitShared(ctx, "one", "flood")
					time.Sleep(time.Millisecond) // the call itself
				}
			}()
		}
		time.Sleep(30 * time.Second)
		for n := range 60 {
			for _, quiet := range []string{"people", "token a"} { // 1 in 2 s each, of a share of 1.1 a second
				began := time.Now()
				if err := l.waitShared(ctx, "one", quiet); err != nil {
					t.Fatalf("%s at its call %d: %v", quiet, n, err)
				}
				if took := time.Since(began); took > 600*time.Millisecond { // those of the flood that stood in line before it
					t.Errorf("%s waited for %v at its call %d", quiet, took, n)
				}
				asked[quiet]++
			}
			time.Sleep(2 * time.Second)
		}
		close(stop)
		if fmt.Sprint(asked) != "map[people:60 token a:60]" {
			t.Errorf("asked %v", asked)
		}
		time.Sleep(time.Minute)
	})
}

// Who asks what is left is told of their own share, whatever others took.
func TestWhatIsLeftIsOnesShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		use := func(sharer string, n int) {
			for range n {
				_ = l.waitShared(t.Context(), "one", sharer)
			}
		}
		want := func(when, sharer string, share, now int) {
			t.Helper()
			if got := l.left("one", sharer); got.Share != share || got.Now != now || got.PerMinute != defaultPerMinute {
				t.Errorf("%s: %+v, want %d a minute and %d now", when, got, share, now)
			}
		}
		want("before anybody", "a", 200, 50)
		use("a", 30)
		want("alone", "a", 200, 20)
		want("one who comes", "b", 100, startShare)
		use("b", 2)
		want("the one who came", "b", 100, startShare-2)
		want("the first, who has used up its own", "a", 100, 20)
		use("a", 20)
		want("the first", "a", 100, 0)
		want("the one who came, as before", "b", 100, startShare-2)
		time.Sleep(2 * time.Minute)
		want("alone again", "a", 200, 50)
	})
}

// What cancels an order or closes a position goes at once, in front of all that wait, also
// where the account's requests are used up; and not without end.
func TestUrgentGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		ctx := t.Context()
		for range defaultPerMinute / 4 {
			_ = l.wait(ctx, "one")
		}
		for range 8 { // they stand in line
			go func() { _ = l.wait(ctx, "one") }()
		}
		synctest.Wait()
		for n := range urgentBurst {
			began := time.Now()
			if err := l.waitUrgent(ctx, "one"); err != nil || time.Since(began) > 0 {
				t.Fatalf("the urgent call %d waited for %v: %v", n, time.Since(began), err)
			}
		}
		began := time.Now()
		if err := l.waitUrgent(ctx, "one"); err != nil || time.Since(began) == 0 {
			t.Errorf("beyond what is kept for it an urgent call waited for %v: %v", time.Since(began), err)
		}
		time.Sleep(time.Minute)
	})
}

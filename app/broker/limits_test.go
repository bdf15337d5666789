package broker

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// Alpaca's rate limit is read from its responses. Calls of an account that has
// used it up fail at once, with the time to wait. Nothing is sent to Alpaca,
// and other accounts are not affected.
func TestLimitIsLearntFromAnswers(t *testing.T) {
	s := newStand(t)
	s.say(200, "[]", "X-Ratelimit-Limit", "4") // four a minute: a burst of one, and then one every 15 s
	for range 2 {
		if _, err := s.client("one").Positions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := s.requests.Load()
	for range 20 { // refused calls do not count against the limit
		_, err := s.client("one").Positions(t.Context())
		if e := wants(t, "beyond the limit", err, RateLimited); e.RetryAfter <= maxWait || e.RetryAfter > 15*time.Second {
			t.Fatalf("retry after %v", e.RetryAfter)
		}
	}
	if n := s.requests.Load(); n != before {
		t.Errorf("%d requests were sent beyond the limit", n-before)
	}
	if _, err := s.client("another").Positions(t.Context()); err != nil {
		t.Errorf("another account: %v", err)
	}
}

// The time to wait is computed by the broker's clock, however far ours differs.
func TestRetryAfterGoesByTheBrokersClock(t *testing.T) {
	date := time.Now().Add(-5 * time.Minute) // the broker's clock, behind ours
	for name, tt := range map[string]struct {
		date  string
		reset time.Time
		want  time.Duration
	}{
		"behind ours":    {date.UTC().Format(http.TimeFormat), date.Add(20 * time.Second), 20 * time.Second},
		"ahead of ours":  {date.Add(time.Hour).UTC().Format(http.TimeFormat), date.Add(time.Hour + 20*time.Second), 20 * time.Second},
		"over by then":   {date.UTC().Format(http.TimeFormat), date.Add(-time.Minute), time.Second},
		"without a date": {"", time.Now().Add(20 * time.Second), time.Second},
	} {
		h := http.Header{"Date": {tt.date}, "X-Ratelimit-Reset": {strconv.FormatInt(tt.reset.Unix(), 10)}}
		if got := retryAfter(h); got != tt.want {
			t.Errorf("%s: retry after %s, want %s", name, got, tt.want)
		}
	}
}

// An unreasonable value of the header does not change the limit.
func TestNonsenseIsNotLearnt(t *testing.T) {
	l := newLimits()
	for _, text := range []string{"", "0", "-5", "1e9", "999999999", "many"} {
		l.update("one", http.Header{"X-Ratelimit-Limit": {text}})
		if got := l.bucket("one").Limit(); got != perMinute(defaultPerMinute) {
			t.Errorf("%q made it %v", text, got)
		}
	}
	l.update("one", http.Header{"X-Ratelimit-Limit": {"1000"}})
	if b := l.bucket("one"); b.Limit() != perMinute(1000) || b.Burst() != 250 {
		t.Errorf("1000 made it %v with a burst of %d", b.Limit(), b.Burst())
	}
}

// A call waits for its turn, but no longer than maxWait or its own deadline. A
// call that is given up returns its token.
func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		ctx := t.Context()
		took := func(ctx context.Context, want Kind) time.Duration {
			t.Helper()
			began := time.Now()
			if err := l.wait(ctx, "one"); err == nil && want >= 0 || err != nil && err.Kind != want {
				t.Fatalf("got %v", err)
			}
			return time.Since(began)
		}
		const fine = Kind(-1)
		for range defaultPerMinute / 4 {
			if d := took(ctx, fine); d != 0 {
				t.Fatalf("within the burst it waited for %v", d)
			}
		}
		turn := time.Minute / defaultPerMinute
		if d := took(ctx, fine); d != turn {
			t.Errorf("it waited for %v, want %v", d, turn)
		}

		short, cancel := context.WithTimeout(ctx, turn/2)
		defer cancel()
		if d := took(short, RateLimited); d != 0 {
			t.Errorf("it waited for %v, though its deadline comes first", d)
		}

		leaving, cancel := context.WithCancel(ctx)
		go func() { time.Sleep(turn / 3); cancel() }()
		took(leaving, Canceled)
		if d := took(ctx, fine); d > turn {
			t.Errorf("after another left the queue it waited for %v", d)
		}

		queued := make(chan *Error, 100)
		for range cap(queued) {
			go func() { queued <- l.wait(ctx, "one") }()
		}
		began := time.Now()
		refused := 0
		for range cap(queued) {
			if err := <-queued; err != nil {
				refused++
				if err.Kind != RateLimited || err.RetryAfter <= maxWait {
					t.Errorf("refused with %v, retry after %v", err, err.RetryAfter)
				}
			}
		}
		if d := time.Since(began); d > maxWait || refused == 0 {
			t.Errorf("the queue lasted %v and refused %d", d, refused)
		}
	})
}

// LowPriorityNoWait uses at most half of an account's requests and never waits.
// So an order can be sent, however often lists are asked for.
func TestSparingLeavesHalf(t *testing.T) {
	s := newStand(t)
	s.say(200, "[]")
	sparing := s.client("one").LowPriorityNoWait()
	sent := 0
	for range defaultPerMinute {
		began := time.Now()
		if _, err := sparing.Positions(t.Context()); err == nil {
			sent++
		} else {
			wants(t, "beyond half", err, RateLimited)
		}
		if took := time.Since(began); took > time.Second {
			t.Fatalf("it waited for %v", took)
		}
	}
	const burst = defaultPerMinute / 4
	if sent < burst/2-1 || sent > burst/2+10 {
		t.Errorf("%d of %d were sent, want about half of the burst of %d", sent, defaultPerMinute, burst)
	}
	for range burst/2 - 5 {
		began := time.Now()
		if _, err := s.client("one").Positions(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Fatalf("another call waited for %v: %v", time.Since(began), err)
		}
	}
}

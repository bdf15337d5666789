package auth

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A flood of sign-ins takes no more memory than the hashes that may run at
// once: 32 MiB each, and as much again that the garbage collector has not freed
// yet. Clients that find the queue full are told to retry, and after the flood
// signing in works.
func TestFloodOfSignIns(t *testing.T) {
	const parallel, callers = 2, 200
	s := newService(t, func(c *Config) { c.MaxParallelHashes = parallel })
	signUp(t, s, "known@example.com")
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	runs := s.hasher.runs.Load()

	var peak uint64
	var atOnce int
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak, atOnce = max(peak, now.HeapAlloc), max(atOnce, len(s.hasher.slots))
			select {
			case <-over:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	var refused, busy atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			email := []string{"known@example.com", "unknown@example.com"}[i%2]
			w := post(s, "sign-in/email", map[string]string{"email": email, "password": "a wrong password"})
			switch {
			case w.Code == 401:
				refused.Add(1)
			case w.Code == 503 && w.Header().Get("Retry-After") != "":
				busy.Add(1)
			default:
				t.Errorf("a caller got %d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	close(over)
	watch.Wait()

	const hash = 128 * scryptN * scryptR
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 4*parallel*hash {
		t.Errorf("the heap grew by %d MiB with %d hashes at once", grown>>20, parallel)
	}
	if atOnce > parallel || busy.Load() == 0 {
		t.Errorf("%d hashes ran at once, and %d callers were refused", atOnce, busy.Load())
	}
	if n := s.hasher.runs.Load() - runs; n != refused.Load() {
		t.Errorf("%d hashes for %d wrong passwords", n, refused.Load())
	}
	if w := post(s, "sign-in/email", map[string]string{"email": "known@example.com", "password": "a good password"}); w.Code != 200 {
		t.Errorf("after the flood: %d %s", w.Code, w.Body)
	}
	t.Logf("%d checked, %d refused, heap grew by %d MiB at most", refused.Load(), busy.Load(), (int64(peak)-int64(before.HeapAlloc))>>20)
}

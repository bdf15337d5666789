package auth

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// limiter counts requests by client and path in windows of ten seconds: three
// for paths that try a password, a hundred for others.
type limiter struct {
	mu      sync.Mutex
	now     func() time.Time
	windows map[limitKey]*window
}

type limitKey struct {
	client netip.Prefix
	path   string
}

type window struct {
	began time.Time
	count int
}

const (
	windowLength = 10 * time.Second
	fewRequests  = 3
	manyRequests = 100
	// maxWindows bounds the memory. When it is reached, windows that have
	// passed are dropped, and new clients wait if none has.
	maxWindows = 50_000
)

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, windows: map[limitKey]*window{}}
}

// passwordPaths are the paths that try or set a password.
var passwordPaths = []string{"sign-in", "sign-up", "change-password", "change-email"}

// allow counts a request, and returns how long to wait if it is one too many.
func (l *limiter) allow(client netip.Addr, path string) time.Duration {
	most := manyRequests
	known := ""
	for _, p := range passwordPaths {
		if strings.HasPrefix(path, p) {
			most, known = fewRequests, p
		}
	}
	if _, ok := endpoints[path]; ok {
		known = path // paths that do not exist share one window
	}
	bits := 32
	if client.Is6() {
		bits = 64 // one customer of a provider has a whole /64
	}
	prefix, err := client.Prefix(bits)
	if err != nil {
		prefix = netip.Prefix{} // unreadable addresses share one window
	}
	key := limitKey{prefix, known}

	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	w := l.windows[key]
	if w == nil && len(l.windows) >= maxWindows {
		for k, old := range l.windows {
			if now.Sub(old.began) >= windowLength {
				delete(l.windows, k)
			}
		}
		if len(l.windows) >= maxWindows {
			return windowLength
		}
	}
	if w == nil || now.Sub(w.began) >= windowLength {
		l.windows[key] = &window{began: now, count: 1}
		return 0
	}
	if w.count >= most {
		return windowLength - now.Sub(w.began)
	}
	w.count++
	return 0
}

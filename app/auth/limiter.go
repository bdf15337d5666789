package auth

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// limiter counts requests in windows of ten seconds, or of a minute where a mail is
// sent: by client and path as
// Better Auth does, and by the networks that the client is in, so that somebody
// who has many addresses has not as many times the limit.
//
// It counts sign-in and the like, signing out, and everything else apart, so
// that none of them uses up another's limit, or its memory.
type limiter struct {
	now     func() time.Time
	classes [numberOfClasses]class
}

// class counts the requests of one sort.
type class struct {
	window  time.Duration
	most    [numberOfNetworks]int // requests in a window, from the narrowest network on
	mu      sync.Mutex
	windows generations
}

// The sorts of requests.
const (
	passwords = iota // they try or set a password, and cost a hash, or try a code
	mails            // they send one
	signOuts
	others
	numberOfClasses
)

// The networks of a client, and how many bits of its address name each. A
// provider gives one customer an IPv6 /64 at least, mostly a /56 or /48, and has
// a /32 itself.
const numberOfNetworks = 3

var (
	bits4 = [numberOfNetworks]int{32, 24, 16}
	bits6 = [numberOfNetworks]int{64, 48, 32}
)

const (
	windowLength = 10 * time.Second
	mailWindow   = time.Minute
	// maxWindows bounds the memory of each class, in windows.
	maxWindows = 50_000
)

// passwordPaths are the beginnings of paths that try or set a password, or try a code.
var passwordPaths = []string{"sign-in", "sign-up", "change-password", "change-email", "delete-user", "reset-password", "two-factor/", stepUpPath}

func newLimiter(now func() time.Time) *limiter {
	l := &limiter{now: now}
	for i := range l.classes {
		l.classes[i].window = windowLength
	}
	l.classes[mails].window = mailWindow
	l.classes[mails].most = [numberOfNetworks]int{3, 30, 300}
	l.classes[passwords].most = [numberOfNetworks]int{3, 30, 300}
	l.classes[signOuts].most = [numberOfNetworks]int{100, 1000, 10_000}
	l.classes[others].most = [numberOfNetworks]int{100, 1000, 10_000}
	return l
}

// allow counts a request, and returns how long to wait if it is one too many.
func (l *limiter) allow(client netip.Addr, path string) time.Duration {
	class, path := l.classify(path)
	return class.allow(l.now(), networksOf(client, path))
}

// classify returns the class of a path, and the name under which the path is
// counted: paths that do not exist share one.
func (l *limiter) classify(path string) (*class, string) {
	if isResetLink(path) {
		return &l.classes[others], "reset-password/"
	}
	_, exists := endpoints[path]
	for _, p := range passwordPaths {
		if strings.HasPrefix(path, p) {
			if !exists {
				path = p
			}
			return &l.classes[passwords], path
		}
	}
	switch {
	case path == "request-password-reset", path == "send-verification-email":
		return &l.classes[mails], path
	case path == "sign-out":
		return &l.classes[signOuts], path
	case !exists:
		path = ""
	}
	return &l.classes[others], path
}

// network is a network whose requests are counted together: those for one path
// from the narrowest, and for all paths of the class from the wider ones.
type network struct {
	prefix netip.Prefix
	path   string
}

// networksOf returns a client's networks, from the narrowest on. All addresses
// that cannot be read are one client.
func networksOf(client netip.Addr, path string) (of [numberOfNetworks]network) {
	client = client.Unmap()
	bits := bits4
	if client.Is6() {
		bits = bits6
	}
	for i := range of {
		prefix, err := client.Prefix(bits[i])
		if err != nil {
			prefix = netip.Prefix{}
		}
		of[i].prefix = prefix
	}
	of[0].path = path
	return of
}

// allow counts a request in all of a client's networks, unless one of them has
// had as many as it may: then it counts in none. So a client that is refused
// uses nothing up of its neighbours', and a network that is refused makes no
// windows.
func (c *class) allow(now time.Time, of [numberOfNetworks]network) (wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, n := range of {
		if w, counted := c.windows.get(n); counted && w.isOpen(now, c.window) && w.count >= c.most[i] {
			wait = max(wait, c.window-now.Sub(w.began))
		}
	}
	if wait > 0 {
		return wait
	}
	for _, n := range of {
		w, counted := c.windows.get(n)
		if !counted || !w.isOpen(now, c.window) {
			w = window{began: now}
		}
		w.count++
		c.windows.put(n, w)
	}
	return 0
}

// window counts the requests of a network since it began.
type window struct {
	began time.Time
	count int
}

func (w window) isOpen(now time.Time, length time.Duration) bool { return now.Sub(w.began) < length }

// generations is a bounded map of windows. When the newer half is full, the older
// half is forgotten: nobody is kept out because others have filled it, and a
// window is forgotten only after half of maxWindows others were counted.
type generations struct {
	newer, older map[network]window
}

func (g *generations) get(n network) (window, bool) {
	w, there := g.newer[n]
	if !there {
		w, there = g.older[n]
	}
	return w, there
}

func (g *generations) put(n network, w window) {
	if _, there := g.newer[n]; !there && (g.newer == nil || len(g.newer) >= maxWindows/2) {
		g.older, g.newer = g.newer, map[network]window{}
	}
	g.newer[n] = w
	delete(g.older, n)
}

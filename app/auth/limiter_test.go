package auth

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// clock is a time that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newTestLimiter() (*limiter, *clock) {
	c := &clock{time.Unix(1_000_000, 0)}
	return newLimiter(c.now), c
}

// v6 returns an address of 2001:SITE:CUSTOMER:LAN::HOST, by provider, site, LAN
// and host.
func v6(provider, site, lan, host int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, byte(provider >> 8), byte(provider), byte(site >> 8), byte(site), byte(lan >> 8), byte(lan), 14: byte(host >> 8), 15: byte(host)})
}

func v4(a, b, c, d int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a), byte(b), byte(c), byte(d)})
}

// However many addresses somebody asks from, and for whatever paths, a newcomer
// signs in, and signs out.
func TestNobodyShutsNewcomersOut(t *testing.T) {
	const asked = 53_000
	for name, attacker := range map[string]func(i int) netip.Addr{
		"an IPv6 /48":          func(i int) netip.Addr { return v6(1, 1, i, 1) },
		"many IPv6 /48s":       func(i int) netip.Addr { return v6(1, i, 1, 1) },
		"many IPv6 /32s":       func(i int) netip.Addr { return v6(i+3, 1, 1, 1) },
		"many IPv4 /24s":       func(i int) netip.Addr { return v4(10, i>>8, i, 1) },
		"many IPv4 /16s":       func(i int) netip.Addr { return v4(11+i>>16, i>>8, i, i) },
		"many mapped IPv4s":    func(i int) netip.Addr { return netip.AddrFrom16(v4(11, i>>8, i, 1).As16()) },
		"one address":          func(int) netip.Addr { return v4(10, 1, 1, 1) },
		"no readable address":  func(int) netip.Addr { return netip.Addr{} },
		"a newcomer's own /16": func(i int) netip.Addr { return v4(198, 51, i&0x3f, i>>6) },
	} {
		for _, path := range []string{"get-session", "sign-in/email", "ok", "nothing", "sign-out"} {
			l, _ := newTestLimiter()
			for i := range asked {
				l.allow(attacker(i), path)
			}
			if name == "a newcomer's own /16" && path == "sign-in/email" {
				continue // the provider's own limit is there for that
			}
			for _, newcomer := range []netip.Addr{v4(198, 51, 100, 7), v6(2, 2, 2, 2)} {
				for _, wants := range []string{"sign-in/email", "sign-up/email"} {
					if wait := l.allow(newcomer, wants); wait != 0 {
						t.Errorf("%s asked for %s, and %s at %v waits %v", name, path, wants, newcomer, wait)
					}
				}
				if wait := l.allow(newcomer, "sign-out"); wait != 0 && path != "sign-out" {
					t.Errorf("%s asked for %s, and sign-out at %v waits %v", name, path, newcomer, wait)
				}
			}
		}
	}
}

// A network has a limit of its own, and its addresses cannot exceed it
// together. Its neighbours do not pay for what was refused.
func TestNetworksAreLimited(t *testing.T) {
	allowed := func(l *limiter, path string, n int, address func(i int) netip.Addr) (passed int) {
		for i := range n {
			if l.allow(address(i), path) == 0 {
				passed++
			}
		}
		return passed
	}
	for name, tt := range map[string]struct {
		address            func(i int) netip.Addr
		signIns, others    int
		neighbour, distant netip.Addr // in the next wider network, and in none of these
	}{
		"an IPv4 address": {func(int) netip.Addr { return v4(10, 1, 1, 1) }, 3, 100, v4(10, 1, 1, 2), v4(12, 1, 1, 1)},
		"a mapped one":    {func(int) netip.Addr { return netip.AddrFrom16(v4(10, 1, 1, 1).As16()) }, 3, 100, v4(10, 1, 1, 2), v4(12, 1, 1, 1)},
		"an IPv4 /24":     {func(i int) netip.Addr { return v4(10, 1, 1, i) }, 30, 1000, v4(10, 1, 2, 1), v4(12, 1, 1, 1)},
		"an IPv4 /16":     {func(i int) netip.Addr { return v4(10, 1, i, i>>8) }, 300, 10_000, v4(10, 2, 1, 1), v4(12, 1, 1, 1)},
		"an IPv6 /64":     {func(i int) netip.Addr { return v6(1, 1, 1, i) }, 3, 100, v6(1, 1, 2, 1), v6(2, 1, 1, 1)},
		"an IPv6 /48":     {func(i int) netip.Addr { return v6(1, 1, i, 1) }, 30, 1000, v6(1, 2, 1, 1), v6(2, 1, 1, 1)},
		"an IPv6 /32":     {func(i int) netip.Addr { return v6(1, i, i>>4, 1) }, 300, 10_000, v6(2, 1, 1, 1), v6(2, 1, 1, 1)},
	} {
		for path, want := range map[string]int{"sign-in/email": tt.signIns, "get-session": tt.others} {
			l, c := newTestLimiter()
			if got := allowed(l, path, 25_000, tt.address); got != want {
				t.Errorf("%s: %d of 25,000 %s pass, want %d", name, got, path, want)
			}
			if l.allow(tt.neighbour, path) != 0 || l.allow(tt.distant, path) != 0 {
				t.Errorf("%s: others pay for %s", name, path)
			}
			if wait := l.allow(tt.address(0), path); wait <= 0 || wait > windowLength {
				t.Errorf("%s: it waits %v", name, wait)
			}
			c.at = c.at.Add(windowLength)
			if wait := l.allow(tt.address(0), path); wait != 0 {
				t.Errorf("%s: after a window it waits %v", name, wait)
			}
		}
	}
}

// Paths of one address have limits of their own.
func TestPathsAreLimitedApart(t *testing.T) {
	l, _ := newTestLimiter()
	address := v4(10, 1, 1, 1)
	for range 3 {
		l.allow(address, "sign-in/email")
	}
	for i := range 3 {
		l.allow(address, fmt.Sprint("sign-in/", i))
	}
	if l.allow(address, "sign-in/email") == 0 || l.allow(address, "sign-in/3") == 0 {
		t.Error("a fourth sign-in passes")
	}
	for _, path := range []string{"sign-up/email", "change-password", "get-session", "ok", "sign-out", "nothing"} {
		if l.allow(address, path) != 0 {
			t.Errorf("%s is refused", path)
		}
	}
}

// The memory is bounded, whoever asks. What is counted of somebody who guesses
// is not forgotten for others who ask for something cheap.
func TestMemoryIsBounded(t *testing.T) {
	l, _ := newTestLimiter()
	guesser := v4(203, 0, 113, 1)
	for range 3 {
		l.allow(guesser, "sign-in/email")
	}
	for i := range 4 * maxWindows {
		l.allow(v4(11+i>>16, i>>8, i, 1), "get-session")
	}
	for i := range l.classes {
		if n := len(l.classes[i].windows.newer) + len(l.classes[i].windows.older); n > maxWindows {
			t.Errorf("class %d keeps %d windows", i, n)
		}
	}
	if l.allow(guesser, "sign-in/email") == 0 {
		t.Error("guesses are forgotten for cheap requests")
	}
	for i := range 4 * maxWindows {
		l.allow(v4(11+i>>16, i>>8, i, 1), "sign-in/email")
	}
	if n := len(l.classes[passwords].windows.newer) + len(l.classes[passwords].windows.older); n > maxWindows {
		t.Errorf("%d windows are kept of passwords", n)
	}
}

// A forwarding header that no proxy of ours has written neither gives a client
// more nor takes anything from others.
func TestSpoofedHeadersCountForNothing(t *testing.T) {
	s := &Service{config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	l, _ := newTestLimiter()
	ask := func(remote, forwarded string) time.Duration {
		r := httptest.NewRequest("POST", prefix+"sign-in/email", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", forwarded)
		return l.allow(s.ClientAddress(r), "sign-in/email")
	}
	passed := 0
	for i := range 100 {
		if ask("192.0.2.1:5", fmt.Sprintf("198.51.100.%d", i)) == 0 {
			passed++
		}
	}
	if passed != 3 {
		t.Errorf("%d sign-ins of one client pass, want 3", passed)
	}
	// Through our proxy the client's own entries stand before the proxy's.
	for i := range 100 {
		ask("10.0.0.1:5", fmt.Sprintf("198.51.100.%d, 192.0.2.1", i))
	}
	if ask("10.0.0.1:5", "198.51.100.1") != 0 {
		t.Error("a client pays for who named its address")
	}
}

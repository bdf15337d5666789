package destinations

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// guard decides which addresses may be reached: public ones, and the networks that
// the operator names. It is asked for each connection, once its name was looked up, so
// that no name leads elsewhere than it did when it was asked before.
type guard struct {
	*ssrf.Guardian
	open bool // networks that are not public are named
}

func newGuard(networks []netip.Prefix) guard {
	var v4, v6 []netip.Prefix
	for _, n := range networks {
		if n.Addr().Is4() {
			v4 = append(v4, n)
		} else {
			v6 = append(v6, n)
		}
	}
	return guard{
		Guardian: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)),
		open:     len(networks) > 0,
	}
}

// allows reports whether an address may be reached.
func (g guard) allows(address netip.Addr) bool { return g.SafeAddr(address.Unmap()) == nil }

// tryTimeout is how long a receiver may take for a message.
const tryTimeout = 10 * time.Second

// client returns a client that reaches what the guard allows, follows no redirect and
// uses no proxy.
func (g guard) client() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: g.Safe}
	return &http.Client{
		Timeout:       tryTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConns: 100, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, DisableCompression: true, ForceAttemptHTTP2: true,
		},
	}
}

package auth

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress returns the client's address. A forwarding header counts only
// from a trusted proxy, and then its last address that is not one. Several
// header lines are one list. An entry that cannot be read ends it: the address
// is then that of the proxy which wrote the entry.
func (s *Service) ClientAddress(r *http.Request) netip.Addr {
	addr, _ := readAddress(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.isProxy(addr); i-- {
		next, ok := readAddress(hops[i])
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

// readAddress reads an address as proxies and net/http write it: alone, in
// brackets, with a port, or between spaces.
func readAddress(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	addr, err := netip.ParseAddr(bare)
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(text)
		if portErr != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func (s *Service) isProxy(a netip.Addr) bool {
	for _, p := range s.config.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

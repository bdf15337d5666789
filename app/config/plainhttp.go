package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// localNames are the ends of names that no public address has: this machine's,
// those reserved for tests, and those reserved for private networks.
var localNames = []string{".localhost", ".test", ".local", ".internal", ".home.arpa"}

// isLocal reports whether a URL's host is this machine or in a private network.
// Browsers send a session's cookie unencrypted to a plain http URL, which is
// for such hosts alone.
func isLocal(u *url.URL) bool { return isLocalHost(u.Hostname()) }

func isLocalHost(name string) bool {
	host := strings.TrimSuffix(strings.ToLower(name), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
	}
	for _, end := range localNames {
		if host == end[1:] && end == ".localhost" || strings.HasSuffix(host, end) && host != end {
			return true
		}
	}
	return false
}

// IsPublic reports whether BaseURL is on a name or an address that is neither
// this machine's nor of a private network.
func (c Config) IsPublic() bool {
	u, err := url.Parse(c.BaseURL)
	return err == nil && !isLocal(u)
}

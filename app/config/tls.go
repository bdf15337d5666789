package config

import (
	"net"
	"net/netip"
	"net/url"
)

// Who speaks TLS.
const (
	TLSNone  = "none"  // a proxy in front, or nobody
	TLSFiles = "files" // serve, with a certificate in files
	TLSACME  = "acme"  // serve, with a certificate that it obtains
)

// readTLS reads what belongs to TLS, after BaseURL.
func (c *Config) readTLS(get func(string) string, fail func(string, ...any)) {
	c.CertFile, c.KeyFile, c.HTTPAddr = get("PADDOCK_TLS_CERT_FILE"), get("PADDOCK_TLS_KEY_FILE"), get("PADDOCK_HTTP_ADDR")
	c.ACMEFolder, c.ACMEEmail, c.ACMEDirectory = get("PADDOCK_ACME_FOLDER"), get("PADDOCK_ACME_EMAIL"), get("PADDOCK_ACME_DIRECTORY")
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		base = &url.URL{}
	}
	switch c.TLS = get("PADDOCK_TLS"); c.TLS {
	case TLSNone:
		for _, name := range []string{"PADDOCK_TLS_CERT_FILE", "PADDOCK_TLS_KEY_FILE", "PADDOCK_ACME_FOLDER", "PADDOCK_HTTP_ADDR"} {
			if get(name) != "" {
				fail("%s is set, and PADDOCK_TLS is none, so that it would have no effect: set PADDOCK_TLS to files or acme", name)
			}
		}
		return
	case TLSFiles:
		if c.CertFile == "" || c.KeyFile == "" {
			fail("PADDOCK_TLS_CERT_FILE and PADDOCK_TLS_KEY_FILE are needed where PADDOCK_TLS is files")
		}
	case TLSACME:
		if c.ACMEFolder == "" {
			fail("PADDOCK_ACME_FOLDER is not set: give a folder in which certificates are kept, or each start obtains a new one, which authorities limit")
		}
		if directory, err := url.Parse(c.ACMEDirectory); err != nil || directory.Scheme != "https" || directory.Host == "" {
			fail("PADDOCK_ACME_DIRECTORY must be an https URL")
		}
		if _, err := netip.ParseAddr(base.Hostname()); err == nil || c.ACMEDirectory == defaultOf("PADDOCK_ACME_DIRECTORY") && isLocal(base) {
			fail("BETTER_AUTH_URL is not on a public name, for which alone an authority gives a certificate by ACME: give a name that leads here, or set PADDOCK_TLS to files")
		}
	default:
		fail("PADDOCK_TLS must be none, files or acme")
		return
	}
	if base.Scheme == "http" {
		fail("BETTER_AUTH_URL is plain http, where PADDOCK_TLS has serve speak https: give its https URL")
	}
	if c.HTTPAddr != "" {
		if _, _, err := net.SplitHostPort(c.HTTPAddr); err != nil || c.HTTPAddr == c.Addr {
			fail("PADDOCK_HTTP_ADDR must be host:port, and another than PADDOCK_ADDR")
		}
	}
}

// Host returns the host of BaseURL, without its port.
func (c Config) Host() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// defaultOf returns a setting's default.
func defaultOf(name string) string {
	for _, s := range Settings {
		if s.Name == name {
			return s.Default
		}
	}
	panic("config: " + name + " is not in Settings")
}

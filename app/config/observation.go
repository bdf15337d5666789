package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// readObservation reads what an operator sees of an instance. Proxies must have
// been read before.
func (c *Config) readObservation(get func(string) string, fail func(string, ...any)) {
	c.OperatorAddr = readOperatorAddr(get, fail)
	c.TracesTo = strings.TrimSuffix(get("OTEL_EXPORTER_OTLP_ENDPOINT"), "/")
	if u, err := url.Parse(c.TracesTo); c.TracesTo != "" && (err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || (u.Scheme != "http" && u.Scheme != "https")) {
		fail("OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL such as http://127.0.0.1:4318")
	}
	var err error
	if c.TrustTraceparent, err = strconv.ParseBool(get("PADDOCK_TRUST_TRACEPARENT")); err != nil {
		fail("PADDOCK_TRUST_TRACEPARENT must be true or false")
	} else if c.TrustTraceparent && len(c.Proxies) == 0 {
		fail("PADDOCK_TRUST_TRACEPARENT needs PADDOCK_TRUSTED_PROXIES, whose traces are continued")
	}
}

// readOperatorAddr returns the address of the operator's port, "" where there is
// none. Nobody signs in there: an address that others may reach takes a setting
// that says so. One of all interfaces, such as :9090, is such an address.
func readOperatorAddr(get func(string) string, fail func(string, ...any)) string {
	public, err := strconv.ParseBool(get("PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR"))
	if err != nil {
		fail("PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR must be true or false")
	}
	addr := get("PADDOCK_OPERATOR_ADDR")
	if addr == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(addr)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n > 65535 {
		fail("PADDOCK_OPERATOR_ADDR must be host:port, such as 127.0.0.1:9090")
		return ""
	}
	if !public && !isLocalHost(host) {
		fail("PADDOCK_OPERATOR_ADDR is an address that others may reach, and nobody signs in there: give one of this machine or of a private network, such as 127.0.0.1:9090, or set PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR=true where a firewall keeps others out")
	}
	return addr
}

package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"paddock/app/certificate"
	"paddock/app/config"
)

// checkExposure finds ways by which sessions and API keys could travel
// unencrypted: a URL of plain http, an address of serve that the internet
// reaches past the proxy, and a proxy that answers plain http itself.
func checkExposure(ctx context.Context, e *examination) (found []Finding) {
	base, err := url.Parse(e.Config.BaseURL)
	if err != nil || base.Host == "" {
		return unchecked("", "BETTER_AUTH_URL cannot be read")
	}
	const firewall = "listen on 127.0.0.1 or a private address, or let a firewall keep others away from the port"
	own := e.Config.TLS == config.TLSFiles || e.Config.TLS == config.TLSACME
	if addr, exposed := exposedAddress(e.Config.Addr, ownAddresses()); exposed && !own {
		found = append(found, warning(firewall, "serve listens on %s, an address of the internet, by plain http: who reaches it goes past the proxy", addr))
	}
	if addr, exposed := exposedAddress(e.Config.OperatorAddr, ownAddresses()); exposed {
		found = append(found, warning(firewall, "the operator's port is on %s, an address of the internet, and nobody signs in there", addr))
	}
	if f := endingCertificate(e.Config); f != nil {
		found = append(found, *f)
	}
	public := e.Config.IsPublic()
	switch {
	case base.Scheme == "http" && public:
		return append(found, failure("put a proxy with TLS in front, and set BETTER_AUTH_URL to its https URL",
			"BETTER_AUTH_URL is plain http on a public name: sessions and API keys travel unencrypted"))
	case base.Scheme == "http":
		return append(found, fine("BETTER_AUTH_URL is plain http on this machine or a private network"))
	}
	if len(e.Config.Proxies) == 0 && !own {
		found = append(found, warning("set PADDOCK_TRUSTED_PROXIES to the addresses of the proxy that has the certificate",
			"BETTER_AUTH_URL is https and no proxy is trusted, so that all clients count as one address where attempts are limited"))
	}
	plain := *base
	plain.Scheme, plain.Host = "http", hostAlone(base)
	switch answers, err := e.isPaddock(ctx, plain.JoinPath("healthz").String()); {
	case err != nil:
		// Nobody listens there, or it cannot be reached from here.
	case answers:
		found = append(found, failure("let the proxy answer plain http with a redirect to https, or not at all",
			"Paddock answers by plain http at %s", plain.Redacted()))
	}
	switch answers, err := e.isPaddock(ctx, base.JoinPath("healthz").String()); {
	case err != nil:
		found = append(found, unchecked("run doctor where BETTER_AUTH_URL can be reached, or correct it", "BETTER_AUTH_URL cannot be reached from here, so that it is not known what answers there")...)
	case !answers:
		found = append(found, warning("let BETTER_AUTH_URL lead to Paddock", "what answers at BETTER_AUTH_URL is not Paddock"))
	}
	return found
}

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

// endingCertificate finds a certificate in files that serve cannot use, or that nobody
// has renewed.
func endingCertificate(c config.Config) *Finding {
	if c.TLS != config.TLSFiles {
		return nil // by ACME serve renews it
	}
	until, err := certificate.Until(c.CertFile, c.KeyFile, c.Host())
	switch left := time.Until(until); {
	case err != nil:
		f := failure("put a certificate there that fits; serve takes it without a restart", "serve cannot use the certificate: %s", err)
		return &f
	case left < soon:
		f := warning("renew it; serve takes the new one without a restart", "the certificate ends on %s", until.UTC().Format(time.RFC3339))
		return &f
	}
	return nil
}

// hostAlone returns the host without its port, in brackets where it is IPv6.
func hostAlone(u *url.URL) string {
	if strings.Contains(u.Hostname(), ":") {
		return "[" + u.Hostname() + "]"
	}
	return u.Hostname()
}

// isPaddock reports whether GET /healthz is answered there as Paddock does.
func (e *examination) isPaddock(ctx context.Context, at string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return false, err
	}
	response, err := e.http.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return false, err
	}
	var body struct{ OK bool }
	return response.StatusCode == http.StatusOK && json.Unmarshal(text, &body) == nil && body.OK, nil
}

// exposedAddress returns the address of the internet on which a listener is,
// which speaks plain http, and reports whether there is one. The wildcard is
// every address of the machine.
func exposedAddress(listen string, own []netip.Addr) (at netip.Addr, exposed bool) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return at, false // there is no listener, or serve refuses it
	}
	at, err = netip.ParseAddr(host)
	switch {
	case err != nil && host != "": // a name
		return at, false
	case err == nil && !at.IsUnspecified():
		own = []netip.Addr{at}
	}
	for _, addr := range own {
		if addr = addr.Unmap(); addr.IsGlobalUnicast() && !addr.IsPrivate() {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// ownAddresses returns the addresses of this machine.
func ownAddresses() (list []netip.Addr) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, addr := range addrs {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil {
			list = append(list, prefix.Addr())
		}
	}
	return list
}

// checkSignUp asks whether strangers can sign up, by a request that no sign-up
// can come of.
func checkSignUp(ctx context.Context, e *examination) []Finding {
	base, err := url.Parse(e.Config.BaseURL)
	if err != nil || base.Host == "" {
		return unchecked("", "BETTER_AUTH_URL cannot be read")
	}
	if !e.Config.IsPublic() {
		return []Finding{fine("BETTER_AUTH_URL is on this machine or a private network, which strangers do not reach")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("api/auth/sign-up/email").String(), bytes.NewReader([]byte("{}")))
	if err != nil {
		return unchecked("", "BETTER_AUTH_URL cannot be read")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", base.Scheme+"://"+base.Host)
	response, err := e.http.Do(request)
	if err != nil {
		return unchecked("run doctor where BETTER_AUTH_URL can be reached", "BETTER_AUTH_URL cannot be reached from here")
	}
	response.Body.Close()
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return []Finding{warning("let the proxy refuse POST /api/auth/sign-up/email to strangers; where everybody may sign up, leave this check out with --skip sign_up",
			"everybody who reaches BETTER_AUTH_URL can sign up")}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return []Finding{fine("signing up is refused at BETTER_AUTH_URL, with %d", response.StatusCode)}
	}
	return unchecked("", "whether strangers can sign up: POST /api/auth/sign-up/email is answered with %d", response.StatusCode)
}

package auth

import (
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"paddock/app/problem"
)

// OriginAllowed tells whether a browser's request came from a page of ours or
// of a trusted origin. Requests without an Origin come from no browser's page.
func (s *Service) OriginAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || s.trusts(origin)
}

// originOf answers the origin of a URL as browsers write it, in lower case and
// without the scheme's own port, or nothing.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme { // which Parse has put in lower case
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// trusts tells whether a URL is of our own origin or of a trusted one.
func (s *Service) trusts(target string) bool {
	origin := originOf(target)
	if origin == "" {
		return false
	}
	for _, trusted := range s.origins {
		if strings.ContainsAny(trusted, "*?") {
			if matchesPattern(strings.ToLower(trusted), origin) {
				return true
			}
		} else if originOf(trusted) == origin {
			return true
		}
	}
	return false
}

// matchesPattern tells whether an origin, or its host when the pattern has no
// scheme, matches one with * or ?. These stand for anything but a slash, so
// they end with the host.
func matchesPattern(pattern, origin string) bool {
	_, authority, _ := strings.Cut(origin, "://")
	subject, wanted := authority, pattern
	if _, after, ok := strings.Cut(pattern, "://"); ok {
		subject, wanted = origin, after
	}
	ok, err := path.Match(strings.TrimSuffix(pattern, "/"), subject)
	if err != nil || !ok {
		return false
	}
	// 10.0.* means addresses: without this, 10.0.evil.example would match.
	host, _, _ := strings.Cut(wanted, ":")
	if strings.ContainsAny(host, "0123456789") && strings.Trim(host, "0123456789*?./") == "" {
		name, _, _ := strings.Cut(authority, ":")
		address, err := netip.ParseAddr(name)
		return err == nil && address.Is4()
	}
	return true
}

// checkOrigin refuses changes that another site's page asks for.
func (s *Service) checkOrigin(r *http.Request, login bool) error {
	hasCookies := len(r.Header["Cookie"]) > 0
	if !hasCookies && !login {
		return nil
	}
	origin := r.Header.Get("Origin")
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	switch {
	case origin == "null" && site == "same-origin":
		// A page of ours that tells no one where it is: the browser vouches for
		// it, and only for the host that it asks.
		origin = s.base.Scheme + "://" + r.Host
	case origin == "":
		origin = r.Header.Get("Referer")
	}
	if !hasCookies {
		// Nothing says who asks: what counts is what browsers add by themselves.
		if site == "cross-site" && mode == "navigate" {
			return refuse(problem.AuthCrossSite, "Cross-site navigation login blocked. This request appears to be a CSRF attack.")
		}
		fetched := site != "" || mode != "" || r.Header.Get("Sec-Fetch-Dest") != ""
		if origin == "" && !fetched {
			return nil
		}
	}
	switch {
	case origin == "" || origin == "null":
		return refuse(problem.AuthMissingOrigin, "Missing or null Origin")
	case !s.trusts(origin):
		return refuse(problem.AuthInvalidOrigin, "Invalid origin")
	}
	return nil
}

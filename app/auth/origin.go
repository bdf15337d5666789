package auth

import (
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"paddock/app/problem"
)

// OriginAllowed reports whether a request comes from a page of ours, from one
// of a trusted origin, or from no browser's page, which sends no Origin.
func (s *Service) OriginAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || s.trusts(origin)
}

// originOf returns the origin of a URL as browsers write it, in lower case and
// without the scheme's default port; "" for none.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme { // in lower case already, by Parse
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// trusts reports whether a URL is of our own origin or of a trusted one.
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

// matchesPattern reports whether an origin, or its host when the pattern has no
// scheme, matches a pattern with * or ?. These match anything but a slash, so
// that they end with the host.
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
	// 10.0.* means addresses: without this check 10.0.evil.example would match.
	host, _, _ := strings.Cut(wanted, ":")
	if strings.ContainsAny(host, "0123456789") && strings.Trim(host, "0123456789*?./") == "" {
		name, _, _ := strings.Cut(authority, ":")
		address, err := netip.ParseAddr(name)
		return err == nil && address.Is4()
	}
	return true
}

// checkOrigin refuses changes that another site's page requests. Without a cookie
// nothing is changed in anybody's name, and only sign-in and sign-up look at the
// origin (checkLoginOrigin).
func (s *Service) checkOrigin(r *http.Request) error {
	if !hasCookies(r) {
		return nil
	}
	return s.checkTrusted(s.pageOf(r))
}

// checkLoginOrigin refuses another site's page that signs a browser in or up, which
// has no cookie yet. Where no header names the page, the Sec-Fetch headers decide that
// browsers send.
func (s *Service) checkLoginOrigin(r *http.Request) error {
	if hasCookies(r) {
		return nil // checkOrigin has looked
	}
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	if site == "cross-site" && mode == "navigate" {
		return refuse(problem.AuthCrossSite, "Cross-site navigation login blocked. This request appears to be a CSRF attack.")
	}
	page := s.pageOf(r)
	fetched := site != "" || mode != "" || r.Header.Get("Sec-Fetch-Dest") != ""
	if page == "" && !fetched {
		return nil
	}
	return s.checkTrusted(page)
}

func hasCookies(r *http.Request) bool { return len(r.Header["Cookie"]) > 0 }

// pageOf returns the origin, or the URL, of the page that makes a request; "" where no
// header says it.
func (s *Service) pageOf(r *http.Request) string {
	switch origin := r.Header.Get("Origin"); {
	case origin == "null" && r.Header.Get("Sec-Fetch-Site") == "same-origin":
		// The page hides its URL. The browser says that it is of the same
		// origin, which means the host of this request.
		return s.base.Scheme + "://" + r.Host
	case origin == "":
		return r.Header.Get("Referer")
	default:
		return origin
	}
}

func (s *Service) checkTrusted(page string) error {
	switch {
	case page == "" || page == "null":
		return refuse(problem.AuthMissingOrigin, "Missing or null Origin")
	case !s.trusts(page):
		return refuse(problem.AuthInvalidOrigin, "Invalid origin")
	}
	return nil
}

package auth

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// OriginAllowed tells whether a browser's request came from a page of ours or
// of a trusted origin. Requests without an Origin come from no browser's page.
func (s *Service) OriginAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || s.trusts(origin)
}

// trusts tells whether an origin is our own or a trusted one.
func (s *Service) trusts(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return false
	}
	own := u.Scheme + "://" + u.Host
	for _, trusted := range s.origins {
		trusted = strings.TrimSuffix(trusted, "/")
		if strings.EqualFold(trusted, own) {
			return true
		}
		if !strings.Contains(trusted, "*") {
			continue
		}
		subject := strings.ToLower(own)
		if !strings.Contains(trusted, "://") {
			subject = strings.ToLower(u.Host)
		}
		// A * stands for anything but a slash, so it ends with the host.
		if ok, err := path.Match(strings.ToLower(trusted), subject); err == nil && ok {
			return true
		}
	}
	return false
}

// checkOrigin refuses changes that another site's page asks for.
func (s *Service) checkOrigin(r *http.Request, login bool) error {
	hasCookies := len(r.Cookies()) > 0
	if !hasCookies && !login {
		return nil
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		if referer, err := url.Parse(r.Header.Get("Referer")); err == nil && referer.Host != "" {
			origin = referer.Scheme + "://" + referer.Host
		}
	}
	if !hasCookies {
		// Nothing says who asks: what counts is what browsers add by themselves.
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
			return refuse(403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", "Cross-site navigation login blocked. This request appears to be a CSRF attack.")
		}
		fetched := r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Sec-Fetch-Mode") != "" || r.Header.Get("Sec-Fetch-Dest") != ""
		if origin == "" && !fetched {
			return nil
		}
	}
	switch {
	case origin == "" || origin == "null":
		return refuse(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
	case !s.trusts(origin):
		return refuse(403, "INVALID_ORIGIN", "Invalid origin")
	}
	return nil
}

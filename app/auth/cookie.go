package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Names of the cookies, without the prefix that https gives them.
const (
	sessionCookie      = "better-auth.session_token"
	sessionDataCookie  = "better-auth.session_data"
	dontRememberCookie = "better-auth.dont_remember"
	twoFactorCookie    = "better-auth.two_factor"   // of who has given the password and not yet the code
	trustDeviceCookie  = "better-auth.trust_device" // of who need not give a code on this device
)

func (s *Service) cookieName(name string) string {
	if s.secure {
		return "__Secure-" + name
	}
	return name
}

// sign returns VALUE.SIGNATURE, percent-encoded, as Better Auth writes it.
func (s *Service) sign(value string) string {
	return url.QueryEscape(value + "." + s.signature(value))
}

func (s *Service) signature(value string) string {
	mac := hmac.New(sha256.New, []byte(s.config.Secret))
	mac.Write([]byte(value))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// maxTried is how many cookies of one name are tried. A browser keeps one for
// each path and parent host that it came from, which are fewer.
const maxTried = 16

// signedCookie returns the value of the first cookie of this name whose
// signature is ours. A browser sends several of one name where another host of
// the same site has set one too, and ours need not be the first.
func (s *Service) signedCookie(r *http.Request, name string) (string, bool) {
	for i, c := range r.CookiesNamed(name) {
		if i == maxTried {
			break
		}
		if value, ours := s.verified(c.Value); ours {
			return value, true
		}
	}
	return "", false
}

// verified returns the value in a cookie's text, and whether its signature is
// ours.
func (s *Service) verified(cookie string) (value string, ours bool) {
	text, err := url.PathUnescape(cookie)
	if err != nil {
		return "", false
	}
	dot := strings.LastIndexByte(text, '.')
	if dot < 1 {
		return "", false
	}
	value = text[:dot]
	return value, hmac.Equal([]byte(text[dot+1:]), []byte(s.signature(value)))
}

// maxAge is how long a browser keeps a remembered session, in seconds: 7 days.
const maxAge = 604800

// setSession sets the session's cookies. A session that is not to be remembered
// lives until the browser is closed; the mark of an earlier one is removed.
func (s *Service) setSession(c *call, token string, remember bool) {
	session := s.cookie(sessionCookie, s.sign(token))
	if !remember {
		c.setCookies(session, s.cookie(dontRememberCookie, s.sign("true")))
		return
	}
	session.MaxAge = maxAge
	c.setCookies(session)
	if !s.remembered(c.Request) {
		c.setCookies(s.gone(dontRememberCookie))
	}
}

// clearSession removes all of the session's cookies.
func (s *Service) clearSession(c *call) {
	c.setCookies(s.gone(sessionCookie), s.gone(sessionDataCookie), s.gone(dontRememberCookie))
	s.clearSessionData(c)
}

// clearSessionData removes the cookies that a Better Auth server with a cookie
// cache left, whole or in numbered pieces. We have no such cache.
func (s *Service) clearSessionData(c *call) {
	name := s.cookieName(sessionDataCookie)
	for _, one := range c.Cookies() {
		if piece, ok := strings.CutPrefix(one.Name, name); ok && (piece == "" || pieceNumber.MatchString(piece)) {
			c.setCookies(s.gone(sessionDataCookie + piece))
		}
	}
}

var pieceNumber = regexp.MustCompile(`^\.(?:0|[1-9][0-9]{0,3})$`)

func (s *Service) gone(name string) *http.Cookie {
	c := s.cookie(name, "")
	c.MaxAge = -1
	return c
}

// lasting returns a signed cookie that a browser keeps for a while.
func (s *Service) lasting(name, value string, life time.Duration) *http.Cookie {
	c := s.cookie(name, s.sign(value))
	c.MaxAge = int(life / time.Second)
	return c
}

func (s *Service) cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
}

// remembered reports whether the browser's session is to be remembered.
func (s *Service) remembered(r *http.Request) bool {
	value, ok := s.signedCookie(r, s.cookieName(dontRememberCookie))
	return !ok || value != "true"
}

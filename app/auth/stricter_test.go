package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Input on which Better Auth fails, or which it accepts but cannot store, is
// refused with a message.
func TestStricterThanBetterAuth(t *testing.T) {
	s := newService(t, nil)
	cookie := signUp(t, s, "strict@example.com")
	const up, in = "sign-up/email", "sign-in/email"
	for name, tt := range map[string]struct {
		path, kind, body string
		status           int
		code             string
	}{
		"a name that Postgres cannot hold": {up, "application/json", `{"name":"a\u0000","email":"nul@example.com","password":"a good password"}`, 400, "VALIDATION_ERROR"},
		"an email that no server takes":    {up, "application/json", `{"name":"a","email":"` + strings.Repeat("x", 250) + `@example.com","password":"a good password"}`, 400, "VALIDATION_ERROR"},
		"a body that is too large":         {in, "application/json", `{"email":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "PAYLOAD_TOO_LARGE"},
		"a body that is not UTF-8":         {in, "application/json", "{\"email\":\"\xff\"}", 400, "BAD_REQUEST"},
		"a name of null":                   {"update-user", "application/json", `{"name":null}`, 400, "VALIDATION_ERROR"},
		"a name of a list":                 {"update-user", "application/json", `{"name":[1]}`, 400, "VALIDATION_ERROR"},
		"an image of an object":            {"update-user", "application/json", `{"image":{}}`, 400, "VALIDATION_ERROR"},
		"a token that Postgres cannot ask": {"revoke-session", "application/json", `{"token":"\u0000"}`, 400, "VALIDATION_ERROR"},
		"a way that browsers mend":         {in, "application/json", `{"email":"strict@example.com","password":"a good password","callbackURL":"http:localhost:8080"}`, 403, "INVALID_CALLBACK_URL"},
	} {
		r := httptest.NewRequest("POST", prefix+tt.path, strings.NewReader(tt.body))
		r.Header.Set("Origin", "http://localhost:8080")
		if tt.kind != "" {
			r.Header.Set("Content-Type", tt.kind)
		}
		if tt.path != up && tt.path != in {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), `"`+tt.code+`"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A password may contain any characters, because only its hash is stored.
func TestPasswordsOfAnyText(t *testing.T) {
	s := newService(t, nil)
	const password = "a\x00b\x00c\x00d\u2028 ﬁ"
	if w := post(s, "sign-up/email", map[string]string{"name": "N", "email": "any@example.com", "password": password}); w.Code != 200 {
		t.Fatalf("sign up: %d %s", w.Code, w.Body)
	}
	if w := post(s, "sign-in/email", map[string]string{"email": "any@example.com", "password": password}); w.Code != 200 {
		t.Errorf("sign in: %d %s", w.Code, w.Body)
	}
}

// A Location header is pure ASCII, and no input can add another header to it.
func TestLocation(t *testing.T) {
	s := newService(t, nil)
	signUp(t, s, "go@example.com")
	for target, want := range map[string]string{"/ü?ö": "/%C3%BC?%C3%B6", "/a\r\nSet-Cookie: x=y": "", "/desk": "/desk"} {
		w := post(s, "sign-in/email", map[string]string{"email": "go@example.com", "password": "a good password", "callbackURL": target})
		if got := w.Header().Get("Location"); got != want || (w.Code == 200) != (want != "") {
			t.Errorf("%q: %d, Location %q, want %q", target, w.Code, got, want)
		}
	}
}

// A session that is not to be remembered ends with the browser also after a change of
// password, though its row then lasts a week, as in Better Auth.
func TestChangedPasswordRemembersNoMore(t *testing.T) {
	now := time.Now()
	s := newService(t, func(c *Config) { c.Now = func() time.Time { return now } })
	signUp(t, s, "brief@example.com")
	w := post(s, "sign-in/email", map[string]any{"email": "brief@example.com", "password": "a good password", "rememberMe": false})
	w = post(s, "change-password", map[string]any{"currentPassword": "a good password", "newPassword": "another password", "revokeOtherSessions": true}, w.Result().Cookies()...)
	cookies := w.Result().Cookies()
	if w.Code != 200 || len(cookies) != 2 || cookies[0].MaxAge != 0 {
		t.Fatalf("change: %d %s, %v", w.Code, w.Body, cookies)
	}
	for _, step := range []struct {
		after time.Duration
		lives bool
	}{{rememberedFor - time.Second, true}, {2 * time.Second, false}} {
		now = now.Add(step.after)
		if w := get(s, "get-session", cookies...); (strings.TrimSpace(w.Body.String()) != "null") != step.lives {
			t.Errorf("%v later: %s", step.after, w.Body)
		}
	}
}

// A request from another site's page is refused before the database is asked for
// anything.
func TestForeignRequestsReachNoDatabase(t *testing.T) {
	s := newService(t, nil)
	s.config.Pool.Close()
	for _, cookie := range []string{"", "other=1"} {
		r := httptest.NewRequest("POST", prefix+"sign-in/email", strings.NewReader(`{"email":"a@example.com","password":"a good password"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://evil.example")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("with the cookie %q: %d %s", cookie, w.Code, w.Body)
		}
	}
}

// Origins may be configured with the default port of their scheme, which
// browsers leave out.
func TestOriginsWithDefaultPorts(t *testing.T) {
	s, err := New(Config{Secret: secret, BaseURL: "https://paddock.example.com:443", TrustedOrigins: []string{"http://Friend.example:80/"}})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{"https://paddock.example.com": true, "http://friend.example": true, "https://friend.example": false, "http://paddock.example.com:443": false} {
		if got := s.trusts(origin); got != want {
			t.Errorf("%q: %v, want %v", origin, got, want)
		}
	}
	if !s.trustsCallback("/a?to=" + url.QueryEscape("/b")) {
		t.Error("an escaped slash in a query is refused")
	}
}

// Whatever ends a session calls OnSessionEnd after the end is committed and
// visible, so that the session's connections are checked then.
func TestEndedSessionsAreTold(t *testing.T) {
	told, sessions := 0, -1
	var s *Service
	s = newService(t, func(c *Config) {
		c.OnSessionEnd = func() {
			told++
			if err := s.config.Pool.QueryRow(t.Context(), "select count(*) from auth.session").Scan(&sessions); err != nil {
				t.Error(err)
			}
		}
	})
	token := func(c *http.Cookie) string {
		text, err := url.QueryUnescape(c.Value)
		if err != nil {
			t.Fatal(err)
		}
		token, _, _ := strings.Cut(text, ".")
		return token
	}
	signUp(t, s, "told@example.com")
	for _, end := range []struct {
		path string
		body func(own, other *http.Cookie) any
		left int
	}{
		{"sign-out", func(_, _ *http.Cookie) any { return map[string]string{} }, 1},
		{"revoke-session", func(_, other *http.Cookie) any { return map[string]string{"token": token(other)} }, 1},
		{"revoke-sessions", func(_, _ *http.Cookie) any { return map[string]string{} }, 0},
		{"revoke-other-sessions", func(_, _ *http.Cookie) any { return map[string]string{} }, 1},
		{"change-password", func(_, _ *http.Cookie) any {
			return map[string]any{"newPassword": "a good password", "currentPassword": "a good password", "revokeOtherSessions": true}
		}, 1},
	} {
		if _, err := s.config.Pool.Exec(t.Context(), "delete from auth.session"); err != nil {
			t.Fatal(err)
		}
		var cookies [2]*http.Cookie
		for i := range cookies {
			w := post(s, "sign-in/email", map[string]string{"email": "told@example.com", "password": "a good password"})
			if w.Code != 200 {
				t.Fatalf("sign in: %d %s", w.Code, w.Body)
			}
			cookies[i] = w.Result().Cookies()[0]
		}
		told, sessions = 0, -1
		w := post(s, end.path, end.body(cookies[0], cookies[1]), cookies[0])
		if w.Code != 200 || told != 1 || sessions != end.left {
			t.Errorf("%s: %d, OnSessionEnd was called %d times, last with %d sessions left, want once with %d: %s", end.path, w.Code, told, sessions, end.left, w.Body)
		}
	}
}

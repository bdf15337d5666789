package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const secret = "0123456789abcdef0123456789abcdef"

func newService(t *testing.T, change func(*Config)) *Service {
	t.Helper()
	c := Config{Pool: pgtest.New(t).Pool(t, "paddock_auth"), Secret: secret, BaseURL: "http://localhost:8080"}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// post sends JSON as one of our own pages does.
func post(s *Service, path string, body any, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	text, _ := json.Marshal(body)
	return postText(s, path, string(text), cookies...)
}

func postText(s *Service, path, text string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", prefix+path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://localhost:8080")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func get(s *Service, path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", prefix+path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func signUp(t *testing.T, s *Service, email string) *http.Cookie {
	t.Helper()
	w := post(s, "sign-up/email", map[string]string{"name": "N", "email": email, "password": "a good password"})
	if w.Code != 200 {
		t.Fatalf("sign up: %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// Session cookies and password hashes that Better Auth made are accepted.
func TestVectors(t *testing.T) {
	s := &Service{config: Config{Secret: secret}}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "better-auth.session_token=F8N02cmLXQ5Gox0AmcBkIW4QrL6C6696.I8JVzGzzHlHJSLGwfGE1zhdvWZdX9XXhQBjeL3AQFmo%3D")
	if token, ok := s.SessionToken(r); !ok || token != "F8N02cmLXQ5Gox0AmcBkIW4QrL6C6696" {
		t.Errorf("the cookie gives %q, %v", token, ok)
	}
	const stored = "14d76b12063fabd8e96a7970c4121fa9:076719ede6eba207af952d3ca60664d3425306296661e3ee7a407c1d1ad7d892b3334afbf2c19e6909735c7d4f6791e69a8d686a1ace06350bb076991570b60c"
	for password, want := range map[string]bool{"correct horse 2": true, "correct horse 3": false, "": false} {
		if got, err := newHasher(1).verify(t.Context(), password, stored); err != nil || got != want {
			t.Errorf("verify %q: %v, %v, want %v", password, got, err, want)
		}
	}
}

// A cookie without a valid signature gives no session.
func TestForgedCookies(t *testing.T) {
	s := &Service{config: Config{Secret: secret}}
	good := s.sign("token")
	for _, value := range []string{"", "token", "token.", ".sig", "%zz", "token." + s.signature("other"), strings.Replace(good, "token", "token2", 1), good + "x"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", sessionCookie+"="+value)
		if token, ok := s.SessionToken(r); ok {
			t.Errorf("%q gives the session %q", value, token)
		}
	}
}

// A browser may send several cookies of the session's name: another host of the
// same site can set one for both. The session is that of the first that we
// signed, wherever it stands; without one there is none, and a flood of them
// costs little.
func TestCookiesOfOneName(t *testing.T) {
	s := &Service{config: Config{Secret: secret}}
	ours, second := s.sign("ours"), s.sign("second")
	junk := []string{"junk", "", "%zz", "a.b", "ours." + s.signature("other")}
	for name, tt := range map[string]struct {
		cookies []string
		want    string
	}{
		"alone":           {[]string{ours}, "ours"},
		"after junk":      {append(slices.Clone(junk), ours), "ours"},
		"before junk":     {append([]string{ours}, junk...), "ours"},
		"between":         {[]string{"junk", ours, "junk"}, "ours"},
		"two of ours":     {[]string{"junk", ours, second}, "ours"},
		"junk alone":      {junk, ""},
		"the last tried":  {append(slices.Repeat([]string{"junk"}, maxTried-1), ours), "ours"},
		"beyond the last": {append(slices.Repeat([]string{"junk"}, maxTried), ours), ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", sessionCookie+"="+strings.Join(tt.cookies, "; other=x; "+sessionCookie+"="))
		if got, ok := s.SessionToken(r); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: the session is %q (%v), want %q", name, got, ok, tt.want)
		}
		// Remembering is a signed cookie as well.
		r.Header.Set("Cookie", dontRememberCookie+"=junk; "+dontRememberCookie+"="+s.sign("true"))
		if s.remembered(r) {
			t.Errorf("%s: a session that is not to be remembered is", name)
		}
	}
}

// Over https the cookie is Secure and its name has the prefix __Secure-. A
// cookie without the prefix is not accepted.
func TestSecureCookies(t *testing.T) {
	s := newService(t, func(c *Config) { c.BaseURL = "https://localhost:8080" })
	text, _ := json.Marshal(map[string]string{"name": "N", "email": "s@example.com", "password": "a good password"})
	r := httptest.NewRequest("POST", prefix+"sign-up/email", bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	c := w.Result().Cookies()[0]
	if c.Name != "__Secure-better-auth.session_token" || !c.Secure || !c.HttpOnly || c.MaxAge != 604800 {
		t.Errorf("the cookie is %v", c)
	}
	c.Name = sessionCookie
	if w := get(s, "get-session", c); strings.TrimSpace(w.Body.String()) != "null" {
		t.Errorf("the cookie without the prefix is accepted: %s", w.Body)
	}
}

// An unknown email and a wrong password get the same response and cost one hash
// each. The test compares numbers of hashes and not times, which vary.
func TestUnknownEmailCostsTheSame(t *testing.T) {
	s := newService(t, nil)
	for email, sql := range map[string]string{
		"known@example.com":     "",
		"no-hash@example.com":   `update auth.account set password = null where "userId" = (select id from auth."user" where email = $1)`,
		"bad-hash@example.com":  `update auth.account set password = 'nonsense' where "userId" = (select id from auth."user" where email = $1)`,
		"no-method@example.com": `delete from auth.account where "userId" = (select id from auth."user" where email = $1)`,
	} {
		signUp(t, s, email)
		if sql != "" {
			if _, err := s.config.Pool.Exec(t.Context(), sql, email); err != nil {
				t.Fatal(err)
			}
		}
	}
	var first string
	for _, email := range []string{"known@example.com", "KNOWN@example.com", "unknown@example.com", "no-hash@example.com", "bad-hash@example.com", "no-method@example.com"} {
		before := s.hasher.runs.Load()
		w := post(s, "sign-in/email", map[string]string{"email": email, "password": "a wrong password"})
		if n := s.hasher.runs.Load() - before; n != 1 || w.Code != 401 {
			t.Errorf("%s: %d hashes, status %d", email, n, w.Code)
		}
		if first == "" {
			first = w.Body.String()
		}
		if w.Body.String() != first || len(w.Result().Cookies()) != 0 {
			t.Errorf("the response to %s is %s, want %s", email, w.Body, first)
		}
	}
}

// Only a limited number of passwords is hashed at once, and further callers are
// refused.
func TestHashesAreBounded(t *testing.T) {
	const parallel = 2
	h := newHasher(parallel)
	var busy, worst int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			_, err := h.hash(t.Context(), "password")
			mu.Lock()
			defer mu.Unlock()
			worst = max(worst, len(h.slots))
			if err == errBusy {
				busy++
			}
		})
	}
	all.Wait()
	if worst > parallel || busy == 0 {
		t.Errorf("at most %d hashes ran at once, and %d callers were refused", worst, busy)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	cancel()
	if _, err := h.hash(ctx, "password"); err != context.Canceled {
		t.Errorf("the call of a client that left: %v, want context.Canceled", err)
	}
}

// An address may try passwords three times in ten seconds, and make a hundred
// other calls. A client that waits as long as it is told to may try again.
func TestRateLimit(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := newService(t, func(c *Config) { c.RateLimit, c.Now = true, func() time.Time { return now } })
	body := map[string]string{"email": "nobody@example.com", "password": "a wrong password"}
	for i := range 3 {
		if w := post(s, "sign-in/email", body); w.Code != 401 {
			t.Fatalf("try %d: %d", i, w.Code)
		}
	}
	w := post(s, "sign-in/email", body)
	if w.Code != 429 || w.Header().Get("X-Retry-After") != "10" || strings.Contains(w.Body.String(), "code") {
		t.Errorf("the fourth: %d, %q, %s", w.Code, w.Header().Get("X-Retry-After"), w.Body)
	}
	if w := get(s, "ok"); w.Code != 200 {
		t.Errorf("another path: %d", w.Code)
	}
	now = now.Add(10 * time.Second)
	if w := post(s, "sign-in/email", body); w.Code != 401 {
		t.Errorf("after the wait: %d", w.Code)
	}
}

// A forwarding header counts only from a trusted proxy, in every form in which
// proxies write it.
func TestClientAddress(t *testing.T) {
	s := &Service{config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "1.1.1.1, 198.51.100.7, 10.9.9.9", "198.51.100.7"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
		{"[2001:db8::1%eth0]:5", "", "2001:db8::1"},
		{"@", "198.51.100.7", "invalid IP"},
		{"10.0.0.1:5", "198.51.100.7:4711", "198.51.100.7"},
		{"10.0.0.1:5", "[2001:db8::7]:4711", "2001:db8::7"},
		{"10.0.0.1:5", "[2001:db8::7]", "2001:db8::7"},
		{"10.0.0.1:5", "2001:db8::7", "2001:db8::7"},
		{"10.0.0.1:5", "::ffff:198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "[::ffff:198.51.100.7]:80", "198.51.100.7"},
		{"10.0.0.1:5", "  198.51.100.7:4711 ,\t10.9.9.9:80 ", "198.51.100.7"},
		{"10.0.0.1:5", "1.1.1.1|198.51.100.7:4711|10.9.9.9:1", "198.51.100.7"},
		{"10.0.0.1:5", "1.1.1.1, nonsense:80, 10.9.9.9:80", "10.9.9.9"},
		{"10.0.0.1:5", "198.51.100.7:99999", "10.0.0.1"},
		{"10.0.0.1:5", "1.1.1.1,", "10.0.0.1"},
		{"10.0.0.1:5", "unknown", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "198.51.100.7:1", "198.51.100.7"},
		{"192.0.2.1:5", "10.0.0.1:80|198.51.100.7:80", "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		for _, line := range strings.Split(tt.forwarded, "|") { // each a header line
			if line != "" {
				r.Header.Add("X-Forwarded-For", line)
			}
		}
		if got := s.ClientAddress(r).String(); got != tt.want {
			t.Errorf("%s forwarded for %q is %s, want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

// A session ends at its time, is extended when it is used, and counts as fresh
// for a day.
func TestSessionLife(t *testing.T) {
	now := time.Now()
	s := newService(t, func(c *Config) { c.Now = func() time.Time { return now } })
	cookie := signUp(t, s, "life@example.com")
	expires := func(path string) string {
		var body struct{ Session struct{ ExpiresAt string } }
		w := get(s, path, cookie)
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return body.Session.ExpiresAt
	}
	first := expires("get-session")
	now = now.Add(23 * time.Hour)
	if expires("get-session") != first {
		t.Error("extended within the first day")
	}
	now = now.Add(2 * time.Hour)
	if expires("get-session?disableRefresh=true") != first {
		t.Error("extended despite disableRefresh")
	}
	if w := get(s, "list-sessions", cookie); w.Code != 403 || !strings.Contains(w.Body.String(), "SESSION_NOT_FRESH") {
		t.Errorf("listing sessions with a session of 25 hours: %d %s", w.Code, w.Body)
	}
	if expires("get-session") == first {
		t.Error("not extended after a day")
	}
	now = now.Add(7*24*time.Hour + time.Minute)
	w := get(s, "get-session", cookie)
	if strings.TrimSpace(w.Body.String()) != "null" || len(w.Result().Cookies()) != 3 {
		t.Errorf("a session that has ended: %s, cookies %v", w.Body, w.Result().Cookies())
	}
}

// A body that cannot be stored or parsed is answered with a 4xx, and never with
// a 500.
func TestHostileBodies(t *testing.T) {
	s := newService(t, nil)
	for name, body := range map[string]string{
		"NUL in the name":     `{"name":"a\u0000b","email":"n@example.com","password":"a good password"}`,
		"NUL in the email":    `{"name":"a","email":"n\u0000@example.com","password":"a good password"}`,
		"bad UTF-8":           "{\"name\":\"\xff\",\"email\":\"n@example.com\",\"password\":\"a good password\"}",
		"lone surrogate":      `{"name":"\ud800","email":"s@example.com","password":"\ud800 password"}`,
		"not JSON":            `{`,
		"an array":            `[]`,
		"null":                `null`,
		"deep":                strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"large":               `{"name":"` + strings.Repeat("x", 70<<10) + `"}`,
		"an email of 10 kB":   `{"name":"a","email":"` + strings.Repeat("x", 10<<10) + `@example.com","password":"a good password"}`,
		"an email as address": `{"name":"a","email":"A <a@example.com>","password":"a good password"}`,
	} {
		r := httptest.NewRequest("POST", prefix+"sign-up/email", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code >= 500 || (w.Code == 200 && name != "lone surrogate") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// If the database cannot be reached, the response is 503 with Retry-After, and
// neither response nor log contains the password.
func TestDatabaseDown(t *testing.T) {
	var log bytes.Buffer
	s := newService(t, func(c *Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	s.config.Pool.Close()
	w := post(s, "sign-in/email", map[string]string{"email": "a@example.com", "password": "the secret password"})
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	if strings.Contains(log.String()+w.Body.String(), "secret password") {
		t.Error("the password is in the log or the response")
	}
}

// Whatever Postgres cannot do for the moment is 503, and not our mistake.
func TestStatesOfAnUnavailableDatabase(t *testing.T) {
	s := newService(t, nil)
	for state, want := range map[string]bool{
		"08006": true, "40P01": true, "53100": true, "53200": true, "53300": true, "53400": true, "55P03": true, "57014": true, "57P01": true, "58030": true, "25006": true,
		"22P02": false, "23505": false, "42601": false, "54001": false, "XX000": false,
	} {
		_, err := s.config.Pool.Exec(t.Context(), "do $$ begin raise exception 'a test' using errcode = '"+state+"'; end $$")
		if isUnavailable(databaseError(err)) != want {
			t.Errorf("%s: %v is %t, want %t", state, err, !want, want)
		}
	}
}

// A secret that could be guessed is refused, and the error does not contain it.
func TestWeakSecrets(t *testing.T) {
	for _, weak := range []string{"", "brief", strings.Repeat("ab", 30)} {
		if _, err := New(Config{Secret: weak, BaseURL: "http://localhost"}); err == nil || (weak != "" && strings.Contains(err.Error(), weak)) {
			t.Errorf("%q: %v", weak, err)
		}
	}
}

// Only our own pages, and pages of trusted origins, may change anything.
func TestTrustedOrigins(t *testing.T) {
	s, err := New(Config{Secret: secret, BaseURL: "https://paddock.example.com", TrustedOrigins: []string{"https://*.friends.example", "http://localhost:5173"}})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"https://paddock.example.com": true, "https://a.friends.example": true, "http://localhost:5173": true,
		"http://paddock.example.com": false, "https://paddock.example.com.evil.example": false, "https://friends.example": false,
		"https://evil.example/.friends.example": false, "null": false, "": false, "https://a.friends.example.evil": false,
	} {
		if got := s.trusts(origin); got != want {
			t.Errorf("%q: %v, want %v", origin, got, want)
		}
	}
}

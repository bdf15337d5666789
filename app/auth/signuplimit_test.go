package auth

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

// signUpFrom tries to sign up from an address.
func signUpFrom(s *Service, remote, email string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", prefix+"sign-up/email", strings.NewReader(`{"name":"N","email":"`+email+`","password":"a good password"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://localhost:8080")
	r.RemoteAddr = remote
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// From one network so many sign-ups are tried in an hour, on all instances
// together and over restarts, and whether the address is known or not: what can
// be found out of who has an account is bounded.
func TestSignUpsAreLimitedAcrossInstances(t *testing.T) {
	db := pgtest.New(t)
	at, pool := time.Now(), db.Pool(t, "paddock_auth")
	instance := func() *Service {
		s, err := New(Config{Pool: pool, Secret: secret, BaseURL: "http://localhost:8080", RateLimit: true, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	later := func(interval string) {
		t.Helper()
		if _, err := db.Conn(t, "admin").Exec(t.Context(), "update auth.sign_up_counts set since = since - $1::interval", interval); err != nil {
			t.Fatal(err)
		}
	}
	if w := signUpFrom(instance(), "198.51.100.1:5", "known@example.com"); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	statuses := map[int]int{}
	var last *httptest.ResponseRecorder
	for i := range 2 * maxSignUps {
		email := "known@example.com"
		if i%2 == 1 {
			email = fmt.Sprintf("new-%d@example.com", i)
		}
		// Each try is at an instance that has just started.
		last = signUpFrom(instance(), "192.0.2.1:5", email)
		statuses[last.Code]++
	}
	if statuses[200]+statuses[422] != maxSignUps || statuses[429] != maxSignUps {
		t.Errorf("the tries are answered %v, want %d of 200 and 422 together", statuses, maxSignUps)
	}
	if wait, err := strconv.Atoi(last.Header().Get("X-Retry-After")); err != nil || wait < 3000 || wait > 3600 || strings.Contains(last.Body.String(), "code") {
		t.Errorf("the last is told to wait %q: %s", last.Header().Get("X-Retry-After"), last.Body)
	}
	// What is no sign-up is not counted, and others are not concerned.
	s := instance()
	if w := signUpFrom(s, "192.0.2.1:5", "nonsense"); w.Code != 400 {
		t.Errorf("a bad address is answered %d", w.Code)
	}
	if w := signUpFrom(s, "192.0.2.2:5", "neighbour@example.com"); w.Code != 200 {
		t.Errorf("a neighbour is answered %d", w.Code)
	}
	later("1 hour")
	if w := signUpFrom(instance(), "192.0.2.1:5", "an-hour-later@example.com"); w.Code != 200 {
		t.Errorf("an hour later: %d", w.Code)
	}
	// What is long over is deleted.
	later("2 days")
	signUpFrom(instance(), "203.0.113.1:5", "last@example.com")
	var kept int
	if err := db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from auth.sign_up_counts").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d counts are kept (%v), want 1", kept, err)
	}
}

// An IPv6 site counts as one, and so do all addresses that cannot be read.
func TestSignUpNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3::4": "2001:db8:1::/48", "2001:db8:1:ffff::": "2001:db8:1::/48", "2001:db8:2::": "2001:db8:2::/48",
	} {
		if got := signUpNetwork(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s counts for %s, want %s", address, got, want)
		}
	}
	if got := signUpNetwork(netip.Addr{}).String(); got != "0.0.0.0/32" {
		t.Errorf("an unreadable address counts for %s", got)
	}
}

// A sign-up with a known email address takes the same work as one with another.
func TestKnownEmailCostsTheSame(t *testing.T) {
	s := newService(t, nil)
	signUp(t, s, "known@example.com")
	for email, want := range map[string]int{"known@example.com": 422, "KNOWN@example.com": 422, "unknown@example.com": 200} {
		before := s.hasher.runs.Load()
		w := post(s, "sign-up/email", map[string]string{"name": "N", "email": email, "password": "a good password"})
		if n := s.hasher.runs.Load() - before; n != 1 || w.Code != want {
			t.Errorf("%s: %d hashes, status %d", email, n, w.Code)
		}
	}
}

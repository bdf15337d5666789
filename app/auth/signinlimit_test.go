package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"paddock/app/problem"
	"paddock/tests/pgtest"
)

// limitedFrom returns a function that posts to a service which has just started, from
// an address. Restarts and instances share no more than the database.
func limitedFrom(t *testing.T, db *pgtest.DB, change func(*Config)) func(remote, path, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	pool := db.Pool(t, "paddock_auth")
	return func(remote, path, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
		t.Helper()
		c := Config{Pool: pool, Secret: secret, BaseURL: "http://localhost:8080", RateLimit: true}
		if change != nil {
			change(&c)
		}
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://localhost:8080")
		r.RemoteAddr = remote
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		s.WaitForMails()
		return w
	}
}

func credentials(email, password string) string {
	return `{"email":"` + email + `","password":"` + password + `"}`
}

// From one network so many passwords are tried for an address, on all instances together
// and over restarts, whether somebody has it or not. Its owner signs in from elsewhere,
// and others from there. A right password begins anew, and so does a quarter of an hour.
func TestSignInsAreLimitedAcrossInstances(t *testing.T) {
	db := pgtest.New(t)
	ask := limitedFrom(t, db, nil)
	const here, there = "192.0.2.1:5", "198.51.100.1:5"
	for _, email := range []string{"ann@example.com", "bob@example.com"} {
		if w := ask(there, "sign-up/email", `{"name":"N",`+credentials(email, "a good password")[1:]); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	signIn := func(remote, email, password string, want int) *httptest.ResponseRecorder {
		t.Helper()
		w := ask(remote, "sign-in/email", credentials(email, password))
		if w.Code != want {
			t.Errorf("%s from %s with %q: %d %s, want %d", email, remote, password, w.Code, w.Body, want)
		}
		return w
	}
	var last [2]string
	for i, email := range []string{"ann@example.com", "nobody@example.com"} {
		for range maxTriesOfAddress {
			signIn(here, email, "a wrong password", 401)
		}
		w := signIn(here, email, "a good password", 429)
		last[i] = w.Body.String()
		if wait, err := strconv.Atoi(w.Header().Get("X-Retry-After")); err != nil || wait < 600 || wait > 900 {
			t.Errorf("%s is told to wait %q", email, w.Header().Get("X-Retry-After"))
		}
	}
	if last[0] != last[1] {
		t.Errorf("known: %s, unknown: %s", last[0], last[1])
	}
	signIn(here, "ANN@example.com", "a good password", 429)
	signIn(there, "ann@example.com", "a good password", 200)
	signIn(here, "bob@example.com", "a good password", 200)

	later := func(interval string) {
		t.Helper()
		if _, err := db.Conn(t, "admin").Exec(t.Context(), "update auth.sign_in_counts set since = since - $1::interval", interval); err != nil {
			t.Fatal(err)
		}
	}
	later("14 minutes")
	signIn(here, "ann@example.com", "a good password", 429)
	later("1 minute")
	signIn(here, "ann@example.com", "a wrong password", 401)
	for range maxTriesOfAddress - 1 {
		signIn(here, "ann@example.com", "a good password", 200)
	}
	var kept int
	if err := db.Conn(t, "admin").QueryRow(t.Context(), "select coalesce(sum(tries), 0) from auth.sign_in_counts").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d tries are kept (%v), want the wrong one of the network alone", kept, err)
	}
}

// One network tries so many passwords for all addresses together.
func TestSignInsAreLimitedByNetwork(t *testing.T) {
	ask := limitedFrom(t, pgtest.New(t), nil)
	for i := range maxTriesOfNetwork {
		if w := ask("[2001:db8:1:"+strconv.Itoa(i)+"::1]:5", "sign-in/email", credentials("user-"+strconv.Itoa(i)+"@example.com", "a wrong password")); w.Code != 401 {
			t.Fatalf("try %d: %d %s", i, w.Code, w.Body)
		}
	}
	for remote, want := range map[string]int{"[2001:db8:1:ffff::1]:5": 429, "[2001:db8:2::1]:5": 401} {
		if w := ask(remote, "sign-in/email", credentials("another@example.com", "a wrong password")); w.Code != want {
			t.Errorf("%s: %d, want %d", remote, w.Code, want)
		}
	}
}

// What asks for the user's own password counts with the sign-ins, and a password that is
// reset begins anew.
func TestOwnPasswordsCountAsSignIns(t *testing.T) {
	db, box := pgtest.New(t), &mailbox{}
	ask := limitedFrom(t, db, func(c *Config) { c.SendMail = box.take })
	const here = "192.0.2.1:5"
	w := ask(here, "sign-up/email", `{"name":"N",`+credentials("ann@example.com", "a good password")[1:])
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	const change = `{"currentPassword":"a wrong password","newPassword":"another password"}`
	for range maxTriesOfAddress / 2 {
		if w := ask(here, "change-password", change, cookie); w.Code != 400 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w := ask(here, "delete-user", `{"password":"a wrong password"}`, cookie); w.Code != 400 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	for path, body := range map[string]string{
		"change-password":   `{"currentPassword":"a good password","newPassword":"another password"}`,
		"two-factor/enable": `{"password":"a good password"}`, "delete-user": `{"password":"a good password"}`, "sign-in/email": credentials("ann@example.com", "a good password"),
	} {
		if w := ask(here, path, body, cookie); w.Code != 429 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(here, "request-password-reset", `{"email":"ann@example.com"}`); w.Code != 200 || len(box.mails) != 1 {
		t.Fatalf("%d %s, %d mails", w.Code, w.Body, len(box.mails))
	}
	token := tokenInMail.FindStringSubmatch(box.mails[0].Text)[1]
	if w := ask(here, "reset-password", `{"token":"`+token+`","newPassword":"another password"}`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := ask(here, "sign-in/email", credentials("ann@example.com", "another password")); w.Code != 200 {
		t.Errorf("after the reset: %d %s", w.Code, w.Body)
	}
}

// Too many passwords for a step-up are refused in the words of the API, with when to
// come again.
func TestTooManyPasswordsForAStepUp(t *testing.T) {
	var p *problem.Problem
	if err := explainStepUp(t.Context(), &tooManyTries{time.Minute}); !errors.As(err, &p) || p.Code != problem.TooManyAttempts || p.RetryAfter != time.Minute {
		t.Errorf("%+v", err)
	}
}

// Nobody who signs in waits for another's counts: rows that are over are deleted but for
// those that somebody holds.
func TestNobodyWaitsForAnothersCount(t *testing.T) {
	db := pgtest.New(t)
	ask := limitedFrom(t, db, nil)
	for _, remote := range []string{"192.0.2.1:5", "192.0.2.2:5"} {
		ask(remote, "sign-in/email", credentials("ann@example.com", "a wrong password"))
	}
	admin := db.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), "update auth.sign_in_counts set since = since - interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	held, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "select from auth.sign_in_counts where who like '192.0.2.1%' for update"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if w := ask("198.51.100.1:5", "sign-in/email", credentials("ann@example.com", "a wrong password")); w.Code != 401 {
		t.Errorf("%d %s after %v", w.Code, w.Body, time.Since(began))
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []string
	if err := admin.QueryRow(t.Context(), "select array_agg(who order by who) from auth.sign_in_counts where who ~ '^[0-9.]+/32$'").Scan(&left); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(left, " "); got != "192.0.2.1/32 198.51.100.1/32" {
		t.Errorf("left are %s, want the one that was held and the new one", got)
	}
}

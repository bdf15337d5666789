package auth

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

// mailbox keeps the mails that a service sends.
type mailbox struct {
	mu    sync.Mutex
	mails []Mail
}

func (b *mailbox) take(_ context.Context, m Mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, m)
	return nil
}

var tokenInMail = regexp.MustCompile(`/reset-password/([A-Za-z0-9]{24})\?`)

// token has a reset mailed, and returns the token of the mail; "" where none came.
func (b *mailbox) token(t *testing.T, s *Service, email string) string {
	t.Helper()
	b.mu.Lock()
	b.mails = nil
	b.mu.Unlock()
	if w := post(s, "request-password-reset", map[string]string{"email": email}); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.WaitForMails()
	if len(b.mails) == 0 {
		return ""
	}
	if b.mails[0].To != email {
		t.Errorf("the mail goes to %s", b.mails[0].To)
	}
	return tokenInMail.FindStringSubmatch(b.mails[0].Text)[1]
}

func reset(s *Service, token, password string) *httptest.ResponseRecorder {
	return post(s, "reset-password", map[string]string{"token": token, "newPassword": password})
}

func signsIn(s *Service, email, password string) bool {
	return post(s, "sign-in/email", map[string]string{"email": email, "password": password}).Code == 200
}

// A token resets the password of its own user alone, once, and for an hour. What the
// database has of it opens nothing. A reset ends the user's sessions and their other
// tokens, and nobody else's.
func TestResetTokens(t *testing.T) {
	db, box, at := pgtest.New(t), &mailbox{}, time.Now()
	s := newService(t, func(c *Config) {
		c.Pool, c.SendMail, c.Now = db.Pool(t, "paddock_auth"), box.take, func() time.Time { return at }
	})
	ann, bob := signUp(t, s, "ann@example.com"), signUp(t, s, "bob@example.com")
	const fresh = "a fresh password"
	first := box.token(t, s, "ann@example.com")
	second := box.token(t, s, "ann@example.com")
	ofBob := box.token(t, s, "bob@example.com")
	if box.token(t, s, "nobody@example.com") != "" {
		t.Error("a mail went to nobody")
	}
	rows, err := db.Conn(t, "admin").Query(t.Context(), "select identifier from auth.verification union all select id from auth.verification union all select value from auth.verification")
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		kept++
		if w := reset(s, text, fresh); w.Code != 400 {
			t.Errorf("a row of the database resets a password: %d", w.Code)
		}
		if w := reset(s, strings.TrimPrefix(text, "reset-password:"), fresh); w.Code != 400 {
			t.Errorf("a row of the database resets a password: %d", w.Code)
		}
	}
	if kept != 9 {
		t.Errorf("the database keeps %d texts, want those of 3 tokens", kept)
	}
	for _, guess := range []string{"", "x", strings.ToLower(second), second[:23], second + "A", " " + second, "%" + second[1:]} {
		if w := reset(s, guess, fresh); w.Code != 400 {
			t.Errorf("%q resets a password: %d %s", guess, w.Code, w.Body)
		}
	}
	statuses := make(chan int, 4)
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() { statuses <- reset(s, second, fresh).Code })
	}
	both.Wait()
	close(statuses)
	done := 0
	for status := range statuses {
		if status == 200 {
			done++
		}
	}
	if done != 1 {
		t.Errorf("of four at once %d reset the password", done)
	}
	if w := reset(s, first, "another fresh one"); w.Code != 400 {
		t.Errorf("an older token of the user: %d", w.Code)
	}
	if get(s, "get-session", ann).Body.String() != "null" {
		t.Error("the session goes on")
	}
	if get(s, "get-session", bob).Body.String() == "null" {
		t.Error("bob's session has ended as well")
	}
	if !signsIn(s, "ann@example.com", fresh) || signsIn(s, "ann@example.com", "a good password") || !signsIn(s, "bob@example.com", "a good password") {
		t.Error("the passwords are not what they should be")
	}
	at = at.Add(resetLife - time.Second)
	late := box.token(t, s, "ann@example.com")
	at = at.Add(2 * time.Second)
	if w := reset(s, ofBob, fresh); w.Code != 400 {
		t.Errorf("after an hour: %d", w.Code)
	}
	if w := reset(s, late, fresh); w.Code != 200 {
		t.Errorf("within the hour: %d %s", w.Code, w.Body)
	}
	var said []string
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select array_agg(concat_ws(' ', l.action, l.kind) order by l.at) from app.user_audit_log l
		join auth."user" u on u.id = l.user_id where u.email = 'ann@example.com' and l.action ~ 'password'`).Scan(&said); err != nil {
		t.Fatal(err)
	}
	const want = "password.create user|password.reset_token nobody|password.reset_token nobody|password.change user|password.reset_token nobody|password.change user"
	if got := strings.Join(said, "|"); got != want {
		t.Errorf("the audit says %s, want %s", got, want)
	}
}

// Whether an address is known changes neither the answer nor what is counted; no
// address is mailed to more than so often in an hour, on all instances together.
func TestResetsAreLimitedAcrossInstances(t *testing.T) {
	db, box, at := pgtest.New(t), &mailbox{}, time.Now()
	pool := db.Pool(t, "paddock_auth")
	instance := func() *Service {
		s, err := New(Config{Pool: pool, Secret: secret, BaseURL: "http://localhost:8080", RateLimit: true, SendMail: box.take, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ask := func(remote, email string) *httptest.ResponseRecorder {
		s := instance() // each request is at an instance that has just started
		r := httptest.NewRequest("POST", prefix+"request-password-reset", strings.NewReader(`{"email":"`+email+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		s.WaitForMails()
		return w
	}
	signUp(t, instance(), "ann@example.com")
	known, unknown := ask("192.0.2.1:5", "ann@example.com"), ask("192.0.2.1:5", "nobody@example.com")
	if known.Code != 200 || known.Code != unknown.Code || known.Body.String() != unknown.Body.String() {
		t.Errorf("known: %d %s, unknown: %d %s", known.Code, known.Body, unknown.Code, unknown.Body)
	}
	for range maxMailRequests - 2 {
		if w := ask("192.0.2.1:5", "ann@example.com"); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if len(box.mails) != maxMailsOfKind {
		t.Errorf("%d mails were sent, want %d", len(box.mails), maxMailsOfKind)
	}
	for _, email := range []string{"ann@example.com", "nobody@example.com"} {
		if w := ask("192.0.2.1:5", email); w.Code != 429 || w.Header().Get("X-Retry-After") == "" {
			t.Errorf("%s: %d", email, w.Code)
		}
	}
	if w := ask("198.51.100.1:5", "ann@example.com"); w.Code != 200 || len(box.mails) != maxMailsOfKind {
		t.Errorf("from another network: %d, and %d mails", w.Code, len(box.mails))
	}
	if _, err := db.Conn(t, "admin").Exec(t.Context(), "update auth.mail_counts set since = since - interval '61 minutes'"); err != nil {
		t.Fatal(err)
	}
	if w := ask("192.0.2.1:5", "ann@example.com"); w.Code != 200 || len(box.mails) != maxMailsOfKind+1 {
		t.Errorf("an hour later: %d, and %d mails", w.Code, len(box.mails))
	}
}

// A link that was mailed before sets no password any more once the user has set another
// or has another address, whichever program does it; others' links stay.
func TestAnOlderLinkEndsWithAChange(t *testing.T) {
	db, box := pgtest.New(t), &mailbox{}
	s := newService(t, func(c *Config) { c.Pool, c.SendMail = db.Pool(t, "paddock_auth"), box.take })
	cookie := signUp(t, s, "ann@example.com")
	signUp(t, s, "bob@example.com")
	ofBob := box.token(t, s, "bob@example.com")
	auth := db.Conn(t, "paddock_auth")
	for _, tt := range []struct {
		what, email string
		change      func() error
	}{
		{"another password", "ann@example.com", func() error {
			w := post(s, "change-password", map[string]any{"currentPassword": "a good password", "newPassword": "a fresh password"}, cookie)
			if w.Code != 200 {
				return fmt.Errorf("%d %s", w.Code, w.Body)
			}
			return nil
		}},
		{"another address", "ann@example.com", func() error {
			_, err := auth.Exec(t.Context(), `update auth."user" set email = 'ann@example.org' where email = $1`, "ann@example.com")
			return err
		}},
	} {
		token := box.token(t, s, tt.email)
		if err := tt.change(); err != nil {
			t.Fatal(err)
		}
		if w := reset(s, token, "the thief's own"); w.Code != 400 {
			t.Errorf("%s: the older link sets a password: %d %s", tt.what, w.Code, w.Body)
		}
	}
	if _, err := auth.Exec(t.Context(), `update auth."user" set name = 'Bob', email = email where email = 'bob@example.com'`); err != nil {
		t.Fatal(err)
	}
	if w := reset(s, ofBob, "a fresh password"); w.Code != 200 {
		t.Errorf("another's link: %d %s", w.Code, w.Body)
	}
}

package auth

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

var linkInMail = regexp.MustCompile(`/verify-email\?token=([^&]+)&`)

// next returns the address that the newest mail went to, and the token of its link; ""
// where none came since the last call.
func (b *mailbox) next(s *Service) (to, token string) {
	s.WaitForMails()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mails) == 0 {
		return "", ""
	}
	last := b.mails[len(b.mails)-1]
	b.mails = nil
	if found := linkInMail.FindStringSubmatch(last.Text); found != nil {
		token = found[1]
	}
	return last.To, token
}

func follow(s *Service, token string) *httptest.ResponseRecorder {
	return get(s, "verify-email?token="+url.QueryEscape(token))
}

// A change of address is agreed to at the old address where that is verified, and done
// at the new one, within an hour. That another user has the new address is told to
// nobody but the audit. What was mailed to the old address ends with the change.
func TestChangeOfAddress(t *testing.T) {
	db, box, at := pgtest.New(t), &mailbox{}, time.Now()
	s := newService(t, func(c *Config) {
		c.Pool, c.SendMail, c.Now = db.Pool(t, "paddock_auth"), box.take, func() time.Time { return at }
	})
	ann := signUp(t, s, "ann@example.com")
	signUp(t, s, "bob@example.com")
	change := func(to string) (mailedTo, token string) {
		t.Helper()
		if w := post(s, "change-email", map[string]string{"newEmail": to}, ann); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"status":true}` {
			t.Fatalf("%s: %d %s", to, w.Code, w.Body)
		}
		return box.next(s)
	}
	refused := func(what, token, code string) {
		t.Helper()
		if w := follow(s, token); w.Code != 401 || !strings.Contains(w.Body.String(), `"`+code+`"`) {
			t.Errorf("%s: %d %s, want %s", what, w.Code, w.Body, code)
		}
	}
	// To an address that another user has: the same answer, and the same mail.
	to, taken := change("bob@example.com")
	if to != "bob@example.com" {
		t.Errorf("the mail goes to %s", to)
	}
	refused("another user's address", taken, "INVALID_TOKEN")

	_, late := change("late@example.com")
	at = at.Add(emailTokenLife + time.Second)
	refused("after an hour", late, "TOKEN_EXPIRED")

	reset := box.token(t, s, "ann@example.com")
	box.next(s)
	_, token := change("Anna@example.com")
	refused("a forged one", token[:len(token)-2]+"xx", "INVALID_TOKEN")
	if w := follow(s, token); w.Code != 200 || !strings.Contains(w.Body.String(), `"email":"anna@example.com"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	refused("a second time", token, "INVALID_TOKEN")
	if w := post(s, "reset-password", map[string]string{"token": reset, "newPassword": "another password"}); w.Code != 400 {
		t.Errorf("the old address resets the password: %d %s", w.Code, w.Body)
	}
	if !signsIn(s, "anna@example.com", "a good password") || signsIn(s, "ann@example.com", "a good password") {
		t.Error("they do not sign in with the new address alone")
	}
	// Once the address is verified, it is asked first.
	if w := post(s, "send-verification-email", map[string]string{"email": "anna@example.com"}, ann); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	_, token = box.next(s)
	if w := follow(s, token); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	to, confirm := change("last@example.com")
	if to != "anna@example.com" {
		t.Errorf("the old address is not asked, but %s", to)
	}
	if w := follow(s, confirm); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	to, token = box.next(s)
	if w := follow(s, token); to != "last@example.com" || w.Code != 200 || !strings.Contains(w.Body.String(), `"emailVerified":true`) {
		t.Errorf("%s: %d %s", to, w.Code, w.Body)
	}
	refused("the first link, after the change", confirm, "INVALID_TOKEN")

	var said string
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select string_agg(concat_ws(' ', l.action, l.kind, l.detail->>'changed'), '|' order by l.at) from app.user_audit_log l
		join auth."user" u on u.id = l.user_id where u.email = 'last@example.com' and l.action ~ '^(email|user.change)'`).Scan(&said); err != nil {
		t.Fatal(err)
	}
	const want = `email.change user|email.change_refused nobody|email.change user|email.change user|user.change user ["email"]|` +
		`email.verification user|user.change user ["emailVerified"]|email.change user|user.change user ["email"]`
	if said != want {
		t.Errorf("the audit says\n%s, want\n%s", said, want)
	}
}

// Of several links that change an address, followed at once, one does.
func TestOneOfManyChangesCounts(t *testing.T) {
	box := &mailbox{}
	s := newService(t, func(c *Config) { c.SendMail = box.take })
	ann := signUp(t, s, "ann@example.com")
	var tokens []string
	for i := range 8 {
		if w := post(s, "change-email", map[string]string{"newEmail": fmt.Sprintf("ann-%d@example.com", i)}, ann); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		_, token := box.next(s)
		tokens = append(tokens, token)
	}
	var done atomic.Int32
	var all sync.WaitGroup
	for _, token := range tokens {
		all.Go(func() {
			if follow(s, token).Code == 200 {
				done.Add(1)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 {
		t.Errorf("%d links changed the address, want one", done.Load())
	}
}

// Whether somebody has an address, and whether it is verified, changes neither the
// answer nor what is counted. One network asks for so many mails in an hour, and an
// address gets so many, on all instances together and over restarts.
func TestVerificationMailsAreLimitedAcrossInstances(t *testing.T) {
	db, box := pgtest.New(t), &mailbox{}
	ask := limitedFrom(t, db, func(c *Config) { c.SendMail = box.take })
	for _, email := range []string{"ann@example.com", "bob@example.com"} {
		if w := ask("203.0.113.1:5", "sign-up/email", `{"name":"N",`+credentials(email, "a good password")[1:]); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `update auth."user" set "emailVerified" = true where email = 'bob@example.com'`); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, email := range []string{"ann@example.com", "bob@example.com", "nobody@example.com"} {
		w := ask("192.0.2.1:5", "send-verification-email", `{"email":"`+email+`"}`)
		answers[w.Result().Status+w.Body.String()] = true
	}
	if len(answers) != 1 || len(box.mails) != 1 || box.mails[0].To != "ann@example.com" {
		t.Errorf("the answers are %v, and %d mails were sent", answers, len(box.mails))
	}
	for i := range maxMailRequests {
		want := 200
		if i >= maxMailRequests-3 {
			want = 429
		}
		if w := ask("192.0.2.1:5", "send-verification-email", `{"email":"ann@example.com"}`); w.Code != want {
			t.Fatalf("%d: %d %s, want %d", i, w.Code, w.Body, want)
		}
	}
	if w := ask("198.51.100.1:5", "send-verification-email", `{"email":"ann@example.com"}`); w.Code != 200 || len(box.mails) != maxMailsOfKind {
		t.Errorf("from another network: %d, and %d mails", w.Code, len(box.mails))
	}
	// Other mails to the address are counted apart.
	if w := ask("198.51.100.1:5", "request-password-reset", `{"email":"ann@example.com"}`); w.Code != 200 || len(box.mails) != maxMailsOfKind+1 {
		t.Errorf("a reset: %d, and %d mails", w.Code, len(box.mails))
	}
}

// Where addresses must be verified, a sign-up makes no session and tells nobody whether
// somebody has the address; its owner is told by mail. They sign in once it is verified.
func TestAddressesAreVerifiedFirst(t *testing.T) {
	box := &mailbox{}
	s := newService(t, func(c *Config) { c.SendMail, c.RequireVerifiedEmail = box.take, true })
	ids := regexp.MustCompile(`"(id|createdAt|updatedAt)":"[^"]+"`)
	up := func() (answer, to, token string) {
		t.Helper()
		before := s.hasher.runs.Load()
		w := post(s, "sign-up/email", map[string]string{"name": "N", "email": "ann@example.com", "password": "a good password"})
		if w.Code != 200 || len(w.Result().Cookies()) != 0 || s.hasher.runs.Load() != before+1 {
			t.Fatalf("%d %s, cookies %v, %d hashes", w.Code, w.Body, w.Result().Cookies(), s.hasher.runs.Load()-before)
		}
		to, token = box.next(s)
		return ids.ReplaceAllString(w.Body.String(), ""), to, token
	}
	first, to, token := up()
	second, toKnown, tokenOfKnown := up()
	if first != second || to != "ann@example.com" || token == "" || toKnown != to || tokenOfKnown != "" {
		t.Errorf("unknown: %s, a mail to %s; known: %s, a mail to %s", first, to, second, toKnown)
	}
	signIn := func(want int, code string) {
		t.Helper()
		w := post(s, "sign-in/email", map[string]string{"email": "ann@example.com", "password": "a good password"})
		if w.Code != want || !strings.Contains(w.Body.String(), code) {
			t.Errorf("sign in: %d %s, want %d", w.Code, w.Body, want)
		}
	}
	signIn(403, "EMAIL_NOT_VERIFIED")
	if w := post(s, "sign-in/email", map[string]string{"email": "ann@example.com", "password": "a wrong password"}); w.Code != 401 {
		t.Errorf("a wrong password: %d %s", w.Code, w.Body)
	}
	if w := follow(s, token); w.Code != 200 || len(w.Result().Cookies()) != 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	signIn(200, `"emailVerified":true`)
	if _, err := New(Config{Secret: secret, BaseURL: "http://localhost", RequireVerifiedEmail: true}); err == nil || !strings.Contains(err.Error(), "PADDOCK_SMTP_URL") {
		t.Errorf("without a mail server: %v", err)
	}
}

package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// waiting waits until somebody waits for a lock in the database.
func waiting(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	kit.Eventually(t, "the request to come to the database", func() (waits bool) {
		err := admin.QueryRow(t.Context(), `select exists (select from pg_locks l join pg_stat_activity a using (pid)
			where not l.granted and a.datname = current_database())`).Scan(&waits)
		return err == nil && waits
	})
}

// What a password that was right a moment ago began is not done once it was changed:
// no sign-in, no change to another password, and no session that this makes. To check
// a password takes a while, in which the user may set another by a link, because
// somebody else has the old one.
func TestAChangedPasswordStopsWhatTheOldOneBegan(t *testing.T) {
	db := pgtest.New(t)
	s := newService(t, func(c *Config) { c.Pool = db.Pool(t, "paddock_auth") })
	admin, watcher := db.Conn(t, "admin"), db.Conn(t, "admin")
	fresh, err := s.hasher.hash(t.Context(), "a fresh password")
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		what  string
		locks string // the table whose writers wait
		begin func(email string, cookie *http.Cookie) *httptest.ResponseRecorder
	}{
		{"a sign-in", "auth.session", func(email string, _ *http.Cookie) *httptest.ResponseRecorder {
			return post(s, "sign-in/email", map[string]string{"email": email, "password": "a good password"})
		}},
		{"a change", "auth.account", func(_ string, cookie *http.Cookie) *httptest.ResponseRecorder {
			return post(s, "change-password", map[string]any{"currentPassword": "a good password", "newPassword": "the thief's own"}, cookie)
		}},
		{"a change that makes a session", "auth.account", func(_ string, cookie *http.Cookie) *httptest.ResponseRecorder {
			return post(s, "change-password", map[string]any{"currentPassword": "a good password", "newPassword": "the thief's own", "revokeOtherSessions": true}, cookie)
		}},
	} {
		email := fmt.Sprintf("u%d@example.com", i)
		cookie := signUp(t, s, email)
		tx, err := admin.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "lock table "+tt.locks+" in share row exclusive mode"); err != nil {
			t.Fatal(err)
		}
		done := make(chan *httptest.ResponseRecorder, 1)
		go func() { done <- tt.begin(email, cookie) }()
		waiting(t, watcher)
		// As a reset does.
		for _, sql := range []string{
			`update auth.account set password = '` + fresh + `' where "userId" = (select id from auth."user" where email = $1)`,
			`delete from auth.session where "userId" = (select id from auth."user" where email = $1)`,
		} {
			if _, err := tx.Exec(t.Context(), sql, email); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := <-done; w.Code < 400 || w.Code > 499 {
			t.Errorf("%s: %d %s", tt.what, w.Code, w.Body)
		}
		var sessions int
		var hash string
		if err := watcher.QueryRow(t.Context(), `select count(s.id), min(a.password) from auth."user" u join auth.account a on a."userId" = u.id
			left join auth.session s on s."userId" = u.id where u.email = $1`, email).Scan(&sessions, &hash); err != nil {
			t.Fatal(err)
		}
		if sessions > 0 || hash != fresh {
			t.Errorf("%s: there are %d sessions, and the password is the fresh one: %v", tt.what, sessions, hash == fresh)
		}
	}
}

// A reset waits for a sign-in with the old password that is about to have its session,
// and ends it.
func TestAResetEndsASessionThatIsJustBeginning(t *testing.T) {
	db, box := pgtest.New(t), &mailbox{}
	s := newService(t, func(c *Config) { c.Pool, c.SendMail = db.Pool(t, "paddock_auth"), box.take })
	signUp(t, s, "ann@example.com")
	token := box.token(t, s, "ann@example.com")
	signIn, watcher := db.Conn(t, "paddock_auth"), db.Conn(t, "admin")
	tx, err := signIn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// As createSession does.
	if _, err := tx.Exec(t.Context(), `with a as (select "userId" from auth.account for share)
		insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") select 's', $1, 't', now(), "userId" from a`, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	done := make(chan *httptest.ResponseRecorder, 1)
	go func() { done <- reset(s, token, "a fresh password") }()
	waiting(t, watcher)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := <-done; w.Code != 200 {
		t.Errorf("the reset: %d %s", w.Code, w.Body)
	}
	var sessions int
	if err := watcher.QueryRow(t.Context(), "select count(*) from auth.session").Scan(&sessions); err != nil || sessions > 0 {
		t.Errorf("%d sessions are left (%v)", sessions, err)
	}
}

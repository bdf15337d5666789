package auth

import (
	"encoding/json"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

// Who may sign up is as the setting says: everybody, the first user alone, who has an
// invitation, or nobody. An invitation is for one address, once, until it expires; and
// who has none is not told whether an address is known.
func TestWhoMaySignUp(t *testing.T) {
	db := pgtest.New(t)
	pool, owner := db.Pool(t, "paddock_auth"), db.Conn(t, "owner")
	with := func(mode SignUp) *Service { return newService(t, func(c *Config) { c.Pool, c.SignUp = pool, mode }) }
	try := func(mode SignUp, email, invitation string) (status int, code string) {
		t.Helper()
		w := post(with(mode), "sign-up/email", map[string]string{"name": "N", "email": email, "password": "a good password", "invitation": invitation})
		return w.Code, codeOf(t, w)
	}
	invite := func(email, token string, life time.Duration) {
		t.Helper()
		if _, err := owner.Exec(t.Context(), "select private.make_invitation($1, $2, $3)", email, StoredInvitation(token), time.Now().Add(life)); err != nil {
			t.Fatal(err)
		}
	}
	const closed, spent = "EMAIL_PASSWORD_SIGN_UP_DISABLED", "INVALID_INVITATION"
	invite("ann@example.com", "for-ann", time.Hour)
	invite("bob@example.com", "for-bob", time.Hour)
	invite("late@example.com", "for-late", -time.Second)
	for _, step := range []struct {
		name              string
		mode              SignUp
		email, invitation string
		status            int
		code              string
	}{
		{"closed", SignUpClosed, "first@example.com", "", 400, closed},
		{"closed, invited", SignUpClosed, "ann@example.com", "for-ann", 400, closed},
		{"by invitation, without one", SignUpInvitation, "first@example.com", "", 400, closed},
		{"the first user", SignUpFirst, "first@example.com", "", 200, ""},
		{"the second", SignUpFirst, "second@example.com", "", 400, closed},
		{"the first again", SignUpFirst, "first@example.com", "", 400, closed},
		{"the second, invited", SignUpFirst, "ANN@example.com", "for-ann", 200, ""},
		{"the same invitation again", SignUpFirst, "ann@example.com", "for-ann", 400, spent},
		{"the same for another", SignUpInvitation, "eve@example.com", "for-ann", 400, spent},
		{"another's invitation", SignUpInvitation, "eve@example.com", "for-bob", 400, spent},
		{"a guessed one", SignUpInvitation, "eve@example.com", "guessed", 400, spent},
		{"an expired one", SignUpInvitation, "late@example.com", "for-late", 400, spent},
		{"the digest that the database has", SignUpInvitation, "bob@example.com", StoredInvitation("for-bob"), 400, spent},
		{"by invitation", SignUpInvitation, "bob@example.com", "for-bob", 200, ""},
		{"open", SignUpOpen, "eve@example.com", "", 200, ""},
	} {
		if status, code := try(step.mode, step.email, step.invitation); status != step.status || code != step.code {
			t.Errorf("%s: %d %q, want %d %q", step.name, status, code, step.status, step.code)
		}
	}
}

// Of many who sign up first at the same moment, one is the first user; and of many
// with one invitation, one has it.
func TestOneIsFirst(t *testing.T) {
	db := pgtest.New(t)
	s := newService(t, func(c *Config) { c.Pool, c.SignUp = db.Pool(t, "paddock_auth"), SignUpFirst })
	race := func(invitation string, email func(int) string) (users int) {
		var all sync.WaitGroup
		statuses := make([]int, 6)
		for i := range statuses {
			all.Go(func() {
				statuses[i] = post(s, "sign-up/email", map[string]string{"name": "N", "email": email(i), "password": "a good password", "invitation": invitation}).Code
			})
		}
		all.Wait()
		for _, status := range statuses {
			if status == 200 {
				users++
			} else if status != 400 && status != 422 {
				t.Errorf("a sign-up was answered %d", status)
			}
		}
		return users
	}
	if n := race("", func(i int) string { return string(rune('a'+i)) + "@example.com" }); n != 1 {
		t.Errorf("%d are the first user", n)
	}
	if _, err := db.Conn(t, "owner").Exec(t.Context(), "select private.make_invitation('x@example.com', $1, now() + interval '1 hour')", StoredInvitation("once")); err != nil {
		t.Fatal(err)
	}
	if n := race("once", func(int) string { return "x@example.com" }); n != 1 {
		t.Errorf("%d signed up with one invitation", n)
	}
}

// A user whom an operator has disabled is signed out and gets no session: not by
// signing in, not by a new password, and not by a statement of sign-in's own login.
func TestDisabledUsersGetNoSession(t *testing.T) {
	db := pgtest.New(t)
	s := newService(t, func(c *Config) { c.Pool = db.Pool(t, "paddock_auth") })
	cookie := signUp(t, s, "ann@example.com")
	signUp(t, s, "bob@example.com")
	owner, signIn := db.Conn(t, "owner"), db.Conn(t, "paddock_auth")
	const ann = `(select id from auth."user" where email = 'ann@example.com')`
	var id string
	if err := signIn.QueryRow(t.Context(), "select "+ann).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Exec(t.Context(), "select private.disable_user($1)", id); err != nil {
		t.Fatal(err)
	}
	if get(s, "get-session", cookie).Body.String() != "null" {
		t.Error("the session goes on")
	}
	w := post(s, "sign-in/email", map[string]string{"email": "ann@example.com", "password": "a good password"})
	if w.Code != 403 || codeOf(t, w) != "USER_DISABLED" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(s, "sign-in/email", map[string]string{"email": "ann@example.com", "password": "another password"}); w.Code != 401 {
		t.Errorf("with a wrong password: %d %s", w.Code, w.Body)
	}
	for _, statement := range []string{
		`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('x', now() + interval '1 day', 'x', now(), ` + ann + `)`,
		`update auth.session set "userId" = ` + ann,
		`delete from auth.disabled_users`, `select * from auth.disabled_users`, `select private.enable_user(` + ann + `)`, `select private.disable_user(` + ann + `)`,
		`select private.list_users()`, `select private.make_invitation('x', 'y', now())`,
	} {
		if _, err := signIn.Exec(t.Context(), statement); err == nil {
			t.Errorf("sign-in's login may: %s", statement)
		}
	}
	if !signsIn(s, "bob@example.com", "a good password") {
		t.Error("bob is kept out as well")
	}
	if _, err := owner.Exec(t.Context(), "select private.enable_user($1)", id); err != nil {
		t.Fatal(err)
	}
	if !signsIn(s, "ann@example.com", "a good password") {
		t.Error("enabled again, ann cannot sign in")
	}
	var said int
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select count(*) from app.user_audit_log where user_id = $1 and kind = 'operator' and action in ('user.disable', 'user.enable', 'session.end')`, id).Scan(&said); err != nil || said != 3 {
		t.Errorf("the audit has %d rows of it (%v), want 3", said, err)
	}
}

// codeOf returns the code of an answer; "" where it has none.
func codeOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct{ Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return body.Code
}

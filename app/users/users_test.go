package users

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"paddock/app/auth"
	"paddock/app/problem"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// call sends JSON to an endpoint of sign-in.
func call(s *auth.Service, path string, body map[string]string) *httptest.ResponseRecorder {
	text, _ := json.Marshal(body) // texts can always be written
	r := httptest.NewRequest(http.MethodPost, "/api/auth/"+path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// An operator invites somebody, who signs up; lists them; makes a link with which they
// set a new password; disables, enables and deletes them. Nobody else is touched. The
// audit has that it was the operator.
func TestAnOperatorAndTheirUsers(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn(t, "owner")
	if _, err := conn.Exec(t.Context(), "select set_config('app.operator', 'olga', false)"); err != nil {
		t.Fatal(err)
	}
	const base, email = "https://paddock.test", "ann@example.com"
	s, err := auth.New(auth.Config{Pool: db.Pool(t, "paddock_auth"), Secret: "a secret of the tests 0123456789abcdef", BaseURL: base, SignUp: auth.SignUpInvitation})
	if err != nil {
		t.Fatal(err)
	}
	kit.User(t, db, "bob")
	signIn := func(password string) int {
		return call(s, "sign-in/email", map[string]string{"email": email, "password": password}).Code
	}
	token, err := Invite(t.Context(), conn, "Ann@Example.com")
	if err != nil {
		t.Fatal(err)
	}
	if w := call(s, "sign-up/email", map[string]string{"name": "Ann", "email": email, "password": "a good password", "invitation": token}); w.Code != 200 {
		t.Fatalf("sign up: %d %s", w.Code, w.Body)
	}
	list, err := List(t.Context(), conn)
	if err != nil || len(list) != 2 || list[1].Email != email || list[1].Name != "Ann" || list[1].Sessions != 1 || list[1].Accounts != 0 || list[1].DisabledSince != nil {
		t.Errorf("%+v %v", list, err)
	}
	link, token, err := Reset(t.Context(), conn, base, "ANN@example.com")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || !strings.HasSuffix(u.Path, "/api/auth/reset-password/"+token) {
		t.Errorf("the link is %s", link)
	}
	r := httptest.NewRequest(http.MethodGet, link, nil)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if want := base + "/reset-password?token=" + token; w.Code != 302 || w.Header().Get("Location") != want {
		t.Errorf("the link leads to %d %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	if w := call(s, "reset-password", map[string]string{"token": token, "newPassword": "a fresh password"}); w.Code != 200 {
		t.Errorf("reset: %d %s", w.Code, w.Body)
	}
	if signIn("a fresh password") != 200 || signIn("a good password") != 401 {
		t.Error("the password is not the new one")
	}
	if err := Disable(t.Context(), conn, email); err != nil {
		t.Fatal(err)
	}
	if list, err := List(t.Context(), conn); err != nil || list[1].DisabledSince == nil || list[1].Sessions != 0 || list[0].Sessions != 1 {
		t.Errorf("%+v %v", list, err)
	}
	if status := signIn("a fresh password"); status != 403 {
		t.Errorf("disabled, they sign in: %d", status)
	}
	if err := Enable(t.Context(), conn, email); err != nil {
		t.Fatal(err)
	}
	if signIn("a fresh password") != 200 {
		t.Error("enabled, they cannot sign in")
	}
	for range 2 { // it stays verified
		if err := Verify(t.Context(), conn, email); err != nil {
			t.Fatal(err)
		}
	}
	var verified string
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select string_agg(id || ' ' || "emailVerified", ', ' order by "emailVerified") from auth."user"`).Scan(&verified); err != nil || !strings.HasPrefix(verified, "bob false, ") || !strings.HasSuffix(verified, " true") {
		t.Errorf("verified are %s (%v)", verified, err)
	}
	// As Better Auth's rows are of somebody with two-factor authentication.
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `with f as (insert into auth."twoFactor" (id, secret, "backupCodes", "userId")
		select 'f', 'x', 'x', id from auth."user" where email = $1) update auth."user" set "twoFactorEnabled" = true where email = $1`, email); err != nil {
		t.Fatal(err)
	}
	asked := func() bool {
		return strings.Contains(call(s, "sign-in/email", map[string]string{"email": email, "password": "a fresh password"}).Body.String(), "twoFactorRedirect")
	}
	if !asked() {
		t.Error("no code is asked for")
	}
	if err := DisableTwoFactor(t.Context(), conn, email); err != nil {
		t.Fatal(err)
	}
	if list, err := List(t.Context(), conn); err != nil || list[1].Sessions != 0 {
		t.Errorf("%+v %v", list, err)
	}
	if asked() {
		t.Error("a code is asked for")
	}
	if err := Delete(t.Context(), conn, email, false); err != nil {
		t.Fatal(err)
	}
	if list, err := List(t.Context(), conn); err != nil || len(list) != 1 || list[0].ID != "bob" {
		t.Errorf("%+v %v", list, err)
	}
	var said string
	err = db.Conn(t, "admin").QueryRow(t.Context(), `select string_agg(distinct action, ' ' order by action) from app.user_audit_log where kind = 'operator' and actor = 'olga'`).Scan(&said)
	if want := "password.delete password.reset_token session.end two_factor.disable user.change user.delete user.disable user.enable user.invite"; err != nil || said != want {
		t.Errorf("the audit has of the operator: %s (%v)", said, err)
	}
}

// What cannot be done ends with a code, and changes nothing.
func TestRefusals(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn(t, "owner")
	kit.User(t, db, "bob")
	for name, tt := range map[string]struct {
		err  error
		want problem.Code
	}{
		"disable nobody":        {Disable(t.Context(), conn, "x@example.com"), problem.UnknownUser},
		"enable nobody":         {Enable(t.Context(), conn, "x@example.com"), problem.UnknownUser},
		"verify nobody":         {Verify(t.Context(), conn, "x@example.com"), problem.UnknownUser},
		"two-factor of nobody":  {DisableTwoFactor(t.Context(), conn, "x@example.com"), problem.UnknownUser},
		"delete nobody":         {Delete(t.Context(), conn, "x@example.com", true), problem.UnknownUser},
		"reset nobody":          {second(Reset(t.Context(), conn, "http://x", "x@example.com")), problem.UnknownUser},
		"invite a user":         {first(Invite(t.Context(), conn, "bob@example.com")), problem.UserExists},
		"invite what is no one": {first(Invite(t.Context(), conn, "bob")), problem.InvalidEmail},
	} {
		if !problem.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.want)
		}
	}
}

func first(_ string, err error) error     { return err }
func second(_, _ string, err error) error { return err }

package auth

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/pgtest"
)

// Statements of sign-in's own login delete nobody but the user of a living session:
// neither past the function, nor by the operator's, nor with a wrong or dead token.
func TestSignInDeletesNobodyElse(t *testing.T) {
	db := pgtest.New(t)
	s := newService(t, func(c *Config) { c.Pool = db.Pool(t, "paddock_auth") })
	signUp(t, s, "ann@example.com")
	signUp(t, s, "bob@example.com")
	conn := db.Conn(t, "paddock_auth")
	if _, err := conn.Exec(t.Context(), `update auth.session set "expiresAt" = now() - interval '1 second' where "userId" = (select id from auth."user" where email = 'bob@example.com')`); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		`delete from auth."user"`:      "42501",
		`truncate auth."user" cascade`: "42501",
		`select private.delete_user((select min(id) from auth."user"), 'leave')`:                      "42501",
		`select private.delete_signed_in_user('no such token', '')`:                                   "PD401",
		`select private.delete_signed_in_user(null, '')`:                                              "PD401",
		`select private.delete_signed_in_user((select id from auth."user" limit 1), '')`:              "PD401",
		`select private.delete_signed_in_user(token, '') from auth.session where "expiresAt" < now()`: "PD401",
	} {
		_, err := conn.Exec(t.Context(), statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != want {
			t.Errorf("%s: %v, want %s", statement, err, want)
		}
	}
	var users int
	if err := conn.QueryRow(t.Context(), `select count(*) from auth."user"`).Scan(&users); err != nil || users != 2 {
		t.Errorf("%d users are left (%v)", users, err)
	}
}

// A session that is older than a day deletes nobody without the password.
func TestDeletionNeedsAPasswordOrAFreshSession(t *testing.T) {
	db := pgtest.New(t)
	s := newService(t, func(c *Config) { c.Pool = db.Pool(t, "paddock_auth") })
	ann, bob := signUp(t, s, "ann@example.com"), signUp(t, s, "bob@example.com")
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `update auth.session set "createdAt" = now() - interval '25 hours'`); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{`{}`: 400, `{"password":""}`: 400, `{"password":"wrong password"}`: 400, `{"token":"guessed"}`: 404} {
		if w := postText(s, "delete-user", body, ann); w.Code != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := post(s, "delete-user", map[string]string{"password": "a good password"}, bob); w.Code != 200 {
		t.Errorf("with the password: %d %s", w.Code, w.Body)
	}
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `update auth.session set "createdAt" = now()`); err != nil {
		t.Fatal(err)
	}
	if w := post(s, "delete-user", map[string]string{}, ann); w.Code != 200 {
		t.Errorf("with a fresh session: %d %s", w.Code, w.Body)
	}
}

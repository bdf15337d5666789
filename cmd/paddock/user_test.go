package main

import (
	"regexp"
	"strings"
	"testing"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// An operator manages users from the command line. Each command says what it did and
// what to do next, and one that cannot be done says why.
func TestUserCommands(t *testing.T) {
	db := pgtest.New(t)
	kit.User(t, db, "ann")
	kit.User(t, db, "bob")
	t.Setenv("DATABASE_URL", db.OwnerURL)
	t.Setenv("BETTER_AUTH_URL", "https://paddock.example/")
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `update auth."user" set name = E'Bob\n\x1b[31m' where id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args []string
		want string // a regular expression; of an error where it begins with "error: "
	}{
		{[]string{"list"}, `(?s)EMAIL +NAME +CREATED +SESSIONS +ACCOUNTS +DISABLED\nann@example.com +ann +\S+Z +1 +0 *\nbob@example.com +Bob\?\?\[31m +\S+Z +1 +0 *\n$`},
		{[]string{"invite", "Carol@example.com"}, `\n  https://paddock.example/\?email=carol%40example.com&invitation=[A-Za-z0-9]{24}\n`},
		{[]string{"invite", "ann@example.com"}, `error: .*is a user already`},
		{[]string{"invite", "nonsense"}, `error: .*is no email address`},
		{[]string{"reset", "ann@example.com"}, `\n  https://paddock.example/api/auth/reset-password/[A-Za-z0-9]{24}\?callbackURL=%2Freset-password\n`},
		{[]string{"disable", "ann@example.com"}, `^ann@example.com is signed out and cannot sign in.\n$`},
		{[]string{"list"}, `ann@example.com +ann +\S+Z +0 +0 +\S+Z\n`},
		{[]string{"enable", "ann@example.com"}, `^ann@example.com can sign in.\n$`},
		{[]string{"delete", "ann@example.com", "--open-orders", "cancel"}, `error: --open-orders must be refuse or leave`},
		{[]string{"delete", "ann@example.com"}, `^ann@example.com is deleted.`},
		{[]string{"delete", "ann@example.com"}, `error: .*There is no user with the address ann@example.com`},
		{[]string{"list"}, `DISABLED\nbob@example.com`},
	} {
		said, err := run(t, append([]string{"user"}, step.args...)...)
		want, wantsError := strings.CutPrefix(step.want, "error: ")
		if wantsError && err != nil {
			said = err.Error()
		}
		if wantsError != (err != nil) || !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("%v: %q (%v), want %s", step.args, said, err, step.want)
		}
	}
}

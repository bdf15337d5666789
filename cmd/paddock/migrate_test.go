package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
)

// On a server that is empty, paddock migrate --set-passwords is all that is needed
// before serve: each login gets in with the password of its URL, which may be in a
// file. A URL without a password, or of another login, is refused, and is not shown.
func TestMigrateSetsPasswords(t *testing.T) {
	own := pgtest.StartBare(t)
	t.Setenv("DATABASE_URL", own.OwnerURL)
	settings := map[string]string{"paddock_app": "PADDOCK_APP_DATABASE_URL", "paddock_worker": "PADDOCK_WORKER_DATABASE_URL", "paddock_auth": "PADDOCK_AUTH_DATABASE_URL"}
	urlOf := func(login, password string) string {
		u, err := url.Parse(own.OwnerURL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(login, password)
		return u.String()
	}
	for login, setting := range settings {
		t.Setenv(setting, urlOf(login, "of "+login))
	}
	inFile := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(inFile, []byte(urlOf("paddock_auth", "from a file")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PADDOCK_AUTH_DATABASE_URL", "")
	t.Setenv("PADDOCK_AUTH_DATABASE_URL_FILE", inFile)
	if said, err := run(t, "migrate", "--set-passwords"); err != nil || !strings.Contains(said, "The database is at version") {
		t.Fatalf("it says %q (%v)", said, err)
	}
	for login, password := range map[string]string{"paddock_app": "of paddock_app", "paddock_worker": "of paddock_worker", "paddock_auth": "from a file"} {
		conn, err := pgx.Connect(t.Context(), urlOf(login, password))
		if err != nil {
			t.Errorf("%s does not get in: %v", login, err)
			continue
		}
		_ = conn.Close(t.Context())
	}
	for _, wrong := range []string{urlOf("paddock_worker", "hunter2"), urlOf("paddock_app", ""), "hunter2"} {
		t.Setenv("PADDOCK_APP_DATABASE_URL", wrong)
		if _, err := run(t, "migrate", "--set-passwords"); err == nil || !strings.Contains(err.Error(), "the database URL of paddock_app is not one") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("it says %v", err)
		}
	}
}

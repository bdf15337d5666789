package system

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"paddock/app/credentials"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// paddock serve refuses to start, with a message that shows no password, if row
// level security does not bind one of its logins, if a setting is wrong, or if
// the environment has keys with which Alpaca's SDK would trade for another account.
func TestServeRefuses(t *testing.T) {
	db := pgtest.New(t)
	binary := program.Binary(t)
	admin := db.Conn(t, "admin")
	masterKey := credentials.NewMasterKey(1)
	const password = "a-password-that-no-error-shows"
	made := 0
	special := func(attributes string) string {
		t.Helper()
		made++
		name := "special_" + strings.ToLower(db.Name[len("paddock_test_"):]) + string(rune('a'+made))
		for _, statement := range []string{"create role " + name + " login password '" + password + "' " + attributes, "grant connect on database " + db.Name + " to " + name} {
			if _, err := admin.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() {
			admin := db.Conn(t, "admin")
			for _, statement := range []string{"drop owned by " + name, "drop role " + name} {
				if _, err := admin.Exec(context.Background(), statement); err != nil {
					t.Error(err)
				}
			}
		})
		return strings.Replace(strings.Replace(db.URL("paddock_app"), "paddock_app:", name+":", 1), "test-paddock_app", password, 1)
	}
	if _, err := admin.Exec(t.Context(), "insert into private.master_keys (key_version, check_value) values (7, sha256('another'))"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ variable, value, want string }{
		"a superuser":                 {"PADDOCK_APP_DATABASE_URL", special("superuser"), "is a superuser"},
		"a login with BYPASSRLS":      {"PADDOCK_WORKER_DATABASE_URL", special("bypassrls"), "has BYPASSRLS"},
		"a member of the owner":       {"PADDOCK_APP_DATABASE_URL", special("in role paddock_owner"), "can become a role that does"},
		"a member of the gate":        {"PADDOCK_AUTH_DATABASE_URL", special("noinherit in role paddock_gate"), "can become a role that does"},
		"the login of another door":   {"PADDOCK_APP_DATABASE_URL", db.URL("paddock_worker"), "where paddock_app is needed"},
		"a wrong password":            {"PADDOCK_APP_DATABASE_URL", strings.Replace(db.URL("paddock_app"), "test-paddock_app", password, 1), "refuses this user or password"},
		"no database server":          {"PADDOCK_APP_DATABASE_URL", "postgres://paddock_app:" + password + "@127.0.0.1:1/paddock", "cannot be reached"},
		"another database":            {"PADDOCK_APP_DATABASE_URL", onEmpty(t, db), "lead to different databases"},
		"keys for the SDK":            {"APCA_API_KEY_ID", password, "APCA_API_KEY_ID is set"},
		"an address for the SDK":      {"APCA_API_BASE_URL", password, "APCA_API_BASE_URL is set"},
		"a short secret":              {"BETTER_AUTH_SECRET", "short", "32"},
		"a master key that is none":   {"PADDOCK_MASTER_KEYS", "1:" + password, "paddock keys new"},
		"a master key of zeros":       {"PADDOCK_MASTER_KEYS", "1:" + strings.Repeat("A", 43) + "=", "is not random"},
		"another master key":          {"PADDOCK_MASTER_KEYS", masterKey + "," + credentials.NewMasterKey(7), "the key of version 7 is not the one that this database is used with"},
		"two places of master keys":   {"PADDOCK_MASTER_KEYS_FILE", "/" + password, "set one alone"},
		"plain http on a public name": {"BETTER_AUTH_URL", "http://paddock.example.com", "PADDOCK_ALLOW_PLAIN_HTTP=true"},
		"plain http to another host":  {"PADDOCK_ALPACA_PAPER_URL", "http://broker.example", "must be an https URL"},
		"an address that is not free": {"PADDOCK_ADDR", "127.0.0.1:" + strings.Split(strings.Split(db.URL("paddock_app"), "@127.0.0.1:")[1], "/")[0], "is in use"},
	} {
		t.Run(name, func(t *testing.T) {
			// A server that does not refuse would run for ever.
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary, "serve")
			cmd.WaitDelay = 5 * time.Second
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PADDOCK_ADDR=127.0.0.1:0", "PADDOCK_MASTER_KEYS=" + masterKey,
				"BETTER_AUTH_SECRET=0123456789abcdef0123456789abcdef", "PADDOCK_APP_DATABASE_URL=" + db.URL("paddock_app"),
				"PADDOCK_WORKER_DATABASE_URL=" + db.URL("paddock_worker"), "PADDOCK_AUTH_DATABASE_URL=" + db.URL("paddock_auth"), tt.variable + "=" + tt.value}
			out, err := cmd.CombinedOutput()
			if ctx.Err() != nil {
				t.Fatalf("it did not refuse within a minute, and said %q", out)
			}
			if err == nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("said %q (%v), want %q", out, err, tt.want)
			}
			if strings.Contains(string(out), password) || strings.Contains(string(out), "test-paddock") {
				t.Errorf("a secret is in %q", out)
			}
		})
	}
}

// onEmpty returns the URL of a database without migrations, for paddock_app.
func onEmpty(t *testing.T, db *pgtest.DB) string {
	t.Helper()
	empty := pgtest.Empty(t)
	return strings.Replace(db.URL("paddock_app"), db.Name, empty.Name, 1)
}

package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/app/doctor"
	"paddock/tests/pgtest"
)

// exit returns the code that an error of a command ends the program with.
func exit(err error) int {
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return code.code
	}
	return 1
}

// doctor runs with the environment of serve, prints JSON where that is wanted,
// and ends with 0, 1 or 2, as docs/operations.md says. It shows no password.
func TestDoctorCommand(t *testing.T) {
	db := pgtest.New(t)
	for _, s := range config.Settings {
		t.Setenv(s.Name, "")
	}
	t.Setenv("DATABASE_URL", db.OwnerURL)
	t.Setenv("PADDOCK_APP_DATABASE_URL", db.URL("paddock_app"))
	t.Setenv("PADDOCK_WORKER_DATABASE_URL", db.URL("paddock_worker"))
	t.Setenv("PADDOCK_AUTH_DATABASE_URL", db.URL("paddock_auth"))
	t.Setenv("PADDOCK_MASTER_KEYS", credentials.NewMasterKey(1))
	t.Setenv("BETTER_AUTH_SECRET", "0123456789abcdefghijklmnopqrstuv")
	// The server of the tests gives up durability, and other tests make roles on it.
	const others = "durability,roles,reporting_logins,oldest_snapshot,logged_values,clock,streams"
	check := func(what string, wantCode int, wantStatus doctor.Status, args ...string) {
		t.Helper()
		out, err := run(t, append([]string{"doctor", "--json"}, args...)...)
		var report doctor.Report
		if jsonErr := json.Unmarshal([]byte(out), &report); jsonErr != nil || report.Status != wantStatus || exit(err) != wantCode {
			t.Errorf("%s: it ends with %d (%v), want %d: %s", what, exit(err), err, wantCode, out)
		}
		if strings.Contains(out, "test-paddock") {
			t.Errorf("%s: it shows a password: %s", what, out)
		}
	}
	check("all is well", 0, doctor.OK, "--skip", others+",backup")
	check("the backup is not known", 1, doctor.NotChecked, "--skip", others)
	if _, err := db.Conn(t, "admin").Exec(t.Context(), "drop index app.agent_logs_level_idx"); err != nil {
		t.Fatal(err)
	}
	check("a warning", 1, doctor.Warning, "--skip", others)
	t.Setenv("PADDOCK_AUTH_DATABASE_URL", strings.Replace(db.URL("paddock_auth"), ":test-", ":wrong-test-", 1))
	check("a failure", 2, doctor.Failure, "--skip", others)
	for _, args := range [][]string{{"--skip", "nothing"}, {"--nothing"}, {"nothing"}} {
		if out, err := run(t, append([]string{"doctor"}, args...)...); exit(err) != 2 || err.Error() == "" {
			t.Errorf("%v: it ends with %d (%v): %s", args, exit(err), err, out)
		}
	}
	help, err := run(t, "doctor", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range doctor.Checks() {
		if !strings.Contains(help, c[0]) || !strings.Contains(help, c[1]) {
			t.Errorf("the help does not explain %s", c[0])
		}
	}
}

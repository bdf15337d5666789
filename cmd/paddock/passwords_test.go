package main

import (
	"bytes"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/pgdev"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// logsEverything are settings of a server that logs all that it is sent.
func logsEverything() map[string]string {
	return map[string]string{
		"log_statement": "all", "log_min_duration_statement": "0", "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1", "log_min_messages": "info",
	}
}

// withStatistics adds pg_stat_statements, if the machine's server has it.
func withStatistics(t *testing.T, settings map[string]string) (there bool) {
	t.Helper()
	err := pgtest.StartOwn(t).Conn(t, "admin").QueryRow(t.Context(), "select exists (select from pg_available_extensions where name = 'pg_stat_statements')").Scan(&there)
	if err != nil {
		t.Fatal(err)
	}
	if there {
		settings["shared_preload_libraries"], settings["pg_stat_statements.track"], settings["pg_stat_statements.track_utility"] = "pg_stat_statements", "all", "on"
	}
	return there
}

// What sets the password of a login leaves it in no log of the server and not
// in pg_stat_statements, and the login gets in with it: paddock dev's runtime
// logins and its migrating role, and a reporting login.
func TestNoStatementHasAPassword(t *testing.T) {
	settings := logsEverything()
	statistics := withStatistics(t, settings)
	own := pgtest.StartOwnWith(t, settings)
	admin := own.Conn(t, "admin")
	if statistics {
		if _, err := admin.Exec(t.Context(), "create extension pg_stat_statements"); err != nil {
			t.Fatal(err)
		}
	}

	kit.User(t, own.DB, "ann")
	account := uuid.New()
	d := dev{folder: t.TempDir(), out: t.Output(), addr: "127.0.0.1:8080"}
	c, err := d.prepare(t.Context(), own.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", own.OwnerURL)
	if _, err := admin.Exec(t.Context(), "insert into app.user_accounts (id, user_id, name, environment) values ($1, 'ann', 'one', 'paper')", account); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "report", "create", "reader", "--account", account.String())
	if err != nil {
		t.Fatal(err)
	}
	report, err := asLogin(own.OwnerURL, "reader", strings.Fields(strings.SplitN(out, "\n", 3)[2])[0])
	if err != nil {
		t.Fatal(err)
	}
	migrator, err := own.Server.OwnerURL(t.Context(), own.Name)
	if err != nil {
		t.Fatal(err)
	}

	var said strings.Builder
	if log, err := os.ReadFile(own.Server.LogPath()); err != nil || !bytes.Contains(log, []byte("alter role")) {
		t.Fatalf("the server's log has no ALTER ROLE (%v): the search proves nothing", err)
	} else {
		said.Write(log)
	}
	if statistics {
		var texts string
		if err := admin.QueryRow(t.Context(), "select string_agg(query, ' ') from pg_stat_statements").Scan(&texts); err != nil || !strings.Contains(texts, "alter role") {
			t.Fatalf("the statistics have no ALTER ROLE (%v): the search proves nothing", err)
		}
		said.WriteString(texts)
	}
	for _, at := range []string{c.AppURL, c.WorkerURL, c.AuthURL, migrator, report} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		if len(password) < 16 || strings.Contains(said.String(), password) {
			t.Errorf("a statement has the password of %s", u.User.Username())
		}
		conn, err := pgx.Connect(t.Context(), at)
		if err != nil {
			t.Errorf("%s does not get in: %v", u.User.Username(), err)
			continue
		}
		conn.Close(t.Context())
	}
	if migrator == own.OwnerURL || pgdev.Owner != "paddock_migrator" {
		t.Error("the migrating role was given no password of its own")
	}
}

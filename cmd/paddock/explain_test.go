package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/app/pgdev"
	"paddock/app/tenant"
	"paddock/sql"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// wantSentence fails unless err is a single line that contains want and no
// password.
func wantSentence(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// connectError returns the error of connecting to a URL.
func connectError(t *testing.T, url string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		conn.Close(context.Background())
		t.Fatal("it connected")
	}
	return err
}

// If the database cannot be reached, the error is a sentence that says what to
// check. It never contains the URL, which has a password. The test makes real
// connections fail.
func TestConnectIsExplained(t *testing.T) {
	db := pgtest.New(t)
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(db.URL("paddock_app"))
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	free.Close()
	for url, want := range map[string]string{
		with(func(u *url.URL) { u.User = url.UserPassword("paddock_app", "hunter2") }):         "refuses this user or password",
		with(func(u *url.URL) { u.User = url.UserPassword("nobody_of_this_name", "hunter2") }): "refuses this user or password",
		with(func(u *url.URL) { u.Path = "/no_such_database" }):                                "no database of this name",
		"postgres://u:hunter2@" + closed + "/d":                                                "cannot be reached at " + closed,
		"postgres://u:hunter2@127.0.0.1:notaport/d":                                            "cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE",
		"postgres://u:hunter2@h/d?sslmode=hunter2":                                             "cannot be read",
		"hunter2":                              "cannot be read",
		"postgres://u:hunter2@host.invalid/d":  "name host.invalid cannot be found",
		"host=host.invalid password=hunter2 x": "cannot be read",
	} {
		wantSentence(t, url, tenant.ExplainConnect(connectError(t, url)), want)
	}
	wantSentence(t, "several lines", tenant.ExplainConnect(errors.New("first\n\tsecond")), "connect to the database: first second")
	wantSentence(t, "another error", tenant.ExplainConnect(fmt.Errorf("x: %w", &pgconn.PgError{Code: "53300", Message: "too many clients"})), "too many clients")
}

// asLogin returns the database's URL with another user and password, whatever
// characters these have. The error for an invalid URL does not contain it.
func TestAsLogin(t *testing.T) {
	const password = "p@ss:w/rd?#%& +"
	got, err := asLogin("postgresql://owner:hunter2@db.example:6432/paddock?sslmode=verify-full", "paddock_app", password)
	if err != nil || strings.Contains(got, "hunter2") {
		t.Fatalf("%s (%v)", got, err)
	}
	c, err := pgx.ParseConfig(strings.Replace(got, "verify-full", "disable", 1))
	if err != nil || c.User != "paddock_app" || c.Password != password || c.Host != "db.example" || c.Port != 6432 || c.Database != "paddock" || !strings.HasSuffix(got, "sslmode=verify-full") {
		t.Errorf("%s reads as %s %s %s:%d %s (%v)", got, c.User, c.Password, c.Host, c.Port, c.Database, err)
	}
	for _, text := range []string{"", "hunter2", "host=db.example password=hunter2", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:bad/d", "://hunter2", "postgres://u:hunter2%zz@h/d"} {
		_, err := asLogin(text, "paddock_app", "hunter2")
		wantSentence(t, text, err, "cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
}

// If a port is in use or not allowed, the error says what to do.
func TestListenIsExplained(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	_, err = net.Listen("tcp", addr)
	wantSentence(t, "a taken port", explainListen(addr, err), addr+" is in use by another program: stop it, or choose another address (PADDOCK_ADDR, --addr, --sim-addr)")
	_, err = net.Listen("tcp", "127.0.0.1:99999")
	wantSentence(t, "no port", explainListen("127.0.0.1:99999", err), "listen on 127.0.0.1:99999")
	if err := explainListen("x", syscall.EACCES); !errors.Is(err, syscall.EACCES) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// For a folder with an earlier Paddock's data, dev says which folder it is and
// what to do. For a database that DATABASE_URL names, it gives the same message
// as migrate.
func TestDevExplainsAnEarlierFolder(t *testing.T) {
	other := errors.New("other")
	embedded := &dev{folder: ".paddock", postgres: &pgdev.Server{}}
	wantSentence(t, "a data folder", embedded.explainNumbering(sql.ErrEarlierNumbering), "the data in .paddock is of an earlier Paddock")
	if err := embedded.explainNumbering(other); err != other {
		t.Errorf("another error became %v", err)
	}
	if err := (&dev{folder: ".paddock"}).explainNumbering(sql.ErrEarlierNumbering); err != sql.ErrEarlierNumbering {
		t.Errorf("for a database with a URL: %v", err)
	}
}

// run runs the command line and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// serve --help lists every setting. Settings that are wrong are all reported at
// the start, before serve connects to the database.
func TestServeTellsItsSettings(t *testing.T) {
	help, err := run(t, "serve", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings {
		if !strings.Contains(help, s.Name) || !strings.Contains(help, s.Text) || s.Default != "" && !strings.Contains(help, "["+s.Default+"]") {
			t.Errorf("the help does not explain %s", s.Name)
		}
		t.Setenv(s.Name, "") // t.Setenv restores the value at the end
		os.Unsetenv(s.Name)
	}
	_, err = run(t, "serve")
	if err == nil || !strings.Contains(err.Error(), "PADDOCK_MASTER_KEYS is not set") || !strings.Contains(err.Error(), "BETTER_AUTH_SECRET is not set") {
		t.Errorf("without settings: %v", err)
	}
	t.Setenv("DATABASE_URL", "")
	for _, args := range [][]string{{"migrate"}, {"report", "create", "someone"}, {"report", "drop", "someone"}} {
		_, err := run(t, args...)
		wantSentence(t, args[0], err, "DATABASE_URL is not set")
	}
	t.Setenv("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:notaport/d")
	_, err = run(t, "migrate")
	wantSentence(t, "a wrong URL", err, "cannot be read")
}

// keys new prints a key of the given version that the server accepts.
func TestKeysNew(t *testing.T) {
	out, err := run(t, "keys", "new", "--version", "3")
	if err != nil || !strings.HasPrefix(out, "3:") || strings.Count(out, "\n") != 1 {
		t.Fatalf("%q (%v)", out, err)
	}
	if _, err := credentials.ParseKeyring(strings.TrimSpace(out)); err != nil {
		t.Error(err)
	}
	_, err = run(t, "keys", "new", "--version", "0")
	wantSentence(t, "version 0", err, "--version must be 1 or more")
}

// migrate migrates an empty database and reports the version. It can run again.
func TestMigrateCommand(t *testing.T) {
	db := pgtest.Empty(t)
	t.Setenv("DATABASE_URL", db.OwnerURL)
	for range 2 {
		out, err := run(t, "migrate")
		var current, newest int
		if _, scanErr := fmt.Sscanf(out, "The database is at version %d of %d.", &current, &newest); err != nil || scanErr != nil || current != newest || current == 0 {
			t.Errorf("%q (%v)", out, err)
		}
	}
}

// Package bouncer runs PgBouncer between a test and its Postgres.
package bouncer

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"paddock/tests/program"
)

// Bouncer is a running PgBouncer.
type Bouncer struct {
	t       testing.TB
	addr    string
	config  string
	process *exec.Cmd
}

// Options are what differs between PgBouncers.
type Options struct {
	Mode string   // session, transaction or statement
	URLs []string // of the logins that may connect, all on one server
	// IgnoredParameters are the startup parameters that it takes and drops; it
	// refuses clients that send another one.
	IgnoredParameters string
	Connections       int // to Postgres, for each login and database
	// Resets has it run DISCARD ALL after each transaction.
	Resets bool
}

// Start runs PgBouncer until the test ends. Without one on this machine the
// test is skipped, or fails where CI=true.
func Start(t testing.TB, o Options) *Bouncer {
	t.Helper()
	if _, err := exec.LookPath("pgbouncer"); err != nil {
		program.Missing(t, "there is no PgBouncer", "install the package pgbouncer")
	}
	// t.TempDir lets nobody else in, and root's PgBouncer runs as another user.
	dir, err := os.MkdirTemp("", "paddock-bouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // what stays is a temporary file
	b := &Bouncer{t: t, addr: program.FreeAddr(t), config: filepath.Join(dir, "pgbouncer.ini")}
	host, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	var users, server string
	for _, text := range o.URLs {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		users += fmt.Sprintf("%q %q\n", u.User.Username(), password)
		server = fmt.Sprintf("host=%s port=%s", u.Hostname(), u.Port())
	}
	resets := 0
	if o.Resets {
		resets = 1
	}
	usersFile := filepath.Join(dir, "users.txt")
	for path, text := range map[string]string{
		usersFile: users,
		b.config: fmt.Sprintf(`[databases]
* = %s
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = %s
default_pool_size = %d
server_reset_query_always = %d
ignore_startup_parameters = %s
logfile = %s
`, server, host, port, usersFile, o.Mode, o.Connections, resets, o.IgnoredParameters, filepath.Join(dir, "log")),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	b.Run()
	t.Cleanup(b.Kill)
	return b
}

// Run starts the process, and waits until it listens.
func (b *Bouncer) Run() {
	b.t.Helper()
	args := []string{b.config}
	if os.Geteuid() == 0 {
		args = []string{"-u", "nobody", b.config} // it refuses to run as root
	}
	b.process = exec.Command("pgbouncer", args...)
	b.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	b.process.Stderr = &said
	if err := b.process.Start(); err != nil {
		b.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", b.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			b.Kill()
			b.t.Fatalf("PgBouncer does not listen: %s", said.String())
		}
	}
}

// Version returns what the program says it is, such as PgBouncer 1.18.0.
func (b *Bouncer) Version() string {
	b.t.Helper()
	said, err := exec.Command("pgbouncer", "--version").Output()
	if err != nil {
		b.t.Fatal(err)
	}
	version, _, _ := strings.Cut(string(said), "\n")
	return version
}

// Kill ends the process as a crash would.
func (b *Bouncer) Kill() {
	_ = b.process.Process.Kill() // it may have ended
	_ = b.process.Wait()
}

// URL returns a login's URL with PgBouncer in the place of Postgres.
func (b *Bouncer) URL(direct string) string {
	b.t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		b.t.Fatal(err)
	}
	u.Host = b.addr
	return u.String()
}

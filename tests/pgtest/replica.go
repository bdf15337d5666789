package pgtest

import (
	"context"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"paddock/app/pgdev"
)

// Replica is a standby that runs beside its primary and receives what that writes.
type Replica struct {
	*DB    // the database there
	Server *pgdev.Server
	host   string // and port
}

// On returns a URL of the primary with the standby in its place.
func (r *Replica) On(primary string) string {
	u, err := url.Parse(primary)
	if err != nil {
		panic(err) // it is no URL of ours
	}
	u.Host = r.host
	return u.String()
}

// Replica starts a standby of the server, which streams from it. The name is of its
// replication slot.
func (o *Own) Replica(t testing.TB, name string) *Replica {
	t.Helper()
	dir, remove, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	o.copyTo(t, filepath.Join(dir, "data"), "--create-slot", "--slot="+name)
	admin, err := url.Parse(o.Server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := admin.User.Password() // of the primary: roles are the whole cluster's
	if err := os.WriteFile(filepath.Join(dir, "superuser"), []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := pgdev.Start(context.Background(), pgdev.Config{Dir: dir, Durable: true})
	if err != nil {
		t.Fatalf("start a standby: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	there, err := url.Parse(server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	r := &Replica{Server: server, host: there.Host}
	r.DB = &DB{Name: o.Name, AdminURL: r.On(o.AdminURL), OwnerURL: r.On(o.OwnerURL)}
	return r
}

// copyTo copies the server into a folder with pg_basebackup, as a standby. The
// folder belongs to the user that the server runs as.
func (o *Own) copyTo(t testing.TB, to string, options ...string) {
	t.Helper()
	from, err := dataFolder(t.Context(), o.Server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(to, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--pgdata=" + to, "--write-recovery-conf", "--checkpoint=fast", "--dbname=" + o.Server.AdminURL("postgres")}, options...)
	cmd := osexec.Command(o.Server.Program("pg_basebackup"), args...)
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
}

// Do runs a statement on the standby as its administrator, such as
// select pg_wal_replay_pause().
func (r *Replica) Do(t testing.TB, statement string) {
	t.Helper()
	if err := exec(context.WithoutCancel(t.Context()), r.Server.AdminURL("postgres"), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

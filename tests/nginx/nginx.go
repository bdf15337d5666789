// Package nginx runs nginx in front of instances, with the configuration that
// docs/operations.md has.
package nginx

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"paddock/tests/program"
)

// Nginx is a running nginx.
type Nginx struct {
	Addr string // where it listens

	t         testing.TB
	dir       string
	instances []string
	down      []string
	process   *exec.Cmd
}

// lines are those of the configuration that a test has others for: it has no
// certificate.
var lines = map[string]string{
	"    listen 443 ssl;\n":                                   "    listen ADDR;\n",
	"    ssl_certificate     /etc/ssl/paddock.pem;\n":         "",
	"    ssl_certificate_key /etc/ssl/private/paddock.key;\n": "",
}

// Start runs nginx in front of these instances, host:port each, until the test
// ends. config is the folder deploy/nginx. Without nginx on this machine the test
// is skipped, or fails where CI=true.
func Start(t testing.TB, config string, instances ...string) *Nginx {
	t.Helper()
	path := find(t)
	// t.TempDir lets nobody else in, and root's nginx works as another user.
	dir, err := os.MkdirTemp("", "paddock-nginx-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // what stays is a temporary file
	n := &Nginx{Addr: program.FreeAddr(t), t: t, dir: dir, instances: instances}
	text, err := os.ReadFile(filepath.Join(config, "paddock.conf"))
	if err != nil {
		t.Fatal(err)
	}
	ours := string(text)
	for old, other := range lines {
		if strings.Count(ours, old) != 1 {
			t.Fatalf("paddock.conf has %q not once", old)
		}
		ours = strings.Replace(ours, old, strings.Replace(other, "ADDR", n.Addr, 1), 1)
	}
	var scratch strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&scratch, "    %s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	n.write("paddock.conf", ours)
	n.write("nginx.conf", fmt.Sprintf("daemon off;\npid %s;\nevents {}\nhttp {\n    access_log off;\n%s    include paddock.conf;\n}\n", filepath.Join(dir, "pid"), scratch.String()))
	n.list()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	n.process = exec.Command(path, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "error.log"))
	n.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := n.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-n.process.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = n.process.Wait()
		if t.Failed() {
			t.Logf("nginx complained:\n%s", n.Log())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", n.Addr); err == nil {
			conn.Close()
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not listen: %s", n.Log())
		}
	}
}

// find returns the path of nginx, which Debian keeps where only root looks.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	program.Missing(t, "there is no nginx", "install the package nginx")
	return ""
}

// Drain has nginx send nothing new to an instance, as before it is restarted.
func (n *Nginx) Drain(instance string) {
	n.t.Helper()
	n.down = append(n.down, instance)
	n.reload()
}

// Restore takes a drained instance up again.
func (n *Nginx) Restore(instance string) {
	n.t.Helper()
	n.down = slices.DeleteFunc(n.down, func(one string) bool { return one == instance })
	n.reload()
}

// Log returns what nginx complained about.
func (n *Nginx) Log() string {
	text, _ := os.ReadFile(filepath.Join(n.dir, "error.log")) // there is none before the first complaint
	return string(text)
}

func (n *Nginx) reload() {
	n.t.Helper()
	n.list()
	if err := n.process.Process.Signal(syscall.SIGHUP); err != nil { // as nginx -s reload does
		n.t.Fatal(err)
	}
}

// list writes the list of instances.
func (n *Nginx) list() {
	n.t.Helper()
	var text strings.Builder
	for _, one := range n.instances {
		word := ""
		if slices.Contains(n.down, one) {
			word = " down"
		}
		fmt.Fprintf(&text, "server %s%s;\n", one, word)
	}
	n.write("paddock-instances.conf", text.String())
}

func (n *Nginx) write(name, text string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

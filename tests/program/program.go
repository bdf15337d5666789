// Package program gives tests the built binary, somewhere to run it, and the
// folder of what runs in Node beside it.
package program

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary is PADDOCK_BINARY, or one built now, without the console.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("PADDOCK_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "paddock")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", path, "paddock/cmd/paddock").CombinedOutput(); err != nil {
		t.Fatalf("build the binary: %v\n%s", err, out)
	}
	return path
}

// FreeAddr is an address of this machine on which nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// NodeModules answers the folder of the JavaScript tests. Without its modules
// the test is skipped, but in CI, where they must be there.
func NodeModules(t testing.TB) string {
	t.Helper()
	js, err := filepath.Abs("../js")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(js, "node_modules")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tests/js has no node_modules: run npm ci there")
		}
		t.Skip("tests/js has no node_modules: run npm ci --prefix tests/js (make test does)")
	}
	return js
}

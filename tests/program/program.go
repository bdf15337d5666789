// Package program gives tests the built binary, a free address for it, and the
// folder of the JavaScript tests.
package program

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary returns the path of the binary: PADDOCK_BINARY, or one that it builds
// now, without the console.
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

// FreeAddr returns an address of this machine on which nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// NodeModules returns the folder of the JavaScript tests.
func NodeModules(t testing.TB) string {
	t.Helper()
	js, err := filepath.Abs("../js")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(js, "node_modules")); err != nil {
		Missing(t, "tests/js has no node_modules", "run npm ci --prefix tests/js (make test does)")
	}
	if _, err := exec.LookPath("node"); err != nil {
		Missing(t, "there is no Node", "install Node 20 or newer")
	}
	return js
}

// Missing skips a test for which the machine lacks something, and says what to
// do about it. In CI everything must be there: CI=true makes it a failure.
func Missing(t testing.TB, what, advice string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s, and CI=true allows no skipping: %s", what, advice)
	}
	t.Skipf("%s: %s", what, advice)
}

// AlpacaFiles returns the folder of Alpaca's own descriptions, which are not part
// of this project: PADDOCK_ALPACA_OPENAPI names it. In CI, the value "none" skips
// the test, and no value is a failure.
func AlpacaFiles(t testing.TB) string {
	t.Helper()
	const advice = "set PADDOCK_ALPACA_OPENAPI to the folder of Alpaca's trading-openapi.json and market-data-openapi.json"
	switch dir := os.Getenv("PADDOCK_ALPACA_OPENAPI"); dir {
	case "":
		Missing(t, "Alpaca's descriptions are not given", advice+`, or to "none"`)
		return ""
	case "none":
		t.Skip("Alpaca's descriptions are not given: " + advice)
		return ""
	default:
		return dir
	}
}

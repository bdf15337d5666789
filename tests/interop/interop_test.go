// Package interop runs the official clients and servers of others against us.
package interop

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"paddock/app/auth"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Better Auth's own npm client works against us, a real Better Auth server on
// the same database shares users and sessions with us both ways, and the same
// requests to both are answered alike.
func TestBetterAuth(t *testing.T) {
	js := nodeModules(t)
	db := pgtest.New(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	secret := "a secret that two servers share 0123456789"
	service, err := auth.New(auth.Config{Pool: db.Pool(t, "paddock_auth"), Secret: secret, BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: service.Handler()}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	for _, suite := range []string{"client", "interop", "compare"} {
		t.Run(suite, func(t *testing.T) {
			cmd := exec.Command("node", "--test", "--test-reporter=spec", filepath.Join(js, "auth", suite+".test.mjs"))
			cmd.Env = append(os.Environ(), "BASE_URL="+base, "SECRET="+secret, "DATABASE_URL_AUTH="+db.URL("paddock_auth"), "NODE_OPTIONS=")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// nodeModules answers the folder of the JavaScript tests. Without its modules
// the test is skipped, but in CI, where they must be there.
func nodeModules(t *testing.T) string {
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

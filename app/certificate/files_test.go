package certificate

import (
	"bytes"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paddock/tests/kit"
)

// A certificate in files is refused where it could not be used: in one sentence that
// shows nothing of the key. When the files change, connections get the new one
// without a restart; a change to something of no use leaves the one before it.
func TestCertificateInFiles(t *testing.T) {
	folder := t.TempDir()
	certPath, keyPath := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	put := func(cert, key []byte) {
		t.Helper()
		if err := errors.Join(os.WriteFile(certPath, cert, 0o644), os.WriteFile(keyPath, key, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	good, goodKey := kit.Certificate(t, now.Add(-time.Hour), now.Add(time.Hour), "paddock.example", "*.other.example")
	second, secondKey := kit.Certificate(t, now.Add(-time.Hour), now.Add(2*time.Hour), "paddock.example")
	ended, endedKey := kit.Certificate(t, now.Add(-2*time.Hour), now.Add(-time.Hour), "paddock.example")
	later, laterKey := kit.Certificate(t, now.Add(time.Hour), now.Add(2*time.Hour), "paddock.example")
	foreign, foreignKey := kit.Certificate(t, now.Add(-time.Hour), now.Add(time.Hour), "elsewhere.example")
	var logged bytes.Buffer
	open := func() (*Files, error) {
		return OpenFiles(certPath, keyPath, "paddock.example", slog.New(slog.NewTextHandler(&logged, nil)))
	}
	for what, c := range map[string]struct {
		cert, key []byte
		says      string
	}{
		"ended": {ended, endedKey, "has ended on"}, "not begun": {later, laterKey, "begins on"}, "of another host": {foreign, foreignKey, "is not for paddock.example, the host of BETTER_AUTH_URL"},
		"another's key": {good, secondKey, "are no certificate and its key"}, "no PEM": {[]byte("x"), goodKey, "are no certificate and its key"}, "the key first": {goodKey, good, "are no certificate and its key"},
	} {
		put(c.cert, c.key)
		if _, err := open(); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "PRIVATE") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
	put(good, goodKey)
	if err := os.Chmod(keyPath, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "others on this machine can read") {
		t.Errorf("a key that others can read: %v", err)
	}
	if err := os.Chmod(keyPath, 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := open()
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	f.now = func() time.Time { return clock }
	f.looked = now
	has := func(want []byte) {
		t.Helper()
		clock = clock.Add(lookEvery)
		got, err := f.Get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if block, _ := pem.Decode(want); !bytes.Equal(got.Certificate[0], block.Bytes) {
			t.Error("it is another certificate")
		}
	}
	has(good)
	put(second, secondKey)
	clock = clock.Add(-lookEvery) // it looks only now and then
	has(good)
	has(second)
	if !strings.Contains(logged.String(), "was read again") {
		t.Errorf("the log says %s", &logged)
	}
	for range 3 {
		put(foreign, foreignKey)
		has(second)
	}
	if strings.Count(logged.String(), "of no use") != 1 {
		t.Errorf("a change to what is of no use is told of %d times", strings.Count(logged.String(), "of no use"))
	}
	if err := os.Remove(certPath); err != nil {
		t.Fatal(err)
	}
	has(second)
	put(good, goodKey)
	has(good)
	if until, err := Until(certPath, keyPath, "x.other.example"); err != nil || until.Sub(now.Add(time.Hour)).Abs() > time.Second {
		t.Errorf("it ends at %v (%v)", until, err)
	}
}

// Plain http leads to the https URL of the server itself, whatever host and path it
// was asked for; what would change something is refused.
func TestRedirect(t *testing.T) {
	for _, c := range []struct {
		method, target string
		status         int
		location       string
	}{
		{"GET", "/orders?a=b%2Fc", 301, "https://paddock.example:8443/orders?a=b%2Fc"},
		{"HEAD", "/", 301, "https://paddock.example:8443/"},
		{"GET", "http://evil.example//evil.example/%2F", 301, "https://paddock.example:8443/evil.example/%2F"},
		{"GET", `/\evil.example`, 301, "https://paddock.example:8443/%5Cevil.example"},
		{"POST", "/api/auth/sign-in/email", 400, ""}, {"DELETE", "/", 400, ""},
	} {
		w := httptest.NewRecorder()
		request := httptest.NewRequest(c.method, c.target, nil)
		request.Host = "evil.example"
		Redirect("https://paddock.example:8443").ServeHTTP(w, request)
		if w.Code != c.status || w.Header().Get("Location") != c.location || w.Code == http.StatusBadRequest && !strings.Contains(w.Body.String(), "https://paddock.example:8443") {
			t.Errorf("%s %s: %d, %s, %s", c.method, c.target, w.Code, w.Header().Get("Location"), w.Body)
		}
	}
}

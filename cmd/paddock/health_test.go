package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paddock/tests/program"
)

// paddock health tells a container whether its instance is ready: by /readyz, on the
// address that serve listens on, also where that is all addresses.
func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("it asks for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	at := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("PADDOCK_ADDR", at)
	if said, err := run(t, "health"); err != nil || said != "ready\n" {
		t.Errorf("it says %q (%v)", said, err)
	}
	for _, all := range []string{"0.0.0.0:", ":"} {
		t.Setenv("PADDOCK_ADDR", all+at[strings.LastIndex(at, ":")+1:])
		if _, err := run(t, "health"); err != nil {
			t.Errorf("listening on %s: %v", all, err)
		}
	}
	t.Setenv("PADDOCK_ADDR", at)
	status = http.StatusServiceUnavailable
	if _, err := run(t, "health"); err == nil || !strings.Contains(err.Error(), "is not ready: /readyz is answered with 503") {
		t.Errorf("it says %v", err)
	}
	t.Setenv("PADDOCK_ADDR", program.FreeAddr(t))
	if _, err := run(t, "health"); err == nil || !strings.Contains(err.Error(), "nothing answers on") {
		t.Errorf("it says %v", err)
	}
}

package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A long answer is compressed for a client that says so, and says the same. A short
// one is not, nor one of sign-in, which has secrets.
func TestLongAnswersAreCompressed(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	account := ada.do("POST", "/api/accounts", `{"name":"one","environment":"paper"}`).want(t, 201, "").field(t, "id")
	message := strings.Repeat("the same again ", 60)
	for range 12 {
		ada.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"`+message+`"}]}`, "X-Account-ID", account).want(t, 201, "")
	}
	ask := func(path, accept string) (encoding string, body []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Cookie": {ada.cookie}, "Accept-Encoding": {accept}}
		if path == "/api/agent-logs" {
			r.Header.Set("X-Account-ID", account)
		}
		answer, err := http.DefaultTransport.RoundTrip(r) // which decompresses nothing that it was not asked to
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != 200 {
			t.Fatalf("%s: %s %v", path, answer.Status, err)
		}
		return answer.Header.Get("Content-Encoding"), body
	}
	_, plain := ask("/api/agent-logs", "identity")
	if !json.Valid(plain) || len(plain) < 10_000 {
		t.Fatalf("the list has %d bytes: %.200s", len(plain), plain)
	}
	for accept, want := range map[string]string{"gzip": "gzip", "gzip, deflate, br": "gzip", "zstd": "zstd", "gzip;q=0": "", "": ""} {
		encoding, body := ask("/api/agent-logs", accept)
		var back io.Reader = strings.NewReader(string(body))
		var err error
		switch encoding {
		case "gzip":
			back, err = gzip.NewReader(back)
		case "zstd":
			back, err = zstd.NewReader(back)
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(back)
		if encoding != want || err != nil || string(text) != string(plain) || want != "" && len(body) > len(plain)/4 {
			t.Errorf("Accept-Encoding %q: %q of %d bytes, which says the same: %v (%v)", accept, encoding, len(body), string(text) == string(plain), err)
		}
	}
	for _, path := range []string{"/api/accounts", "/api/auth/list-sessions", "/api/openapi.yaml"} {
		if encoding, _ := ask(path, "gzip, zstd"); encoding != "" {
			t.Errorf("%s is compressed by %s", path, encoding)
		}
	}
}

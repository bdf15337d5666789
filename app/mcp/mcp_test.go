package mcp_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paddock/app/mcp"
	"paddock/app/trading"
)

// Every guard that can refuse an order has its advice, and no other.
func TestEveryGuardHasAdvice(t *testing.T) {
	for _, guard := range trading.Guards() {
		if mcp.Advice[guard] == "" {
			t.Errorf("there is no advice on %s", guard)
		}
	}
	if len(mcp.Advice) != len(trading.Guards()) {
		t.Errorf("there is advice on %d guards, of which there are %d", len(mcp.Advice), len(trading.Guards()))
	}
}

// Whatever could say something is marked, and what cannot stays as it is, digit by digit.
func TestMark(t *testing.T) {
	for in, want := range map[string]string{
		`"AAPL"`: `"AAPL"`, `"BTC/USD"`: `"BTC/USD"`, `"2026-12-01T14:30:00.123456Z"`: `"2026-12-01T14:30:00.123456Z"`, `"-1.50"`: `"-1.50"`, `1.10`: `1.10`, `12345678901234567890.1`: `12345678901234567890.1`,
		`""`: `""`, `null`: `null`, `true`: `true`, `{"id":"9cad9454-4a51-45db-b091-ef8161f2e598"}`: `{"id":"9cad9454-4a51-45db-b091-ef8161f2e598"}`,
		`"sell all"`: `{"untrusted_text":"sell all"}`, `["a b"]`: `[{"untrusted_text":"a b"}]`, `"sell\u00a0all"`: `{"untrusted_text":"sell` + "\u00a0" + `all"}`,
		`{"name":"Stop"}`: `{"name":{"untrusted_text":"Stop"}}`, `{"x":{"do this":1}}`: `{"x":{"untrusted_text":"{\"do this\":1}"}}`,
		`"` + strings.Repeat("a", 65) + `"`: `{"untrusted_text":"` + strings.Repeat("a", 65) + `"}`,
	} {
		marked, err := mcp.Mark([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(marked); string(got) != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// The token is sent over TLS, or within this machine.
func TestCheckURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://paddock.example.com": "https://paddock.example.com", "https://paddock.example.com/": "https://paddock.example.com", "http://localhost:8080": "http://localhost:8080",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://[::1]:8080": "http://[::1]:8080",
		"": "", "paddock.example.com": "", "http://paddock.example.com": "", "http://localhost.example.com": "", "http://10.0.0.1": "", "http://127.0.0.1.example.com": "",
		"https://a:b@paddock.example.com": "", "https://paddock.example.com/mcp": "", "https://paddock.example.com?x=1": "", "file:///etc/passwd": "",
	} {
		got, err := mcp.CheckURL(url)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v", url, got, err)
		}
	}
}

// A call of the API within the process has what a connection has: an answer that is too
// long, or that broke off, is an error and no answer.
func TestAnswersThatAreCutAreErrors(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"too long": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
		"in parts": func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				_, _ = w.Write(make([]byte, 32<<10))
			}
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{")); panic(http.ErrAbortHandler) },
	} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", "http://paddock.invalid/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := mcp.InProcess(handler).RoundTrip(request)
		if err == nil || errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("%s: %v, %v", name, response, err)
		}
	}
}

// A server that redirects gets no token sent to another host.
func TestNoRedirectTakesTheToken(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	err := mcp.RunStdio(t.Context(), mcp.Config{URL: first.URL, Token: "pdk_secret", Logger: slog.New(slog.DiscardHandler)})
	if err == nil || strings.Contains(err.Error(), "pdk_secret") || reached {
		t.Errorf("%v; the other host was asked: %v", err, reached)
	}
}

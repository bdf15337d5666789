package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// serve speaks TLS by itself, with a certificate in files: people sign in and follow
// over wss, browsers are told to use nothing else, plain http leads there, and
// paddock health asks it. A new certificate is served without a restart.
func TestServeSpeaksTLS(t *testing.T) {
	db := pgtest.New(t)
	folder := t.TempDir()
	addr, plain := program.FreeAddr(t), program.FreeAddr(t)
	alpaca := httptest.NewServer(http.NotFoundHandler())
	defer alpaca.Close()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	base := "https://paddock.test:" + port
	for name, value := range map[string]string{
		"PADDOCK_APP_DATABASE_URL": db.URL("paddock_app"), "PADDOCK_WORKER_DATABASE_URL": db.URL("paddock_worker"), "PADDOCK_AUTH_DATABASE_URL": db.URL("paddock_auth"),
		"PADDOCK_MASTER_KEYS": credentials.NewMasterKey(1), "BETTER_AUTH_SECRET": "0123456789abcdefghijklmnopqrstuv", "BETTER_AUTH_URL": base,
		"PADDOCK_ADDR": addr, "PADDOCK_TLS": "files", "PADDOCK_TLS_CERT_FILE": filepath.Join(folder, "cert.pem"), "PADDOCK_TLS_KEY_FILE": filepath.Join(folder, "key.pem"), "PADDOCK_HTTP_ADDR": plain,
		"PADDOCK_ALPACA_PAPER_URL": alpaca.URL, "PADDOCK_ALPACA_LIVE_URL": alpaca.URL, "PADDOCK_ALPACA_DATA_URL": alpaca.URL,
	} {
		t.Setenv(name, value)
	}
	c, err := config.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	put := func(names ...string) (cert []byte) {
		t.Helper()
		cert, key := kit.Certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), names...)
		if err := errors.Join(os.WriteFile(c.CertFile, cert, 0o600), os.WriteFile(c.KeyFile, key, 0o600)); err != nil {
			t.Fatal(err)
		}
		return cert
	}
	var logged bytes.Buffer
	put("elsewhere.test")
	if err := serve(t.Context(), c, newLogger(&logged, c.LogLevel), nil); err == nil || !strings.HasPrefix(err.Error(), "PADDOCK_TLS: the certificate in ") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("with another host's certificate it says %v", err)
	}
	first := put("paddock.test")
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, c, newLogger(io.Discard, c.LogLevel), func(a net.Addr) { ready <- a })
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(first)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Jar: jar, Transport: transport}
	response, err := client.Post(base+"/api/auth/sign-up/email", "application/json", strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Proto != "HTTP/1.1" || !strings.HasPrefix(response.Header.Get("Strict-Transport-Security"), "max-age=") {
		t.Errorf("signing up: %d by %s, %v", response.StatusCode, response.Proto, response.Header)
	}
	for _, cookie := range response.Cookies() {
		if !cookie.Secure {
			t.Errorf("the cookie %s goes over plain http as well", cookie.Name)
		}
	}
	socket, _, err := websocket.Dial(t.Context(), "wss://paddock.test:"+port+"/api/ws", &websocket.DialOptions{HTTPClient: client, HTTPHeader: http.Header{"Origin": {base}}})
	if err != nil {
		t.Fatalf("the WebSocket: %v", err)
	}
	if err := socket.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`)); err != nil {
		t.Error(err)
	}
	if _, text, err := socket.Read(t.Context()); err != nil || !strings.Contains(string(text), `"pong"`) {
		t.Errorf("the WebSocket answers %s (%v)", text, err)
	}
	socket.CloseNow()
	if said, err := run(t, "health"); err != nil {
		t.Errorf("paddock health: %s%v", said, err)
	}
	if conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, ServerName: "paddock.test", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}

	direct := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err = direct.Get("http://" + plain + "/orders")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if at := response.Header.Get("Location"); response.StatusCode != http.StatusMovedPermanently || at != base+"/orders" {
		t.Errorf("plain http: %d, %s", response.StatusCode, at)
	}

	second := put("paddock.test")
	renewed := x509.NewCertPool()
	renewed.AppendCertsFromPEM(second)
	kit.Eventually(t, "the new certificate", func() bool {
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: renewed, ServerName: "paddock.test"})
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

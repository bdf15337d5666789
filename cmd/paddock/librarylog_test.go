package main

import (
	"bytes"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"paddock/app/broker"
	"paddock/tests/kit"
)

// lockedText is a log that several goroutines write.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// What a broker sends after its answer, which net/http logs by itself, is in no
// log: it may be the keys.
func TestWhatNobodyAskedForIsNotLogged(t *testing.T) {
	const key, secret = "PKTHEKEYOFTHISTEST01", "theSecretOfThisTest0123456789abcdef01234"
	var out lockedText
	log := newLogger(&out, slog.LevelDebug)
	t.Cleanup(func() { stdlog.SetOutput(os.Stderr); stdlog.SetFlags(stdlog.LstdFlags) })

	var mu sync.Mutex
	var open []net.Conn
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		mu.Lock()
		defer mu.Unlock()
		open = append(open, conn)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]HTTP/1.1 200 %s\r\nX: %s\r\n\r\n", r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY"))
	}))
	defer server.Close()
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	client, err := kit.Broker(t, server.URL, func(c *broker.Config) { c.Logger = log }).
		Client(broker.Paper, broker.Credentials{KeyID: broker.NewSecret(key), SecretKey: broker.NewSecret(secret)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Positions(t.Context()); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "net/http to log what came", func() bool { return strings.Contains(out.String(), "Unsolicited response") })
	for _, part := range []string{key, secret, secret[:12]} {
		if strings.Contains(out.String(), part) {
			t.Errorf("%s is in the log: %s", part, out.String())
		}
	}
	if !strings.Contains(out.String(), `"left_out":true`) {
		t.Errorf("the log does not say that something is left out: %s", out.String())
	}
}

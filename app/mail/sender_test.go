package mail

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// mailServer speaks as much SMTP as one mail needs, and keeps what it is told.
type mailServer struct {
	addr string
	said chan string // everything that a client said, once it has left
}

// newMailServer starts a server. With a certificate it encrypts from the first byte.
func newMailServer(t *testing.T, certificate *tls.Certificate) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &mailServer{addr: listener.Addr().String(), said: make(chan string, 10)}
	if certificate != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*certificate}})
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *mailServer) talk(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var all strings.Builder
	defer func() { s.said <- all.String() }()
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) } // a client that is gone is noticed by reading
	say("220 test")
	lines, inMail := bufio.NewScanner(conn), false
	for lines.Scan() {
		line := lines.Text()
		all.WriteString(line + "\n")
		switch {
		case inMail && line == ".":
			inMail = false
			say("250 taken")
		case inMail:
		case strings.HasPrefix(line, "RCPT TO:<nobody@"):
			say("550 no such user here: " + line)
		case strings.HasPrefix(line, "EHLO"):
			say("250 test") // it offers nothing, STARTTLS neither
		case line == "DATA":
			inMail = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// A mail arrives as it was given, at whom it is for.
func TestAMailIsSent(t *testing.T) {
	server := newMailServer(t, nil)
	sender, err := New("smtp://"+server.addr+"?tls=none", "paddock@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), "ann@example.com", "A subject", "First line: http://paddock.test/x?callbackURL=%2Freset\n"); err != nil {
		t.Fatal(err)
	}
	said := <-server.said
	for _, want := range []string{"MAIL FROM:<paddock@example.com>", "RCPT TO:<ann@example.com>", "Subject: A subject", "First line: http://paddock.test/x?callbackURL=3D%2Freset"} {
		if !strings.Contains(strings.ReplaceAll(said, "=\n", ""), want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
}

// A mail that the server does not take is an error, which has no address: it is logged.
func TestARefusedMail(t *testing.T) {
	sender, err := New("smtp://"+newMailServer(t, nil).addr+"?tls=none", "paddock@example.com")
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), "nobody@example.com", "S", "T")
	if err == nil || !strings.Contains(err.Error(), "550") || strings.Contains(err.Error(), "example.com") {
		t.Errorf("the error says %v", err)
	}
}

// Nothing is sent, and no password, to a server that does not encrypt, or whose
// certificate nobody vouches for. No error has the password.
func TestMailIsEncrypted(t *testing.T) {
	certificate := selfSigned(t)
	for name, tt := range map[string]struct{ scheme, addr string }{
		"no STARTTLS":             {"smtp", newMailServer(t, nil).addr},
		"no TLS":                  {"smtps", newMailServer(t, nil).addr},
		"an unknown certificate":  {"smtps", newMailServer(t, &certificate).addr},
		"a server that is not up": {"smtps", "127.0.0.1:1"},
	} {
		sender, err := New(tt.scheme+"://user:hunter2hunter2@"+tt.addr, "paddock@example.com")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err = sender.Send(ctx, "ann@example.com", "S", "T")
		cancel()
		if err == nil {
			t.Errorf("%s: the mail was sent", name)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ann@") {
			t.Errorf("%s: the error says %v", name, err)
		}
	}
}

// What cannot be used is refused at the start, and the refusal has no secret.
func TestSettings(t *testing.T) {
	for _, server := range []string{"", "hunter2", "http://user:hunter2@x", "smtp://", "smtp://user:hunter2@x:y", "smtp://user:hunter2@x?tls=none", "smtps://user:hunter2@x?tls=none", "smtp://x?tls=maybe", "smtp://x?hunter2=1"} {
		if _, err := New(server, "paddock@example.com"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", server, err)
		}
	}
	for _, from := range []string{"", "nonsense", "a@b@c"} {
		if _, err := New("smtps://x", from); err == nil {
			t.Errorf("mails may be from %q", from)
		}
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

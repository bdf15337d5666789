package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"paddock/tests/program"
)

// authority is Let's Encrypt's own test authority, Pebble, which finds every name at
// this machine and comes to see on these ports.
func authority(t *testing.T, httpPort, tlsPort int) *httptest.Server {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := log.New(io.Discard, "", 0)
	names := program.FreeAddr(t)
	dns, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{names}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	dns.SetDefaultDNSIPv4("127.0.0.1")
	dns.SetDefaultDNSIPv6("")
	go dns.Run()
	t.Cleanup(dns.Shutdown)
	store := db.NewMemoryStore()
	profiles := map[string]ca.Profile{"default": {Description: "The default profile"}}
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, profiles)
	validator := va.New(quiet, httpPort, tlsPort, false, names, store)
	front := wfe.New(quiet, store, validator, issuer, []string{"pebble.example"}, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	return server
}

func portOf(t *testing.T, l net.Listener) int {
	t.Helper()
	return l.Addr().(*net.TCPAddr).Port
}

// A certificate is obtained from an authority that comes to see, by TLS or by plain
// http, and kept: a second start asks for none. Other names get none, and the log says
// why there is none for the host.
func TestCertificateByACME(t *testing.T) {
	const host = "paddock.example"
	for name, byTLS := range map[string]bool{"by TLS": true, "by plain http": false} {
		t.Run(name, func(t *testing.T) {
			secure, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			plain, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			tlsPort := portOf(t, secure)
			if !byTLS {
				tlsPort = 1 // where nobody listens
			}
			pebble := authority(t, portOf(t, plain), tlsPort)
			var logged bytes.Buffer
			c := ACMEConfig{Host: host, Folder: t.TempDir(), Email: "operator@example.com", Directory: pebble.URL + "/dir", Client: pebble.Client(), Logger: slog.New(slog.NewTextHandler(&logged, nil))}
			obtained := NewACME(c)
			var next http.Handler = http.NotFoundHandler()
			serve := func(l net.Listener, h http.Handler) {
				server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
				go func() { _ = server.Serve(l) }()
				t.Cleanup(func() { _ = server.Close() })
			}
			serve(tls.NewListener(secure, TLS(obtained.Get)), next)
			plainly := next
			if !byTLS { // a server without an address for plain http answers nothing there
				plainly = obtained.Challenges(next)
			}
			serve(plain, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Host, _, _ = strings.Cut(r.Host, ":") // on port 80 it has none
				plainly.ServeHTTP(w, r)
			}))
			obtained.Obtain(t.Context())
			if !strings.Contains(logged.String(), "there is a certificate") {
				t.Fatalf("the log says %s", &logged)
			}
			conn, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{ServerName: host, InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			leaf := conn.ConnectionState().PeerCertificates[0]
			_ = conn.Close()
			if err := leaf.VerifyHostname(host); err != nil || !strings.HasPrefix(leaf.Issuer.CommonName, "Pebble") {
				t.Errorf("the certificate is of %s by %s", leaf.DNSNames, leaf.Issuer)
			}
			if _, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
				t.Error("another name gets a certificate")
			}
			kept, err := os.ReadDir(c.Folder)
			if err != nil || len(kept) < 2 {
				t.Errorf("%v is kept (%v)", kept, err)
			}

			pebble.Close()
			c.Logger = slog.New(slog.NewTextHandler(&logged, nil))
			again, err := NewACME(c).Get(&tls.ClientHelloInfo{ServerName: host, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}})
			if err != nil || !bytes.Equal(again.Certificate[0], leaf.Raw) {
				t.Errorf("the second start does not have the kept certificate (%v)", err)
			}
			c.Folder = t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			NewACME(c).Obtain(ctx)
			if !strings.Contains(logged.String(), "there is no certificate") {
				t.Errorf("the authority is away, and the log says %s", &logged)
			}
		})
	}
}

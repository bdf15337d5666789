package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paddock/app/auth"
	"paddock/app/config"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// network answers requests to any host as its handlers do, by scheme.
type network map[string]http.Handler

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := n[r.URL.Scheme]
	if handler == nil {
		return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func answer(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // a recorder takes everything
	})
}

// judge compares the findings with what is wanted: a status and a part of what
// is said, or nothing where all is well.
func judge(t *testing.T, what string, found []Finding, status Status, says string) {
	t.Helper()
	for _, f := range found {
		if f.Status == status && strings.Contains(f.Says, says) {
			return
		}
		if status == OK && f.Status != OK {
			t.Errorf("%s: %+v", what, f)
		}
	}
	if status != OK {
		t.Errorf("%s: %+v, want %s: %s", what, found, status, says)
	}
}

// What the network reaches is asked of it: plain http on a public name, a proxy
// that answers it, an address of the internet.
func TestExposure(t *testing.T) {
	paddock, redirect, other := answer(200, `{"ok":true}`), answer(308, ""), answer(200, "<html>")
	for what, tt := range map[string]struct {
		base, addr string
		proxies    bool
		network    network
		status     Status
		says       string
	}{
		"as it should be":         {"https://paddock.example.com", "127.0.0.1:8080", true, network{"https": paddock, "http": redirect}, OK, ""},
		"nothing at plain http":   {"https://paddock.example.com", "10.0.0.1:8080", true, network{"https": paddock}, OK, ""},
		"plain http, local":       {"http://localhost:8080", "127.0.0.1:8080", false, nil, OK, ""},
		"plain http, public":      {"http://paddock.example.com", "127.0.0.1:8080", false, nil, Failure, "plain http on a public name"},
		"a proxy answers both":    {"https://paddock.example.com", "127.0.0.1:8080", true, network{"https": paddock, "http": paddock}, Failure, "Paddock answers by plain http at http://paddock.example.com"},
		"a proxy is not trusted":  {"https://paddock.example.com", "127.0.0.1:8080", false, network{"https": paddock}, Warning, "no proxy is trusted"},
		"another site":            {"https://paddock.example.com", "127.0.0.1:8080", true, network{"https": other}, Warning, "is not Paddock"},
		"no answer":               {"https://paddock.example.com", "127.0.0.1:8080", true, nil, NotChecked, "cannot be reached from here"},
		"an address of the world": {"https://paddock.example.com", "203.0.113.7:8080", true, network{"https": paddock}, Warning, "serve listens on 203.0.113.7"},
	} {
		e := &examination{Options: Options{Config: config.Config{BaseURL: tt.base, Addr: tt.addr}}, http: &http.Client{Transport: tt.network}}
		if tt.proxies {
			e.Config.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		}
		judge(t, what, checkExposure(t.Context(), e), tt.status, tt.says)
	}
	e := &examination{Options: Options{Config: config.Config{BaseURL: "http://localhost", Addr: "127.0.0.1:8080", OperatorAddr: "203.0.113.7:9090"}}, http: http.DefaultClient}
	judge(t, "an operator's port of the world", checkExposure(t.Context(), e), Warning, "the operator's port is on 203.0.113.7")
	for listen, exposed := range map[string]bool{"0.0.0.0:80": true, ":80": true, "[::]:80": true, "127.0.0.1:80": false, "[::1]:80": false, "192.168.1.1:80": false, "[2001:db8::1]:80": true} {
		own := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("203.0.113.7")}
		if _, got := exposedAddress(listen, own); got != exposed {
			t.Errorf("%s: exposed is %v", listen, got)
		}
	}
	if _, exposed := exposedAddress("0.0.0.0:80", []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("fe80::1")}); exposed {
		t.Error("all addresses of a machine in a private network count as exposed")
	}
}

// Whether strangers can sign up is asked of sign-in itself, which counts and
// makes nothing of it.
func TestSignUpIsAskedFor(t *testing.T) {
	db := pgtest.New(t)
	c := configFor(db)
	c.BaseURL = "https://paddock.example.com"
	signIn, err := auth.New(auth.Config{Pool: db.Pool(t, "paddock_auth"), Secret: c.AuthSecret, BaseURL: c.BaseURL, RateLimit: true})
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		handler http.Handler
		status  Status
		says    string
	}{
		"open":              {signIn.Handler(), Warning, "everybody who reaches BETTER_AUTH_URL can sign up"},
		"closed by a proxy": {answer(403, ""), OK, ""},
		"a broken proxy":    {answer(502, ""), NotChecked, "is answered with 502"},
		"no answer":         {nil, NotChecked, "cannot be reached"},
	} {
		e := &examination{Options: Options{Config: c}, http: &http.Client{Transport: network{"https": tt.handler}}}
		if tt.handler == nil {
			e.http.Transport = network{}
		}
		judge(t, what, checkSignUp(t.Context(), e), tt.status, tt.says)
	}
	var users, counts int
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select (select count(*) from auth."user"), (select count(*) from auth.sign_up_counts)`).Scan(&users, &counts); err != nil || users != 0 || counts != 0 {
		t.Errorf("there are %d users and %d counts (%v)", users, counts, err)
	}
}

// Connections to this machine need no TLS; others need it, with a certificate
// that is checked.
func TestConnectionsAreJudged(t *testing.T) {
	here, there := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}
	checked := &tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil }} // as verify-ca is made
	for what, tt := range map[string]struct {
		remote    net.Addr
		encrypted bool
		config    *tls.Config
		status    Status
	}{
		"a socket":            {&net.UnixAddr{Name: "/run/x", Net: "unix"}, false, nil, OK},
		"this machine":        {here, false, nil, OK},
		"this machine, IPv6":  {&net.TCPAddr{IP: net.IPv6loopback, Port: 1}, false, nil, OK},
		"verify-full":         {there, true, &tls.Config{ServerName: "db"}, OK},
		"verify-ca":           {there, true, checked, OK},
		"require":             {there, true, &tls.Config{InsecureSkipVerify: true}, Warning},
		"prefer, unencrypted": {there, false, &tls.Config{InsecureSkipVerify: true}, Failure},
		"disable":             {there, false, nil, Failure},
	} {
		judge(t, what, judgeConnection("PADDOCK_APP_DATABASE_URL", tt.remote, tt.encrypted, tt.config), tt.status, "")
	}
}

// Clocks are judged by the least difference that they must have.
func TestClocksAreJudged(t *testing.T) {
	for _, tt := range []struct {
		least, most time.Duration
		status      Status
		says        string
	}{
		{-time.Second, time.Second, OK, ""},
		{1900 * time.Millisecond, 3 * time.Second, OK, ""},
		{2 * time.Second, 3 * time.Second, Warning, "is 2s ahead of"},
		{-9 * time.Second, -5 * time.Second, Warning, "is 5s behind"},
		{time.Hour, 2 * time.Hour, Failure, "is 1h0m0s ahead of"},
	} {
		judge(t, tt.least.String(), skewed("Alpaca", tt.least, tt.most), tt.status, tt.says)
	}
	ahead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	}))
	defer ahead.Close()
	e := &examination{Options: Options{Config: config.Config{PaperURL: ahead.URL}}, logins: make([]*login, 4)}
	judge(t, "an answer of Alpaca's", checkClock(t.Context(), e), Failure, "the clock of Alpaca is")
}

// The queue of notifications is judged before it is full.
func TestNotifyQueueIsJudged(t *testing.T) {
	for usage, status := range map[float64]Status{0: OK, 0.01: OK, 0.02: Warning, 0.5: Failure, 1: Failure} {
		judge(t, "a queue", notifyQueue(usage), status, "the queue of notifications")
	}
}

// Where serve speaks TLS itself no proxy is missed, and it may listen on an address of the
// internet. A certificate in files that ends soon, or is of no use, is told of.
func TestExposureWithTLS(t *testing.T) {
	folder := t.TempDir()
	paddock := network{"https": answer(200, `{"ok":true}`)}
	for what, tt := range map[string]struct {
		left   time.Duration
		host   string
		status Status
		says   string
	}{
		"as it should be": {60 * 24 * time.Hour, "paddock.example.com", OK, ""},
		"ends soon":       {13 * 24 * time.Hour, "paddock.example.com", Warning, "the certificate ends on"},
		"has ended":       {-time.Minute, "paddock.example.com", Failure, "has ended on"},
		"another host":    {60 * 24 * time.Hour, "elsewhere.example.com", Failure, "is not for paddock.example.com"},
	} {
		cert, key := kit.Certificate(t, time.Now().Add(-time.Hour), time.Now().Add(tt.left), tt.host)
		c := config.Config{BaseURL: "https://paddock.example.com", Addr: "203.0.113.7:443", TLS: config.TLSFiles, CertFile: filepath.Join(folder, "cert.pem"), KeyFile: filepath.Join(folder, "key.pem")}
		if err := errors.Join(os.WriteFile(c.CertFile, cert, 0o600), os.WriteFile(c.KeyFile, key, 0o600)); err != nil {
			t.Fatal(err)
		}
		judge(t, what, checkExposure(t.Context(), &examination{Options: Options{Config: c}, http: &http.Client{Transport: paddock}}), tt.status, tt.says)
	}
}

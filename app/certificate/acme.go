package certificate

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACMEConfig says for which host a certificate is obtained, and from whom.
type ACMEConfig struct {
	Host      string
	Folder    string // where certificates and the account's key are kept
	Email     string // whom the authority writes to; "" is nobody
	Directory string // the authority's URL
	Client    *http.Client
	Logger    *slog.Logger
}

// ACME obtains a certificate when it is first needed, and renews it 30 days before it
// ends, or a third of its time.
type ACME struct {
	host    string
	manager *autocert.Manager
	log     *slog.Logger

	mu   sync.Mutex
	told time.Time // when the log last had that there is none
}

// NewACME returns the certificate of one host, and asks nobody for it yet.
func NewACME(c ACMEConfig) *ACME {
	return &ACME{host: c.Host, log: c.Logger, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(c.Folder), HostPolicy: autocert.HostWhitelist(c.Host), Email: c.Email,
		Client: &acme.Client{DirectoryURL: c.Directory, HTTPClient: c.Client, UserAgent: "paddock"},
	}}
}

// Get returns the certificate, for tls.Config. Other names than the host's get none.
// Why there is none for the host is in the log, once a minute.
func (a *ACME) Get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	found, err := a.manager.GetCertificate(hello)
	if err != nil && hello.ServerName == a.host {
		a.tell(err)
	}
	return found, err
}

func (a *ACME) tell(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.told) > time.Minute {
		a.told = time.Now()
		a.log.Warn("there is no certificate, and so nobody gets in", "host", a.host, "err", err)
	}
}

// Obtain asks for the certificate, so that the first visitor need not wait. The server
// must serve already, since the authority comes to see.
func (a *ACME) Obtain(ctx context.Context) {
	hello := &tls.ClientHelloInfo{
		ServerName: a.host, SupportedVersions: []uint16{tls.VersionTLS13}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256},
	}
	if found, err := a.Get(hello); err == nil && ctx.Err() == nil {
		a.log.Info("there is a certificate", "host", a.host, "until", found.Leaf.NotAfter.UTC())
	}
}

// Challenges answers the authority on plain http, and leaves everything else to next.
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// TLS returns the configuration of a listener. HTTP/1.1 alone is spoken, as through a
// proxy.
func TLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get, NextProtos: []string{"http/1.1", acme.ALPNProto}}
}

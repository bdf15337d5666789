package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"paddock/app/certificate"
	"paddock/app/config"
)

// listeners are where serve listens: one for everything, which speaks TLS where serve
// has a certificate, and perhaps one for plain http, which only leads there.
type listeners struct {
	main    net.Listener
	plain   net.Listener // nil where there is none
	handler http.Handler // of plain
	acme    *certificate.ACME
	log     *slog.Logger
}

// openListeners opens them. The error is one sentence.
func openListeners(c config.Config, logger *slog.Logger) (*listeners, error) {
	l := &listeners{handler: certificate.Redirect(c.BaseURL), log: logger}
	get, err := l.certificate(c)
	if err != nil {
		return nil, err
	}
	if l.main, err = net.Listen("tcp", c.Addr); err != nil {
		return nil, explainListen(c.Addr, err)
	}
	if get == nil {
		return l, nil
	}
	l.main = tls.NewListener(l.main, certificate.TLS(get))
	if c.HTTPAddr != "" {
		if l.plain, err = net.Listen("tcp", c.HTTPAddr); err != nil {
			_ = l.main.Close()
			return nil, explainListen(c.HTTPAddr, err)
		}
	}
	return l, nil
}

// certificate returns where the certificate comes from, nil where serve speaks plain
// http.
func (l *listeners) certificate(c config.Config) (get func(*tls.ClientHelloInfo) (*tls.Certificate, error), err error) {
	switch c.TLS {
	case config.TLSFiles:
		files, err := certificate.OpenFiles(c.CertFile, c.KeyFile, c.Host(), l.log)
		if err != nil {
			return nil, fmt.Errorf("PADDOCK_TLS: %w", err)
		}
		return files.Get, nil
	case config.TLSACME:
		l.acme = certificate.NewACME(certificate.ACMEConfig{Host: c.Host(), Folder: c.ACMEFolder, Email: c.ACMEEmail, Directory: c.ACMEDirectory, Logger: l.log})
		l.handler = l.acme.Challenges(l.handler)
		return l.acme.Get, nil
	}
	return nil, nil
}

// run obtains the certificate, and answers plain http until ctx ends.
func (l *listeners) run(ctx context.Context) error {
	if l.acme != nil {
		go l.acme.Obtain(ctx)
	}
	if l.plain == nil {
		return nil
	}
	server := &http.Server{
		Handler: l.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: serverLog(l.log),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l.plain); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve plain http: %w", err)
	}
	return nil
}

// serverLog returns the log of an http.Server, which has no levels of its own.
func serverLog(l *slog.Logger) *log.Logger { return log.New(serverWriter{l}, "", 0) }

type serverWriter struct{ log *slog.Logger }

// Write writes one line. That a handshake failed is what every scanner of the internet
// causes, and no warning.
func (w serverWriter) Write(line []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.Contains(line, []byte("TLS handshake error")) {
		level = slog.LevelDebug
	}
	w.log.Log(context.Background(), level, strings.TrimSpace(string(line)))
	return len(line), nil
}

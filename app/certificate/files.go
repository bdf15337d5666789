// Package certificate has the certificate with which serve speaks TLS where no proxy
// does: from two files, which are read again when they change, or by ACME from an
// authority such as Let's Encrypt.
package certificate

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"paddock/app/secretfile"
)

// maxFile bounds a file of a certificate or a key, in bytes.
const maxFile = 256 << 10

// lookEvery is how long a change of the files may go unnoticed.
const lookEvery = 10 * time.Second

// Files is a certificate and its key in two files of PEM.
type Files struct {
	certPath, keyPath, host string
	log                     *slog.Logger
	now                     func() time.Time

	mu      sync.Mutex
	looked  time.Time
	current *tls.Certificate
	text    [2][]byte // of the files, as current was made from them
	told    string    // the last error that the log has of them
}

// OpenFiles reads a certificate for a host. The error is one sentence that says what
// is wrong: the files, that they do not belong together, or that the certificate is
// of another host or of another time.
func OpenFiles(certPath, keyPath, host string, log *slog.Logger) (*Files, error) {
	f := &Files{certPath: certPath, keyPath: keyPath, host: host, log: log, now: time.Now}
	var err error
	if f.text, err = f.read(); err == nil {
		f.current, err = f.parse(f.text)
	}
	f.looked = f.now()
	return f, err
}

// Get returns the certificate, for tls.Config. Where the files have changed it is the
// new one; where they are of no use any more, the one before it, and the log says why.
func (f *Files) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= lookEvery || now.Before(f.looked) {
		f.looked = now
		f.look()
	}
	return f.current, nil
}

// look takes the files' certificate if they have changed.
func (f *Files) look() {
	text, err := f.read()
	if err == nil && bytes.Equal(text[0], f.text[0]) && bytes.Equal(text[1], f.text[1]) {
		return
	}
	var changed *tls.Certificate
	if err == nil {
		changed, err = f.parse(text)
	}
	if err != nil {
		if told := err.Error(); told != f.told { // once, and not every few seconds
			f.told = told
			f.log.Warn("the changed certificate is of no use, and the one before it goes on", "err", err)
		}
		return
	}
	f.text, f.current, f.told = text, changed, ""
	f.log.Info("the certificate was read again", "until", changed.Leaf.NotAfter.UTC())
}

func (f *Files) read() (text [2][]byte, err error) {
	if text[0], err = os.ReadFile(f.certPath); err != nil {
		return text, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	key, err := secretfile.Read(f.keyPath, maxFile, false)
	if err != nil {
		return text, fmt.Errorf("the key of the certificate: %w", err)
	}
	text[1] = []byte(key)
	return text, nil
}

func (f *Files) parse(text [2][]byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(text[0], text[1])
	if err != nil {
		return nil, fmt.Errorf("%s and %s are no certificate and its key in PEM: %w", f.certPath, f.keyPath, err)
	}
	switch now := f.now(); {
	case now.After(pair.Leaf.NotAfter):
		return nil, fmt.Errorf("the certificate in %s has ended on %s: renew it", f.certPath, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(pair.Leaf.NotBefore):
		return nil, fmt.Errorf("the certificate in %s begins on %s: set this machine's clock, or take another one", f.certPath, pair.Leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if err := pair.Leaf.VerifyHostname(f.host); err != nil {
		return nil, fmt.Errorf("the certificate in %s is not for %s, the host of BETTER_AUTH_URL: %w", f.certPath, f.host, err)
	}
	return &pair, nil
}

// Until returns when the certificate of two files ends, for who looks at a deployment.
func Until(certPath, keyPath, host string) (time.Time, error) {
	f, err := OpenFiles(certPath, keyPath, host, slog.New(slog.DiscardHandler))
	if err != nil {
		return time.Time{}, err
	}
	return f.current.Leaf.NotAfter, nil
}

package broker

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/coder/websocket"
)

const theKey, theSecret = "PKAB12/+_-CD", "suEcReT/0123456789+sEcReT"

func theKeys() Credentials {
	return Credentials{KeyID: NewSecret(theKey), SecretKey: NewSecret(theSecret)}
}

// spellings returns a key as it is and with characters escaped, as JSON and URLs
// allow.
func spellings(key string) []string {
	each := func(form func(c byte) string) (text string) {
		for _, c := range []byte(key) {
			text += form(c)
		}
		return text
	}
	return []string{
		key, strings.ReplaceAll(key, "/", `\/`), url.QueryEscape(key), url.PathEscape(key),
		each(func(c byte) string { return fmt.Sprintf(`\u%04x`, c) }), each(func(c byte) string { return fmt.Sprintf(`\u%04X`, c) }),
		each(func(c byte) string { return fmt.Sprintf("%%%02X", c) }), each(func(c byte) string { return fmt.Sprintf("%%%02x", c) }),
		each(func(c byte) string {
			return []string{string(c), fmt.Sprintf(`\u%04x`, c), fmt.Sprintf("%%%02x", c)}[c%3]
		}),
	}
}

// The keys are masked however they are spelled and wherever a read ends; what
// surrounds them, and their length, stays.
func TestKeysAreMasked(t *testing.T) {
	type sample struct{ text, want string }
	samples := []sample{
		{"", ""}, {"no key", "no key"}, {theKey[:5], theKey[:5]}, {`{"a":"PKAB12\u00e9","b":"%50\\"}`, `{"a":"PKAB12\u00e9","b":"%50\\"}`},
		{"PKAB" + theKey + "PKAB", "PKAB" + strings.Repeat("*", len(theKey)) + "PKAB"},
		{theKey[:7], theKey[:7]}, {"cut " + theSecret[:8], "cut ********"}, {"cut " + theSecret[:len(theSecret)-1], "cut " + strings.Repeat("*", len(theSecret)-1)},
	}
	for _, key := range []string{theKey, theSecret} {
		for _, s := range spellings(key) {
			stars := strings.Repeat("*", len(s))
			samples = append(samples, sample{s, stars}, sample{"<" + s + ">", "<" + stars + ">"}, sample{s + s + theKey, stars + stars + strings.Repeat("*", len(theKey))},
				sample{strings.Repeat("x", minMaskBuffer-3) + s, strings.Repeat("x", minMaskBuffer-3) + stars},
				sample{strings.Repeat("x", maskBuffer-3) + s + strings.Repeat("y", maskBuffer), strings.Repeat("x", maskBuffer-3) + stars + strings.Repeat("y", maskBuffer)})
		}
	}
	for _, s := range samples {
		if got := theKeys().maskText(s.text); got != s.want {
			t.Errorf("%.80q became %.80q", s.text, got)
		}
		for pace, r := range map[string]io.Reader{
			"at once": strings.NewReader(s.text), "byte by byte": iotest.OneByteReader(strings.NewReader(s.text)), "by halves": iotest.HalfReader(strings.NewReader(s.text)),
			"with its end": iotest.DataErrReader(strings.NewReader(s.text)), "in pieces": &pieces{[]byte(s.text), 3},
		} {
			got, err := io.ReadAll(&maskedBody{body: io.NopCloser(r), keys: theKeys()})
			if err != nil || string(got) != s.want {
				t.Errorf("%s, %.80q became %.80q (%v)", pace, s.text, got, err)
			}
		}
	}
	if got := (Credentials{KeyID: NewSecret("1"), SecretKey: NewSecret("12")}).maskText("10120"); got != "10120" {
		t.Errorf("what is too short for a key is masked: %s", got)
	}
}

// A body gives what came before it broke off, and an error without a byte of it.
func TestABrokenBodyIsMasked(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a "+theSecret+" and "+theSecret[:12]), iotest.ErrReader(textproto.ProtocolError("malformed line: "+theSecret)))
	got, err := io.ReadAll(&maskedBody{body: io.NopCloser(broken), keys: theKeys()})
	if want := "a " + strings.Repeat("*", len(theSecret)) + " and " + strings.Repeat("*", 12); string(got) != want {
		t.Errorf("got %q", got)
	}
	if err == nil || strings.Contains(err.Error(), "uEcReT") || !strings.Contains(err.Error(), "textproto.ProtocolError") {
		t.Errorf("it ended with %v", err)
	}
}

// An error of the connection tells what went wrong, so that it can be looked
// for, and has no text of the other side's.
func TestErrorsAreWithoutBytes(t *testing.T) {
	const said = "what the other side said"
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, Err: fmt.Errorf("connect: %w", syscall.ECONNREFUSED)}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{io.EOF, "EOF"},
		{fmt.Errorf("%s: %w", said, io.EOF), "unexpected EOF"},
		{fmt.Errorf("%s: %w", said, context.Canceled), "context canceled"},
		{&url.Error{Op: "Get", URL: said, Err: context.DeadlineExceeded}, "context deadline exceeded"},
		{fmt.Errorf("%s: %w", said, refused), "dial 127.0.0.1:1: connection refused"},
		{fmt.Errorf("%s: %w", said, syscall.ECONNRESET), "connection reset by peer"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New(said)}, "the connection or the answer is broken (*errors.errorString)"},
		{fmt.Errorf("%s: %w", said, &net.DNSError{Err: "no such host", Name: "broker.invalid", IsNotFound: true}), "the host's name cannot be looked up: lookup broker.invalid: no such host"},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{said}}, Host: "x"}}, "the host's certificate is not valid (x509.HostnameError)"},
		{fmt.Errorf("read: %w", websocket.CloseError{Code: 1008, Reason: said}), "the other side closed the stream with status 1008"},
		{&url.Error{Op: "Get", URL: said, Err: errTooLarge}, "the broker's answer is too large to be passed through"},
		{fmt.Errorf("malformed: %q", said), "the connection or the answer is broken ("},
	} {
		got := withoutBytes(tt.err)
		if !strings.HasPrefix(got.Error(), tt.want) || strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, errors.Unwrap(got)), said) {
			t.Errorf("%v became %v, want %s", tt.err, got, tt.want)
		}
		if again := withoutBytes(fmt.Errorf("x: %w", got)); got != io.EOF && again.Error() != got.Error() {
			t.Errorf("wrapped, %v became %v", got, again)
		}
	}
	if withoutBytes(nil) != nil {
		t.Error("no error became one")
	}
	if !errors.Is(withoutBytes(refused), syscall.ECONNREFUSED) {
		t.Error("the number of a failed call is lost")
	}
}

// Masking a body takes next to no time beside reading it.
func BenchmarkMask(b *testing.B) {
	text := bytes.Repeat([]byte(`{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","symbol":"AAPL","side":"buy","status":"new","path":"a\/b"},`), 10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		theKeys().mask(text, true)
	}
}

package broker

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/coder/websocket"
)

// A broker that is broken, or a proxy on the way, may send back what it was
// sent, with the keys in it. So two rules hold for everything that comes in, and
// nothing of it is read but through this file:
//
//   - In headers, bodies and frames the keys are masked.
//   - An error of the connection has none of the other side's bytes: net/http
//     and the WebSocket quote in theirs what they could not read.
//
// What is read may then go into a log, an error, a row or a user's answer.

// foreign is a transport for requests with one account's keys. It masks them in
// what comes back.
type foreign struct {
	http.RoundTripper
	keys Credentials
}

func (f foreign) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := f.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, withoutBytes(err)
	}
	response.Status = http.StatusText(response.StatusCode)
	for _, values := range response.Header {
		for i, value := range values {
			values[i] = f.keys.maskText(value)
		}
	}
	if response.StatusCode != http.StatusSwitchingProtocols { // its body is the connection, whose frames are masked one by one
		response.Body = &maskedBody{body: response.Body, keys: f.keys}
	}
	return response, nil
}

// minMasked is the number of characters from which on a text counts as a key,
// or as the part of a key before a connection broke off.
const minMasked = 8

// maskText masks the keys in a whole text.
func (c Credentials) maskText(text string) string {
	masked := []byte(text)
	c.mask(masked, true)
	return string(masked)
}

// mask writes asterisks over the keys in text, as they are or with characters
// escaped as in JSON or in a URL. Its length stays. It returns how much of the
// text is settled: the rest may be the beginning of a key, unless the text is
// whole.
func (c Credentials) mask(text []byte, whole bool) (settled int) {
	var keys []string
	starts := `\%`
	for _, key := range []string{c.KeyID.Reveal(), c.SecretKey.Reveal()} {
		if len(key) >= minMasked {
			keys, starts = append(keys, key), starts+key[:1]
		}
	}
	for at := 0; at < len(text); {
		next := bytes.IndexAny(text[at:], starts)
		if next < 0 {
			break
		}
		at += next
		masked, begun := 0, false
		for _, key := range keys {
			length, characters := spelled(text[at:], key)
			ends := length > 0 && at+length == len(text)
			if characters == len(key) || ends && whole && characters >= minMasked {
				masked = max(masked, length)
			}
			begun = begun || ends
		}
		switch {
		case masked > 0:
			copy(text[at:], bytes.Repeat([]byte("*"), masked))
			at += masked
		case begun && !whole:
			return at
		default:
			at++
		}
	}
	return len(text)
}

// spelled returns how much of the beginning of text spells the beginning of
// key, in bytes and in characters. Where text ends within an escape, that
// counts in bytes.
func spelled(text []byte, key string) (length, characters int) {
	for characters < len(key) && length < len(text) {
		n, whole := spelledOne(text[length:], key[characters])
		length += n
		if !whole {
			break
		}
		characters++
	}
	return length, characters
}

// spelledOne returns how many bytes of the beginning of text spell a character,
// and whether they spell the whole of it.
func spelledOne(text []byte, c byte) (length int, whole bool) {
	switch {
	case text[0] == c:
		return 1, true
	case text[0] == '%':
		return spelledInHex(text, 1, 2, c)
	case text[0] != '\\':
		return 0, false
	case len(text) == 1:
		return 1, false
	case text[1] == 'u':
		return spelledInHex(text, 2, 4, c)
	case text[1] == '/' && c == '/': // of a key's characters, JSON escapes no other
		return 2, true
	}
	return 0, false
}

// spelledInHex is spelledOne for a character that is written as this many hex
// digits, which begin at from.
func spelledInHex(text []byte, from, digits int, c byte) (length int, whole bool) {
	for i := range digits {
		if from+i == len(text) {
			return len(text), false
		}
		var half byte // the digit's value
		switch i {
		case digits - 2:
			half = c >> 4
		case digits - 1:
			half = c & 15
		}
		if d := text[from+i]; d != "0123456789abcdef"[half] && d != "0123456789ABCDEF"[half] {
			return 0, false
		}
	}
	return from + digits, true
}

// maskedBody is the body of an answer, with the keys masked. It holds back what
// may be the beginning of a key until it is known.
type maskedBody struct {
	body    io.ReadCloser
	keys    Credentials
	buffer  []byte
	filled  bool   // the last reading filled it
	text    []byte // of buffer: what was read and not returned yet
	settled int    // of text: what may be returned
	err     error  // how the body ended
}

// The size of the buffer at first, which serves a stream's heartbeats, and what it
// grows to while a body fills it. The beginning of a key may have it grow further.
const (
	minMaskBuffer = 512
	maskBuffer    = 4 << 10
)

func (m *maskedBody) Read(into []byte) (int, error) {
	if m.buffer == nil {
		m.buffer = make([]byte, minMaskBuffer)
	}
	for m.settled == 0 && m.err == nil {
		if size := len(m.buffer); len(m.text) == size || m.filled && size < maskBuffer {
			m.buffer = make([]byte, 2*size)
		}
		held := copy(m.buffer, m.text)
		n, err := m.body.Read(m.buffer[held:])
		m.text, m.err = m.buffer[:held+n], withoutBytes(err)
		m.filled = held+n == len(m.buffer)
		m.settled = m.keys.mask(m.text, m.err != nil)
	}
	if m.settled == 0 {
		return 0, m.err
	}
	n := copy(into, m.text[:m.settled])
	m.text, m.settled = m.text[n:], m.settled-n
	return n, nil
}

func (m *maskedBody) Close() error { return m.body.Close() }

// ownError is an error in our own words.
type ownError struct {
	text  string
	cause error // known, and without a text of the other side's; nil for none
}

func (e *ownError) Error() string { return e.text }
func (e *ownError) Unwrap() error { return e.cause }

// withoutBytes returns an error that tells what went wrong with a connection,
// without any of the other side's bytes. Where that is not known, it tells the
// error's type.
func withoutBytes(err error) error {
	var own *ownError
	var dns *net.DNSError
	var op *net.OpError
	var number syscall.Errno
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	closed := websocket.CloseStatus(err)
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	case closed != -1:
		return &ownError{text: fmt.Sprintf("the other side closed the stream with status %d", closed)}
	case errors.As(err, &dns):
		return &ownError{text: "the host's name cannot be looked up: " + dns.Error()}
	case errors.As(err, &number) && errors.As(err, &op):
		return &ownError{fmt.Sprintf("%s %v: %v", op.Op, op.Addr, number), number}
	case errors.As(err, &number):
		return &ownError{number.Error(), number}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &ownError{text: "no answer in time"}
	case errors.As(err, &certificate):
		return &ownError{text: fmt.Sprintf("the host's certificate is not valid (%T)", certificate.Err)}
	}
	return &ownError{text: fmt.Sprintf("the connection or the answer is broken (%T)", innermost(err))}
}

// innermost returns the error that an error wraps in the end.
func innermost(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

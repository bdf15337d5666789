package broker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// roundTrip is the http.RoundTripper of one call. The SDK's methods take no
// context and drop the answer's headers and unknown fields: roundTrip adds the
// caller's context to the request, and keeps the answer as it came.
type roundTrip struct {
	ctx       context.Context
	transport http.RoundTripper
	maxBody   int64
	query     url.Values // replaces the request's own, where it is set
	clocks    *clocks    // measure the host's clock
	host      string
	fields    Fields // added to the request's body

	method string
	path   string
	onWire atomic.Bool // there was a connection: the request may have been sent
	status int
	header http.Header
	body   []byte
}

var errRedirect = &ownError{text: "the broker answered with a redirect, which it never does: it was not followed"}

func (x *roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := x.fields.add(r)
	if err != nil {
		return nil, err
	}
	response, err := x.send(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	x.body, err = io.ReadAll(io.LimitReader(response.Body, x.maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the broker's answer: %w", err)
	}
	if int64(len(x.body)) > x.maxBody {
		return nil, &ownError{text: fmt.Sprintf("the broker's answer is larger than %d bytes", x.maxBody)}
	}
	x.status = response.StatusCode
	response.Body = io.NopCloser(bytes.NewReader(x.body))
	return response, nil
}

// succeeded reports whether a complete 2xx answer arrived.
func (x *roundTrip) succeeded() bool { return x.status >= 200 && x.status < 300 }

// send sends the request and returns as soon as the answer's headers are there.
func (x *roundTrip) send(r *http.Request) (*http.Response, error) {
	x.method, x.path = r.Method, r.URL.Path
	if x.query != nil {
		r.URL.RawQuery = x.query.Encode()
	}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.onWire.Store(true) }}
	sent := thisInstant()
	response, err := x.transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(x.ctx, trace)))
	if err != nil {
		return nil, err
	}
	x.header = response.Header
	if x.clocks != nil {
		x.clocks.addSample(x.host, sent, thisInstant(), x.header)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Body.Close()
		return nil, errRedirect
	}
	return response, nil
}

// client returns an http.Client on this round trip. It follows no redirect,
// which would send the keys to another host.
func (x *roundTrip) client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

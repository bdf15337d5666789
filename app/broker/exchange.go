package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// exchange is the RoundTripper of one call. The SDK's methods take no context
// and drop the answer's headers and unknown fields: exchange carries the
// caller's context into the request, and keeps the answer as it came.
type exchange struct {
	ctx       context.Context
	transport http.RoundTripper
	maxBody   int64
	fields    Fields     // that the request's body has as well
	query     url.Values // in place of the request's own, where it is set
	clocks    *clocks    // that learn what time it is at the host
	host      string

	method string
	onWire atomic.Bool // a connection was had: the request may have left
	status int
	header http.Header
	body   []byte
}

var errRedirect = errors.New("the broker answered with a redirect, which it never does: it was not followed")

func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
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
		return nil, fmt.Errorf("the broker's answer is larger than %d bytes", x.maxBody)
	}
	x.status = response.StatusCode
	response.Body = io.NopCloser(bytes.NewReader(x.body))
	return response, nil
}

// succeeded says whether an answer of 2xx came, and came whole.
func (x *exchange) succeeded() bool { return x.status >= 200 && x.status < 300 }

// send sends the request and answers as soon as the answer's headers are there.
func (x *exchange) send(r *http.Request) (*http.Response, error) {
	x.method = r.Method
	if x.query != nil {
		r.URL.RawQuery = x.query.Encode()
	}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.onWire.Store(true) }}
	sent := time.Now()
	response, err := x.transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(x.ctx, trace)))
	if err != nil {
		return nil, err
	}
	x.header = response.Header
	if x.clocks != nil {
		x.clocks.learn(x.host, sent, time.Now(), x.header)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Body.Close()
		return nil, errRedirect
	}
	return response, nil
}

// client is an http.Client of this exchange. It follows no redirect: Go's own
// would take the keys along to another host.
func (x *exchange) client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

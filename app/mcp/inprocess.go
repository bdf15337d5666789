package mcp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// inProcess is an http.RoundTripper that calls a handler of this process, without a
// network, as a client from this address.
type inProcess struct {
	handler http.Handler
	remote  string
}

// RoundTrip calls the handler. A handler that breaks off its answer is an error, as a
// connection that was cut is.
func (p inProcess) RoundTrip(r *http.Request) (response *http.Response, err error) {
	r.RemoteAddr = p.remote
	r.RequestURI = r.URL.RequestURI()
	w := &kept{header: http.Header{}}
	defer func() {
		if broken := recover(); broken != nil {
			if broken != http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
				panic(broken)
			}
			response, err = nil, errors.New("the answer broke off")
		}
	}()
	p.handler.ServeHTTP(w, r)
	if w.tooLong {
		return nil, errTooLong
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// kept is a response that is kept in memory.
type kept struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	tooLong bool
}

func (w *kept) Header() http.Header { return w.header }

func (w *kept) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps the bytes. It fails, as where the client is gone, once there are too many.
func (w *kept) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(p) > maxAnswer {
		w.tooLong = true
		return 0, errTooLong
	}
	return w.body.Write(p)
}

package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Host is one of the two hosts from which Alpaca serves an account.
type Host int

// The hosts.
const (
	Trading Host = iota // the trading host of the account's environment
	Data                // market data, the same host for every account
)

// Request is a call that is passed through as it is.
type Request struct {
	Host   Host
	Method string
	Path   []string // unescaped segments of the path
	Query  url.Values
	Body   []byte // JSON; nil sends none
	Kind   string // kind of endpoint; each kind has a circuit breaker
}

// Response is a 2xx answer whose body is still being read.
type Response struct {
	Status int
	// Length is the body's length in bytes, and -1 where it is unknown.
	Length    int64
	RequestID string // X-Request-ID, which Alpaca's support asks for
	// Body ends with an *Error where the answer broke off, and is incomplete
	// then. Closing it ends the call.
	Body io.ReadCloser
}

// SuspendTrade is the request that sets Alpaca's own suspend_trade, which stops
// every program with the account's keys.
func SuspendTrade(on bool) Request {
	return Request{
		Method: http.MethodPatch, Path: []string{"v2", "account", "configurations"}, Kind: "v2/account",
		Body: fmt.Appendf(nil, `{"suspend_trade":%t}`, on),
	}
}

// Relay calls Alpaca and returns its answer while it arrives: fields and
// parameters that the SDK does not know are kept, and no page is held in
// memory. The timeout bounds the time until the headers, and each silence after
// them. A page as a whole has Config.PageTime.
//
// A GET is tried once more when the broker was not reached. Anything but a 2xx
// is an *Error, as with every other call.
func (c *Client) Relay(ctx context.Context, r Request) (*Response, error) {
	if r.Method != http.MethodGet {
		return c.relay(ctx, r)
	}
	return retryOnce(ctx, func() (*Response, error) { return c.relay(ctx, r) })
}

func (c *Client) relay(ctx context.Context, r Request) (*Response, error) {
	host := c.base
	if r.Host == Data {
		host = c.broker.config.DataURL
	}
	request, err := c.request(host, r)
	if err != nil {
		return nil, err
	}
	leave, refused := c.broker.pages.enter(c.account)
	if refused != nil {
		return nil, refused
	}
	bucket, done, refused := c.acquire(ctx, host, r.Kind)
	finish := c.begin(ctx, r.Host, r.Kind)
	if refused != nil {
		leave()
		finish(nil, refused)
		return nil, refused
	}
	// From here on the page owns the connection, and ends it whichever way it
	// ends.
	bounded, end := context.WithTimeout(ctx, c.broker.config.PageTime)
	bounded, cancel := context.WithCancelCause(bounded)
	p := &page{caller: ctx, ctx: bounded, idle: c.broker.config.Timeout, left: c.broker.config.MaxPage, broken: Ambiguous}
	if r.Method == http.MethodGet {
		p.broken = Unavailable
	}
	p.end = func() { cancel(nil); end(); leave() }
	p.late = time.AfterFunc(p.idle, func() { cancel(errSilent) })

	x := &roundTrip{ctx: bounded, transport: foreign{c.broker.relaying, c.credentials}, clocks: c.broker.clocks, host: host}
	failure := p.open(x, request)
	if x.header != nil {
		c.broker.limits.update(bucket, x.header)
	}
	if failure != nil {
		refusal := c.classify(ctx, x, failure)
		switch {
		case x.status == http.StatusInternalServerError, x.status == http.StatusGatewayTimeout, x.succeeded():
			done(noFault) // maybe due to this request: others may still get answers
		default:
			done(blame(ctx, x, refusal))
		}
		finish(x, refusal)
		p.Close()
		if refusal.Kind == Unauthorized {
			refusal = c.confirm(ctx, refusal)
		}
		return nil, refusal
	}
	done(noFault)
	finish(x, nil)
	return &Response{Status: x.status, Length: p.length, RequestID: clean(x.header.Get("X-Request-ID")), Body: p}, nil
}

// request makes the HTTP request. It refuses a segment that a server on the way
// could take for another path.
func (c *Client) request(host string, r Request) (*http.Request, error) {
	var target strings.Builder
	target.WriteString(host)
	for _, segment := range r.Path {
		if segment == "" || segment == "." || strings.Contains(segment, "..") {
			return nil, fmt.Errorf("%q is no part of a path at the broker", segment)
		}
		target.WriteString("/" + url.PathEscape(segment))
	}
	if len(r.Query) > 0 {
		target.WriteString("?" + r.Query.Encode())
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequest(r.Method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("write the request to the broker: %w", err)
	}
	request.Header.Set("APCA-API-KEY-ID", c.credentials.KeyID.Reveal())
	request.Header.Set("APCA-API-SECRET-KEY", c.credentials.SecretKey.Reveal())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Paddock")
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// page is the body of an answer that is still being read.
type page struct {
	caller context.Context // the reader's
	ctx    context.Context // the call's own
	body   io.ReadCloser
	length int64
	left   int64 // bytes that may still come
	idle   time.Duration
	late   *time.Timer // ends the call after too long a silence
	end    func()
	broken Kind // the failure's kind where the answer breaks off
}

// maxRefusal bounds the body of an error answer, in bytes.
const maxRefusal = 1 << 20

var (
	errSilent   = &ownError{text: "the broker kept silent for too long"}
	errTooLarge = &ownError{text: "the broker's answer is too large to be passed through"}
	errNotJSON  = &ownError{text: "the broker's answer is not JSON"}
)

// open sends the request and reads the answer's headers, and the whole body of
// an error answer.
func (p *page) open(x *roundTrip, request *http.Request) error {
	response, err := x.send(request)
	if err != nil {
		if cause := context.Cause(p.ctx); errors.Is(cause, errSilent) {
			return cause
		}
		return err
	}
	p.body, p.length, x.status = response.Body, response.ContentLength, response.StatusCode
	if x.status >= 400 {
		x.body, _ = io.ReadAll(io.LimitReader(p.body, maxRefusal)) // without its text it is refused all the same
		return errors.New("the broker refused")
	}
	if p.length > p.left {
		x.status = 0
		return errTooLarge
	}
	// A page of a proxy on the way is no answer of the broker.
	if named := response.Header.Get("Content-Type"); named != "" && p.length != 0 {
		if kind, _, err := mime.ParseMediaType(named); err != nil || kind != "application/json" {
			return errNotJSON
		}
	}
	p.late.Stop()
	return nil
}

// Read returns what has arrived. Between two reads the reader may take its
// time.
func (p *page) Read(into []byte) (int, error) {
	p.late.Reset(p.idle)
	n, err := p.body.Read(into)
	p.late.Stop()
	p.left -= int64(n)
	switch {
	case p.left < 0:
		err = errTooLarge
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case p.caller.Err() != nil:
		return n, canceled(p.caller)
	case context.Cause(p.ctx) != nil:
		err = context.Cause(p.ctx)
	}
	return n, &Error{Kind: p.broken, Cause: withoutBytes(err)}
}

// Close ends the call.
func (p *page) Close() error {
	p.late.Stop()
	p.end()
	if p.body == nil {
		return nil
	}
	return p.body.Close()
}

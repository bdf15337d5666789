package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"paddock/app/quota"
)

// maxAnswer is the largest answer of the API that a tool hands on. A model could not read
// a longer one.
const maxAnswer = 1 << 20

// caller makes requests to the API with one API token.
type caller struct {
	client *http.Client
	base   string      // URL of the API, without a path
	header http.Header // of each request, with the token
	keep   time.Duration

	mu     sync.Mutex
	known  *token // what the token was at knownAt
	knowAt time.Time
}

// token is what the API says of the token.
type token struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Scopes   []string  `json:"scopes"`
	Accounts []account `json:"accounts"`
}

// account is an account that the token reaches.
type account struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Environment string   `json:"environment"` // paper or live
	Role        string   `json:"role"`
	IsActive    bool     `json:"is_active"`
	Scopes      []string `json:"scopes"`
	SleeveID    *string  `json:"sleeve_id"`
}

// request is a request to the API.
type request struct {
	method, path string
	query        url.Values
	body         []byte // JSON, nil for none
	account      string
	key          string // for Idempotency-Key
}

// answer is what the API answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

var errTooLong = errors.New("the answer is too long: ask for less, with a smaller limit or a shorter range")

// do sends a request.
func (c *caller) do(ctx context.Context, r request) (answer, error) {
	to := c.base + r.path
	if len(r.query) > 0 {
		to += "?" + r.query.Encode()
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	send, err := http.NewRequestWithContext(ctx, r.method, to, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	send.Header = c.header.Clone()
	send.Header.Set("Accept", "application/json")
	if r.body != nil {
		send.Header.Set("Content-Type", "application/json")
	}
	if r.account != "" {
		send.Header.Set("X-Account-ID", r.account)
	}
	if r.key != "" {
		send.Header.Set("Idempotency-Key", r.key)
	}
	response, err := c.client.Do(send)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // without the URL, in which a password may be
		}
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = errTooLong
	}
	return answer{response.StatusCode, response.Header, text}, err
}

// ofItself marks a request that the tools make for themselves, beside the one that was
// asked for. It has no place in the user's quota: the call that it belongs to has.
func ofItself(ctx context.Context) context.Context { return quota.Free(ctx) }

// token returns what the token may do. It asks again after a while: accounts are renamed
// and roles end, though the API decides for itself whatever is kept here.
func (c *caller) token(ctx context.Context) (token, answer, error) {
	c.mu.Lock()
	known := c.known
	fresh := time.Since(c.knowAt) < c.keep
	c.mu.Unlock()
	if known != nil && fresh {
		return *known, answer{status: http.StatusOK}, nil
	}
	a, err := c.do(ofItself(ctx), request{method: http.MethodGet, path: "/api/tokens/current"})
	if err != nil || a.status != http.StatusOK {
		return token{}, a, err
	}
	var t token
	if err := json.Unmarshal(a.body, &t); err != nil {
		return token{}, a, fmt.Errorf("read what the token may do: %w", err)
	}
	c.mu.Lock()
	c.known, c.knowAt = &t, time.Now()
	c.mu.Unlock()
	return t, a, nil
}

// retryAfter returns the seconds of the header Retry-After, or nil.
func (a answer) retryAfter() *int {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		return nil
	}
	return &seconds
}

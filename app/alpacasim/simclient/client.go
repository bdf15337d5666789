// Package simclient controls a simulated Alpaca that runs in another process,
// over the endpoints under /_sim/ that paddock sim --control serves. What goes
// in is what a test wants to happen there: a price, a time, a fault, a split.
// What comes out is the simulator's own record of orders, positions and
// executions.
//
// Control needs no keys, and is served to the same machine alone. Orders are
// placed with any client of Alpaca's. A test whose simulator runs in its own
// process calls the methods of alpacasim.Sim, which do the same.
//
// Each method returns an *Error where the simulator refused the request.
package simclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Client controls one simulator. It may be used by several goroutines.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the simulator at base, such as http://127.0.0.1:8090.
// It sends its requests with c, or with http.DefaultClient where c is nil.
func New(base string, c *http.Client) *Client {
	if c == nil {
		c = http.DefaultClient
	}
	return &Client{base: strings.TrimRight(base, "/"), http: c}
}

// Error is the simulator's refusal of a request.
type Error struct {
	Status  int    // of HTTP: 400 for what makes no sense, 404 where control is not served
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("the simulator answered %d: %s", e.Status, e.Message)
}

// post makes a control request that returns nothing.
func (c *Client) post(ctx context.Context, path string, q url.Values) error {
	_, err := c.send(ctx, http.MethodPost, path, q)
	return err
}

// get reads what there is of the account with this key into out.
func (c *Client) get(ctx context.Context, path, keyID string, out any) error {
	text, err := c.send(ctx, http.MethodGet, path, url.Values{"key_id": {keyID}})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read the simulator's %s: %w", path, err)
	}
	return nil
}

// send makes a request and returns the body of its response.
func (c *Client) send(ctx context.Context, method, path string, q url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/_sim/"+path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the simulator's response: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		refused := &Error{}
		if json.Unmarshal(text, refused) != nil || refused.Message == "" {
			refused.Message = strings.TrimSpace(string(text))
		}
		refused.Status = response.StatusCode
		return nil, refused
	}
	return text, nil
}

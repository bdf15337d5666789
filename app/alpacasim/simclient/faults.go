package simclient

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"paddock/app/alpacasim"
)

// Inject makes a fault happen as described. It replaces an earlier one with the
// same fault, account, method, event and class. The delay is in whole
// milliseconds.
func (c *Client) Inject(ctx context.Context, in alpacasim.Injection) error {
	q := url.Values{"kind": {string(in.Fault)}, "n": {strconv.Itoa(in.N)}}
	for name, value := range map[string]string{"key_id": in.KeyID, "on": in.On, "event": in.Event, "class": in.Class} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if in.P != 0 {
		q.Set("p", strconv.FormatFloat(in.P, 'g', -1, 64))
	}
	if in.Delay != 0 {
		ms, err := whole(in.Delay, time.Millisecond)
		if err != nil {
			return err
		}
		q.Set("ms", ms)
	}
	return c.post(ctx, "fault", q)
}

// ClearFaults removes all faults, and accepts streams again.
func (c *Client) ClearFaults(ctx context.Context) error { return c.post(ctx, "faults/clear", nil) }

// CutStreams ends all streams now; clients may connect again.
func (c *Client) CutStreams(ctx context.Context) error { return c.post(ctx, "streams/cut", nil) }

// RefuseStreams refuses streams with the status of an error, or accepts them
// again with 0.
func (c *Client) RefuseStreams(ctx context.Context, status int) error {
	return c.post(ctx, "streams/refuse", url.Values{"status": {strconv.Itoa(status)}})
}

// ReapStreams sets for how long the place of a closed WebSocket stays taken, in
// whole seconds.
func (c *Client) ReapStreams(ctx context.Context, after time.Duration) error {
	seconds, err := whole(after, time.Second)
	if err != nil {
		return err
	}
	return c.post(ctx, "streams/reap", url.Values{"seconds": {seconds}})
}

// whole returns how many units a duration has, and an error where they do not
// come out even: the simulator would otherwise be told something else.
func whole(d, unit time.Duration) (string, error) {
	if d%unit != 0 {
		return "", fmt.Errorf("%s is not a whole number of units of %s", d, unit)
	}
	return strconv.FormatInt(int64(d/unit), 10), nil
}

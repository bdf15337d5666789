package broker

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// worksFor is how long keys count as working after the trading host took them,
// so that a burst of 401s from elsewhere costs one request to it.
const worksFor = 5 * time.Second

// maxWorking bounds the memory. To forget costs one request more.
const maxWorking = 10_000

// keyChecks notes which keys the trading host took lately.
type keyChecks struct {
	asking singleflight.Group

	mu      sync.Mutex
	working map[[sha256.Size]byte]time.Time // until when the keys count as working
}

func newKeyChecks() *keyChecks {
	return &keyChecks{working: map[[sha256.Size]byte]time.Time{}}
}

func (k *keyChecks) work(keys [sha256.Size]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Now().Before(k.working[keys])
}

func (k *keyChecks) noteWorking(keys [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.working) >= maxWorking {
		clear(k.working)
	}
	k.working[keys] = time.Now().Add(worksFor)
}

// CheckKeys reads the broker's account, once, to see whether the trading host
// takes the client's keys. Its Unauthorized is the host's own word, as it came.
func (c *Client) CheckKeys(ctx context.Context) (AccountAnswer, error) {
	asking := *c
	asking.takesAsSaid = true
	return trade(ctx, &asking, "account", func(sdk *alpaca.Client) error { _, err := sdk.GetAccount(); return err }, decodeObject[alpaca.Account])
}

// ConfirmUnauthorized returns err as it is, unless it is Unauthorized and the
// trading host, asked for the account, does not say so too. Then it returns
// Unavailable: one host, path or stream may refuse the keys for a reason of its
// own, or by mistake, and that proves nothing about the keys.
//
// All calls of a Client do this, so that their Unauthorized is confirmed.
// Streams are no calls of a Client: their readers do it.
func (c *Client) ConfirmUnauthorized(ctx context.Context, err error) error {
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Kind != Unauthorized {
		return err
	}
	if unconfirmed := c.confirm(ctx, refusal); unconfirmed != refusal {
		return unconfirmed
	}
	return err
}

// confirm returns a refusal of the keys where the trading host confirms it, and
// otherwise the Unavailable in place of it.
func (c *Client) confirm(ctx context.Context, refusal *Error) *Error {
	keys := sha256.Sum256([]byte(c.account + "\x00" + c.base + "\x00" + c.credentials.KeyID.Reveal() + "\x00" + c.credentials.SecretKey.Reveal()))
	checks := c.broker.keyChecks
	unconfirmed := *refusal
	unconfirmed.Kind = Unavailable
	if checks.work(keys) {
		return &unconfirmed
	}
	// Many calls may be refused at once: the first asks for all of them, whether
	// its own caller waits or not.
	answer := checks.asking.DoChan(string(keys[:]), func() (any, error) {
		asking := *c
		asking.lowPriority, asking.noWait, asking.spare = false, false, false
		_, err := asking.CheckKeys(context.WithoutCancel(ctx))
		if err == nil {
			checks.noteWorking(keys)
		}
		return nil, err
	})
	select {
	case said := <-answer:
		var e *Error
		switch {
		case IsKind(said.Err, Unauthorized):
			return refusal
		case errors.As(said.Err, &e):
			unconfirmed.RetryAfter = e.RetryAfter
		}
	case <-ctx.Done():
	}
	return &unconfirmed
}

package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	"github.com/google/uuid"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"paddock/app/credentials"
	"paddock/app/push"
	"paddock/app/tenant"
)

const (
	// A look at a webhook sends at most so many events, and none after this time: then
	// others have their turn.
	lookEvents = 100
	lookTime   = 5 * time.Second
	// claimFor is how long a webhook is its sender's: longer than a look and a try.
	claimFor = 30 * time.Second
)

// Config is what a Sender needs.
type Config struct {
	Worker   *tenant.Worker
	Keys     *credentials.Keyring
	Networks []netip.Prefix // that may be reached though they are not public
	Logger   *slog.Logger
	// GiveUp is how long a webhook may take nothing before it is switched off; three days
	// unless set.
	GiveUp time.Duration
	// OnTry, unless it is nil, is told how each try to send an event ended: one of Results.
	OnTry func(result string)
}

// How a try to send an event can end.
const (
	resultTaken       = "taken"
	resultRefused     = "refused"     // the receiver answered something else than 2xx
	resultUnreachable = "unreachable" // there was no answer
)

// Results returns how a try to send an event can end.
func Results() []string { return []string{resultTaken, resultRefused, resultUnreachable} }

func (s *Sender) observe(status int, failure string) {
	switch {
	case s.OnTry == nil:
	case failure == "":
		s.OnTry(resultTaken)
	case status != 0:
		s.OnTry(resultRefused)
	default:
		s.OnTry(resultUnreachable)
	}
}

// Sender sends events.
type Sender struct {
	Config
	holder uuid.UUID
	client *http.Client
}

// NewSender makes a Sender.
func NewSender(c Config) *Sender {
	if c.GiveUp == 0 {
		c.GiveUp = 72 * time.Hour
	}
	return &Sender{Config: c, holder: uuid.New(), client: newGuard(c.Networks).client()}
}

// Wake has the webhooks looked at that are due.
func (s *Sender) Wake(ctx context.Context) error {
	_, err := s.Worker.WakeWebhooks(ctx)
	return err
}

// Look sends the next events of a webhook, in their order. It ends at the first that is
// not taken, which is sent again later.
func (s *Sender) Look(ctx context.Context, account, webhook uuid.UUID) error {
	claim, is, err := s.Worker.BeginDelivery(ctx, account, webhook, s.holder, claimFor)
	if err != nil || !is {
		return err
	}
	d, err := s.send(ctx, claim)
	if err != nil {
		d.Error = "Paddock could not read the events or the secret"
		s.Logger.WarnContext(ctx, "a webhook could not be worked on", "account", account, "webhook", webhook, "err", err)
	}
	_, err = s.Worker.EndDelivery(context.WithoutCancel(ctx), claim, d, s.GiveUp)
	return err
}

// send sends what there is, and returns how far that came.
func (s *Sender) send(ctx context.Context, claim tenant.WebhookClaim) (d tenant.Delivered, err error) {
	outer, err := s.Keys.OuterKey(claim.KeyVersion, claim.Account)
	if err != nil {
		return d, err
	}
	events, encrypted, err := s.Worker.ReadDelivery(ctx, claim, outer, lookEvents)
	if err != nil || len(events) == 0 {
		return d, err
	}
	secret, err := s.Keys.OpenSecret(claim.KeyVersion, claim.Account, claim.Webhook, encrypted)
	if err != nil {
		return d, err
	}
	signer, err := standard.NewWebhook(secret.Reveal())
	if err != nil {
		return d, errors.New("the secret is none of Standard Webhooks'")
	}
	began := time.Now()
	for _, e := range events {
		if e.Kind != "" {
			if d.Seq != 0 && (time.Since(began) > lookTime || ctx.Err() != nil) {
				break
			}
			d.Status, d.Error = s.try(ctx, claim, signer, e)
			s.observe(d.Status, d.Error)
			if d.Error != "" {
				break
			}
		}
		d.Seq = e.Seq
	}
	return d, nil
}

// MessageID returns the id of the message by which a webhook is told of an event. It is
// the same at each try.
func MessageID(webhook uuid.UUID, seq int64) string {
	return "evt_" + strings.ReplaceAll(webhook.String(), "-", "") + "_" + strconv.FormatInt(seq, 10)
}

// try sends one event, and returns the status of the response and why it was not taken;
// nothing that the receiver says is in that.
func (s *Sender) try(ctx context.Context, claim tenant.WebhookClaim, signer *standard.Webhook, e tenant.Event) (status int, failure string) {
	body := push.EventText(claim.Account, e)
	at, id := time.Now(), MessageID(claim.Webhook, e.Seq)
	signature, err := signer.Sign(id, at, body)
	if err != nil {
		return 0, "Paddock could not sign the event"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, claim.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "the URL cannot be used"
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "Paddock-Webhooks",
		standard.HeaderWebhookID: id, standard.HeaderWebhookTimestamp: strconv.FormatInt(at.Unix(), 10), standard.HeaderWebhookSignature: signature,
	} {
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, explain(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 16<<10) // so that the connection can be used again; what is longer ends it
	if response.StatusCode/100 != 2 {
		return response.StatusCode, fmt.Sprintf("the receiver answered %d", response.StatusCode)
	}
	return response.StatusCode, ""
}

// explain says in our own words why a receiver was not reached.
func explain(err error) string {
	var timeout net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrInvalidHostPort):
		return "the receiver's address is not public"
	case errors.As(err, &name):
		return "the receiver's name is not known"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the receiver took too long"
	}
	return "the receiver could not be reached"
}

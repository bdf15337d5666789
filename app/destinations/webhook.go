package destinations

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"paddock/app/broker"
	"paddock/app/push"
	"paddock/app/tenant"
)

// sendWebhook sends events to a webhook, one after the other.
func (s *Sender) sendWebhook(ctx context.Context, claim tenant.DestinationClaim, secret broker.Secret, events []tenant.Event, d *tenant.Delivered) error {
	signer, err := standard.NewWebhook(secret.Reveal())
	if err != nil {
		return errors.New("the secret is none of Standard Webhooks'")
	}
	began := time.Now()
	for _, e := range events {
		if d.Seq != 0 && (time.Since(began) > lookTime || ctx.Err() != nil) {
			break
		}
		s.try(ctx, claim, signer, e, d)
		s.observe(claim.Type, *d)
		if d.Error != "" {
			break
		}
		d.Seq = e.Seq
	}
	return nil
}

// MessageID returns the id of the message by which a webhook is told of an event. It is
// the same at each try.
func MessageID(webhook uuid.UUID, seq int64) string {
	return "evt_" + strings.ReplaceAll(webhook.String(), "-", "") + "_" + strconv.FormatInt(seq, 10)
}

// try sends one event, and says the status of the response and why it was not taken;
// nothing that the receiver says is in that, but for how long to wait.
func (s *Sender) try(ctx context.Context, claim tenant.DestinationClaim, signer *standard.Webhook, e tenant.Event, d *tenant.Delivered) {
	d.Status, d.Error = 0, ""
	body := push.EventText(claim.Account, e)
	at, id := time.Now(), MessageID(claim.Destination, e.Seq)
	signature, err := signer.Sign(id, at, body)
	if err != nil {
		d.Error = "Paddock could not sign the event"
		return
	}
	header, _ := s.post(ctx, claim.Address, body, map[string]string{
		"User-Agent": "Paddock-Webhooks", standard.HeaderWebhookID: id, standard.HeaderWebhookTimestamp: strconv.FormatInt(at.Unix(), 10),
		standard.HeaderWebhookSignature: signature,
	}, d)
	if d.Status == http.StatusTooManyRequests || d.Status == http.StatusServiceUnavailable {
		d.Wait = retryAfter(header, nil)
	}
}

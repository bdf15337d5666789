package destinations

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
	"time"

	"code.dny.dev/ssrf"
	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/tenant"
)

const (
	// A look at a webhook sends at most so many events, and none after this time: then
	// others have their turn. A look at a notice sends one message.
	lookEvents  = 100
	lookTime    = 5 * time.Second
	noticeLines = 50
	// claimFor is how long a destination is its sender's: longer than a look and a try.
	claimFor = 40 * time.Second
)

// Where notices are posted.
const (
	telegramURL = "https://api.telegram.org"
	discordURL  = "https://discord.com"
)

// Config is what a Sender needs.
type Config struct {
	Worker   *tenant.Worker
	Keys     *credentials.Keyring
	Networks []netip.Prefix // that may be reached though they are not public
	Logger   *slog.Logger
	// SendMail sends a mail; nil where there is no mail server.
	SendMail func(ctx context.Context, to, subject, text string) error
	BaseURL  string // where people sign in
	// GiveUp is how long a destination may take nothing before it is switched off; three days
	// unless set.
	GiveUp time.Duration
	// OnTry, unless it is nil, is told how each try to send a message ended: the type of the
	// destination, and one of Results.
	OnTry func(kind, result string)
	// Telegram and Discord are where these are; their own hosts unless set, which tests do.
	Telegram, Discord string
}

// How a try to send a message can end.
const (
	resultTaken       = "taken"
	resultRefused     = "refused"     // the receiver answered something else than 2xx
	resultUnreachable = "unreachable" // there was no answer
)

// Results returns how a try to send a message can end.
func Results() []string { return []string{resultTaken, resultRefused, resultUnreachable} }

func (s *Sender) observe(kind string, d tenant.Delivered) {
	switch {
	case s.OnTry == nil:
	case d.Error == "":
		s.OnTry(kind, resultTaken)
	case d.Status != 0:
		s.OnTry(kind, resultRefused)
	default:
		s.OnTry(kind, resultUnreachable)
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
	if c.Telegram == "" {
		c.Telegram = telegramURL
	}
	if c.Discord == "" {
		c.Discord = discordURL
	}
	return &Sender{Config: c, holder: uuid.New(), client: newGuard(c.Networks).client()}
}

// Wake writes the summaries that are due, and has the destinations looked at that are.
func (s *Sender) Wake(ctx context.Context) error {
	err := s.Worker.WriteSummaries(ctx)
	_, woken := s.Worker.WakeDestinations(ctx)
	return errors.Join(err, woken)
}

// Look sends the next events of a destination, in their order. It ends at the first that
// is not taken, which is sent again later.
func (s *Sender) Look(ctx context.Context, account, destination uuid.UUID) error {
	claim, is, err := s.Worker.BeginDelivery(ctx, account, destination, s.holder, claimFor)
	if err != nil || !is {
		return err
	}
	d, err := s.send(ctx, claim)
	if err != nil {
		d.Error = "Paddock could not read the events or the secret"
		s.Logger.WarnContext(ctx, "a destination could not be worked on", "account", account, "destination", destination, "type", claim.Type, "err", err)
	}
	_, err = s.Worker.EndDelivery(context.WithoutCancel(ctx), claim, d, s.GiveUp)
	return err
}

// send sends what there is, and returns how far that came.
func (s *Sender) send(ctx context.Context, claim tenant.DestinationClaim) (d tenant.Delivered, err error) {
	var outer string
	if claim.KeyVersion != 0 {
		if outer, err = s.Keys.OuterKey(claim.KeyVersion, claim.Account); err != nil {
			return d, err
		}
	}
	most := noticeLines
	if claim.Type == typeWebhook {
		most = lookEvents
	}
	due, err := s.Worker.ReadDelivery(ctx, claim, outer, most)
	d.Apart = due.Apart
	if err != nil || len(due.Events) == 0 {
		return d, err
	}
	var secret broker.Secret
	if claim.KeyVersion != 0 {
		if secret, err = s.Keys.OpenSecret(claim.KeyVersion, claim.Account, claim.Destination, due.Secret); err != nil {
			return d, err
		}
	}
	if last := due.Events[len(due.Events)-1]; last.Kind == "" { // nothing is wanted up to there
		d.Seq = last.Seq
		return d, nil
	}
	if claim.Type == typeWebhook {
		err = s.sendWebhook(ctx, claim, secret, due.Events, &d)
	} else {
		s.sendNotice(ctx, claim, secret, due.Events, &d)
	}
	return d, err
}

// post posts JSON with these headers, and says the status of the response and why it was
// not taken. It returns what the receiver answered, which is for nothing but to find out how
// long to wait. The URL may have a secret, and stands in nothing that is kept.
func (s *Sender) post(ctx context.Context, url string, body []byte, headers map[string]string, d *tenant.Delivered) (header http.Header, said []byte) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		d.Error = "the URL cannot be used"
		return nil, nil
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	if err != nil {
		d.Error = explain(err)
		return nil, nil
	}
	defer response.Body.Close()
	said, _ = io.ReadAll(io.LimitReader(response.Body, 16<<10)) // so that the connection can be used again; what is longer ends it
	if d.Status = response.StatusCode; d.Status/100 != 2 {
		d.Error = fmt.Sprintf("the receiver answered %d", d.Status)
	}
	return response.Header, said
}

// explain says in our own words why a receiver was not reached. No error is kept or
// logged: it has the URL, in which there may be a secret.
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

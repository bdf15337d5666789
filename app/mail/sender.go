// Package mail sends mail through an SMTP server.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// Sender sends mail from one address through one server.
type Sender struct {
	client *mail.Client
	from   string
}

// New makes a Sender. server is a URL: smtps://USER:PASSWORD@HOST encrypts from the
// first byte (port 465), smtp://USER:PASSWORD@HOST with STARTTLS, without which nothing
// is sent (port 587). smtp://HOST?tls=none, which has no user, does not encrypt: it is
// for a server on the same machine. No error shows the URL.
func New(server, from string) (*Sender, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("PADDOCK_SMTP_URL must be a URL such as smtps://USER:PASSWORD@smtp.example.com")
	}
	plain := false
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "none" || u.Scheme != "smtp" {
			return nil, errors.New("PADDOCK_SMTP_URL: ?tls=none after smtp:// is all that may follow the host")
		}
		plain = true
	}
	if plain && u.User != nil {
		return nil, errors.New("PADDOCK_SMTP_URL: without TLS no password is sent, so give no user")
	}
	options := []mail.Option{mail.WithTimeout(20 * time.Second)}
	port := 587
	switch {
	case plain:
		port = 25
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case u.Scheme == "smtps":
		port = 465
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, errors.New("PADDOCK_SMTP_URL: the port is no number")
		}
	}
	options = append(options, mail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, errors.New("PADDOCK_SMTP_URL cannot be used")
	}
	if err := mail.NewMsg().From(from); err != nil {
		return nil, errors.New("PADDOCK_MAIL_FROM must be an email address, such as paddock@example.com")
	}
	return &Sender{client, from}, nil
}

// Send sends one mail of plain text, and returns when the server has taken it.
func (s *Sender) Send(ctx context.Context, to, subject, text string) error {
	m := mail.NewMsg()
	if err := m.From(s.from); err != nil {
		return fmt.Errorf("the sender's address: %w", err)
	}
	if err := m.To(to); err != nil {
		return errors.New("the address cannot be mailed to") // go-mail's error has the address
	}
	m.Subject(subject)
	m.SetBodyString(mail.TypeTextPlain, text)
	err := s.client.DialAndSendWithContext(ctx, m)
	var refused *mail.SendError
	if errors.As(err, &refused) { // its text has the addresses
		return fmt.Errorf("the mail server refused a mail (SMTP %d)", refused.ErrorCode())
	}
	if err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	return nil
}

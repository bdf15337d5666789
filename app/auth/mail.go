package auth

import (
	"context"
	"time"
)

// Mail is a message to one address.
type Mail struct{ To, Subject, Text string }

// mailTimeout is how long sending a mail may take.
const mailTimeout = 30 * time.Second

// maxMails is how many mails may be on their way at once. More are not sent, and the
// log says so.
const maxMails = 16

// sendMail sends a mail without waiting for it, so that how long an answer takes does
// not tell whether there was something to send.
func (s *Service) sendMail(ctx context.Context, m Mail) {
	select {
	case s.mails <- struct{}{}:
	default:
		s.config.Logger.ErrorContext(ctx, "a mail was not sent: too many are on their way")
		return
	}
	s.sending.Go(func() {
		defer func() { <-s.mails }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
		defer cancel()
		if err := s.config.SendMail(ctx, m); err != nil {
			s.config.Logger.ErrorContext(ctx, "a mail was not sent", "err", err)
		}
	})
}

// WaitForMails returns when no mail is on its way any more.
func (s *Service) WaitForMails() { s.sending.Wait() }

package auth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// What may be had in an hour: mails that one network asks for, and mails of one kind to
// one address.
const (
	maxMailRequests = 20
	maxMailsOfKind  = 5
)

// The kinds of mails, which are counted apart: nobody uses up one by asking for another.
const (
	mailsReset        = "reset-to:"
	mailsVerification = "verify-to:"
	mailsConfirmation = "confirm-to:"
	mailsSignUp       = "sign-up-to:"
)

// countMailSQL also deletes what is long over.
const countMailSQL = `with over as (delete from auth.mail_counts where since < clock_timestamp() - interval '1 day')
	insert into auth.mail_counts as c (who) values ($1)
	on conflict (who) do update set
		since = case when c.since > clock_timestamp() - interval '1 hour' then c.since else clock_timestamp() end,
		requests = 1 + case when c.since > clock_timestamp() - interval '1 hour' then c.requests else 0 end
	returning requests, since + interval '1 hour' - clock_timestamp()`

func (s *Service) countMail(ctx context.Context, who string) (asked int, wait time.Duration, err error) {
	found, err := s.queryRow(ctx, []any{&asked, &wait}, countMailSQL, who)
	if err == nil && !found {
		err = errors.New("a request for a mail was not counted")
	}
	return asked, wait, err
}

// countMailRequest counts a request for a mail, whether its address is known or not. It
// ends with tooManyTries where there were too many from the client's network.
func (s *Service) countMailRequest(ctx context.Context, r *http.Request) error {
	if !s.config.RateLimit {
		return nil
	}
	asked, wait, err := s.countMail(ctx, signUpNetwork(s.ClientAddress(r)).String())
	if err == nil && asked > maxMailRequests {
		err = &tooManyTries{max(wait, time.Second)}
	}
	return err
}

// mayMail counts a mail of this kind to an address, whether somebody has it or not, and
// reports whether it may be sent: an address that has had many gets no more, and who
// asked is not told.
func (s *Service) mayMail(ctx context.Context, kind, email string) (bool, error) {
	if !s.config.RateLimit {
		return true, nil
	}
	asked, _, err := s.countMail(ctx, storedIdentifier(kind+email))
	return asked <= maxMailsOfKind, err
}

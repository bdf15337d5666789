package auth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// What may be asked for in an hour: resets from one network, and mails to one address.
const (
	maxResets       = 20
	maxResetsMailed = 5
)

// countResetSQL also deletes what is long over.
const countResetSQL = `with over as (delete from auth.reset_counts where since < clock_timestamp() - interval '1 day')
	insert into auth.reset_counts as c (who) values ($1)
	on conflict (who) do update set
		since = case when c.since > clock_timestamp() - interval '1 hour' then c.since else clock_timestamp() end,
		requests = 1 + case when c.since > clock_timestamp() - interval '1 hour' then c.requests else 0 end
	returning requests, since + interval '1 hour' - clock_timestamp()`

// countReset counts a request for a reset, whether its address is known or not, and
// reports whether a mail may be sent: an address that has had many gets no more, and
// who asked is not told. It ends with tooManyTries where there were too many from the
// client's network.
func (s *Service) countReset(ctx context.Context, r *http.Request, email string) (send bool, err error) {
	if !s.config.RateLimit {
		return true, nil
	}
	count := func(who string) (asked int, wait time.Duration, err error) {
		found, err := s.queryRow(ctx, []any{&asked, &wait}, countResetSQL, who)
		if err == nil && !found {
			err = errors.New("a request for a reset was not counted")
		}
		return asked, wait, err
	}
	asked, wait, err := count(signUpNetwork(s.ClientAddress(r)).String())
	if err != nil {
		return false, err
	}
	if asked > maxResets {
		return false, &tooManyTries{max(wait, time.Second)}
	}
	asked, _, err = count(storedIdentifier("reset-to:" + email))
	return asked <= maxResetsMailed, err
}

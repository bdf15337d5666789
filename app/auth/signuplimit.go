package auth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"
)

// maxSignUps is how many sign-ups may be tried from a network in an hour.
const maxSignUps = 20

// tooManyTries is the error for a call that may be made again after a while.
type tooManyTries struct{ wait time.Duration }

func (t *tooManyTries) Error() string { return "too many tries" }

// signUpNetwork is the network that a client's sign-ups count for: its IPv4
// address, or the /48 that an IPv6 site has. All addresses that cannot be read
// are one.
func signUpNetwork(client netip.Addr) netip.Prefix {
	bits := 32
	if client.Is6() {
		bits = 48
	}
	network, err := client.Prefix(bits)
	if err != nil || !network.IsValid() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 32)
	}
	return network
}

// countSignUpSQL also deletes what is long over.
const countSignUpSQL = `with over as (delete from auth.sign_up_counts where since < clock_timestamp() - interval '1 day')
	insert into auth.sign_up_counts as c (network) values ($1)
	on conflict (network) do update set
		since = case when c.since > clock_timestamp() - interval '1 hour' then c.since else clock_timestamp() end,
		sign_ups = 1 + case when c.since > clock_timestamp() - interval '1 hour' then c.sign_ups else 0 end
	returning sign_ups, since + interval '1 hour' - clock_timestamp()`

// countSignUp counts a sign-up before it is carried out, whether its email
// address is known or not. It ends with tooManyTries where there were too many
// from the client's network.
func (s *Service) countSignUp(ctx context.Context, r *http.Request) error {
	if !s.config.RateLimit {
		return nil
	}
	var tried int
	var wait time.Duration
	found, err := s.queryRow(ctx, []any{&tried, &wait}, countSignUpSQL, signUpNetwork(s.ClientAddress(r)))
	switch {
	case err != nil:
		return err
	case !found:
		return errors.New("a sign-up was not counted")
	case tried > maxSignUps:
		return &tooManyTries{max(wait, time.Second)}
	}
	return nil
}

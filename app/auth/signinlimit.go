package auth

import (
	"context"
	"net/http"
	"time"
)

// How often a password may be wrong within signInWindow: for one email address from one
// network, and for all addresses from one network.
const (
	signInWindow      = 15 * time.Minute
	maxTriesOfAddress = 10
	maxTriesOfNetwork = 50
)

// countSignInSQL counts under both keys and returns how long to wait if there were too
// many of one. It also deletes what is over, but no row that somebody else has locked:
// nobody waits for the row of another address or network.
const countSignInSQL = `with over as (
		delete from auth.sign_in_counts where who in (
			select o.who from auth.sign_in_counts o where o.since <= clock_timestamp() - $3::interval and o.who <> all ($1)
			order by o.since limit 100 for update skip locked)
	), counted as (
		insert into auth.sign_in_counts as c (who) select unnest($1::text[])
		on conflict (who) do update set
			since = case when c.since > clock_timestamp() - $3::interval then c.since else clock_timestamp() end,
			tries = 1 + case when c.since > clock_timestamp() - $3::interval then c.tries else 0 end
		returning who, tries, since
	) select max(since + $3::interval - clock_timestamp()) from counted join unnest($1::text[], $2::integer[]) of (who, most) using (who)
	where tries > most`

// countSignIn counts that a password is tried for an email address, before it is looked
// at and whether somebody has the address or not. It ends with tooManyTries where there
// were too many: from the client's network, so that nobody can be kept out of their own
// account from elsewhere. Without the database it fails, as signing in would.
func (s *Service) countSignIn(ctx context.Context, r *http.Request, email string) error {
	if !s.config.RateLimit {
		return nil
	}
	var wait *time.Duration
	_, err := s.queryRow(ctx, []any{&wait}, countSignInSQL, s.signInKeys(r, email), []int{maxTriesOfAddress, maxTriesOfNetwork}, signInWindow)
	if err == nil && wait != nil {
		err = &tooManyTries{max(*wait, time.Second)}
	}
	return err
}

// forgetSignInsSQL takes the tries for an address back, and the last of its network.
const forgetSignInsSQL = `with last as (
		update auth.sign_in_counts set tries = tries - 1 where who = ($1::text[])[2] and tries > 0
	) delete from auth.sign_in_counts where who = ($1::text[])[1]`

// forgetSignIns takes back what countSignIn counted, after the password was right. That
// it fails hinders nobody from signing in.
func (s *Service) forgetSignIns(ctx context.Context, r *http.Request, email string) {
	if !s.config.RateLimit {
		return
	}
	if _, err := s.config.Pool.Exec(ctx, forgetSignInsSQL, s.signInKeys(r, email)); err != nil {
		s.config.Logger.WarnContext(ctx, "a sign-in goes on counting as a wrong one", "err", err)
	}
}

// signInKeys returns what the tries of a client for an address are counted under: the
// address from the client's network, and the network. Every statement takes the rows in
// this order.
func (s *Service) signInKeys(r *http.Request, email string) []string {
	network := signUpNetwork(s.ClientAddress(r)).String()
	return []string{storedIdentifier("sign-in:" + network + ":" + email), network}
}

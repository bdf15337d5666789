package push_test

import (
	"testing"
	"time"

	"paddock/app/push"
)

// apiToken gives a user an API token that reaches these accounts of theirs.
func (f *fixture) apiToken(text, user string, accounts ...int) {
	f.t.Helper()
	f.exec(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
		select i, '` + user + `', array[i], 'x', sha256('` + text + `'), 'x', '{read}', true, now(), now() + interval '1 hour' from gen_random_uuid() i`)
	for _, n := range accounts {
		f.exec(`insert into private.token_accounts (account_id, token_id) select '` + account(n) + `', t.id from private.api_tokens t where t.digest = sha256('` + text + `')`)
	}
}

// An API token is told of the accounts that it reaches, and of no other of its user's;
// within a second of its end its connections end too.
func TestAPITokenFollowsItsAccounts(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	f.exec(`insert into app.account_grants (account_id, user_id, role) values ('` + account(2) + `', 'u1', 'viewer')`)
	for _, end := range []struct{ what, sql string }{
		{"it is revoked", "update private.api_tokens set revoked_at = now() where digest = sha256('pdk_it is revoked')"},
		{"it expires", "update private.api_tokens set expires_at = now() where digest = sha256('pdk_it expires')"},
		{"its user is disabled", "insert into auth.disabled_users (user_id) values ('u1')"},
	} {
		t.Run(end.what, func(t *testing.T) {
			f.apiToken("pdk_"+end.what, "u1", 1)
			c := f.dialWith("pdk_"+end.what, "")
			c.subscribe(1, "")
			c.want("subscribed", "")
			c.subscribe(2, "")
			c.want("unsubscribed", "account_forbidden")
			f.say(2, "of an account that it does not reach")
			f.say(1, "of its own")
			if m := c.want("event", ""); m.Account != account(1) {
				t.Errorf("it is told of %+v", m)
			}
			f.exec(end.sql)
			ended := time.Now()
			c.wantClosed(4401)
			if took := time.Since(ended); took > 3*time.Second { // a second, on a machine that does nothing else
				t.Errorf("it ended after %v", took)
			}
		})
	}
	c := f.dialWith("pdk_of nobody", "")
	c.wantClosed(4401)
}

// Where an API token does not reach an account any more, its connections are told
// so within a second, without an event.
func TestALookKnowsWhatATokenReaches(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
	f.apiToken("pdk_reaching", "u1", 1)
	c := f.dialWith("pdk_reaching", "")
	c.subscribe(1, "")
	c.want("subscribed", "")
	f.exec(`delete from private.token_accounts`)
	c.want("unsubscribed", "account_forbidden")
}

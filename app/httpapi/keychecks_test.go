package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A user has keys checked at Alpaca at most 10 times in a minute and 100 times
// in a day, on however many accounts and however many at once, and refused ones
// count three times. Nobody else's are counted with them.
func TestKeyChecksAreLimited(t *testing.T) {
	var checks atomic.Int64
	s := newServer(t, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/account" {
				checks.Add(1)
			}
			sim.ServeHTTP(w, r)
		})
	})
	ada, bob := s.signUp("ada"), s.signUp("bob")
	var accounts []string
	for i := range 3 {
		accounts = append(accounts, ada.do("POST", "/api/accounts", fmt.Sprintf(`{"name":"%d","environment":"paper"}`, i)).field(t, "id"))
	}
	wrong := `{"key_id":"` + s.seeds[0].KeyID + `","secret_key":"` + s.seeds[1].SecretKey + `"}`
	right := `{"key_id":"` + s.seeds[0].KeyID + `","secret_key":"` + s.seeds[0].SecretKey + `"}`
	put := func(u *user, account, keys string) answer {
		return u.do("PUT", "/api/accounts/"+account+"/credentials", keys)
	}
	laterBy := func(interval string) {
		t.Helper()
		_, err := s.db.Conn(t, "admin").Exec(t.Context(),
			"update private.key_checks set minute_from = minute_from - $1::interval, day_from = day_from - $1::interval", interval)
		if err != nil {
			t.Fatal(err)
		}
	}
	limited := func(a answer, from, to int) {
		t.Helper()
		a.want(t, 429, "too_many_key_checks")
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < from || wait > to {
			t.Errorf("Retry-After is %q, want %d to %d", a.header.Get("Retry-After"), from, to)
		}
		if !strings.Contains(a.text, "10 times in a minute") {
			t.Errorf("it does not say the limit: %s", a.text)
		}
	}

	// Refused ones, one after the other, on several accounts.
	for i := range 4 {
		put(ada, accounts[i%3], wrong).want(t, 422, "credentials_rejected")
	}
	before := checks.Load()
	limited(put(ada, accounts[0], wrong), 50, 60)
	limited(put(ada, accounts[1], right), 50, 60)
	if n := checks.Load() - before; n != 0 {
		t.Errorf("%d checks reached Alpaca after the last that may", n)
	}
	bob.connect("one", s.seeds[1])

	// What cannot be keys, or is not one's own to store, counts for nothing.
	laterBy("1 minute")
	for range 20 {
		put(ada, accounts[0], `{"key_id":"x","secret_key":"y"}`).want(t, 400, "invalid_credentials")
		put(bob, accounts[0], wrong).want(t, 403, "account_forbidden")
	}

	// Right ones count once.
	for range 10 {
		put(ada, accounts[0], right).want(t, 200, "")
	}
	limited(put(ada, accounts[0], right), 50, 60)

	// Many at once.
	laterBy("1 minute")
	before = checks.Load()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() { put(ada, accounts[1], wrong) })
	}
	all.Wait()
	if n := checks.Load() - before; n > 10 {
		t.Errorf("%d checks at once reached Alpaca, want 10 at most", n)
	}

	// A day's.
	before = checks.Load()
	for range 100 {
		laterBy("1 minute")
		if put(ada, accounts[1], wrong).status == 429 {
			break
		}
	}
	limited(put(ada, accounts[1], wrong), 20*60*60, 24*60*60)
	if n := checks.Load() - before; n > 30 {
		t.Errorf("%d refused checks more reached Alpaca in a day", n)
	}
	laterBy("1 day")
	put(ada, accounts[0], right).want(t, 200, "")
}

package system

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"paddock/tests/kit"
)

// mustCall sends a request and decodes the answer, which must have this status.
func (u *user) mustCall(method, path, account string, body any, status int, into any) {
	u.w.t.Helper()
	response := u.call(method, path, account, body)
	defer response.Body.Close()
	if response.StatusCode != status {
		u.w.t.Fatalf("%s %s: %d", method, path, response.StatusCode)
	}
	if into != nil {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			u.w.t.Fatal(err)
		}
	}
}

// followBy has an account of the user's follow an offer, by a token of its own.
func (a *account) followBy(code, ratio string) {
	a.user.w.t.Helper()
	var token struct{ ID string }
	a.user.mustCall("POST", "/api/tokens", "", map[string]any{"name": "copies", "accounts": []string{a.id}, "scopes": []string{"trade"}}, http.StatusCreated, &token)
	a.user.mustCall("POST", "/api/copying/follows", a.id, map[string]any{"copy_code": code, "token_id": token.ID, "ratio": ratio}, http.StatusCreated, nil)
}

// Wherever the server is killed, each of a leader's orders becomes one order of each
// follower's at most, none is forgotten, and what was not sent says so. A follower who holds
// things up does not hold up the leader.
func TestCopiesOutliveTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorld(t)
	w.start()
	ada, ben, cy := w.signUp("ada"), w.signUp("ben"), w.signUp("cy")
	leader, one, two := ada.connect("lead", w.seeds[0]), ben.connect("one", w.seeds[1]), cy.connect("two", w.seeds[2])
	for _, a := range []*account{leader, one, two} {
		a.awaitMirror()
	}
	var offer struct {
		Code string `json:"copy_code"`
	}
	ada.mustCall("POST", "/api/copying/offer", leader.id, map[string]any{"name": "lead"}, http.StatusCreated, &offer)
	one.followBy(offer.Code, "1")
	two.followBy(offer.Code, "2")
	eye := w.postgres.Conn(t, "admin")
	count := func(sql string) (n int) {
		t.Helper()
		if err := eye.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	unended := `select (select count(*) from private.due_copies) + (select count(*) from app.jobs where ended_at is null)`

	for _, step := range []struct {
		what, login, statement string
		nth                    int
	}{
		{"before the copy is made", "paddock_worker", "private.make_copy", 1},
		{"when its job has begun", "paddock_app", "private.lock_event_log", 1},
		{"when the broker has answered", "paddock_app", "private.lock_event_log", 2},
	} {
		reached := false
		for try := 0; !reached && try < 20; try++ {
			g := w.newGate(one.id)
			leader.mustBuy("AAPL", 2) // while the follower's log is locked
			reached = g.reach("", step.login, step.statement, step.nth, func() bool { return count(unended) == 0 })
			if reached {
				w.kill()
			}
			g.open(g.conns[0])
			kit.Within(t, time.Minute, "the sessions to end", func() error {
				if who := g.waits(); len(who) > 0 {
					return fmt.Errorf("%v", who)
				}
				return nil
			})
			if reached {
				w.start()
			}
			kit.Within(t, time.Minute, "the copies to end", func() error {
				if n := count(unended); n > 0 {
					return fmt.Errorf("%d are left", n)
				}
				return nil
			})
		}
		if !reached {
			t.Fatalf("the server is never seen %s", step.what)
		}
	}

	// And in the middle of many.
	for range 3 {
		before := count("select count(*) from app.copies where state <> 'waiting'")
		for range 4 {
			leader.mustBuy("AAPL", 1)
		}
		kit.Within(t, time.Minute, "a copy to be made", func() error {
			if n := count("select count(*) from app.copies where state <> 'waiting'"); n <= before {
				return fmt.Errorf("%d", n)
			}
			return nil
		})
		w.kill()
		w.start()
	}
	kit.Within(t, time.Minute, "all to end", func() error {
		if n := count(unended); n > 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
	if led, copied := count(`select count(*) from app.alpaca_orders o join private.copy_offers f on f.account_id = o.account_id`), count("select count(*) from app.copies"); copied != 2*led {
		t.Errorf("of %d orders there are %d copies", led, copied)
	}
	for _, a := range []*account{one, two} {
		kit.Within(t, time.Minute, "every copy to be known", func() error {
			there := map[string]int{}
			for _, o := range w.sim.Orders(a.seed.KeyID) {
				there[o.ClientOrderID]++
			}
			rows, err := eye.Query(t.Context(), `select c.id::text, coalesce(o.intent_state, 'none') from app.copies c
				left join app.alpaca_orders o on o.account_id = c.account_id and o.id = c.id where c.account_id = $1`, a.id)
			if err != nil {
				return err
			}
			defer rows.Close()
			copies := 0
			for rows.Next() {
				var id, state string
				if err := rows.Scan(&id, &state); err != nil {
					return err
				}
				copies += there[id]
				// Killed between its intent and the call, an order is not sent again: nobody knows whether it was.
				if n := there[id]; n > 1 || n == 1 && state != "accepted" || n == 0 && state != "submitting" && state != "unknown" {
					return fmt.Errorf("the copy %s is at the broker %d times, and here %s", id, n, state)
				}
			}
			if n := len(w.sim.Orders(a.seed.KeyID)); copies != n {
				return fmt.Errorf("the broker has %d orders, and %d of them are copies", n, copies)
			}
			return rows.Err()
		})
	}
}

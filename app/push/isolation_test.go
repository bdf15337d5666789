package push_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// Even without any check in Go, when each connection follows every account, no
// connection gets events of an account that its user may not read: the database
// checks each.
func TestTheDatabaseDecides(t *testing.T) {
	f := newFixture(t, nil)
	for user := range 3 {
		f.say(user+1, "secret")
	}
	clients := []*client{f.dial(1), f.dial(2), f.dial(3)}
	for _, c := range clients { // wait until each is connected
		c.send(`{"type":"ping"}`)
		c.want("pong", "")
	}
	for i := range clients {
		f.hub.FollowUnasked(uuid.MustParse(account(i+1)), 0)
	}
	for user := range 3 {
		f.say(user+1, "secret again")
	}
	for i, c := range clients {
		events, refused := 0, 0
		for events < 2 || refused < 2 {
			m, err := c.next()
			switch {
			case err != nil:
				t.Fatalf("user %d got %d events and %d refusals: %v", i+1, events, refused, err)
			case m.Type == "event" && m.Account == account(i+1):
				events++
			case m.Type == "unsubscribed" && m.Account != account(i+1) && m.Code == "account_forbidden":
				refused++
			default:
				t.Fatalf("user %d received %+v", i+1, m)
			}
		}
	}
	for i, c := range clients { // nothing else arrives before the next event
		f.say(i+1, "the last")
		if m := c.want("event", ""); m.Account != account(i+1) || m.Cursor != 3 {
			t.Errorf("user %d received %+v", i+1, m)
		}
	}
}

// private.read_events returns only events that the session of each subscription
// may read, even if many sessions ask for every account from the start.
func TestTheDoorAnswersNothingForeign(t *testing.T) {
	f := newFixture(t, nil)
	for user := range 3 {
		f.say(user+1, "secret")
	}
	f.exec(`insert into app.account_grants (account_id, user_id, role) values ('` + account(3) + `', 'u2', 'viewer');
		insert into app.account_grants (account_id, user_id, role, expires_at) values ('` + account(3) + `', 'u1', 'viewer', now() - interval '1 second')`)
	worker := tenant.NewWorker(f.db.Pool(t, "paddock_worker"), nil)
	may := map[string]bool{token(1) + account(1): true, token(2) + account(2): true, token(3) + account(3): true, token(2) + account(3): true}
	var asked []tenant.Subscription
	for _, token := range []string{token(1), token(2), token(3), "token-of-nobody", ""} {
		for user := range 4 {
			for _, cursor := range []int64{-1, 0, 5} {
				asked = append(asked, tenant.Subscription{Token: token, Account: uuid.MustParse(account(user + 1)), Cursor: tenant.Cursor{Seq: cursor}})
			}
		}
	}
	events, err := worker.ReadEvents(t.Context(), asked, 10, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, e := range events {
		for _, i := range e.For {
			place := asked[i].Token + asked[i].Account.String()
			if e.Seq > 0 {
				given[place] = true
			}
			if e.Seq > 0 && (!may[place] || e.Access != tenant.AccessOK) {
				t.Errorf("%s was given an event: %+v", place, e)
			}
		}
	}
	if len(given) != len(may) {
		t.Errorf("events were given to %v, want %v", given, may)
	}
	questions := make([]tenant.AccessQuestion, len(asked))
	for i, in := range asked {
		questions[i] = tenant.AccessQuestion{Token: in.Token, Account: in.Account}
	}
	standings, err := worker.CheckAccess(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range standings {
		if place := asked[i].Token + asked[i].Account.String(); (s.Access == tenant.AccessOK) != may[place] || !may[place] && (s.Cursor != tenant.Cursor{} || s.Place != "") {
			t.Errorf("%s has the access %+v", place, s)
		}
	}
}

// A client learns that events which it has not read were dropped. One that
// comes back too late gets a snapshot, and one that is connected is
// unsubscribed.
func TestRetention(t *testing.T) {
	f := newFixture(t, nil)
	f.exec(`set role paddock_owner; select private.add_event_partition('2020-01-15'); reset role;
		insert into app.account_events (account_id, seq, kind, at, data) select '` + account(1) + `', n, 'credentials', '2020-01-15', '{"state": "stored"}' from generate_series(1, 5) n;
		insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('` + account(1) + `', 'AAPL', 3, now());
		update app.event_heads set last_seq = 5, last_at = '2020-01-15' where account_id = '` + account(1) + `'`)
	late := f.dial(1)
	late.subscribe(1, `,"cursor":5`)
	late.want("subscribed", "")
	f.say(1, "new")
	late.want("event", "")
	f.hub.FollowUnasked(uuid.MustParse(account(1)), 2)
	for i := range 4 {
		if m := late.want("event", ""); m.Cursor != int64(i+3) {
			t.Errorf("before the events were dropped came %+v", m)
		}
	}
	worker := tenant.NewWorker(f.db.Pool(t, "paddock_worker"), nil)
	if made, dropped, err := worker.MaintainEventLog(t.Context()); err != nil || made != 0 || dropped != 1 {
		t.Fatalf("made %d and dropped %d partitions (%v), want 0 and 1", made, dropped, err)
	}
	for cursor, code := range map[string]string{`,"cursor":4`: "cursor_expired", `,"cursor":5`: "", `,"cursor":6`: ""} {
		c := f.dial(1)
		c.subscribe(1, cursor)
		if m := c.want("subscribed", code); code != "" {
			if s := c.want("snapshot", ""); !m.Reset || s.Cursor != 6 || m.Cursor != 6 {
				t.Errorf("after%s came %+v and %+v", cursor, m, s)
			}
		} else if cursor == `,"cursor":5` {
			c.want("event", "")
		}
	}
	f.hub.FollowUnasked(uuid.MustParse(account(1)), 2)
	for {
		m, err := late.next()
		if err != nil {
			t.Fatal(err)
		}
		if m.Type == "unsubscribed" {
			if m.Code != "cursor_expired" {
				t.Errorf("a client whose events were dropped received %+v", m)
			}
			break
		}
	}
	if _, dropped, err := worker.MaintainEventLog(t.Context()); err != nil || dropped != 0 {
		t.Errorf("maintained again: dropped %d, %v", dropped, err)
	}
}

// A session that holds a lock on the log delays the dropping of old events, and
// waiting for it blocks nobody.
func TestRetentionWaitsForNobody(t *testing.T) {
	f := newFixture(t, nil)
	f.exec(`set role paddock_owner; select private.add_event_partition('2020-01-15')`)
	holder := f.db.Conn(t, "admin")
	for _, sql := range []string{"begin", "select count(*) from app.account_events"} {
		if _, err := holder.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	worker := tenant.NewWorker(f.db.Pool(t, "paddock_worker"), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, _, err := worker.MaintainEventLog(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("dropped under a reader: %v", err)
	}
	f.say(1, "still going")
	if _, err := holder.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if _, dropped, err := worker.MaintainEventLog(ctx); err != nil || dropped != 1 {
		t.Errorf("dropped %d, %v", dropped, err)
	}
}

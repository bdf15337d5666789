package quota

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paddock/app/problem"
)

// entered returns how many of n requests of a session may go on, and ends them.
func entered(q *Quota, session string, kind Kind, n int) (passed int) {
	for range n {
		if leave, err := q.Enter(session, kind); err == nil {
			passed++
			leave()
		}
	}
	return passed
}

// A user makes so many requests in a second over a burst, with however many
// sessions, and nobody else pays for it.
func TestRequestsInASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{PerSecond: 10})
		for i := range 5 {
			q.SetOwner(fmt.Sprint("session ", i), "ada")
		}
		q.SetOwner("another", "bob")
		passed := 0
		for i := range 500 {
			passed += entered(q, fmt.Sprint("session ", i%5), Ordinary, 1)
		}
		if passed != 40 {
			t.Errorf("%d requests of a burst pass, want 40", passed)
		}
		if n := entered(q, "another", Ordinary, 40); n != 40 {
			t.Errorf("another's %d requests pass, want 40", n)
		}
		_, err := q.Enter("session 1", Ordinary)
		if p := problem.Of(err); p.Code != problem.TooManyRequests || p.RetryAfter <= 0 || !strings.Contains(p.Message, "10 requests in a second") {
			t.Errorf("the refusal is %v", err)
		}
		time.Sleep(time.Second)
		if n := entered(q, "session 3", Ordinary, 40); n != 10 {
			t.Errorf("a second later %d requests pass, want 10", n)
		}
	})
}

// A user has so many requests under way at once, and what has ended is free
// again, once.
func TestRequestsAtOnce(t *testing.T) {
	q := New(Config{AtOnce: 3})
	q.SetOwner("one", "ada")
	q.SetOwner("two", "ada")
	q.SetOwner("another", "bob")
	var leaves []func()
	for i := range 3 {
		leave, err := q.Enter([]string{"one", "two"}[i%2], Ordinary)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	_, err := q.Enter("two", Ordinary)
	if p := problem.Of(err); p.Code != problem.TooManyRequests || p.RetryAfter <= 0 || !strings.Contains(p.Message, "3 requests under way") {
		t.Errorf("the refusal is %v", err)
	}
	if _, err := q.Enter("another", Ordinary); err != nil {
		t.Errorf("another's: %v", err)
	}
	leaves[0]()
	leaves[0]()
	if _, err := q.Enter("one", Ordinary); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	if _, err := q.Enter("one", Ordinary); err == nil {
		t.Error("a request that ended is counted twice")
	}
}

// What stops something goes on when the bounds are used up, from a reserve that
// is bounded too and that other requests do not touch.
func TestTheReserveIsForWhatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{PerSecond: 10, AtOnce: 3})
		q.SetOwner("one", "ada")
		entered(q, "one", Ordinary, 1000)
		if n := entered(q, "one", Urgent, 1000); n != reserveBurst {
			t.Errorf("%d urgent requests pass beyond the rate, want %d", n, reserveBurst)
		}
		time.Sleep(time.Minute)
		for range 3 {
			if _, err := q.Enter("one", Ordinary); err != nil {
				t.Fatal(err)
			}
		}
		passed := 0
		for range 100 {
			if _, err := q.Enter("one", Urgent); err == nil {
				passed++
			}
		}
		if passed != reserveAtOnce {
			t.Errorf("%d urgent requests pass beyond those at once, want %d", passed, reserveAtOnce)
		}
	})
}

// A session of which nobody knows yet whose it is has the bounds by itself, and
// a request that began under them ends there.
func TestSessionsOfNobodyYet(t *testing.T) {
	q := New(Config{AtOnce: 1})
	leave, err := q.Enter("new", Ordinary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Enter("new", Ordinary); err == nil {
		t.Error("it has no bounds")
	}
	q.SetOwner("new", "ada")
	again, err := q.Enter("new", Ordinary)
	if err != nil {
		t.Errorf("as a user's: %v", err)
	}
	leave()
	again()
	if _, err := q.Enter("new", Ordinary); err != nil {
		t.Errorf("after all have ended: %v", err)
	}
}

// Without bounds nothing is refused, and the memory is bounded.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		if n := entered(q, "one", Ordinary, 10_000); n != 10_000 {
			t.Errorf("%d requests pass without bounds", n)
		}
		held, err := q.Enter("held", Ordinary)
		if err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			for i := range maxUsers {
				entered(q, fmt.Sprint(round, i), Ordinary, 1)
			}
			time.Sleep(2 * idle)
		}
		if entered(q, "last", Ordinary, 1); len(q.users) > maxUsers+2 {
			t.Errorf("%d users are kept", len(q.users))
		}
		if q.users["session held"] == nil {
			t.Error("a user with a request under way is forgotten")
		}
		held()
		for i := range 2 * maxSessions {
			q.SetOwner(fmt.Sprint(i), "ada")
		}
		if len(q.owner) > maxSessions {
			t.Errorf("%d sessions are kept", len(q.owner))
		}
	})
}

// Requests that log have a rate of their own beside the one of all requests, so that a
// flood of them leaves the others to go on.
func TestLogsHaveARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{PerSecond: 1000, AtOnce: 5, Logs: 10})
		q.SetOwner("one", "ada")
		q.SetOwner("two", "ada")
		q.SetOwner("another", "bob")
		if n := entered(q, "one", Logging, 100) + entered(q, "two", Logging, 100); n != 40 {
			t.Errorf("%d requests of a burst pass, want 40", n)
		}
		_, err := q.Enter("one", Logging)
		if p := problem.Of(err); p.Code != problem.TooManyRequests || p.RetryAfter <= 0 || !strings.Contains(p.Message, "logs 10 times in a second") {
			t.Errorf("the refusal is %v", err)
		}
		if n := entered(q, "one", Ordinary, 100); n != 100 {
			t.Errorf("%d other requests pass beside the flood, want 100", n)
		}
		if n := entered(q, "another", Logging, 40); n != 40 {
			t.Errorf("another's %d requests pass, want 40", n)
		}
		time.Sleep(time.Second)
		if n := entered(q, "one", Logging, 100); n != 10 {
			t.Errorf("a second later %d requests pass, want 10", n)
		}
	})
}

package alpacasim

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// told collects the updates that a connection is sent.
type told struct{ all []string }

func (f *told) update(text json.RawMessage) error {
	f.all = append(f.all, string(text))
	return nil
}
func (f *told) tooSlow() error                  { return nil }
func (f *told) heartbeat(context.Context) error { return nil }

// Updates that the fault Burst holds back, and the updates after them, are sent
// in order, once, when the delay has passed.
func TestBursts(t *testing.T) {
	sim, err := New(Config{Accounts: DemoAccounts(1)})
	if err != nil {
		t.Fatal(err)
	}
	out := &told{}
	f := follower{s: sim, a: sim.inOrder[0], out: out, ended: func(*event) bool { return false }}
	tell := func(texts ...string) {
		t.Helper()
		var news []event
		for _, text := range texts {
			news = append(news, event{JSON: json.RawMessage(text)})
		}
		if err := f.send(news); err != nil {
			t.Fatal(err)
		}
	}
	want := func(want string) {
		t.Helper()
		if got := strings.Join(out.all, " "); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	tell("1")
	sim.InjectFor(Injection{Fault: Burst, N: 1, Delay: time.Hour})
	tell("2", "3")
	tell("4")
	want("1")
	if f.opens == nil {
		t.Error("no timer is set to send them")
	}
	if err := f.burst(); err != nil {
		t.Fatal(err)
	}
	want("1 2 3 4")
	tell("5")
	if err := f.burst(); err != nil {
		t.Fatal(err)
	}
	want("1 2 3 4 5")
}

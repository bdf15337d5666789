package alpacasim_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"paddock/app/alpacasim"
)

// Everything that was acknowledged is in the state file: a simulator that is
// killed resumes with the same orders, positions, events and next ids.
func TestStateSurvives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	run := func(killed bool) (string, []alpaca.TradeUpdate) {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		keep := func(c *alpacasim.Config) { c.StateFile = file }
		m := open(t, keep)
		m.place(m.client(0), request(alpaca.Buy, "AAPL", "2", id("a")))
		m.step()
		resting := m.place(m.client(0), request(alpaca.Buy, "MSFT", "1", limit("1"), id("b")))
		if killed {
			was := m
			m = open(t, keep)
			m.clock.tick(was.clock.now().Sub(m.clock.now()))
		}
		if err := m.client(0).CancelOrder(resting.ID); err != nil {
			t.Fatal(err)
		}
		m.place(m.client(0), request(alpaca.Buy, "AMD", "1", id("c")))
		m.step()
		_, err := m.client(0).PlaceOrder(request(alpaca.Buy, "AMD", "1", id("a")))
		wantRefusal(t, "an id of before", err, 422, 40010001, "unique")
		positions, err := m.client(0).GetPositions()
		if err != nil || len(positions) != 2 {
			t.Errorf("there are %d positions (%v)", len(positions), err)
		}
		updates := m.replay(0, "0", 6)
		var ids []string
		for _, u := range updates {
			ids = append(ids, u.EventID, u.Order.ID, u.ExecutionID)
		}
		return strings.Join(ids, " "), updates
	}
	want, _ := run(false)
	got, updates := run(true)
	if told(updates) != "new a, fill a, new b, canceled b, new c, fill c" || got != want {
		t.Errorf("after a restart: %s\n%s\nwant\n%s", told(updates), got, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state file, which holds keys, is %v (%v)", info.Mode(), err)
	}
}

// A state file that cannot be parsed is reported in an error of one line, and
// is left as it is.
func TestUnreadableState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(`{"accounts":`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := alpacasim.New(alpacasim.Config{StateFile: file})
	if err == nil || !strings.Contains(err.Error(), "move it away to start afresh") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != `{"accounts":` {
		t.Errorf("the file holds %s (%v)", text, err)
	}
}

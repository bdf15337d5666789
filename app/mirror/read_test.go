package mirror_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/mirror"
)

// setMode sets the account's stream_mode.
func (w *world) setMode(mode string) {
	w.t.Helper()
	if _, err := accounts.New(w.db, w.keys, w.broker).Change(w.t.Context(), w.account, accounts.Changes{StreamMode: &mode}); err != nil {
		w.t.Fatal(err)
	}
}

// health returns the account's health as its owner sees it.
func (w *world) health() accounts.Health {
	w.t.Helper()
	h, err := accounts.New(w.db, w.keys, w.broker).Health(w.t.Context(), w.account)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// kind returns which stream is connected: sse, ws or none.
func (w *world) kind() string {
	w.t.Helper()
	if k := w.health().Stream.Kind; k != nil {
		return *k
	}
	return "none"
}

func (w *world) streams(kind string) {
	w.t.Helper()
	w.eventually("the stream to be "+kind, func() bool { return w.kind() == kind })
}

// Over the WebSocket the same updates arrive as by Server-Sent Events. It sends
// no earlier updates, so what happened while it was away is found by
// reconciliation.
func TestWebSocketMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setMode("ws")
	w.run()
	w.streams("ws")
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	w.sim.Inject(alpacasim.Duplicate, 2, 0)
	w.buy("AAPL", "2", "a")
	w.sim.Step()
	w.waitForOrder("a", "accepted filled 2")
	w.buy("AAPL", "1", "after")
	w.eventually("the next update", func() bool { return strings.Contains(w.eventsOf("after"), "new") })
	if got := w.eventsOf("a"); got != "new fill" {
		t.Errorf("the log says %s", got)
	}
	w.front.streams.Store(http.StatusServiceUnavailable)
	w.sim.CutStreams()
	w.streams("none")
	w.buy("AAPL", "1", "meanwhile")
	w.sim.Step()
	w.front.streams.Store(0)
	w.waitForOrder("meanwhile", "accepted filled 1")
	w.eventually("the position", func() bool { return w.held("AAPL") == "4" })
	w.streams("ws")
	w.eventually("the agreement after it", func() bool {
		h := w.health()
		return h.Status == "ok" && h.Stream.LastError != nil && h.Stream.Note == nil
	})
	if n := w.front.connects.Load() - w.front.sockets.Load(); n != 0 {
		t.Errorf("Server-Sent Events were requested %d times", n)
	}
	w.wantNoGap()
}

// An account whose Server-Sent Events are refused uses its WebSocket, and its
// health says why. If both are refused, reconciliation alone keeps its mirror.
func TestFallsBackToTheWebSocket(t *testing.T) {
	t.Parallel()
	for _, status := range []int64{403, 404} {
		t.Run(http.StatusText(int(status)), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.front.events.Store(status)
			w.run()
			w.streams("ws")
			if h := w.health(); h.Stream.Mode != "auto" || h.Stream.Note == nil || !strings.Contains(*h.Stream.Note, "WebSocket") {
				t.Errorf("the health is %+v", h)
			}
			w.buy("AAPL", "1", "a")
			w.eventually("the update", func() bool { return strings.Contains(w.eventsOf("a"), "new") })
			before := w.front.connects.Load() - w.front.sockets.Load()
			w.sim.CutStreams()
			w.eventually("another connection", func() bool { return w.front.sockets.Load() > 1 && w.kind() == "ws" })
			if n := w.front.connects.Load() - w.front.sockets.Load(); n != before {
				t.Errorf("Server-Sent Events were requested %d times more, though they had been refused", n-before)
			}
		})
	}
	t.Run("neither", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.front.streams.Store(404)
		w.buy("AAPL", "1", "a")
		w.run()
		w.waitForOrder("a", "accepted new 0")
		w.eventually("the reason", func() bool { e := w.health().Stream.LastError; return e != nil && strings.Contains(*e, "WebSocket") })
		if w.kind() != "none" {
			t.Errorf("the health is %+v", w.health())
		}
	})
}

// A chosen mode is kept: if an account is set to Server-Sent Events and these
// are refused, it has no stream, and its health says what to set.
func TestModeIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.front.events.Store(404)
	w.setMode("sse")
	w.run()
	w.eventually("the reason", func() bool { e := w.health().Stream.LastError; return e != nil && strings.Contains(*e, "stream_mode") })
	w.eventually("the agreement", func() bool { return w.agreed() != nil })
	if n := w.front.sockets.Load(); n != 0 || w.kind() != "none" {
		t.Errorf("WebSockets were requested %d times, and the stream is %s", n, w.kind())
	}
}

// A change of the mode takes effect at once. In mode off there is no stream,
// and only the timer starts reconciliations.
func TestModeIsTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.Reconcile = 300 * time.Millisecond })
	w.streams("sse")
	for _, mode := range []string{"ws", "sse", "off"} {
		changed := time.Now()
		w.setMode(mode)
		want := mode
		if mode == "off" {
			want = "none"
		}
		w.streams(want)
		if took := time.Since(changed); took > 5*time.Second {
			t.Errorf("mode %s took effect after %s", mode, took)
		}
		w.eventually("the one stream", func() bool { return w.front.open.Load() == map[bool]int64{true: 0, false: 1}[mode == "off"] })
	}
	before := w.front.connects.Load()
	w.buy("AAPL", "1", "a")
	w.sim.Step()
	w.waitForOrder("a", "accepted filled 1")
	if n := w.front.connects.Load(); n != before {
		t.Errorf("%d streams were requested", n-before)
	}
	w.eventually("the agreement", func() bool { return w.health().Status == "ok" })
}

// An account may have only one WebSocket. While another program has it,
// reconciliation keeps the mirror, and the keys do not count as refused. When
// it is free, it is used.
func TestTakenWebSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setMode("ws")
	other, _, err := websocket.Dial(t.Context(), w.url+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.CloseNow()
	if err := other.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"action":"auth","key":%q,"secret":%q}`, w.seed.KeyID, w.seed.SecretKey)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := other.Read(t.Context()); err != nil || !strings.Contains(string(text), `"authorized"`) {
		t.Fatalf("the other program received %s (%v)", text, err)
	}
	w.run()
	w.eventually("the reason", func() bool {
		e := w.health().Stream.LastError
		return e != nil && strings.Contains(*e, "one WebSocket")
	})
	w.eventually("the agreement", func() bool { return w.health().Status == "ok" })
	if w.kind() != "none" {
		t.Errorf("the health is %+v", w.health())
	}
	if err := other.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Log(err) // the connection is gone either way
	}
	w.streams("ws")
}

// Keys count as refused if both the WebSocket and REST refuse them. If REST
// accepts them, the WebSocket's refusal alone does not count.
func TestWebSocketRefusesKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setMode("ws")
	w.front.refuseSockets.Store(true)
	w.run()
	w.eventually("the attempts", func() bool { return w.front.sockets.Load() > 1 })
	if h := w.health(); h.Status == "needs_credentials" {
		t.Fatalf("the health is %+v", h)
	}
	w.front.refuseKeys.Store(true)
	w.eventually("the refusal", func() bool { return w.health().Status == "needs_credentials" })
}

// A stream that is connected but sends nothing is not healthy. While orders are
// open and no updates come, the orders are read. So a fill is found within the
// time that a stream may be silent, and the stream is restarted, whatever the
// broker's clock says. While no order is open nothing is read.
func TestSilentOrdersAreLookedAt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		mode  string
		ahead time.Duration // how far the broker's clock is ahead of ours
	}{
		"events": {"sse", 0}, "a socket": {"ws", 0},
		"a clock behind ours": {"sse", -5 * time.Minute}, "a clock ahead of ours": {"ws", 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mode := tt.mode
			w := newWorld(t)
			if tt.ahead != 0 {
				w.sim.SetClock(time.Now().Add(tt.ahead))
			}
			w.setMode(mode)
			const silence = 1500 * time.Millisecond
			w.run(func(c *mirror.Config) { c.Silence = silence })
			w.streams(mode)
			w.eventually("the first agreement", func() bool { return w.agreed() != nil })
			agreed := *w.agreed()
			time.Sleep(2 * silence)
			if lists := w.front.lists.Load(); lists > 3 { // the lists of one reconciliation, which reads open orders before and after the positions
				t.Errorf("the broker's orders were listed %d times while none was open", lists)
			}
			w.buy("AAPL", "2", "a")
			w.waitForOrder("a", "accepted new 0")
			w.sim.Inject(alpacasim.Mute, 1, 0)
			connects := w.front.connects.Load()
			w.sim.Step()
			filled := time.Now()
			w.waitForOrder("a", "accepted filled 2")
			if took := time.Since(filled); took > silence+3*time.Second {
				t.Errorf("the fill was found after %s", took)
			}
			w.eventually("another stream", func() bool { return w.front.connects.Load() > connects })
			w.eventually("the reconciliation", func() bool { return w.agreed().After(agreed) && w.held("AAPL") == "2" })
			if e := w.health().Stream.LastError; e == nil || !strings.Contains(*e, "told nothing") {
				t.Errorf("the health is %+v", w.health())
			}
			w.wantNoGap()
		})
	}
}

// A stream that ends with its instance is recorded as down, because another
// instance may take the account only later, or never.
func TestStoppedStreamIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stop := w.run()
	w.streams("sse")
	stop()
	if h := w.health(); h.Stream.Kind != nil || h.Stream.UnbrokenSince != nil {
		t.Errorf("the health is %+v", h)
	}
}

// An order that is open here, but missing in the broker's list of open orders,
// is not read by itself again and again.
func TestUnlistedOrderIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setMode("off")
	w.buy("AAPL", "1", "a")
	w.front.hidesOpen.Store(true)
	const silence = 300 * time.Millisecond
	w.run(func(c *mirror.Config) { c.Silence = silence })
	w.waitForOrder("a", "accepted new 0")
	w.eventually("several looks", func() bool { return w.front.lists.Load() > 6 })
	if n := w.front.alone.Load(); n > 1 {
		t.Errorf("it was read by itself %d times, and orders were listed %d times", n, w.front.lists.Load())
	}
}

// Where the database cannot take it that a stream is up, it is told again: otherwise
// the mirror would count as behind for as long as the stream stands.
func TestAStreamThatIsUpIsNotedInTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'not now' using errcode = '53200'; end $$`)
	w.exec("create trigger refuse before insert or update on app.stream_cursors for each row when (new.streaming is not null) execute function public.refuse()")
	log := counting{slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}), "the stream is up", new(atomic.Int64)}
	w.run(func(c *mirror.Config) { c.Logger = slog.New(log) })
	w.eventually("the stream, and its note to be refused", func() bool { return w.front.open.Load() == 1 && log.seen.Load() == 1 })
	w.exec("drop trigger refuse on app.stream_cursors")
	w.eventually("the stream to be noted", func() bool { return w.kind() == "sse" })
	if n := w.front.connects.Load(); n != 1 {
		t.Errorf("it took %d streams", n)
	}
}

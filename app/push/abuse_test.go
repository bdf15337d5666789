package push_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/push"
)

// A client that asks for more than it reads is slowed down and then closed, so
// that no answers pile up for it. Others are not affected.
func TestFloodIsTheFloodersOwn(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Queue, c.WriteTimeout = 100, 300*time.Millisecond })
	mine := f.dial(2)
	mine.subscribe(2, "")
	mine.want("subscribed", "")
	flooder := f.dial(1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for ctx.Err() == nil {
			text := fmt.Sprintf(`{"type":"subscribe","account_id":"%s","snapshot":true}`, account(1))
			if flooder.conn.Write(ctx, websocket.MessageText, []byte(text)) != nil {
				return
			}
		}
	})
	began := time.Now()
	for i := range 20 {
		f.say(2, "hello")
		if m, err := mine.next(); err != nil || m.Cursor != int64(i+1) {
			t.Fatalf("after %d of my events: %+v (%v)", i, m, err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("beside a flood 20 events took %v", took)
	}
	cancel()
	flooding.Wait()
}

// A client that asks for many snapshots at once gets them at the pace at which
// it reads, and is not taken for a slow reader. Here each snapshot is larger
// than the queue, and the connection buffers little.
func TestSnapshotsComeAsTheyAreRead(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.QueueBytes = 100_000 })
	f.exec(`insert into app.alpaca_positions (account_id, symbol, qty, as_of) select '` + account(1) + `', 'SYMBOL' || n, 3, now() from generate_series(1, 2000) n`)
	narrow := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) }), err)
	}}).DialContext}}
	conn, _, err := websocket.Dial(t.Context(), f.url, &websocket.DialOptions{HTTPClient: narrow, HTTPHeader: http.Header{"X-Test-Token": {token(1)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(4 << 20)
	c := &client{t, conn}
	const asked = 15
	for range asked {
		c.subscribe(1, `,"snapshot":true`)
	}
	time.Sleep(2 * time.Second)
	for range asked {
		c.want("subscribed", "")
		c.want("snapshot", "")
	}
}

// A message that is too large ends its socket, whether it comes whole, in parts
// or compressed to next to nothing.
func TestOversizedMessages(t *testing.T) {
	f := newFixture(t, nil)
	large := `{"type":"ping","filler":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, mode := range map[string]websocket.CompressionMode{"plain": websocket.CompressionDisabled, "compressed": websocket.CompressionNoContextTakeover} {
		conn, _, err := websocket.Dial(t.Context(), f.url, &websocket.DialOptions{HTTPHeader: http.Header{"X-Test-Token": {token(1)}}, CompressionMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		_ = conn.Write(t.Context(), websocket.MessageText, []byte(large)) // the server may hang up before it has all
		c := &client{t, conn}
		if _, err := c.next(); err == nil || websocket.CloseStatus(err) != websocket.StatusMessageTooBig && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
	}
	parts := f.dial(1)
	w, err := parts.conn.Writer(t.Context(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := w.Write([]byte(strings.Repeat(" ", 100))); err != nil {
			break
		}
	}
	parts.wantClosed(int(websocket.StatusMessageTooBig))
	f.wantHeld(0)
}

// A socket that offers compression and does not read holds no compressor: each
// is over a megabyte.
func TestCompressionHoldsNoMemory(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.MaxSockets = 300 })
	for range 40 {
		f.say(1, strings.Repeat("compressible ", 3000))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const sockets = 200
	for range sockets {
		conn, response, err := websocket.Dial(t.Context(), f.url, &websocket.DialOptions{
			HTTPHeader: http.Header{"X-Test-Token": {token(1)}}, CompressionMode: websocket.CompressionNoContextTakeover,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate; client_no_context_takeover; server_no_context_takeover") {
			t.Fatalf("agreed on %q", response.Header.Get("Sec-WebSocket-Extensions"))
		}
		defer conn.CloseNow()
		(&client{t, conn}).subscribe(1, `,"cursor":0`)
	}
	time.Sleep(2 * time.Second) // until their queues are full
	runtime.GC()
	runtime.GC() // the second collection drops what pools hold
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > sockets*700<<10 {
		t.Errorf("the heap grew by %d KiB a socket: half a megabyte may wait for each", grown>>10/sockets)
	}
}

// A panic ends the connection on which it happened and no other.
func TestPanicEndsOneConnection(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Log = nil }) // so that asking for a snapshot panics
	other := f.dial(2)
	other.subscribe(2, "")
	other.want("subscribed", "")
	c := f.dial(1)
	c.subscribe(1, `,"snapshot":true`)
	c.wantClosed(int(websocket.StatusInternalError))
	l := f.listen(1, "?snapshot=true&account_id="+account(1), nil)
	l.want("error", "internal")
	l.wantEnd()
	f.say(2, "still here")
	other.want("event", "")
}

// A message that has begun must be complete within seconds. Between messages a
// socket may be silent as long as it likes.
func TestConnectionsThatSayNothing(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll, c.IdleTimeout = 50*time.Millisecond, 600*time.Millisecond })
	mute := f.dial(1) // its library answers pings only while it reads, so never
	f.wantHeld(1)
	f.wantHeld(0)
	if _, err := mute.next(); err == nil {
		t.Error("a socket that answers no ping was kept")
	}
	// One that does answer pings is kept.
	alive := f.dial(1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := alive.conn.Read(ctx); websocket.CloseStatus(err) != -1 {
		t.Errorf("a socket that answers pings was closed: %v", err)
	}
}

// A client that vanishes without closing, as when a cable is pulled, is
// noticed.
func TestVanishedClient(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll, c.IdleTimeout = 50*time.Millisecond, 600*time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // and until then sends nothing more
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nX-Test-Token: %s\r\n\r\n",
		"dGhlIHNhbXBsZSBub25jZQ==", token(1)); err != nil {
		t.Fatal(err)
	}
	f.wantHeld(1)
	f.wantHeld(0)
}

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

// A client that requests more than it reads is slowed down and then
// disconnected, so that no responses pile up for it. Other clients are not
// affected.
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
		t.Errorf("during a flood 20 events took %v", took)
	}
	cancel()
	flooding.Wait()
}

// A client that requests many snapshots at once gets them as fast as it reads,
// and does not count as a slow reader. In this test each snapshot is larger
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
// or compressed.
func TestOversizedMessages(t *testing.T) {
	f := newFixture(t, nil)
	large := `{"type":"ping","filler":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, mode := range map[string]websocket.CompressionMode{"plain": websocket.CompressionDisabled, "compressed": websocket.CompressionNoContextTakeover} {
		conn, _, err := websocket.Dial(t.Context(), f.url, &websocket.DialOptions{HTTPHeader: http.Header{"X-Test-Token": {token(1)}}, CompressionMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		_ = conn.Write(t.Context(), websocket.MessageText, []byte(large)) // the server may close the socket before the message is complete
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

// A socket for which compression was agreed and that does not read holds no
// compressor in memory, which would be over a megabyte.
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
	time.Sleep(2 * time.Second) // time for their queues to fill
	runtime.GC()
	runtime.GC() // the second collection frees what sync.Pools held
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > sockets*700<<10 {
		t.Errorf("the heap grew by %d KiB a socket, and half a megabyte may be queued for each", grown>>10/sockets)
	}
}

// A panic ends the connection in which it happened, and no other.
func TestPanicEndsOneConnection(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Log = nil }) // so that a request for a snapshot panics
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

// A socket that does not respond to pings is closed. A socket that responds to
// them may be silent as long as it likes.
func TestConnectionsThatSayNothing(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll, c.IdleTimeout = 50*time.Millisecond, 600*time.Millisecond })
	mute := f.dial(1) // its library responds to pings only while it reads, and this one does not read
	f.wantHeld(1)
	f.wantHeld(0)
	if _, err := mute.next(); err == nil {
		t.Error("a socket that does not respond to pings was kept")
	}
	// This one reads, so it responds to pings and is kept.
	alive := f.dial(1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := alive.conn.Read(ctx); websocket.CloseStatus(err) != -1 {
		t.Errorf("a socket that responds to pings was closed: %v", err)
	}
}

// A client that disappears without closing its connection, as when a cable is
// pulled, is noticed.
func TestVanishedClient(t *testing.T) {
	f := newFixture(t, func(c *push.Config) { c.Poll, c.IdleTimeout = 50*time.Millisecond, 600*time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // until then the client sends nothing more
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nX-Test-Token: %s\r\n\r\n",
		"dGhlIHNhbXBsZSBub25jZQ==", token(1)); err != nil {
		t.Fatal(err)
	}
	f.wantHeld(1)
	f.wantHeld(0)
}

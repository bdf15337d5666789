package bench

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// feed is what a server's messages look like.
type feed struct {
	hello  string // how the first one begins
	event  string // how one with an event begins
	number string // what stands before the event's number
}

var paddockFeed = feed{hello: `{"type":"subscribed"`, event: `{"type":"event"`, number: `"cursor":`}

// fan is one socket of the crowd. It reads frames and does little more: a client
// that used half of the machine would measure itself.
type fan struct {
	feed
	conn net.Conn
	in   *bufio.Reader
	all  *atomic.Int64 // events of the whole crowd

	mu    sync.Mutex
	times []time.Time // when each event came, by its cursor from 1
	err   error
}

// viewerPath is where a viewer's socket follows an account from its first event on,
// and viewerCookie says whose it is.
func viewerPath(tenant int) string { return "/api/ws?account_id=" + account(tenant) + "&cursor=0" }

func viewerCookie(tenant, viewer int) string {
	return cookie(fmt.Sprintf("viewer-session-%d-%d", tenant, viewer))
}

// dialFan opens a socket, and starts to read it.
func dialFan(addr, path, cookie string, told feed, all *atomic.Int64) (*fan, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s\r\n\r\n", path, addr, cookie)
	if err != nil {
		return nil, err
	}
	f := &fan{feed: told, conn: conn, in: bufio.NewReaderSize(conn, 2048), all: all}
	response, err := http.ReadResponse(f.in, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the socket was refused: %s", response.Status)
	}
	if text, err := f.frame(); err != nil || !bytes.HasPrefix(text, []byte(f.hello)) {
		return nil, fmt.Errorf("not subscribed: %s (%v)", text, err)
	}
	go f.read()
	return f, nil
}

// read reads events until the connection ends. Each cursor must be one more than
// the one before.
func (f *fan) read() {
	for {
		text, err := f.frame()
		now := time.Now()
		if err == nil && (text == nil || string(text) == "{}") { // a ping, of WebSocket's or of Centrifugo's
			continue
		}
		var n int64
		if err == nil {
			_, rest, found := bytes.Cut(text, []byte(f.number))
			end := bytes.IndexAny(rest, ",}")
			if !found || end < 0 || !bytes.HasPrefix(text, []byte(f.event)) {
				err = fmt.Errorf("told %s", text)
			} else {
				n, err = strconv.ParseInt(string(rest[:end]), 10, 64)
			}
		}
		f.mu.Lock()
		if err == nil && n != int64(len(f.times))+1 {
			err = fmt.Errorf("event %d came after %d", n, len(f.times))
		}
		if err != nil {
			f.err = err
			f.mu.Unlock()
			return
		}
		f.times = append(f.times, now)
		f.mu.Unlock()
		f.all.Add(1)
	}
}

// frame reads one frame and returns its text. It answers a ping itself, and then
// returns nil.
func (f *fan) frame() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.in, head[:2]); err != nil {
		return nil, err
	}
	length := int(head[1])
	switch length {
	case 126:
		if _, err := io.ReadFull(f.in, head[2:4]); err != nil {
			return nil, err
		}
		length = int(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		return nil, fmt.Errorf("a frame of more than 64 KiB")
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(f.in, text); err != nil {
		return nil, err
	}
	switch head[0] {
	case 0x81: // a whole text message
		return text, nil
	case 0x89: // ping: a pong with the mask 0
		_, err := f.conn.Write(append([]byte{0x8a, 0x80 | byte(length), 0, 0, 0, 0}, text...))
		return nil, err
	}
	return nil, fmt.Errorf("a frame of kind %x: %q", head[0], text)
}

func (f *fan) have() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.times))
}

// arrived returns when each event came, in order. It fails the test if there are
// not as many as want says.
func (f *fan) arrived(b testing.TB, want int64) []time.Time {
	b.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || int64(len(f.times)) != want {
		b.Fatalf("a socket has %d of %d events: %v", len(f.times), want, f.err)
	}
	return f.times
}

package system

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"paddock/tests/protocol"
)

// follower is a program that follows accounts through any instance, over a
// WebSocket or as Server-Sent Events. When it is cut off it continues from its
// cursors.
type follower struct {
	user     *user
	in       *instances
	accounts []string // only one if it reads Server-Sent Events
	stream   bool     // whether it reads Server-Sent Events
	dice     *rand.Rand

	mu       sync.Mutex
	events   map[string][]heard // by account
	refused  map[string]bool    // accounts that it was told are not its own
	breaks   int
	finished error // the first error, if there was one
}

func (in *instances) newFollower(u *user, seed uint64, stream bool, accounts ...string) *follower {
	return &follower{user: u, in: in, accounts: accounts, stream: stream, dice: rand.New(rand.NewPCG(seed, 7)), events: map[string][]heard{}, refused: map[string]bool{}}
}

// runFollowers runs followers until ctx ends. What it returns waits for that.
func runFollowers(ctx context.Context, all []*follower) *sync.WaitGroup {
	var running sync.WaitGroup
	for _, f := range all {
		running.Go(func() { f.run(ctx) })
	}
	return &running
}

// run follows the accounts until ctx ends or its Server-Sent Events are refused.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil && !(f.stream && f.isRefused()) {
		if one, up := f.in.pick(f.dice.IntN(1000)); up {
			once, cancel := context.WithTimeout(ctx, time.Duration(500+f.dice.IntN(8000))*time.Millisecond) // it hangs up after a random time
			if f.stream {
				f.readStream(once, one)
			} else {
				f.readSocket(once, one)
			}
			cancel()
		}
		f.mu.Lock()
		f.breaks++
		f.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(f.dice.IntN(200)) * time.Millisecond):
		}
	}
}

// take records a message, and reports whether to go on reading. The cursor of each
// event must be one more than that of the event before.
func (f *follower) take(text []byte) bool {
	var m said
	if err := errors.Join(json.Unmarshal(text, &m), protocol.Check(text)); err != nil {
		f.fail(fmt.Errorf("told %s: %w", text, err))
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch m.Type {
	case "event":
		if f.refused[m.Account] {
			f.failLocked(fmt.Errorf("told an event of %s after it was refused: %s", m.Account, text))
		}
		if had := len(f.events[m.Account]); m.Cursor != int64(had)+1 {
			f.failLocked(fmt.Errorf("event %d of %s came after %d", m.Cursor, m.Account, had))
			return false
		}
		f.events[m.Account] = append(f.events[m.Account], heard{m.Cursor, string(m.Data)})
	case "subscribed":
		if m.Cursor != int64(len(f.events[m.Account])) {
			f.failLocked(fmt.Errorf("asked to go on from %d of %s and told %s", len(f.events[m.Account]), m.Account, text))
		}
	case "unsubscribed":
		if m.Code == "account_forbidden" {
			f.refused[m.Account] = true
			return !f.stream
		}
		return false // the database cannot be reached: run tries again
	case "snapshot":
		f.failLocked(fmt.Errorf("told to start again: %s", text))
	}
	return true
}

func (f *follower) refuse(account string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[account] = true
}

func (f *follower) isRefused() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.refused) > 0
}

func (f *follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failLocked(err)
}

func (f *follower) failLocked(err error) {
	if f.finished == nil {
		f.finished = err
	}
}

func (f *follower) cursor(account string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.events[account])
}

func (f *follower) readSocket(ctx context.Context, one *world) {
	conn, err := f.user.at(one).dial(ctx)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for _, a := range f.accounts {
		if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"subscribe","account_id":%q,"cursor":%d}`, a, f.cursor(a))); err != nil {
			return
		}
	}
	lazy := f.dice.IntN(10) == 0
	for n := 0; ; n++ {
		if lazy && n == 5 { // stop reading for a while
			select {
			case <-ctx.Done():
			case <-time.After(2 * time.Second):
			}
		}
		_, text, err := conn.Read(ctx)
		if err != nil || !f.take(text) {
			return
		}
	}
}

func (f *follower) readStream(ctx context.Context, one *world) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+one.addr+"/api/events?since=0", nil)
	if err != nil {
		f.fail(err)
		return
	}
	r.Header = http.Header{"Accept": {"text/event-stream"}, "X-Account-Id": {f.accounts[0]}, "Cookie": {f.user.cookieHeader()}}
	if n := f.cursor(f.accounts[0]); n > 0 {
		r.Header.Set("Last-Event-ID", fmt.Sprint(n))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusForbidden {
		f.refuse(f.accounts[0])
		return
	}
	if response.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, response.Body) // run tries again
		return
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	data := ""
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
			data = text
		}
		if lines.Text() == "" && data != "" { // a blank line ends an event: one that is cut off before it does not count
			if !f.take([]byte(data)) {
				return
			}
			data = ""
		}
	}
}

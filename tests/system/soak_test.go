package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paddock/app/credentials"
	"paddock/tests/nginx"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// soakTime returns how long the soak lasts: PADDOCK_SOAK, or what CI has the time for.
func soakTime(t *testing.T) time.Duration {
	text := os.Getenv("PADDOCK_SOAK")
	if text == "" {
		return 25 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 20*time.Second {
		t.Fatal("PADDOCK_SOAK must be a time, such as 15m")
	}
	return d
}

// soak is a deployment under load: what was asked of it, and what became of it.
type soak struct {
	*world
	proxy *nginx.Nginx
	all   []*world
	keys  string // all master keys

	mu       sync.Mutex
	killed   time.Time // until when answers may be missing because an instance was killed
	database time.Time // until when 503 may come because Postgres was restarted

	requests, cut, waited, unchanged atomic.Int64
	placed                           map[*account]map[string]bool // client_order_ids
	logs                             map[*account]int
}

// during notes that something is down while do runs, and for some seconds after.
func (s *soak) during(until *time.Time, do func()) {
	const settles = 5 * time.Second
	s.mu.Lock()
	*until = time.Now().Add(time.Hour)
	s.mu.Unlock()
	do()
	s.mu.Lock()
	*until = time.Now().Add(settles)
	s.mu.Unlock()
}

// ask makes a request until it is answered for good, and returns the answer. It may
// have to be made again where an instance was killed under it, or while Postgres is
// away, and never else.
func (s *soak) ask(a *account, method, path string, body any, header ...string) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Error(err)
	}
	client := &http.Client{Timeout: 30 * time.Second}
	for try := 0; ; try++ {
		s.mu.Lock()
		killed, database := s.killed, s.database
		s.mu.Unlock()
		began := time.Now()
		s.requests.Add(1)
		request, err := http.NewRequest(method, "http://"+s.proxy.Addr+path, bytes.NewReader(text))
		if err != nil {
			s.t.Error(err)
			return &http.Response{}
		}
		for name, value := range map[string]string{"Cookie": a.user.cookieHeader(), "Origin": "http://" + s.proxy.Addr, "Content-Type": "application/json", "X-Account-ID": a.id} {
			request.Header.Set(name, value)
		}
		for i := 0; i+1 < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := client.Do(request)
		var answer []byte
		if err == nil {
			answer, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil && response.StatusCode < 500 {
			response.Body = io.NopCloser(bytes.NewReader(answer))
			return response
		}
		s.mu.Lock()
		killed, database = later(killed, s.killed), later(database, s.database)
		s.mu.Unlock()
		switch {
		case began.Before(killed) && (err != nil || response.StatusCode == http.StatusBadGateway || response.StatusCode == http.StatusGatewayTimeout):
			s.cut.Add(1)
		case began.Before(database) && err == nil && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
			s.waited.Add(1)
		case err != nil:
			s.t.Errorf("%s %s failed: %v", method, path, err)
			return &http.Response{}
		default:
			s.t.Errorf("%s %s is answered with %d %s", method, path, response.StatusCode, answer)
			return response
		}
		if try > 100 {
			s.t.Errorf("%s %s is never answered", method, path)
			return &http.Response{}
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// order places an order, now or later, and remembers it once it was accepted.
func (s *soak) order(a *account, n int) {
	id := fmt.Sprint("soak-", n)
	var header []string
	if n%3 == 0 {
		header = []string{"Prefer", "respond-async"}
	}
	answer := s.ask(a, "POST", "/api/orders", map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "0.01", "client_order_id": id}, header...)
	switch answer.StatusCode {
	case http.StatusCreated, http.StatusAccepted, http.StatusOK:
		s.mu.Lock()
		s.placed[a][id] = true
		s.mu.Unlock()
	case http.StatusTooManyRequests: // Alpaca's 200 a minute
	default:
		text, _ := io.ReadAll(answer.Body)
		s.t.Errorf("an order is answered with %d %s", answer.StatusCode, text)
	}
}

// list reads a list as a client that polls does: with the tag of what it has.
func (s *soak) list(a *account, path string, tags map[string]string) {
	answer := s.ask(a, "GET", path, nil, "If-None-Match", tags[path])
	switch answer.StatusCode {
	case http.StatusOK:
		tags[path] = answer.Header.Get("ETag")
	case http.StatusNotModified:
		s.unchanged.Add(1)
	default:
		s.t.Errorf("GET %s is answered with %d", path, answer.StatusCode)
	}
}

// hookReceiver is a server that takes an account's events from a webhook.
type hookReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	heard  map[string]bool // ids
	newest int64
	wrong  error
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := &hookReceiver{heard: map[string]bool{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		id := q.Header.Get("webhook-id")
		_, number, _ := strings.Cut(strings.TrimPrefix(id, "evt_"), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, had := r.heard[id]; !had && (err != nil || r.newest != 0 && n != r.newest+1) {
			r.wrong = errors.Join(r.wrong, fmt.Errorf("%s came after event %d (%v)", id, r.newest, err))
		}
		if !r.heard[id] {
			r.newest = n
		}
		r.heard[id] = true
	}))
	t.Cleanup(r.Close)
	return r
}

// memoryOf returns the resident memory of a server, in MiB.
func memoryOf(w *world) (mib float64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.process.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(fields[1], 64) // a number, by its own documentation
			return kib / 1024
		}
	}
	return 0
}

// A deployment of three instances behind nginx serves reads, orders that are sent at
// once and later, sockets and webhooks for as long as it is asked to, while instances
// are stopped and killed, Postgres is restarted, the master key is rotated and a
// snapshot stands open. No request fails but those of the killed instance's own
// connections and those that come while Postgres is away; each order is placed once,
// each event is heard once and in order, and memory stays as it is.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	lasts := soakTime(t)
	w := newWorldOn(t, pgtest.StartOwn(t))
	s := &soak{world: w, keys: w.masterKey + "," + credentials.NewMasterKey(2), placed: map[*account]map[string]bool{}, logs: map[*account]int{}}
	w.masterKey = s.keys
	addrs := []string{program.FreeAddr(t), program.FreeAddr(t), program.FreeAddr(t)}
	s.proxy = nginx.Start(t, "../../deploy/nginx", addrs...)
	w.settings = append(w.settings, "PADDOCK_LAME_DUCK=3s", "PADDOCK_TRUSTED_PROXIES=127.0.0.1", "PADDOCK_WEBHOOK_NETWORKS=127.0.0.0/8", "PADDOCK_LOG_LEVEL=info",
		"BETTER_AUTH_TRUSTED_ORIGINS=http://"+s.proxy.Addr)
	s.all = w.startAt(addrs)
	through, behind := w.behind(s.proxy.Addr)
	ada, bob := through.signUp("ada"), through.signUp("bob")
	accounts := []*account{ada.connect("one", w.seeds[0]), bob.connect("two", w.seeds[1])}
	hooks := map[*account]*hookReceiver{}
	for _, a := range accounts {
		s.placed[a] = map[string]bool{}
		hooks[a] = newHookReceiver(t)
		if made := s.ask(a, "POST", "/api/webhooks", map[string]any{"url": hooks[a].URL}); made.StatusCode != http.StatusCreated {
			text, _ := io.ReadAll(made.Body)
			t.Fatalf("make a webhook: %d %s", made.StatusCode, text)
		}
		a.awaitMirror()
	}
	following, leave := context.WithCancel(t.Context())
	defer leave()
	followers := []*follower{behind.newFollower(ada, 1, false, accounts[0].id), behind.newFollower(ada, 2, true, accounts[0].id), behind.newFollower(bob, 3, false, accounts[1].id)}
	left := runFollowers(following, followers)

	quit := make(chan struct{})
	var clients sync.WaitGroup
	every := func(pause time.Duration, one func(n int)) { clients.Go(func() { repeat(quit, pause, one) }) }
	for _, a := range accounts {
		tags := map[string]string{}
		lists := []string{"/api/orders", "/api/orders?status=open", "/api/fills", "/api/trading-positions"}
		every(50*time.Millisecond, func(n int) { s.list(a, lists[n%len(lists)], tags) })
		every(50*time.Millisecond, func(int) { s.ask(a, "GET", "/api/events?since=0&limit=10", nil) })
		every(500*time.Millisecond, func(n int) { s.order(a, n) }) // with what follows from it, below Alpaca's 200 requests a minute
		every(100*time.Millisecond, func(n int) {
			if made := s.ask(a, "POST", "/api/agent-logs", map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint("line ", n)}}}); made.StatusCode == http.StatusCreated {
				s.mu.Lock()
				s.logs[a]++
				s.mu.Unlock()
			}
		})
	}
	s.holdSnapshot()
	began, first, kills := time.Now(), 0.0, 0
	steady := s.all[2] // is never restarted, so that its memory says something
	step := max(lasts/15, 10*time.Second)
	for n := 0; time.Since(began) < lasts; n++ {
		next := began.Add(time.Duration(n+1) * step)
		one := s.all[n%2]
		switch {
		case time.Since(began) > lasts/2 && s.database.IsZero():
			t.Logf("%4.0f s: Postgres is restarted", time.Since(began).Seconds())
			s.during(&s.database, behind.restartPostgres)
			s.holdSnapshot()
		case n%4 == 3:
			t.Logf("%4.0f s: the master key is rotated", time.Since(began).Seconds())
			s.rotate(1 + (n/4+1)%2)
		case n%2 == 0:
			t.Logf("%4.0f s: an instance is stopped and started", time.Since(began).Seconds())
			s.proxy.Drain(one.addr)
			one.stop()
			one.start()
			s.proxy.Restore(one.addr)
		default:
			t.Logf("%4.0f s: an instance is killed and started", time.Since(began).Seconds())
			kills++
			s.during(&s.killed, func() {
				one.kill()
				one.start()
			})
		}
		if first == 0 && time.Since(began) > lasts/5 {
			first = memoryOf(steady)
		}
		time.Sleep(time.Until(next))
	}
	close(quit)
	clients.Wait()
	last := memoryOf(steady)
	unknown := 0

	for _, a := range accounts {
		w.within(3*time.Minute, "the orders to be filled", func() error {
			filled := map[string]int{}
			for _, o := range w.sim.Orders(a.seed.KeyID) {
				if o.Status == "filled" {
					filled[o.ClientOrderID]++
				}
			}
			unknown = 0
			for id := range s.placed[a] {
				var order struct {
					State string `json:"intent_state"`
				}
				switch {
				case filled[id] == 1:
				case filled[id] > 1:
					t.Fatalf("the broker has filled %s %d times", id, filled[id])
				case json.NewDecoder(s.ask(a, "GET", "/api/orders:by_client_order_id?client_order_id="+id, nil).Body).Decode(&order) == nil && order.State == "unknown":
					unknown++ // its server was killed between the order's commit and its way to the broker: a person is told
				default:
					return fmt.Errorf("the broker has not filled %s, which is %q here", id, order.State)
				}
			}
			if unknown > kills {
				t.Fatalf("%d orders are unknown after %d kills", unknown, kills)
			}
			return nil
		})
		var logs, head int64
		conn := w.postgres.Conn(t, "admin")
		if err := conn.QueryRow(t.Context(), "select count(*) from app.agent_logs where account_id = $1", a.id).Scan(&logs); err != nil {
			t.Fatal(err)
		}
		if logs < int64(s.logs[a]) {
			t.Errorf("%d lines of %d that were taken are there", logs, s.logs[a])
		}
		w.within(time.Minute, "the webhook to have told everything", func() error {
			if err := conn.QueryRow(t.Context(), "select last_seq from app.event_heads where account_id = $1", a.id).Scan(&head); err != nil {
				return err
			}
			hooks[a].mu.Lock()
			defer hooks[a].mu.Unlock()
			if hooks[a].wrong != nil {
				t.Fatal(hooks[a].wrong)
			}
			if hooks[a].newest != head {
				return fmt.Errorf("it told %d of %d", hooks[a].newest, head)
			}
			return nil
		})
	}
	// Now that nothing happens any more, a list that was read is not sent again.
	for _, a := range accounts {
		tags := map[string]string{}
		w.eventually("an unchanged list", func() error {
			before := s.unchanged.Load()
			if s.list(a, "/api/orders", tags); s.unchanged.Load() == before {
				return errors.New("it is sent again")
			}
			return nil
		})
	}
	events := 0
	for i, f := range followers {
		events += behind.compare(fmt.Sprint("follower ", i), f)
	}
	leave()
	left.Wait()
	t.Logf("%v: %d requests (%d cut off with an instance, %d while Postgres was away, %d lists unchanged), %d and %d orders (%d unknown after %d kills), %d events heard, memory %.0f and %.0f MiB",
		time.Since(began).Round(time.Second), s.requests.Load(), s.cut.Load(), s.waited.Load(), s.unchanged.Load(), len(s.placed[accounts[0]]), len(s.placed[accounts[1]]), unknown, kills, events, first, last)
	if s.requests.Load() < 500 || len(s.placed[accounts[0]]) < 10 || s.unchanged.Load() == 0 {
		t.Error("the soak did less than it says")
	}
	if last > 1.5*first+20 {
		t.Errorf("the memory of an instance grew from %.0f to %.0f MiB", first, last)
	}
}

// holdSnapshot keeps a snapshot of the database open, as a long report does.
func (s *soak) holdSnapshot() {
	s.t.Helper()
	conn := s.postgres.Conn(s.t, "admin")
	for _, sql := range []string{"begin isolation level repeatable read", "select count(*) from app.alpaca_orders"} {
		if _, err := conn.Exec(s.t.Context(), sql); err != nil {
			s.t.Fatal(err)
		}
	}
}

// rotate encrypts everybody's keys under another version of the master key.
func (s *soak) rotate(to int) {
	s.t.Helper()
	cmd := exec.Command(s.binary, "keys", "rotate", "--to", strconv.Itoa(to))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PADDOCK_MASTER_KEYS=" + s.keys, "PADDOCK_WORKER_DATABASE_URL=" + s.databaseURL("paddock_worker")}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("paddock keys rotate --to %d: %v\n%s", to, err, out)
	}
}

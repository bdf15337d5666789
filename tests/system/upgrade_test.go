package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"paddock/sql"
	"paddock/sql/facts"
	"paddock/tests/nginx"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// olderBinary returns the program from which is upgraded: PADDOCK_OLD_BINARY, such as
// the one of the last release, or one made from this source without its newest
// migration. That one's list of what a database has is made on this empty one.
func olderBinary(t *testing.T, empty *pgtest.Own) string {
	t.Helper()
	if path := os.Getenv("PADDOCK_OLD_BINARY"); path != "" {
		return path
	}
	newest, err := sql.Newest()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(fmt.Sprintf("../../sql/%03d_*.sql", newest))
	if err != nil || len(files) != 1 {
		t.Fatalf("the newest migration is one of %v (%v)", files, err)
	}
	migration, err := filepath.Abs(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := sql.MigrateTo(t.Context(), empty.Conn(t, "owner"), newest-1); err != nil {
		t.Fatal(err)
	}
	found, err := facts.Of(t.Context(), empty.Conn(t, "admin"))
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, f := range found {
		list.WriteString(f.String() + "\n")
	}
	made, err := filepath.Abs("../../sql/facts/facts.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, binary, older := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "paddock"), filepath.Join(dir, "facts.txt")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{migration: "", made: older}})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{overlay: string(replace), older: list.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-trimpath", "-overlay", overlay, "-o", binary, "paddock/cmd/paddock").CombinedOutput(); err != nil {
		t.Fatalf("build the older program: %v\n%s", err, out)
	}
	return binary
}

// migrate runs a program's paddock migrate on the world's database.
func (w *world) migrate(binary string) {
	w.t.Helper()
	cmd := exec.Command(binary, "migrate", "--set-passwords")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+w.postgres.OwnerURL, "PADDOCK_APP_DATABASE_URL="+w.postgres.URL("paddock_app"),
		"PADDOCK_WORKER_DATABASE_URL="+w.postgres.URL("paddock_worker"), "PADDOCK_AUTH_DATABASE_URL="+w.postgres.URL("paddock_auth"))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("paddock migrate: %v\n%s", err, out)
	}
}

// load is clients that ask through a proxy, each request on a connection of its own,
// and what became of them.
type load struct {
	t       *testing.T
	user    *user
	account *account
	client  *http.Client

	requests atomic.Int64
	mu       sync.Mutex
	placed   []string // client_order_ids
}

// call makes a request, and fails the test unless it is served. It is sent once.
func (l *load) call(method, path string, body any, want ...int) {
	text, err := json.Marshal(body)
	if err != nil {
		l.t.Error(err)
		return
	}
	request, err := http.NewRequest(method, "http://"+l.user.w.addr+path, bytes.NewReader(text))
	if err != nil {
		l.t.Error(err)
		return
	}
	for name, value := range map[string]string{"Cookie": l.user.cookieHeader(), "Origin": "http://" + l.user.w.addr, "Content-Type": "application/json", "X-Account-ID": l.account.id} {
		request.Header.Set(name, value)
	}
	l.requests.Add(1)
	response, err := l.client.Do(request)
	if err != nil {
		l.t.Errorf("%s %s failed: %v", method, path, err)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	for _, status := range want {
		if err == nil && response.StatusCode == status {
			return
		}
	}
	l.t.Errorf("%s %s is answered with %d %s (%v)", method, path, response.StatusCode, answer, err)
}

// repeat calls one again and again, until quit is closed.
func repeat(quit <-chan struct{}, every time.Duration, one func(n int)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		one(n)
		select {
		case <-quit:
			return
		case <-tick.C:
		}
	}
}

// Three instances of an older program behind nginx are upgraded one after the other,
// after the newest migrations were applied while all of them run. Clients that read,
// place orders and write logs the whole time see no request fail, who follows events
// hears each one once, and no order is placed twice. The configuration of nginx is
// that of docs/operations.md, and the steps are those that it says.
func TestUpgradeBehindNginx(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorldOn(t, pgtest.StartBare(t))
	newer, older := w.binary, olderBinary(t, w.postgres)
	addrs := []string{program.FreeAddr(t), program.FreeAddr(t), program.FreeAddr(t)}
	proxy := nginx.Start(t, "../../deploy/nginx", addrs...)
	w.settings = append(w.settings, "PADDOCK_LAME_DUCK=3s", "PADDOCK_TRUSTED_PROXIES=127.0.0.1", "BETTER_AUTH_TRUSTED_ORIGINS=http://"+proxy.Addr)
	w.migrate(older)
	w.binary = older
	all := w.startAt(addrs)
	through, behind := w.behind(proxy.Addr)
	ada := through.signUp("ada")
	a := ada.connect("one", w.seeds[0])
	a.awaitMirror()

	following, leave := context.WithCancel(t.Context())
	defer leave()
	followers := []*follower{behind.newFollower(ada, 1, false, a.id), behind.newFollower(ada, 2, true, a.id)}
	left := runFollowers(following, followers)
	l := &load{t: t, user: ada, account: a, client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	quit := make(chan struct{})
	var clients sync.WaitGroup
	clients.Go(func() { repeat(quit, 20*time.Millisecond, func(int) { l.call("GET", "/api/orders", nil, 200) }) })
	clients.Go(func() {
		repeat(quit, 20*time.Millisecond, func(int) { l.call("GET", "/api/events?since=0&limit=10", nil, 200) })
	})
	clients.Go(func() {
		repeat(quit, 50*time.Millisecond, func(n int) {
			l.call("POST", "/api/agent-logs", map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint("line ", n)}}}, 201)
		})
	})
	clients.Go(func() {
		repeat(quit, 200*time.Millisecond, func(n int) {
			id := fmt.Sprint("order-", n)
			l.call("POST", "/api/orders", map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1", "client_order_id": id}, 201, 202)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.placed = append(l.placed, id)
		})
	})
	more := func(n int64) {
		t.Helper()
		before := l.requests.Load()
		w.eventually("more requests", func() error {
			if l.requests.Load() < before+n {
				return errors.New("there are few")
			}
			return nil
		})
	}
	more(50)
	t.Log("the migrations, while the older program runs")
	w.migrate(newer)
	more(100)
	for i, one := range all {
		t.Log("instance", i)
		proxy.Drain(one.addr)
		if err := one.process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-one.exited
		if code := one.process.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the older program stopped with %d", code)
		}
		one.binary = newer
		one.start()
		proxy.Restore(one.addr)
		more(50)
	}
	close(quit)
	clients.Wait()
	w.eventually("the orders to be filled", func() error {
		filled := map[string]int{}
		for _, o := range w.sim.Orders(a.seed.KeyID) {
			if o.Status == "filled" {
				filled[o.ClientOrderID]++
			}
		}
		for _, id := range l.placed {
			if filled[id] != 1 {
				return fmt.Errorf("the broker has filled %s %d times", id, filled[id])
			}
		}
		if len(filled) != len(l.placed) {
			return fmt.Errorf("%d orders were placed, and the broker has %d", len(l.placed), len(filled))
		}
		return nil
	})
	events := 0
	for i, f := range followers {
		events = behind.compare(fmt.Sprint("follower ", i), f)
	}
	leave()
	left.Wait()
	t.Logf("%d requests, %d orders, %d events; followers connected %d and %d times", l.requests.Load(), len(l.placed), events, followers[0].breaks, followers[1].breaks)
	if len(l.placed) < 20 || l.requests.Load() < 500 {
		t.Error("the test did less than it says")
	}
}

package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// balancer is a proxy in front of instances that looks at /readyz of each and
// sends requests to those that are ready. It repeats none.
type balancer struct {
	server    *httptest.Server
	instances []*behind
	next      atomic.Int64
	errors    atomic.Int64 // requests that got no answer from an instance
}

// behind is an instance as a balancer sees it.
type behind struct {
	url   *url.URL
	ready atomic.Bool
}

const looksEvery = 100 * time.Millisecond

// newBalancer starts a balancer that has no instances yet.
func newBalancer(t *testing.T) *balancer {
	b := &balancer{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(b.pick())
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			b.errors.Add(1)
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, err)
		},
	}
	b.server = httptest.NewServer(proxy)
	t.Cleanup(func() {
		b.server.CloseClientConnections()
		b.server.Close()
	})
	return b
}

// serve sends requests to these instances, and looks at them until the test ends.
func (b *balancer) serve(t *testing.T, all []*world) {
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		looking.Wait()
	})
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, one := range all {
		i := &behind{url: &url.URL{Scheme: "http", Host: one.addr}}
		b.instances = append(b.instances, i)
		looking.Go(func() {
			for ctx.Err() == nil {
				response, err := client.Get(i.url.String() + "/readyz")
				i.ready.Store(err == nil && response.StatusCode == 200)
				if err == nil {
					response.Body.Close()
				}
				time.Sleep(looksEvery)
			}
		})
	}
}

// pick returns the next instance that is ready, or any where none is.
func (b *balancer) pick() *url.URL {
	n := int(b.next.Add(1))
	for i := range b.instances {
		if one := b.instances[(n+i)%len(b.instances)]; one.ready.Load() {
			return one.url
		}
	}
	return b.instances[n%len(b.instances)].url
}

// Three instances behind a balancer are restarted one after the other, while
// clients go on asking: no request fails, and a WebSocket is told to connect
// again.
func TestRollingRestartFailsNoRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	w := newWorld(t)
	b := newBalancer(t)
	w.settings = append(w.settings, "PADDOCK_LAME_DUCK=3s", "BETTER_AUTH_TRUSTED_ORIGINS="+b.server.URL)
	in := w.startInstances(3)
	b.serve(t, in.all)
	u := in.all[0].signUp("ada")
	a := u.connect("one", w.seeds[0])
	w.eventually("the balancer to see all instances", func() error {
		for _, i := range b.instances {
			if !i.ready.Load() {
				return errors.New(i.url.Host + " is not ready")
			}
		}
		return nil
	})

	through := *w
	through.addr = strings.TrimPrefix(b.server.URL, "http://")
	behind := u.at(&through)
	quit := make(chan struct{})
	var clients sync.WaitGroup
	var done, failed atomic.Int64
	for n := range 4 {
		clients.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-quit:
					return
				case <-time.After(10 * time.Millisecond):
				}
				var response *http.Response
				if i%3 == 0 {
					response = behind.call("POST", "/api/agent-logs", a.id, map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint(n, " ", i)}}})
				} else {
					response = behind.call("GET", "/api/orders", a.id, nil)
				}
				if done.Add(1); response.StatusCode/100 != 2 {
					failed.Add(1)
					text, _ := io.ReadAll(response.Body) // it is in memory
					t.Errorf("a request failed with %d %s", response.StatusCode, text)
				}
			}
		})
	}
	for _, one := range in.all {
		socket, _, err := websocket.Dial(t.Context(), "ws://"+one.addr+"/api/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {u.cookieHeader()}}})
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() {
			_, _, err := socket.Read(context.Background())
			closed <- err
		}()
		if err := one.process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		one.eventually("the instance to say that it is going away", func() error { return one.notReady("going away") })
		if response := one.get("/api/accounts", u); wantStatus(response, 200) != nil || !response.Close {
			t.Errorf("an instance that is about to stop answers with %+v", response)
		}
		<-one.exited
		if code := one.process.ProcessState.ExitCode(); code != 0 {
			t.Errorf("an instance stopped with %d", code)
		}
		if err := <-closed; websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the socket was closed with %v", err)
		}
		one.start()
	}
	close(quit)
	clients.Wait()
	t.Logf("%d requests, of which %d failed", done.Load(), failed.Load())
	if done.Load() < 300 || b.errors.Load() > 0 {
		t.Errorf("of %d requests %d got no answer", done.Load(), b.errors.Load())
	}
}

// A second signal ends an instance at once, which would go on for long.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	w := newWorld(t)
	w.settings = append(w.settings, "PADDOCK_LAME_DUCK=10m")
	w.start()
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.eventually("the instance to say that it is going away", func() error { return w.notReady("going away") })
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.eventually("the process to end", func() error {
		select {
		case <-w.exited:
			return nil
		default:
			return errors.New("it runs")
		}
	})
}

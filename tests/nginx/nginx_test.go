package nginx

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// While nginx reloads its configuration again and again, as it does for each instance
// of an upgrade, no answer is cut off: neither one that it reads in two parts nor a
// large one.
func TestAReloadCutsOffNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	answers := map[string][]byte{"/small": bytes.Repeat([]byte("0123456789abcdef"), 400), "/large": bytes.Repeat([]byte("0123456789abcdef"), 12000)}
	instance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(answers[r.URL.Path]) // the client looks at what came
	}))
	defer instance.Close()
	proxy := Start(t, "../../deploy/nginx", strings.TrimPrefix(instance.URL, "http://"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	quit := make(chan struct{})
	var clients sync.WaitGroup
	var served atomic.Int64
	for path, want := range answers {
		for range 4 {
			clients.Go(func() {
				for {
					select {
					case <-quit:
						return
					default:
					}
					response, err := client.Get("http://" + proxy.Addr + path)
					if err != nil {
						t.Errorf("%s: %v", path, err)
						return
					}
					got, err := io.ReadAll(response.Body)
					response.Body.Close()
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s: %d of %d bytes: %v", path, len(got), len(want), err)
						return
					}
					served.Add(1)
				}
			})
		}
	}
	for range 40 {
		time.Sleep(100 * time.Millisecond)
		proxy.reload()
	}
	close(quit)
	clients.Wait()
	if served.Load() < 200 {
		t.Errorf("%d answers prove nothing", served.Load())
	}
}

package status

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// first and second are the metrics of an instance at two moments; after them it
// began anew.
const (
	first = `paddock_build_info{version="v1",commit="abc",go="go1"} 1
paddock_http_requests_total{method="GET",route="/a",class="2xx"} 10
paddock_http_requests_total{method="GET",route="/b",class="5xx"} 2
paddock_orders_total{result="unsent"} 1
paddock_orders_total{result="unavailable"} 2
paddock_clock_skew_seconds{environment="paper"} -3
paddock_clock_skew_seconds{environment="live"} 2
# TYPE paddock_http_request_seconds histogram
paddock_http_request_seconds_bucket{method="GET",route="/a",le="0.1"} 10
paddock_http_request_seconds_bucket{method="GET",route="/a",le="1"} 10
paddock_http_request_seconds_bucket{method="GET",route="/a",le="+Inf"} 10
paddock_http_request_seconds_sum{method="GET",route="/a"} 1
paddock_http_request_seconds_count{method="GET",route="/a"} 10
# TYPE paddock_admission_seconds histogram
paddock_admission_seconds_bucket{door="request",le="0.5"} 1
paddock_admission_seconds_bucket{door="request",le="+Inf"} 100
paddock_admission_seconds_sum{door="request"} 1
paddock_admission_seconds_count{door="request"} 100
`
	again = `paddock_build_info{version="v1",commit="abc",go="go1"} 1
paddock_http_requests_total{method="GET",route="/a",class="2xx"} 4
`
)

var second = strings.NewReplacer(`class="2xx"} 10`, `class="2xx"} 40`, `le="1"} 10`, `le="1"} 40`, `route="/a",le="+Inf"} 10`, `route="/a",le="+Inf"} 40`).Replace(first)

// The status tells sums over the labels that are asked for, how fast counts grew
// between two readings, also when the process began anew, what 95 of 100 took in
// that time, and the largest of what may be negative.
func TestFigures(t *testing.T) {
	var metrics atomic.Pointer[string]
	set := func(text string) { metrics.Store(&text) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			_, _ = w.Write([]byte(`{"ready":true,"findings":[{"check":"a","status":"ok","says":"A."},{"check":"b","status":"warning","says":"B."}]}`))
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(*metrics.Load()))
	}))
	defer server.Close()
	source, err := Open(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) (Status, map[string]Figure) {
		t.Helper()
		set(text)
		if !source.lastAt.IsZero() {
			source.lastAt = time.Now().Add(-10 * time.Second) // the readings are ten seconds apart
		}
		s, err := source.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		figures := map[string]Figure{}
		for _, f := range s.Figures {
			figures[f.Name] = f
		}
		return s, figures
	}
	is := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil {
			t.Errorf("%s is missing, want %g", what, want)
		} else if math.Abs(*got-want) > 0.01*math.Abs(want)+0.001 {
			t.Errorf("%s is %g, want %g", what, *got, want)
		}
	}
	s, f := read(first)
	if !s.Ready || len(s.Findings) != 1 || s.Findings[0].Check != "b" || s.Version != "v1" || s.Commit != "abc" {
		t.Errorf("the status is %+v", s)
	}
	is("requests", f["requests"].Value, 12)
	is("5xx", f["requests_5xx"].Value, 2)
	is("unsent orders", f["orders_unsent"].Value, 3)
	is("parts of a metric that did not count yet", f["orders_accepted"].Value, 0)
	is("clock skew", f["clock_skew"].Value, -3)
	is("95 of 100 since the start", f["request_time"].Value, 0.1)
	is("above all bounds", f["admission_time"].Value, 0.5)
	if !f["admission_time"].Over || f["request_time"].Over || f["memory"].Value != nil {
		t.Errorf("the figures are %+v", f)
	}
	_, f = read(second)
	is("requests a second", f["requests"].PerSecond, 3)
	is("5xx a second", f["requests_5xx"].PerSecond, 0)
	is("95 of 100 since the last reading", f["request_time"].Value, 1)
	_, f = read(again)
	is("requests since it began anew", f["requests"].Value, 4)
	is("requests a second since then", f["requests"].PerSecond, 0.4)

	set("<html>")
	if _, err := source.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "is not Paddock") {
		t.Errorf("of another server: %v", err)
	}
}

// An address of all interfaces is read on this machine, and what is no address is
// refused.
func TestOpen(t *testing.T) {
	for addr, want := range map[string]string{":9090": "127.0.0.1:9090", "0.0.0.0:1": "127.0.0.1:1", "[::]:2": "127.0.0.1:2", "10.0.0.1:3": "10.0.0.1:3", "[::1]:4": "[::1]:4"} {
		if s, err := Open(addr); err != nil || s.addr != want {
			t.Errorf("%s: %v, %v, want %s", addr, s, err, want)
		}
	}
	if _, err := Open("9090"); err == nil {
		t.Error("a port alone is no address")
	}
}

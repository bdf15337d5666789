package metrics

import (
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// What happens at every request is counted without memory: a few additions.
func TestCountingAllocatesNothing(t *testing.T) {
	m := New()
	told := m.Route("GET", "/api/orders")
	told(200, time.Millisecond, false) // the first request makes the route's series
	for name, count := range map[string]func(){
		"request":   func() { told(200, time.Millisecond, false) },
		"problem":   func() { m.Problem("guard_refused") },
		"order":     func() { m.Order("accepted") },
		"admission": func() { m.Admission(tenant.DoorRequest, time.Millisecond) },
		"sign-in":   func() { m.SignIn("password", "ok") },
	} {
		if n := testing.AllocsPerRun(100, count); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}

// A value that nobody expects makes no series of its own.
func TestUnknownValuesAreOne(t *testing.T) {
	m := New()
	before, err := testutil.GatherAndCount(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		unknown := time.Now().String()
		m.Problem(unknown)
		m.Order(unknown)
		m.Guard(unknown)
		m.SignIn(unknown, unknown)
		m.Call(broker.Call{Host: unknown})(broker.Outcome{Result: unknown, Method: http.MethodGet})
	}
	after, err := testutil.GatherAndCount(m.registry)
	if err != nil || after != before {
		t.Errorf("there were %d series and now there are %d (%v)", before, after, err)
	}
	if n := testutil.ToFloat64(m.problems[other]); n != 3 {
		t.Errorf("%g unknown codes were counted, want 3", n)
	}
	told := m.Route("GET", "/api/orders")
	for _, status := range []int{0, -1, 99, 600, 1 << 30} {
		told(status, time.Millisecond, true)
	}
	if n := testutil.ToFloat64(m.declared.requests.WithLabelValues("GET", "/api/orders", other)); n != 5 {
		t.Errorf("%g odd statuses were counted, want 5", n)
	}
}

// BenchmarkRequest is what counting costs a request.
func BenchmarkRequest(b *testing.B) {
	m := New()
	told := m.Route("GET", "/api/orders")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Admission(tenant.DoorRequest, time.Millisecond)
			told(200, time.Millisecond, false)
		}
	})
}

package metrics

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"paddock/app/broker"
	"paddock/app/mirror"
	"paddock/app/push"
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

// Names and units are as Prometheus' guidelines have them.
func TestNames(t *testing.T) {
	m := New()
	m.Watch(Sources{
		Pools: map[string]func() tenant.PoolState{"app": func() tenant.PoolState { return tenant.PoolState{} }}, Rings: func() tenant.Rings { return tenant.Rings{} },
		Streams: func() mirror.State { return mirror.State{Connected: map[string]int64{"sse": 1}} }, Push: func() push.State { return push.State{} },
		Broker: func() broker.State { return broker.State{} }, ReportSessionsEnded: func() int64 { return 0 },
		Replica: func() *tenant.ReplicaState {
			return &tenant.ReplicaState{Lag: new(time.Duration), Reads: map[string]int64{"read": 1}}
		},
		ClockSkews: func() map[broker.Environment]time.Duration {
			return map[broker.Environment]time.Duration{broker.Paper: 1}
		},
	})
	deployment := m.WatchDeployment(nil, nil)
	deployment.last.Store(&look{at: time.Now(), state: tenant.DeploymentState{OldestAgreement: new(time.Time), SealKeyMade: new(time.Time)}, keys: []tenant.MasterKeyVersion{{Version: 1, Stores: true}},
		jobs: []tenant.JobCount{{Kind: "order"}}})
	m.Mirror().Update(time.Second, true)
	m.Mirror().Reconciled(time.Second, nil)
	m.Route("GET", "/a")(200, time.Second, false)
	m.Call(broker.Call{Host: broker.HostPaper})(broker.Outcome{Method: http.MethodGet})
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	gathered, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, family := range gathered {
		there[family.GetName()] = true
	}
	for _, d := range All() {
		if !there[d.Name] {
			t.Errorf("%s is declared and never told", d.Name)
		}
		delete(there, d.Name)
	}
	for name := range there {
		if strings.HasPrefix(name, "paddock_") {
			t.Errorf("%s is told and not declared", name)
		}
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

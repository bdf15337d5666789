// Package metrics counts what an instance does, for Prometheus. Every metric is
// declared here, in declared.go, and read from here: other packages tell what
// happens by functions of their own, or are asked for their state when the
// metrics are read. Nothing of a tenant is ever a label, such as an account, a
// user, a symbol or an id, and every label has few values: what is not one of
// them is counted as "other".
package metrics

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"paddock/app/auth"
	"paddock/app/broker"
	"paddock/app/destinations"
	"paddock/app/jobs"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// Metrics are the metrics of one instance.
type Metrics struct {
	registry *prometheus.Registry
	declared declared

	problems, orders, guards map[string]prometheus.Counter
	destinations             map[[2]string]prometheus.Counter
	signIns                  map[[2]string]prometheus.Counter
	calls                    map[[2]string]prometheus.Counter
	callTimes                map[string]prometheus.Observer
	admissions               map[string]prometheus.Observer
	updates, reconciliations map[bool]prometheus.Counter
	jobs                     map[[2]string]prometheus.Counter
	jobTimes                 map[string]prometheus.Observer
}

// New makes the metrics of an instance.
func New() *Metrics {
	b := readBuild()
	m := &Metrics{registry: prometheus.NewRegistry(), declared: declare()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.declared.list.collectors...)
	m.declared.build.WithLabelValues(b.version, b.commit, b.goVersion).Set(1)
	d := m.declared

	// The series of hot paths are looked up once, here: after that a count is an
	// addition, without a lock.
	var codes []string
	for _, c := range problem.Codes() {
		if c.Place() == problem.InAPI {
			codes = append(codes, c.String())
		}
	}
	m.problems = each(d.problems, codes)
	m.orders = each(d.orders, trading.OrderResults())
	m.guards = each(d.guards, trading.Guards())
	m.destinations = eachPair(d.destinations, destinations.Types(), destinations.Results())
	m.signIns = eachPair(d.signIns, auth.SignInWays(), auth.SignInResults())
	m.calls = eachPair(d.calls, hosts, broker.Results())
	m.jobs, m.jobTimes = eachPair(d.jobs, jobs.Kinds(), jobs.Results()), map[string]prometheus.Observer{}
	for _, kind := range jobs.Kinds() {
		m.jobTimes[kind] = d.jobSeconds.WithLabelValues(kind)
	}
	m.callTimes, m.admissions = map[string]prometheus.Observer{}, map[string]prometheus.Observer{}
	for _, host := range append(hosts, other) {
		m.callTimes[host] = d.callSeconds.WithLabelValues(host)
	}
	for _, door := range []string{tenant.DoorRequest, tenant.DoorWorker, tenant.DoorJob} {
		m.admissions[door] = d.admissionSeconds.WithLabelValues(door)
	}
	m.updates = map[bool]prometheus.Counter{true: d.updates.WithLabelValues("applied"), false: d.updates.WithLabelValues("unapplied")}
	m.reconciliations = map[bool]prometheus.Counter{true: d.reconciliations.WithLabelValues("ok"), false: d.reconciliations.WithLabelValues("failed")}
	return m
}

// hosts are the kinds of host that the broker has.
var hosts = []string{broker.HostPaper, broker.HostLive, broker.HostData}

// other is the value of a label for whatever is not expected.
const other = "other"

// each returns the counter of each value of the only label.
func each(of *prometheus.CounterVec, values []string) map[string]prometheus.Counter {
	counters := map[string]prometheus.Counter{}
	for _, v := range append(values, other) {
		counters[v] = of.WithLabelValues(v)
	}
	return counters
}

// eachPair returns the counter of each pair of values of the two labels.
func eachPair(of *prometheus.CounterVec, first, second []string) map[[2]string]prometheus.Counter {
	counters := map[[2]string]prometheus.Counter{}
	for _, a := range append(first, other) {
		for _, b := range append(second, other) {
			counters[[2]string{a, b}] = of.WithLabelValues(a, b)
		}
	}
	return counters
}

// known returns the counter of a value, or that of all others.
func known(counters map[string]prometheus.Counter, value string) prometheus.Counter {
	if c, ok := counters[value]; ok {
		return c
	}
	return counters[other]
}

func knownPair(counters map[[2]string]prometheus.Counter, a, b string) prometheus.Counter {
	if c, ok := counters[[2]string{a, b}]; ok {
		return c
	}
	return counters[[2]string{other, other}]
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Route returns a function that counts the requests of a route: see
// httpapi.Config.OnRequest. A route has no series before its first request.
func (m *Metrics) Route(method, route string) func(status int, took time.Duration, streamed bool) {
	d := m.declared
	seconds := sync.OnceValue(func() prometheus.Observer { return d.requestSeconds.WithLabelValues(method, route) })
	classes := [6]func() prometheus.Counter{}
	for i := range classes {
		classes[i] = sync.OnceValue(func() prometheus.Counter { return d.requests.WithLabelValues(method, route, classNames[i]) })
	}
	return func(status int, took time.Duration, streamed bool) {
		class := status / 100
		if class < 1 || class > 5 {
			class = 0
		}
		classes[class]().Inc()
		if !streamed {
			seconds().Observe(took.Seconds())
		}
	}
}

var classNames = [6]string{other, "1xx", "2xx", "3xx", "4xx", "5xx"}

// Problem counts an error that a client is told.
func (m *Metrics) Problem(code string) { known(m.problems, code).Inc() }

// Order counts what became of a request for an order.
func (m *Metrics) Order(result string) { known(m.orders, result).Inc() }

// Guard counts an order that a guard refuses.
func (m *Metrics) Guard(guard string) { known(m.guards, guard).Inc() }

// Job counts what became of carrying out a job, and takes how long that took.
func (m *Metrics) Job(kind, result string, took time.Duration) {
	knownPair(m.jobs, kind, result).Inc()
	if times, ok := m.jobTimes[kind]; ok {
		times.Observe(took.Seconds())
	}
}

// Destination counts a try to send a message to a destination of a type.
func (m *Metrics) Destination(kind, result string) { knownPair(m.destinations, kind, result).Inc() }

// SignIn counts a try to sign in or up.
func (m *Metrics) SignIn(by, result string) { knownPair(m.signIns, by, result).Inc() }

// Admission takes the time of an admission.
func (m *Metrics) Admission(door string, took time.Duration) {
	m.admissions[door].Observe(took.Seconds())
}

// Call takes how long a call of the broker took, and how it ended.
func (m *Metrics) Call(c broker.Call) func(broker.Outcome) {
	began := time.Now()
	return func(o broker.Outcome) {
		knownPair(m.calls, c.Host, o.Result).Inc()
		if o.Method != "" { // it was sent
			if times, ok := m.callTimes[c.Host]; ok {
				times.Observe(time.Since(began).Seconds())
			}
		}
	}
}

// Mirror returns an observer of the mirror.
func (m *Metrics) Mirror() mirror.Observer {
	lag, seconds := m.declared.updateLag.WithLabelValues(), m.declared.reconciliationSeconds.WithLabelValues()
	return mirror.Observer{
		Update: func(took time.Duration, applied bool) {
			m.updates[applied].Inc()
			lag.Observe(max(0, took.Seconds()))
		},
		Reconciled: func(took time.Duration, err error) {
			m.reconciliations[err == nil].Inc()
			seconds.Observe(took.Seconds())
		},
		Parked: m.declared.parked.WithLabelValues().Inc,
	}
}

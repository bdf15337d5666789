package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Buckets of histograms, in seconds.
var (
	requestBuckets   = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25}
	admissionBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
	lagBuckets       = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
)

// declared are the metrics that are told as things happen. Those that are read
// when they are asked for are in state.go.
type declared struct {
	build                 *prometheus.GaugeVec
	requests              *prometheus.CounterVec
	requestSeconds        *prometheus.HistogramVec
	problems              *prometheus.CounterVec
	admissionSeconds      *prometheus.HistogramVec
	orders                *prometheus.CounterVec
	guards                *prometheus.CounterVec
	parked                *prometheus.CounterVec
	jobs                  *prometheus.CounterVec
	jobSeconds            *prometheus.HistogramVec
	destinations          *prometheus.CounterVec
	signIns               *prometheus.CounterVec
	calls                 *prometheus.CounterVec
	callSeconds           *prometheus.HistogramVec
	updates               *prometheus.CounterVec
	updateLag             *prometheus.HistogramVec
	reconciliations       *prometheus.CounterVec
	reconciliationSeconds *prometheus.HistogramVec

	list list
}

func declare() declared {
	var l list
	d := declared{
		build:    l.gauges("paddock_build_info", "What the binary was built from; the value is 1.", "version", "commit", "go"),
		requests: l.counters("paddock_http_requests_total", "Requests that ended, by the route's path in the table of routes and the class of their status.", "method", "route", "class"),
		requestSeconds: l.histograms("paddock_http_request_seconds",
			"How long requests took, without streams of events.", requestBuckets, "method", "route"),
		problems: l.counters("paddock_problems_total", "Errors that clients were told, by their code.", "code"),
		admissionSeconds: l.histograms("paddock_admission_seconds",
			"From sending a transaction until the database admitted or refused it, without the wait for a connection.", admissionBuckets, "door"),
		orders: l.counters("paddock_orders_total", "Requests for an order, a replacement or a closing, by what became of them.", "result"),
		guards: l.counters("paddock_guard_refusals_total", "Guards that refused an order.", "guard"),
		parked: l.counters("paddock_orders_parked_total", "Orders whose answer was lost and that were given up as unknown: a person must look."),
		jobs:   l.counters("paddock_jobs_total", "Jobs that were carried out, by how that ended: postponed ones are tried again, lost ones by another instance.", "kind", "result"),
		jobSeconds: l.histograms("paddock_job_seconds",
			"How long carrying out a job took.", requestBuckets, "kind"),
		destinations: l.counters("paddock_destination_tries_total", "Tries to send a message to a webhook or by a notice.", "type", "result"),
		signIns:      l.counters("paddock_sign_ins_total", "Tries to sign in or up.", "by", "result"),
		calls:        l.counters("paddock_broker_calls_total", "Calls of the broker, by the kind of its host and their result.", "host", "result"),
		callSeconds: l.histograms("paddock_broker_call_seconds",
			"How long calls of the broker took that were sent; one that is passed through, until its answer began.", requestBuckets, "host"),
		updates: l.counters("paddock_trade_updates_total", "Updates of the broker's streams that were written to the database.", "result"),
		updateLag: l.histograms("paddock_trade_update_lag_seconds",
			"From the broker's sending an update until it was in the database, by both clocks and their measured difference.", lagBuckets),
		reconciliations:       l.counters("paddock_reconciliations_total", "Reconciliations of an account.", "result"),
		reconciliationSeconds: l.histograms("paddock_reconciliation_seconds", "How long reconciliations took.", lagBuckets),
	}
	d.list = l
	return d
}

// Declared is a metric that there is.
type Declared struct {
	Name        string
	Labels      []string
	IsHistogram bool // its series end with _bucket, _sum and _count
}

// All returns every metric of Paddock's own.
func All() []Declared {
	all := declare().list.declared
	for _, d := range stateMetrics {
		all = append(all, d.Declared)
	}
	return all
}

// list collects the metrics as they are declared.
type list struct {
	declared   []Declared
	collectors []prometheus.Collector
}

func (l *list) add(c prometheus.Collector, name string, isHistogram bool, labels []string) {
	l.declared = append(l.declared, Declared{name, labels, isHistogram})
	l.collectors = append(l.collectors, c)
}

func (l *list) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	l.add(v, name, false, labels)
	return v
}

func (l *list) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	l.add(v, name, false, labels)
	return v
}

func (l *list) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	l.add(v, name, true, labels)
	return v
}

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
	parked                prometheus.Counter
	signIns               *prometheus.CounterVec
	calls                 *prometheus.CounterVec
	callSeconds           *prometheus.HistogramVec
	updates               *prometheus.CounterVec
	updateLag             prometheus.Histogram
	reconciliations       *prometheus.CounterVec
	reconciliationSeconds prometheus.Histogram
}

func declare() declared {
	return declared{
		build:    gauges("paddock_build_info", "What the binary was built from; the value is 1.", "version", "commit", "go"),
		requests: counters("paddock_http_requests_total", "Requests that ended, by the route's path in the table of routes and the class of their status.", "method", "route", "class"),
		requestSeconds: histograms("paddock_http_request_seconds",
			"How long requests took, without streams of events.", requestBuckets, "method", "route"),
		problems: counters("paddock_problems_total", "Errors that clients were told, by their code.", "code"),
		admissionSeconds: histograms("paddock_admission_seconds",
			"From sending a transaction until the database admitted or refused it, without the wait for a connection.", admissionBuckets, "door"),
		orders:  counters("paddock_orders_total", "Requests for an order, a replacement or a closing, by what became of them.", "result"),
		guards:  counters("paddock_guard_refusals_total", "Guards that refused an order.", "guard"),
		parked:  counter("paddock_orders_parked_total", "Orders whose answer was lost and that were given up as unknown: a person must look."),
		signIns: counters("paddock_sign_ins_total", "Tries to sign in or up.", "by", "result"),
		calls:   counters("paddock_broker_calls_total", "Calls of the broker, by the kind of its host and their result.", "host", "result"),
		callSeconds: histograms("paddock_broker_call_seconds",
			"How long calls of the broker took that were sent; one that is passed through, until its answer began.", requestBuckets, "host"),
		updates:   counters("paddock_trade_updates_total", "Updates of the broker's streams that were written to the database.", "result"),
		updateLag: histogram("paddock_trade_update_lag_seconds", "From the broker's sending an update until it was in the database, by both clocks and their measured difference.", lagBuckets),
		reconciliations: counters("paddock_reconciliations_total",
			"Reconciliations of an account.", "result"),
		reconciliationSeconds: histogram("paddock_reconciliation_seconds", "How long reconciliations took.", lagBuckets),
	}
}

func (d declared) register(r *prometheus.Registry) {
	r.MustRegister(d.build, d.requests, d.requestSeconds, d.problems, d.admissionSeconds, d.orders, d.guards, d.parked, d.signIns,
		d.calls, d.callSeconds, d.updates, d.updateLag, d.reconciliations, d.reconciliationSeconds)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

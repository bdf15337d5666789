package status

import (
	"math"

	"paddock/app/metrics"
	"paddock/app/tenant"
)

// Figure is one number of an instance.
type Figure struct {
	Name string `json:"name"` // stable, for programs
	Unit string `json:"unit"` // "", s, bytes or ratio
	// Value is the number now, or since the start where it is a count; nil where
	// there is none yet. Of times, it is what 95 of 100 took at most.
	Value *float64 `json:"value"`
	// PerSecond is how fast a count grew between two readings; nil for others.
	PerSecond *float64 `json:"per_second,omitempty"`
	// Over says that the number is larger than Value, which is as far as is
	// measured.
	Over bool `json:"over,omitempty"`
}

// kind is how a figure follows from its metric.
type kind int

const (
	count   kind = iota // the sum of counters
	level               // the sum of gauges
	extreme             // the gauge that is the farthest from 0
	times               // a histogram of seconds
)

// figure is an entry of the list.
type figure struct {
	name, unit string
	kind       kind
	metric     string
	labels     [][]string // each adds the series that have these, in pairs; nil for all
}

func of(pairs ...string) []string { return pairs }

// replicaMisses are the results of reads that the standby did not serve.
func replicaMisses() (labels [][]string) {
	for _, result := range tenant.ReplicaResults[1:] {
		labels = append(labels, of("result", result))
	}
	return labels
}

// figures are all, in the order in which they are shown.
var figures = []figure{
	{"requests", "", count, "paddock_http_requests_total", nil},
	{"requests_5xx", "", count, "paddock_http_requests_total", [][]string{of("class", "5xx")}},
	{"request_time", "s", times, "paddock_http_request_seconds", nil},
	{"admission_time", "s", times, "paddock_admission_seconds", nil},
	{"sign_ins_refused", "", count, "paddock_sign_ins_total", [][]string{of("result", "refused"), of("result", "too_many")}},
	{"orders_accepted", "", count, "paddock_orders_total", [][]string{of("result", "accepted")}},
	{"orders_rejected", "", count, "paddock_orders_total", [][]string{of("result", "rejected")}},
	{"orders_refused_by_guards", "", count, "paddock_orders_total", [][]string{of("result", "guard_refused")}},
	{"orders_unclear", "", count, "paddock_orders_total", [][]string{of("result", "unclear")}},
	{"orders_unsent", "", count, "paddock_orders_total", [][]string{of("result", "unsent"), of("result", "unavailable")}},
	{"orders_parked", "", count, "paddock_orders_parked_total", nil},
	{"jobs_waiting", "", level, "paddock_jobs", [][]string{of("state", "waiting")}},
	{"jobs_idle", "s", level, "paddock_jobs_idle_seconds", nil},
	{"broker_calls", "", count, "paddock_broker_calls_total", nil},
	{"broker_calls_failed", "", count, "paddock_broker_calls_total", [][]string{of("result", "unavailable"), of("result", "ambiguous"), of("result", "breaker_open")}},
	{"broker_call_time", "s", times, "paddock_broker_call_seconds", nil},
	{"broker_rate_limit_left", "ratio", level, "paddock_broker_rate_limit_left_ratio", nil},
	{"broker_breakers_open", "", level, "paddock_broker_breakers_open", nil},
	{"clock_skew", "s", extreme, "paddock_clock_skew_seconds", nil},
	{"streams_held", "", level, "paddock_streams_held", nil},
	{"streams_wanted", "", level, "paddock_streams_wanted", nil},
	{"streams_connected", "", level, "paddock_streams_connected", nil},
	{"accounts_without_stream", "", level, "paddock_accounts_without_stream", nil},
	{"trade_updates", "", count, "paddock_trade_updates_total", nil},
	{"trade_update_lag", "s", times, "paddock_trade_update_lag_seconds", nil},
	{"reconciliations_failed", "", count, "paddock_reconciliations_total", [][]string{of("result", "failed")}},
	{"followers", "", level, "paddock_followers", nil},
	{"events_delivered", "", count, "paddock_events_delivered_total", nil},
	{"database_connections_in_use", "", level, "paddock_database_connections", [][]string{of("state", "acquired")}},
	{"database_connections_max", "", level, "paddock_database_connections_max", nil},
	{"database_waits_given_up", "", count, "paddock_database_waits_given_up_total", nil},
	{"replica_lag", "s", level, "paddock_replica_lag_seconds", nil},
	{"replica_reads", "", count, "paddock_replica_reads_total", [][]string{of("result", "read")}},
	{"replica_reads_on_primary", "", count, "paddock_replica_reads_total", replicaMisses()},
	{"report_sessions_ended", "", count, "paddock_report_sessions_ended_total", nil},
	{"instances", "", level, "paddock_instances", nil},
	{"accounts", "", level, "paddock_accounts", nil},
	{"accounts_unheld", "", level, "paddock_accounts_unheld", nil},
	{"accounts_behind", "", level, "paddock_accounts_behind", nil},
	{"oldest_agreement", "s", level, "paddock_oldest_agreement_age_seconds", nil},
	{"seal_key_age", "s", level, "paddock_seal_key_age_seconds", nil},
	{"memory", "bytes", level, "process_resident_memory_bytes", nil},
	{"goroutines", "", level, "go_goroutines", nil},
}

// read makes the figure of two readings, which are this many seconds apart.
func (f figure) read(now, before metrics.Reading, seconds float64) Figure {
	made := Figure{Name: f.name, Unit: f.unit}
	switch f.kind {
	case count:
		total, there := f.sum(now)
		if !there {
			break
		}
		grown, was := total, 0.0
		if was, there = f.sum(before); there && was <= total { // otherwise the process began anew
			grown -= was
		}
		perSecond := grown / seconds
		made.Value, made.PerSecond = &total, &perSecond
	case level:
		if total, there := f.sum(now); there {
			made.Value = &total
		}
	case extreme:
		if value, there := now.Largest(f.metric); there {
			made.Value = &value
		}
	case times:
		bound, there := now.Quantile(0.95, before, f.metric)
		if !there {
			bound, there = now.Quantile(0.95, metrics.Reading{}, f.metric)
		}
		if math.IsInf(bound, 1) {
			bound, made.Over = now.LastBound(f.metric), true
		}
		if there {
			made.Value = &bound
		}
	}
	return made
}

func (f figure) sum(r metrics.Reading) (total float64, there bool) {
	total, there = r.Sum(f.metric)
	if f.labels == nil || !there {
		return total, there
	}
	total = 0 // where none has these labels: a series begins with what it first counts
	for _, labels := range f.labels {
		part, _ := r.Sum(f.metric, labels...)
		total += part
	}
	return total, true
}

package metrics

import (
	"fmt"
	"io"
	"math"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Reading is the metrics of one instance at one moment, as another process reads
// them.
type Reading struct {
	families map[string]*dto.MetricFamily
}

// Read reads metrics in Prometheus' text format.
func Read(r io.Reader) (Reading, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return Reading{}, fmt.Errorf("read the metrics: %w", err)
	}
	return Reading{families}, nil
}

// series returns the series of a metric that have these labels, in pairs of name
// and value.
func (r Reading) series(metric string, labels []string) (found []*dto.Metric) {
	for _, m := range r.families[metric].GetMetric() {
		matches := true
		for i := 0; i+1 < len(labels); i += 2 {
			matches = matches && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool {
				return l.GetName() == labels[i] && l.GetValue() == labels[i+1]
			})
		}
		if matches {
			found = append(found, m)
		}
	}
	return found
}

func valueOf(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
}

// Sum adds up the series of a metric that have these labels. It reports false
// where there is none.
func (r Reading) Sum(metric string, labels ...string) (total float64, there bool) {
	for _, m := range r.series(metric, labels) {
		total, there = total+valueOf(m), true
	}
	return total, there
}

// Largest returns the value of the series whose value is the farthest from 0.
func (r Reading) Largest(metric string, labels ...string) (value float64, there bool) {
	for _, m := range r.series(metric, labels) {
		if v := valueOf(m); !there || math.Abs(v) > math.Abs(value) {
			value, there = v, true
		}
	}
	return value, there
}

// Label returns the value of a label of the only series of a metric, or "".
func (r Reading) Label(metric, label string) string {
	for _, m := range r.series(metric, nil) {
		for _, l := range m.GetLabel() {
			if l.GetName() == label {
				return l.GetValue()
			}
		}
	}
	return ""
}

// Quantile returns below what a part of a histogram's observations are that were
// made after an earlier reading, in its own unit: the upper bound of a bucket. It
// reports false where there were none, and returns infinity for what is above all
// bounds. Without an earlier reading it is of all observations.
func (r Reading) Quantile(part float64, since Reading, metric string, labels ...string) (bound float64, there bool) {
	counts, bounds := r.buckets(metric, labels)
	earlier, _ := since.buckets(metric, labels)
	for upper, before := range earlier {
		if now, is := counts[upper]; is && now >= before { // otherwise the process began anew
			counts[upper] = now - before
		}
	}
	if len(bounds) == 0 {
		return 0, false
	}
	all := counts[bounds[len(bounds)-1]]
	if all == 0 {
		return 0, false
	}
	for _, upper := range bounds {
		if counts[upper] >= part*all {
			return upper, true
		}
	}
	return math.Inf(1), true
}

// LastBound returns the largest bound of a histogram's buckets that is not
// infinity.
func (r Reading) LastBound(metric string) (bound float64) {
	_, bounds := r.buckets(metric, nil)
	for _, b := range bounds {
		if !math.IsInf(b, 1) {
			bound = b
		}
	}
	return bound
}

// buckets returns how many observations were at most each bound, over all series,
// and the bounds in their order; the last is infinity.
func (r Reading) buckets(metric string, labels []string) (counts map[float64]float64, bounds []float64) {
	counts = map[float64]float64{}
	for _, m := range r.series(metric, labels) {
		for _, b := range m.GetHistogram().GetBucket() {
			if _, seen := counts[b.GetUpperBound()]; !seen {
				bounds = append(bounds, b.GetUpperBound())
			}
			counts[b.GetUpperBound()] += float64(b.GetCumulativeCount())
		}
	}
	slices.Sort(bounds)
	return counts, bounds
}

// Command promql reads expressions of PromQL from its input, a JSON list of texts,
// by Prometheus' own parser. It prints what each is made of, as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// expression is what an expression is made of.
type expression struct {
	Error     string     `json:"error,omitempty"`
	Type      string     `json:"type"`
	Selectors []selector `json:"selectors"`
	Labels    []string   `json:"labels"` // by which it groups and matches
}

// selector is a metric that is asked for, with the labels that select its series.
type selector struct {
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels"`
	Equal  map[string]string `json:"equal"` // of these, those that must be equal
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "promql:", err)
		os.Exit(1)
	}
}

func run() error {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		return fmt.Errorf("read the list of expressions: %w", err)
	}
	reader := parser.NewParser(parser.Options{})
	all := []expression{}
	for _, text := range texts {
		all = append(all, read(reader, text))
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func read(reader parser.Parser, text string) expression {
	parsed, err := reader.ParseExpr(text)
	if err != nil {
		return expression{Error: err.Error()}
	}
	e := expression{Type: string(parsed.Type()), Selectors: []selector{}, Labels: []string{}}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			s := selector{Metric: n.Name, Labels: map[string]string{}, Equal: map[string]string{}}
			for _, m := range n.LabelMatchers {
				if m.Name == labels.MetricName {
					continue
				}
				s.Labels[m.Name] = m.Value
				if m.Type == labels.MatchEqual {
					s.Equal[m.Name] = m.Value
				}
			}
			e.Selectors = append(e.Selectors, s)
		case *parser.AggregateExpr:
			e.Labels = append(e.Labels, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				e.Labels = append(e.Labels, slices.Concat(n.VectorMatching.MatchingLabels, n.VectorMatching.Include)...)
			}
		}
		return nil
	})
	return e
}

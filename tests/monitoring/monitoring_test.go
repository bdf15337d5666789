// Package monitoring holds the alerts, the dashboard and the runbook of
// docs against the metrics that there are.
package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"paddock/app/auth"
	"paddock/app/broker"
	"paddock/app/destinations"
	"paddock/app/jobs"
	"paddock/app/metrics"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/program"
)

// alert is a rule of alerts.yaml.
type alert struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func readAlerts(t *testing.T) (alerts []alert) {
	t.Helper()
	text, err := os.ReadFile("../../docs/monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		alerts = append(alerts, g.Rules...)
	}
	return alerts
}

// readPanels returns the expressions of the dashboard, by the titles of their
// panels.
func readPanels(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	panels, ids := map[string][]string{}, map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %q has no queries, or another's id", p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			panels[p.Title] = append(panels[p.Title], strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	return panels
}

// expression is what the program in promql says of an expression.
type expression struct {
	Error     string
	Type      string
	Selectors []struct {
		Metric        string
		Labels, Equal map[string]string
	}
	Labels []string
}

// parse reads expressions by Prometheus' own parser.
func parse(t *testing.T, texts []string) []expression {
	t.Helper()
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "run", ".")
	command.Dir, command.Stdin = "promql", bytes.NewReader(input)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	said, err := command.Output()
	if err != nil {
		program.Missing(t, "Prometheus' parser cannot be built: "+complaint.String(), "let go download the modules of tests/monitoring/promql")
	}
	var parsed []expression
	if err := json.Unmarshal(said, &parsed); err != nil || len(parsed) != len(texts) {
		t.Fatalf("the parser says %s (%v)", said, err)
	}
	return parsed
}

// prometheusMetrics are metrics that Prometheus makes itself, or that its client
// library adds.
var prometheusMetrics = []string{
	"up", "process_open_fds", "process_max_fds", "process_resident_memory_bytes", "process_cpu_seconds_total", "go_goroutines", "go_memstats_heap_inuse_bytes",
}

// labelsOf returns the labels of a series, besides those that Prometheus adds,
// and reports whether there is such a series.
func labelsOf(series string) (labels []string, there bool) {
	if slices.Contains(prometheusMetrics, series) {
		return nil, true
	}
	for _, m := range metrics.All() {
		if !m.IsHistogram && series == m.Name {
			return m.Labels, true
		}
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			if m.IsHistogram && series == m.Name+end {
				if end == "_bucket" {
					return append([]string{"le"}, m.Labels...), true
				}
				return m.Labels, true
			}
		}
	}
	return nil, false
}

// addedLabels are those that Prometheus adds to each series.
var addedLabels = []string{"job", "instance"}

// complaints returns what an expression asks for that there is not.
func complaints(text string, e expression) (found []string) {
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if e.Error != "" {
		complain("%s: %s", text, e.Error)
		return found
	}
	known := slices.Clone(addedLabels)
	for _, s := range e.Selectors {
		labels, there := labelsOf(s.Metric)
		if !there {
			complain("there is no metric %q", s.Metric)
		}
		known = append(known, labels...)
		for name, value := range s.Labels {
			if !slices.Contains(append(labels, addedLabels...), name) {
				complain("%s has no label %q", s.Metric, name)
			}
			values := valuesOf(s.Metric, name)
			for _, v := range strings.Split(value, "|") {
				if values != nil && !slices.Contains(values, v) {
					complain("%s is never %s=%q", s.Metric, name, v)
				}
			}
		}
	}
	for _, name := range e.Labels {
		if !slices.Contains(known, name) {
			complain("it groups by the label %q, which none of its metrics has", name)
		}
	}
	return found
}

// valuesOf returns the values of a label, where they are a short list.
func valuesOf(metric, label string) []string {
	return map[string][]string{
		"paddock_http_requests_total class":      {"1xx", "2xx", "3xx", "4xx", "5xx", "other"},
		"paddock_orders_total result":            trading.OrderResults(),
		"paddock_sign_ins_total result":          auth.SignInResults(),
		"paddock_broker_calls_total result":      broker.Results(),
		"paddock_trade_updates_total result":     {"applied", "unapplied"},
		"paddock_reconciliations_total result":   {"ok", "failed"},
		"paddock_replica_reads_total result":     tenant.ReplicaResults[:],
		"paddock_jobs_total result":              jobs.Results(),
		"paddock_destination_tries_total result": destinations.Results(),
		"paddock_destination_tries_total type":   destinations.Types(),
		"paddock_jobs_total kind":                jobs.Kinds(),
		"paddock_destinations state":             {"working", "failing", "given_up"},
		"paddock_destinations type":              destinations.Types(),
		"paddock_jobs state":                     {"waiting", "running"},
		"paddock_rings_total what":               {"sent", "failed", "withheld", "heard"},
		"paddock_broker_breakers_open scope":     {"own", "shared"},
		"paddock_database_connections state":     {"acquired", "idle"},
		"up job":                                 {"paddock"},
		"process_open_fds job":                   {"paddock"},
		"process_max_fds job":                    {"paddock"},
		"process_resident_memory_bytes job":      {"paddock"},
		"process_cpu_seconds_total job":          {"paddock"},
		"go_goroutines job":                      {"paddock"},
		"go_memstats_heap_inuse_bytes job":       {"paddock"},
	}[metric+" "+label]
}

// Each expression of the alerts and of the dashboard can be read by Prometheus,
// and asks only for metrics, labels and values that there are. The dashboard
// shows every metric that there is.
func TestExpressions(t *testing.T) {
	var texts, wheres []string
	for _, a := range readAlerts(t) {
		texts, wheres = append(texts, a.Expr), append(wheres, "the alert "+a.Alert)
	}
	shown := ""
	for title, expressions := range readPanels(t) {
		for _, text := range expressions {
			texts, wheres = append(texts, text), append(wheres, "the panel "+title)
			shown += text + "\n"
		}
	}
	if len(texts) < 50 {
		t.Errorf("there are only %d expressions", len(texts))
	}
	for i, e := range parse(t, texts) {
		for _, complaint := range complaints(texts[i], e) {
			t.Errorf("%s: %s", wheres[i], complaint)
		}
	}
	for _, m := range metrics.All() {
		if !strings.Contains(shown, m.Name) {
			t.Errorf("no panel of the dashboard shows %s", m.Name)
		}
	}
}

// complaints finds what is wrong with an expression: a metric, a label or a value
// that there is not, and what is no PromQL.
func TestComplaints(t *testing.T) {
	wrong := []string{
		"paddock_nothing > 0", "rate(paddock_orders_total[5m]", `paddock_orders_total{account="1"}`, `paddock_orders_total{result="lost"}`,
		"sum by (symbol) (paddock_orders_total)", "paddock_admission_seconds > 1", `paddock_broker_calls_total{result=~"unavailable|nothing"}`,
	}
	for i, e := range parse(t, wrong) {
		if len(complaints(wrong[i], e)) == 0 {
			t.Errorf("nothing is wrong with %s", wrong[i])
		}
	}
}

var heading = regexp.MustCompile(`(?m)^## (\w+)$`)

// Each alert has a section of the runbook, in the same order, which says what it
// means, what to look at and what to do; and no section is of another.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range readAlerts(t) {
		names = append(names, a.Alert)
		if want := "docs/runbook.md#" + strings.ToLower(a.Alert); a.Annotations["runbook"] != want || a.Annotations["summary"] == "" {
			t.Errorf("%s has the annotations %v, want a summary and the runbook %s", a.Alert, a.Annotations, want)
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has the severity %q", a.Alert, s)
		}
	}
	var sections []string
	at := heading.FindAllStringSubmatchIndex(string(text), -1)
	for i, m := range at {
		name := string(text[m[2]:m[3]])
		sections = append(sections, name)
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		for _, part := range []string{"**It means**", "**Look at**", "**Do**"} {
			if !bytes.Contains(text[m[0]:end], []byte(part)) {
				t.Errorf("the section %s lacks %s", name, part)
			}
		}
	}
	if !slices.Equal(names, sections) {
		t.Errorf("the alerts are\n%q\nand the sections of the runbook\n%q", names, sections)
	}
}

// docs/operations.md names every metric of Paddock's that there is, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(paddock_[a-z_]+)`").FindAllStringSubmatch(string(text), -1) {
		named[m[1]] = true
	}
	for _, m := range metrics.All() {
		if !named[m.Name] {
			t.Errorf("docs/operations.md does not name %s", m.Name)
		}
		delete(named, m.Name)
	}
	for name := range named {
		if !slices.Contains([]string{"paddock_app", "paddock_worker", "paddock_auth", "paddock_report", "paddock_owner", "paddock_gate", "paddock_recorder", "paddock_migrator", "paddock_watchdog", "paddock_version"}, name) {
			t.Errorf("docs/operations.md names %s, which is no metric", name)
		}
	}
}

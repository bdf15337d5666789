package system

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"paddock/app/alpacasim"
	"paddock/app/auth"
	"paddock/app/broker"
	"paddock/app/destinations"
	"paddock/app/jobs"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/program"
)

// labelValues has what the values of each label may be. Go's own metrics have
// labels that are not here.
func labelValues(t *testing.T) map[string]func(string) bool {
	t.Helper()
	one := func(values ...string) func(string) bool {
		return func(v string) bool { return slices.Contains(values, v) }
	}
	source, err := os.ReadFile("../../app/httpapi/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	routes := []string{"console", "unmatched"}
	for _, m := range regexp.MustCompile(`"(/[^" ]*)"`).FindAllStringSubmatch(string(source), -1) {
		routes = append(routes, m[1], "/api/data"+m[1])
	}
	var codes []string
	for _, c := range problem.Codes() {
		codes = append(codes, c.String())
	}
	return map[string]func(string) bool{
		"method":      one("any", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
		"route":       one(routes...),
		"class":       one("1xx", "2xx", "3xx", "4xx", "5xx", "other"),
		"code":        one(append(codes, "other")...),
		"door":        one("request", "worker", "job"),
		"guard":       one(append(trading.Guards(), "other")...),
		"result":      one(slices.Concat(trading.OrderResults(), auth.SignInResults(), broker.Results(), jobs.Results(), destinations.Results(), tenant.ReplicaResults[:], []string{"applied", "unapplied", "ok", "failed", "other"})...),
		"by":          one(append(auth.SignInWays(), "other")...),
		"host":        one("paper", "live", "data", "other"),
		"pool":        one("app", "worker", "auth", "bell", "jobs", "reach", "ready", "replica", "index"),
		"state":       one("acquired", "idle", "waiting", "running", "working", "failing", "given_up"),
		"kind":        one(append(jobs.Kinds(), "other")...),
		"type":        one(append(destinations.Types(), "other")...),
		"what":        one("sent", "failed", "withheld", "heard"),
		"transport":   one("sse", "ws"),
		"scope":       one("own", "shared"),
		"environment": one("paper", "live"),
		"version":     regexp.MustCompile(`^(\d{1,6}|\(devel\)|v[0-9a-zA-Z.+-]{1,60})$`).MatchString,
		"commit":      regexp.MustCompile(`^[0-9a-f]{0,12}$`).MatchString,
		"go":          regexp.MustCompile(`^go1[0-9a-zA-Z.-]{1,20}$`).MatchString,
	}
}

// scrape reads the metrics, and returns them as they came and by their names.
func (w *world) scrape(addr string) (text []byte, families map[string]*dto.MetricFamily) {
	w.t.Helper()
	response, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err = io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		w.t.Fatalf("the metrics: %d, %v", response.StatusCode, err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	if families, err = parser.TextToMetricFamilies(bytes.NewReader(text)); err != nil {
		w.t.Fatal(err)
	}
	return text, families
}

// sum adds up a metric's values over all of its labels' values that have these,
// in pairs of name and value. Of a histogram it is how many were observed.
func sum(families map[string]*dto.MetricFamily, name string, labels ...string) (total float64) {
	for _, m := range families[name].GetMetric() {
		matches := true
		for i := 0; i < len(labels); i += 2 {
			matches = matches && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == labels[i] && l.GetValue() == labels[i+1] })
		}
		if matches {
			total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return total
}

// After a busy run each metric has counted what happened, and nothing of a
// tenant is in any of them: every label's values are of a known list, unknown
// paths and methods are one value each, and no id, address or symbol is anywhere.
func TestMetricsCountAndShowNoTenant(t *testing.T) {
	w := newWorld(t)
	operator := program.FreeAddr(t)
	w.settings = []string{"PADDOCK_OPERATOR_ADDR=" + operator}
	w.start()

	ada := w.signUp("zenobia")
	a := ada.connect("one", w.seeds[0])
	ada.follow(a)
	stream, err := http.NewRequest(http.MethodGet, "http://"+w.addr+"/api/events?account_id="+a.id, nil)
	if err != nil {
		t.Fatal(err)
	}
	stream.Header.Set("Cookie", ada.cookieHeader())
	stream.Header.Set("Accept", "text/event-stream")
	events, err := http.DefaultClient.Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()

	w.eventually("the account's stream to be connected", func() error {
		if _, families := w.scrape(operator); sum(families, "paddock_streams_connected") != 1 {
			return errors.New("it is not")
		}
		return nil
	})
	for range 3 {
		a.mustBuy("AAPL", 1)
	}
	w.settle([]*account{a})
	w.sim.Inject(alpacasim.Drop, 1, 0)
	if r := a.buy("AAPL", 1, "dropped"); r.StatusCode != http.StatusAccepted {
		t.Errorf("an order whose answer was lost: %d", r.StatusCode)
	}
	w.settle([]*account{a})
	if r := ada.call("PUT", "/api/guards", a.id, map[string]any{"allowed_symbols": []string{"MSFT"}}); r.StatusCode != http.StatusOK {
		t.Errorf("guards: %d", r.StatusCode)
	}
	a.buy("AAPL", 1, "guarded")
	a.orders()
	w.get("/api/assets/MSFT?account_id="+a.id, ada)
	w.get("/api/data/v2/stocks/bars/latest?symbols=MSFT&account_id="+a.id, ada)
	for i := range 50 {
		suffix := strings.Repeat("x", i+1)
		ada.call("GET", "/api/"+suffix, "", nil)
		ada.call("GET", "/"+suffix, "", nil)
		ada.call("BREW"+strings.ToUpper(suffix), "/api/orders", a.id, nil)
		ada.call("GET", "/api/orders/"+suffix, a.id, nil)
	}
	ada.call("POST", "/api/auth/sign-in/email", "", map[string]string{"email": "zenobia@example.com", "password": "a wrong password"})

	var text []byte
	var families map[string]*dto.MetricFamily
	moved := map[string][]string{
		"paddock_http_requests_total":                    {"method", "POST", "route", "/api/orders", "class", "2xx"},
		"paddock_http_request_seconds":                   {"method", "GET", "route", "/api/orders"},
		"paddock_problems_total":                         {"code", "guard_refused"},
		"paddock_admission_seconds":                      {"door", "request"},
		"paddock_orders_total":                           {"result", "unclear"},
		"paddock_guard_refusals_total":                   {"guard", "allowed_symbols"},
		"paddock_sign_ins_total":                         {"by", "password", "result", "refused"},
		"paddock_broker_calls_total":                     {"host", "data", "result", "ok"},
		"paddock_broker_call_seconds":                    {"host", "paper"},
		"paddock_trade_updates_total":                    {"result", "applied"},
		"paddock_trade_update_lag_seconds":               nil,
		"paddock_reconciliations_total":                  {"result", "ok"},
		"paddock_reconciliation_seconds":                 nil,
		"paddock_database_connections_max":               {"pool", "app"},
		"paddock_rings_total":                            {"what", "heard"},
		"paddock_streams_held":                           nil,
		"paddock_streams_wanted":                         nil,
		"paddock_streams_connected":                      {"transport", "sse"},
		"paddock_followers":                              {"transport", "ws"},
		"paddock_events_delivered_total":                 nil,
		"paddock_broker_rate_limit_left_ratio":           nil,
		"paddock_master_key_newest_version":              nil,
		"paddock_instances":                              nil,
		"paddock_accounts":                               nil,
		"paddock_master_key_accounts":                    {"version", "1"},
		"paddock_master_key_storing_version":             nil,
		"paddock_deployment_looked_at_timestamp_seconds": nil,
		"paddock_build_info":                             nil,
		"go_goroutines":                                  nil,
	}
	w.eventually("every metric to have counted", func() error {
		text, families = w.scrape(operator)
		for name, labels := range moved {
			if sum(families, name, labels...) == 0 {
				return fmt.Errorf("%s%q is 0 or missing", name, labels)
			}
		}
		return nil
	})
	for name, labels := range map[string][]string{
		"paddock_orders_total":                {"result", "accepted"},
		"paddock_broker_calls_total":          {"host", "paper", "result", "ambiguous"},
		"paddock_orders_parked_total":         nil,
		"paddock_accounts_unheld":             nil,
		"paddock_accounts_without_stream":     nil,
		"paddock_broker_breakers_open":        nil,
		"paddock_report_sessions_ended_total": nil,
	} {
		want := map[string]float64{"paddock_orders_total": 3, "paddock_broker_calls_total": 1}[name]
		if got := sum(families, name, labels...); families[name] == nil || got != want {
			t.Errorf("%s%q is %g, want %g", name, labels, got, want)
		}
	}
	if got := sum(families, "paddock_http_requests_total", "route", "unmatched"); got != 100 {
		t.Errorf("%g requests were for no route, want 100", got)
	}

	allowed := labelValues(t)
	series := 0
	for name, family := range families {
		if !strings.HasPrefix(name, "paddock_") {
			continue
		}
		for _, m := range family.GetMetric() {
			series++
			for _, l := range m.GetLabel() {
				if may := allowed[l.GetName()]; may == nil || !may(l.GetValue()) {
					t.Errorf("%s has the label %s=%q, which no list allows", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
	if series > 1000 {
		t.Errorf("there are %d series", series)
	}
	for _, secret := range []string{
		a.id, "zenobia", "example.com", "AAPL", "MSFT", "xxx", "BREW", ada.cookie, ada.password, w.seeds[0].KeyID, w.seeds[0].SecretKey, w.masterKey, w.authSecret, a.orders()[0].ID,
	} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%q is in the metrics", secret)
		}
	}

	// Nothing of this is on the port that everybody reaches.
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		response := ada.call("GET", path, "", nil)
		if body, err := io.ReadAll(response.Body); err != nil || bytes.Contains(body, []byte("goroutine")) || bytes.Contains(body, []byte("paddock_build")) {
			t.Errorf("%s is served to everybody (%v)", path, err)
		}
	}
	for path, status := range map[string]int{"/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 404, "/healthz": 200, "/api/orders": 404} {
		response, err := http.Get("http://" + operator + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s on the operator's port: %d, want %d", path, response.StatusCode, status)
		}
	}

	w.sim.RefuseStreams(true)
	w.sim.CutStreams()
	w.eventually("the stream not to be connected any more", func() error {
		if _, families := w.scrape(operator); sum(families, "paddock_streams_connected") != 0 {
			return errors.New("it is")
		}
		return nil
	})
	w.stop()
}

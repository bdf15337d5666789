package system

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"paddock/app/alpacasim"
)

// receiver takes traces by OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	bytes []byte // of all requests
	spans []*otlp.Span
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var export collector.ExportTraceServiceRequest
		if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(body, &export) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bytes = append(r.bytes, body...)
		for _, resource := range export.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				r.spans = append(r.spans, scope.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// trace returns the spans of the trace whose root has this name; of several such
// traces, those of the last.
func (r *receiver) trace(root string) (spans []*otlp.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var id []byte
	for _, s := range r.spans {
		if s.GetName() == root {
			id = s.GetTraceId()
		}
	}
	for _, s := range r.spans {
		if id != nil && bytes.Equal(s.GetTraceId(), id) {
			spans = append(spans, s)
		}
	}
	return spans
}

func (r *receiver) received() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.bytes)
}

// attribute returns a span's attribute as text.
func attribute(attributes []*common.KeyValue, name string) string {
	for _, a := range attributes {
		if a.GetKey() == name {
			if n, is := a.GetValue().GetValue().(*common.AnyValue_IntValue); is {
				return fmt.Sprint(n.IntValue)
			}
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// POST /api/orders is one trace: the request, the batches of Postgres with the
// texts of their statements, and the call of the broker. The lines of the log
// have its id, and the request's and the account's. No span has a secret, an id
// or anything else of a tenant, whatever went wrong. A traceparent is continued
// from a trusted proxy alone.
func TestATraceOfAnOrder(t *testing.T) {
	w := newWorld(t)
	to := newReceiver(t)
	w.settings = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + to.URL, "OTEL_BSP_SCHEDULE_DELAY=50"}
	w.start()
	ada := w.signUp("zenobia")
	a := ada.connect("one", w.seeds[0])
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	buy := func(clientOrderID string) (traceID string) {
		t.Helper()
		body := fmt.Sprintf(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"7.5","client_order_id":%q}`, clientOrderID)
		request, err := http.NewRequest(http.MethodPost, "http://"+w.addr+"/api/orders", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", ada.cookieHeader())
		request.Header.Set("X-Account-ID", a.id)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusCreated {
			t.Fatalf("an order: %d", response.StatusCode)
		}
		w.eventually("the log to have the request's end", func() error {
			line, err := w.requestLine(response.Header.Get("X-Request-ID"))
			if err != nil {
				return err
			}
			if traceID = line["trace_id"]; line["account"] != a.id || len(traceID) != 32 {
				t.Fatalf("the request's line is %v", line)
			}
			return nil
		})
		return traceID
	}

	logged := buy("the-first")
	var spans []*otlp.Span
	w.eventually("the trace of the order", func() error {
		spans = to.trace("POST /api/orders")
		if len(spans) < 4 {
			return fmt.Errorf("there are %d spans", len(spans))
		}
		return nil
	})
	if id := hex.EncodeToString(spans[0].GetTraceId()); id != logged || id == theirs {
		t.Errorf("the trace is %s, the log says %s, and an untrusted client said %s", id, logged, theirs)
	}
	var root *otlp.Span
	var statements []string
	batches, calls := 0, 0
	for _, s := range spans {
		switch s.GetName() {
		case "POST /api/orders":
			root = s
			if got := attribute(s.GetAttributes(), "http.route"); got != "/api/orders" || attribute(s.GetAttributes(), "http.response.status_code") != "201" {
				t.Errorf("the request's span has %v", s.GetAttributes())
			}
		case "postgres batch":
			batches++
			for _, e := range s.GetEvents() {
				statements = append(statements, attribute(e.GetAttributes(), "db.query.text"))
			}
		case "alpaca place":
			calls++
			for name, want := range map[string]string{"paddock.broker.host": "paper", "paddock.broker.result": "ok", "http.request.method": "POST", "url.template": "/v2/orders", "http.response.status_code": "200"} {
				if got := attribute(s.GetAttributes(), name); got != want {
					t.Errorf("the broker's call has %s %q, want %q", name, got, want)
				}
			}
		case "alpaca quotes": // the quote that the order meets
		default:
			t.Errorf("the trace has the span %q", s.GetName())
		}
	}
	for _, s := range spans {
		if s != root && !bytes.Equal(s.GetParentSpanId(), root.GetSpanId()) {
			t.Errorf("%q is not a child of the request", s.GetName())
		}
	}
	if batches < 2 || calls != 1 {
		t.Errorf("there are %d batches and %d calls, want 2 or more and 1", batches, calls)
	}
	for _, want := range []string{"select private.admit($1, $2, $3)", "insert into app.alpaca_orders", "private.record_answer($1, $2, $3, $4)"} {
		if !slices.ContainsFunc(statements, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("no batch has the statement %q", want)
		}
	}

	t.Log("what goes wrong is traced, too")
	a.buy("AAPL", 100_000_000, "rejected-order") // for which there is no money
	w.sim.Inject(alpacasim.Fail, 1, 0)
	a.buy("AAPL", 1, "failed-order")
	w.sim.Inject(alpacasim.Drop, 1, 0)
	a.buy("AAPL", 1, "dropped-order")
	a.buy("AAPL", 2, "the-first") // a client_order_id that is taken
	ada.call("GET", "/api/positions/MSFT", a.id, nil)
	w.get("/api/positions/MSFT?account_id="+a.id, ada)
	w.get("/api/orders?account_id="+"11111111-2222-4333-8444-555555555555", ada)
	ada.call("POST", "/api/auth/sign-in/email", "", map[string]string{"email": "zenobia@example.com", "password": "a wrong password"})
	order := a.orders()[0]
	w.get("/api/orders/"+order.ID+"?account_id="+a.id, ada)
	stream, err := http.NewRequest(http.MethodGet, "http://"+w.addr+"/api/events?account_id="+a.id, nil)
	if err != nil {
		t.Fatal(err)
	}
	stream.Header.Set("Cookie", ada.cookieHeader())
	stream.Header.Set("Accept", "text/event-stream")
	following, err := http.DefaultClient.Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer following.Body.Close() // its trace ends when it begins
	w.eventually("these traces", func() error {
		for _, name := range []string{"GET /api/events", "GET /api/orders/{id}", "POST /api/auth/{path...}", "GET /api/positions/{symbol...}"} {
			if to.trace(name) == nil {
				return fmt.Errorf("there is none of %s", name)
			}
		}
		return nil
	})
	w.stop() // sends what is left
	hidden := []string{
		w.seeds[0].KeyID, w.seeds[0].SecretKey, w.masterKey, w.authSecret, ada.password, ada.cookie, strings.Split(ada.cookie, ".")[0], "a wrong password",
		"zenobia", "example.com", "127.0.0.1", "AAPL", "MSFT", "7.5", "the-first", "rejected-order", a.id, order.ID, order.AlpacaOrderID, order.ClientOrderID,
		"11111111-2222-4333-8444-555555555555", "better-auth", "APCA",
	}
	for _, password := range w.passwords {
		hidden = append(hidden, password)
	}
	for _, secret := range hidden {
		if bytes.Contains(to.received(), []byte(secret)) {
			t.Errorf("%q is in a trace", secret)
		}
	}

	t.Log("a trusted proxy's trace is continued")
	w.settings = append(w.settings, "PADDOCK_TRUSTED_PROXIES=127.0.0.0/8", "PADDOCK_TRUST_TRACEPARENT=true")
	w.start()
	if got := buy("the-second"); got != theirs {
		t.Errorf("the trace of a trusted proxy is %s, want %s", got, theirs)
	}
	w.stop()
}

// requestLine returns the line with which the log tells how a request ended.
func (w *world) requestLine(id string) (map[string]string, error) {
	text, err := os.ReadFile(w.logPath())
	if err != nil {
		return nil, err
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		var said struct {
			Msg     string `json:"msg"`
			Request string `json:"request_id"`
			Trace   string `json:"trace_id"`
			Account string `json:"account"`
		}
		if json.Unmarshal(line, &said) == nil && said.Msg == "request" && said.Request == id {
			return map[string]string{"trace_id": said.Trace, "account": said.Account}, nil
		}
	}
	return nil, fmt.Errorf("it has no line of %s", id)
}

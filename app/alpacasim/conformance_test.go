package alpacasim_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"paddock/app/alpacasim"

	"paddock/tests/program"
)

// tolerated are deviations from Alpaca's OpenAPI files that are accepted
// because the files are wrong: they contradict Alpaca's real responses, or
// their own examples. Each has a pattern that matches the problem, and the
// reason.
var tolerated = []struct{ problem, why string }{
	{`exchange": value is not one of the allowed values .*\(CRYPTO\)$`, "coins are traded at CRYPTO, which the file's list of exchanges lacks"},
	{`/v1beta1/news.*content": minimum string length is 1`, "an article has no content unless include_content asks for it"},
	{`/v2/orders.*"/(\d+/)?(asset_id|symbol|asset_class|side|legs/\d+/type)": .*\(\)$`, "the file's own example of an mleg order has these empty"},
	{`^GET /v2/stocks/NOPE/bars.*Value is not nullable`, "a symbol without bars is answered null, as many reports have it"},
	{`/v2/account/activities.*matches more than one schema from "oneOf"`, "what a NonTradeActivity requires, a TradingActivity has too"},
}

// excuse returns the reason for which a problem is tolerated, or "" if it is
// not.
func excuse(problem string) string {
	for _, x := range tolerated {
		if regexp.MustCompile(x.problem).MatchString(problem) {
			return x.why
		}
	}
	return ""
}

// alpacaFiles checks responses against Alpaca's OpenAPI files.
type alpacaFiles struct {
	mu       sync.Mutex
	paths    []*described
	problems map[string]bool
	excused  map[string]bool // the reasons that excuse returned
}

// described is an operation that the files describe.
type described struct {
	method, path string
	pattern      *regexp.Regexp
	operation    *openapi3.Operation
	seen         map[int]bool
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// readAlpacaFiles reads the files in the folder PADDOCK_ALPACA_OPENAPI.
func readAlpacaFiles(t *testing.T) *alpacaFiles {
	t.Helper()
	dir := program.AlpacaFiles(t)
	f := &alpacaFiles{problems: map[string]bool{}, excused: map[string]bool{}}
	for _, name := range []string{"trading-openapi.json", "market-data-openapi.json"} {
		doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for path, item := range doc.Paths.Map() {
			for method, operation := range item.Operations() {
				text := regexp.QuoteMeta(path)
				text = strings.ReplaceAll(strings.ReplaceAll(text, `\{`, "{"), `\}`, "}")
				f.paths = append(f.paths, &described{
					method: method, path: path, operation: operation, seen: map[int]bool{},
					pattern: regexp.MustCompile("^" + pathParameter.ReplaceAllString(text, "[^/]+") + "$"),
				})
			}
		}
	}
	// Paths without parameters come first, because a path with one may match
	// them too.
	slices.SortFunc(f.paths, func(a, b *described) int {
		return cmp.Or(cmp.Compare(strings.Count(a.path, "{"), strings.Count(b.path, "{")), cmp.Compare(a.path, b.path))
	})
	return f
}

// watch returns a handler that checks every response of h that the files
// describe.
func (f *alpacaFiles) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(f.paths, func(d *described) bool { return d.method == r.Method && d.pattern.MatchString(r.URL.EscapedPath()) })
		if i < 0 {
			h.ServeHTTP(w, r)
			return
		}
		kept := &keeping{ResponseWriter: w, status: 200}
		h.ServeHTTP(kept, r)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.paths[i].seen[kept.status] = true
		for _, problem := range f.paths[i].check(r.URL, kept.status, kept.Header(), kept.text.Bytes()) {
			if why := excuse(problem); why != "" {
				f.excused[why] = true
			} else {
				f.problems[problem] = true
			}
		}
	})
}

// keeping is a ResponseWriter that records what is written to it.
type keeping struct {
	http.ResponseWriter
	status int
	text   bytes.Buffer
}

func (k *keeping) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeping) Write(p []byte) (int, error) {
	k.text.Write(p)
	return k.ResponseWriter.Write(p)
}

func (k *keeping) Unwrap() http.ResponseWriter { return k.ResponseWriter }

var formats = []openapi3.SchemaValidationOption{
	openapi3.VisitAsResponse(), openapi3.MultiErrors(), openapi3.EnableFormatValidation(),
	openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562)),
	openapi3.WithStringFormatValidator("decimal", openapi3.NewRegexpFormatValidator(`^-?\d+(\.\d+)?$`)),
}

// check returns the problems of a response.
func (d *described) check(at *url.URL, status int, header http.Header, text []byte) []string {
	var problems []string
	report := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s %s answers %d: %s", d.method, at.RequestURI(), status, fmt.Sprintf(format, args...)))
	}
	for _, parameter := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
		if status != http.StatusUnauthorized && header.Get(parameter) == "" {
			report("it has no %s", parameter)
		}
	}
	if status == http.StatusNoContent {
		if d.operation.Responses.Value("204") == nil {
			report("the file has no such answer")
		}
		return problems
	}
	if described := d.operation.Responses.Value(fmt.Sprint(status)); len(text) == 0 && described != nil && len(described.Value.Content) == 0 {
		return problems
	}
	var body any
	if err := json.Unmarshal(text, &body); err != nil {
		report("%v in %.300s", err, text)
		return problems
	}
	response := d.operation.Responses.Value(fmt.Sprint(status))
	if status >= 400 && (response == nil || len(response.Value.Content) == 0) {
		// The files describe few errors. Any other error must have a message.
		if fields, ok := body.(map[string]any); !ok || fields["message"] == nil {
			report("the error has no message: %s", text)
		}
		return problems
	}
	if response == nil {
		report("the file has no such answer")
		return problems
	}
	content := response.Value.Content.Get("application/json")
	if content == nil {
		report("the file has no JSON for it")
		return problems
	}
	err := content.Schema.Value.VisitJSON(body, formats...)
	for _, one := range flatten(err) {
		report("%s", one)
	}
	return problems
}

// flatten lists the errors of a schema, each with its place.
func flatten(err error) []string {
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		var all []string
		for _, part := range e {
			all = append(all, flatten(part)...)
		}
		return all
	case *openapi3.SchemaError:
		return []string{fmt.Sprintf("%q: %s (%v)", "/"+strings.Join(e.JSONPointer(), "/"), e.Reason, e.Value)}
	}
	return []string{err.Error()}
}

// openWatched opens a simulator whose every response is checked against
// Alpaca's files, and returns it with the checker.
func openWatched(t *testing.T, change ...func(*alpacasim.Config)) (*market, *alpacaFiles) {
	t.Helper()
	files := readAlpacaFiles(t)
	m := open(t, change...)
	server := httptest.NewServer(files.watch(m.sim.Handler()))
	m.url = server.URL
	t.Cleanup(func() {
		m.sim.CutStreams()
		server.CloseClientConnections()
		server.Close()
	})
	return m, files
}

// fail fails the test with the problems that were found, at most 60 of them.
func (f *alpacaFiles) fail(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	problems := make([]string, 0, len(f.problems))
	for problem := range f.problems {
		problems = append(problems, problem)
	}
	slices.Sort(problems)
	for _, problem := range problems[:min(len(problems), 60)] {
		t.Error(problem)
	}
}

// undescribed are the endpoints that Alpaca's files lack, and why the simulator
// has them.
var undescribed = map[string]string{
	"GET /v2/events/trades": "described in the Broker API's file; the Go SDK reads it on the trading host",
}

// Every endpoint responds as Alpaca's files say, to valid and to invalid
// requests. An endpoint that this test does not call fails it.
func TestAnswersFitAlpacasFiles(t *testing.T) {
	m, files := openWatched(t, hours)
	call := m.caller(t)
	for _, tt := range conformanceRequests {
		call(tt.method, tt.path, tt.body, tt.status)
	}
	m.tradeEverything(t)
	var list struct{ ID string }
	if err := json.Unmarshal(call("POST", "/v2/watchlists", `{"name":"first","symbols":["AAPL","BTC/USD",null]}`, 200), &list); err != nil || list.ID == "" {
		t.Fatal(err)
	}
	for _, tt := range watchlistRequests {
		call(tt.method, strings.ReplaceAll(tt.path, "ID", list.ID), tt.body, tt.status)
	}
	files.fail(t)
	for _, x := range tolerated {
		if !files.excused[x.why] {
			t.Errorf("tolerated, but no response has this deviation: %s", x.why)
		}
	}

	for _, pattern := range m.sim.Patterns() {
		if undescribed[pattern] != "" {
			continue
		}
		normal := pathParameter.ReplaceAllString(pattern, "{}")
		i := slices.IndexFunc(files.paths, func(d *described) bool { return normal == d.method+" "+pathParameter.ReplaceAllString(d.path, "{}") })
		if i < 0 {
			t.Errorf("%s is not in Alpaca's files", pattern)
			continue
		}
		good, bad := false, false
		for status := range files.paths[i].seen {
			good, bad = good || status < 300, bad || status >= 400
		}
		if !good && !slices.Contains(neverGood, pattern) {
			t.Errorf("no request to %s succeeded", pattern)
		}
		if !bad && !slices.Contains(neverBad, pattern) {
			t.Errorf("no request to %s failed", pattern)
		}
	}
}

// tradeEverything places orders of all classes, and makes valid and invalid
// requests about orders, positions and the account.
func (m *market) tradeEverything(t *testing.T) {
	call := m.caller(t)
	place := func(body string) string {
		t.Helper()
		var o struct{ ID string }
		if err := json.Unmarshal(call("POST", "/v2/orders", body, 200), &o); err != nil || o.ID == "" {
			t.Fatalf("%s: %v", body, err)
		}
		return o.ID
	}
	read := func(paths ...string) {
		t.Helper()
		for _, path := range paths {
			call("GET", path, "", 200)
		}
	}
	m.price("AAPL", "190")
	bought := place(`{"symbol":"AAPL","qty":"20","side":"buy","type":"market","time_in_force":"day"}`)
	place(`{"symbol":"MSFT","notional":"100.5","side":"buy","type":"market","time_in_force":"day"}`)
	place(`{"symbol":"BTC/USD","qty":"0.01","side":"buy","type":"market","time_in_force":"gtc"}`)
	place(`{"symbol":"` + option + `","qty":"1","side":"buy","type":"limit","limit_price":"50","time_in_force":"day"}`)
	m.step()
	m.step()
	read("/v2/account", "/v2/positions", "/v2/positions/AAPL", "/v2/positions/BTC%2FUSD", "/v2/positions/"+option, "/v2/orders/"+bought, "/v2/account/activities", "/v2/account/activities/FILL?page_size=2")
	call("GET", "/v2/positions/TSLA", "", 404)
	call("GET", "/v2/account/activities?page_size=0", "", 422)
	call("GET", "/v2/account/activities/FILL?page_size=0", "", 422)

	resting := place(`{"symbol":"NVDA","qty":"1","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc","client_order_id":"resting"}`)
	place(`{"symbol":"TSLA","qty":"1","side":"buy","type":"stop","stop_price":"9000","time_in_force":"gtc"}`)
	place(`{"symbol":"AMD","qty":"1","side":"buy","type":"stop_limit","stop_price":"900","limit_price":"901","time_in_force":"gtc"}`)
	place(`{"symbol":"META","qty":"1","side":"buy","type":"trailing_stop","trail_percent":"5","time_in_force":"gtc"}`)
	place(`{"symbol":"GOOGL","qty":"1","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc","order_class":"bracket","take_profit":{"limit_price":"500"},"stop_loss":{"stop_price":"0.5"}}`)
	place(`{"symbol":"AAPL","qty":"5","side":"sell","type":"limit","time_in_force":"gtc","order_class":"oco","take_profit":{"limit_price":"900"},"stop_loss":{"stop_price":"1"}}`)
	place(`{"symbol":"AMZN","qty":"1","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc","order_class":"oto","stop_loss":{"stop_price":"0.5"}}`)
	place(`{"qty":"1","order_class":"mleg","type":"limit","limit_price":"0.05","time_in_force":"day","legs":[{"symbol":"SPY260612C00550000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"},{"symbol":"SPY260612C00560000","ratio_qty":"1","side":"sell","position_intent":"sell_to_open"}]}`)
	read("/v2/orders?status=all&nested=true&limit=100", "/v2/orders?status=open&direction=asc&symbols=AAPL,NVDA", "/v2/orders/"+resting+"?nested=true", "/v2/orders:by_client_order_id?client_order_id=resting")
	call("GET", "/v2/orders?status=maybe", "", 422)
	call("GET", "/v2/orders/"+unknownID, "", 404)
	call("GET", "/v2/orders:by_client_order_id?client_order_id=none", "", 404)
	call("POST", "/v2/orders", `{"symbol":"AAPL"}`, 422)
	call("POST", "/v2/orders", `{`, 400)
	call("POST", "/v2/orders", `{"symbol":"SPY","qty":"100000","side":"buy","type":"market","time_in_force":"day"}`, 403)
	call("POST", "/v2/orders", `{"symbol":"GONE","qty":"1","side":"buy","type":"market","time_in_force":"day"}`, 422)
	call("POST", "/v2/orders", `{"symbol":"HARD","qty":"1","side":"sell","type":"market","time_in_force":"day"}`, 422)
	call("POST", "/v2/orders", `{"symbol":"WHOL","qty":"0.5","side":"buy","type":"market","time_in_force":"day"}`, 403)
	call("PATCH", "/v2/orders/"+resting, `{"qty":"2","limit_price":"1.5"}`, 200)
	m.step()
	call("PATCH", "/v2/orders/"+bought, `{"qty":"2"}`, 422)
	call("DELETE", "/v2/orders/"+place(`{"symbol":"QQQ","qty":"1","side":"buy","type":"limit","limit_price":"1","time_in_force":"gtc"}`), "", 204)
	call("DELETE", "/v2/orders/"+bought, "", 422)
	call("DELETE", "/v2/orders", "", 207)
	m.step()
	read("/v2/orders?status=closed&nested=true")

	read("/v2/account/configurations")
	call("PATCH", "/v2/account/configurations", `{"no_shorting":true}`, 200)
	call("PATCH", "/v2/account/configurations", `{"max_margin_multiplier":"9"}`, 422)
	call("DELETE", "/v2/positions/AAPL?qty=5", "", 200)
	call("DELETE", "/v2/positions/TSLA", "", 404)
	call("DELETE", "/v2/positions/AAPL?qty=1&percentage=1", "", 422)
	call("POST", "/v2/positions/"+option+"/do-not-exercise", "", 200)
	call("POST", "/v2/positions/TSLA/do-not-exercise", "", 422)
	call("POST", "/v2/positions/"+option+"/exercise", "", 200)
	call("POST", "/v2/positions/TSLA/exercise", "", 422)
	m.step()
	call("DELETE", "/v2/positions?cancel_orders=true", "", 207)
	m.step()
	read("/v2/account", "/v2/positions", "/v2/account/activities")
}

// neverGood are endpoints that no request of the test succeeds at, and neverBad
// those that none fails at.
var (
	neverGood = []string{"GET /v2/corporate_actions/announcements/{id}"}
	neverBad  = []string{
		"GET /v2/account", "GET /v2/account/configurations", "DELETE /v2/orders", "GET /v2/positions", "DELETE /v2/positions", "GET /v2/assets", "GET /v2/clock", "GET /v2/watchlists", "GET /v2/stocks/meta/exchanges", "GET /v1beta1/options/meta/exchanges",
	}
)

// caller returns a function that makes a request as the first account, and
// fails the test unless the response has the given status.
func (m *market) caller(t *testing.T) func(method, path, body string, status int) []byte {
	return func(method, path, body string, status int) []byte {
		t.Helper()
		r, err := http.NewRequest(method, m.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("APCA-API-KEY-ID", m.seeds[0].KeyID)
		r.Header.Set("APCA-API-SECRET-KEY", m.seeds[0].SecretKey)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status {
			t.Errorf("%s %s: %d %.300s (%v), want %d", method, path, response.StatusCode, text, err, status)
		}
		return text
	}
}

type apiRequest struct {
	method, path, body string
	status             int
}

func get(path string, status int) apiRequest { return apiRequest{"GET", path, "", status} }

// option is the symbol of a contract that is listed on the day of the tests. It
// expires on the second Friday after 1 June 2026, and its strike is near AAPL's
// first price.
const option = "AAPL260612C00190000"

var conformanceRequests = []apiRequest{
	get("/v2/assets", 200), get("/v2/assets?status=active&asset_class=us_equity&exchange=NASDAQ&attributes=has_options", 200),
	get("/v2/assets/AAPL", 200), get("/v2/assets/GONE", 200), get("/v2/assets/BTC%2FUSD", 200), get("/v2/assets/NOPE", 404),
	get("/v2/options/contracts", 200), get("/v2/options/contracts?underlying_symbols=AAPL,SPY&type=call&limit=2&show_deliverables=true", 200),
	get("/v2/options/contracts?status=inactive", 200), get("/v2/options/contracts?limit=0", 422), get("/v2/options/contracts?type=both", 422),
	get("/v2/options/contracts?expiration_date=tomorrow", 422), get("/v2/options/contracts/"+option, 200), get("/v2/options/contracts/AAPL260613C00190000", 404),
	get("/v2/clock", 200), get("/v3/clock", 200), get("/v3/clock?markets=NYSE&time=2026-07-03T10:00:00-04:00", 200), get("/v3/clock?markets=LSE", 400),
	get("/v2/calendar?start=2026-11-20&end=2026-12-31", 200), get("/v2/calendar", 200), get("/v2/calendar?start=soon", 400),
	get("/v2/calendar?start=2026-06-01&end=2026-06-10&date_type=SETTLEMENT", 200),
	get("/v3/calendar/NYSE", 200), get("/v3/calendar/NASDAQ?start=2026-11-20&end=2026-11-30&timezone=UTC", 200), get("/v3/calendar/LSE", 400),
	get("/v2/corporate_actions/announcements?ca_types=dividend,split&since=2026-05-01&until=2026-06-01", 200),
	get("/v2/corporate_actions/announcements?ca_types=dividend&since=2026-01-01&until=2026-06-01", 422),
	get("/v2/corporate_actions/announcements?since=2026-05-01&until=2026-06-01", 422), get("/v2/corporate_actions/announcements/x", 404),
	get("/v2/account/portfolio/history", 200), get("/v2/account/portfolio/history?period=1D&timeframe=5Min&intraday_reporting=continuous", 200),
	get("/v2/account/portfolio/history?period=1Z", 422), get("/v2/watchlists", 200),

	get("/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=1Day&start=2026-05-01&limit=7", 200), get("/v2/stocks/bars?symbols=AAPL&timeframe=7Parsec", 400),
	get("/v2/stocks/bars?timeframe=1Day", 400), get("/v2/stocks/AAPL/bars?timeframe=15Min&sort=desc&adjustment=split,dividend", 200),
	get("/v2/stocks/AAPL/bars?timeframe=1Min&page_token=x", 400), get("/v2/stocks/NOPE/bars?timeframe=1Min", 200),
	get("/v2/stocks/quotes?symbols=AAPL,MSFT&limit=5", 200), get("/v2/stocks/quotes?symbols=AAPL&limit=10001", 400), get("/v2/stocks/AAPL/quotes?limit=3", 200), get("/v2/stocks/AAPL/quotes?sort=up", 400),
	get("/v2/stocks/trades?symbols=AAPL,MSFT&limit=5", 200), get("/v2/stocks/trades?symbols=AA/PL", 400), get("/v2/stocks/AAPL/trades?limit=3", 200), get("/v2/stocks/AAPL/trades?start=2026-06-02&end=2026-06-01", 400),
	get("/v2/stocks/auctions?symbols=AAPL,MSFT&start=2026-05-18", 200), get("/v2/stocks/auctions?symbols=", 400), get("/v2/stocks/AAPL/auctions?start=2026-05-18", 200), get("/v2/stocks/AAPL/auctions?start=x", 400),
	get("/v2/stocks/bars/latest?symbols=AAPL,NOPE", 200), get("/v2/stocks/bars/latest", 400), get("/v2/stocks/AAPL/bars/latest", 200), get("/v2/stocks/NOPE/bars/latest", 404),
	get("/v2/stocks/quotes/latest?symbols=AAPL", 200), get("/v2/stocks/quotes/latest?symbols=AAPL&feed=x", 400), get("/v2/stocks/AAPL/quotes/latest", 200), get("/v2/stocks/NOPE/quotes/latest", 404),
	get("/v2/stocks/trades/latest?symbols=AAPL", 200), get("/v2/stocks/trades/latest", 400), get("/v2/stocks/AAPL/trades/latest", 200), get("/v2/stocks/NOPE/trades/latest", 404),
	get("/v2/stocks/snapshots?symbols=AAPL,MSFT", 200), get("/v2/stocks/snapshots", 400), get("/v2/stocks/AAPL/snapshot", 200), get("/v2/stocks/NOPE/snapshot", 404),
	get("/v2/stocks/meta/exchanges", 200), get("/v2/stocks/meta/conditions/trade?tape=A", 200), get("/v2/stocks/meta/conditions/quote?tape=C", 200), get("/v2/stocks/meta/conditions/trade", 400),

	get("/v1beta3/crypto/us/bars?symbols=BTC/USD,ETH/USD&timeframe=1Hour&limit=30", 200), get("/v1beta3/crypto/us/bars?symbols=BTC/USD", 400),
	get("/v1beta3/crypto/us/quotes?symbols=BTC/USD&limit=3", 200), get("/v1beta3/crypto/us/quotes?symbols=BTC", 400),
	get("/v1beta3/crypto/us/trades?symbols=BTC/USD&limit=3", 200), get("/v1beta3/crypto/moon/trades?symbols=BTC/USD", 400),
	get("/v1beta3/crypto/us/latest/bars?symbols=BTC/USD", 200), get("/v1beta3/crypto/us/latest/bars", 400), get("/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD", 200), get("/v1beta3/crypto/us/latest/quotes", 400),
	get("/v1beta3/crypto/us/latest/trades?symbols=BTC/USD", 200), get("/v1beta3/crypto/us/latest/trades", 400), get("/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD", 200), get("/v1beta3/crypto/us/latest/orderbooks", 400),
	get("/v1beta3/crypto/us/snapshots?symbols=BTC/USD", 200), get("/v1beta3/crypto/us/snapshots", 400),

	get("/v1beta1/options/bars?symbols="+option+"&timeframe=1Hour", 200), get("/v1beta1/options/bars?symbols="+option, 400),
	get("/v1beta1/options/trades?symbols="+option+"&limit=3", 200), get("/v1beta1/options/trades?symbols=AAPL", 400),
	get("/v1beta1/options/quotes/latest?symbols="+option, 200), get("/v1beta1/options/quotes/latest", 400), get("/v1beta1/options/trades/latest?symbols="+option, 200), get("/v1beta1/options/trades/latest", 400),
	get("/v1beta1/options/snapshots?symbols="+option, 200), get("/v1beta1/options/snapshots", 400), get("/v1beta1/options/snapshots/AAPL?limit=3&type=put&strike_price_gte=180", 200), get("/v1beta1/options/snapshots/AAPL?limit=0", 400),
	get("/v1beta1/options/meta/exchanges", 200), get("/v1beta1/options/meta/conditions/trade", 200), get("/v1beta1/options/meta/conditions/bid", 400),

	get("/v1beta1/news?symbols=AAPL,BTCUSD&limit=3&include_content=true", 200), get("/v1beta1/news", 200), get("/v1beta1/news?limit=51", 400),
	get("/v1beta1/screener/stocks/most-actives?by=trades&top=3", 200), get("/v1beta1/screener/stocks/most-actives?by=luck", 400),
	get("/v1beta1/screener/stocks/movers", 200), get("/v1beta1/screener/crypto/movers?top=1", 200), get("/v1beta1/screener/bonds/movers", 400),
	get("/v1/corporate-actions?symbols=AAPL&types=cash_dividend&start=2026-01-01", 200), get("/v1/corporate-actions?types=gift", 400),
}

const unknownID = "00000000-0000-4000-8000-000000000000"

// watchlistRequests are requests about a watchlist that is named first. Its id
// replaces ID in the paths.
var watchlistRequests = []apiRequest{
	get("/v2/watchlists", 200), get("/v2/watchlists/ID", 200), get("/v2/watchlists/"+unknownID, 404),
	get("/v2/watchlists:by_name?name=first", 200), get("/v2/watchlists:by_name?name=none", 404),
	{"POST", "/v2/watchlists", `{"name":"first"}`, 422}, {"POST", "/v2/watchlists", `{"symbols":["AAPL"]}`, 422}, {"POST", "/v2/watchlists", `{"name":"x","symbols":["NOPE"]}`, 422}, {"POST", "/v2/watchlists", `{`, 400},
	{"PUT", "/v2/watchlists/ID", `{"name":"second","symbols":["MSFT"]}`, 200}, {"PUT", "/v2/watchlists/" + unknownID, `{"name":"second"}`, 404},
	{"PUT", "/v2/watchlists:by_name?name=second", `{"name":"third"}`, 200}, {"PUT", "/v2/watchlists:by_name?name=second", `{"name":"third"}`, 404},
	{"POST", "/v2/watchlists/ID", `{"symbol":"TSLA"}`, 200}, {"POST", "/v2/watchlists/ID", `{"symbol":"TSLA"}`, 422},
	{"POST", "/v2/watchlists:by_name?name=third", `{"symbol":"ETH/USD"}`, 200}, {"POST", "/v2/watchlists:by_name?name=third", `{"symbol":"NOPE"}`, 422},
	{"DELETE", "/v2/watchlists/ID/ETH%2FUSD", "", 200}, {"DELETE", "/v2/watchlists/ID/NVDA", "", 404},
	{"POST", "/v2/watchlists", `{"name":"other"}`, 200}, {"DELETE", "/v2/watchlists:by_name?name=other", "", 204}, {"DELETE", "/v2/watchlists:by_name?name=other", "", 404},
	{"DELETE", "/v2/watchlists/ID", "", 204}, {"DELETE", "/v2/watchlists/ID", "", 404},
}

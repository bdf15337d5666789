package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/app/httpapi"
)

// stub is a proxy in front of the simulated broker. It records requests and
// responds to those on passed-through paths itself.
type stub struct {
	mu     sync.Mutex
	asked  []asked
	answer http.HandlerFunc // used for all responses instead of the samples, if set
}

type asked struct{ method, uri, body string }

// last returns the last request and the number of requests since the last call.
func (s *stub) last() (a asked, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n = len(s.asked); n > 0 {
		a = s.asked[n-1]
	}
	s.asked = nil
	return a, n
}

func (s *stub) say(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

func (s *stub) front(sim http.Handler) http.Handler {
	usual := http.NewServeMux()
	for _, e := range endpoints() {
		text := sample(e.Method, e.To)
		status := http.StatusOK
		if text == "" && e.Method == "DELETE" {
			status = http.StatusNoContent
		}
		if e.Method+" "+e.To == "DELETE /v2/orders" {
			status = http.StatusMultiStatus
		}
		usual.HandleFunc(e.Method+" "+e.To, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-ID", "request-1")
			if text != "" {
				w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			}
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Limit", "60000")
		if r.URL.Path == "/v2/account" || r.Header.Get("APCA-API-KEY-ID") == "" {
			sim.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.asked = append(s.asked, asked{r.Method, r.RequestURI, string(body)})
		answer := s.answer
		s.mu.Unlock()
		if answer == nil {
			answer = usual.ServeHTTP
		}
		answer(w, r)
	})
}

// endpoints returns the passed-through endpoints, except the one for
// exercising.
func endpoints() []httpapi.Endpoint {
	return slices.DeleteFunc(httpapi.Routes(), func(e httpapi.Endpoint) bool {
		return e.To == "" || e.Path == "/api/positions/{symbol}/exercise" // it is tested in effects_test.go, because it sends other requests too
	})
}

var variables = regexp.MustCompile(`\{[a-z_]+\}`)

// target replaces a path's variables by values.
func target(path string) string { return variables.ReplaceAllString(path, "AAPL") }

// ask sends a valid request to an endpoint.
func ask(u *user, e httpapi.Endpoint, account, query string) answer {
	u.s.t.Helper()
	body := ""
	if e.Body {
		body = `{"name":"mine","symbols":["AAPL"],"invented_later":1.50}`
	}
	return u.do(e.Method, target(e.Path)+query, body, "X-Account-ID", account)
}

func get(path string) httpapi.Endpoint { return httpapi.Endpoint{Method: "GET", Path: path} }

// Each passed-through endpoint calls Alpaca's path with all of the parameters,
// and returns Alpaca's response byte by byte, with headers that forbid caching
// it.
func TestRelayedEndpoints(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	for _, e := range endpoints() {
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			query := url.Values{}
			for _, name := range e.Query {
				query.Set(name, "a b,c&d")
			}
			sent := ""
			if len(query) > 0 {
				sent = "?" + query.Encode()
			}
			query.Set("account_id", id)
			broker.last()
			got := ask(u, e, id, "?"+query.Encode())
			want := sample(e.Method, e.To)
			if got.status/100 != 2 || got.text != want || got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Alpaca-Request-ID") != "request-1" {
				t.Errorf("got %d %v %s, want %s", got.status, got.header, got.text, want)
			}
			heard, n := broker.last()
			if n != 1 || heard.method != e.Method || heard.uri != target(e.To)+sent {
				t.Errorf("%d calls, the last %s %s; want %s %s", n, heard.method, heard.uri, e.Method, target(e.To)+sent)
			}
			if e.Body && heard.body != `{"name":"mine","symbols":["AAPL"],"invented_later":1.50}` || !e.Body && heard.body != "" {
				t.Errorf("the body arrived as %q", heard.body)
			}
		})
	}
}

// The slash of a currency pair is part of its symbol, whether it is escaped or
// not.
func TestRelayedPairs(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	for sent, want := range map[string]string{
		"GET /api/assets/BTC/USD":                                 "/v2/assets/BTC%2FUSD",
		"GET /api/assets/BTC%2FUSD":                               "/v2/assets/BTC%2FUSD",
		"GET /api/assets/BRK.B":                                   "/v2/assets/BRK.B",
		"DELETE /api/watchlists/an-id/BTC/USD":                    "/v2/watchlists/an-id/BTC%2FUSD",
		"GET /api/positions/BTC/USD":                              "/v2/positions/BTCUSD",
		"GET /api/positions/btc%2Fusd":                            "/v2/positions/BTCUSD",
		"GET /api/positions/BTCUSD":                               "/v2/positions/BTCUSD",
		"GET /api/positions/aapl":                                 "/v2/positions/AAPL",
		"GET /api/positions/b0b6dd9d-8b9b-48a9-ba46-b9d54906e415": "/v2/positions/b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
	} {
		method, path, _ := strings.Cut(sent, " ")
		u.do(method, path, "", "X-Account-ID", id).want(t, 200, "")
		if heard, _ := broker.last(); heard.uri != want {
			t.Errorf("%s was passed on as %s, want %s", sent, heard.uri, want)
		}
	}
	for sent, code := range map[string]string{
		"GET /api/assets/..%2Fwallets":           "path_malformed",
		"GET /api/assets/%2e%2e":                 "path_malformed",
		"GET /api/assets/a/b/c":                  "path_malformed",
		"GET /api/assets/":                       "no_such_path",
		"GET /api//assets":                       "no_such_path",
		"GET /api/assets/x/../../clock":          "no_such_path",
		"GET /api/data/v2/stocks/BTC%2FUSD/bars": "path_malformed",
		"POST /api/assets":                       "method_not_allowed",
		"PUT /api/watchlists/an-id/AAPL":         "method_not_allowed",
		"GET /api/positions/AAPL/exercise":       "path_malformed",
	} {
		method, path, _ := strings.Cut(sent, " ")
		got := u.do(method, path, "", "X-Account-ID", id)
		if heard, n := broker.last(); got.code() != code || n != 0 {
			t.Errorf("%s: %d %s, and %q was passed on", sent, got.status, got.text, heard.uri)
		}
	}
}

// Alpaca's endpoints that move money or coins, or borrow shares, cannot be
// reached by any route, whatever values its variables have.
func TestNeverOffered(t *testing.T) {
	never := regexp.MustCompile(`(?i)wallet|transfer|whitelist|perp|tokeni|locate`)
	// These move nothing at Alpaca: who owns an account here, and what it has set apart.
	ours := []string{"/api/accounts/{id}/transfer", "/api/sleeve-transfers"}
	for _, e := range httpapi.Routes() {
		if never.MatchString(e.To) || never.MatchString(e.Path) && !slices.Contains(ours, e.Path) {
			t.Errorf("%s %s is served", e.Method, e.Path)
		}
	}
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	words := []string{"wallets", "wallets/transfers", "wallets/whitelists", "perpetuals/wallets", "perpetuals/leverage", "tokenization/mint", "tokenization/requests"}
	paths := []string{"/api/data/v1beta1/crypto-perps/us/latest/bars", "/api/locates", "/api/v1/locates", "/api/data/v1/locates"}
	for _, w := range words {
		escaped := strings.ReplaceAll(w, "/", "%2F")
		paths = append(paths, "/api/"+w, "/api/v2/"+w, "/api/data/v2/"+w, "/api/assets/../"+w, "/api/assets/%2e%2e/"+w, "/api/assets/..%2F"+escaped,
			"/api/watchlists/..%2F"+escaped, "/api/watchlists/x/..%2F..%2F"+escaped, "/api/positions/..%2F"+escaped+"/exercise", "/api/account/activities/..%2F..%2F"+escaped,
			"/api/options/contracts/..%2F..%2F"+escaped, "/api/data/v2/stocks/..%2F"+escaped+"/bars", "/api/clock/../"+w, "/api//"+w, "/api/assets/%252e%252e%252f"+w)
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			body := ""
			if method != "GET" {
				body = `{"amount":"1"}`
			}
			u.do(method, path, body, "X-Account-ID", id)
			broker.mu.Lock()
			for _, heard := range broker.asked {
				if strings.Contains(heard.uri, "..") || regexp.MustCompile(`^/v[0-9a-z]+/(wallets|perpetuals|tokenization|locates|crypto-perps)`).MatchString(heard.uri) {
					t.Errorf("%s %s reached %s", method, path, heard.uri)
				}
			}
			broker.asked = nil
			broker.mu.Unlock()
		}
	}
}

// A user without the scope is refused at each endpoint, and Alpaca is not
// called.
func TestRelayedRefusals(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u, other, viewer := s.signUp("ada"), s.signUp("bob"), s.signUp("vic")
	mine, foreign := u.connect("one", s.seeds[0]), other.connect("one", s.seeds[1])
	empty := u.do("POST", "/api/accounts", `{"name":"empty","environment":"paper"}`).field(t, "id")
	for who, role := range map[string]string{"vic": "viewer", "bob": "trader"} {
		s.grant(mine, who, role)
	}
	for _, e := range endpoints() {
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			ask(&user{s: s}, e, mine, "").want(t, 401, "unauthenticated")
			if e.Body {
				u.do(e.Method, target(e.Path), `{}`).want(t, 400, "account_required")
			} else {
				u.do(e.Method, target(e.Path), "").want(t, 400, "account_required")
			}
			ask(u, e, foreign, "").want(t, 403, "account_forbidden")
			ask(u, e, empty, "").want(t, 409, "needs_credentials")
			unknown := ask(u, e, mine, "?symbolz=AAPL").want(t, 400, "unknown_parameter")
			if !strings.Contains(unknown.text, "symbolz") || slices.Contains(e.Query, "symbols") && !strings.Contains(unknown.field(t, "message"), `Did you mean "symbols"?`) {
				t.Errorf("the message is %s", unknown.text)
			}
			ask(u, e, mine, "?%zz").want(t, 400, "invalid_query")
			if e.Who != "read" {
				ask(viewer, e, mine, "").want(t, 403, "not_permitted")
			}
			if e.Who == "manage" {
				ask(other, e, mine, "").want(t, 403, "not_permitted")
			}
			if heard, n := broker.last(); n != 0 {
				t.Errorf("the broker got the request %+v", heard)
			}
			if e.Who == "read" {
				ask(viewer, e, mine, "").want(t, 200, "")
			}
			if e.Who == "trade" {
				if got := ask(other, e, mine, ""); got.status/100 != 2 {
					t.Errorf("a trader: %d %s", got.status, got.text)
				}
			}
			broker.last()
			if got := u.do("HEAD", target(e.Path), "", "X-Account-ID", mine); got.status != 405 && got.status != 404 {
				t.Errorf("HEAD: %d", got.status)
			}
		})
	}

	// On a paused account a trade is refused, and the configuration at Alpaca
	// can be changed.
	u.do("PATCH", "/api/accounts/"+mine, `{"is_active":false}`).want(t, 200, "")
	u.do("POST", "/api/positions/AAPL/exercise", "", "X-Account-ID", mine).want(t, 403, "not_permitted")
	u.do("PATCH", "/api/account/configurations", `{"suspend_trade":true}`, "X-Account-ID", mine).want(t, 200, "")
}

// A body must be one JSON object without repeated fields. An endpoint without a
// body refuses any.
func TestRelayedBodies(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	for body, code := range map[string]string{
		`[]`: "invalid_json", `"x"`: "invalid_json", `null`: "invalid_json", `{`: "invalid_json", `{} {}`: "invalid_json", `{"a":01}`: "invalid_json", ` `: "invalid_json",
		`{"name":"a","name":"b"}`:                      "repeated_field",
		`{"name":"a","n\u0061me":"b"}`:                 "repeated_field",
		`{"x":[1,{"a":1,"b":{},"a":2}]}`:               "repeated_field",
		`{"":1,"":2}`:                                  "repeated_field",
		`{"a":"` + strings.Repeat("x", 128<<10) + `"}`: "body_too_large",
	} {
		if got := u.do("POST", "/api/watchlists", body, "X-Account-ID", id); got.code() != code {
			t.Errorf("%.60s: %d %s, want %s", body, got.status, got.text, code)
		}
	}
	u.do("POST", "/api/watchlists", "name=x", "X-Account-ID", id, "Content-Type", "application/x-www-form-urlencoded").want(t, 415, "unsupported_media_type")
	u.do("POST", "/api/positions/AAPL/exercise", `{"qty":"1"}`, "X-Account-ID", id).want(t, 400, "unexpected_body")
	if heard, n := broker.last(); n != 0 {
		t.Errorf("the broker got the request %+v", heard)
	}
	u.do("POST", "/api/watchlists", `{"a":{"b":1},"c":{"b":2},"d":[{"b":1},{"b":2}]}`, "X-Account-ID", id).want(t, 200, "")
}

// A refusal by Alpaca is returned with its code, its message and the id of its
// request. If Alpaca cannot be reached, the response says when to retry. Keys
// that Alpaca refuses are recorded as such.
func TestRelayedBrokerErrors(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	say := func(status int, body string) {
		broker.say(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-ID", "request-9")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	reads, change := get("/api/data/v2/stocks/{symbol}/bars"), httpapi.Endpoint{Method: "POST", Path: "/api/watchlists", Body: true}
	for _, tt := range []struct {
		said   int
		body   string
		status int
		code   string
	}{
		{400, `{"code":40010001,"message":"invalid timeframe"}`, 422, "broker_refused"},
		{422, `{"code":42210000,"message":"invalid symbol"}`, 422, "broker_refused"},
		{403, `{"message":"subscription does not permit querying recent SIP data"}`, 422, "broker_forbidden"},
		{404, `{"code":40410000,"message":"no such thing"}`, 404, "broker_not_found"},
		{429, `{"message":"too many requests."}`, 429, "broker_rate_limited"},
	} {
		say(tt.said, tt.body)
		for _, e := range []httpapi.Endpoint{reads, change} {
			got := ask(u, e, id, "").want(t, tt.status, tt.code)
			var answer struct{ Broker map[string]any }
			var said map[string]any
			if json.Unmarshal([]byte(got.text), &answer) != nil || json.Unmarshal([]byte(tt.body), &said) != nil {
				t.Fatal(got.text)
			}
			if answer.Broker["message"] != said["message"] || answer.Broker["code"] != said["code"] || answer.Broker["request_id"] != "request-9" {
				t.Errorf("%d: Alpaca's refusal was returned as %v", tt.said, answer.Broker)
			}
			if (got.header.Get("Retry-After") != "") != (tt.status == 429) {
				t.Errorf("%d: Retry-After is %q", tt.said, got.header.Get("Retry-After"))
			}
		}
	}

	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"no JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>")
		},
		"nothing of a body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "10")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		broker.say(h)
		if away := ask(u, reads, id, "").want(t, 503, "broker_unavailable"); away.header.Get("Retry-After") == "" {
			t.Errorf("%s: the response has no Retry-After", name)
		}
		lost := ask(u, change, id, "").want(t, 503, "broker_answer_lost")
		if lost.header.Get("Retry-After") != "" || !strings.Contains(lost.text, "GET /api/watchlists") {
			t.Errorf("%s: the response to a change that may have been made: %v %s", name, lost.header, lost.text)
		}
	}

	say(401, `{"code":40110000,"message":"request is not authorized"}`)
	ask(u, reads, id, "").want(t, 503, "broker_unavailable") // the account itself is not refused: TestOneHostsWordTakesNoKeys
}

// follow sends a request and returns its response while the body is still
// arriving.
func follow(t *testing.T, ctx context.Context, u *user, path, account string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "GET", u.s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", u.cookie)
	request.Header.Set("X-Account-ID", account)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// A page is passed on while Alpaca sends it: the test reads its first half
// before Alpaca sends the second, which is after the server's time limit for
// other responses. If the page breaks off at Alpaca, the response breaks off
// too. If the client leaves, the call at Alpaca ends.
func TestRelayedPagesStream(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.hurry()
	bars := "/api/data/v2/stocks/AAPL/bars"

	more, ended := make(chan bool), make(chan struct{})
	broker.say(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, `{"symbol":"AAPL","bars":[`)
		_ = http.NewResponseController(w).Flush()
		for slowly := time.NewTicker(300 * time.Millisecond); ; {
			select {
			case <-slowly.C: // so that the broker does not count as silent
				fmt.Fprint(w, " ")
				_ = http.NewResponseController(w).Flush()
			case whole := <-more:
				if !whole {
					panic(http.ErrAbortHandler)
				}
				fmt.Fprint(w, `],"next_page_token":null}`)
				return
			case <-r.Context().Done():
				return
			}
		}
	})
	goOn := func(t *testing.T, whole bool) {
		t.Helper()
		select {
		case more <- whole:
			<-ended
		case <-ended:
			t.Fatal("the call at the broker has ended already")
		}
	}

	t.Run("whole", func(t *testing.T) {
		response := follow(t, t.Context(), u, bars, id)
		in := bufio.NewReader(response.Body)
		if line, err := in.ReadString('\n'); err != nil || line != `{"symbol":"AAPL","bars":[`+"\n" {
			t.Fatalf("the first half is %q (%v)", line, err)
		}
		time.Sleep(serverTimeout + 200*time.Millisecond)
		goOn(t, true) // only now Alpaca sends the second half
		if rest, err := io.ReadAll(in); err != nil || strings.TrimSpace(string(rest)) != `],"next_page_token":null}` {
			t.Errorf("the second half is %q (%v)", rest, err)
		}
	})
	t.Run("broken off", func(t *testing.T) {
		response := follow(t, t.Context(), u, bars, id)
		goOn(t, false)
		if text, err := io.ReadAll(response.Body); response.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a page that broke off looks complete: %d %s (%v)", response.StatusCode, text, err)
		}
	})
	t.Run("left", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		follow(t, ctx, u, bars, id)
		leave()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Error("the call at the broker goes on though nobody reads its response")
		}
	})
	if text := s.log.String(); !strings.Contains(text, "the broker's answer broke off") {
		t.Error("the log does not mention the response that broke off")
	}
}

// A change is carried out even if the client leaves.
func TestRelayedChangeIsCarriedThrough(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	arrived, done := make(chan struct{}), make(chan bool, 1)
	broker.say(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		select {
		case <-r.Context().Done():
			done <- false
		case <-time.After(500 * time.Millisecond):
			done <- true
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", s.url+"/api/positions/AAPL/do-not-exercise", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", u.cookie)
	request.Header.Set("X-Account-ID", id)
	go func() {
		<-arrived
		leave()
	}()
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Fatal("the client did not leave")
	}
	if !<-done {
		t.Error("the change was given up half-way")
	}
}

package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"paddock/app/httpapi"
)

// description returns a router of openapi.yaml, which is read and checked once.
var description = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the servers of the tests have other addresses
	return legacy.NewRouter(doc)
})

var slashOfPair = regexp.MustCompile(`^(/api/(?:assets|positions|watchlists/[^/]+)/[A-Za-z]+)/((?i:usd|usdt|usdc|btc))$`)

// The validator knows no JSON Lines: they are checked as a text.
func init() { openapi3filter.RegisterBodyDecoder("application/jsonl", openapi3filter.FileBodyDecoder) }

// conforms fails the test if a response is not as openapi.yaml says. It skips
// Better Auth's endpoints and the console, which are not described there, and
// WebSockets.
func conforms(t *testing.T, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	path := request.URL.Path
	if strings.HasPrefix(path, "/api/auth/") || !strings.HasPrefix(path, "/api/") && path != "/healthz" && path != "/readyz" || path == "/api/ws" {
		return
	}
	router, err := description()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	// Path templates have no slash in a variable, so the slash of a currency
	// pair is replaced.
	request = request.Clone(request.Context())
	request.URL.Path, request.URL.RawPath = slashOfPair.ReplaceAllString(path, "$1-$2"), ""
	route, parameters, err := router.FindRoute(request)
	if err != nil {
		if response.StatusCode < 400 {
			t.Errorf("%s %s returned %d and is not in openapi.yaml: %v", request.Method, path, response.StatusCode, err)
		}
		return
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route},
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %s: the response is not as openapi.yaml says: %v\n%s", request.Method, path, err, body)
	}
}

// Every operation in openapi.yaml is served, and so is openapi.yaml itself.
func TestDescriptionIsServed(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	got := u.do("GET", "/api/openapi.yaml", "")
	if got.status != 200 || got.text != string(httpapi.OpenAPI) {
		t.Errorf("%d, %d bytes", got.status, len(got.text))
	}
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			target := target(strings.ReplaceAll(path, "{id}", "00000000-0000-4000-8000-000000000001"))
			switch a := u.do(method, target, ""); {
			case path == "/api/ws": // tested in package push
			case a.code() == "no_such_path" || a.code() == "method_not_allowed":
				t.Errorf("%s %s is described and not served", method, path)
			}
		}
	}
}

// Every route is described with its parameters, and is described as open to
// anyone only if it is.
func TestServedIsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	for _, e := range httpapi.Routes() {
		if e.Path == "/api/auth/{path}" || e.Method == http.MethodHead {
			continue // Better Auth's endpoints are not described, and HEAD is as GET
		}
		item := doc.Paths.Value(e.Path)
		if item == nil || item.GetOperation(e.Method) == nil {
			t.Errorf("%s %s is served and not described", e.Method, e.Path)
			continue
		}
		operation := item.GetOperation(e.Method)
		described := []string{}
		for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
			if p.Value.In == "query" {
				described = append(described, p.Value.Name)
			}
		}
		taken := slices.Clone(e.Query)
		if e.Account {
			taken = append(taken, httpapi.AccountParameter)
		}
		slices.Sort(described)
		slices.Sort(taken)
		if !slices.Equal(described, taken) {
			t.Errorf("%s %s takes the parameters %v and is described with %v", e.Method, e.Path, taken, described)
		}
		if open := operation.Security != nil && len(*operation.Security) == 0; open != (e.Who == "anyone" || e.Method+" "+e.Path == "POST /api/alerts") { // whose body has an API token
			t.Errorf("%s %s is for %s, and described as open to anyone: %v", e.Method, e.Path, e.Who, open)
		}
		if hasBody := operation.RequestBody != nil; e.To != "" && hasBody != e.Body {
			t.Errorf("%s %s: a body is described: %v, and accepted: %v", e.Method, e.Path, hasBody, e.Body)
		}
	}
}

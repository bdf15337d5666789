package httpapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"paddock/tests/program"
)

// alpacaFiles reads Alpaca's own descriptions of its API from the folder that
// PADDOCK_ALPACA_OPENAPI names.
func alpacaFiles(t *testing.T) []*openapi3.T {
	t.Helper()
	folder := program.AlpacaFiles(t)
	var docs []*openapi3.T
	for _, name := range []string{"trading-openapi.json", "market-data-openapi.json"} {
		doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

// docs/api.md has a row for every path of Alpaca's, which says what it is here
// or why it is missing.
func TestEveryPathOfAlpacaIsNamed(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range alpacaFiles(t) {
		for path, item := range doc.Paths.Map() {
			methods := []string{}
			for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				if item.GetOperation(m) != nil {
					methods = append(methods, m)
				}
			}
			if row := "| `" + strings.Join(methods, " ") + " " + path + "` | "; !strings.Contains(string(text), row) {
				t.Errorf("docs/api.md has no row %s", row)
			}
		}
	}
}

// Each passed-through endpoint is one of Alpaca's and takes exactly the
// parameters that Alpaca documents. The responses that the tests send in
// Alpaca's place have the documented form.
func TestRelayedEndpointsAreAlpacas(t *testing.T) {
	docs := alpacaFiles(t)
	variable := regexp.MustCompile(`\{[^}]*\}`)
	for _, e := range endpoints() {
		var item *openapi3.PathItem
		for _, doc := range docs {
			for path, i := range doc.Paths.Map() {
				if variable.ReplaceAllString(path, "{}") == variable.ReplaceAllString(e.To, "{}") {
					item = i
				}
			}
		}
		if item == nil || item.GetOperation(e.Method) == nil {
			t.Errorf("%s %s is not Alpaca's", e.Method, e.To)
			continue
		}
		operation := item.GetOperation(e.Method)
		documented := []string{}
		for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
			if p.Value.In == "query" {
				documented = append(documented, p.Value.Name)
			}
		}
		slices.Sort(documented)
		if taken := slices.Sorted(slices.Values(e.Query)); !slices.Equal(taken, documented) {
			t.Errorf("%s %s takes the parameters %v, and Alpaca documents %v", e.Method, e.To, taken, documented)
		}
		checkSample(t, e.Method, e.To, operation)
	}
}

// contradicting are endpoints whose description no response can match: a CUSIP
// has nine characters and is to have twelve, and an activity matches two
// schemas of which it is to match one.
var contradicting = []string{"/v2/assets/fixed_income/us_corporates", "/v2/assets/fixed_income/us_treasuries", "/v2/account/activities/{type}"}

func checkSample(t *testing.T, method, to string, operation *openapi3.Operation) {
	t.Helper()
	text := sample(method, to)
	answer := operation.Responses.Value("200")
	if text == "" || answer == nil || slices.Contains(contradicting, to) {
		return
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%s %s: %v", method, to, err)
		return
	}
	if err := answer.Value.Content.Get("application/json").Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		t.Errorf("%s %s: the tests' response is not as Alpaca describes it: %v", method, to, err)
	}
}

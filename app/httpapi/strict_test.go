package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"paddock/app/httpapi"
)

// operation is an operation of openapi.yaml with its parameters and body.
type operation struct {
	method, path string
	query        []*openapi3.Parameter
	takesKey     bool
	body         *openapi3.Schema // nil for none
}

// operations returns all operations of openapi.yaml, except the public ones,
// which take no input.
func operations(t *testing.T) []operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.Security != nil && len(*o.Security) == 0 {
				continue
			}
			op := operation{method: method, path: path}
			for _, p := range slices.Concat(item.Parameters, o.Parameters) {
				switch {
				case p.Value.In == "query":
					op.query = append(op.query, p.Value)
				case p.Value.Name == "Idempotency-Key":
					op.takesKey = true
				}
			}
			if o.RequestBody != nil {
				op.body = o.RequestBody.Value.Content["application/json"].Schema.Value
			}
			all = append(all, op)
		}
	}
	return all
}

func (o operation) String() string { return o.method + " " + o.path }

// plain returns the one schema of an allOf, or the schema itself.
func plain(s *openapi3.Schema) *openapi3.Schema {
	if s.Type == nil && len(s.AllOf) == 1 {
		return s.AllOf[0].Value
	}
	return s
}

// sampleOf returns a valid value of a schema, as JSON.
func sampleOf(s *openapi3.Schema) string {
	switch s = plain(s); {
	case len(s.Enum) > 0:
		return fmt.Sprintf("%q", s.Enum[0])
	case s.Type.Includes("boolean"):
		return "true"
	case s.Type.Includes("integer"):
		return "1"
	case s.Type.Includes("array"):
		return "[" + sampleOf(s.Items.Value) + "]"
	case s.Type.Includes("object"):
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			fields = append(fields, fmt.Sprintf("%q:%s", name, sampleOf(s.Properties[name].Value)))
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	return `"1"`
}

// malformed is a body with one mistake, and the code for it.
type malformed struct{ body, code string }

// malformations returns bodies with one mistake each, at the top level or in an
// object inside, and the code that each must get.
func malformations(s *openapi3.Schema) []malformed {
	all := []malformed{
		{"null", "invalid_json"}, {"[]", "invalid_json"}, {`"x"`, "invalid_json"}, {"1", "invalid_json"}, {"{", "invalid_json"},
		{sampleOf(s) + "{}", "invalid_json"}, {sampleOf(s) + " x", "invalid_json"},
	}
	if passedOn := s.AdditionalProperties.Has == nil; passedOn {
		all = append(all, malformed{`{"no_such_field":1,"no_such_field":2}`, "repeated_field"}, malformed{`{"x":{"a":1,"a":2}}`, "repeated_field"})
	}
	within(s, func(body string) string { return body }, &all)
	return all
}

func within(s *openapi3.Schema, wrap func(string) string, all *[]malformed) {
	add := func(code, body string, args ...any) {
		*all = append(*all, malformed{wrap("{" + fmt.Sprintf(body, args...) + "}"), code})
	}
	if s.AdditionalProperties.Has != nil { // otherwise unknown fields are passed on to the broker
		add("unknown_field", `"no_such_field":"1"`)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		of := plain(s.Properties[name].Value)
		value, upper := sampleOf(of), strings.ToUpper(name[:1])+name[1:]
		add("repeated_field", "%[1]q:%[2]s,%[1]q:%[2]s", name, value)
		add("repeated_field", "%[1]q:%[3]s,%[2]q:%[3]s", name, upper, value)
		add("repeated_field", "%[1]q:%[3]s,%[2]q:%[3]s", strings.ToUpper(name), name, value)
		add("unknown_field", "%q:%s", upper, value)
		add("invalid_text", `%q:"\ud800"`, name)
		add("invalid_text", `%q:"\udc00\ud800"`, name)
		add("invalid_text", "%q:\"\xff\"", name)
		add("invalid_text", "%q:\"\xed\xa0\x80\"", name) // a surrogate encoded as UTF-8
		add("invalid_text", `%q:"a\u0000b"`, name)
		add("repeated_field", `%q:{"a":[{"b":1,"b":2}]}`, name)
		for _, number := range []string{"1e131071", "-1e400", "0e-16383", "-1e-16000", "[1,[1e401]]", `{"a":[{"b":1E+9999999999}]}`} {
			add("invalid_number", "%q:"+number, name)
		}
		amount := of.Pattern != ""
		switch {
		case of.Type == nil || of.Type.Permits("null"):
		case amount: // refused by the check of the order
			add("invalid_order", "%q:null", name)
		default:
			add("invalid_json", "%q:null", name)
		}
		switch {
		case of.Type == nil: // any JSON is valid
		case of.Type.Includes("object"):
			add("invalid_json", `%q:"x"`, name)
			within(of, func(body string) string { return wrap(fmt.Sprintf("{%q:%s}", name, body)) }, all)
		case of.Type.Includes("array"):
			add("invalid_json", "%q:{}", name)
			add("invalid_json", "%q:[null]", name)
			if of.Items.Value.Type.Includes("object") {
				within(of.Items.Value, func(body string) string { return wrap(fmt.Sprintf("{%q:[%s]}", name, body)) }, all)
			}
		case !amount: // the check of the order refuses an amount of another type
			add("invalid_json", `%q:{"x":[1]}`, name)
			if !of.Type.Includes("string") {
				add("invalid_json", `%q:"1"`, name)
			}
		}
	}
}

// A body with a field that is repeated, unknown, null, in another case or not
// valid text is refused before anything is done. This holds for every endpoint
// in openapi.yaml, so for new ones too.
func TestEveryBodyIsReadStrictly(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	token := u.agent("agent", "", id).token // of the tools, which take no session
	broker.last()
	bodies := 0
	for _, o := range operations(t) {
		if o.body == nil {
			continue
		}
		bodies++
		t.Run(o.String(), func(t *testing.T) {
			path := target(strings.ReplaceAll(o.path, "{id}", id))
			for _, m := range malformations(o.body) {
				headers := []string{"X-Account-ID", id}
				if path == "/mcp" {
					headers = append(headers, "Authorization", "Bearer "+token)
				}
				if got := u.do(o.method, path, m.body, headers...); got.status != 400 || got.code() != m.code {
					t.Errorf("%s: %d %s, want 400 %s", m.body, got.status, got.text, m.code)
				}
			}
			if heard, n := broker.last(); n != 0 {
				t.Errorf("the broker got the request %+v", heard)
			}
		})
	}
	if bodies < 10 {
		t.Errorf("openapi.yaml describes %d bodies", bodies)
	}
}

// A query that cannot be parsed, or with an empty, repeated or unknown
// parameter, is refused before anything is done. Parameters in openapi.yaml are
// accepted.
func TestEveryQueryIsReadStrictly(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	broker.last()
	for _, o := range operations(t) {
		t.Run(o.String(), func(t *testing.T) {
			path := target(strings.ReplaceAll(o.path, "{id}", id))
			ask := func(query string) answer { return u.do(o.method, path+"?"+query, "", "X-Account-ID", id) }
			want := func(query, code string) {
				if got := ask(query); got.status != 400 || got.code() != code {
					t.Errorf("?%s: %d %s, want 400 %s", query, got.status, got.text, code)
				}
			}
			want("no_such_parameter=1", "unknown_parameter")
			want("a;b", "invalid_query")
			want("%zz", "invalid_query")
			for _, p := range o.query {
				value := strings.Trim(sampleOf(p.Schema.Value), `"`)
				if p.Name == httpapi.AccountParameter {
					value = id
				}
				want(p.Name+"=", "invalid_query")
				want(p.Name, "invalid_query")
				want(p.Name+"="+value+"&"+p.Name+"="+value, "invalid_query")
				want(p.Name+"="+value+"&"+p.Name+"=", "invalid_query")
				want(p.Name+"="+value+";limit=1", "invalid_query")
				want(p.Name+"=%f", "invalid_query")
				want(p.Name+"=%ff", "invalid_query")
				want(p.Name+"=%00", "invalid_query")
				want(strings.ToUpper(p.Name)+"="+value, "unknown_parameter")
				want(p.Name+"s="+value, "unknown_parameter")
				want(p.Name+"="+value+"&no_such_parameter=1", "unknown_parameter")
			}
			if heard, n := broker.last(); n != 0 {
				t.Errorf("the broker got the request %+v", heard)
			}
			for _, p := range o.query {
				if o.method != "GET" {
					break // other methods would carry out the request
				}
				if got := ask(p.Name + "=" + strings.Trim(sampleOf(p.Schema.Value), `"`)); got.code() == "unknown_parameter" {
					t.Errorf("%q is described and not accepted: %s", p.Name, got.text)
				}
			}
			broker.last()
		})
	}
}

// A header with two different values is refused, because only one of them would
// be read. An empty Idempotency-Key is refused, because it is not the same as
// none.
func TestHeadersMeanOneThing(t *testing.T) {
	broker := &stub{}
	s := newServer(t, broker.front)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	broker.last()
	for _, o := range operations(t) {
		path := target(strings.ReplaceAll(o.path, "{id}", id))
		ask := func(code string, headers http.Header) {
			t.Helper()
			body := ""
			if o.body != nil {
				body = sampleOf(o.body)
			}
			r, err := http.NewRequest(o.method, s.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = headers
			r.Header.Set("Cookie", u.cookie)
			r.Header.Set("Content-Type", "application/json")
			if got := u.send(r); got.status != 400 || got.code() != code {
				t.Errorf("%s with %v: %d %s, want 400 %s", o, headers, got.status, got.text, code)
			}
		}
		for _, empty := range [][]string{{""}, {"  "}, {"", ""}, {"x", ""}, {"", "x"}} {
			if code := "invalid_idempotency_key"; empty[0] != "x" || !o.takesKey {
				ask(code, http.Header{"X-Account-Id": {id}, "Idempotency-Key": empty})
			}
		}
		ask("repeated_header", http.Header{"X-Account-Id": {id}, "Idempotency-Key": {"x", "y"}})
		ask("repeated_header", http.Header{"X-Account-Id": {id}, "Authorization": {"Bearer x", "Bearer y"}})
		ask("account_ambiguous", http.Header{"X-Account-Id": {id, "00000000-0000-4000-8000-000000000001"}})
	}
	if heard, n := broker.last(); n != 0 {
		t.Errorf("the broker got the request %+v", heard)
	}
	// The same value twice is accepted.
	r, err := http.NewRequest("GET", s.url+"/api/guards", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Cookie": {u.cookie}, "X-Account-Id": {id, strings.ToUpper(id)}, "Idempotency-Key": {"x", "x"}}
	u.send(r).want(t, 200, "")
}

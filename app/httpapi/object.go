package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"paddock/app/problem"
)

// readObject reads a body that is passed on: one JSON object in which no name
// is said twice, since two readers may each believe another one. What its
// fields mean is for the broker to say.
func readObject(r *http.Request) ([]byte, error) {
	if err := wantJSON(r); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, explainBody(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	first, err := d.Token()
	if err != nil || first != json.Delim('{') || !json.Valid(text) {
		return nil, problem.New(problem.Invalid, "invalid_json", "The body must be one JSON object and nothing after it.")
	}
	if name, twice := repeated(d, first, asItStands); twice {
		return nil, repeatedField(name)
	}
	return text, nil
}

// readOrder decodes an order as readBody does, and refuses a field that is
// there twice: the decoder takes the last one and merges objects and lists, so
// that an order could be made of parts that nobody sent together. It does not
// tell upper case from lower case either.
func readOrder(r *http.Request, into any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return explainBody(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	if err := readBody(r, into); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	first, err := d.Token()
	if err != nil {
		return explainBody(err)
	}
	if name, twice := repeated(d, first, foldCase); twice {
		return repeatedField(name)
	}
	return nil
}

func repeatedField(name string) error {
	return problem.New(problem.Invalid, "repeated_field", "The field %q is there twice. Send it once.", name)
}

func asItStands(name string) string { return name }

// foldCase makes one of names that encoding/json takes for the same: upper case
// first, since ſ and K have lower cases of their own.
func foldCase(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// repeated answers the first name that is there twice in one object, where two
// are the same when same makes one of them. d stands right behind open, in
// valid JSON.
func repeated(d *json.Decoder, open json.Token, same func(string) string) (string, bool) {
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			token, _ := d.Token()
			name := token.(string)
			if seen[same(name)] {
				return name, true
			}
			seen[same(name)] = true
		}
		if inner, _ := d.Token(); inner == json.Delim('{') || inner == json.Delim('[') {
			if name, twice := repeated(d, inner, same); twice {
				return name, true
			}
		}
	}
	_, _ = d.Token() // what closes it
	return "", false
}

// readNothing refuses a body where there is nothing to say: it would be ignored.
func readNothing(r *http.Request) error {
	n, err := io.ReadFull(r.Body, make([]byte, 1))
	switch {
	case n > 0:
		return problem.New(problem.Invalid, "unexpected_body", "This path takes no body. Send none.")
	case err != io.EOF:
		return explainBody(err)
	}
	return nil
}

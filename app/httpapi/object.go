package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

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
	if name, twice := repeated(d, first); twice {
		return nil, problem.New(problem.Invalid, "repeated_field", "The field %q is there twice. Send it once.", name)
	}
	return text, nil
}

// repeated answers the first name that is there twice in one object. d stands
// right behind open, in valid JSON.
func repeated(d *json.Decoder, open json.Token) (string, bool) {
	seen := map[json.Token]bool{}
	for d.More() {
		if open == json.Delim('{') {
			name, _ := d.Token()
			if seen[name] {
				return name.(string), true
			}
			seen[name] = true
		}
		if inner, _ := d.Token(); inner == json.Delim('{') || inner == json.Delim('[') {
			if name, twice := repeated(d, inner); twice {
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

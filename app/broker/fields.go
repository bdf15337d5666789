package broker

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
)

// Fields are fields of a request's body that the SDK does not know, by name.
type Fields map[string]any

// WithFields returns a client whose requests have these fields as well.
func (c *Client) WithFields(fields Fields) *Client {
	adding := *c
	adding.fields = fields
	return &adding
}

// add returns the request with the fields in its body.
func (f Fields) add(r *http.Request) (*http.Request, error) {
	if len(f) == 0 || r.Body == nil {
		return r, nil
	}
	text, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	body := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		return nil, err
	}
	maps.Copy(body, f)
	if text, err = json.Marshal(body); err != nil {
		return nil, err
	}
	added := r.WithContext(r.Context())
	added.ContentLength = int64(len(text))
	added.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	added.Body, err = added.GetBody()
	return added, err
}

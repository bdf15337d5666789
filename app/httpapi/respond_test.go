package httpapi_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"paddock/app/httpapi"
)

// JSON that a handler returns as []byte or json.RawMessage is sent unchanged.
// Encoding it again would change spaces and escapes.
func TestJSONIsSentAsItIs(t *testing.T) {
	const text = "{ \"qty\": 1.50,\n \"note\": \"a < b\" }"
	for _, body := range []any{[]byte(text), json.RawMessage(text)} {
		w := httptest.NewRecorder()
		if err := httpapi.WriteOK(w, body); err != nil || w.Body.String() != text || w.Code != 200 {
			t.Errorf("%T is sent as %d %s (%v)", body, w.Code, w.Body, err)
		}
	}
}

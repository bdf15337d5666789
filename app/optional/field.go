// Package optional has fields of JSON objects that may be left out, and tells that from
// null.
package optional

import (
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Field is a field of a JSON object. T is a pointer or a slice where the field may be
// null.
type Field[T any] struct {
	There bool // it is not left out
	Value T    // the zero value where it is null or left out
}

// UnmarshalJSONFrom parses the field.
func (f *Field[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	f.There = true
	if d.PeekKind() == jsontext.KindNull && f.TakesNull() {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &f.Value)
}

// TakesNull reports whether the field may be null.
func (f *Field[T]) TakesNull() bool {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Pointer, reflect.Slice:
		return true
	}
	return false
}

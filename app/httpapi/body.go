package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paddock/app/problem"
	"paddock/sql/jsonb"
)

// withBody returns a handler that reads the body before h.
func withBody[T any](h func(*request, T) (response, error)) handler {
	return func(r *request) (response, error) {
		var body T
		if err := readBody(r.Request, &body); err != nil {
			return response{}, err
		}
		return h(r, body)
	}
}

// withoutBody returns a handler that refuses a body before h.
func withoutBody(h handler) handler {
	return func(r *request) (response, error) {
		if err := requireEmptyBody(r.Request); err != nil {
			return response{}, err
		}
		return h(r)
	}
}

// readBody decodes a request's body, which must be one JSON object, into the
// struct that into points to. It refuses anything that two readers could
// understand differently, or one could overlook: a repeated or unknown field,
// letters of another case, null where it has no meaning, text that is not
// Unicode, and anything after the object.
func readBody(r *http.Request, into any) error {
	text, alike, err := readObject(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into, json.RejectUnknownMembers(true), json.WithUnmarshalers(noNull)); err != nil {
		return explainBody(err, alike)
	}
	return nil
}

// readBodyAsSent reads a body that is passed on as it is. For the fields of the
// struct that into points to it is as strict as readBody. Other fields are left
// to the broker, except one that differs from a known field in its case alone.
func readBodyAsSent(r *http.Request, into any) ([]byte, error) {
	text, alike, err := readObject(r)
	if err != nil {
		return nil, err
	}
	var fields map[string]jsontext.Value
	if err := errors.Join(json.Unmarshal(text, &fields), json.Unmarshal(text, into, json.WithUnmarshalers(noNull))); err != nil {
		return nil, explainBody(err, alike)
	}
	of := reflect.TypeOf(into).Elem()
	for name := range fields {
		for i := range of.NumField() {
			known := of.Field(i).Tag.Get("json")
			switch _, both := fields[known]; {
			case name == known || foldCase(name) != known:
			case both:
				return nil, repeatedField(name)
			default:
				return nil, unknownField(name)
			}
		}
	}
	return text, nil
}

// readObject reads and scans a body that is one JSON object.
func readObject(r *http.Request) (text []byte, alike map[jsontext.Pointer]bool, err error) {
	if err := wantJSON(r); err != nil {
		return nil, nil, err
	}
	if text, err = io.ReadAll(r.Body); err != nil {
		return nil, nil, explainReading(err)
	}
	if alike, err = scanBody(text); err != nil {
		return nil, nil, err
	}
	if most := mostBody(r); int64(jsonb.Size(text)) > most {
		return nil, nil, bodyTooLarge(most)
	}
	return text, alike, nil
}

func wantJSON(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return problem.New(problem.UnsupportedMediaType, "Send the body as JSON, with Content-Type: application/json.")
	}
	return nil
}

// errNull is the error for a null that has no meaning.
var errNull = errors.New("null")

// noNull refuses null, except for a pointer to an amount or an object, and for
// a list: Alpaca's own clients send null there for a field that is left out,
// and a limit of null is no limit. An optional.Field says by itself whether it takes null.
var noNull = json.UnmarshalFromFunc(func(d *jsontext.Decoder, into any) error {
	takes := false
	switch t := reflect.TypeOf(into).Elem(); t.Kind() {
	case reflect.Pointer:
		takes = t.Elem().Kind() != reflect.String && t.Elem().Kind() != reflect.Bool
	case reflect.Slice, reflect.Map, reflect.Interface:
		takes = true
	}
	if f, is := into.(interface{ TakesNull() bool }); is {
		takes = f.TakesNull()
	}
	if !takes && d.PeekKind() == jsontext.KindNull {
		return errNull
	}
	return errors.ErrUnsupported // let the package decode it
})

// scanBody reads a body's tokens and refuses what decoding into a struct would
// not notice: a repeated name, at any depth, and texts and numbers that cannot
// be stored. It returns the places of names that differ in their case alone: one of them is
// unknown, unless they are inside free-form data.
func scanBody(text []byte) (alike map[jsontext.Pointer]bool, err error) {
	alike = map[jsontext.Pointer]bool{}
	if !utf8.Valid(text) {
		return alike, invalidText("The body is not valid UTF-8.")
	}
	type name struct {
		text  string
		place jsontext.Pointer
	}
	var open []map[string]name // names of the open objects, by their folded text; nil for a list
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	for first := true; ; first = false {
		token, err := d.ReadToken()
		switch {
		case err == io.EOF && !first:
			return alike, nil
		case err != nil && jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)):
			return alike, invalidText("%s holds half of a surrogate pair, which is no character.", fieldAt(d.StackPointer()))
		case err != nil, (len(open) == 0) != first, first && token.Kind() != jsontext.KindBeginObject:
			if !first && len(open) == 0 || err == nil || len(bytes.TrimSpace(text)) == 0 {
				return alike, invalidJSON("The body must be one JSON object and nothing after it.")
			}
			return alike, invalidJSON("The body is not valid JSON.")
		}
		switch token.Kind() {
		case jsontext.KindBeginObject:
			open = append(open, map[string]name{})
		case jsontext.KindBeginArray:
			open = append(open, nil)
		case jsontext.KindEndObject, jsontext.KindEndArray:
			open = open[:len(open)-1]
		case jsontext.KindNumber:
			if jsonb.IsLong(token.String()) {
				return alike, problem.New(problem.InvalidNumber,
					"%s holds a number of more than %d digits, written without an exponent. Send a shorter one, or a text.", fieldAt(d.StackPointer()), jsonb.MaxDigits)
			}
		case jsontext.KindString:
			said := name{token.String(), d.StackPointer()}
			if strings.ContainsRune(said.text, 0) {
				return alike, invalidText("%s holds the character NUL, which cannot be kept.", fieldAt(said.place))
			}
			names := open[len(open)-1]
			if _, n := d.StackIndex(len(open)); names == nil || n%2 == 0 {
				continue // a value
			}
			folded := foldCase(said.text)
			before, again := names[folded]
			if again && before.text == said.text {
				return alike, repeatedField(said.text)
			}
			if again {
				alike[before.place], alike[said.place] = true, true
			}
			names[folded] = said
		}
	}
}

// foldCase maps names that differ in their case alone to one. It goes through
// upper case first, because ſ and K have lower cases of their own.
func foldCase(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// explainReading returns why a body could not be read to its end.
func explainReading(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return bodyTooLarge(tooLarge.Limit)
	}
	return invalidJSON("The body broke off.")
}

func bodyTooLarge(limit int64) error {
	return problem.New(problem.BodyTooLarge, "The body may have %d bytes, with its numbers written without exponents.", limit)
}

// explainBody names the field that could not be decoded, and what it should be.
func explainBody(err error, alike map[jsontext.Pointer]bool) error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return invalidJSON("The body is not valid JSON.")
	}
	at := wrong.JSONPointer
	switch {
	case errors.Is(wrong.Err, json.ErrUnknownName) && alike[at]:
		return repeatedField(at.LastToken())
	case errors.Is(wrong.Err, json.ErrUnknownName):
		return unknownField(at.LastToken())
	case errors.Is(err, errNull):
		return invalidJSON("%s may not be null: give it, or leave it out.", fieldAt(at))
	}
	return invalidJSON("%s must be %s.", fieldAt(at), typeInWords(wrong.GoType))
}

// typeInWords describes the values of a type.
func typeInWords(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// fieldAt writes a JSON pointer as clients write it: The field "legs[0].side".
func fieldAt(at jsontext.Pointer) string {
	var path strings.Builder
	for part := range at.Tokens() {
		switch {
		case path.Len() > 0 && strings.Trim(part, "0123456789") == "":
			fmt.Fprintf(&path, "[%s]", part)
		case path.Len() > 0:
			path.WriteString("." + part)
		default:
			path.WriteString(part)
		}
	}
	if path.Len() == 0 {
		return "The body"
	}
	return fmt.Sprintf("The field %q", path.String())
}

func unknownField(name string) error {
	return problem.New(problem.UnknownField, "There is no field %q here. Check its spelling: names are in small letters.", name)
}

func repeatedField(name string) error {
	return problem.New(problem.RepeatedField, "The field %q is there twice. Send it once.", name)
}

func invalidJSON(format string, args ...any) error {
	return problem.New(problem.InvalidJSON, format, args...)
}

func invalidText(format string, args ...any) error {
	return problem.New(problem.InvalidText, format+" Nothing is replaced here: send text in UTF-8.", args...)
}

// requireEmptyBody refuses a body on an endpoint that would ignore it.
func requireEmptyBody(r *http.Request) error {
	n, err := io.ReadFull(r.Body, make([]byte, 1))
	switch {
	case n > 0:
		return problem.New(problem.UnexpectedBody, "This path takes no body. Send none.")
	case err != io.EOF:
		return explainReading(err)
	}
	return nil
}

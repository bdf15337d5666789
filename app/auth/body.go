package auth

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"paddock/app/problem"
)

// body is the body of a request: a JSON value, or a form as an object.
type body struct {
	value any
	there bool
}

// readBody reads JSON and, if forms is set, a form too, of at most maxBody
// bytes. What comes without a content type counts as no body.
func readBody(r *http.Request, forms bool) (body, error) {
	const maxBody = 64 << 10
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(text) > maxBody {
		return body{}, refuse(problem.AuthTooLarge, "The body is too large")
	}
	if err != nil {
		return body{}, refuse(problem.AuthBadRequest, "The body could not be read")
	}
	given := r.Header.Get("Content-Type")
	if len(text) == 0 || given == "" {
		return body{}, nil
	}
	allowed := "application/json"
	if forms {
		allowed = "application/x-www-form-urlencoded, application/json"
	}
	kind, _, _ := strings.Cut(given, ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "application/json":
		var value any
		if !utf8.Valid(text) {
			return body{}, refuse(problem.AuthBadRequest, "The body is not UTF-8")
		}
		if err := json.Unmarshal(text, &value); err != nil {
			return body{}, refuse(problem.AuthBadRequest, "Invalid JSON in request body")
		}
		return body{value, true}, nil
	case kind == "application/x-www-form-urlencoded" && forms:
		return readForm(string(text))
	}
	return body{}, refuse(problem.AuthUnsupportedMediaType, "Content-Type %q is not allowed. Allowed types: %s", given, allowed)
}

// readForm reads a form. All fields are texts, and the last of a name counts.
func readForm(text string) (body, error) {
	form, err := url.ParseQuery(text)
	if err != nil {
		return body{}, refuse(problem.AuthBadRequest, "The form could not be read")
	}
	object := map[string]any{}
	for name, values := range form {
		object[name] = strings.ToValidUTF8(values[len(values)-1], "\uFFFD")
	}
	return body{object, true}, nil
}

// fields is an object. A field's type is checked where it is used, with the
// messages of Better Auth.
type fields map[string]any

// object returns the fields of a body that must be an object. names are the
// type names that Better Auth's message has: object, record, or both.
func (b body) object(names ...string) (fields, error) {
	if f, ok := b.value.(map[string]any); ok {
		return f, nil
	}
	var complaints []string
	for _, name := range names {
		complaints = append(complaints, "[body] Invalid input: expected "+name+", received "+typeName(b.value, b.there))
	}
	return nil, invalid(complaints)
}

// text returns a field that must be a string. Errors are appended to complaints
// in the words of Better Auth's validator.
func (f fields) text(name string, complaints *[]string) string {
	value, there := f[name]
	if s, ok := value.(string); ok {
		return s
	}
	*complaints = append(*complaints, "[body."+name+"] Invalid input: expected string, received "+typeName(value, there))
	return ""
}

// email returns a field that must be an email address, in lower case.
func (f fields) email(name string, complaints *[]string) string {
	email := f.text(name, complaints)
	if _, isText := f[name].(string); isText && !isEmail(email) {
		*complaints = append(*complaints, "[body."+name+"] Invalid email address")
	}
	return strings.ToLower(email)
}

// optional returns a string field that may be missing.
func (f fields) optional(name string, complaints *[]string) *string {
	if _, there := f[name]; !there {
		return nil
	}
	s := f.text(name, complaints)
	return &s
}

// scalar returns a text field that may be missing, of which a number or a boolean is
// its text, as JavaScript writes it.
func (f fields) scalar(name string, complaints *[]string) *string {
	var text string
	switch value := f[name].(type) {
	case float64:
		if value == 0 {
			value = 0 // JavaScript writes -0 as 0
		}
		digits, err := json.Marshal(value)
		if err != nil {
			return f.optional(name, complaints)
		}
		text = string(digits)
	case bool:
		text = strconv.FormatBool(value)
	default:
		return f.optional(name, complaints)
	}
	return &text
}

// flag returns a boolean field that may be missing.
func (f fields) flag(name string, fallback bool, complaints *[]string) bool {
	value, there := f[name]
	if !there {
		return fallback
	}
	b, ok := value.(bool)
	if !ok {
		*complaints = append(*complaints, "[body."+name+"] Invalid input: expected boolean, received "+typeName(value, there))
	}
	return b
}

// truthy reports whether a value counts as true in JavaScript.
func truthy(value any) bool {
	return value != nil && value != "" && value != false && value != 0.0
}

func typeName(value any, there bool) string {
	switch value.(type) {
	case nil:
		if there {
			return "null"
		}
		return "undefined"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}

func invalid(complaints []string) error {
	if len(complaints) == 0 {
		return nil
	}
	return refuse(problem.AuthValidation, "%s", strings.Join(complaints, "; "))
}

// storable refuses texts that Postgres cannot hold.
func storable(texts ...*string) error {
	for _, t := range texts {
		if t != nil && strings.ContainsRune(*t, 0) {
			return refuse(problem.AuthValidation, "NUL characters are not allowed")
		}
	}
	return nil
}

// emailText matches what Better Auth's validator accepts as an email address.
var emailText = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// isEmail is stricter than Better Auth in length alone: no mail server takes
// more than 254 characters, and an index of Postgres cannot hold any length.
func isEmail(text string) bool {
	return len(text) <= 254 && emailText.MatchString(text)
}

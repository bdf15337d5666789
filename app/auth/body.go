package auth

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"
)

// fields is a body, field by field: what a field holds is checked where it is
// used, in Better Auth's words.
type fields map[string]any

// readFields reads a JSON object, and for forms a form. maxBody bounds it.
func readFields(r *http.Request, forms bool) (fields, error) {
	const maxBody = 64 << 10
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(text) > maxBody {
		return nil, refuse(413, "PAYLOAD_TOO_LARGE", "The body is too large")
	}
	if err != nil {
		return nil, refuse(400, "BAD_REQUEST", "The body could not be read")
	}
	if len(text) == 0 {
		return fields{}, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/json":
		if !utf8.Valid(text) {
			return nil, refuse(400, "BAD_REQUEST", "The body is not UTF-8")
		}
		var f fields
		if err := json.Unmarshal(text, &f); err != nil {
			return nil, refuse(400, "INVALID_JSON", "Invalid JSON in request body")
		}
		if f == nil {
			f = fields{}
		}
		return f, nil
	case err == nil && kind == "application/x-www-form-urlencoded" && forms:
		r.Body = io.NopCloser(strings.NewReader(string(text)))
		if err := r.ParseForm(); err != nil {
			return nil, refuse(400, "BAD_REQUEST", "The form could not be read")
		}
		f := fields{}
		for name, values := range r.PostForm {
			f[name] = values[len(values)-1]
			if name == "rememberMe" {
				f[name] = values[len(values)-1] != "false"
			}
		}
		return f, nil
	}
	return nil, refuse(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type %q is not allowed. Allowed types: application/json", r.Header.Get("Content-Type"))
}

// text answers a field that must be a string. complaints gathers what is wrong
// in the words of Better Auth's validator.
func (f fields) text(name string, complaints *[]string) string {
	value, there := f[name]
	if s, ok := value.(string); ok {
		return s
	}
	*complaints = append(*complaints, "[body."+name+"] Invalid input: expected string, received "+typeName(value, there))
	return ""
}

// optional answers a string field that may be missing or null.
func (f fields) optional(name string, complaints *[]string) *string {
	value, there := f[name]
	if !there || value == nil {
		return nil
	}
	s := f.text(name, complaints)
	return &s
}

// flag answers a boolean field that may be missing.
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
	return refuse(400, "VALIDATION_ERROR", "%s", strings.Join(complaints, "; "))
}

// storable refuses what Postgres cannot hold.
func storable(texts ...*string) error {
	for _, t := range texts {
		if t != nil && (strings.ContainsRune(*t, 0) || !utf8.ValidString(*t)) {
			return refuse(400, "VALIDATION_ERROR", "NUL characters are not allowed")
		}
	}
	return nil
}

var emailText = regexp.MustCompile(`^[A-Za-z0-9_'+\-.]+@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$`)

func isEmail(text string) bool {
	if len(text) > 254 || strings.Contains(text, "..") || strings.HasPrefix(text, ".") || !emailText.MatchString(text) {
		return false
	}
	_, err := mail.ParseAddress(text)
	return err == nil
}

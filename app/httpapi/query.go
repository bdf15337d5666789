package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"paddock/app/problem"
)

// accountParameter is the query parameter that names the account, on every path
// that concerns the request's account.
const accountParameter = "account_id"

// checkRequest refuses queries and headers that a handler would overlook or
// misunderstand, so that handlers can read both directly.
func checkRequest(r *http.Request, known []string) error {
	if err := checkHeaders(r.Header); err != nil {
		return err
	}
	return checkQuery(r.URL.RawQuery, known)
}

// checkQuery refuses a query that cannot be parsed, and unknown, empty or
// repeated parameters. If they were ignored, a misspelt filter would show
// everything, and an unset variable would close a whole position.
func checkQuery(raw string, known []string) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return invalidQuery("The query cannot be read: put & between its parameters, and encode %%, ; and & in their values.")
	}
	for name, values := range q {
		switch {
		case !slices.Contains(known, name):
			return unknownParameter(name, known)
		case slices.Contains(values, ""):
			return invalidQuery("%q is empty. Give it a value, or leave it out.", name)
		case name == accountParameter && !allEqual(values):
			return accountAmbiguous()
		case len(values) > 1:
			return invalidQuery("%q is there twice. Give it once.", name)
		case !utf8.ValidString(values[0]), strings.ContainsRune(values[0], 0):
			return invalidQuery("%q must be text in UTF-8.", name)
		}
	}
	return nil
}

func invalidQuery(format string, args ...any) error {
	return problem.New(problem.InvalidQuery, format, args...)
}

// unknownParameter names the known parameters, and the nearest.
func unknownParameter(name string, known []string) error {
	known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == accountParameter })
	if len(known) == 0 {
		return problem.New(problem.UnknownParameter, "There is no parameter %q here: this path takes none.", name)
	}
	nearest := slices.MinFunc(known, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
	return problem.New(problem.UnknownParameter, "There is no parameter %q here. Did you mean %q? There are %s.", name, nearest, strings.Join(known, ", "))
}

// checkHeaders refuses a header that is sent with several values, of which only
// one would be read, and an empty key: an unset variable does not mean that no
// key is wanted.
func checkHeaders(h http.Header) error {
	if keys := h.Values("Idempotency-Key"); slices.Contains(keys, "") {
		return problem.New(problem.InvalidIdempotencyKey, "The header Idempotency-Key is empty. Send a key of your own, such as a UUID, or leave it out.")
	}
	for _, id := range h.Values("X-Account-ID") {
		if !strings.EqualFold(id, h.Get("X-Account-ID")) {
			return accountAmbiguous()
		}
	}
	for _, name := range []string{"Idempotency-Key", "Authorization"} {
		if !allEqual(h.Values(name)) {
			return problem.New(problem.RepeatedHeader, "The header %s is there twice, and its values differ. Send it once.", name)
		}
	}
	return nil
}

// allEqual reports whether all values are the same.
func allEqual(values []string) bool { return len(slices.Compact(slices.Clone(values))) <= 1 }

package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"paddock/app/paging"
	"paddock/app/problem"
)

// accountParameter is the query parameter that names the account, on every path
// about an account that does not name it.
const accountParameter = "account_id"

// readQuery reads a query. It refuses one that cannot be parsed, and unknown,
// empty or repeated parameters. If they were ignored, a misspelt filter would
// show everything, and an unset variable would close a whole position.
func readQuery(raw string, known []string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalidQuery("The query cannot be read: put & between its parameters, and encode %%, ; and & in their values.")
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		values := q[name]
		switch {
		case !slices.Contains(known, name):
			return nil, unknownParameter(name, known)
		case slices.Contains(values, ""):
			return nil, invalidQuery("%q is empty. Give it a value, or leave it out.", name)
		case name == accountParameter && !allEqual(values):
			return nil, accountAmbiguous()
		case len(values) > 1:
			return nil, invalidQuery("%q is there twice. Give it once.", name)
		case !utf8.ValidString(values[0]), strings.ContainsRune(values[0], 0):
			return nil, invalidQuery("%q must be text in UTF-8.", name)
		}
	}
	return q, nil
}

// filters returns the parameters without account_id.
func (r *request) filters() url.Values {
	q := maps.Clone(r.query)
	delete(q, accountParameter)
	return q
}

// page reads limit and before.
func (r *request) page() (paging.Page, error) {
	return paging.Parse(r.query.Get("limit"), r.query.Get("before"))
}

// boolean reads a parameter that is true or false; it is false where it is left
// out.
func (r *request) boolean(name string) (bool, error) {
	if !r.query.Has(name) {
		return false, nil
	}
	is, err := strconv.ParseBool(r.query.Get(name))
	if err != nil {
		return false, invalidQuery("Set %q to true or false.", name)
	}
	return is, nil
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

package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"paddock/app/problem"
)

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

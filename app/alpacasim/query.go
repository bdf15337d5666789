package alpacasim

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// listed splits a query parameter at its commas.
func listed(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// oneOf checks a parameter that may be absent.
func oneOf(r *http.Request, name string, allowed ...string) error {
	for _, value := range listed(r.URL.Query().Get(name)) {
		if !containsFold(allowed, value) {
			return fmt.Errorf("invalid %s: %s", name, value)
		}
	}
	return nil
}

func containsFold(all []string, value string) bool {
	for _, a := range all {
		if strings.EqualFold(a, value) {
			return true
		}
	}
	return false
}

// parseTime parses RFC 3339, or a day of New York.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	return time.ParseInLocation(time.DateOnly, text, calendar.NewYork)
}

package reporting

import (
	"time"

	"paddock/app/problem"
)

// checkEnd ends with invalid_report_end for a time that is not in the future.
// The zero time is no end.
func checkEnd(until time.Time) error {
	if !until.IsZero() && !until.After(time.Now()) {
		return problem.New(problem.InvalidReportEnd, "%s is over already. Name a time in the future.", until.UTC().Format(time.RFC3339))
	}
	return nil
}

// validUntil returns the time as VALID UNTIL takes it.
func validUntil(until time.Time) string {
	if until.IsZero() {
		return "infinity"
	}
	return until.UTC().Format(time.RFC3339)
}

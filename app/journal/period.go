package journal

import (
	"time"

	"paddock/app/problem"
)

// Period is a time from a moment on until another, which is not in it. Either may be
// zero, which is no bound.
type Period struct{ From, To time.Time }

// ParsePeriod reads a period's bounds: times in RFC 3339, or days, which begin at
// midnight UTC; "" is no bound. It ends with invalid_query.
func ParsePeriod(from, to string) (p Period, err error) {
	if p.From, err = parseTime("from", from); err == nil {
		p.To, err = parseTime("to", to)
	}
	if err == nil && !p.From.IsZero() && !p.To.IsZero() && p.To.Before(p.From) {
		err = problem.New(problem.InvalidQuery, `"to" is before "from". Give a later time, or leave one of them out.`)
	}
	return p, err
}

func parseTime(name, text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err != nil || t.Year() < 1970 {
		return t, problem.New(problem.InvalidQuery, `Set %q to a time such as 2026-11-25T14:30:00Z, or a day such as 2026-11-25, from 1970 on.`, name)
	}
	return t.UTC(), nil
}

// IsAlways reports whether the period has no bound.
func (p Period) IsAlways() bool { return p.From.IsZero() && p.To.IsZero() }

// begin and end return the bounds as queries take them.
func (p Period) begin() time.Time {
	if p.From.IsZero() {
		return time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return p.From
}

func (p Period) end() time.Time {
	if p.To.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return p.To
}

package options

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// Filter is a query for contracts. What it does not name may have any value.
type Filter struct {
	kind, root              string
	on, notBefore, notAfter string // days
	atLeast, atMost         *decimal.Decimal
	european, noPenny       bool
}

// ParseFilter parses the parameters of a query, which get returns by name.
func ParseFilter(get func(string) string) (Filter, error) {
	f := Filter{
		kind: get("type"), root: get("root_symbol"), on: get("expiration_date"), notBefore: get("expiration_date_gte"), notAfter: get("expiration_date_lte"),
		european: get("style") == "european", noPenny: get("ppind") == "false",
	}
	for _, day := range []string{f.on, f.notBefore, f.notAfter} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return f, fmt.Errorf("invalid expiration date %q: it must be YYYY-MM-DD", day)
		}
	}
	for name, into := range map[string]**decimal.Decimal{"strike_price_gte": &f.atLeast, "strike_price_lte": &f.atMost} {
		if text := get(name); text != "" {
			d, err := decimal.NewFromString(text)
			if err != nil {
				return f, fmt.Errorf("invalid %s", name)
			}
			*into = &d
		}
	}
	if f.kind != "" && f.kind != "call" && f.kind != "put" {
		return f, errors.New("type must be call or put")
	}
	if style := get("style"); style != "" && style != "american" && style != "european" {
		return f, errors.New("style must be american or european")
	}
	return f, nil
}

// Takes reports whether a contract passes the filter.
func (f Filter) Takes(c Contract) bool {
	day := c.Day()
	return (f.kind == "" || f.kind == c.Kind) && (f.root == "" || f.root == c.Root) && !f.european && !f.noPenny &&
		(f.on == "" || f.on == day) && day >= f.notBefore && (f.notAfter == "" || day <= f.notAfter) &&
		(f.atLeast == nil || c.Strike.GreaterThanOrEqual(*f.atLeast)) && (f.atMost == nil || c.Strike.LessThanOrEqual(*f.atMost))
}

// OrThisWeek returns the filter with its last day set where it names none: to the
// Sunday of the week whose options trade next. After a Friday's close it is the
// week after, because no contract of the old week is left.
func (f Filter) OrThisWeek(now time.Time) Filter {
	if f.on == "" && f.notAfter == "" {
		next := calendar.Midnight(calendar.NextClose(now))
		f.notAfter = next.AddDate(0, 0, (7-int(next.Weekday()))%7).Format(time.DateOnly)
	}
	return f
}

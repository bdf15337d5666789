package prices

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// Timeframe is the length of a bar.
type Timeframe struct {
	count int
	unit  string // Min, Hour, Day, Week or Month
}

// The lengths of bars that the newest prices have.
var (
	Minute = Timeframe{1, "Min"}
	Day    = Timeframe{1, "Day"}
)

var timeframes = regexp.MustCompile(`^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$`)

// ParseTimeframe parses what Alpaca's documentation of bars allows.
func ParseTimeframe(text string) (Timeframe, error) {
	found := timeframes.FindStringSubmatch(text)
	if found == nil {
		return Timeframe{}, fmt.Errorf("invalid timeframe: %s", text)
	}
	count, _ := strconv.Atoi(found[1]) // the pattern allows digits only
	f := Timeframe{count: count, unit: map[string]string{"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}[found[2]]}
	if f.unit == "" {
		f.unit = found[2]
	}
	most := map[string]int{"Min": 59, "Hour": 23, "Day": 1, "Week": 1, "Month": 12}[f.unit]
	if count < 1 || count > most || f.unit == "Month" && 12%count != 0 {
		return Timeframe{}, fmt.Errorf("invalid timeframe: %s", text)
	}
	return f, nil
}

// start returns the beginning of the bar that contains a time. Minutes and
// hours are counted from midnight, weeks begin on Monday.
func (f Timeframe) start(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	switch f.unit {
	case "Month":
		month := (int(t.Month()) - 1) / f.count * f.count
		return time.Date(t.Year(), time.Month(month+1), 1, 0, 0, 0, 0, zone)
	case "Week":
		return midnight.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case "Day":
		return midnight
	}
	wide := time.Duration(f.count) * map[string]time.Duration{"Min": time.Minute, "Hour": time.Hour}[f.unit]
	return midnight.Add(t.Sub(midnight).Truncate(wide))
}

// next returns the beginning of the bar after the one that begins at a time.
func (f Timeframe) next(start time.Time, zone *time.Location) time.Time {
	start = start.In(zone)
	switch f.unit {
	case "Month":
		return start.AddDate(0, f.count, 0)
	case "Week":
		return start.AddDate(0, 0, 7)
	case "Day":
		return start.AddDate(0, 0, 1)
	}
	wide := time.Duration(f.count) * map[string]time.Duration{"Min": time.Minute, "Hour": time.Hour}[f.unit]
	midnight := time.Date(start.Year(), start.Month(), start.Day()+1, 0, 0, 0, 0, zone)
	return calendar.Earlier(start.Add(wide), midnight) // each day starts counting at midnight
}

// previous returns the beginning of the bar before it.
func (f Timeframe) previous(start time.Time, zone *time.Location) time.Time {
	return f.start(start.Add(-time.Nanosecond), zone)
}

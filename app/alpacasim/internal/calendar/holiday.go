package calendar

import "time"

// closures are one-off closures: for the attacks of 2001, for the deaths of
// presidents, and for a storm.
var closures = map[string]bool{
	"2001-09-11": true, "2001-09-12": true, "2001-09-13": true, "2001-09-14": true, "2004-06-11": true, "2007-01-02": true,
	"2012-10-29": true, "2012-10-30": true, "2018-12-05": true, "2025-01-09": true,
}

// isTradingDay follows the calendar of the New York Stock Exchange:
// https://www.nyse.com/trade/hours-calendars.
func isTradingDay(y int, m time.Month, d int) bool {
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || closures[day.Format(time.DateOnly)] {
		return false
	}
	for _, holiday := range holidays(y) {
		if day.Equal(holiday) {
			return false
		}
	}
	return true
}

// isHalfDay reports whether the market closes at 13:00: before Independence Day
// and Christmas and after Thanksgiving.
func isHalfDay(y int, m time.Month, d int) bool {
	switch day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); {
	case m == time.July && d == 3, m == time.December && d == 24:
		return isTradingDay(y, m, d)
	case m == time.November:
		return day.Equal(nth(y, time.November, time.Thursday, 4).AddDate(0, 0, 1))
	}
	return false
}

// holidays returns the days of a year on which the market is closed.
func holidays(y int) []time.Time {
	date := func(m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	all := []time.Time{
		nth(y, time.January, time.Monday, 3),                // Martin Luther King, Jr.
		nth(y, time.February, time.Monday, 3),               // Washington's Birthday
		easter(y).AddDate(0, 0, -2),                         // Good Friday
		nth(y, time.June, time.Monday, 1).AddDate(0, 0, -7), // Memorial Day, the last Monday of May
		nth(y, time.September, time.Monday, 1),              // Labor Day
		nth(y, time.November, time.Thursday, 4),             // Thanksgiving
		observed(date(time.July, 4)),
		observed(date(time.December, 25)),
	}
	if y >= 2022 {
		all = append(all, observed(date(time.June, 19))) // Juneteenth
	}
	if newYear := date(time.January, 1); newYear.Weekday() != time.Saturday { // on a Saturday no other day is closed for it
		all = append(all, observed(newYear))
	}
	return all
}

// observed returns the weekday on which a holiday is observed.
func observed(day time.Time) time.Time {
	switch day.Weekday() {
	case time.Saturday:
		return day.AddDate(0, 0, -1)
	case time.Sunday:
		return day.AddDate(0, 0, 1)
	}
	return day
}

// nth returns the nth such weekday of a month.
func nth(y int, m time.Month, w time.Weekday, n int) time.Time {
	first := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, (int(w)-int(first.Weekday())+7)%7+7*(n-1))
}

// easter returns Easter Sunday, by the anonymous Gregorian algorithm.
func easter(y int) time.Time {
	a, b, c := y%19, y/100, y%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	return time.Date(y, time.Month((h+l-7*m+114)/31), (h+l-7*m+114)%31+1, 0, 0, 0, 0, time.UTC)
}

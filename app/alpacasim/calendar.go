package alpacasim

import (
	"time"
	_ "time/tzdata" // New York's time zone, where the machine has none
)

// marketSession is a part of the market's day.
type marketSession string

// The sessions of US equities. The overnight session belongs to the trading day
// that follows it.
const (
	overnight marketSession = "overnight" // 20:00 to 04:00, before a trading day
	pre       marketSession = "pre"       // 04:00 to 09:30
	regular   marketSession = "regular"   // 09:30 to 16:00, or 13:00 on half days
	post      marketSession = "post"      // four hours from then on
	closed    marketSession = "closed"
)

// newYork is the market's time zone.
var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // time/tzdata holds it
	}
	return zone
}()

// tradingDay is the hours of one day, in New York's time.
type tradingDay struct {
	overnight time.Time // when its night session begins, the evening before
	pre       time.Time
	open      time.Time
	close     time.Time
	end       time.Time // of the post-market
}

// dayAt returns the hours of the day that contains t in New York, and whether
// the market opens on it.
func dayAt(t time.Time) (tradingDay, bool) {
	y, m, d := t.In(newYork).Date()
	at := func(day, hour, minute int) time.Time { return time.Date(y, m, day, hour, minute, 0, 0, newYork) }
	hours := tradingDay{overnight: at(d-1, 20, 0), pre: at(d, 4, 0), open: at(d, 9, 30), close: at(d, 16, 0), end: at(d, 20, 0)}
	if isHalfDay(y, m, d) {
		hours.close, hours.end = at(d, 13, 0), at(d, 17, 0)
	}
	return hours, isTradingDay(y, m, d)
}

// marketSessionAt returns the session that contains t.
func marketSessionAt(t time.Time) marketSession {
	day, trading := dayAt(t)
	switch {
	case trading && t.Before(day.pre):
		return overnight
	case trading && t.Before(day.open):
		return pre
	case trading && t.Before(day.close):
		return regular
	case trading && t.Before(day.end):
		return post
	}
	if next, trading := dayAt(day.open.AddDate(0, 0, 1)); trading && !t.Before(next.overnight) {
		return overnight
	}
	return closed
}

// nextDay returns the first trading day after the day that contains t.
func nextDay(t time.Time) tradingDay {
	day, _ := dayAt(t)
	for {
		var trading bool
		if day, trading = dayAt(day.open.AddDate(0, 0, 1)); trading {
			return day
		}
	}
}

// lastClose returns the newest close of the regular session at or before t.
func lastClose(t time.Time) time.Time {
	day, trading := dayAt(t)
	for !trading || t.Before(day.close) {
		day, trading = dayAt(day.open.AddDate(0, 0, -1))
	}
	return day.close
}

// nextOpen returns the first opening of the regular session after t.
func nextOpen(t time.Time) time.Time {
	if day, trading := dayAt(t); trading && t.Before(day.open) {
		return day.open
	}
	return nextDay(t).open
}

// nextClose returns the first close of the regular session after t.
func nextClose(t time.Time) time.Time {
	if day, trading := dayAt(t); trading && t.Before(day.close) {
		return day.close
	}
	return nextDay(t).close
}

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

// phaseAt returns the phase of the trading day in the newer clock's terms,
// which have no night session, and when it ends.
func phaseAt(t time.Time) (name string, until time.Time) {
	day, trading := dayAt(t)
	switch {
	case !trading || !t.Before(day.end):
		return "closed", nextDay(t).pre
	case t.Before(day.pre):
		return "closed", day.pre
	case t.Before(day.open):
		return "pre", day.open
	case t.Before(day.close):
		return "core", day.close
	}
	return "post", day.end
}

// day returns a day's midnight in New York.
func day(year int, month time.Month, number int) time.Time {
	return time.Date(year, month, number, 0, 0, 0, 0, newYork)
}

// settles returns the day on which a day's trades settle: the next trading day.
func settles(at time.Time) time.Time { return midnight(nextDay(at).open, newYork) }

func midnight(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

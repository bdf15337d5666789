package calendar

import "time"

// Day is the hours of one day, in New York's time.
type Day struct {
	Overnight time.Time // when its night session begins, the evening before
	PreMarket time.Time
	Open      time.Time
	Close     time.Time
	End       time.Time // of the post-market
}

// DayAt returns the hours of the day that contains t in New York, and whether
// the market opens on it.
func DayAt(t time.Time) (Day, bool) {
	y, m, d := t.In(NewYork).Date()
	at := func(day, hour, minute int) time.Time { return time.Date(y, m, day, hour, minute, 0, 0, NewYork) }
	hours := Day{Overnight: at(d-1, 20, 0), PreMarket: at(d, 4, 0), Open: at(d, 9, 30), Close: at(d, 16, 0), End: at(d, 20, 0)}
	if isHalfDay(y, m, d) {
		hours.Close, hours.End = at(d, 13, 0), at(d, 17, 0)
	}
	return hours, isTradingDay(y, m, d)
}

// NextDay returns the first trading day after the day that contains t.
func NextDay(t time.Time) Day {
	day, _ := DayAt(t)
	for {
		var trading bool
		if day, trading = DayAt(day.Open.AddDate(0, 0, 1)); trading {
			return day
		}
	}
}

// LastClose returns the newest close of the regular session at or before t.
func LastClose(t time.Time) time.Time {
	day, trading := DayAt(t)
	for !trading || t.Before(day.Close) {
		day, trading = DayAt(day.Open.AddDate(0, 0, -1))
	}
	return day.Close
}

// NextOpen returns the first opening of the regular session after t.
func NextOpen(t time.Time) time.Time {
	if day, trading := DayAt(t); trading && t.Before(day.Open) {
		return day.Open
	}
	return NextDay(t).Open
}

// NextClose returns the first close of the regular session after t.
func NextClose(t time.Time) time.Time {
	if day, trading := DayAt(t); trading && t.Before(day.Close) {
		return day.Close
	}
	return NextDay(t).Close
}

// Settles returns the day on which a day's trades settle: the next trading day.
func Settles(at time.Time) time.Time { return Midnight(NextDay(at).Open) }

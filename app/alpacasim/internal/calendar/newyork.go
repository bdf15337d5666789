package calendar

import (
	"time"
	_ "time/tzdata" // New York's time zone, where the machine has none
)

// NewYork is the market's time zone.
var NewYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // time/tzdata holds it
	}
	return zone
}()

// Date returns a day's midnight in New York.
func Date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, NewYork)
}

// Midnight returns the beginning of the day that contains t.
func Midnight(t time.Time) time.Time { return Date(t.In(NewYork).Date()) }

// SameDay reports whether two times are of one day.
func SameDay(a, b time.Time) bool {
	ay, am, ad := a.In(NewYork).Date()
	by, bm, bd := b.In(NewYork).Date()
	return ay == by && am == bm && ad == bd
}

// Within reports whether t is on a trading day, and its time of day in [from,
// to), to the minute.
func Within(t time.Time, from, to time.Duration) bool {
	t = t.In(NewYork)
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return isTradingDay(t.Date()) && clock >= from && clock < to
}

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earlier returns the earlier of two times.
func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

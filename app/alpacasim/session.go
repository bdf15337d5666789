package alpacasim

import "time"

var newYork, _ = time.LoadLocation("America/New_York")

type session struct{ preOpen, open, close, postClose time.Time }

func sessionOf(day time.Time) (session, bool) {
	d := midnight(day, newYork)
	if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		return session{}, false
	}
	at := func(h, m int) time.Time { return time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, newYork) }
	return session{at(4, 0), at(9, 30), at(16, 0), at(20, 0)}, true
}

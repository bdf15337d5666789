package calendar

import "time"

// Session is a part of the market's day.
type Session string

// The sessions of US equities. The overnight session belongs to the trading day
// that follows it.
const (
	Overnight  Session = "overnight" // 20:00 to 04:00, before a trading day
	PreMarket  Session = "pre"       // 04:00 to 09:30
	Regular    Session = "regular"   // 09:30 to 16:00, or 13:00 on half days
	PostMarket Session = "post"      // four hours from then on
	Closed     Session = "closed"
)

// SessionAt returns the session that contains t.
func SessionAt(t time.Time) Session {
	day, trading := DayAt(t)
	switch {
	case trading && t.Before(day.PreMarket):
		return Overnight
	case trading && t.Before(day.Open):
		return PreMarket
	case trading && t.Before(day.Close):
		return Regular
	case trading && t.Before(day.End):
		return PostMarket
	}
	if next, trading := DayAt(day.Open.AddDate(0, 0, 1)); trading && !t.Before(next.Overnight) {
		return Overnight
	}
	return Closed
}

// PhaseAt returns the phase of the trading day in the newer clock's terms,
// which have no night session, and when it ends.
func PhaseAt(t time.Time) (name string, until time.Time) {
	day, trading := DayAt(t)
	switch {
	case !trading || !t.Before(day.End):
		return "closed", NextDay(t).PreMarket
	case t.Before(day.PreMarket):
		return "closed", day.PreMarket
	case t.Before(day.Open):
		return "pre", day.Open
	case t.Before(day.Close):
		return "core", day.Close
	}
	return "post", day.End
}

package alpacasim

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// getClock says whether shares trade now. In a market that never closes the
// next opening and closing are a day away, always.
func (s *Sim) getClock(w http.ResponseWriter, _ *http.Request, _ *account) {
	now := s.now().In(newYork)
	if s.config.AlwaysOpen {
		answer(w, 200, map[string]any{"timestamp": now, "is_open": true, "next_open": now.AddDate(0, 0, 1), "next_close": now.AddDate(0, 0, 1)})
		return
	}
	open, closes := nextSession(now)
	answer(w, 200, map[string]any{"timestamp": now, "is_open": isCore(now), "next_open": open, "next_close": closes})
}

func isCore(t time.Time) bool {
	session, ok := sessionOf(t)
	return ok && !t.Before(session.open) && t.Before(session.close)
}

// nextSession is when the market opens next after a time, and closes next.
func nextSession(t time.Time) (open, closes time.Time) {
	for day := midnight(t, newYork); open.IsZero() || closes.IsZero(); day = day.AddDate(0, 0, 1) {
		session, ok := sessionOf(day)
		if ok && open.IsZero() && session.open.After(t) {
			open = session.open
		}
		if ok && closes.IsZero() && session.close.After(t) {
			closes = session.close
		}
	}
	return open, closes
}

// markets are those whose days are the New York Stock Exchange's.
var markets = map[string]map[string]string{
	"NYSE":   {"acronym": "NYSE", "name": "New York Stock Exchange", "timezone": "America/New_York", "mic": "XNYS"},
	"NASDAQ": {"acronym": "NASDAQ", "name": "Nasdaq", "timezone": "America/New_York", "mic": "XNAS"},
	"XNYS":   {"acronym": "NYSE", "name": "New York Stock Exchange", "timezone": "America/New_York", "mic": "XNYS"},
	"XNAS":   {"acronym": "NASDAQ", "name": "Nasdaq", "timezone": "America/New_York", "mic": "XNAS"},
}

// getClocks says which phase each market is in, now or at a time.
func (s *Sim) getClocks(w http.ResponseWriter, r *http.Request, _ *account) {
	now := s.now().In(newYork)
	if text := r.URL.Query().Get("time"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			wrong(w, http.StatusBadRequest, fmt.Errorf("invalid time: %s", text))
			return
		}
		now = t.In(newYork)
	}
	names := list(r.URL.Query().Get("markets"))
	if len(names) == 0 {
		names = []string{"NYSE", "NASDAQ"}
	}
	clocks := []map[string]any{}
	for _, name := range names {
		market := markets[name]
		if market == nil {
			wrong(w, http.StatusBadRequest, fmt.Errorf("the market %s is not simulated: NYSE and NASDAQ are", name))
			return
		}
		open, closes := nextSession(now)
		phase, until := s.phase(now)
		_, trades := sessionOf(now)
		clocks = append(clocks, map[string]any{
			"market": market, "timestamp": now, "is_market_day": trades || s.config.AlwaysOpen, "next_market_open": open, "next_market_close": closes,
			"phase": phase, "phase_until": until,
		})
	}
	answer(w, 200, map[string]any{"clocks": clocks})
}

// phase names the part of the trading day, and says when it ends.
func (s *Sim) phase(t time.Time) (name string, until time.Time) {
	if s.config.AlwaysOpen {
		return "core", midnight(t, newYork).AddDate(0, 0, 1)
	}
	for day := midnight(t, newYork); ; day = day.AddDate(0, 0, 1) {
		session, ok := sessionOf(day)
		switch {
		case !ok || !t.Before(session.postClose):
		case t.Before(session.preOpen):
			return "closed", session.preOpen
		case t.Before(session.open):
			return "pre", session.open
		case t.Before(session.close):
			return "core", session.close
		default:
			return "post", session.postClose
		}
	}
}

// calendarSpan reads the first and the last day of a calendar: by default all
// from 1970 to 2029, as Alpaca's has them, or the days around today.
func calendarSpan(r *http.Request, first, last time.Time) (time.Time, time.Time, error) {
	q := r.URL.Query()
	for name, into := range map[string]*time.Time{"start": &first, "end": &last} {
		if text := q.Get(name); text != "" {
			t, err := parseTime(text)
			if err != nil {
				return first, last, fmt.Errorf("invalid %s: %s", name, text)
			}
			*into = midnight(t, newYork)
		}
	}
	if first.After(last) {
		return first, last, errors.New("start must not be after end")
	}
	return first, last, nil
}

// getCalendar lists the days on which shares trade; half days close early.
func (s *Sim) getCalendar(w http.ResponseWriter, r *http.Request, _ *account) {
	first, last, err := calendarSpan(r, day(1970, 1, 1), day(2029, 12, 31))
	if err == nil {
		err = oneOf(r, "date_type", "TRADING", "SETTLEMENT")
	}
	if err != nil {
		answerRefusal(w, refuse(400, 40010000, "%s", err))
		return
	}
	settlement := r.URL.Query().Get("date_type") == "SETTLEMENT"
	from, until := first, last
	if settlement {
		from = first.AddDate(0, 0, -7)
	}
	days := []map[string]any{}
	for at := from; !at.After(until); at = at.AddDate(0, 0, 1) {
		session, ok := sessionOf(at)
		if !ok || settlement && (settles(at).Before(first) || settles(at).After(last)) {
			continue
		}
		local := func(t time.Time, layout string) string { return t.In(newYork).Format(layout) }
		days = append(days, map[string]any{
			"date": at.Format(time.DateOnly), "open": local(session.open, "15:04"), "close": local(session.close, "15:04"),
			"session_open": local(session.preOpen, "1504"), "session_close": local(session.postClose, "1504"),
			"settlement_date": settles(at).Format(time.DateOnly),
		})
	}
	answer(w, 200, days)
}

// day is a day's midnight in New York.
func day(year int, month time.Month, number int) time.Time {
	return time.Date(year, month, number, 0, 0, 0, 0, newYork)
}

// settles is the day on which a day's trades settle: the next of trading.
func settles(at time.Time) time.Time {
	for {
		at = at.AddDate(0, 0, 1)
		if _, ok := sessionOf(at); ok {
			return at
		}
	}
}

// getMarketCalendar is the calendar in its newer form.
func (s *Sim) getMarketCalendar(w http.ResponseWriter, r *http.Request, _ *account) {
	market := markets[r.PathValue("market")]
	if market == nil {
		wrong(w, http.StatusBadRequest, fmt.Errorf("the market %s is not simulated: NYSE and NASDAQ are", r.PathValue("market")))
		return
	}
	today := midnight(s.now(), newYork)
	first, last, err := calendarSpan(r, today, today.AddDate(0, 0, 7))
	if err == nil {
		err = oneOf(r, "timezone", "UTC")
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	zone := newYork
	if r.URL.Query().Get("timezone") == "UTC" {
		zone = time.UTC
	}
	days := []map[string]any{}
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		if session, ok := sessionOf(at); ok {
			days = append(days, map[string]any{
				"date": at.Format(time.DateOnly), "settlement_date": settles(at).Format(time.DateOnly),
				"pre_start": session.preOpen.In(zone), "pre_end": session.open.In(zone), "core_start": session.open.In(zone), "core_end": session.close.In(zone),
				"post_start": session.close.In(zone), "post_end": session.postClose.In(zone),
			})
		}
	}
	answer(w, 200, map[string]any{"market": market, "calendar": days})
}

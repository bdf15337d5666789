package alpacasim

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// getClock serves whether shares trade now. In a market that never closes, the
// next opening and close are always a day away.
func (s *Sim) getClock(w http.ResponseWriter, _ *http.Request, _ *account) {
	now, hours := s.present()
	now = now.In(calendar.NewYork)
	if !hours {
		answer(w, 200, map[string]any{"timestamp": now, "is_open": true, "next_open": now.AddDate(0, 0, 1), "next_close": now.AddDate(0, 0, 1)})
		return
	}
	answer(w, 200, map[string]any{"timestamp": now, "is_open": calendar.SessionAt(now) == calendar.Regular, "next_open": calendar.NextOpen(now), "next_close": calendar.NextClose(now)})
}

// markets are those with the trading days of the New York Stock Exchange.
var markets = map[string]map[string]string{
	"NYSE":   {"acronym": "NYSE", "name": "New York Stock Exchange", "timezone": "America/New_York", "mic": "XNYS"},
	"NASDAQ": {"acronym": "NASDAQ", "name": "Nasdaq", "timezone": "America/New_York", "mic": "XNAS"},
	"XNYS":   {"acronym": "NYSE", "name": "New York Stock Exchange", "timezone": "America/New_York", "mic": "XNYS"},
	"XNAS":   {"acronym": "NASDAQ", "name": "Nasdaq", "timezone": "America/New_York", "mic": "XNAS"},
}

// getClocks serves the phase of each market, now or at a time.
func (s *Sim) getClocks(w http.ResponseWriter, r *http.Request, _ *account) {
	now, hours := s.present()
	now = now.In(calendar.NewYork)
	if text := r.URL.Query().Get("time"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			wrong(w, http.StatusBadRequest, fmt.Errorf("invalid time: %s", text))
			return
		}
		now = t.In(calendar.NewYork)
	}
	names := listed(r.URL.Query().Get("markets"))
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
		phase, until := calendar.PhaseAt(now)
		_, trades := calendar.DayAt(now)
		if !hours {
			phase, until, trades = "core", now.AddDate(0, 0, 1), true
		}
		clocks = append(clocks, map[string]any{
			"market": market, "timestamp": now, "is_market_day": trades, "next_market_open": calendar.NextOpen(now), "next_market_close": calendar.NextClose(now),
			"phase": phase, "phase_until": until,
		})
	}
	answer(w, 200, map[string]any{"clocks": clocks})
}

// calendarSpan parses the first and the last day of a calendar: by default 1970
// to 2029, as Alpaca has them, or the days around today.
func calendarSpan(r *http.Request, first, last time.Time) (time.Time, time.Time, error) {
	q := r.URL.Query()
	for name, into := range map[string]*time.Time{"start": &first, "end": &last} {
		if text := q.Get(name); text != "" {
			t, err := parseTime(text)
			if err != nil {
				return first, last, fmt.Errorf("invalid %s: %s", name, text)
			}
			*into = calendar.Midnight(t)
		}
	}
	if first.After(last) {
		return first, last, errors.New("start must not be after end")
	}
	return first, last, nil
}

// getCalendar serves the trading days; half days close early.
func (s *Sim) getCalendar(w http.ResponseWriter, r *http.Request, _ *account) {
	first, last, err := calendarSpan(r, calendar.Date(1970, 1, 1), calendar.Date(2029, 12, 31))
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
		hours, ok := calendar.DayAt(at)
		if !ok || settlement && (calendar.Settles(at).Before(first) || calendar.Settles(at).After(last)) {
			continue
		}
		local := func(t time.Time, layout string) string { return t.In(calendar.NewYork).Format(layout) }
		days = append(days, map[string]any{
			"date": at.Format(time.DateOnly), "open": local(hours.Open, "15:04"), "close": local(hours.Close, "15:04"),
			"session_open": local(hours.PreMarket, "1504"), "session_close": local(hours.End, "1504"),
			"settlement_date": calendar.Settles(at).Format(time.DateOnly),
		})
	}
	answer(w, 200, days)
}

// getMarketCalendar serves the calendar in its newer form.
func (s *Sim) getMarketCalendar(w http.ResponseWriter, r *http.Request, _ *account) {
	market := markets[r.PathValue("market")]
	if market == nil {
		wrong(w, http.StatusBadRequest, fmt.Errorf("the market %s is not simulated: NYSE and NASDAQ are", r.PathValue("market")))
		return
	}
	now, _ := s.present()
	today := calendar.Midnight(now)
	first, last, err := calendarSpan(r, today, today.AddDate(0, 0, 7))
	if err == nil {
		err = oneOf(r, "timezone", "UTC")
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	zone := calendar.NewYork
	if r.URL.Query().Get("timezone") == "UTC" {
		zone = time.UTC
	}
	days := []map[string]any{}
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		if hours, ok := calendar.DayAt(at); ok {
			days = append(days, map[string]any{
				"date": at.Format(time.DateOnly), "settlement_date": calendar.Settles(at).Format(time.DateOnly),
				"pre_start": hours.PreMarket.In(zone), "pre_end": hours.Open.In(zone), "core_start": hours.Open.In(zone), "core_end": hours.Close.In(zone),
				"post_start": hours.Close.In(zone), "post_end": hours.End.In(zone),
			})
		}
	}
	answer(w, 200, map[string]any{"market": market, "calendar": days})
}

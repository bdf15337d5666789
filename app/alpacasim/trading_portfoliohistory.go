package alpacasim

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// historyQuery is a query for an account's past.
type historyQuery struct {
	step       time.Duration // a day, or less
	name       string        // of the step
	start, end time.Time
	reporting  string
	noReset    bool
}

var (
	periodText = regexp.MustCompile(`^(\d{1,4})([DWMA])$`)
	steps      = map[string]time.Duration{"1Min": time.Minute, "5Min": 5 * time.Minute, "15Min": 15 * time.Minute, "1H": time.Hour, "1D": 24 * time.Hour}

	// reportingHours are the hours in which points of less than a day lie, by
	// the query's intraday_reporting.
	reportingHours = map[string]calendar.Hours{"market_hours": calendar.RegularHours, "extended_hours": calendar.ExtendedHours, "continuous": calendar.AllHours}
)

// parseHistory parses the query by Alpaca's documentation.
func (s *Sim) parseHistory(q url.Values) (historyQuery, error) {
	now, _ := s.present()
	h := historyQuery{end: now, name: q.Get("timeframe"), reporting: q.Get("intraday_reporting"), noReset: q.Get("pnl_reset") == "no_reset"}
	if q.Get("start") != "" && q.Get("end") != "" && q.Get("period") != "" {
		return h, fmt.Errorf("only two of start, end and period can be specified")
	}
	var err error
	for name, into := range map[string]*time.Time{"start": &h.start, "end": &h.end} {
		if text := q.Get(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return h, fmt.Errorf("invalid %s: it must be a time in RFC 3339", name)
			}
		}
	}
	if text := q.Get("date_end"); text != "" { // the Go SDK's, of an earlier version
		day, err := time.ParseInLocation(time.DateOnly, text, calendar.NewYork)
		if err != nil {
			return h, fmt.Errorf("invalid date_end: it must be YYYY-MM-DD")
		}
		h.end = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	h.end = calendar.Earlier(h.end, now)
	if h.start.IsZero() {
		if h.start, err = s.before(h.end, q.Get("period")); err != nil {
			return h, err
		}
	}
	if h.start.After(h.end) {
		return h, fmt.Errorf("start must not be after end")
	}
	span := h.end.Sub(h.start)
	if h.name == "" {
		h.name = "1D"
		if span < 7*24*time.Hour {
			h.name = "1Min"
		} else if span < 30*24*time.Hour {
			h.name = "15Min"
		}
	}
	if h.step = steps[h.name]; h.step == 0 {
		return h, fmt.Errorf("invalid timeframe: it must be 1Min, 5Min, 15Min, 1H or 1D")
	}
	if h.name != "1D" && span > 32*24*time.Hour {
		return h, fmt.Errorf("more than 30 days take the timeframe 1D alone")
	}
	if h.reporting == "" {
		h.reporting = "market_hours"
		if q.Get("extended_hours") == "true" {
			h.reporting = "extended_hours"
		}
	}
	if _, known := reportingHours[h.reporting]; !known {
		return h, fmt.Errorf("invalid intraday_reporting: %s", h.reporting)
	}
	if reset := q.Get("pnl_reset"); reset != "" && reset != "per_day" && reset != "no_reset" {
		return h, fmt.Errorf("invalid pnl_reset: %s", reset)
	}
	return h, nil
}

// before returns the start of a period, such as 2W, that ends at a time. Days
// are trading days.
func (s *Sim) before(end time.Time, period string) (time.Time, error) {
	if period == "" {
		period = "1M"
	}
	found := periodText.FindStringSubmatch(period)
	if found == nil {
		return time.Time{}, fmt.Errorf("invalid period: it must be a number and D, W, M or A")
	}
	n, _ := strconv.Atoi(found[1]) // the pattern allows digits only
	switch found[2] {
	case "W":
		return end.AddDate(0, 0, -7*n), nil
	case "M":
		return end.AddDate(0, -n, 0), nil
	case "A":
		return end.AddDate(-n, 0, 0), nil
	}
	start := calendar.Midnight(end)
	for part := range s.hours(calendar.ExtendedHours).Periods(end.AddDate(0, 0, -2*n-14), end, true) {
		if start = calendar.Midnight(part.From); n <= 1 {
			break
		}
		n--
	}
	return start, nil
}

// grid returns the times of a history's points, and the trading day of each.
func (s *Sim) grid(h historyQuery) (times, days []time.Time) {
	if h.name == "1D" {
		for part := range s.hours(calendar.ExtendedHours).Periods(h.start, h.end, false) {
			if day := calendar.Midnight(part.From); !part.From.After(h.end) {
				evening := time.Date(day.Year(), day.Month(), day.Day(), 20, 0, 0, 0, calendar.NewYork)
				times, days = append(times, calendar.Earlier(evening, h.end)), append(days, day)
			}
		}
		return times, days
	}
	for part := range s.hours(reportingHours[h.reporting]).Periods(h.start, h.end, false) {
		for t := part.From; !t.After(part.To) && !t.After(h.end); t = t.Add(h.step) {
			if n := len(times); !t.Before(h.start) && (n == 0 || t.After(times[n-1])) {
				times, days = append(times, t), append(days, calendar.Midnight(part.From))
			}
		}
	}
	return times, days
}

// getHistory serves an account's worth over time, with the profit since the day
// before, as in Alpaca's own examples.
func (s *Sim) getHistory(w http.ResponseWriter, r *http.Request, a *account) {
	h, err := s.parseHistory(r.URL.Query())
	if err != nil {
		answerRefusal(w, refuse(422, 42210000, "%s", err))
		return
	}
	times, days := s.grid(h)
	s.locked(w, func() (any, *refusal) {
		stamps, equity, profit, share := []int64{}, []any{}, []any{}, []any{}
		first := h.start
		if len(days) > 0 {
			first = days[0]
		}
		base := a.Equity.at(first.Add(-time.Nanosecond), a.Opening)
		from := base
		for i, t := range times {
			worth := a.Equity.at(t, a.Opening)
			if i == len(times)-1 && s.now().Sub(t) < h.step {
				worth = s.reckon(a).equity
			}
			if i > 0 && !days[i].Equal(days[i-1]) && (h.name == "1D" || !h.noReset) {
				from = a.Equity.at(times[i-1], a.Opening)
			}
			gain, part := worth.Sub(from), decimal.Zero
			if from.IsPositive() {
				part = gain.Div(from).Round(4)
			}
			stamps = append(stamps, t.Unix())
			equity, profit, share = append(equity, number(worth.Round(2))), append(profit, number(gain.Round(2))), append(share, number(part))
		}
		text := map[string]any{
			"timestamp": stamps, "equity": equity, "profit_loss": profit, "profit_loss_pct": share,
			"base_value": number(base.Round(2)), "base_value_asof": first.In(calendar.NewYork).AddDate(0, 0, -1).Format(time.DateOnly), "timeframe": h.name,
		}
		if r.URL.Query().Get("cashflow_types") != "" {
			text["cashflow"] = map[string]any{}
		}
		return text, nil
	})
}

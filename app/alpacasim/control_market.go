package alpacasim

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// controlPrice takes ?symbol=AAPL&price=190.
func (s *Sim) controlPrice(q url.Values) string {
	to, err := decimal.NewFromString(q.Get("price"))
	if err != nil || !sensible(to) || !to.IsPositive() || !s.SetPrice(q.Get("symbol"), to) {
		return "give a symbol and a price above 0"
	}
	return ""
}

// controlClock takes ?at=2026-06-01T13:30:00Z or ?offset=2h, counted from the
// clock's own time, and &always_open=false for a market with New York's hours.
func (s *Sim) controlClock(q url.Values) string {
	if text := q.Get("at"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return "at must be a time as in 2026-06-01T13:30:00Z"
		}
		s.SetClock(at)
	}
	if text := q.Get("offset"); text != "" {
		offset, err := time.ParseDuration(text)
		if err != nil {
			return "offset must be a duration as in 2h or -30m"
		}
		s.SetClock(s.config.Clock().Add(offset))
	}
	if text := q.Get("always_open"); text != "" {
		open, err := strconv.ParseBool(text)
		if err != nil {
			return "always_open must be true or false"
		}
		s.SetAlwaysOpen(open)
	}
	return ""
}

// controlSkew takes ?seconds=-90: how far the simulator's clock, and with it
// the Date and the times of its responses, is ahead of the machine's.
func (s *Sim) controlSkew(q url.Values) string {
	seconds, err := strconv.ParseFloat(q.Get("seconds"), 64)
	if err != nil || !(math.Abs(seconds) <= 1e6) {
		return "seconds must be a number, below 0 for a clock that is behind"
	}
	s.SetClock(s.config.Clock().Add(time.Duration(seconds * float64(time.Second))))
	return ""
}

// controlStep takes ?n=1, how often to move the market now.
func (s *Sim) controlStep(q url.Values) string {
	n, err := strconv.Atoi(q.Get("n"))
	if q.Get("n") == "" {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > 10_000 {
		return "n must be between 1 and 10000"
	}
	for range n {
		s.Step()
	}
	return ""
}

// controlFillPlan takes ?symbol=AAPL&parts=3, or 0 for none.
func (s *Sim) controlFillPlan(q url.Values) string {
	parts, err := strconv.Atoi(q.Get("parts"))
	if err != nil || parts < 0 || parts > 1000 || q.Get("symbol") == "" {
		return "give a symbol and parts between 0 and 1000"
	}
	s.SetFillPlan(q.Get("symbol"), parts)
	return ""
}

// controlFees takes ?on=true, and &shape=plain, alpaca, dated or daily.
func (s *Sim) controlFees(q url.Values) string {
	shape := FeeShape(q.Get("shape"))
	if shape == "plain" {
		shape = FeesPlain
	}
	if !slices.Contains([]FeeShape{FeesPlain, FeesAlpaca, FeesDated, FeesDaily}, shape) {
		return "shape must be plain, alpaca, dated or daily"
	}
	return onOff(q, func(on bool) { s.SetCryptoFeesAs(on, shape) })
}
